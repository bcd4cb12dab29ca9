/* A receive buffer: bytes come in at the end, are used up from the start, and 64 readable bytes always
 * follow the end. */
#ifndef OXIDE_BUFFER_H
#define OXIDE_BUFFER_H

#include <stddef.h>

#define OX_SLACK 64             /* what simdjson may read past the last byte of a document */
#define OX_BUFFER_KEEP (16 * 1024) /* a larger block is given back once little of it is in use */

typedef struct ox_buffer {
    char *base;   /* NULL until the first byte */
    size_t end;   /* bytes held, used up ones included */
    size_t block; /* bytes allocated, slack included */
    size_t moved; /* bytes copied by growth and compaction so far: what the linearity test reads */
} ox_buffer;

/* Makes room for n more bytes. The first `used` bytes may be dropped: when that happens the rest moves to
 * the front and *dropped is `used`, else it is 0. Returns 0, or -1 without memory (the buffer is then
 * unchanged). */
int ox_buffer_reserve(ox_buffer *, size_t used, size_t n, size_t *dropped);
/* Gives a large block back when at most a quarter of it is in use; *dropped as above. Never fails: without
 * memory for the smaller block the larger one stays. */
void ox_buffer_trim(ox_buffer *, size_t used, size_t *dropped);
void ox_buffer_free(ox_buffer *);

#endif
