#include "../rows.h"

#if OX_ROW_NEON
#include <arm_neon.h>
#include <string.h>

static inline uint8x16_t hits16(const char *p)
{
    uint8x16_t x = vld1q_u8((const uint8_t *)p);
    return vorrq_u8(vceqq_u8(x, vdupq_n_u8('\n')), vceqq_u8(x, vdupq_n_u8('\r')));
}

/* NEON has no movemask: keep bit k % 8 of lane k, then three rounds of pairwise addition leave eight lanes, each the
 * sum (no two share a bit) of eight neighbours. */
static inline uint64_t mask64(const char *p)
{
    static const uint8_t bits[16] = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
    uint8x16_t bit = vld1q_u8(bits);
    uint8x16_t a = vandq_u8(hits16(p), bit), b = vandq_u8(hits16(p + 16), bit);
    uint8x16_t c = vandq_u8(hits16(p + 32), bit), d = vandq_u8(hits16(p + 48), bit);
    uint8x16_t sum = vpaddq_u8(vpaddq_u8(a, b), vpaddq_u8(c, d));
    return vgetq_lane_u64(vreinterpretq_u64_u8(vpaddq_u8(sum, sum)), 0);
}

static void eol_masks(const char *p, size_t n, uint64_t *out)
{
    for (; n >= 64; n -= 64, p += 64)
        *out++ = mask64(p);
    if (n) {
        char block[64] = {0};
        memcpy(block, p, n);
        *out = mask64(block);
    }
}

const ox_kernels ox_kernels_neon = {"neon", eol_masks};
#else
typedef int ox_no_neon_on_this_target; /* ISO C forbids an empty translation unit */
#endif
