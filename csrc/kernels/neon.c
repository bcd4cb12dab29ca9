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

const ox_kernels ox_kernels_neon = {"neon", eol_masks};
#else
typedef int ox_no_neon_on_this_target; /* ISO C forbids an empty translation unit */
#endif
