#include <string.h>

#include "../rows.h"

/* Eight bytes at a time. A byte of x ^ pattern is zero where x equals the pattern; adding 0x7f to its low
 * seven bits carries into bit 7 for every other value, and no carry leaves a byte, so the result is exact
 * in every byte (the shorter "haszero" formula is only exact in the lowest). */
#define LOW7 UINT64_C(0x7f7f7f7f7f7f7f7f)
#define EVERY(byte) (UINT64_C(0x0101010101010101) * (byte))

static uint64_t zero_bytes(uint64_t x) { return ~(((x & LOW7) + LOW7) | x | LOW7); }

static uint64_t load_le(const char *p)
{
    uint64_t x;
    memcpy(&x, p, sizeof x);
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    x = __builtin_bswap64(x);
#endif
    return x;
}

static uint64_t mask8(const char *p)
{
    uint64_t x = load_le(p);
    uint64_t hits = (zero_bytes(x ^ EVERY('\n')) | zero_bytes(x ^ EVERY('\r'))) >> 7;
    return (hits * UINT64_C(0x0102040810204080)) >> 56; /* gathers bit 0 of byte k into bit k */
}

static void eol_masks(const char *p, size_t blocks, uint64_t *out)
{
    for (; blocks; blocks--, p += 64) {
        uint64_t mask = 0;
        for (unsigned k = 0; k < 64; k += 8)
            mask |= mask8(p + k) << k;
        *out++ = mask;
    }
}

/* Value of each character, BAD for those that stand for none. */
#define BAD 0x80
static const uint8_t values[256] = {
#define B16 BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD
    B16, B16,
    BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, BAD, 62, BAD, BAD, BAD, 63,
    52, 53, 54, 55, 56, 57, 58, 59, 60, 61, BAD, BAD, BAD, BAD, BAD, BAD,
    BAD, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
    15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, BAD, BAD, BAD, BAD, BAD,
    BAD, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
    41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, BAD, BAD, BAD, BAD, BAD,
    B16, B16, B16, B16, B16, B16, B16, B16,
};

static size_t base64(const char *p, size_t n, unsigned char *out)
{
    size_t i = 0;
    for (; n - i >= 4; i += 4, out += 3) {
        uint32_t a = values[(uint8_t)p[i]], b = values[(uint8_t)p[i + 1]];
        uint32_t c = values[(uint8_t)p[i + 2]], d = values[(uint8_t)p[i + 3]];
        if ((a | b | c | d) & BAD)
            break;
        uint32_t bits = a << 18 | b << 12 | c << 6 | d;
        out[0] = (unsigned char)(bits >> 16);
        out[1] = (unsigned char)(bits >> 8);
        out[2] = (unsigned char)bits;
    }
    return i;
}

const ox_kernels ox_kernels_scalar = {"scalar", eol_masks, base64};
