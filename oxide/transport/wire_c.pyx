# cython: language_level=3, boundscheck=False, wraparound=False
"""The wire lane, compiled: request bytes out, answer bytes in, on connections taken from aiohttp's connector.

One `Conn` serves one TCP connection for its whole life. asyncio calls `get_buffer` and `buffer_updated`, httptools
(llhttp) frames the answer, and what the body says goes to a padded bytes object or straight to a ByteSink.
"""
import asyncio
from contextlib import suppress

import httptools

from libc.math cimport INFINITY
from libc.stdio cimport snprintf
from libc.string cimport memchr, memcpy, memset
from cpython.buffer cimport PyBUF_WRITE, PyBuffer_FillInfo
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from cpython.memoryview cimport PyMemoryView_FromMemory
from cpython.ref cimport PyObject, Py_XDECREF
from cpython.time cimport monotonic, time as wall_time
from cpython.unicode cimport PyUnicode_AsUTF8AndSize

from oxide.rate_limits import note
from oxide.stream.sink_c cimport ByteSink

from oxide.rate_limits import note

from . import wire_common as common
from .acquire import UNLIMITED, acquire
from .bodies import uploading
from .request import LaneError, RawAnswer

cdef extern from "Python.h":
    int _PyBytes_Resize(PyObject **, Py_ssize_t) except -1
    PyObject *new_bytes "PyBytes_FromStringAndSize"(const char *, Py_ssize_t) except NULL
    char *bytes_data "PyBytes_AS_STRING"(PyObject *) noexcept
    Py_ssize_t bytes_size "PyBytes_GET_SIZE"(PyObject *) noexcept

cdef enum:
    PADDING = 64        # simdjson reads past the end of what it parses
    IDLE = 0
    HEAD = 1
    BODY = 2            # the body is collected
    STREAM = 3          # the body goes to the sink, or waits in the answer until there is one

cdef Py_ssize_t SMALL = common.SMALL_BODY
cdef Py_ssize_t DIRECT_MIN = common.DIRECT_MIN
cdef list NO_TRACES = []
# An answer that switches protocols was never asked for: as wrong as one that is no HTTP.
cdef tuple ParserError = (httptools.HttpParserError, httptools.HttpParserUpgrade)
cdef object Parser = httptools.HttpResponseParser


cdef Py_ssize_t alive_answers = 0, alive_conns = 0


def _live_objects():
    """Native objects alive, by kind: for the leak tests."""
    return {"answer": alive_answers, "connection": alive_conns}


cdef class Window:
    """A read-only view of the bytes one read brought; cheaper than a memoryview made anew each time."""

    cdef char *p
    cdef Py_ssize_t n

    def __getbuffer__(self, Py_buffer *view, int flags):
        PyBuffer_FillInfo(view, self, self.p, self.n, 1, flags)


cdef object bad_coding(object exc):
    if isinstance(exc, LaneError):
        return exc
    return LaneError("decode", f"the body does not decode: {exc}", bytes_received=True, cause=exc)


cdef object too_large(WireLane lane):
    return LaneError("too_large", f"the answer's body is above the limit of {lane.limits.max_body} bytes",
                     bytes_received=True)


include "wire_head.pxi"
include "wire_answer.pxi"
include "wire_conn.pxi"


class WireProtocol(Conn, asyncio.BufferedProtocol):
    """What asyncio sees: the compiled connection under a class that it knows as a buffered protocol."""

    __slots__ = ()


cdef bytes header_lines(list pairs):
    """Checked headers as they are sent."""
    cdef Py_ssize_t size = 0, n
    cdef const char *text
    cdef char *p
    cdef bytes out
    for pair in pairs:
        for part in <tuple>pair:
            if not (<str>part).isascii():
                return "".join([f"{name}: {value}\r\n" for name, value in pairs]).encode("latin-1")
            size += len(<str>part) + 2
    out = PyBytes_FromStringAndSize(NULL, size)
    p = PyBytes_AS_STRING(out)
    for pair in pairs:
        text = PyUnicode_AsUTF8AndSize((<tuple>pair)[0], &n)
        p = put(put(p, text, n), b": ", 2)
        text = PyUnicode_AsUTF8AndSize((<tuple>pair)[1], &n)
        p = put(put(p, text, n), b"\r\n", 2)
    return out


cdef bytes compose(object prepared, object attempt, object origin, object body, object upload):
    """The request's head, and its body when that is small, in one buffer; a body that is uploaded comes later."""
    cdef Py_ssize_t method_len, target_len, absolute_len, line_len, n, i
    cdef Py_ssize_t body_len = -1 if body is None else len(body)
    cdef Py_ssize_t first = 0
    cdef bytes host = origin.host
    cdef bytes lines = prepared.headers.wire
    cdef bytes extra = b""
    cdef bytes out, content
    cdef char length[48]
    cdef char *p
    cdef object target = prepared.target
    cdef const char *method_p = PyUnicode_AsUTF8AndSize(prepared.method, &method_len)
    cdef const char *absolute_p = PyUnicode_AsUTF8AndSize(origin.absolute, &absolute_len)
    if target is None:
        target = prepared.url.raw_path_qs
    cdef const char *target_p = PyUnicode_AsUTF8AndSize(target, &target_len)
    for i in range(target_len):
        if <unsigned char>target_p[i] <= 32 or <unsigned char>target_p[i] >= 127:
            raise ValueError(f"invalid character {target[i]!r} in the request target: percent-encode it")
    if attempt.headers:
        extra = header_lines(attempt.headers)
    if upload is not None:
        if upload.length is None:
            line_len = snprintf(length, sizeof(length), b"Transfer-Encoding: chunked\r\n\r\n")
        else:
            line_len = snprintf(length, sizeof(length), b"Content-Length: %zd\r\n\r\n", <Py_ssize_t>upload.length)
    elif body_len >= 0:
        line_len = snprintf(length, sizeof(length), b"Content-Length: %zd\r\n\r\n", body_len)
        first = body_len if body_len < SMALL else SMALL
    elif prepared.method in ("POST", "PUT", "PATCH"):
        line_len = snprintf(length, sizeof(length), b"Content-Length: 0\r\n\r\n")
    else:
        line_len = snprintf(length, sizeof(length), b"\r\n")
    n = (method_len + 1 + absolute_len + target_len + 11 + PyBytes_GET_SIZE(host) + PyBytes_GET_SIZE(lines)
         + PyBytes_GET_SIZE(extra) + line_len + first)
    out = PyBytes_FromStringAndSize(NULL, n)
    p = put(PyBytes_AS_STRING(out), method_p, method_len)
    p = put(p, b" ", 1)
    p = put(p, absolute_p, absolute_len)
    p = put(p, target_p, target_len)
    p = put(p, b" HTTP/1.1\r\n", 11)
    p = put(p, PyBytes_AS_STRING(host), PyBytes_GET_SIZE(host))
    p = put(p, PyBytes_AS_STRING(lines), PyBytes_GET_SIZE(lines))
    p = put(p, PyBytes_AS_STRING(extra), PyBytes_GET_SIZE(extra))
    p = put(p, length, line_len)
    if first:
        content = body
        put(p, PyBytes_AS_STRING(content), first)
    return out


cdef inline char *put(char *p, const char *source, Py_ssize_t n) noexcept:
    memcpy(p, source, n)
    return p + n


cdef class WireLane:
    """The connections of one transport in one event loop.

    Args:
        connector: aiohttp's connector; DNS, TLS, proxies, the pool and its limits are its business.
        loop: the running loop.
        ssl: context or flag for https.
        proxy_for: gives the ``Proxy`` for a URL, or None.
        limits: bounds on answers.
    """

    cdef readonly object connector, limits
    cdef object _loop, origins, scratch_view, sweeper, last_url, last_origin
    cdef set active, parked
    cdef Py_ssize_t waiting     # requests that wait for a connection
    cdef double keep_alive
    cdef Window window
    cdef char *scratch
    cdef bint closed
    cdef Py_ssize_t max_head, max_headers, max_body, high_water

    def __cinit__(self):
        self.scratch = <char *>PyMem_Malloc(common.SCRATCH_SIZE)
        if self.scratch is NULL:
            raise MemoryError

    def __init__(self, connector, *, loop, ssl=True, proxy_for=None, limits=None):
        self.connector = connector
        self._loop = loop
        self.limits = limits = common.WireLimits() if limits is None else limits
        self.max_head = limits.max_head
        self.max_headers = limits.max_headers
        self.max_body = limits.max_body
        self.high_water = limits.high_water
        self.origins = common.OriginTable(loop, ssl, proxy_for)
        self.keep_alive = limits.keep_alive
        self.active = set()
        self.parked = set()
        self.window = Window.__new__(Window)
        self.window.p = self.scratch
        # asyncio reads into the buffer and tells us at once, in the same call: one buffer serves every connection, and
        # an idle one holds none.
        self.scratch_view = PyMemoryView_FromMemory(self.scratch, common.SCRATCH_SIZE, PyBUF_WRITE)

    def __dealloc__(self):
        PyMem_Free(self.scratch)

    @property
    def loop(self):
        """The loop this lane lives in."""
        return self._loop

    async def send(self, prepared, attempt):
        """Make one attempt. Status and redirects are not judged here.

        Args:
            prepared: the request.
            attempt: what this attempt adds.

        Returns:
            The answer; for a stream with a status below 400 at the end of its head, otherwise read to its end.

        Raises:
            LaneError: no answer, or not all of one.
        """
        cdef Conn conn
        cdef Answer answer
        cdef bint reused
        body = prepared.body
        if body is not None and not isinstance(body, bytes) and getattr(attempt, "upload", None) is None:
            return await uploading(self, prepared, attempt)
        url = prepared.url
        if url is not self.last_url:
            self.last_origin = self.origins.find(url)
            self.last_url = url
        origin = self.last_origin
        timeout = prepared.timeout
        while True:
            if self.closed:
                raise LaneError("closed", "the client is closed")
            conn = self.at_hand(origin, attempt)
            if conn is not None:
                connection = conn.connection
                reused = True
                break
            try:
                if origin.idle > 0:
                    # The pool has one: nothing to wait for, so nothing that needs limits of its own.
                    origin.idle -= 1
                    connection = await self.connector.connect(origin.request, NO_TRACES, UNLIMITED)
                else:
                    for other in list(self.parked):
                        # Another origin's: the limit counts it.
                        (<Conn>other).unpark(True)
                    self.waiting += 1
                    try:
                        connection = await acquire(self.connector, origin.request, timeout, self._loop)
                    finally:
                        self.waiting -= 1
            except asyncio.CancelledError:
                if self.closed and not common.being_cancelled():
                    # A connector that closes cancels those who wait for one of its connections.
                    raise LaneError("closed", "the client was closed while this request waited") from None
                raise
            except LaneError:
                raise
            except Exception as exc:
                if self.closed:
                    raise LaneError("closed", "the client was closed while this request waited") from exc
                raise common.connect_error(exc) from exc
            transport = connection.transport
            if transport is None:
                connection.close()
                raise LaneError("connect", "the connection was lost as soon as it was made")
            protocol = transport.get_protocol()
            reused = isinstance(protocol, Conn)
            if not reused:
                conn = WireProtocol(self, connection.protocol, transport)
                transport.set_protocol(conn)
                break
            if not attempt.fresh:
                conn = protocol
                break
            connection.close()
        conn.start(connection, prepared, attempt, origin, reused)
        answer = conn.answer
        waiter = conn.waiter
        if waiter is not None:
            try:
                await waiter
            except BaseException:
                conn.fail(LaneError("closed", "the request was cancelled"))
                raise
        if answer.error is not None and answer.pending is None:
            raise answer.error
        return answer

    cdef Conn at_hand(self, object origin, object attempt):
        """A connection that needs not be asked for."""
        cdef list parked = origin.parked
        cdef Conn conn
        while parked:
            conn = parked.pop()
            self.parked.discard(conn)
            if (conn.transport is not None and not conn.transport.is_closing() and not attempt.fresh
                    and monotonic() - conn.parked_at <= self.keep_alive):
                return conn
            conn.part(False)
        return None

    cdef int sweep_in(self, double seconds) except -1:
        self.sweeper = self._loop.call_later(seconds, self.sweep)
        return 0

    def sweep(self):
        """The loop: closes connections that nobody used for the keep-alive time."""
        cdef double now = monotonic()
        cdef double oldest = INFINITY
        self.sweeper = None
        for each in list(self.parked):
            conn = <Conn>each
            if now - conn.parked_at >= self.keep_alive:
                conn.unpark(False)
            elif conn.parked_at < oldest:
                oldest = conn.parked_at
        if oldest != INFINITY:
            self.sweep_in(max(0.01, oldest + self.keep_alive - now))

    def forget(self):
        """Give what is kept at hand to the pool without the loop, which is closed already."""
        for each in list(self.parked):
            conn = <Conn>each
            connection = conn.connection
            with suppress(RuntimeError):
                conn.unpark(True)
            connection._protocol = None

    def close(self, exc=None):
        """End every running request and stream. The connector is the caller's to close.

        Args:
            exc: what they end with; LaneError ``closed`` where nothing is given.
        """
        self.closed = True
        if exc is None:
            exc = LaneError("closed", "the client was closed while this request ran")
        if self.sweeper is not None:
            self.sweeper.cancel()
            self.sweeper = None
        for conn in list(self.active):
            (<Conn>conn).fail(exc)
        for conn in list(self.parked):
            # To the pool, whose closing waits for the end of TLS.
            (<Conn>conn).unpark(True)
