#include "oxide/sse.h"

#include <stdlib.h>
#include <string.h>

#include "oxide/router.h"

#if defined(_MSC_VER)
#include <intrin.h>
static inline unsigned lowest_bit(uint64_t x)
{
    unsigned long at;
    _BitScanForward64(&at, x);
    return at;
}
#define unlikely(x) (x)
#define COLD __declspec(noinline)
#else
static inline unsigned lowest_bit(uint64_t x) { return (unsigned)__builtin_ctzll(x); }
#define unlikely(x) __builtin_expect(!!(x), 0)
#define COLD __attribute__((noinline, cold))
#endif

#define NONE OX_SSE_NONE

int ox_sse_init(ox_sse *s, const ox_kernels *kernels, size_t max_event, size_t max_line)
{
    memset(s, 0, sizeof *s);
    s->kernels = kernels ? kernels : ox_kernels_active();
    s->max_event = max_event ? max_event : OX_SSE_MAX_EVENT;
    s->max_line = max_line ? max_line : OX_SSE_MAX_EVENT;
    s->max_either = s->max_event < s->max_line ? s->max_event : s->max_line;
    s->data_len = NONE;
    s->retry_ms = -1;
    s->mask = UINT64_MAX;
    return s->kernels ? 0 : (s->error = OX_SSE_EROW);
}

void ox_sse_free(ox_sse *s)
{
    ox_buffer_free(&s->in);
    free(s->id.base);
    free(s->late_name.base);
    s->id.base = s->late_name.base = NULL;
    s->id.len = s->id.block = s->late_name.len = s->late_name.block = 0;
    s->event = s->line = s->scanned = 0;
    s->has_id = 0;
    s->error = OX_SSE_ECLOSED;
}

static int set_text(ox_sse_text *t, const char *p, size_t n)
{
    if (n >= t->block) {
        char *base = realloc(t->base, n + 1);
        if (!base)
            return OX_SSE_ENOMEM;
        t->base = base;
        t->block = n + 1;
    }
    if (n)
        memcpy(t->base, p, n);
    t->len = n;
    return 0;
}

/* The first n bytes of the buffer are gone. Offsets that mean nothing now (no data, no name) may wrap; nobody reads
 * them before they are set again. */
static void rebase(ox_sse *s, size_t n)
{
    s->event -= n;
    s->line -= n;
    s->data -= n;
    s->name -= s->name == NONE ? 0 : n;
    s->block -= n;
    s->scanned -= n;
}

int ox_sse_feed(ox_sse *s, const char *p, size_t n)
{
    size_t dropped;
    if (unlikely(s->error))
        return s->error;
    if (unlikely(s->closed))
        return OX_SSE_ECLOSED;
    if (s->event == s->in.end) { /* nothing is held: start at the front again, so that nothing ever has to move */
        rebase(s, s->in.end);
        s->in.end = 0;
    }
    if (unlikely(s->in.block < OX_SLACK || n > s->in.block - OX_SLACK - s->in.end)) {
        if (ox_buffer_reserve(&s->in, s->event, n, &dropped))
            return OX_SSE_ENOMEM;
        rebase(s, dropped);
    }
    if (n)
        memcpy(s->in.base + s->in.end, p, n);
    s->in.end += n;
    return 0;
}

int ox_sse_close(ox_sse *s)
{
    int error = 0;
    if (s->closed)
        return 0;
    /* Two line ends finish whatever is open: a cut line and its event, or, after a CR, the pair and the event. */
    if (s->event != s->in.end)
        error = ox_sse_feed(s, "\n\n", 2);
    s->closed = 1;
    return error;
}

size_t ox_sse_buffered(const ox_sse *s) { return s->in.end - s->event; }

size_t ox_sse_error_size(const ox_sse *s) { return s->error_size; }

/* Line ends of the next bytes not looked at yet; 0 when there are none. */
static int scan(ox_sse *s)
{
    size_t n = s->in.end - s->scanned;
    if (n == 0)
        return 0;
    if (n > OX_SSE_WORDS * 64)
        n = OX_SSE_WORDS * 64;
    s->kernels->eol_masks(s->in.base + s->scanned, n, s->words);
    s->block = s->scanned;
    s->scanned += n;
    s->words_used = (uint32_t)((n + 63) / 64);
    s->words[s->words_used] = UINT64_MAX;
    return 1;
}

/* Which cap the bytes [event, end) with a line from `line` on break first, if any: the answer may not depend on how
 * many of the bytes had arrived when the question was asked. */
static COLD int over_cap(ox_sse *s, size_t event, size_t line, size_t end)
{
    size_t event_room = event + s->max_event, line_room = line + s->max_line;
    if (event_room < s->max_event) /* a cap of SIZE_MAX wraps */
        event_room = SIZE_MAX;
    if (line_room < s->max_line)
        line_room = SIZE_MAX;
    if (end <= event_room && end <= line_room)
        return 0;
    s->error = event_room <= line_room ? OX_SSE_EEVENT : OX_SSE_ELINE;
    s->error_size = end - (s->error == OX_SSE_EEVENT ? event : line);
    ox_buffer_free(&s->in);
    s->event = s->line = s->scanned = 0;
    return s->error;
}

/* Fields other than `data:` and `event:` with a colon. Returns 0 or an error. */
static COLD int rare_field(ox_sse *s, const char *p, size_t n)
{
    const char *colon = memchr(p, ':', n);
    size_t key = colon ? (size_t)(colon - p) : n;
    const char *value = colon ? colon + 1 : p + n;
    size_t len = n - (size_t)(value - p);
    if (len && *value == ' ') {
        value++;
        len--;
    }
    if (key == 2 && memcmp(p, "id", 2) == 0) {
        if (len && memchr(value, 0, len))
            return 0;
        s->has_id = 1;
        return set_text(&s->id, value, len);
    }
    if (key == 5 && memcmp(p, "retry", 5) == 0) {
        int64_t ms = 0;
        for (size_t i = 0; i < len; i++) {
            if (value[i] < '0' || value[i] > '9')
                return 0;
            ms = ms > (INT64_MAX - 9) / 10 ? INT64_MAX : ms * 10 + (value[i] - '0');
        }
        if (len)
            s->retry_ms = ms;
    }
    return 0;
}

/* A further `data` line: its value moves down to behind the LF that joins it to the one before. There is room, because
 * at least "data" and a line end lie between them, and the move costs no more than the bytes received. */
static COLD void join(ox_sse *s, size_t value, size_t n)
{
    char *end = s->in.base + s->data + s->data_len;
    *end = '\n';
    memmove(end + 1, s->in.base + value, n);
    s->data_len += 1 + n;
}

static void set_data(ox_sse *s, size_t value, size_t n)
{
    if (unlikely(s->data_len != NONE)) {
        join(s, value, n);
        return;
    }
    s->data = value;
    s->data_len = n;
}

static int set_name(ox_sse *s, size_t value, size_t n)
{
    s->name = value;
    s->name_len = n;
    if (unlikely(s->data_len != NONE)) { /* a later data line would be moved over it */
        s->name = NONE;
        return set_text(&s->late_name, s->in.base + value, n);
    }
    return 0;
}

/* Whatever is neither `data:` nor `event:` with a colon, from the first line of the stream on. */
static COLD int rare_line(ox_sse *s, size_t line, size_t end)
{
    const char *p = s->in.base + line;
    size_t n = end - line;
    int error = 0;
    if (n == 4 && memcmp(p, "data", 4) == 0) {
        set_data(s, end, 0);
        return 0;
    }
    if (n == 5 && memcmp(p, "event", 5) == 0)
        return set_name(s, end, 0);
    if (*p != ':')
        error = rare_field(s, p, n);
    if (s->data_len == NONE && s->name_len == 0)
        s->event = end + 1; /* pings between events must not pile up in the buffer */
    return error;
}

/* One line that is not blank, at [line, end). */
static inline int take_line(ox_sse *s, size_t line, size_t end)
{
    const char *p = s->in.base + line;
    size_t value;
    /* Comparing past a short line is safe (slack) and cannot match: a line end comes first. */
    if (memcmp(p, "data:", 5) == 0) {
        value = line + 5 + (p[5] == ' ');
        set_data(s, value, end - value);
        return 0;
    }
    if (memcmp(p, "event:", 6) == 0) {
        value = line + 6 + (p[6] == ' ');
        return set_name(s, value, end - value);
    }
    return rare_line(s, line, end);
}

static COLD void fill_rare(const ox_sse *s, ox_sse_event *out)
{
    if (s->has_id) {
        out->id = s->id.base;
        out->id_len = s->id.len;
    }
    if (s->name == NONE)
        out->name = s->late_name.base;
}

/* Nothing more to give out: keep the place, refuse an event that can only grow too large, give memory back. */
static int wait_for_more(ox_sse *s)
{
    s->mask = UINT64_MAX; /* with no words in use, this sends the next call to scan() */
    s->at = s->words_used = 0;
    if (unlikely(s->in.end - s->event > s->max_either)) {
        int error = over_cap(s, s->event, s->line, s->in.end);
        if (error)
            return error;
    }
    if (unlikely(s->in.block > OX_BUFFER_KEEP)) {
        size_t dropped;
        ox_buffer_trim(&s->in, s->event, &dropped);
        rebase(s, dropped);
    }
    return 0;
}

int ox_sse_next(ox_sse *s, ox_sse_event *out)
{
    const char *in;
    size_t block = s->block, line = s->line;
    uint64_t mask = s->mask;
    uint32_t at = s->at;
    int error;
    if (unlikely(s->error))
        return s->error;
    in = s->in.base;
    for (;;) {
        size_t end;
        while (mask == 0)
            mask = s->words[++at];
        if (at >= s->words_used) {
            if (!scan(s)) {
                s->line = line;
                return wait_for_more(s);
            }
            block = s->block;
            at = 0;
            mask = s->words[0];
            continue;
        }
        end = block + (size_t)at * 64 + lowest_bit(mask);
        mask &= mask - 1;
        if (unlikely(end - s->event > s->max_either) && (error = over_cap(s, s->event, line, end)))
            return error;
        if (end != line) {
            if (unlikely(!s->started)) {
                s->started = 1;
                if (end - line >= 3 && memcmp(in + line, "\xEF\xBB\xBF", 3) == 0)
                    line += 3; /* the mark is dropped once; a second one is an ordinary character */
            }
            if (line != end && (error = take_line(s, line, end)))
                return s->error = error;
            s->after_cr = in[end] == '\r';
            line = end + 1;
            continue;
        }
        line = end + 1;
        s->started = 1;
        if (unlikely(s->after_cr) && in[end] == '\n') { /* the second half of CR LF */
            s->after_cr = 0;
            if (s->event == end)
                s->event = line;
            continue;
        }
        s->after_cr = in[end] == '\r';
        s->event = line;
        if (s->data_len == NONE) { /* a block without data is no event, and its name is forgotten */
            s->name_len = 0;
            continue;
        }
        break;
    }
    s->line = line;
    s->mask = mask;
    s->at = at;
    out->data = in + s->data;
    out->data_len = s->data_len;
    out->name = in + s->name;
    out->name_len = s->name_len;
    out->id = NULL;
    out->id_len = 0;
    out->retry_ms = s->retry_ms;
    out->route = 0;
    if (unlikely(s->has_id || s->name == NONE))
        fill_rare(s, out);
    if (s->name_len)
        out->route = ox_route(out->name, s->name_len);
    s->data_len = NONE;
    s->name = 0;
    s->name_len = 0;
    s->retry_ms = -1;
    return 1;
}
