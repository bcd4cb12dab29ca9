/* Base64 (RFC 4648, section 4) and the little-endian floats that embeddings travel as. */
#ifndef OXIDE_BASE64_H
#define OXIDE_BASE64_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "oxide/kernels.h"

/* Bytes that n characters decode to at most. */
#define OX_BASE64_ROOM(n) ((n) / 4 * 3)

/* Decodes n characters, padded to a multiple of four, into out, which has OX_BASE64_ROOM(n) bytes.
 * Returns how many bytes there are, or -1 for anything but the 64 characters and their padding. */
ptrdiff_t ox_base64_decode(const ox_kernels *row, const char *p, size_t n, unsigned char *out);

/* The IEEE 754 single at p, low byte first; a plain load where the machine has that order too. */
static inline float ox_float_le(const unsigned char *p)
{
    uint32_t bits = (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

#endif
