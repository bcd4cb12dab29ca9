#include <string.h>

#include "check.h"
#include "oxide/router.h"

static uint16_t on_heap(const char *name, size_t n)
{
    char *p = malloc(n ? n : 1);
    uint16_t id;
    CHECK(p, "no memory");
    memcpy(p, name, n);
    id = ox_route(p, n); /* a block of the exact size: reading past it is seen by the sanitizers */
    free(p);
    return id;
}

int main(void)
{
    uint16_t count = ox_route_count();
    char text[300];
    CHECK(count > 50, "%u routes", count);
    CHECK(ox_route_name(0) == NULL && ox_route_name((uint16_t)(count + 1)) == NULL, "outside 1..count");
    for (uint16_t id = 1; id <= count; id++) {
        const char *name = ox_route_name(id);
        size_t n = strlen(name);
        CHECK(on_heap(name, n) == id, "%s", name);
        for (size_t at = 0; at < n; at++) { /* one byte changed anywhere is another name */
            memcpy(text, name, n);
            text[at] ^= 1;
            CHECK(on_heap(text, n) != id, "%.*s is not %s", (int)n, text, name);
            CHECK(on_heap(name, at) != id, "%.*s is not %s", (int)at, name, name);
        }
        memcpy(text, name, n);
        text[n] = 'x';
        CHECK(on_heap(text, n + 1) != id, "%s with one more", name);
    }
    memset(text, 'r', sizeof text);
    for (size_t n = 0; n <= 260; n++)
        CHECK(on_heap(text, n) == 0, "%zu bytes", n);
    CHECK(on_heap("response.output_text.delta", 26) != 0, "the event there is most of");
    CHECK(on_heap("error", 5) != 0 && on_heap("done", 4) != 0, "short names");
    printf("%u routes\n", count);
    return 0;
}
