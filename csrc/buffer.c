#include "oxide/buffer.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define SMALLEST ((size_t)1024)

/* Moves the live bytes to the front of a block of the given size. */
static int reblock(ox_buffer *b, size_t used, size_t block)
{
    size_t live = b->end - used;
    char *base = malloc(block);
    if (!base)
        return -1;
    if (live)
        memcpy(base, b->base + used, live);
    free(b->base);
    b->base = base;
    b->block = block;
    b->end = live;
    b->moved += live;
    return 0;
}

int ox_buffer_reserve(ox_buffer *b, size_t used, size_t n, size_t *dropped)
{
    size_t live = b->end - used;
    *dropped = 0;
    if (b->base && n <= b->block - OX_SLACK - b->end)
        return 0;
    if (n > SIZE_MAX / 4 || live > SIZE_MAX / 4)
        return -1;
    /* Every byte moved to the front of the same block is paid for by one that was used up since the last
     * move, every byte copied to a new block by one that came in since the last growth: both stay linear
     * in the bytes received. */
    if (b->base && live <= used && live + n + OX_SLACK <= b->block) {
        memmove(b->base, b->base + used, live);
        b->moved += live;
        b->end = live;
    } else {
        size_t block = SMALLEST;
        while (block < 2 * live + n + OX_SLACK)
            block *= 2;
        if (reblock(b, used, block))
            return -1;
    }
    *dropped = used;
    return 0;
}

void ox_buffer_trim(ox_buffer *b, size_t used, size_t *dropped)
{
    size_t live = b->end - used, block = SMALLEST;
    *dropped = 0;
    if (b->block <= OX_BUFFER_KEEP || live > b->block / 4)
        return;
    if (live == 0) {
        ox_buffer_free(b);
    } else {
        while (block < 2 * live + OX_SLACK)
            block *= 2;
        if (block >= b->block || reblock(b, used, block))
            return;
    }
    *dropped = used;
}

void ox_buffer_free(ox_buffer *b)
{
    free(b->base);
    b->base = NULL;
    b->end = b->block = 0;
}
