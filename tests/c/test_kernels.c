/* Every row against scalar, and scalar against the obvious loop, on heap blocks of the exact size. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "oxide/kernels.h"
#include "oxide/sse.h"
#include "replay.h"

#define BLOCKS 5

static void obvious(const char *p, size_t blocks, uint64_t *out)
{
    for (size_t i = 0; i < blocks; i++) {
        out[i] = 0;
        for (unsigned j = 0; j < 64; j++)
            if (p[64 * i + j] == '\n' || p[64 * i + j] == '\r')
                out[i] |= UINT64_C(1) << j;
    }
}

static void same(const ox_kernels *row, const char *p, size_t blocks)
{
    uint64_t expected[BLOCKS], got[BLOCKS + 1];
    memset(got, 0x5a, sizeof got);
    obvious(p, blocks, expected);
    row->eol_masks(p, blocks, got);
    CHECK(memcmp(expected, got, blocks * sizeof *got) == 0, "%s, %zu blocks", row->name, blocks);
    CHECK(got[blocks] == UINT64_C(0x5a5a5a5a5a5a5a5a), "%s wrote past its %zu words", row->name, blocks);
}

static void blocks_at_every_offset(const ox_kernels *row)
{
    unsigned long long seed = 88172645463325252ULL;
    for (size_t blocks = 0; blocks <= BLOCKS; blocks++) {
        for (size_t offset = 0; offset < 64; offset++) {
            char *heap = malloc(offset + 64 * blocks + (blocks == 0));
            char *p = heap + offset;
            CHECK(heap, "no memory");
            for (size_t at = 0; at < 64 * blocks; at++) { /* one line end, at every position */
                memset(heap, 'x', offset + 64 * blocks);
                p[at] = at % 2 ? '\n' : '\r';
                same(row, p, blocks);
            }
            for (int round = 0; round < 16; round++) { /* any bytes, then many line ends */
                for (size_t at = 0; at < offset + 64 * blocks; at++) {
                    unsigned long long r = next_random(&seed);
                    heap[at] = round < 8 ? (char)(r >> 32) : "\n\r\0\x8a\x8d\x1a\x1d\x0b"[r >> 61];
                }
                same(row, p, blocks);
            }
            free(heap);
        }
    }
    for (int byte = 0; byte < 256; byte++) {
        char *p = malloc(64);
        CHECK(p, "no memory");
        memset(p, byte, 64);
        same(row, p, 1);
        free(p);
    }
}

/* The kernel works on whole blocks of the receive buffer; lines of every length, ended at every position,
 * go through it. */
static void lines_of_every_length(const ox_kernels *row, const ox_kernels *scalar)
{
    char *p = malloc(262);
    CHECK(p, "no memory");
    for (size_t n = 0; n <= 260; n++) {
        for (size_t at = 0; at <= n; at++) {
            replay_log a, b;
            memset(p, 'x', n);
            memcpy(p, "data:", n < 5 ? n : 5);
            if (at < n)
                p[at] = at % 3 ? '\n' : '\r';
            a = replay(scalar, p, n, NULL, 0, 0, 0, 0);
            b = replay(row, p, n, &at, 1, 0, 0, 0);
            CHECK(replay_same(&a, &b), "%s: a line end at %zu of %zu", row->name, at, n);
            replay_free(&a);
            replay_free(&b);
        }
    }
    free(p);
}

int main(void)
{
    const ox_kernels *rows[8], *scalar = ox_kernels_by_name("scalar");
    size_t count = ox_kernels_usable(rows, 8);
    CHECK(count >= 1 && scalar && rows[count - 1] == scalar, "scalar is usable everywhere and comes last");
    CHECK(ox_kernels_best() == rows[0], "the best row comes first");
    CHECK(ox_kernels_by_name("sse9") == NULL, "an unknown row is not an excuse for another");
    for (size_t i = 0; i < count; i++) {
        CHECK(ox_kernels_by_name(rows[i]->name) == rows[i], "%s", rows[i]->name);
        blocks_at_every_offset(rows[i]);
        lines_of_every_length(rows[i], scalar);
        printf("%s: as scalar\n", rows[i]->name);
    }
    return 0;
}
