# The head of an answer, kept as bytes that llhttp has accepted: looked at line by line, and only for what is asked for.

cdef const char *head_end(const char *p, const char *end) noexcept:
    """Behind the blank line that ends the head, or NULL."""
    cdef const char *at = p
    while at < end and (at[0] == c"\r" or at[0] == c"\n"):
        at += 1
    while True:
        at = <const char *>memchr(at, c"\n", end - at)
        if at is NULL:
            return NULL
        at += 1
        if at < end and at[0] == c"\n":
            return at + 1
        if end - at >= 2 and at[0] == c"\r" and at[1] == c"\n":
            return at + 2


cdef Py_ssize_t count_lines(bytes head) noexcept:
    """The number of header lines."""
    cdef const char *p = PyBytes_AS_STRING(head)
    cdef const char *end = p + PyBytes_GET_SIZE(head)
    cdef Py_ssize_t n = 0
    while p < end:
        p = <const char *>memchr(p, c"\n", end - p)
        if p is NULL:
            break
        p += 1
        n += 1
    # Neither the status line nor the blank one.
    return n - 2


cdef const char *find_header(bytes head, const char *name, Py_ssize_t n, Py_ssize_t *length) noexcept:
    """The value of the first header of that (lower-case) name, and its length; NULL without one."""
    cdef const char *p = PyBytes_AS_STRING(head)
    cdef const char *end = p + PyBytes_GET_SIZE(head)
    cdef const char *stop
    cdef Py_ssize_t i
    while True:
        p = <const char *>memchr(p, c"\n", end - p)
        if p is NULL:
            return NULL
        p += 1
        if end - p <= n or p[n] != c":":
            continue
        for i in range(n):
            # Names are tokens: setting this bit lowers letters and leaves the hyphen as it is.
            if (p[i] | 0x20) != name[i]:
                break
        else:
            p += n + 1
            stop = <const char *>memchr(p, c"\n", end - p)
            while p < stop and (p[0] == c" " or p[0] == c"\t"):
                p += 1
            while stop > p and (stop[-1] == c" " or stop[-1] == c"\t" or stop[-1] == c"\r"):
                stop -= 1
            length[0] = stop - p
            return p


cdef bint has_header(bytes head, const char *start, Py_ssize_t n) noexcept:
    """Whether the name of some header begins like that (in lower case)."""
    cdef const char *p = PyBytes_AS_STRING(head)
    cdef const char *end = p + PyBytes_GET_SIZE(head)
    cdef Py_ssize_t i
    while True:
        p = <const char *>memchr(p, c"\n", end - p)
        if p is NULL:
            return False
        p += 1
        if end - p <= n:
            return False
        for i in range(n):
            if (p[i] | 0x20) != start[i]:
                break
        else:
            return True


cdef list split_head(bytes head):
    """The header pairs; a line that begins with white space goes on with the value before it."""
    cdef list pairs = []
    cdef bytes line
    for line in (head or b"").split(b"\n")[1:]:
        if line[:1] in (b" ", b"\t") and pairs and line.strip():
            pairs[-1] = (pairs[-1][0], pairs[-1][1] + b" " + line.strip())
            continue
        name, colon, value = line.partition(b":")
        if colon:
            pairs.append((name, value.strip()))
    return pairs
