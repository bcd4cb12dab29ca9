/* What the golden cases cannot say: memory, caps, life cycle. */
#include <string.h>

#include "check.h"
#include "oxide/sse.h"

static void feed(ox_sse *s, const char *text)
{
    CHECK(ox_sse_feed(s, text, strlen(text)) == 0, "feed");
}

static void start(ox_sse *s, size_t max_event, size_t max_line)
{
    CHECK(ox_sse_init(s, NULL, max_event, max_line) == 0, "init");
}

static void data_is_not_copied(void)
{
    ox_sse s;
    ox_sse_event ev;
    const char *text = "event: response.output_text.delta\ndata: {\"a\":1}\n\n";
    start(&s, 0, 0);
    for (int i = 0; i < 3; i++) {
        feed(&s, text);
        CHECK(ox_sse_next(&s, &ev) == 1, "an event");
        CHECK(ev.data == s.in.base + 40, "the span lies in the receive buffer");
        CHECK(ev.data_len == 7 && memcmp(ev.data, "{\"a\":1}", 7) == 0, "the value");
        CHECK(ox_sse_next(&s, &ev) == 0 && ox_sse_buffered(&s) == 0, "nothing left");
    }
    CHECK(s.in.moved == 0, "%zu bytes moved for events that came whole", s.in.moved);
    ox_sse_free(&s);
}

/* One event of n bytes in pieces, and then m events cut at an odd place each: the bytes moved stay linear. */
static void moves_are_linear(size_t piece)
{
    ox_sse s;
    ox_sse_event ev;
    size_t total = 8 << 20, fed = 6, events = 0;
    char *block = malloc(piece);
    CHECK(block, "no memory");
    memset(block, 'x', piece);
    start(&s, 0, 0);
    feed(&s, "data: ");
    for (; fed < total; fed += piece) {
        CHECK(ox_sse_feed(&s, block, piece) == 0 && ox_sse_next(&s, &ev) == 0, "not yet");
    }
    CHECK(s.in.moved <= 2 * total, "%zu bytes moved for %zu in pieces of %zu", s.in.moved, total, piece);
    feed(&s, "\n\n");
    CHECK(ox_sse_next(&s, &ev) == 1 && ev.data_len == fed - 6, "the giant");
    s.in.moved = 0;
    memcpy(block, "data: y\n\ndata: z", 16);
    for (size_t i = 0; i < 100000; i++) {
        CHECK(ox_sse_feed(&s, block, 16) == 0, "feed");
        while (ox_sse_next(&s, &ev) == 1)
            events++;
    }
    CHECK(events == 100000, "%zu events", events);
    CHECK(s.in.moved <= 2 * 16 * 100000, "%zu bytes moved for %d", s.in.moved, 16 * 100000);
    ox_sse_free(&s);
    free(block);
}

static void memory_is_given_back(void)
{
    static const char tail[] = "\n\ndata: z";
    ox_sse s;
    ox_sse_event ev;
    size_t n = 20 << 20;
    char *giant = malloc(n);
    CHECK(giant, "no memory");
    start(&s, 0, 0);
    CHECK(s.in.block == 0, "a stream that has seen nothing holds nothing");
    memset(giant, 'x', n);
    memcpy(giant, "data: ", 6);
    memcpy(giant + n - sizeof tail + 1, tail, sizeof tail - 1);
    CHECK(ox_sse_feed(&s, giant, n) == 0, "feed");
    CHECK(ox_sse_next(&s, &ev) == 1 && s.in.block > n, "the giant is held while its span is out");
    CHECK(ox_sse_next(&s, &ev) == 0 && s.in.block <= OX_BUFFER_KEEP, "%zu bytes held afterwards", s.in.block);
    feed(&s, "!\n\n");
    CHECK(ox_sse_next(&s, &ev) == 1 && ev.data_len == 2 && memcmp(ev.data, "z!", 2) == 0, "the cut event");
    CHECK(ox_sse_feed(&s, giant, n - sizeof tail + 1) == 0 && ox_sse_next(&s, &ev) == 0, "an open giant");
    feed(&s, "\n\n");
    CHECK(ox_sse_next(&s, &ev) == 1 && ox_sse_next(&s, &ev) == 0, "one event");
    CHECK(s.in.block == 0, "%zu bytes held, none needed", s.in.block);
    ox_sse_free(&s);
    free(giant);
}

static void names_and_ids_are_given_back(void)
{
    ox_sse s;
    ox_sse_event ev;
    size_t n = 1 << 20;
    char *giant = malloc(n);
    CHECK(giant, "no memory");
    memset(giant, 'x', n);
    start(&s, 0, 0);
    feed(&s, "data: 1\nid: ");
    CHECK(ox_sse_feed(&s, giant, n) == 0, "feed");
    feed(&s, "\nevent: ");
    CHECK(ox_sse_feed(&s, giant, n) == 0, "feed");
    feed(&s, "\n\n");
    CHECK(ox_sse_next(&s, &ev) == 1 && ev.name_len == n && ev.id_len == n && ev.name[n - 1] == 'x', "both");
    feed(&s, "id: 2\ndata: 2\nevent: y\n\n");
    CHECK(ox_sse_next(&s, &ev) == 1 && ev.name_len == 1 && *ev.name == 'y' && *ev.id == '2', "small ones");
    CHECK(s.id.block < 16 && s.late_name.block < 16, "%zu and %zu bytes held", s.id.block, s.late_name.block);
    CHECK(ox_sse_feed(&s, giant, n) == 0, "feed");
    feed(&s, "\n\ndata: 3\nevent: ");
    CHECK(ox_sse_feed(&s, giant, n) == 0, "feed");
    feed(&s, "\n\n");
    CHECK(ox_sse_next(&s, &ev) == 1 && ev.name_len == n, "a large name");
    CHECK(ox_sse_next(&s, &ev) == 0 && s.late_name.block < 16, "%zu bytes held", s.late_name.block);
    ox_sse_free(&s);
    free(giant);
}

static void pings_do_not_pile_up(void)
{
    ox_sse s;
    ox_sse_event ev;
    start(&s, 64, 64);
    for (int i = 0; i < 100000; i++) {
        feed(&s, ": ping\n");
        CHECK(ox_sse_next(&s, &ev) == 0, "a comment is no event");
    }
    CHECK(s.in.block <= 1024 && ox_sse_buffered(&s) == 0, "%zu bytes held", s.in.block);
    feed(&s, "data: x\n\n");
    CHECK(ox_sse_next(&s, &ev) == 1, "the event after them");
    ox_sse_free(&s);
}

static void caps(void)
{
    ox_sse s;
    ox_sse_event ev;
    start(&s, 40, 20);
    feed(&s, "data: 12345678901234\n\n"); /* a line of 20 */
    CHECK(ox_sse_next(&s, &ev) == 1 && ox_sse_next(&s, &ev) == 0, "at the cap");
    feed(&s, "data: 123456789012345");
    CHECK(ox_sse_next(&s, &ev) == OX_SSE_ELINE && ox_sse_error_size(&s) == 21, "above it");
    CHECK(s.in.block == 0, "a broken stream holds nothing");
    CHECK(ox_sse_next(&s, &ev) == OX_SSE_ELINE && ox_sse_feed(&s, "x", 1) == OX_SSE_ELINE, "for ever");
    CHECK(ox_sse_close(&s) == OX_SSE_ELINE, "and at close");
    ox_sse_free(&s);
    start(&s, 40, 20);
    feed(&s, "data: 12345678901\ndata: 12345678901\ndata: 1\n\n");
    CHECK(ox_sse_next(&s, &ev) == OX_SSE_EEVENT, "lines below their cap, the event above its own");
    ox_sse_free(&s);
}

static void life_cycle(void)
{
    ox_sse s;
    ox_sse_event ev;
    start(&s, 0, 0);
    CHECK(s.max_event == OX_SSE_MAX_EVENT && s.max_line == OX_SSE_MAX_EVENT, "0 is the default");
    CHECK(ox_sse_feed(&s, NULL, 0) == 0 && ox_sse_next(&s, &ev) == 0, "nothing is fine");
    feed(&s, "data: x");
    CHECK(ox_sse_close(&s) == 0 && ox_sse_close(&s) == 0, "twice");
    CHECK(ox_sse_next(&s, &ev) == 1 && ox_sse_next(&s, &ev) == 0, "the last event");
    CHECK(ox_sse_feed(&s, "x", 1) == OX_SSE_ECLOSED, "closed");
    ox_sse_free(&s);
    CHECK(ox_sse_next(&s, &ev) == OX_SSE_ECLOSED && ox_sse_feed(&s, "x", 1) == OX_SSE_ECLOSED, "freed");
}

int main(void)
{
    data_is_not_copied();
    moves_are_linear(1000);
    moves_are_linear(16 * 1024);
    moves_are_linear(65536);
    memory_is_given_back();
    names_and_ids_are_given_back();
    pings_do_not_pile_up();
    caps();
    life_cycle();
    puts("sse: ok");
    return 0;
}
