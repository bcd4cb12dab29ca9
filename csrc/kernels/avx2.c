#include "../rows.h"

#if OX_ROW_AVX2
#include <immintrin.h>
#include <string.h>

static inline uint64_t mask32(const char *p)
{
    __m256i x = _mm256_loadu_si256((const __m256i *)(const void *)p);
    __m256i lf = _mm256_cmpeq_epi8(x, _mm256_set1_epi8('\n'));
    __m256i cr = _mm256_cmpeq_epi8(x, _mm256_set1_epi8('\r'));
    return (uint32_t)_mm256_movemask_epi8(_mm256_or_si256(lf, cr));
}

/* The last n % 64 bytes, when the 32 bytes that end at end may be read: the last load overlaps what came before and
 * the bits it repeats are shifted out. */
static inline uint64_t mask_tail(const char *p, size_t n)
{
    if (n > 32)
        return mask32(p) | (mask32(p + n - 32) >> (64 - n) << 32);
    return mask32(p + n - 32) >> (32 - n);
}

static void eol_masks(const char *p, size_t n, uint64_t *out)
{
    if (n < 32) {
        char block[32] = {0};
        if (n) {
            memcpy(block, p, n);
            *out = mask32(block);
        }
        return;
    }
    for (; n >= 64; n -= 64, p += 64)
        *out++ = mask32(p) | mask32(p + 32) << 32;
    if (n)
        *out = mask_tail(p, n);
}

const ox_kernels ox_kernels_avx2 = {"avx2", eol_masks};
#else
typedef int ox_no_avx2_on_this_target; /* ISO C forbids an empty translation unit */
#endif
