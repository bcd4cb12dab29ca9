/* Every row equals scalar; any split and any pace of reading gives the same events. The first bytes of the
 * input choose caps and cuts. */
#include <stddef.h>
#include <stdint.h>

#include "replay.h"

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
    const ox_kernels *rows[8], *scalar = ox_kernels_by_name("scalar");
    size_t count = ox_kernels_usable(rows, 8), used = 0, max_event, max_line;
    unsigned long long seed;
    size_t *cuts;
    replay_log whole;
    if (size < 4)
        return 0;
    max_event = input[0] < 128 ? 0 : (size_t)input[0] - 127;
    max_line = input[1] < 128 ? 0 : (size_t)input[1] - 127;
    seed = ((unsigned long long)input[2] << 8 | input[3]) + 0x9E3779B97F4A7C15ULL;
    input += 4;
    size -= 4;
    cuts = malloc((size + 1) * sizeof *cuts);
    CHECK(cuts, "no memory");
    whole = replay(scalar, (const char *)input, size, NULL, 0, max_event, max_line, 0);
    for (size_t row = 0; row < count; row++) {
        for (unsigned every = 1; every <= 64; every *= 4) { /* 1: byte by byte */
            replay_log cut;
            used = 0;
            for (size_t at = 1; at < size; at++)
                if (next_random(&seed) % every == 0)
                    cuts[used++] = at;
            for (int greedy = 0; greedy < 2; greedy++) {
                cut = replay(rows[row], (const char *)input, size, cuts, used, max_event, max_line,
                             greedy ? 0 : next_random(&seed));
                CHECK(replay_same(&whole, &cut), "%s, %zu cuts: other events than scalar makes of the whole",
                      rows[row]->name, used);
                replay_free(&cut);
            }
        }
    }
    replay_free(&whole);
    free(cuts);
    return 0;
}
