/* One instruction set = one struct of function pointers, a "row". */
#ifndef OXIDE_KERNELS_H
#define OXIDE_KERNELS_H

#include <stddef.h>
#include <stdint.h>

typedef struct ox_kernels {
    const char *name;
    /* Line ends as a bitmap: bit j of out[i] is set when p[64 * i + j] is LF or CR. Reads exactly 64 *
     * blocks bytes and writes as many words as blocks. */
    void (*eol_masks)(const char *p, size_t blocks, uint64_t *out);
    /* Base64 without padding: decodes from the front for as long as it can and returns how many characters
     * that were, a multiple of four. Writes three bytes for every four of them and may use the room of those
     * that are left, n / 4 * 3 bytes in all. The scalar row stops at nothing but a character that does not
     * belong; the others leave it the last few. */
    size_t (*base64)(const char *p, size_t n, unsigned char *out);
} ox_kernels;

/* The row in use: the one OXIDE_ISA names, else the best. NULL when OXIDE_ISA names a row that is not
 * usable here. Decided at the first call, once for each binary this library is linked into. */
const ox_kernels *ox_kernels_active(void);
/* The value of OXIDE_ISA, or NULL when it is unset or empty. */
const char *ox_kernels_forced(void);
/* The best row this machine can run. Never NULL: scalar always runs. */
const ox_kernels *ox_kernels_best(void);
/* The row called name, or NULL when there is none or this machine cannot run it. */
const ox_kernels *ox_kernels_by_name(const char *name);
/* Fills out with the rows usable here, best first; returns how many there are. */
size_t ox_kernels_usable(const ox_kernels **out, size_t capacity);

#endif
