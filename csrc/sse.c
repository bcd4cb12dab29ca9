#include "oxide/sse.h"

#include <stdlib.h>
#include <string.h>

#include "oxide/router.h"

#if defined(_MSC_VER)
#include <intrin.h>
static inline size_t lowest_bit(uint64_t x)
{
    unsigned long at;
    _BitScanForward64(&at, x);
    return at;
}
#define unlikely(x) (x)
#define COLD __declspec(noinline)
#define NOINLINE __declspec(noinline)
#else
static inline size_t lowest_bit(uint64_t x)
{
    return (size_t)__builtin_ctzll(x) & 63; /* the mask spares a sign extension */
}
#define unlikely(x) __builtin_expect(!!(x), 0)
#define COLD __attribute__((noinline, cold))
#define NOINLINE __attribute__((noinline))
#endif

#define NONE OX_SSE_NONE

/* What keeps an event from being a plain one, before its first byte is read. */
enum {
    FIRST_LINE = 1, /* a byte order mark may come */
    AFTER_CR = 2,   /* an LF would be the second half of a CR LF */
    OPEN = 4,       /* some of the event's lines are taken already */
    EXTRAS = 8,     /* an id or a retry has to be given out */
};

static int fail(ox_sse *s, int error)
{
    s->error = s->refuse = error;
    return error;
}

int ox_sse_init(ox_sse *s, const ox_kernels *kernels, size_t max_event, size_t max_line)
{
    memset(s, 0, sizeof *s);
    s->kernels = kernels ? kernels : ox_kernels_active();
    s->max_event = max_event ? max_event : OX_SSE_MAX_EVENT;
    s->max_line = max_line ? max_line : OX_SSE_MAX_EVENT;
    s->max_either = s->max_event < s->max_line ? s->max_event : s->max_line;
    s->data_len = NONE;
    s->retry_ms = -1;
    s->eols.word = s->words;
    s->eols.mask = s->words[0] = UINT64_MAX;
    s->flags = FIRST_LINE;
    return s->kernels ? 0 : fail(s, OX_SSE_EROW);
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
    fail(s, OX_SSE_ECLOSED);
}

static int set_text(ox_sse_text *t, const char *p, size_t n)
{
    if (n >= t->block || t->block > OX_BUFFER_KEEP) { /* grows, and does not stay large */
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

/* The first n bytes of the buffer are gone. The scanner's base may wrap below 0 and come back: it is only
 * ever added to. */
static COLD void rebase(ox_sse *s, size_t n)
{
    s->event -= n;
    s->line -= n;
    s->scanned -= n;
    s->eols.base -= n;
    if (s->data_len != NONE)
        s->data -= n;
    if (s->name_len && s->name != NONE)
        s->name -= n;
}

int ox_sse_feed(ox_sse *s, const char *p, size_t n)
{
    if (unlikely(s->refuse))
        return s->refuse;
    if (s->event == s->in.end) /* nothing is held: start at the front, and nothing has to move */
        s->event = s->line = s->scanned = s->in.end = 0;
    if (unlikely(s->in.end + n + OX_SLACK > s->in.block || n > SIZE_MAX / 4)) {
        size_t dropped;
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
    if (s->refuse)
        return s->error;
    /* Two line ends finish whatever is open: a cut line and its event, or, after a CR, the pair and the
     * event. */
    if (s->event != s->in.end)
        error = ox_sse_feed(s, "\n\n", 2);
    s->refuse = OX_SSE_ECLOSED;
    return error;
}

size_t ox_sse_buffered(const ox_sse *s) { return s->in.end - s->event; }

size_t ox_sse_error_size(const ox_sse *s) { return s->error_size; }

/* Looks for line ends in the next bytes not looked at yet; 0 when there are none. */
static NOINLINE int scan(ox_sse *s)
{
    size_t n = s->in.end - s->scanned, words;
    if (n == 0)
        return 0;
    if (n > OX_SSE_WORDS * 64)
        n = OX_SSE_WORDS * 64;
    words = (n + 63) / 64;
    /* Whole blocks: the slack is ours to read, and a line end found there lies past `scanned`, as the
     * sentinel does. */
    s->kernels->eol_masks(s->in.base + s->scanned, words, s->words);
    s->words[words] = UINT64_MAX;
    s->eols.word = s->words;
    s->eols.mask = s->words[0];
    s->eols.base = s->scanned;
    s->scanned += n;
    return 1;
}

/* Which cap the bytes [event, end) with a line from `line` on break first, if any: the answer may not
 * depend on how many of the bytes had arrived when the question was asked. */
static COLD int over_cap(ox_sse *s, size_t event, size_t line, size_t end)
{
    size_t event_room = event + s->max_event, line_room = line + s->max_line;
    if (event_room < s->max_event) /* a cap of SIZE_MAX wraps */
        event_room = SIZE_MAX;
    if (line_room < s->max_line)
        line_room = SIZE_MAX;
    if (end <= event_room && end <= line_room)
        return 0;
    fail(s, event_room <= line_room ? OX_SSE_EEVENT : OX_SSE_ELINE);
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
        s->flags |= EXTRAS;
        return set_text(&s->id, value, len);
    }
    if (key == 5 && memcmp(p, "retry", 5) == 0) {
        int64_t ms = 0;
        for (size_t i = 0; i < len; i++) {
            if (value[i] < '0' || value[i] > '9')
                return 0;
            int digit = value[i] - '0';
            ms = ms > (INT64_MAX - digit) / 10 ? INT64_MAX : ms * 10 + digit;
        }
        if (len) {
            s->retry_ms = ms;
            s->flags |= EXTRAS;
        }
    }
    return 0;
}

/* A further `data` line: its value moves down to behind the LF that joins it to the one before. There is
 * room, because at least "data" and a line end lie between them, and the move costs no more than the bytes
 * received. */
static COLD void join(ox_sse *s, size_t value, size_t n)
{
    char *end = s->in.base + s->data + s->data_len;
    *end = '\n';
    memmove(end + 1, s->in.base + value, n);
    s->data_len += 1 + n;
}

static void set_data(ox_sse *s, size_t value, size_t n)
{
    s->flags |= OPEN;
    if (unlikely(s->data_len != NONE)) {
        join(s, value, n);
        return;
    }
    s->data = value;
    s->data_len = n;
}

static int set_name(ox_sse *s, size_t value, size_t n)
{
    s->flags |= OPEN;
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

/* Nothing more to give out: refuse an event that can only grow too large, give memory back. */
static int wait_for_more(ox_sse *s)
{
    size_t dropped;
    if (unlikely(s->in.end - s->event > s->max_either)) {
        int error = over_cap(s, s->event, s->line, s->in.end);
        if (error)
            return error;
    }
    if (unlikely(s->in.block > OX_BUFFER_KEEP)) {
        ox_buffer_trim(&s->in, s->event, &dropped);
        rebase(s, dropped);
        if (s->late_name.block > OX_BUFFER_KEEP && s->name != NONE)
            set_text(&s->late_name, NULL, 0);
    }
    return 0;
}

/* The next line end; an offset from `scanned` on means that the scanned bytes hold no more. */
static inline size_t next_eol(ox_sse_cursor *c)
{
    size_t at;
    while (c->mask == 0) {
        c->mask = *++c->word;
        c->base += 64;
    }
    at = c->base + lowest_bit(c->mask);
    c->mask &= c->mask - 1;
    return at;
}

static inline void give(const ox_sse *s, ox_sse_event *out, size_t data, size_t data_len, size_t name,
                        size_t name_len)
{
    const char *in = s->in.base;
    out->data = in + data;
    out->data_len = data_len;
    out->name = in + name;
    out->name_len = name_len;
    out->id = NULL;
    out->id_len = 0;
    out->retry_ms = -1;
    out->route = 0;
}

/* Gives out an event of the plain shape if its data ends at `end` and a blank line follows, both by LF and
 * scanned. */
static inline int give_plain(ox_sse *s, ox_sse_event *out, ox_sse_cursor *c, size_t data, size_t end,
                             size_t name, size_t name_len, uint16_t route)
{
    size_t blank = end + 1;
    if (unlikely(blank >= s->scanned || blank - s->event > s->max_either ||
                 memcmp(s->in.base + end, "\n\n", 2) != 0))
        return 0;
    next_eol(c); /* which is `blank` */
    s->event = s->line = blank + 1;
    s->eols = *c;
    give(s, out, data, end - data, name, name_len);
    out->route = route;
    return 1;
}

/* An event that begins as the one before did, up to the value of `data:`. */
static NOINLINE int same_head(ox_sse *s, ox_sse_event *out)
{
    ox_sse_cursor c = s->eols;
    size_t line = s->line, end = next_eol(&c);
    if (s->head_name_len)
        end = next_eol(&c);
    return give_plain(s, out, &c, line + s->head_len, end, line + s->head_name, s->head_name_len,
                      s->head_route);
}

/* Keeps the beginning of an event, unless it is long or without the space after `data:`, where it would
 * match an event that has one. */
static void keep_head(ox_sse *s, const char *head, size_t len, size_t name, size_t name_len, uint16_t route)
{
    s->head_len = 0;
    if (len > sizeof s->head || head[len - 1] != ' ')
        return;
    memcpy(s->head, head, len);
    s->head_len = (uint8_t)len;
    s->head_name = (uint8_t)name;
    s->head_name_len = (uint8_t)name_len;
    s->head_route = route;
}

/* The shape that nearly every event of the API has: one `event:` line or none, one `data:` line, a blank
 * line, all ended by LF and all here. Everything else is left, untouched, to any_event: returns 0. */
static NOINLINE int plain_event(ox_sse *s, ox_sse_event *out)
{
    const char *in = s->in.base;
    ox_sse_cursor c = s->eols;
    size_t line = s->line, end = next_eol(&c), name = line, name_len = 0, data;
    uint16_t route = 0;
    if (end < s->scanned && memcmp(in + line, "event:", 6) == 0) {
        name = line + 6 + (in[line + 6] == ' ');
        name_len = end - name;
        if (name_len == 0 || in[end] != '\n')
            return 0;
        line = end + 1;
        end = next_eol(&c);
    }
    if (end >= s->scanned || memcmp(in + line, "data:", 5) != 0)
        return 0;
    data = line + 5 + (in[line + 5] == ' ');
    if (name_len)
        route = ox_route(in + name, name_len);
    keep_head(s, in + s->line, data - s->line, name - s->line, name_len, route);
    return give_plain(s, out, &c, data, end, name, name_len, route);
}

static COLD void give_extras(ox_sse *s, ox_sse_event *out)
{
    out->retry_ms = s->retry_ms;
    s->retry_ms = -1;
    if (s->has_id) {
        out->id = s->id.base;
        out->id_len = s->id.len;
    } else {
        s->flags &= ~(unsigned)EXTRAS;
    }
}

/* A blank line. Returns 1 when it finishes an event. */
static int blank_line(ox_sse *s, ox_sse_event *out)
{
    s->event = s->line;
    s->flags &= ~(unsigned)OPEN;
    if (s->data_len == NONE) { /* a block without data is no event, and its name is forgotten */
        s->name_len = 0;
        return 0;
    }
    give(s, out, s->data, s->data_len, s->name == NONE ? 0 : s->name, s->name_len);
    if (s->name == NONE)
        out->name = s->late_name.base;
    if (s->flags & EXTRAS)
        give_extras(s, out);
    if (s->name_len)
        out->route = ox_route(out->name, s->name_len);
    s->data_len = NONE;
    s->name = s->name_len = 0;
    return 1;
}

/* Any event, one line after another. */
static NOINLINE int any_event(ox_sse *s, ox_sse_event *out)
{
    for (;;) {
        ox_sse_cursor c = s->eols;
        size_t line = s->line, end = next_eol(&c);
        unsigned before = s->flags;
        int error;
        if (end >= s->scanned) {
            if (scan(s))
                continue;
            return wait_for_more(s);
        }
        s->eols = c;
        if (unlikely(end - s->event > s->max_either) && (error = over_cap(s, s->event, line, end)))
            return error;
        s->line = end + 1;
        s->flags &= ~(unsigned)(FIRST_LINE | AFTER_CR);
        if (s->in.base[end] == '\r') {
            s->flags |= AFTER_CR;
        } else if (before & AFTER_CR && end == line) { /* the second half of CR LF */
            if (s->event == end)
                s->event = end + 1;
            continue;
        }
        if (before & FIRST_LINE && end - line >= 3 && memcmp(s->in.base + line, "\xEF\xBB\xBF", 3) == 0)
            line += 3; /* the mark is dropped once; a second one is an ordinary character */
        if (end == line) {
            if (blank_line(s, out))
                return 1;
        } else if ((error = take_line(s, line, end))) {
            return fail(s, error);
        }
    }
}

int ox_sse_next(ox_sse *s, ox_sse_event *out)
{
    if (unlikely(s->error))
        return s->error;
    if (s->event == s->in.end && s->in.block <= OX_BUFFER_KEEP)
        return 0;
    if (s->flags == 0) {
        if (s->scanned == s->line)
            scan(s);
        /* Comparing past the bytes held is safe (slack), and a match there ends past `scanned`. */
        if (s->head_len && memcmp(s->in.base + s->line, s->head, s->head_len) == 0 ? same_head(s, out)
                                                                                    : plain_event(s, out))
            return 1;
    }
    return any_event(s, out);
}
