// The insides of strings, for document.cpp: included once, inside its namespace, so that every row compiles its own.

#ifdef __AVX2__
// One load covers nearly every key and most strings; the bits behind their end are masked away. Keys and strings are
// followed by their quote and the padding, so 32 bytes can always be read.
simdjson_inline int classify(const char *p, size_t n) noexcept
{
    const __m256i backslash = _mm256_set1_epi8('\\');
    __m256i escapes = _mm256_setzero_si256(), highs = escapes;
    while (n > 32) {
        __m256i v = _mm256_loadu_si256(reinterpret_cast<const __m256i *>(p));
        escapes = _mm256_or_si256(escapes, _mm256_cmpeq_epi8(v, backslash));
        highs = _mm256_or_si256(highs, v);
        p += 32;
        n -= 32;
    }
    const uint64_t rest = (uint64_t{1} << n) - 1;
    __m256i v = _mm256_loadu_si256(reinterpret_cast<const __m256i *>(p));
    const uint64_t escaped = (static_cast<uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(v, backslash))) & rest) |
                             static_cast<uint32_t>(_mm256_movemask_epi8(escapes));
    const uint64_t high = (static_cast<uint32_t>(_mm256_movemask_epi8(v)) & rest) |
                          static_cast<uint32_t>(_mm256_movemask_epi8(highs));
    return (escaped ? OX_ESCAPED : 0) | (high ? OX_NON_ASCII : 0);
}
#else
constexpr uint64_t kOnes = 0x0101010101010101u, kHigh = 0x8080808080808080u;

simdjson_inline uint64_t load8(const char *p) noexcept
{
    uint64_t word;
    memcpy(&word, p, 8);
    return word;
}

// Non-zero where a byte of word is a backslash.
simdjson_inline uint64_t backslashes(uint64_t word) noexcept
{
    word ^= kOnes * '\\';
    return (word - kOnes) & ~word & kHigh;
}

// Most strings are shorter than a vector: these go by words of eight, the last one overlapping the one before. Keys and
// strings are followed by their quote and the padding, so eight bytes can always be read.
simdjson_inline int classify(const char *p, size_t n) noexcept
{
    uint64_t escaped = 0, high = 0;
    if (n < 8) {
        uint64_t mask = n ? ~uint64_t{0} >> (64 - 8 * n) : 0;
        uint64_t word = load8(p) & mask;
        escaped = backslashes(word);
        high = word & kHigh;
    } else if (n < 64) {
        for (size_t i = 0; i < n - 8; i += 8) {
            escaped |= backslashes(load8(p + i));
            high |= load8(p + i) & kHigh;
        }
        escaped |= backslashes(load8(p + n - 8));
        high |= load8(p + n - 8) & kHigh;
    } else {
        uint8_t escape = 0, top = 0;
        for (size_t i = 0; i < n; i++) { // becomes vector instructions
            top |= static_cast<uint8_t>(p[i]);
            escape |= static_cast<uint8_t>(p[i] == '\\');
        }
        escaped = escape;
        high = top & 0x80;
    }
    return (escaped ? OX_ESCAPED : 0) | (high ? OX_NON_ASCII : 0);
}
#endif

// Bit i is set where p[i] is a backslash, of the 64 bytes at p.
simdjson_inline uint64_t backslash_bits(const char *p) noexcept
{
#if SIMDJSON_IMPLEMENTATION_HASWELL || SIMDJSON_IMPLEMENTATION_ARM64
    return row::simd::simd8x64<uint8_t>(reinterpret_cast<const uint8_t *>(p)).eq('\\');
#elif defined(__SSE2__) // every x86-64 has it, the fallback row's included
    uint64_t bits = 0;
    for (unsigned i = 0; i < 64; i += 16) {
        const __m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i *>(p + i));
        const int found = _mm_movemask_epi8(_mm_cmpeq_epi8(v, _mm_set1_epi8('\\')));
        bits |= static_cast<uint64_t>(static_cast<uint32_t>(found)) << i;
    }
    return bits;
#else
    uint64_t bits = 0;
    for (unsigned i = 0; i < 64; i += 8) {
        // As in kernels/scalar.c: exact in every byte, which backslashes() is not.
        const uint64_t word = load8(p + i) ^ kOnes * '\\';
        const uint64_t hits = ~(((word & ~kHigh) + ~kHigh) | word | ~kHigh) >> 7;
        bits |= hits * 0x0102040810204080u >> 56 << i;
    }
    return bits;
#endif
}

simdjson_inline size_t lowest_bit(uint64_t bits) noexcept
{
#ifdef _MSC_VER
    unsigned long at;
    _BitScanForward64(&at, bits);
    return at;
#else
    return static_cast<size_t>(__builtin_ctzll(bits));
#endif
}

struct Meanings {
    char of[256]; // what a character means behind a backslash; 0 for u, and for what JSON does not have
    constexpr Meanings() noexcept : of{}
    {
        of['"'] = '"';
        of['\\'] = '\\';
        of['/'] = '/';
        of['b'] = '\b';
        of['f'] = '\f';
        of['n'] = '\n';
        of['r'] = '\r';
        of['t'] = '\t';
    }
};
constexpr Meanings meanings;

// Of runs of backslashes every second one, beginning with the first, opens an escape. Subtracting a run from the odd bits
// (or from the bit above it) borrows through it: what is left tells its even bits from its odd ones.
simdjson_inline uint64_t opening(uint64_t backslashes) noexcept
{
    const uint64_t odd = 0xaaaaaaaaaaaaaaaau;
    return (((backslashes << 1 | odd) - backslashes) ^ odd) & backslashes;
}

// Up to 64 bytes. What lies between two escapes is mostly shorter than the 32 that are copied without asking.
simdjson_inline char *copy_run(char *out, const char *p, size_t n) noexcept
{
#ifdef __AVX2__ // two moves where the compiler makes four of a memcpy
    const __m256i *from = reinterpret_cast<const __m256i *>(p);
    __m256i *to = reinterpret_cast<__m256i *>(out);
    _mm256_storeu_si256(to, _mm256_loadu_si256(from));
    if (simdjson_unlikely(n > 32))
        _mm256_storeu_si256(to + 1, _mm256_loadu_si256(from + 1));
#else
    memcpy(out, p, 32);
    if (simdjson_unlikely(n > 32))
        memcpy(out + 32, p + 32, 32);
#endif
    return out + n;
}

// \uXXXX, or two of them that make a surrogate pair. Returns what it stands for behind `out`, and null where it is no
// escape, or half of a pair.
simdjson_never_inline char *unicode(const char **escape, char *out) noexcept
{
    if ((*escape)[1] != 'u')
        return nullptr;
    const uint8_t *from = reinterpret_cast<const uint8_t *>(*escape);
    uint8_t *to = reinterpret_cast<uint8_t *>(out);
    const bool fine = row::stringparsing::handle_unicode_codepoint(&from, &to, false);
    *escape = reinterpret_cast<const char *>(from);
    return fine ? reinterpret_cast<char *>(to) : nullptr;
}

// The escapes of 64 bytes are found at once and taken one after another; the bytes between them are not looked at again.
// A run begins inside the string, so reads end less than 64 bytes behind it; writes are never ahead of reads.
int unescape(const char *p, size_t n, char *out, size_t *out_len) noexcept
{
    const char *const end = p + n;
    const char *run = p; // from here on nothing has been copied yet
    char *o = out;
    for (; p < end; p += 64) {
        const char *stop = end - p < 64 ? end : p + 64;
        // The last escape of the block before may reach into this one.
        const uint64_t fresh = ~uint64_t{0} << (run - p);
        uint64_t bits = opening(backslash_bits(p) & fresh & ~uint64_t{0} >> (p + 64 - stop));
        for (; bits; bits &= bits - 1) {
            const char *escape = p + lowest_bit(bits);
            o = copy_run(o, run, static_cast<size_t>(escape - run));
            const char meant = meanings.of[static_cast<uint8_t>(escape[1])];
            if (simdjson_likely(meant)) {
                *o++ = meant;
                run = escape + 2;
                continue;
            }
            run = escape;
            o = unicode(&run, o);
            if (!o)
                return OX_JSON_SYNTAX;
            if (run - escape > 6) // not the second of the pair again
                bits &= bits - 1;
        }
        if (run < stop) {
            o = copy_run(o, run, static_cast<size_t>(stop - run));
            run = stop;
        }
    }
    *out_len = static_cast<size_t>(o - out);
    return run == end ? OX_JSON_OK : OX_JSON_SYNTAX; // an escape that ends behind the string is none
}
