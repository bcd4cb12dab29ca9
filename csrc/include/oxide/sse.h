/* Server-sent events out of bytes that arrive in any pieces (WHATWG HTML, "Interpreting an event stream"). */
#ifndef OXIDE_SSE_H
#define OXIDE_SSE_H

#include <stddef.h>
#include <stdint.h>

#include "oxide/buffer.h"
#include "oxide/kernels.h"

/* The default of both caps: images arrive as events of many megabytes. */
#define OX_SSE_MAX_EVENT ((size_t)64 << 20)

enum {
    OX_SSE_ENOMEM = -1,
    OX_SSE_EEVENT = -2,  /* an event above max_event */
    OX_SSE_ELINE = -3,   /* a line above max_line */
    OX_SSE_ECLOSED = -4, /* bytes after ox_sse_close */
    OX_SSE_EROW = -5,    /* OXIDE_ISA names a row that is not usable here */
};

typedef struct ox_sse_event {
    const char *data; /* `data:` lines joined by LF; in the receive buffer, OX_SLACK readable bytes follow */
    size_t data_len;
    const char *name; /* `event:` */
    size_t name_len;  /* 0: unnamed */
    const char *id;   /* the last `id:` seen on this stream, not only in this event; NULL: none so far */
    size_t id_len;
    int64_t retry_ms; /* `retry:` seen since the event before; -1: none */
    uint16_t route;   /* 0: unnamed, or a name the API description does not list */
} ox_sse_event;

#define OX_SSE_WORDS 64 /* 64 bytes of input a word */

typedef struct ox_sse_text {
    char *base;
    size_t len, block;
} ox_sse_text;

/* A place among the line ends found: what is left of *word, whose lowest bit stands for in[base]. */
typedef struct ox_sse_cursor {
    const uint64_t *word;
    uint64_t mask;
    size_t base;
} ox_sse_cursor;

/* Public only so that it can be embedded; use the functions. It points into itself: do not copy or move it
 * after init. Positions are offsets into the receive buffer. */
typedef struct ox_sse {
    const ox_kernels *kernels;
    ox_buffer in;
    size_t event;             /* first byte that the current event needs */
    size_t line;              /* first byte of the current line */
    size_t data, data_len;    /* the value so far; data_len is OX_SSE_NONE before the first `data` line */
    size_t name, name_len;    /* name is OX_SSE_NONE when the text was put in late_name */
    size_t max_event, max_line, max_either;
    int64_t retry_ms;
    size_t scanned;           /* bytes before this were searched for line ends */
    ox_sse_cursor eols;       /* the line ends found and not passed yet */
    unsigned flags;
    int error;                /* what ox_sse_next answers from now on */
    int refuse;               /* what ox_sse_feed answers from now on: error, or that the stream was closed */
    uint8_t has_id;
    size_t error_size;
    ox_sse_text id, late_name;
    /* How the last event began, up to the value of `data:`. Compared with bytes that may be here only in part,
     * so no longer than the slack. */
    uint16_t head_route;
    uint8_t head_len, head_name, head_name_len;
    char head[OX_SLACK];
    uint64_t words[OX_SSE_WORDS + 1]; /* one more: a sentinel with all bits set ends the search */
} ox_sse;

#define OX_SSE_NONE SIZE_MAX

/* kernels: a row, NULL for the active one. The caps count bytes as received; 0 means the default.
 * Allocates nothing. Returns 0, or OX_SSE_EROW when OXIDE_ISA names a row that is not usable here. */
int ox_sse_init(ox_sse *, const ox_kernels *kernels, size_t max_event, size_t max_line);
void ox_sse_free(ox_sse *);
/* Takes bytes in: one copy, into the receive buffer. Spans of events given out before are dead after it.
 * Returns 0 or an error code. */
int ox_sse_feed(ox_sse *, const char *p, size_t n);
/* 1: *out is the next event, valid until the next call of any function here; 0: more bytes are needed;
 * below 0: an error code, and the same one for ever after. */
int ox_sse_next(ox_sse *, ox_sse_event *out);
/* The end of the stream: an event that lacks its last line end or blank line becomes available to
 * ox_sse_next. */
int ox_sse_close(ox_sse *);
/* Bytes taken in and not yet given out as events. */
size_t ox_sse_buffered(const ox_sse *);
/* After OX_SSE_EEVENT or OX_SSE_ELINE: how many bytes the event or line had reached. */
size_t ox_sse_error_size(const ox_sse *);

#endif
