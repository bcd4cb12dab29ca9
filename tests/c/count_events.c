/* What the instruction count runs: `count_events N PER_READ` decodes N typical delta events, PER_READ of
 * them a read. */
#include <string.h>

#include "check.h"
#include "oxide/sse.h"

static const char event[] =
    "event: response.output_text.delta\n"
    "data: {\"type\":\"response.output_text.delta\",\"sequence_number\":1234,"
    "\"item_id\":\"msg_68af4030592c81938ec0a5fbab4a3e9f05438e46b5f69a3b\",\"output_index\":0,"
    "\"content_index\":0,"
    "\"delta\":\" hello\",\"logprobs\":[],\"obfuscation\":\"abcd\"}"
    "\n\n";

int main(int argc, char **argv)
{
    size_t n = argc > 1 ? strtoull(argv[1], NULL, 10) : 10000;
    size_t per_read = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    size_t size = sizeof event - 1, got = 0;
    char *read = malloc(per_read * size);
    ox_sse s;
    ox_sse_event ev;
    CHECK(read && per_read && ox_sse_init(&s, NULL, 0, 0) == 0, "setup");
    for (size_t i = 0; i < per_read; i++)
        memcpy(read + i * size, event, size);
    for (size_t i = 0; i < n; i += per_read) {
        CHECK(ox_sse_feed(&s, read, per_read * size) == 0, "feed");
        while (ox_sse_next(&s, &ev) == 1)
            got += ev.route != 0;
    }
    CHECK(got >= n, "%zu events", got);
    ox_sse_free(&s);
    free(read);
    printf("%zu events of %zu bytes, %zu a read\n", got, size, per_read);
    return 0;
}
