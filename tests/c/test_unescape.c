/* Strings with escapes, on every simdjson row usable here: each escape at every place of a block, runs of backslashes,
 * random mixtures, and strings whose padding ends where the memory does. */
#include "unescape.h"

#if defined(__unix__) || defined(__APPLE__)
#include <sys/mman.h>
#include <unistd.h>
#define PAGES 1
#else
#define PAGES 0
#endif

static const char *const kernels[] = {"avx2", "neon", "scalar"};
static const ox_json *rows[3];
static size_t nrows;

static void check(const char *text, size_t n)
{
    for (size_t r = 0; r < nrows; r++) {
        unescapes(rows[r], text, n, '\\');
        unescapes(rows[r], text, n, 'd');
    }
}

/* Good, bad and halved ones; none can be told by its first bytes alone. */
static const char *const escapes[] = {
    "\\\"", "\\\\", "\\/", "\\b", "\\f", "\\n", "\\r", "\\t", "\\u0041", "\\u00e9", "\\u20AC", "\\uFfFf", "\\u0000", "\\ud83d\\ude00",
    "\\uDBFF\\uDFFF", "\\\\\\\"", "\\\\\\\\\\n", "\\n\\n\\n", "\\\\u0041", "\\q", "\\0", "\\U0041", "\\u", "\\u12", "\\u12g4",
    "\\ud800", "\\ude00", "\\ud800\\n", "\\ud83dxxxxxx", "\\ud83d\\u0041", "\\ud83d\\ud83d", "\\ud83d\\u12", "\\u+123", "\\",
};

static void places(void)
{
    char text[256];
    for (size_t e = 0; e < sizeof escapes / sizeof *escapes; e++) {
        size_t size = strlen(escapes[e]);
        for (size_t at = 0; at < 140; at++) {
            for (size_t after = 0; after < 70; after += after < 3 ? 1 : 13) {
                memset(text, 'x', sizeof text);
                memcpy(text + at, escapes[e], size);
                check(text, at + size + after);
            }
        }
    }
}

static void runs_of_backslashes(void)
{
    char text[300];
    for (size_t run = 0; run < 140; run++)
        for (size_t at = 0; at < 70; at++) {
            memset(text, 'n', sizeof text);
            memset(text + at, '\\', run);
            check(text, at + run + 3);
            check(text, at + run);
        }
}

static void mixtures(void)
{
    char text[700];
    unsigned long long seed = 1;
    for (int i = 0; i < 20000; i++) {
        size_t n = 0, size = next_random(&seed) % 600;
        size_t dense = next_random(&seed) % 40 + 1, good = next_random(&seed) % 20 ? 19 : sizeof escapes / sizeof *escapes;
        while (n < size) {
            const char *e = escapes[next_random(&seed) % good];
            if (next_random(&seed) % dense)
                text[n++] = (char)("ab\"]\xc3\xa9 "[next_random(&seed) % 7]);
            else
                n += strlen(memcpy(text + n, e, strlen(e) + 1));
        }
        check(text, n);
    }
}

/* What lies behind the padding may not be there at all. */
static void page_ends(void)
{
#if PAGES
    size_t page = (size_t)sysconf(_SC_PAGESIZE), length;
    char *p = mmap(NULL, 4 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0), expected[300];
    CHECK(p != MAP_FAILED, "no memory");
    char *in = p + page - OX_PADDING, *out = p + 3 * page - OX_PADDING;
    CHECK(mprotect(p + page, page, PROT_NONE) == 0 && mprotect(p + 3 * page, page, PROT_NONE) == 0, "no guard");
    memset(in, '\\', OX_PADDING);
    *in = '"';
    for (size_t e = 0; e < sizeof escapes / sizeof *escapes; e++) {
        size_t size = strlen(escapes[e]);
        for (size_t n = size; n < 200; n++)
            for (size_t at = n - size;; at = at > 9 ? at - 9 : 0) { /* from the string's end to its beginning */
                memset(in - n, 'x', n);
                memcpy(in - n + at, escapes[e], size);
                long wanted = plain_unescape(in - n, n, expected);
                for (size_t r = 0; r < nrows; r++) {
                    int code = rows[r]->unescape(in - n, n, out - n, &length);
                    CHECK((code == OX_JSON_OK) == (wanted >= 0), "%s: %s at %zu of %zu", rows[r]->name, escapes[e], at, n);
                    CHECK(code || (length == (size_t)wanted && memcmp(out - n, expected, length) == 0),
                          "%s: %s at %zu of %zu", rows[r]->name, escapes[e], at, n);
                }
                if (!at)
                    break;
            }
    }
    munmap(p, 4 * page);
#endif
}

int main(void)
{
    for (size_t i = 0; i < 3; i++) {
        const ox_json *row = ox_json_by_kernels(kernels[i]);
        if (row)
            rows[nrows++] = row;
    }
    CHECK(nrows, "no row at all");
    places();
    runs_of_backslashes();
    mixtures();
    page_ends();
    printf("%zu rows\n", nrows);
    return 0;
}
