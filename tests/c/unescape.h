/* What unescaping is, a byte at a time: the oracle of test_unescape.c and of the fuzzer. */
#ifndef OXIDE_TESTS_UNESCAPE_H
#define OXIDE_TESTS_UNESCAPE_H

#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "oxide/document.h"

static int plain_hex(const char *p, const char *end, unsigned *out)
{
    *out = 0;
    if (end - p < 4)
        return 0;
    for (int i = 0; i < 4; i++) {
        static const char digits[] = "0123456789abcdefABCDEF";
        const char *at = p[i] ? strchr(digits, p[i]) : NULL;
        if (!at)
            return 0;
        unsigned value = (unsigned)(at - digits);
        *out = *out * 16 + (value > 15 ? value - 6 : value);
    }
    return 1;
}

/* The length of the result, or -1 where simdjson refuses: a bad escape, or half of a surrogate pair. */
static long plain_unescape(const char *p, size_t n, char *out)
{
    static const char letters[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    const char *end = p + n;
    char *o = out;
    while (p < end) {
        if (*p != '\\') {
            *o++ = *p++;
            continue;
        }
        if (++p == end)
            return -1;
        const char *at = *p ? strchr(letters, *p) : NULL;
        if (at) {
            *o++ = meant[at - letters];
            p++;
            continue;
        }
        unsigned c, low;
        if (*p != 'u' || !plain_hex(p + 1, end, &c))
            return -1;
        p += 5;
        if (c >= 0xdc00 && c < 0xe000)
            return -1;
        if (c >= 0xd800 && c < 0xdc00) {
            if (end - p < 6 || p[0] != '\\' || p[1] != 'u' || !plain_hex(p + 2, end, &low) || low < 0xdc00 || low > 0xdfff)
                return -1;
            c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
            p += 6;
        }
        if (c < 0x80) {
            *o++ = (char)c;
        } else if (c < 0x800) {
            *o++ = (char)(0xc0 | c >> 6);
            *o++ = (char)(0x80 | (c & 63));
        } else if (c < 0x10000) {
            *o++ = (char)(0xe0 | c >> 12);
            *o++ = (char)(0x80 | (c >> 6 & 63));
            *o++ = (char)(0x80 | (c & 63));
        } else {
            *o++ = (char)(0xf0 | c >> 18);
            *o++ = (char)(0x80 | (c >> 12 & 63));
            *o++ = (char)(0x80 | (c >> 6 & 63));
            *o++ = (char)(0x80 | (c & 63));
        }
    }
    return (long)(o - out);
}

/* A row against the oracle: on blocks of exactly the room that is promised, so that the sanitizers see a byte outside. */
static void unescapes(const ox_json *row, const char *text, size_t n, char behind)
{
    char *p = malloc(n + OX_PADDING), *out = malloc(n + OX_PADDING), *expected = malloc(n + 1);
    size_t length = 0;
    CHECK(p && out && expected, "no memory");
    memcpy(p, text, n);
    memset(p + n, behind, OX_PADDING);
    p[n] = '"';
    long wanted = plain_unescape(p, n, expected);
    int code = row->unescape(p, n, out, &length);
    CHECK(code == (wanted < 0 ? OX_JSON_SYNTAX : OX_JSON_OK), "%s: %d for %.*s", row->name, code, (int)n, text);
    CHECK(wanted < 0 || (length == (size_t)wanted && memcmp(out, expected, length) == 0), "%s: %.*s became %.*s",
          row->name, (int)n, text, (int)length, out);
    free(p);
    free(out);
    free(expected);
}

#endif
