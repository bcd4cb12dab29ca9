/* One instruction set = one struct of function pointers. */
#ifndef OXIDE_KERNELS_H
#define OXIDE_KERNELS_H

#include <stddef.h>

typedef struct ox_kernels {
    const char *name;
    /* Offset of the first LF or CR in p[0, n), or n. Never reads past p + n. */
    size_t (*find_eol)(const char *p, size_t n);
} ox_kernels;

/* The best row this machine can run. Never NULL: scalar always runs. */
const ox_kernels *ox_kernels_best(void);
/* The row called name, or NULL when there is none or this machine cannot run it. */
const ox_kernels *ox_kernels_by_name(const char *name);
/* Fills out with the rows usable here, best first; returns how many there are. */
size_t ox_kernels_usable(const ox_kernels **out, size_t capacity);

#endif
