/* JSON documents: simdjson On-Demand behind error codes.
 *
 * Every span handed in must be followed by OX_PADDING readable bytes (they are read, never written, and may hold
 * anything: a value inside a larger padded document qualifies). Nothing handed out is copied: spans point into the
 * input. Functions are thread-safe; each thread keeps one parser for documents up to OX_KEEP bytes. */
#ifndef OXIDE_DOCUMENT_H
#define OXIDE_DOCUMENT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { OX_PADDING = 64, OX_KEEP = 64 * 1024, OX_MAX_DEPTH = 192, OX_TREE_DEPTH = 32, OX_SMALL_FIELDS = 24 };

typedef enum ox_json_error {
    OX_JSON_OK = 0,
    OX_JSON_SYNTAX = -1, /* malformed, or only the standard library can say (NaN, lone surrogates, bad UTF-8 …) */
    OX_JSON_TYPE = -2,   /* well-formed so far, but not the object or array asked for */
    OX_JSON_MEMORY = -3,
    OX_JSON_DEPTH = -4,  /* nested deeper than OX_MAX_DEPTH */
    OX_JSON_NUMBER = -5, /* a number that fits neither 64 bits nor a finite double */
    OX_JSON_STOPPED = -6 /* a visitor returned non-zero */
} ox_json_error;

typedef enum ox_kind {
    OX_MISSING = 0,
    OX_NULL,
    OX_TRUE,
    OX_FALSE,
    OX_INT,
    OX_FLOAT,
    OX_STRING,
    OX_ARRAY,
    OX_OBJECT
} ox_kind;

enum { OX_ESCAPED = 1, OX_NON_ASCII = 2 }; /* what ox_json.classify finds in a string */

typedef struct ox_value {
    const char *p; /* the value's JSON text, strings with their quotes, no surrounding whitespace */
    size_t n;
    ox_kind kind; /* from the first byte: scalars are checked when read, containers when walked */
} ox_value;

typedef struct ox_field {
    const char *key; /* without quotes, as written; NULL for array elements */
    size_t key_len;
    ox_value value;
    int key_escaped; /* non-zero: key holds backslash escapes, unescape before comparing */
    uint32_t after;  /* scan_tree only: position of the next entry that is not inside this one */
} ox_field;

/* A growable list that starts on its owner's stack. */
typedef struct ox_fields {
    ox_field *items;
    size_t count;
    size_t capacity;
    ox_field small[OX_SMALL_FIELDS];
} ox_fields;

static inline void ox_fields_init(ox_fields *f)
{
    f->items = f->small;
    f->count = 0;
    f->capacity = OX_SMALL_FIELDS;
}
void ox_fields_free(ox_fields *);
int ox_fields_grow(ox_fields *); /* OX_JSON_OK or OX_JSON_MEMORY */

/* Where the tokens of a document begin. The first scan it is given to leaves them here, so that those of the values
 * inside find them without looking at the text again; it may leave nothing: see OX_INDEX_SMALL. All zeros at first. */
typedef struct ox_index {
    const char *base;
    uint32_t *at; /* count positions, then the document's length; NULL before the first scan */
    size_t count;
} ox_index;

/* An index is kept where it takes no more bytes than this, or no more than a quarter of its document's. */
enum { OX_INDEX_SMALL = 64 * 1024 };

void ox_index_free(ox_index *);
/* Keeps a copy, if it is worth it; OX_JSON_OK or OX_JSON_MEMORY. */
int ox_index_keep(ox_index *, const char *base, const uint32_t *at, size_t count);

typedef struct ox_key {
    const char *p;
    size_t n;
} ox_key;

typedef enum ox_number_kind { OX_NUMBER_I64, OX_NUMBER_U64, OX_NUMBER_F64 } ox_number_kind;
typedef union ox_number_as {
    int64_t i64;
    uint64_t u64;
    double f64;
} ox_number_as;
typedef struct ox_number {
    ox_number_kind kind;
    ox_number_as as;
} ox_number;

/* Called in document order. A non-zero return stops the walk. Strings and keys are unescaped, not terminated, and
 * valid during the call only; flags has OX_NON_ASCII where a byte is above 0x7f. */
typedef struct ox_visitor {
    int (*null)(void *);
    int (*boolean)(void *, int);
    int (*number)(void *, const ox_number *);
    int (*string)(void *, const char *, size_t, int flags);
    int (*key)(void *, const char *, size_t, int flags);
    int (*begin_array)(void *);
    int (*end_array)(void *, size_t count);
    int (*begin_object)(void *);
    int (*end_object)(void *, size_t count);
} ox_visitor;

/* One simdjson implementation. Functions return an ox_json_error. */
typedef struct ox_json {
    const char *name;    /* simdjson's own: haswell, arm64, fallback */
    const char *version; /* of simdjson */
    /* All top-level fields in order, duplicates included. out must be initialised and is overwritten. The index is that
     * of the document p is in, or NULL. */
    int (*scan_object)(const char *p, size_t n, ox_index *, ox_fields *out);
    int (*scan_array)(const char *p, size_t n, ox_index *, ox_fields *out);
    /* The fields and elements of every level, each container before what is in it, the document itself left out. For
     * small documents: OX_JSON_DEPTH below OX_TREE_DEPTH levels. */
    int (*scan_tree)(const char *p, size_t n, ox_fields *out);
    /* One pass over a top-level object: out[i] is the last value under keys[i], kind OX_MISSING where there is none. */
    int (*pluck)(const char *p, size_t n, ox_index *, const ox_key *keys, size_t nkeys, ox_value *out);
    /* The whole document, every byte of it checked. */
    int (*walk)(const char *p, size_t n, const ox_visitor *, void *context);
    /* A number span of a scan or pluck. */
    int (*number)(const char *p, size_t n, ox_number *out);
    /* OX_ESCAPED | OX_NON_ASCII for p[0, n), the inside of a string. Never reads past p + n. */
    int (*classify)(const char *p, size_t n);
    /* The inside of a string, p[n] being its closing quote. out has room for n + OX_PADDING bytes. */
    int (*unescape)(const char *p, size_t n, char *out, size_t *out_len);
} ox_json;

/* The simdjson row that goes with a row of ox_kernels (avx2, neon, scalar), or NULL where this machine or build
 * has none. */
const ox_json *ox_json_by_kernels(const char *kernels_name);

#ifdef __cplusplus
}
#endif
#endif
