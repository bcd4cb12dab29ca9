/* Every simdjson row usable here against the others, on heap blocks that end with the padding: whole documents, every
 * cut of them, every kind of byte behind them. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "oxide/document.h"

#define LOG 65536

static const char *const kernels[] = {"avx2", "neon", "scalar"};
static const ox_json *rows[3];
static size_t nrows;

typedef struct log {
    char text[LOG];
    size_t n;
} log;

static void add(log *l, const char *p, size_t n)
{
    if (l->n + n < LOG) {
        memcpy(l->text + l->n, p, n);
        l->n += n;
    }
}

static int on_null(void *l) { add(l, "n", 1); return 0; }
static int on_boolean(void *l, int value) { add(l, value ? "t" : "f", 1); return 0; }
static int on_number(void *l, const ox_number *number)
{
    add(l, (const char *)&number->kind, sizeof number->kind);
    add(l, (const char *)&number->as, sizeof number->as);
    return 0;
}
static int on_string(void *l, const char *p, size_t n, int flags)
{
    add(l, flags & OX_NON_ASCII ? "S" : "s", 1);
    add(l, p, n);
    return 0;
}
static int on_key(void *l, const char *p, size_t n, int flags)
{
    add(l, flags & OX_NON_ASCII ? "K" : "k", 1);
    add(l, p, n);
    return 0;
}
static int on_begin(void *l) { add(l, "(", 1); return 0; }
static int on_end(void *l, size_t count)
{
    add(l, ")", 1);
    add(l, (const char *)&count, sizeof count);
    return 0;
}
static int refuse(void *l) { (void)l; return 1; }

static const ox_visitor visitor = {on_null, on_boolean, on_number, on_string, on_key,
                                   on_begin, on_end, on_begin, on_end};

/* Of two faults in one document rows may name either. */
static void outcome(log *l, int code) { add(l, code ? "refused" : "taken", 5); }

/* A scan by the index of the document around must find what the text alone has. */
static void same_by_index(const ox_json *row, const char *p, size_t n, ox_index *index, int array)
{
    static const ox_key key = {"a", 1};
    ox_fields alone, indexed;
    ox_value of_alone, of_indexed;
    ox_fields_init(&alone);
    ox_fields_init(&indexed);
    int code = (array ? row->scan_array : row->scan_object)(p, n, NULL, &alone);
    CHECK((array ? row->scan_array : row->scan_object)(p, n, index, &indexed) == code,
          "%s: the index changes what a scan of %.*s says", row->name, (int)n, p);
    CHECK(code || alone.count == indexed.count, "%s: %zu entries by index", row->name, indexed.count);
    for (size_t i = 0; !code && i < alone.count; i++) {
        const ox_field *a = &alone.items[i], *b = &indexed.items[i];
        CHECK(a->key == b->key && a->key_len == b->key_len && a->value.p == b->value.p && a->value.n == b->value.n &&
              a->value.kind == b->value.kind, "%s: entry %zu by index", row->name, i);
    }
    code = row->pluck(p, n, NULL, &key, 1, &of_alone);
    CHECK(row->pluck(p, n, index, &key, 1, &of_indexed) == code, "%s: pluck by index", row->name);
    CHECK(code || (of_alone.kind == of_indexed.kind && (!of_alone.kind || of_alone.p == of_indexed.p)),
          "%s: another value by index", row->name);
    ox_fields_free(&alone);
    ox_fields_free(&indexed);
}

/* An entry of a tree: scanning its span alone must give its own children, at the places `after` leads to. */
static void describe_entry(const char *p, size_t n, const ox_fields *tree, size_t i, log *out)
{
    const ox_field *f = &tree->items[i];
    size_t facts[] = {f->key ? (size_t)(f->key - p) : 0, f->key_len, (size_t)(f->value.p - p), f->value.n, f->after};
    CHECK(f->value.p >= p && f->value.p + f->value.n <= p + n, "a value outside its document");
    CHECK(f->after > i && f->after <= tree->count, "after leads from %zu to %u", i, f->after);
    add(out, (const char *)facts, sizeof facts);
    if (f->value.kind != OX_OBJECT && f->value.kind != OX_ARRAY) {
        CHECK(f->after == i + 1, "a scalar with something inside");
        return;
    }
    ox_fields children;
    ox_fields_init(&children);
    int code = (f->value.kind == OX_OBJECT ? rows[0]->scan_object : rows[0]->scan_array)(f->value.p, f->value.n, NULL, &children);
    CHECK(code == OX_JSON_OK, "a span of a tree that does not parse: %.*s", (int)f->value.n, f->value.p);
    size_t child = i + 1;
    for (size_t k = 0; k < children.count; k++, child = tree->items[child].after) {
        CHECK(child < f->after, "fewer children than there are");
        CHECK(tree->items[child].value.p == children.items[k].value.p, "another child");
        CHECK(tree->items[child].value.n == children.items[k].value.n, "a child of another length");
        CHECK(tree->items[child].key == children.items[k].key, "another key");
    }
    CHECK(child == f->after, "more children than there are");
    ox_fields_free(&children);
}

/* What one row makes of a document, spans as offsets. */
static void describe(const ox_json *row, const char *p, size_t n, log *out)
{
    static const ox_key keys[] = {{"type", 4}, {"a", 1}, {"", 0}, {"\xc3\xa9", 2}};
    ox_value found[4];
    ox_fields fields;
    int code;

    out->n = 0;
    ox_fields_init(&fields);
    for (int array = 0; array < 2; array++) {
        code = (array ? row->scan_array : row->scan_object)(p, n, NULL, &fields);
        outcome(out, code);
        for (size_t i = 0; !code && i < fields.count; i++) {
            const ox_field *f = &fields.items[i];
            size_t facts[] = {array ? 0 : (size_t)(f->key - p), f->key_len, (size_t)(f->value.p - p), f->value.n};
            CHECK(f->value.p >= p && f->value.p + f->value.n <= p + n, "a value outside its document");
            add(out, (const char *)facts, sizeof facts);
            add(out, f->key_escaped ? "e" : "-", 1);
            add(out, (const char *)&f->value.kind, sizeof f->value.kind);
            if (f->value.kind == OX_INT || f->value.kind == OX_FLOAT) {
                ox_number number;
                code = row->number(f->value.p, f->value.n, &number);
                outcome(out, code);
                if (!code)
                    on_number(out, &number);
                code = 0;
            }
        }
    }
    code = row->scan_tree(p, n, &fields);
    outcome(out, code);
    ox_index index = {0};
    for (int array = 0; array < 2; array++)
        for (int again = 0; again < 2; again++)
            same_by_index(row, p, n, &index, array);
    CHECK(code || (index.at && index.base == p), "%s: a small document without an index", row->name);
    for (size_t i = 0; !code && i < fields.count; i++) {
        const ox_value *v = &fields.items[i].value;
        describe_entry(p, n, &fields, i, out);
        same_by_index(row, v->p, v->n, &index, v->kind == OX_ARRAY);
    }
    ox_index_free(&index);
    ox_fields_free(&fields);
    code = row->pluck(p, n, NULL, keys, 4, found);
    outcome(out, code);
    for (int i = 0; !code && i < 4; i++) {
        size_t facts[] = {found[i].kind, found[i].kind ? (size_t)(found[i].p - p) : 0, found[i].kind ? found[i].n : 0};
        add(out, (const char *)facts, sizeof facts);
    }
    size_t before = out->n;
    code = row->walk(p, n, &visitor, out);
    if (code) /* how far it got before it refused is its own affair */
        out->n = before;
    outcome(out, code);
}

static void rows_agree(const char *text, size_t n)
{
    static log first, other;
    static const char tails[] = " \0\"}],:1\\\xff";
    char *p = malloc(n + OX_PADDING);
    CHECK(p, "no memory");
    memcpy(p, text, n);
    for (size_t t = 0; t < sizeof tails - 1; t++) {
        memset(p + n, tails[t], OX_PADDING);
        describe(rows[0], p, n, t ? &other : &first);
        CHECK(!t || (first.n == other.n && memcmp(first.text, other.text, first.n) == 0),
              "%s: what is behind a document changed its meaning: %.*s", rows[0]->name, (int)n, text);
        for (size_t r = 1; r < nrows; r++) {
            describe(rows[r], p, n, &other);
            CHECK(first.n == other.n && memcmp(first.text, other.text, first.n) == 0, "%s and %s differ on %.*s",
                  rows[0]->name, rows[r]->name, (int)n, text);
        }
    }
    free(p);
}

static const char *const documents[] = {
    "{\"type\":\"response.output_text.delta\",\"sequence_number\":51,\"item_id\":\"msg_68a1f0c2d4e88191\",\"delta\":\" Hi\"}",
    " { \"a\" : [ 1 , 2.5e3 , -0 , true , false , null ] , \"type\" : { } , \"\" : [ ] } ",
    "{\"\\u0061\": 1, \"a\": \"\\u00e9\\n\", \"\xc3\xa9\": \"\xe2\x82\xac\", \"a\": {\"a\": [[[]]]}}",
    "[18446744073709551615, -9223372036854775808, 1e-7, 0.1, {\"k\": \"v\\\\\"}, \"\\ud83d\\ude00\"]",
    "[\"a string longer than thirty-two bytes, then longer than sixty-four bytes, without an escape\", \"\", \"x\\t\"]",
    "[[[[[[1],2],3],4],5],6]", "[]", "{}", "12", "\"x\"", "", " ", "nul", "[nul]", "[tru", "[01]", "[1.]", "[-]",
    "[1e999]", "[99999999999999999999]", "{\"a\"}", "{\"a\" 1}", "{\"a\":}", "{1:2}", "[1 2]", "[1,]", "[,1]", "{,}",
    "{\"a\":1,}", "[1}", "{\"a\":[1}}", "[1]]", "{}}", "{} {}", "[\"\\q\"]", "[\"\\ud800\"]", "[\"\xff\"]", "[\"a\nb\"]",
    "[NaN]", "{\"a\": NaN}", "\xef\xbb\xbf[1]",
};

static void deep(size_t depth, int expected)
{
    char *p = malloc(2 * depth + OX_PADDING);
    static log out;
    CHECK(p, "no memory");
    memset(p, '[', depth);
    memset(p + depth, ']', depth);
    memset(p + 2 * depth, ' ', OX_PADDING);
    for (size_t r = 0; r < nrows; r++) {
        out.n = 0;
        CHECK(rows[r]->walk(p, 2 * depth, &visitor, &out) == expected, "%s: depth %zu", rows[r]->name, depth);
    }
    free(p);
}

static void deep_tree(size_t depth, int expected)
{
    char p[2 * OX_TREE_DEPTH + 16 + OX_PADDING];
    ox_fields fields;
    memset(p, '[', depth);
    memset(p + depth, ']', depth);
    memset(p + 2 * depth, ']', OX_PADDING);
    ox_fields_init(&fields);
    for (size_t r = 0; r < nrows; r++) {
        CHECK(rows[r]->scan_tree(p, 2 * depth, &fields) == expected, "%s: depth %zu", rows[r]->name, depth);
        CHECK(expected || fields.count == depth - 1, "%s: %zu entries", rows[r]->name, fields.count);
    }
    ox_fields_free(&fields);
}

/* Above OX_KEEP a parser is made for the document, and more fields than the list starts with move it to the heap. */
static void large(void)
{
    size_t items = OX_KEEP / 4, n = 0;
    char *p = malloc(8 * items + OX_PADDING);
    CHECK(p, "no memory");
    p[n++] = '[';
    for (size_t i = 0; i < items; i++)
        n += (size_t)sprintf(p + n, "%zu,", i % 1000);
    p[n - 1] = ']';
    memset(p + n, '7', OX_PADDING);
    for (size_t r = 0; r < nrows; r++) {
        ox_fields fields;
        ox_fields_init(&fields);
        CHECK(rows[r]->scan_array(p, n, NULL, &fields) == OX_JSON_OK, "%s", rows[r]->name);
        CHECK(fields.count == items, "%s: %zu elements", rows[r]->name, fields.count);
        ox_number last;
        ox_value *v = &fields.items[items - 1].value;
        CHECK(rows[r]->number(v->p, v->n, &last) == OX_JSON_OK, "%s", rows[r]->name);
        CHECK(last.kind == OX_NUMBER_I64 && last.as.i64 == (long long)((items - 1) % 1000), "%s", rows[r]->name);
        ox_fields_free(&fields);
    }
    free(p);
}

/* An index costs memory for as long as its document is kept: it is left out where it would take much of it. */
static void indexes(const ox_json *row)
{
    size_t n = 4 * (size_t)OX_INDEX_SMALL;
    char *p = malloc(n + OX_PADDING);
    ox_fields fields;
    ox_index index = {0};
    CHECK(p, "no memory");
    ox_fields_init(&fields);
    for (size_t every = 8; every <= 64; every *= 8) {
        memset(p, '1', n + OX_PADDING);
        for (size_t i = every; i < n - 1; i += every)
            p[i] = ',';
        p[0] = '[';
        p[n - 1] = ']';
        CHECK(row->scan_array(p, n, &index, &fields) == OX_JSON_OK, "%s", row->name);
        CHECK(!index.at == (every == 8), "%s: the index of a token each %zu bytes", row->name, every / 2);
    }

    /* Of another document: not to be used, and kept as it is. */
    static const char other[] = "[1, 2]                                                                          ";
    const uint32_t *at = index.at;
    CHECK(row->scan_array(other, 6, &index, &fields) == OX_JSON_OK && fields.count == 2, "%s", row->name);
    CHECK(index.at == at && index.base == p, "%s: an index that changed hands", row->name);
    ox_index_free(&index);
    CHECK(!index.at && !index.count, "%s: an index that was freed", row->name);
    ox_fields_free(&fields);
    free(p);
}

static void strings(const ox_json *row)
{
    char text[200 + OX_PADDING];
    for (size_t n = 0; n < 200; n++) {
        memset(text, '\\', sizeof text); /* whatever is behind the string must not count */
        memset(text, 'x', n);
        CHECK(row->classify(text, n) == 0, "%s: %zu plain bytes", row->name, n);
        for (size_t at = 0; at < n; at++) {
            text[at] = '\\';
            CHECK(row->classify(text, n) == OX_ESCAPED, "%s: backslash at %zu of %zu", row->name, at, n);
            text[at] = '\xc3';
            CHECK(row->classify(text, n) == OX_NON_ASCII, "%s: high byte at %zu of %zu", row->name, at, n);
            text[at] = 'x';
        }
    }
    char out[16 + OX_PADDING];
    size_t length = 0;
    memset(text, ' ', sizeof text);
    memcpy(text, "a\\n\\u00e9\"", 10);
    CHECK(row->unescape(text, 9, out, &length) == OX_JSON_OK && length == 4, "%s", row->name);
    CHECK(memcmp(out, "a\n\xc3\xa9", 4) == 0, "%s", row->name);
    memcpy(text, "\\ud800\"", 7);
    CHECK(row->unescape(text, 6, out, &length) == OX_JSON_SYNTAX, "%s", row->name);
}

static void stops(const ox_json *row)
{
    static const char text[] = "{\"a\": [1, null]}                                                                ";
    static log out;
    ox_visitor stopping = visitor;
    stopping.null = refuse;
    CHECK(row->walk(text, 16, &stopping, &out) == OX_JSON_STOPPED, "%s", row->name);
}

int main(void)
{
    for (size_t i = 0; i < 3; i++) {
        const ox_json *row = ox_json_by_kernels(kernels[i]);
        if (row)
            rows[nrows++] = row;
    }
    CHECK(nrows, "no row at all");
    CHECK(ox_json_by_kernels("sse9") == NULL, "a row that does not exist");
    for (size_t i = 0; i < sizeof documents / sizeof *documents; i++)
        for (size_t n = 0; n <= strlen(documents[i]); n++)
            rows_agree(documents[i], n);
    deep(OX_MAX_DEPTH, OX_JSON_OK);
    deep(OX_MAX_DEPTH + 1, OX_JSON_DEPTH);
    deep(100000, OX_JSON_DEPTH);
    deep_tree(OX_TREE_DEPTH + 1, OX_JSON_OK);
    deep_tree(OX_TREE_DEPTH + 2, OX_JSON_DEPTH);
    large();
    for (size_t r = 0; r < nrows; r++) {
        indexes(rows[r]);
        strings(rows[r]);
        stops(rows[r]);
    }
    printf("%zu rows of simdjson %s\n", nrows, rows[0]->version);
    return 0;
}
