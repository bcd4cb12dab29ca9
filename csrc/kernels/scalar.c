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

const ox_kernels ox_kernels_scalar = {"scalar", eol_masks};
