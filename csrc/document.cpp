// Compiled once for each simdjson implementation, with OXIDE_ROW naming it and the compiler's flags matching it. The
// namespace is renamed for each row: two rows in one process must not share a symbol. That leaves templates of the
// standard library over plain types; a test lists this unit's weak symbols and finds none of those.
//
// simdjson's first stage finds the tokens of a document and checks its encoding; its second-stage walker checks the
// grammar for walk(). The scans go over the token index one level deep. On-Demand's iterators do the same with
// 1,316 instructions for an event of eight fields, these loops with a third of that.
#define OX_CAT_(a, b) a##b
#define OX_CAT(a, b) OX_CAT_(a, b)
#define OX_STR_(a) #a
#define OX_STR(a) OX_STR_(a)
#define simdjson OX_CAT(oxide_simdjson_, OXIDE_ROW)

// simdjson includes <iostream> for code that is not built here; its static initialiser would run at import, compiled
// with this row's instructions. Defining the guard of libstdc++ leaves it out.
#define _GLIBCXX_IOSTREAM 1
#include <istream>
#include <ostream>

#include "simdjson.cpp"

#include "simdjson.h"

#include <stdlib.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "oxide/document.h"

namespace {

namespace sj = simdjson;
namespace row = simdjson::OXIDE_ROW;

// An index costs four bytes per byte of the largest document it has seen, for ever: each thread keeps one of a fixed
// size, larger documents pay for one of their own.
class Parser {
  public:
    static Parser *create(size_t capacity) noexcept
    {
        Parser *parser = new (std::nothrow) Parser();
        if (parser && (parser->stage.set_capacity(capacity) || parser->stage.set_max_depth(OX_MAX_DEPTH))) {
            delete parser;
            return nullptr;
        }
        return parser;
    }

    row::dom_parser_implementation stage;
};

struct Slot {
    Parser *parser = nullptr;
    bool busy = false; // a visitor may end up parsing again: a finaliser run by the garbage collector can
    ~Slot() { delete parser; }
};
thread_local Slot slot;

class Lease {
  public:
    Lease() = default;
    explicit Lease(size_t n) noexcept { take(n); }
    ~Lease()
    {
        if (kept)
            kept->busy = false;
        else
            delete parser;
    }
    Lease(const Lease &) = delete;
    Lease &operator=(const Lease &) = delete;

    simdjson_inline void take(size_t n) noexcept
    {
        Slot &mine = slot;
        if (n > OX_KEEP || mine.busy) {
            parser = Parser::create(n);
            return;
        }
        if (!mine.parser)
            mine.parser = Parser::create(OX_KEEP);
        parser = mine.parser;
        kept = &mine;
        mine.busy = true;
    }

    Parser *parser = nullptr;

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
    case sj::NUMBER_ERROR:
    case sj::BIGINT_ERROR:
        return OX_JSON_NUMBER;
    case sj::DEPTH_ERROR:
        return OX_JSON_DEPTH;
    default:
        return OX_JSON_SYNTAX;
    }
}

#define OX_CALL(expression)                       \
    do {                                          \
        int code_ = (expression);                 \
        if (simdjson_unlikely(code_))             \
            return code_;                         \
    } while (0)

#include "document_strings.h"
#include "document_tokens.h"

int classify_string(const char *p, size_t n) noexcept { return classify(p, n); }

simdjson_inline ox_field *next_field(ox_fields *out) noexcept
{
    if (simdjson_unlikely(out->count == out->capacity) && ox_fields_grow(out))
        return nullptr;
    return &out->items[out->count++];
}

int scan_object(const char *p, size_t n, ox_index *index, ox_fields *out) noexcept
{
    out->count = 0;
    Tokens tokens;
    OX_CALL(tokens.start(p, n, '{', index));
    if (tokens.empty('}'))
        return tokens.done() ? OX_JSON_OK : OX_JSON_SYNTAX;
    for (bool more = true; more;) {
        ox_field *f = next_field(out);
        if (!f)
            return OX_JSON_MEMORY;
        OX_CALL(tokens.key(&f->key, &f->key_len));
        f->key_escaped = classify(f->key, f->key_len) & OX_ESCAPED;
        OX_CALL(tokens.value(&f->value));
        OX_CALL(tokens.next('}', &more));
    }
    return OX_JSON_OK;
}

int scan_array(const char *p, size_t n, ox_index *index, ox_fields *out) noexcept
{
    out->count = 0;
    Tokens tokens;
    OX_CALL(tokens.start(p, n, '[', index));
    if (tokens.empty(']'))
        return tokens.done() ? OX_JSON_OK : OX_JSON_SYNTAX;
    for (bool more = true; more;) {
        ox_field *f = next_field(out);
        if (!f)
            return OX_JSON_MEMORY;
        f->key = nullptr;
        f->key_len = 0;
        f->key_escaped = 0;
        OX_CALL(tokens.value(&f->value));
        OX_CALL(tokens.next(']', &more));
    }
    return OX_JSON_OK;
}

int scan_tree(const char *p, size_t n, ox_fields *out) noexcept
{
    size_t open[OX_TREE_DEPTH]; // the entries whose containers are not closed yet
    bool object[OX_TREE_DEPTH + 1];
    int depth = 0;

    out->count = 0;
    Tokens tokens;
    OX_CALL(tokens.start(p, n, 0, nullptr));
    object[0] = tokens.first() == '{';
    bool more = !tokens.empty(object[0] ? '}' : ']');
    for (;;) {
        if (more) {
            ox_field *f = next_field(out);
            if (!f)
                return OX_JSON_MEMORY;
            f->key = nullptr;
            f->key_len = 0;
            f->key_escaped = 0;
            if (object[depth]) {
                OX_CALL(tokens.key(&f->key, &f->key_len));
                f->key_escaped = classify(f->key, f->key_len) & OX_ESCAPED;
            }
            if (tokens.opened(&f->value)) {
                if (depth == OX_TREE_DEPTH)
                    return OX_JSON_DEPTH;
                open[depth++] = out->count - 1;
                object[depth] = f->value.kind == OX_OBJECT;
                more = !tokens.empty(object[depth] ? '}' : ']');
                continue;
            }
            OX_CALL(tokens.value(&f->value));
            f->after = static_cast<uint32_t>(out->count);
        } else { // a closing bracket has been passed
            if (!depth)
                return tokens.done() ? OX_JSON_OK : OX_JSON_SYNTAX;
            ox_field *f = &out->items[open[--depth]];
            tokens.closed(&f->value);
            f->after = static_cast<uint32_t>(out->count);
        }
        OX_CALL(tokens.step(object[depth] ? '}' : ']', &more));
    }
}

// A key with escapes is compared unescaped. They are so rare that a buffer from the heap will do.
int same_escaped(const char *key, size_t length, const ox_key *wanted, bool *same) noexcept
{
    char *plain = static_cast<char *>(malloc(length + OX_PADDING));
    if (!plain)
        return OX_JSON_MEMORY;
    size_t n = 0;
    const int code = unescape(key, length, plain, &n);
    *same = !code && n == wanted->n && memcmp(plain, wanted->p, n) == 0;
    free(plain);
    return code;
}

int pluck(const char *p, size_t n, ox_index *index, const ox_key *keys, size_t nkeys, ox_value *out) noexcept
{
    for (size_t i = 0; i < nkeys; i++)
        out[i].kind = OX_MISSING;
    Tokens tokens;
    OX_CALL(tokens.start(p, n, '{', index));
    if (tokens.empty('}'))
        return tokens.done() ? OX_JSON_OK : OX_JSON_SYNTAX;
    for (bool more = true; more;) { // to the end even when all are found: the last duplicate wins
        const char *key;
        size_t length;
        ox_value value;
        OX_CALL(tokens.key(&key, &length));
        OX_CALL(tokens.value(&value));
        const bool escaped = classify(key, length) & OX_ESCAPED;
        for (size_t i = 0; i < nkeys; i++) {
            bool same = length == keys[i].n && memcmp(key, keys[i].p, length) == 0;
            if (simdjson_unlikely(escaped))
                OX_CALL(same_escaped(key, length, &keys[i], &same));
            if (same) {
                out[i] = value;
                break;
            }
        }
        OX_CALL(tokens.next('}', &more));
    }
    return OX_JSON_OK;
}

// What simdjson's number parser writes to.
struct NumberWriter {
    ox_number number;
    void append_s64(int64_t value) noexcept
    {
        number.kind = OX_NUMBER_I64;
        number.as.i64 = value;
    }
    void append_u64(uint64_t value) noexcept
    {
        number.kind = OX_NUMBER_U64;
        number.as.u64 = value;
    }
    void append_double(double value) noexcept
    {
        number.kind = OX_NUMBER_F64;
        number.as.f64 = value;
    }
};

int number(const char *p, size_t n, ox_number *out) noexcept
{
    // simdjson's number parser wants a delimiter behind the digits; the span's next byte may be anything.
    uint8_t text[80];
    if (n > 63)
        return OX_JSON_NUMBER;
    memcpy(text, p, n);
    memset(text + n, ' ', sizeof text - 63);
    NumberWriter writer;
    OX_CALL(code_of(row::numberparsing::parse_number(text, writer)));
    *out = writer.number;
    return OX_JSON_OK;
}

// simdjson's second stage walks; where it would build its tape, this calls the visitor.
class Walk {
    using Iterator = row::stage2::json_iterator;

  public:
    Walk(const ox_visitor *v, void *c) noexcept : visitor(v), context(c) {}
    ~Walk() { free(scratch); }
    Walk(const Walk &) = delete;
    Walk &operator=(const Walk &) = delete;

    bool stopped = false;

    sj::error_code visit_document_start(Iterator &) noexcept { return sj::SUCCESS; }
    sj::error_code visit_document_end(Iterator &) noexcept { return sj::SUCCESS; }
    sj::error_code visit_object_start(Iterator &iter) noexcept
    {
        count(iter) = 0;
        return after(visitor->begin_object(context));
    }
    sj::error_code visit_object_end(Iterator &iter) noexcept { return after(visitor->end_object(context, count(iter))); }
    sj::error_code visit_empty_object(Iterator &) noexcept
    {
        return after(visitor->begin_object(context) || visitor->end_object(context, 0));
    }
    sj::error_code visit_array_start(Iterator &iter) noexcept
    {
        count(iter) = 0;
        return after(visitor->begin_array(context));
    }
    sj::error_code visit_array_end(Iterator &iter) noexcept { return after(visitor->end_array(context, count(iter))); }
    sj::error_code visit_empty_array(Iterator &) noexcept
    {
        return after(visitor->begin_array(context) || visitor->end_array(context, 0));
    }
    sj::error_code increment_count(Iterator &iter) noexcept
    {
        count(iter)++;
        return sj::SUCCESS;
    }
    simdjson_inline sj::error_code visit_key(Iterator &iter, const uint8_t *key) noexcept
    {
        return string(iter, key, visitor->key);
    }
    simdjson_inline sj::error_code visit_primitive(Iterator &iter, const uint8_t *value) noexcept
    {
        return iter.visit_primitive(*this, value);
    }
    simdjson_inline sj::error_code visit_string(Iterator &iter, const uint8_t *value) noexcept
    {
        return string(iter, value, visitor->string);
    }
    simdjson_inline sj::error_code visit_number(Iterator &, const uint8_t *value) noexcept
    {
        NumberWriter writer;
        sj::error_code error = row::numberparsing::parse_number(value, writer);
        return error ? error : after(visitor->number(context, &writer.number));
    }
    sj::error_code visit_true_atom(Iterator &, const uint8_t *value) noexcept
    {
        return row::atomparsing::is_valid_true_atom(value) ? after(visitor->boolean(context, 1)) : sj::T_ATOM_ERROR;
    }
    sj::error_code visit_false_atom(Iterator &, const uint8_t *value) noexcept
    {
        return row::atomparsing::is_valid_false_atom(value) ? after(visitor->boolean(context, 0)) : sj::F_ATOM_ERROR;
    }
    sj::error_code visit_null_atom(Iterator &, const uint8_t *value) noexcept
    {
        return row::atomparsing::is_valid_null_atom(value) ? after(visitor->null(context)) : sj::N_ATOM_ERROR;
    }
    // A lone scalar has rules of its own, and nobody sends one: the caller asks the standard library.
    sj::error_code visit_root_primitive(Iterator &, const uint8_t *) noexcept { return sj::INCORRECT_TYPE; }

  private:
    static uint32_t &count(Iterator &iter) noexcept { return iter.dom_parser.open_containers[iter.depth].count; }

    simdjson_inline sj::error_code after(int answer) noexcept
    {
        if (simdjson_likely(!answer))
            return sj::SUCCESS;
        stopped = true;
        return sj::UNEXPECTED_ERROR;
    }

    // The next token tells where the closing quote is, so a string without escapes (most) is not copied here: it goes to
    // the visitor as it stands in the document.
    simdjson_inline sj::error_code string(Iterator &iter, const uint8_t *quote,
                                          int (*visit)(void *, const char *, size_t, int)) noexcept
    {
        const char *p = reinterpret_cast<const char *>(quote) + 1;
        size_t n = static_cast<size_t>(end_before(reinterpret_cast<const char *>(iter.peek())) - 1 - p);
        int flags = classify(p, n);
        if (simdjson_unlikely(flags & OX_ESCAPED)) {
            if (n + OX_PADDING > scratch_size) {
                free(scratch);
                scratch_size = 2 * n + OX_PADDING;
                scratch = static_cast<char *>(malloc(scratch_size));
                if (!scratch) {
                    scratch_size = 0;
                    return sj::MEMALLOC;
                }
            }
            if (unescape(p, n, scratch, &n))
                return sj::STRING_ERROR;
            p = scratch;
            flags = classify(p, n) & OX_NON_ASCII;
        }
        return after(visit(context, p, n, flags));
    }

    const ox_visitor *visitor;
    void *context;
    char *scratch = nullptr;
    size_t scratch_size = 0;
};

int walk(const char *p, size_t n, const ox_visitor *visitor, void *context) noexcept
{
    Lease lease(n);
    if (!lease.parser)
        return OX_JSON_MEMORY;
    auto &stage = lease.parser->stage;
    if (stage.stage1(reinterpret_cast<const uint8_t *>(p), n, sj::stage1_mode::regular))
        return OX_JSON_SYNTAX;
    Walk state(visitor, context);
    row::stage2::json_iterator iterator(stage, 0);
    sj::error_code error = iterator.walk_document<false>(state);
    return state.stopped ? OX_JSON_STOPPED : code_of(error);
}

} // namespace

extern "C" {
extern const ox_json OX_CAT(ox_json_, OXIDE_ROW);
const ox_json OX_CAT(ox_json_, OXIDE_ROW) = {
    OX_STR(OXIDE_ROW), SIMDJSON_VERSION, scan_object, scan_array, scan_tree, pluck, walk, number, classify_string, unescape,
};
}
