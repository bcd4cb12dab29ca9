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

/* Each half of a character looks up the set of classes it may belong to; a character is none of the 64
 * where the two sets have a class in common, for the sets name what is *not* possible. Bit 0: '+' and '/'
 * (row 2), bit 1: digits, bit 2: letters that begin an alphabet, bit 3: those that end one, bit 4: rows
 * without any. The mask 0x2f keeps the low half and, of a byte from 0x80 on, nothing a shuffle would zero. */
#define NOT_LOW 0x15, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x13, 0x1a, 0x1b, 0x1b, 0x1b, 0x1a
#define NOT_HIGH 0x10, 0x10, 1, 2, 4, 8, 4, 8, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10
/* What to add to get the value, by row; '/' shares row 2 with '+' and takes entry 1. */
#define ADD 0, 16, 19, 4, -65, -65, -71, -71, 0, 0, 0, 0, 0, 0, 0, 0
#define ORDER 2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1
static const int8_t not_low[32] = {NOT_LOW, NOT_LOW}, not_high[32] = {NOT_HIGH, NOT_HIGH};
static const int8_t add[32] = {ADD, ADD}, order[32] = {ORDER, ORDER};

static inline __m256i table(const int8_t *bytes) { return _mm256_loadu_si256((const __m256i *)(const void *)bytes); }

static size_t base64(const char *p, size_t n, unsigned char *out)
{
    const __m256i low = table(not_low), high = table(not_high), plus = table(add), back = table(order);
    const __m256i half = _mm256_set1_epi8(0x2f), join = _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 7, 7);
    size_t i = 0;
    /* 32 characters give 24 bytes, stored as 32: the room of 11 more characters covers the rest. */
    for (; n - i >= 44; i += 32, out += 24) {
        __m256i x = _mm256_loadu_si256((const __m256i *)(const void *)(p + i));
        __m256i row = _mm256_and_si256(_mm256_srli_epi32(x, 4), half);
        __m256i bad = _mm256_and_si256(_mm256_shuffle_epi8(low, _mm256_and_si256(x, half)),
            _mm256_shuffle_epi8(high, row));
        if (!_mm256_testz_si256(bad, bad))
            break;
        /* '/' is 0x2f: the compare gives -1 there. */
        row = _mm256_add_epi8(row, _mm256_cmpeq_epi8(x, half));
        x = _mm256_add_epi8(x, _mm256_shuffle_epi8(plus, row));
        /* 6 + 6 bits, 12 + 12 bits, then the three bytes of each four in their order. */
        x = _mm256_maddubs_epi16(x, _mm256_set1_epi32(0x01400140));
        x = _mm256_madd_epi16(x, _mm256_set1_epi32(0x00011000));
        x = _mm256_permutevar8x32_epi32(_mm256_shuffle_epi8(x, back), join);
        _mm256_storeu_si256((__m256i *)(void *)out, x);
    }
    return i;
}

const ox_kernels ox_kernels_avx2 = {"avx2", eol_masks, base64};
#else
typedef int ox_no_avx2_on_this_target; /* ISO C forbids an empty translation unit */
#endif
