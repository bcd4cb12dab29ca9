# cython: language_level=3, boundscheck=False, wraparound=False
"""The wire lane, compiled: request bytes out, answer bytes in, on connections taken from aiohttp's connector.

One `Conn` serves one TCP connection for its whole life. asyncio calls `get_buffer` and `buffer_updated`, httptools
(llhttp) frames the answer, and what the body says goes to a padded bytes object or straight to a ByteSink.
"""
import asyncio

import httptools

from libc.math cimport INFINITY
from libc.stdio cimport snprintf
from libc.string cimport memcpy, memset
from cpython.buffer cimport PyBUF_WRITE, PyBuffer_FillInfo
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from cpython.memoryview cimport PyMemoryView_FromMemory
from cpython.ref cimport PyObject, Py_XDECREF
from cpython.time cimport monotonic
from cpython.unicode cimport PyUnicode_AsUTF8AndSize

from oxide.stream.sink_c cimport ByteSink

from . import wire_common as common
from .acquire import UNLIMITED, acquire
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


cdef class Answer:
    """An answer; the attributes and methods are RawAnswer's."""

    cdef readonly int status
    cdef readonly list raw_headers
    cdef readonly bytes body
    cdef readonly Py_ssize_t length
    cdef readonly bint is_reused
    cdef readonly double elapsed
    cdef public object request, attempt
    cdef public tuple history
    cdef Conn conn              # None once the connection is out of our hands
    cdef WireLane lane
    cdef readonly str http_version
    cdef object decoder
    cdef object sink
    cdef list pending           # body pieces that came before there was a sink
    cdef Py_ssize_t held
    cdef object error           # why the body broke off
    cdef bint complete
    cdef object _headers

    def __cinit__(self):
        global alive_answers
        alive_answers += 1

    def __dealloc__(self):
        global alive_answers
        alive_answers -= 1

    @property
    def headers(self):
        """The headers received, decoded at the first look-up."""
        if self._headers is None:
            self._headers = common.Headers(self.raw_headers)
        return self._headers

    @property
    def url(self):
        """The address that answered."""
        return self.request.url

    @property
    def loop(self):
        """The event loop the connection lives in."""
        return self.lane._loop

    @property
    def reason(self):
        """The standard phrase for the status."""
        return RawAnswer.reason.fget(self)

    @property
    def retries_taken(self):
        """How many attempts failed before this one."""
        return self.attempt.number

    @property
    def request_headers(self):
        """The headers sent, credentials included."""
        return RawAnswer.request_headers.fget(self)

    def content(self):
        """The body without its padding: a copy."""
        return self.body[:self.length]

    def facts(self):
        """What is known about the answer, for error objects and raw responses."""
        return RawAnswer.facts(self)

    def header(self, bytes name):
        """The first value of a header without decoding the others.

        Args:
            name: in lower case.

        Returns:
            The value as received, or None.
        """
        cdef bytes key
        cdef Py_ssize_t n = PyBytes_GET_SIZE(name)
        for pair in self.raw_headers:
            key = (<tuple>pair)[0]
            if PyBytes_GET_SIZE(key) == n and same_name(key, name):
                return (<tuple>pair)[1]
        return None

    # -- streams -----------------------------------------------------------------------------------------------

    cdef int give(self, bytes data) except -1:
        """Hands body bytes on. Returns 1 when the socket should not be read for now."""
        if self.decoder is not None:
            try:
                data = self.decoder.decompress(data)
            except Exception as exc:
                self.conn.failure = bad_coding(exc)
                return 0
            if not data:
                return 0
        if self.sink is None:
            self.pending.append(data)
            self.held += PyBytes_GET_SIZE(data)
            return self.held > self.lane.high_water
        if isinstance(self.sink, ByteSink):
            return (<ByteSink>self.sink).feed(PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data))
        return bool(self.sink.feed_data(data))

    cdef int end(self, object error) except -1:
        """The body is complete, or broke off."""
        cdef bytes rest
        if self.complete:
            return 0
        if error is None and self.decoder is not None:
            try:
                rest = self.decoder.flush()
            except Exception as exc:
                error = bad_coding(exc)
            else:
                self.decoder = None
                if rest:
                    self.give(rest)
        self.complete = True
        self.error = error
        self.conn = None
        self.tell()
        return 0

    cdef int tell(self) except -1:
        sink = self.sink
        if sink is None:
            return 0
        if self.error is not None:
            sink.set_exception(self.error)
        else:
            sink.feed_eof()
        self.sink = None
        return 0

    def bind(self, sink not None):
        """Deliver the decoded body to a sink from now on, the part that has come already first.

        Args:
            sink: a ByteSink, or an object with its Python methods; its ``control`` is this answer.
        """
        cdef list pending = self.pending
        cdef bint full = False
        if self.sink is not None or pending is None:
            raise RuntimeError("the body is being read already")
        self.sink = sink
        self.pending = None
        for piece in pending:
            if sink.feed_data(piece):
                full = True
        if self.complete:
            self.tell()
        elif self.conn is not None:
            if full:
                self.conn.pause()
            else:
                self.conn.resume()

    async def read_all(self):
        """Read the rest of a stream into ``body`` and ``length``.

        Raises:
            LaneError: the connection broke, or a limit ran out.
        """
        cdef list pieces = []
        cdef Py_ssize_t n = 0
        if self.pending is None and self.sink is None and self.complete:
            return
        async for piece in self.aiter_bytes():
            pieces.append(piece)
            n += len(piece)
            if n > self.lane.limits.max_body:
                raise too_large(self.lane)
        self.body = b"".join(pieces) + bytes(PADDING)
        self.length = n

    def aiter_bytes(self):
        """The decoded body in the pieces it arrives in.

        Raises:
            LaneError: the connection broke, or a limit ran out.
        """
        chunks = common.Chunks(self.lane._loop, self, self.lane.high_water)
        self.bind(chunks)
        return chunks.iterate()

    def pause_reading(self):
        """Stop taking bytes from the socket."""
        if self.conn is not None:
            self.conn.pause()

    def resume_reading(self):
        """Take bytes from the socket again."""
        if self.conn is not None:
            self.conn.resume()

    def expect_end(self, double seconds):
        """The reader needs nothing more: the connection is kept if the body ends within a time, else closed.

        Args:
            seconds: how long to wait.
        """
        if self.conn is not None:
            self.conn.read_limit = seconds
            self.conn.resume()
            self.conn.arm(seconds)

    def release(self):
        """Give the connection back: to the pool when the body was read to its end, else it is closed."""
        self.abort()

    def abort(self):
        """Close the connection at once."""
        cdef Conn conn = self.conn
        self.sink = None
        if conn is not None:
            conn.fail(LaneError("closed", "the answer was closed", bytes_received=True))


cdef bint same_name(bytes name, bytes lower) noexcept:
    cdef const unsigned char *a = <const unsigned char *>PyBytes_AS_STRING(name)
    cdef const unsigned char *b = <const unsigned char *>PyBytes_AS_STRING(lower)
    cdef Py_ssize_t i
    for i in range(PyBytes_GET_SIZE(name)):
        # Header names are tokens: setting bit 5 lower-cases letters, and no two token characters that matter here meet.
        if (a[i] | 0x20) != (b[i] | 0x20):
            return False
    return True


cdef object bad_coding(object exc):
    if isinstance(exc, LaneError):
        return exc
    return LaneError("decode", f"the body does not decode: {exc}", bytes_received=True, cause=exc)


cdef object too_large(WireLane lane):
    return LaneError("too_large", f"the answer's body is above the limit of {lane.limits.max_body} bytes",
                     bytes_received=True)


cdef class Conn:
    """The protocol of one connection. While no request runs, what happens to it is passed to aiohttp's handler."""

    cdef WireLane lane
    cdef object transport, handler, connection, origin, parser, waiter, timer, timeout
    cdef str version
    cdef Answer answer
    cdef int state
    cdef bint reused, received, writing, paused, direct, head_only, want_stream, keep, until_close
    cdef bint done, dirty, informed, spent
    cdef object failure, coding
    cdef PyObject *body         # a bytes object that nobody else holds yet, so that it can be resized in place
    cdef Py_ssize_t body_len, content_length, head_size, head_read
    cdef double sent_at, deadline, timer_at, read_limit

    def __init__(self, WireLane lane not None, handler, transport):
        self.lane = lane
        self.handler = handler
        self.transport = transport

    def __cinit__(self):
        global alive_conns
        alive_conns += 1

    def __dealloc__(self):
        global alive_conns
        alive_conns -= 1
        Py_XDECREF(self.body)

    # -- one request -------------------------------------------------------------------------------------------

    cdef int start(self, object connection, object prepared, object attempt, object origin, bint reused) except -1:
        """Sends a request."""
        cdef Answer answer = Answer.__new__(Answer)
        cdef object body = prepared.body
        cdef object method = prepared.method
        cdef object limit
        answer.request = prepared
        answer.attempt = attempt
        answer.history = ()
        answer.raw_headers = []
        answer.is_reused = reused
        answer.body = b""
        answer.lane = self.lane
        answer.conn = self
        self.answer = answer
        self.connection = connection
        self.origin = origin
        self.timeout = prepared.timeout
        limit = self.timeout.read
        self.read_limit = INFINITY if limit is None else limit
        self.reused = reused
        self.received = self.direct = self.keep = self.until_close = False
        self.done = self.dirty = self.informed = self.spent = False
        self.failure = self.coding = None
        self.body_len = self.head_size = self.head_read = 0
        self.content_length = -1
        self.head_only = method == "HEAD"
        self.want_stream = prepared.stream
        self.waiter = self.lane._loop.create_future()
        self.state = HEAD
        (<set>self.lane.active).add(self)
        if self.parser is None:
            self.parser = Parser(self)
        self.sent_at = monotonic()
        try:
            self.write(compose(prepared, attempt, origin, body), body)
        except BaseException:
            self.fail(LaneError("write", "the request could not be written"))
            raise
        if self.state != IDLE:
            if self.writing:
                limit = self.timeout.write
                self.arm(INFINITY if limit is None else limit)
            else:
                self.arm(self.read_limit)
        return 0

    cdef int write(self, bytes first, object body) except -1:
        self.transport.write(first)
        if body is not None and len(body) > SMALL:
            # The rest is lent to the transport: it copies only what the socket does not take at once.
            self.transport.write(memoryview(body)[SMALL:])
        return 0

    cdef int wake(self) except -1:
        waiter = self.waiter
        if waiter is not None:
            self.waiter = None
            if not waiter.done():
                waiter.set_result(None)
        return 0

    cdef int finish(self) except -1:
        """The answer is complete: the connection goes back to the pool, or is closed where it cannot be used again."""
        cdef Answer answer = self.answer
        cdef bint streamed = self.state == STREAM
        cdef bint keep = self.keep and not self.dirty and not self.writing and not self.until_close
        cdef object error = None if streamed else self.settle(answer)
        if self.spent:
            self.parser = None
        if self.paused:
            self.paused = False
            self.transport.resume_reading()
        self.leave(keep)
        if streamed:
            answer.end(error)
        else:
            answer.error = error
            answer.conn = None
            answer.complete = True
        self.wake()
        return 0

    cdef object settle(self, Answer answer):
        """Hands the collected body to the answer, decoded and padded. Returns what went wrong, or None."""
        cdef bytes plain
        if self.body is NULL:
            answer.body = bytes(PADDING)
            return None
        if bytes_size(self.body) != self.body_len + PADDING:
            _PyBytes_Resize(&self.body, self.body_len + PADDING)
        memset(bytes_data(self.body) + self.body_len, 0, PADDING)
        answer.body = <bytes>self.body
        answer.length = self.body_len
        Py_XDECREF(self.body)
        self.body = NULL
        if self.coding is not None:
            try:
                decoder = common.decoder_for(self.coding, self.lane.max_body)
                plain = decoder.decompress(answer.body[:answer.length]) + decoder.flush()
            except Exception as exc:
                return bad_coding(exc)
            if PyBytes_GET_SIZE(plain) > self.lane.max_body:
                return too_large(self.lane)
            answer.length = PyBytes_GET_SIZE(plain)
            answer.body = plain + bytes(PADDING)
        return None

    cdef int fail(self, object error) except -1:
        """The request ends here, and the connection with it."""
        cdef Answer answer = self.answer
        cdef bint streamed = self.state == STREAM
        if self.state == IDLE:
            return 0
        if self.transport is not None:
            self.transport.abort()
        self.leave(False)
        if streamed:
            answer.end(error)
        else:
            answer.error = error
            answer.conn = None
        self.wake()
        return 0

    cdef int leave(self, bint keep) except -1:
        """Takes the connection out of use."""
        connection = self.connection
        self.state = IDLE
        self.direct = False
        self.connection = self.answer = self.failure = self.timeout = None
        Py_XDECREF(self.body)
        self.body = NULL
        self.deadline = INFINITY
        (<set>self.lane.active).discard(self)
        if keep:
            self.origin.idle += 1
            connection.release()
        else:
            self.parser = None
            connection.close()
        self.origin = None
        return 0

    # -- limits ------------------------------------------------------------------------------------------------

    cdef int arm(self, double seconds) except -1:
        """Sets the limit that runs now. One timer serves many requests: it is moved only to fire earlier."""
        cdef double now
        if seconds == INFINITY:
            self.deadline = INFINITY
            return 0
        now = monotonic()
        self.deadline = now + seconds
        if self.timer is not None:
            if self.timer_at <= self.deadline:
                return 0
            self.timer.cancel()
        self.timer_at = self.deadline
        self.timer = self.lane._loop.call_later(seconds, self.on_timer)
        return 0

    def on_timer(self):
        """asyncio: the timer fired; the limit may have moved since it was set."""
        cdef double left
        self.timer = None
        if self.state == IDLE or self.deadline == INFINITY:
            return
        left = self.deadline - monotonic()
        if left > 0:
            self.timer_at = self.deadline
            self.timer = self.lane._loop.call_later(left, self.on_timer)
            return
        limit = "write" if self.writing else "read"
        what = "the request could not be sent" if self.writing else "no byte of the answer came"
        self.fail(LaneError("timeout", f"{what} within the {limit} limit", bytes_received=self.received,
                            reused=self.reused, limit=limit, seconds=getattr(self.timeout, limit)))

    cdef int pause(self) except -1:
        """Stops reading: the limit on silence does not run while we are the silent ones."""
        if not self.paused and self.transport is not None and not self.transport.is_closing():
            self.paused = True
            self.deadline = INFINITY
            self.transport.pause_reading()
        return 0

    cdef int resume(self) except -1:
        if self.paused:
            self.paused = False
            self.transport.resume_reading()
            self.arm(self.read_limit)
        return 0

    # -- asyncio -----------------------------------------------------------------------------------------------

    def connection_made(self, transport):
        """asyncio: never called, since aiohttp's handler made the connection."""
        self.transport = transport

    def get_buffer(self, hint):
        """asyncio: where to put the next bytes."""
        if self.direct:
            return PyMemoryView_FromMemory(
                bytes_data(self.body) + self.body_len, self.content_length - self.body_len, PyBUF_WRITE)
        return self.lane.scratch_view

    def buffer_updated(self, Py_ssize_t n):
        """asyncio: n bytes have come."""
        cdef Window window
        if self.state == IDLE:
            # Nobody asked for anything: whatever this is, the connection is out of step.
            self.handler.close()
            return
        self.received = True
        if self.direct:
            self.body_len += n
            if self.body_len == self.content_length:
                # llhttp has not seen the end of this message and cannot be told.
                self.spent = self.done = True
        else:
            window = self.lane.window
            window.n = n
            try:
                self.parser.feed_data(window)
            except ParserError as exc:
                # After a complete message only the connection is at fault, not the answer.
                self.dirty = True
                if not self.done and self.failure is None:
                    self.failure = LaneError("protocol", f"the answer is not HTTP/1.1: {exc}", bytes_received=True,
                                             reused=self.reused, cause=exc)
            if self.state == HEAD and not self.done:
                # Also a line that never ends, of which llhttp says nothing.
                self.head_read += n
            if self.head_size > self.lane.max_head or self.head_read >= self.lane.max_head:
                self.failure = LaneError("protocol", f"the answer's head is above {self.lane.max_head} bytes",
                                         bytes_received=True, reused=self.reused)
        if self.failure is not None:
            self.fail(self.failure)
        elif self.done:
            self.finish()
        else:
            if self.informed:
                self.informed = False
                self.wake()
            elif (self.state == BODY and self.content_length - self.body_len >= DIRECT_MIN and self.coding is None):
                self.direct = True
            if not self.paused and not self.writing and self.read_limit != INFINITY:
                self.deadline = monotonic() + self.read_limit

    def eof_received(self):
        """asyncio: the peer will send no more; the transport closes itself."""

    def connection_lost(self, exc):
        """asyncio: the connection is gone."""
        self.handler.connection_lost(exc)
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
        self.paused = False
        if self.state != IDLE:
            if self.until_close and exc is None:
                self.finish()
            else:
                what = "broke" if exc is None else f"broke: {exc}"
                self.fail(LaneError("read", f"the connection {what} before the answer was complete",
                                    bytes_received=self.received, reused=self.reused, cause=exc))
        # The parser holds our bound methods: without this only the garbage collector would free the two.
        self.parser = self.transport = None

    def pause_writing(self):
        """asyncio: the socket takes no more for now."""
        self.writing = True

    def resume_writing(self):
        """asyncio: the socket takes bytes again."""
        self.writing = False
        if self.state != IDLE:
            self.arm(self.read_limit)

    # -- httptools ---------------------------------------------------------------------------------------------

    def on_message_begin(self):
        """httptools: the first byte of a message."""
        if self.done:
            self.dirty = True

    def on_header(self, bytes name, bytes value):
        """httptools: one header line, or a trailer."""
        cdef Py_ssize_t n
        if self.state != HEAD or self.done:
            return
        self.answer.raw_headers.append((name, value))
        n = PyBytes_GET_SIZE(name)
        self.head_size += n + PyBytes_GET_SIZE(value)
        if n == 14 and same_name(name, b"content-length"):
            # llhttp has checked that it is a number, and the only one.
            self.content_length = int(value)
        elif n == 17 and same_name(name, b"transfer-encoding"):
            self.content_length = -2
        elif n == 16 and same_name(name, b"content-encoding"):
            coding = value.strip().lower().decode("latin-1")
            self.coding = None if coding in ("", "identity") else coding

    def on_headers_complete(self):
        """httptools: the end of the head."""
        cdef Answer answer = self.answer
        cdef Py_ssize_t want = self.content_length
        if self.done:
            return
        answer.status = self.parser.get_status_code()
        if answer.status < 200:
            return
        if len(answer.raw_headers) > self.lane.max_headers:
            self.failure = LaneError("protocol", f"the answer has more than {self.lane.max_headers} headers",
                                     bytes_received=True, reused=self.reused)
            return
        if self.version is None:
            self.version = f"HTTP/{self.parser.get_http_version()}"
        answer.http_version = self.version
        answer.elapsed = monotonic() - self.sent_at
        self.keep = self.parser.should_keep_alive()
        if self.head_only or answer.status == 204 or answer.status == 304:
            # llhttp waits for the body that an answer to HEAD announces and that never comes.
            self.spent = self.head_only
            self.coding = None
            self.done = True
            return
        self.until_close = want == -1
        if self.want_stream and answer.status < 400:
            self.state = STREAM
            self.informed = True
            answer.pending = []
            if self.coding is not None:
                try:
                    answer.decoder = common.decoder_for(self.coding)
                except Exception as exc:
                    self.failure = bad_coding(exc)
        else:
            self.state = BODY
            if want > self.lane.max_body:
                self.failure = too_large(self.lane)
            elif want >= 0:
                self.body = new_bytes(NULL, want + PADDING)

    def on_body(self, bytes data):
        """httptools: body bytes, chunk framing taken off."""
        # httptools makes a bytes object of every span; its C callbacks are out of reach, so this copy stays.
        cdef Py_ssize_t n = PyBytes_GET_SIZE(data)
        if self.done or self.failure is not None:
            return
        if self.state == STREAM:
            if self.answer.give(data):
                self.pause()
            return
        if self.body_len + n > self.lane.max_body:
            self.failure = too_large(self.lane)
            return
        if self.body is NULL:
            self.body = new_bytes(NULL, n + n // 2 + 1024)
        elif self.body_len + n + PADDING > bytes_size(self.body):
            _PyBytes_Resize(&self.body, (self.body_len + n) * 3 // 2 + 1024)
        memcpy(bytes_data(self.body) + self.body_len, PyBytes_AS_STRING(data), n)
        self.body_len += n

    def on_message_complete(self):
        """httptools: the end of the message."""
        if self.done:
            # The end of an answer to HEAD, or of a 204, is where its head ended.
            self.dirty = self.dirty or self.state != HEAD
        elif self.answer.status < 200:
            # 100, 102 and 103 announce the answer; 101 was never asked for and stops the parser itself.
            self.answer.raw_headers = []
            self.content_length = -1
            self.coding = None
        else:
            self.done = True


class WireProtocol(Conn, asyncio.BufferedProtocol):
    """What asyncio sees: the compiled connection under a class that it knows as a buffered protocol."""

    __slots__ = ()


cdef bytes compose(object prepared, object attempt, object origin, object body):
    """The request's head, and its body when that is small, in one buffer."""
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
        extra = "".join([f"{name}: {value}\r\n" for name, value in attempt.headers]).encode("latin-1")
    if body_len >= 0:
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
    cdef object _loop, origins, scratch_view
    cdef set active
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
        self.active = set()
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
        origin = self.origins.find(prepared.url)
        timeout = prepared.timeout
        while True:
            if self.closed:
                raise LaneError("closed", "the client is closed")
            try:
                if origin.idle > 0:
                    # The pool has one: nothing to wait for, so nothing that needs limits of its own.
                    origin.idle -= 1
                    connection = await self.connector.connect(origin.request, NO_TRACES, UNLIMITED)
                else:
                    connection = await acquire(self.connector, origin.request, timeout, self._loop)
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

    def close(self, exc=None):
        """End every running request and stream. The connector is the caller's to close.

        Args:
            exc: what they end with; LaneError ``closed`` where nothing is given.
        """
        self.closed = True
        if exc is None:
            exc = LaneError("closed", "the client was closed while this request ran")
        for conn in list(self.active):
            (<Conn>conn).fail(exc)
