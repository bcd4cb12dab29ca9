// Compiled once for each simdjson implementation, with OXIDE_ROW naming it. On-Demand binds its implementation at
// compile time, so the namespace is renamed for each row: two rows in one process must not share a symbol. That leaves
// templates of the standard library over plain types; a test lists this unit's weak symbols and finds none of those.
#define OX_CAT_(a, b) a##b
#define OX_CAT(a, b) OX_CAT_(a, b)
#define OX_STR_(a) #a
#define OX_STR(a) OX_STR_(a)
#define simdjson OX_CAT(oxide_simdjson_, OXIDE_ROW)
#define SIMDJSON_BUILTIN_IMPLEMENTATION OXIDE_ROW

// simdjson includes <iostream> for code that is not built here; its static initialiser would run at import, compiled
// with this row's instructions. Defining the guard of libstdc++ leaves it out.
#define _GLIBCXX_IOSTREAM 1
#include <istream>
#include <ostream>

#include "simdjson.cpp"

#include "simdjson.h"

#include <stdlib.h>
#include <string.h>

#include "oxide/document.h"

namespace {

namespace sj = simdjson;
namespace od = simdjson::ondemand;
namespace numbers = simdjson::OXIDE_ROW::numberparsing;

// A parser costs several times the largest document it has seen, for ever: each thread keeps one of a fixed size,
// larger documents pay for one of their own. `busy` covers a visitor that ends up parsing again (a finaliser run by
// the garbage collector can).
struct Slot {
    od::parser *parser = nullptr;
    bool busy = false;
    ~Slot() { delete parser; }
};
thread_local Slot slot;

class Lease {
  public:
    explicit Lease(size_t n) noexcept
    {
        Slot &mine = slot;
        if (n <= OX_KEEP && !mine.busy) {
            if (!mine.parser) {
                mine.parser = new (std::nothrow) od::parser();
                if (mine.parser && mine.parser->allocate(OX_KEEP)) {
                    delete mine.parser;
                    mine.parser = nullptr;
                }
            }
            parser = mine.parser;
            kept = &mine;
            mine.busy = true;
        } else {
            parser = new (std::nothrow) od::parser();
        }
    }
    ~Lease()
    {
        if (kept)
            kept->busy = false;
        else
            delete parser;
    }
    Lease(const Lease &) = delete;
    Lease &operator=(const Lease &) = delete;

    od::parser *parser = nullptr;

  private:
    Slot *kept = nullptr;
};

int code_of(sj::error_code error) noexcept
{
    switch (error) {
    case sj::SUCCESS:
        return OX_JSON_OK;
    case sj::MEMALLOC:
        return OX_JSON_MEMORY;
    case sj::INCORRECT_TYPE:
        return OX_JSON_TYPE;
    case sj::NUMBER_ERROR:
    case sj::NUMBER_OUT_OF_RANGE:
    case sj::BIGINT_ERROR:
        return OX_JSON_NUMBER;
    case sj::DEPTH_ERROR:
        return OX_JSON_DEPTH;
    default:
        return OX_JSON_SYNTAX;
    }
}

#define OX_TRY(expression)                        \
    do {                                          \
        sj::error_code error_ = (expression);     \
        if (simdjson_unlikely(error_))            \
            return code_of(error_);               \
    } while (0)
#define OX_CALL(expression)                       \
    do {                                          \
        int code_ = (expression);                 \
        if (simdjson_unlikely(code_))             \
            return code_;                         \
    } while (0)

simdjson_inline bool is_space(char c) noexcept { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

// simdjson's raw tokens run up to the next token, whitespace included.
simdjson_inline size_t trimmed(const char *p, size_t n) noexcept
{
    while (n && is_space(p[n - 1]))
        n--;
    return n;
}

simdjson_inline ox_kind number_kind(const char *p, size_t n) noexcept
{
    for (size_t i = 0; i < n; i++)
        if (p[i] == '.' || p[i] == 'e' || p[i] == 'E')
            return OX_FLOAT;
    return OX_INT;
}

simdjson_inline int span_of(od::value &v, ox_value *out) noexcept
{
    std::string_view raw;
    OX_TRY(v.raw_json().get(raw));
    const char *p = raw.data();
    size_t n = trimmed(p, raw.size());
    out->p = p;
    out->n = n;
    switch (*p) {
    case '"':
        if (simdjson_unlikely(n < 2 || p[n - 1] != '"'))
            return OX_JSON_SYNTAX;
        out->kind = OX_STRING;
        return OX_JSON_OK;
    case '{':
        out->kind = OX_OBJECT;
        return simdjson_unlikely(p[n - 1] != '}') ? OX_JSON_SYNTAX : OX_JSON_OK;
    case '[':
        out->kind = OX_ARRAY;
        return simdjson_unlikely(p[n - 1] != ']') ? OX_JSON_SYNTAX : OX_JSON_OK;
    case 't':
        out->kind = OX_TRUE;
        return n == 4 && memcmp(p, "true", 4) == 0 ? OX_JSON_OK : OX_JSON_SYNTAX;
    case 'f':
        out->kind = OX_FALSE;
        return n == 5 && memcmp(p, "false", 5) == 0 ? OX_JSON_OK : OX_JSON_SYNTAX;
    case 'n':
        out->kind = OX_NULL;
        return n == 4 && memcmp(p, "null", 4) == 0 ? OX_JSON_OK : OX_JSON_SYNTAX;
    case '-':
    case '0': case '1': case '2': case '3': case '4': case '5': case '6': case '7': case '8': case '9':
        out->kind = number_kind(p, n);
        return OX_JSON_OK;
    default: // NaN, Infinity and every other word: the standard library knows
        return OX_JSON_SYNTAX;
    }
}

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

int classify_string(const char *p, size_t n) noexcept { return classify(p, n); }

simdjson_inline ox_field *next_field(ox_fields *out) noexcept
{
    if (simdjson_unlikely(out->count == out->capacity) && ox_fields_grow(out))
        return nullptr;
    return &out->items[out->count++];
}

int scan_object(const char *p, size_t n, ox_fields *out) noexcept
{
    out->count = 0;
    Lease lease(n);
    if (!lease.parser)
        return OX_JSON_MEMORY;
    od::document document;
    OX_TRY(lease.parser->iterate(p, n, n + OX_PADDING).get(document));
    od::object object;
    OX_TRY(document.get_object().get(object));
    for (auto item : object) {
        od::field field;
        OX_TRY(std::move(item).get(field));
        ox_field *f = next_field(out);
        if (!f)
            return OX_JSON_MEMORY;
        std::string_view key = field.escaped_key();
        f->key = key.data();
        f->key_len = key.size();
        f->key_escaped = (classify(key.data(), key.size()) & OX_ESCAPED) != 0;
        OX_CALL(span_of(field.value(), &f->value));
    }
    return document.at_end() ? OX_JSON_OK : OX_JSON_SYNTAX;
}

int scan_array(const char *p, size_t n, ox_fields *out) noexcept
{
    out->count = 0;
    Lease lease(n);
    if (!lease.parser)
        return OX_JSON_MEMORY;
    od::document document;
    OX_TRY(lease.parser->iterate(p, n, n + OX_PADDING).get(document));
    od::array array;
    OX_TRY(document.get_array().get(array));
    for (auto item : array) {
        od::value value;
        OX_TRY(std::move(item).get(value));
        ox_field *f = next_field(out);
        if (!f)
            return OX_JSON_MEMORY;
        f->key = nullptr;
        f->key_len = 0;
        f->key_escaped = 0;
        OX_CALL(span_of(value, &f->value));
    }
    return document.at_end() ? OX_JSON_OK : OX_JSON_SYNTAX;
}

// A key with escapes is compared unescaped. They are so rare that a buffer from the heap will do.
int same_escaped(const od::parser &parser, std::string_view key, const ox_key *wanted, bool *same) noexcept
{
    char *buffer = static_cast<char *>(malloc(key.size() + OX_PADDING));
    if (!buffer)
        return OX_JSON_MEMORY;
    uint8_t *end = reinterpret_cast<uint8_t *>(buffer);
    std::string_view plain;
    sj::error_code error =
        parser.unescape(od::raw_json_string(reinterpret_cast<const uint8_t *>(key.data())), end).get(plain);
    *same = !error && plain.size() == wanted->n && memcmp(plain.data(), wanted->p, wanted->n) == 0;
    free(buffer);
    return code_of(error);
}

int pluck(const char *p, size_t n, const ox_key *keys, size_t nkeys, ox_value *out) noexcept
{
    for (size_t i = 0; i < nkeys; i++)
        out[i].kind = OX_MISSING;
    Lease lease(n);
    if (!lease.parser)
        return OX_JSON_MEMORY;
    od::document document;
    OX_TRY(lease.parser->iterate(p, n, n + OX_PADDING).get(document));
    od::object object;
    OX_TRY(document.get_object().get(object));
    for (auto item : object) {
        od::field field;
        OX_TRY(std::move(item).get(field));
        std::string_view key = field.escaped_key();
        const bool escaped = (classify(key.data(), key.size()) & OX_ESCAPED) != 0;
        for (size_t i = 0; i < nkeys; i++) {
            bool same = key.size() == keys[i].n && memcmp(key.data(), keys[i].p, key.size()) == 0;
            if (simdjson_unlikely(escaped))
                OX_CALL(same_escaped(*lease.parser, key, &keys[i], &same));
            if (same) { // the search goes on: the last duplicate wins, as in the standard library
                OX_CALL(span_of(field.value(), &out[i]));
                break;
            }
        }
    }
    return document.at_end() ? OX_JSON_OK : OX_JSON_SYNTAX;
}

int number(const char *p, size_t n, ox_number *out) noexcept
{
    // simdjson's number parser wants a delimiter behind the digits; the span's next byte may be anything.
    uint8_t text[80];
    if (n > 63)
        return OX_JSON_NUMBER;
    memcpy(text, p, n);
    memset(text + n, ' ', sizeof text - 63);
    if (number_kind(p, n) == OX_FLOAT) {
        out->kind = OX_NUMBER_F64;
        OX_TRY(numbers::parse_double(text).get(out->as.f64));
        return OX_JSON_OK;
    }
    out->kind = OX_NUMBER_I64;
    if (simdjson_likely(!numbers::parse_integer(text).get(out->as.i64)))
        return OX_JSON_OK;
    out->kind = OX_NUMBER_U64;
    OX_TRY(numbers::parse_unsigned(text).get(out->as.u64));
    return OX_JSON_OK;
}

int unescape(const char *p, size_t n, char *out, size_t *out_len) noexcept
{
    Lease lease(0);
    if (!lease.parser)
        return OX_JSON_MEMORY;
    (void)n; // the closing quote ends it
    uint8_t *end = reinterpret_cast<uint8_t *>(out);
    std::string_view plain;
    OX_TRY(lease.parser->unescape(od::raw_json_string(reinterpret_cast<const uint8_t *>(p)), end).get(plain));
    *out_len = plain.size();
    return OX_JSON_OK;
}

class Walk {
  public:
    Walk(const ox_visitor *v, void *c) noexcept : visitor(v), context(c) {}

    int value(od::value v, int depth) noexcept
    {
        od::json_type type;
        OX_TRY(v.type().get(type));
        switch (type) {
        case od::json_type::string:
            return string(v);
        case od::json_type::number:
            return numeric(v);
        case od::json_type::object: {
            od::object object;
            OX_TRY(v.get_object().get(object));
            return fields(object, depth);
        }
        case od::json_type::array: {
            od::array array;
            OX_TRY(v.get_array().get(array));
            return elements(array, depth);
        }
        case od::json_type::boolean: {
            bool b;
            OX_TRY(v.get_bool().get(b));
            return stop(visitor->boolean(context, b));
        }
        default: {
            bool null;
            OX_TRY(v.is_null().get(null));
            return null ? stop(visitor->null(context)) : OX_JSON_SYNTAX;
        }
        }
    }

    int fields(od::object &object, int depth) noexcept
    {
        if (depth >= OX_MAX_DEPTH)
            return OX_JSON_DEPTH;
        OX_CALL(stop(visitor->begin_object(context)));
        size_t count = 0;
        for (auto item : object) {
            od::field field;
            OX_TRY(std::move(item).get(field));
            std::string_view key = field.escaped_key();
            int flags = classify(key.data(), key.size());
            if (simdjson_unlikely(flags & OX_ESCAPED)) {
                OX_TRY(field.unescaped_key().get(key));
                flags = classify(key.data(), key.size()) & OX_NON_ASCII;
            }
            OX_CALL(stop(visitor->key(context, key.data(), key.size(), flags)));
            OX_CALL(value(field.value(), depth + 1));
            count++;
        }
        return stop(visitor->end_object(context, count));
    }

    int elements(od::array &array, int depth) noexcept
    {
        if (depth >= OX_MAX_DEPTH)
            return OX_JSON_DEPTH;
        OX_CALL(stop(visitor->begin_array(context)));
        size_t count = 0;
        for (auto item : array) {
            od::value element;
            OX_TRY(std::move(item).get(element));
            OX_CALL(value(element, depth + 1));
            count++;
        }
        return stop(visitor->end_array(context, count));
    }

  private:
    static int stop(int answer) noexcept { return answer ? OX_JSON_STOPPED : OX_JSON_OK; }

    int string(od::value &v) noexcept
    {
        // The token up to the next one gives the closing quote without a search, and most strings need no unescaping:
        // they go to the visitor straight out of the document.
        std::string_view raw = v.raw_json_token();
        size_t n = trimmed(raw.data(), raw.size());
        if (simdjson_unlikely(n < 2 || raw[n - 1] != '"'))
            return OX_JSON_SYNTAX;
        std::string_view text = raw.substr(1, n - 2);
        int flags = classify(text.data(), text.size());
        if (flags & OX_ESCAPED) {
            OX_TRY(v.get_string().get(text));
            flags = classify(text.data(), text.size()) & OX_NON_ASCII;
        } else {
            od::raw_json_string consumed;
            OX_TRY(v.get_raw_json_string().get(consumed));
        }
        return stop(visitor->string(context, text.data(), text.size(), flags));
    }

    int numeric(od::value &v) noexcept
    {
        od::number found;
        OX_TRY(v.get_number().get(found));
        ox_number out;
        switch (found.get_number_type()) {
        case od::number_type::signed_integer:
            out.kind = OX_NUMBER_I64;
            out.as.i64 = found.get_int64();
            break;
        case od::number_type::unsigned_integer:
            out.kind = OX_NUMBER_U64;
            out.as.u64 = found.get_uint64();
            break;
        case od::number_type::floating_point_number:
            out.kind = OX_NUMBER_F64;
            out.as.f64 = found.get_double();
            break;
        default:
            return OX_JSON_NUMBER;
        }
        return stop(visitor->number(context, &out));
    }

    const ox_visitor *visitor;
    void *context;
};

int walk(const char *p, size_t n, const ox_visitor *visitor, void *context) noexcept
{
    Lease lease(n);
    if (!lease.parser)
        return OX_JSON_MEMORY;
    od::document document;
    OX_TRY(lease.parser->iterate(p, n, n + OX_PADDING).get(document));
    od::json_type type;
    OX_TRY(document.type().get(type));
    Walk state(visitor, context);
    if (type == od::json_type::object) {
        od::object object;
        OX_TRY(document.get_object().get(object));
        OX_CALL(state.fields(object, 0));
    } else if (type == od::json_type::array) {
        od::array array;
        OX_TRY(document.get_array().get(array));
        OX_CALL(state.elements(array, 0));
    } else {
        return OX_JSON_TYPE; // a lone scalar: On-Demand has other rules for those, and nobody sends them
    }
    return document.at_end() ? OX_JSON_OK : OX_JSON_SYNTAX;
}

} // namespace

extern "C" {
extern const ox_json OX_CAT(ox_json_, OXIDE_ROW);
const ox_json OX_CAT(ox_json_, OXIDE_ROW) = {
    OX_STR(OXIDE_ROW), SIMDJSON_VERSION, scan_object, scan_array, pluck, walk, number, classify_string, unescape,
};
}
