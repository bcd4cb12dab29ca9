cdef class ByteSink:
    cdef int feed(self, const char *p, Py_ssize_t n) except -1
    cdef int eof(self) except -1
    cdef int fail(self, object exc) except -1
