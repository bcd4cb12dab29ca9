#include "oxide/kernels.h"

static size_t find_eol(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (p[i] == '\n' || p[i] == '\r')
            return i;
    return n;
}

extern const ox_kernels ox_kernels_scalar;
const ox_kernels ox_kernels_scalar = {"scalar", find_eol};
