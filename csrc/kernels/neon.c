#include "../rows.h"

#if OX_ROW_NEON
#include <arm_neon.h>

static inline uint8x16_t hits16(uint8x16_t table, const char *p)
{
    return vqtbl1q_u8(table, vld1q_u8((const uint8_t *)p)); /* an index past the table gives 0 */
}

/* NEON has no movemask: keep bit k % 8 of lane k, then three rounds of pairwise addition leave eight
 * lanes, each the sum (no two share a bit) of eight neighbours. */
static void eol_masks(const char *p, size_t blocks, uint64_t *out)
{
    static const uint8_t line_ends[16] = {['\n'] = 0xff, ['\r'] = 0xff};
    static const uint8_t bits[16] = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
    uint8x16_t table = vld1q_u8(line_ends), bit = vld1q_u8(bits);
    for (; blocks; blocks--, p += 64) {
        uint8x16_t a = vandq_u8(hits16(table, p), bit), b = vandq_u8(hits16(table, p + 16), bit);
        uint8x16_t c = vandq_u8(hits16(table, p + 32), bit), d = vandq_u8(hits16(table, p + 48), bit);
        uint8x16_t sum = vpaddq_u8(vpaddq_u8(a, b), vpaddq_u8(c, d));
        *out++ = vgetq_lane_u64(vreinterpretq_u64_u8(vpaddq_u8(sum, sum)), 0);
    }
}

/* Value of each character from 0 to 127, 0xff for those that stand for none. */
#define NO 0xff
static const uint8_t values[128] = {
#define NO16 NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO
    NO16, NO16,
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, 62, NO, NO, NO, 63,
    52, 53, 54, 55, 56, 57, 58, 59, 60, 61, NO, NO, NO, NO, NO, NO,
    NO, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
    15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, NO, NO, NO, NO, NO,
    NO, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
    41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, NO, NO, NO, NO, NO,
};

static inline uint8x16x4_t quarter(const uint8_t *p)
{
    uint8x16x4_t t = {{vld1q_u8(p), vld1q_u8(p + 16), vld1q_u8(p + 32), vld1q_u8(p + 48)}};
    return t;
}

/* An index past a table gives 0, so each half of the alphabet looks up its own and the two are joined; a
 * byte from 0x80 on finds nothing in either and keeps its top bit as the sign of it. */
static inline uint8x16_t value16(uint8x16x4_t first, uint8x16x4_t second, uint8x16_t x)
{
    uint8x16_t v = vorrq_u8(vqtbl4q_u8(first, x), vqtbl4q_u8(second, vsubq_u8(x, vdupq_n_u8(64))));
    return vorrq_u8(v, vandq_u8(x, vdupq_n_u8(0x80)));
}

static size_t base64(const char *p, size_t n, unsigned char *out)
{
    uint8x16x4_t first = quarter(values), second = quarter(values + 64);
    size_t i = 0;
    for (; n - i >= 64; i += 64, out += 48) {
        uint8x16x4_t x = vld4q_u8((const uint8_t *)p + i); /* every fourth character in a register */
        uint8x16_t a = value16(first, second, x.val[0]), b = value16(first, second, x.val[1]);
        uint8x16_t c = value16(first, second, x.val[2]), d = value16(first, second, x.val[3]);
        if (vmaxvq_u8(vorrq_u8(vorrq_u8(a, b), vorrq_u8(c, d))) > 63)
            break;
        uint8x16x3_t y = {{vorrq_u8(vshlq_n_u8(a, 2), vshrq_n_u8(b, 4)), vorrq_u8(vshlq_n_u8(b, 4), vshrq_n_u8(c, 2)),
            vorrq_u8(vshlq_n_u8(c, 6), d)}};
        vst3q_u8(out, y);
    }
    return i;
}

const ox_kernels ox_kernels_neon = {"neon", eol_masks, base64};
#else
typedef int ox_no_neon_on_this_target; /* ISO C forbids an empty translation unit */
#endif
