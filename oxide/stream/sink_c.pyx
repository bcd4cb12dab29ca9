# cython: language_level=3, binding=False
"""Where a lane delivers the decoded body of a stream."""


cdef class ByteSink:
    """Base of the compiled receivers; the lane calls the C methods, anything else the Python ones."""

    cdef int feed(self, const char *p, Py_ssize_t n) except -1:
        """Takes n bytes. Returns 1 when the sender should stop reading until it is told to go on, else 0."""
        raise NotImplementedError

    cdef int eof(self) except -1:
        """The body is complete."""
        raise NotImplementedError

    cdef int fail(self, object exc) except -1:
        """The body broke off."""
        raise NotImplementedError

    def feed_data(self, data):
        """Take bytes.

        Args:
            data: bytes of the decoded body.

        Returns:
            True when the sender should stop reading until ``control.resume_reading()``.
        """
        cdef bytes owned = data if type(data) is bytes else bytes(data)
        return self.feed(<const char *>owned, len(owned)) != 0

    def feed_eof(self):
        """The body is complete."""
        self.eof()

    def set_exception(self, exc):
        """The body broke off.

        Args:
            exc: why.
        """
        self.fail(exc)
