#include "../rows.h"

#if OX_ROW_AVX2
#include <immintrin.h>

/* A shuffle looks up each byte's low half in this table (bytes from 0x80 on give 0), and what it finds
 * equals the byte only for LF and CR: entry 0 may not be 0, or NUL would match; the others may be, since
 * no byte with their low half is NUL. One operation less than two compares and an OR. */
#define ROW 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, '\n', 0, 0, '\r', 0, 0
static const uint8_t line_ends[32] = {ROW, ROW};

static inline uint64_t mask32(__m256i table, const char *p)
{
    __m256i x = _mm256_loadu_si256((const __m256i *)(const void *)p);
    return (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_shuffle_epi8(table, x), x));
}

static void eol_masks(const char *p, size_t blocks, uint64_t *out)
{
    __m256i table = _mm256_loadu_si256((const __m256i *)(const void *)line_ends);
    for (const char *end = p + 64 * blocks; p != end; p += 64)
        *out++ = mask32(table, p) | mask32(table, p + 32) << 32;
}

const ox_kernels ox_kernels_avx2 = {"avx2", eol_masks};
#else
typedef int ox_no_avx2_on_this_target; /* ISO C forbids an empty translation unit */
#endif
