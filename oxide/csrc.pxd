# Everything of csrc/ that the compiled modules use, and nothing else.
from libc.stdint cimport uint32_t

cdef extern from "oxide/kernels.h" nogil:
    ctypedef struct ox_kernels:
        const char *name

    const ox_kernels *ox_kernels_best()
    const ox_kernels *ox_kernels_by_name(const char *name)
    size_t ox_kernels_usable(const ox_kernels **out, size_t capacity)
