# cython: language_level=3
from oxide.csrc cimport ox_kernels, ox_kernels_usable

def isa_rows() -> list:
    cdef const ox_kernels *rows[8]
    cdef size_t n = ox_kernels_usable(rows, 8)
    return [rows[i].name.decode() for i in range(n)]
