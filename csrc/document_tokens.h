// The tokens of a document and what can be told from them, for document.cpp: included once, inside its namespace, so that
// every row compiles its own.

simdjson_inline bool is_space(char c) noexcept { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

// Behind a token there is white space, then the next one: `next`, or the end of the document.
simdjson_inline const char *end_before(const char *next) noexcept
{
    do
        next--;
    while (is_space(*next));
    return next + 1;
}

simdjson_inline ox_kind number_kind(const char *p, size_t n) noexcept
{
    for (size_t i = 0; i < n; i++)
        if (p[i] == '.' || p[i] == 'e' || p[i] == 'E')
            return OX_FLOAT;
    return OX_INT;
}

struct Depths {
    int8_t step[256];
    constexpr Depths() noexcept : step{}
    {
        step['{'] = step['['] = 1;
        step['}'] = step[']'] = -1;
    }
};
constexpr Depths depths;

// The tokens of one document, and one level of its grammar.
class Tokens {
  public:
    // Finds the tokens: in the index, or by the first stage, which an empty index learns from. OX_JSON_TYPE unless the
    // text begins with `open`, or with any bracket where that is 0.
    simdjson_inline int start(const char *p, size_t n, char open, ox_index *index) noexcept
    {
        if (index && index->at && p >= index->base && p + n <= index->base + index->at[index->count]) {
            const uint32_t *last = index->at + index->count;
            base = index->base;
            at = first_from(index->at, last, static_cast<size_t>(p - base));
            end = first_from(at, last, static_cast<size_t>(p + n - base));
            if (simdjson_unlikely(at == end))
                return OX_JSON_SYNTAX;
        } else {
            OX_CALL(stage(p, n, index));
        }
        if (open ? base[*at] != open : base[*at] != '{' && base[*at] != '[')
            return OX_JSON_TYPE;
        at++;
        return OX_JSON_OK;
    }

    char first() const noexcept { return base[at[-1]]; } // right after start()

    simdjson_inline bool is(char c) const noexcept { return at != end && base[*at] == c; }

    // After the opening bracket: whether there is anything before the closing one.
    simdjson_inline bool empty(char close) noexcept
    {
        if (!is(close))
            return false;
        at++;
        return true;
    }

    // "key" and its colon.
    simdjson_inline int key(const char **key, size_t *length) noexcept
    {
        if (simdjson_unlikely(!is('"')))
            return OX_JSON_SYNTAX;
        const char *start = base + *at + 1;
        at++;
        if (simdjson_unlikely(!is(':')))
            return OX_JSON_SYNTAX;
        *key = start;
        *length = static_cast<size_t>(end_before(base + *at) - 1 - start);
        at++;
        return OX_JSON_OK;
    }

    // Any value. A container is skipped by counting brackets: what is in it is checked when it is read.
    simdjson_inline int value(ox_value *out) noexcept
    {
        if (simdjson_unlikely(at == end))
            return OX_JSON_SYNTAX;
        const char *p = base + *at++;
        out->p = p;
        if (*p == '{' || *p == '[') {
            out->kind = *p == '{' ? OX_OBJECT : OX_ARRAY;
            for (int depth = 1; depth; at++) {
                if (simdjson_unlikely(at == end))
                    return OX_JSON_SYNTAX;
                depth += depths.step[static_cast<uint8_t>(base[*at])];
            }
            const char *last = base + at[-1];
            out->n = static_cast<size_t>(last + 1 - p);
            return *last == *p + 2 ? OX_JSON_OK : OX_JSON_SYNTAX; // ] and } come two after [ and {
        }
        out->n = static_cast<size_t>(end_before(base + *at) - p);
        return scalar(p, out->n, &out->kind);
    }

    // `,` goes on (*more), `close` must be the end of the document.
    simdjson_inline int next(char close, bool *more) noexcept
    {
        const int code = step(close, more);
        return simdjson_likely(code || *more || at == end) ? code : OX_JSON_SYNTAX;
    }

    // A value that is a container: its opening bracket is passed and out->n left to closed().
    simdjson_inline bool opened(ox_value *out) noexcept
    {
        if (simdjson_likely(!is('{') && !is('[')))
            return false;
        out->p = base + *at++;
        out->kind = *out->p == '{' ? OX_OBJECT : OX_ARRAY;
        return true;
    }

    simdjson_inline void closed(ox_value *out) const noexcept { out->n = static_cast<size_t>(base + at[-1] + 1 - out->p); }

    // `,` goes on (*more), `close` ends a container.
    simdjson_inline int step(char close, bool *more) noexcept
    {
        if (simdjson_unlikely(at == end))
            return OX_JSON_SYNTAX;
        const char c = base[*at++];
        *more = c == ',';
        return *more || c == close ? OX_JSON_OK : OX_JSON_SYNTAX;
    }

    simdjson_inline bool done() const noexcept { return at == end; }

  private:
    static simdjson_inline int scalar(const char *p, size_t n, ox_kind *kind) noexcept
    {
        switch (*p) {
        case '"':
            *kind = OX_STRING;
            return OX_JSON_OK;
        case 't':
            *kind = OX_TRUE;
            return n == 4 && memcmp(p, "true", 4) == 0 ? OX_JSON_OK : OX_JSON_SYNTAX;
        case 'f':
            *kind = OX_FALSE;
            return n == 5 && memcmp(p, "false", 5) == 0 ? OX_JSON_OK : OX_JSON_SYNTAX;
        case 'n':
            *kind = OX_NULL;
            return n == 4 && memcmp(p, "null", 4) == 0 ? OX_JSON_OK : OX_JSON_SYNTAX;
        case '-':
        case '0': case '1': case '2': case '3': case '4': case '5': case '6': case '7': case '8': case '9':
            *kind = number_kind(p, n);
            return OX_JSON_OK;
        default: // NaN, Infinity and every other word: the standard library knows
            return OX_JSON_SYNTAX;
        }
    }

    // The first of some positions, which ascend, that is not below `from`. As std::lower_bound, which leaves a weak
    // symbol.
    static const uint32_t *first_from(const uint32_t *p, const uint32_t *last, size_t from) noexcept
    {
        for (size_t n = static_cast<size_t>(last - p); n;) {
            const size_t half = n / 2;
            if (p[half] < from) {
                p += half + 1;
                n -= half + 1;
            } else {
                n = half;
            }
        }
        return p;
    }

    simdjson_inline int stage(const char *p, size_t n, ox_index *index) noexcept
    {
        lease.take(n);
        if (!lease.parser)
            return OX_JSON_MEMORY;
        auto &first = lease.parser->stage;
        if (first.stage1(reinterpret_cast<const uint8_t *>(p), n, sj::stage1_mode::regular))
            return OX_JSON_SYNTAX;
        base = p;
        at = first.structural_indexes.get();
        end = at + first.n_structural_indexes; // *end is n: the token behind the last
        return index && !index->at ? ox_index_keep(index, p, at, first.n_structural_indexes) : OX_JSON_OK;
    }

    Lease lease;
    const char *base = nullptr;
    const uint32_t *at = nullptr;
    const uint32_t *end = nullptr;
};
