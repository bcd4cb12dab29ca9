/* Every row against the obvious decoder, on heap blocks of the exact size. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "oxide/base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* One character at a time: what is the n-th bit of the text? */
static ptrdiff_t obvious(const char *p, size_t n, unsigned char *out)
{
    unsigned bits = 0, held = 0;
    ptrdiff_t size = 0;
    size_t padding = 0;
    if (n % 4)
        return -1;
    for (size_t i = 0; i < n; i++) {
        const char *at = p[i] ? strchr(alphabet, p[i]) : NULL;
        if (p[i] == '=' && i + 2 >= n) {
            padding++;
            continue;
        }
        if (!at || padding)
            return -1;
        bits = (bits << 6 | (unsigned)(at - alphabet)) & 0xffffff;
        held += 6;
        if (held >= 8) {
            held -= 8;
            out[size++] = (unsigned char)(bits >> held);
        }
    }
    return size;
}

static void same(const ox_kernels *row, const char *text, size_t n)
{
    /* Blocks of their own, so that a read or write past the end is one past the block. */
    char *p = malloc(n + !n);
    size_t room = OX_BASE64_ROOM(n);
    unsigned char *got = malloc(room + !room), *expected = malloc(n + 1);
    CHECK(p && got && expected, "no memory");
    memcpy(p, text, n);
    ptrdiff_t wanted = obvious(p, n, expected), size = ox_base64_decode(row, p, n, got);
    CHECK(size == wanted, "%s: %zu characters give %td bytes, not %td", row->name, n, size, wanted);
    CHECK(size <= 0 || memcmp(got, expected, (size_t)size) == 0, "%s: %zu characters", row->name, n);
    free(p);
    free(got);
    free(expected);
}

static void every_length(const ox_kernels *row)
{
    unsigned long long seed = 88172645463325252ULL;
    char text[320];
    for (size_t n = 0; n <= sizeof text; n++) {
        for (int round = 0; round < 8; round++) {
            for (size_t i = 0; i < n; i++)
                text[i] = alphabet[next_random(&seed) >> 58];
            same(row, text, n);
            for (size_t padding = 1; padding <= 3 && padding <= n; padding++) {
                text[n - padding] = '=';
                same(row, text, n);
            }
        }
    }
}

static void every_byte_at_every_position(const ox_kernels *row)
{
    char text[160];
    for (size_t at = 0; at < sizeof text; at++) {
        for (size_t i = 0; i < sizeof text; i++)
            text[i] = alphabet[i % 64];
        for (int byte = 0; byte < 256; byte++) {
            text[at] = (char)byte;
            same(row, text, sizeof text);
        }
    }
}

int main(void)
{
    const ox_kernels *rows[8];
    size_t count = ox_kernels_usable(rows, 8);
    for (size_t i = 0; i < count; i++) {
        every_length(rows[i]);
        every_byte_at_every_position(rows[i]);
        printf("%s: same as the obvious decoder\n", rows[i]->name);
    }
    const unsigned char one_and_a_half[4] = {0, 0, 0xc0, 0x3f};
    CHECK(ox_float_le(one_and_a_half) == 1.5f, "low byte first");
    return 0;
}
