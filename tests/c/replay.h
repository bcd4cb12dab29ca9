/* Decodes bytes cut in a given way and writes down what came out, so that two runs can be compared as
 * memory. */
#ifndef OXIDE_TESTS_REPLAY_H
#define OXIDE_TESTS_REPLAY_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "oxide/router.h"
#include "oxide/sse.h"

typedef struct replay_event {
    long at; /* bytes fed when it came out; -1: at close */
    int error; /* 0, or the code that ended the stream: then nothing else is set */
    uint16_t route;
    int64_t retry_ms;
    int has_id;
    size_t name_len, id_len, data_len;
    char *text; /* name, id and data, one after another */
} replay_event;

typedef struct replay_log {
    replay_event *events;
    size_t count, capacity;
} replay_log;

static inline void replay_free(replay_log *log)
{
    for (size_t i = 0; i < log->count; i++)
        free(log->events[i].text);
    free(log->events);
    memset(log, 0, sizeof *log);
}

static inline void replay_note(replay_log *log, long at, int error, const ox_sse_event *ev)
{
    replay_event *e;
    if (log->count == log->capacity) {
        log->capacity = log->capacity ? 2 * log->capacity : 8;
        log->events = realloc(log->events, log->capacity * sizeof *log->events);
        CHECK(log->events, "no memory");
    }
    e = &log->events[log->count++];
    memset(e, 0, sizeof *e);
    e->at = at;
    e->error = error;
    if (error)
        return;
    e->route = ev->route;
    e->retry_ms = ev->retry_ms;
    e->has_id = ev->id != NULL;
    e->name_len = ev->name_len;
    e->id_len = ev->id_len;
    e->data_len = ev->data_len;
    e->text = malloc(ev->name_len + ev->id_len + ev->data_len + 1);
    CHECK(e->text, "no memory");
    memcpy(e->text, ev->name, ev->name_len);
    if (ev->id_len)
        memcpy(e->text + ev->name_len, ev->id, ev->id_len);
    memcpy(e->text + ev->name_len + ev->id_len, ev->data, ev->data_len);
    CHECK(e->route == (ev->name_len ? ox_route(e->text, ev->name_len) : 0), "route %u", e->route);
}

/* Takes out at most so many events; 0 when the stream broke. */
static inline int replay_drain(ox_sse *s, replay_log *log, long at, size_t most)
{
    ox_sse_event ev;
    int got = 0;
    while (most-- > 0 && (got = ox_sse_next(s, &ev)) == 1) {
        volatile char last = ev.data[ev.data_len + OX_SLACK - 1]; /* the sanitizers look at this */
        (void)last;
        replay_note(log, at, 0, &ev);
    }
    if (got < 0)
        replay_note(log, at, got, NULL);
    return got >= 0;
}

/* Pieces end at the offsets in cuts (ascending, below n) and at n; between them a reader takes what there
 * is, or, when appetite is not 0, some number of events drawn from it. Each piece is fed from a heap block
 * of its exact size. */
static inline replay_log replay(const ox_kernels *row, const char *p, size_t n, const size_t *cuts,
                                size_t cut_count, size_t max_event, size_t max_line,
                                unsigned long long appetite)
{
    replay_log log = {0};
    ox_sse s;
    size_t from = 0;
    int alive = 1;
    CHECK(ox_sse_init(&s, row, max_event, max_line) == 0, "row %s", row ? row->name : "active");
    for (size_t i = 0; alive && i <= cut_count; i++) {
        size_t to = i < cut_count ? cuts[i] : n;
        char *piece = malloc(to - from ? to - from : 1);
        CHECK(piece, "no memory");
        memcpy(piece, p + from, to - from);
        CHECK(ox_sse_feed(&s, piece, to - from) == 0, "feed");
        free(piece);
        alive = replay_drain(&s, &log, (long)to, appetite ? next_random(&appetite) % 4 : SIZE_MAX);
        from = to;
    }
    if (alive) {
        CHECK(ox_sse_close(&s) == 0, "close");
        alive = replay_drain(&s, &log, -1, SIZE_MAX);
    }
    if (alive)
        CHECK(ox_sse_buffered(&s) == 0, "%zu bytes left after close", ox_sse_buffered(&s));
    ox_sse_free(&s);
    return log;
}

static inline int replay_same_event(const replay_event *a, const replay_event *b)
{
    return a->error == b->error && a->route == b->route && a->retry_ms == b->retry_ms &&
           a->has_id == b->has_id && a->name_len == b->name_len &&
           a->id_len == b->id_len && a->data_len == b->data_len &&
           (a->error || memcmp(a->text, b->text, a->name_len + a->id_len + a->data_len) == 0);
}

static inline int replay_same(const replay_log *a, const replay_log *b)
{
    if (a->count != b->count)
        return 0;
    for (size_t i = 0; i < a->count; i++)
        if (!replay_same_event(&a->events[i], &b->events[i]))
            return 0;
    return 1;
}

#endif
