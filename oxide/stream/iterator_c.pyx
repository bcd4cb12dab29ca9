# cython: language_level=3, boundscheck=False, wraparound=False
"""Events for `async for`, straight out of the receive buffer: no Python frame, Future or exception for a ready one."""
from libc.math cimport INFINITY
from libc.stdint cimport uint16_t, uint32_t
from libc.string cimport memcmp, memcpy
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.mem cimport PyMem_Free, PyMem_Realloc
from cpython.object cimport PyObject
from cpython.time cimport monotonic

from oxide.csrc cimport (
    OX_SSE_EEVENT, OX_SSE_ELINE, ox_route, ox_sse, ox_sse_buffered, ox_sse_close, ox_sse_error_size, ox_sse_event,
    ox_sse_feed, ox_sse_free, ox_sse_init, ox_sse_next,
)
from oxide.models.events_c cimport EventFactory
from oxide.stream.sink_c cimport ByteSink

from . import endings
from oxide.errors import APIError

cdef extern from "Python.h":
    ctypedef struct PyAsyncMethods:
        int (*am_send)(object, object, PyObject **) except -1
    ctypedef struct PyTypeObject:
        PyAsyncMethods *tp_as_async
    Py_ssize_t Py_REFCNT(object)
    void Py_INCREF(object)
    int PYGEN_RETURN, PYGEN_NEXT

cdef enum:
    OPEN = 0
    ENDING = 1          # the terminator was seen: only the end of the HTTP message is missing
    OVER = 2

cdef enum:
    UNKNOWN = 0
    EVENTS = 1
    JUNK = 2            # the body is no event stream

cdef object WAIT = object()
cdef double END_WAIT = endings.END_WAIT
cdef Py_ssize_t JUNK_LIMIT = endings.JUNK_LIMIT
cdef Py_ssize_t LOG_HALF = endings.LOG_SIZE // 2
cdef Py_ssize_t alive_feeds = 0, alive_streams = 0


cdef object route_of(str name):
    cdef bytes raw = name.encode()
    return ox_route(PyBytes_AS_STRING(raw), PyBytes_GET_SIZE(raw))


# What each route means for the end of a stream: 0 nothing, 1 a hard end, 2 a soft one, 3 an error.
cdef unsigned char meaning[65536]
for _name in endings.HARD_ENDS:
    meaning[<uint16_t>route_of(_name)] = 1
for _name in endings.SOFT_ENDS:
    if route_of(_name):
        meaning[<uint16_t>route_of(_name)] = 2
meaning[<uint16_t>route_of("error")] = 3
meaning[0] = 0


def _live_objects():
    """Native objects alive, by kind: for the leak tests."""
    return {"feed": alive_feeds, "stream": alive_streams}


cdef class EventFeed(ByteSink):
    """The receiving half, held by the connection; the iterator holds it too, so that dropping the iterator is seen."""

    cdef ox_sse sse
    cdef bint ready, ended, full
    cdef int nature             # UNKNOWN until the first byte that is not white space
    cdef bint doubtful          # Content-Type names no event stream
    cdef bint deaf              # nothing more is wanted
    cdef object waiter          # the future the consumer waits on
    cdef object error
    cdef list junk
    cdef Py_ssize_t junk_size
    cdef size_t high_water

    def __cinit__(self, size_t max_event, size_t max_line, size_t high_water):
        global alive_feeds
        if ox_sse_init(&self.sse, NULL, max_event, max_line) < 0:
            raise ImportError("OXIDE_ISA names a row that is not usable here")
        self.ready = True
        self.high_water = high_water
        alive_feeds += 1

    def __dealloc__(self):
        global alive_feeds
        if self.ready:
            ox_sse_free(&self.sse)
            alive_feeds -= 1

    cdef int feed(self, const char *p, Py_ssize_t n) except -1:
        if self.deaf:
            return 0
        if self.nature != EVENTS and self.judge(p, n):
            self.junk.append(PyBytes_FromStringAndSize(p, n))
            self.junk_size += n
            if self.junk_size > JUNK_LIMIT:
                self.wake()
                self.full = True
                return 1
            return 0
        if ox_sse_feed(&self.sse, p, n) < 0:
            raise MemoryError
        self.wake()
        if ox_sse_buffered(&self.sse) > self.high_water:
            self.full = True
            return 1
        return 0

    cdef bint judge(self, const char *p, Py_ssize_t n):
        """Whether this is the body of something else: no line of an event stream begins like HTML or JSON,
        and where Content-Type names none, neither like other text."""
        cdef Py_ssize_t i
        if self.nature == UNKNOWN:
            for i in range(n):
                if p[i] in (c"<", c"{", c"["):
                    self.nature = JUNK
                    self.junk = []
                    break
                if p[i] not in (c" ", c"\t", c"\r", c"\n"):
                    self.nature = EVENTS
                    if self.doubtful and not endings.begins_like_events(PyBytes_FromStringAndSize(p + i, min(n - i, 8))):
                        self.nature = JUNK
                        self.junk = []
                    break
        return self.nature == JUNK

    cdef int eof(self) except -1:
        self.ended = True
        self.wake()
        return 0

    cdef int fail(self, object exc) except -1:
        self.ended = True
        self.error = exc
        self.wake()
        return 0

    cdef int wake(self) except -1:
        waiter = self.waiter
        if waiter is not None:
            self.waiter = None
            if not waiter.done():
                waiter.set_result(None)
        return 0


cdef class EventStream:
    """An asynchronous iterator over the events of an answer.

    Args:
        answer: the answer of a streaming request, not yet read.
        factory: makes the events.
        loop: the running loop.
        choices: how many choices a chat has; tells whether one that lacks ``[DONE]`` is complete.
        max_event: bytes one event may have; 0 for the default of 64 MiB.
        max_line: bytes one line may have; 0 for the default.
        high_water: bytes held unread before the connection stops reading.
        subscription: errors among the events are events like others, and the body may end anywhere.
    """

    cdef EventFeed feed
    cdef EventFactory factory
    cdef object answer, loop, timer, waiter
    cdef Step spare
    cdef int phase, choices
    cdef bint soft_end, timed_out, closed, own_first, subscription
    cdef set finished
    cdef size_t finish_back
    cdef readonly Py_ssize_t count
    cdef double created, idle, first, deadline, limit_at, timer_at
    cdef char *log
    cdef char *older
    cdef Py_ssize_t log_len, log_size, older_len, older_size

    def __cinit__(self):
        global alive_streams
        alive_streams += 1
        self.idle = self.first = self.deadline = INFINITY

    def __init__(self, answer, EventFactory factory not None, loop, *, int choices=1, size_t max_event=0,
                 size_t max_line=0, size_t high_water=262144, bint subscription=False):
        cdef EventFeed feed = EventFeed.__new__(EventFeed, max_event, max_line, high_water)
        self.answer = answer
        self.factory = factory
        self.loop = loop
        self.feed = feed
        self.choices = choices
        self.subscription = subscription
        self.created = monotonic()
        timeout = answer.request.timeout
        if timeout.stream_idle is not None:
            self.idle = self.first = timeout.stream_idle
        if timeout.first_event is not None:
            self.first = timeout.first_event
            self.own_first = True
        if answer.attempt.deadline_at is not None:
            # The loop's clock need not be ours.
            self.deadline = self.created + answer.attempt.deadline_at - loop.time()
        kind = answer.header(b"content-type")
        if kind is not None and b"html" in kind:
            feed.nature = JUNK
            feed.junk = []
        # Some servers send events as text/plain: what the body begins with decides.
        feed.doubtful = kind is None or b"event-stream" not in kind
        answer.bind(feed)

    def __dealloc__(self):
        global alive_streams
        alive_streams -= 1
        PyMem_Free(self.log)
        PyMem_Free(self.older)

    def __del__(self):
        if self.answer is not None and self.phase == OPEN and not self.feed.ended and not self.loop.is_closed():
            # Any thread may collect this object; only the loop's own may touch the connection.
            self.loop.call_soon_threadsafe(self.answer.abort)

    def __aiter__(self):
        return self

    def __anext__(self):
        cdef Step step = self.spare
        # Ours and the local one: whoever got it last has let it go.
        if step is None or step.stream is not None or Py_REFCNT(step) != 2:
            step = self.spare = Step.__new__(Step)
        step.stream = self
        return step

    def close(self):
        """Ends the stream; its connection is kept if the body was read to its end, else closed."""
        if self.phase == OPEN:
            self.quit()
            self.phase = OVER
        self.feed.wake()

    @property
    def is_over(self):
        """Whether the stream has ended, well or badly, or was closed."""
        return self.phase == OVER

    cdef int quit(self) except -1:
        """Nothing more is wanted of the connection."""
        self.feed.deaf = True
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
        if not self.feed.ended:
            self.feed.ended = True
            self.answer.abort()
        return 0

    # -- the next event ----------------------------------------------------------------------------------------

    cdef object pull(self):
        """The next event, or WAIT."""
        cdef ox_sse_event ev
        cdef EventFeed feed = self.feed
        cdef uint16_t route
        cdef int found
        while self.phase == OPEN:
            if feed.nature == JUNK:
                if not feed.ended and not feed.full:
                    return self.wait_more()
                self.give_up(endings.not_a_stream(b"".join(feed.junk), self.answer))
            found = ox_sse_next(&feed.sse, &ev)
            if found == 1:
                if ev.data_len == 0:
                    continue
                if ev.data_len >= 6 and memcmp(ev.data, b"[DONE]", 6) == 0:
                    self.terminate()
                    break
                if self.closed and not endings.is_json(ev.data[:ev.data_len]):
                    self.give_up(endings.truncated(self.answer, self.partial(ev.data[:ev.data_len])))
                try:
                    event = self.factory.make(&ev)
                except APIError as exc:
                    self.give_up(exc)
                except BaseException:
                    self.phase = OVER
                    self.quit()
                    raise
                route = ev.route
                if route == 0:
                    if ev.name_len == 0:
                        route = self.look(ev.data, ev.data_len)
                if meaning[route]:
                    if meaning[route] == 1:
                        self.terminate()
                    elif meaning[route] == 2:
                        self.soft_end = True
                    elif not self.subscription:
                        self.give_up(endings.error_event(ev.data[:ev.data_len]))
                self.count += 1
                self.note(&ev)
                return event
            if found < 0:
                self.refuse(found)
            if not feed.ended:
                return self.wait_more()
            self.at_end()
        if self.phase == ENDING and not feed.ended:
            return WAIT
        if self.phase != OVER:
            self.phase = OVER
            self.quit()
        raise StopAsyncIteration

    cdef object wait_more(self):
        if self.timed_out:
            self.limit_ran_out()
        if self.feed.full:
            self.feed.full = False
            self.answer.resume_reading()
        return WAIT

    cdef int terminate(self) except -1:
        """The terminator was seen."""
        self.phase = ENDING
        self.feed.deaf = True
        if not self.feed.ended:
            # The end of the message comes right behind; then the connection goes back to the pool.
            self.answer.expect_end(END_WAIT)
        return 0

    cdef int at_end(self) except -1:
        """Every byte was read and no terminator among them."""
        cdef bint whole = self.soft_end or (self.finished is not None and len(self.finished) >= self.choices)
        if self.feed.error is not None:
            if not whole:
                self.give_up(endings.broken(self.feed.error, self.answer, self.partial(b""), self.elapsed()))
        elif not self.closed:
            # A last event that lacks its blank line counts, if it is whole.
            self.closed = True
            return ox_sse_close(&self.feed.sse)
        elif not whole and not self.subscription:
            self.give_up(endings.truncated(self.answer, self.partial(b"")))
        self.phase = ENDING
        return 0

    cdef uint16_t look(self, const char *p, size_t n) except? 65535:
        """The route of an unnamed event that leads with its type; notes what a chat chunk finishes."""
        cdef size_t i = 1, start
        if n < 12 or p[0] != c"{":
            return 0
        while i < n and p[i] == c" ":
            i += 1
        if n - i > 8 and memcmp(p + i, b'"type"', 6) == 0:
            i += 6
            while i < n and (p[i] == c" " or p[i] == c":"):
                i += 1
            if i < n and p[i] == c'"':
                start = i + 1
                i = start
                while i < n and p[i] != c'"':
                    i += 1
                return ox_route(p + start, i - start)
            return 0
        self.finishes(p, n)
        return 0

    cdef int finishes(self, const char *p, size_t n) except -1:
        """Notes which choices a chat chunk finishes; costs a comparison on all chunks but the last ones."""
        cdef size_t back = self.finish_back
        cdef size_t i
        if back and back <= n and self.choices == 1 and memcmp(p + n - back, b'"finish_reason":null', 20) == 0:
            return 0
        # From the end: what follows the finish reason is short, what precedes it is not.
        i = n
        while i >= 20:
            i -= 1
            if p[i] == c"f" and i + 14 <= n and p[i - 1] == c'"' and memcmp(p + i, b'finish_reason"', 14) == 0:
                if self.choices == 1 and i + 19 <= n and memcmp(p + i + 14, b":null", 5) == 0:
                    self.finish_back = n - i + 1
                    return 0
                for index in endings.finished_choices(p[:n]):
                    if self.finished is None:
                        self.finished = set()
                    self.finished.add(index)
                return 0
        return 0

    # -- bad ends ----------------------------------------------------------------------------------------------

    cdef int give_up(self, object error) except -1:
        """Ends the stream with an error."""
        self.phase = OVER
        if isinstance(error, APIError):
            if error.partial is None:
                endings.attach(error, self.answer, self.partial(b""))
        self.quit()
        raise error

    cdef int refuse(self, int code) except -1:
        if code != OX_SSE_EEVENT and code != OX_SSE_ELINE:
            raise MemoryError
        what, limit = ("an event", self.feed.sse.max_event) if code == OX_SSE_EEVENT else ("a line", self.feed.sse.max_line)
        self.give_up(endings.oversized(ox_sse_error_size(&self.feed.sse), limit, what, self.answer))

    cdef int limit_ran_out(self) except -1:
        cdef double first = self.first if self.count == 0 else self.idle
        cdef object name = "first_event" if self.count == 0 and self.own_first else "stream_idle"
        cdef double seconds = first
        if self.limit_at >= self.deadline:
            name = "deadline"
            seconds = self.answer.request.deadline or 0.0
        self.give_up(endings.timed_out(name, seconds, self.answer, self.partial(b""), self.elapsed()))

    cdef double elapsed(self) except -1:
        return self.loop.time() - self.answer.attempt.started_at

    # -- waiting -----------------------------------------------------------------------------------------------

    cdef object wait(self):
        """A future that is done when there may be more."""
        cdef double limit
        waiter = self.loop.create_future()
        # What a coroutine's `await` would say to the task that drives us.
        waiter._asyncio_future_blocking = True
        self.waiter = self.feed.waiter = waiter
        limit = self.first if self.count == 0 else self.idle
        if (limit != INFINITY or self.deadline != INFINITY) and self.phase == OPEN:
            self.arm(limit)
        return waiter

    cdef int arm(self, double limit) except -1:
        """Starts the limit; comments wake the consumer without an event and must not restart it."""
        cdef double now
        if self.limit_at == 0:
            now = monotonic()
            self.limit_at = (self.created if self.count == 0 else now) + limit
            if self.deadline < self.limit_at:
                self.limit_at = self.deadline
            if self.timer is not None:
                if self.timer_at <= self.limit_at:
                    return 0
                self.timer.cancel()
            self.timer_at = self.limit_at
            self.timer = self.loop.call_later(max(0.0, self.limit_at - now), self.on_timer)
        return 0

    def on_timer(self):
        """The loop: the timer fired; the limit may have moved since it was set."""
        cdef double now
        self.timer = None
        if self.limit_at == 0 or self.phase != OPEN:
            return
        now = monotonic()
        if now < self.limit_at:
            self.timer_at = self.limit_at
            self.timer = self.loop.call_later(self.limit_at - now, self.on_timer)
            return
        self.timed_out = True
        self.feed.wake()

    # -- what is kept for errors -------------------------------------------------------------------------------

    cdef int note(self, ox_sse_event *ev) except -1:
        """Keeps the event's bytes: the log has two halves, and the older one goes when the newer is full."""
        cdef Py_ssize_t need = 8 + ev.name_len + ev.data_len
        cdef Py_ssize_t size
        cdef uint32_t lens[2]
        cdef char *p
        if self.log_len + need > self.log_size:
            if self.log_len + need > LOG_HALF:
                if need > LOG_HALF:
                    # Larger than all there is room for; the count tells that it is missing.
                    self.log_len = self.older_len = 0
                    return 0
                self.log, self.older = self.older, self.log
                self.log_size, self.older_size = self.older_size, self.log_size
                self.older_len = self.log_len
                self.log_len = 0
            if need + self.log_len > self.log_size:
                size = min(max(1024, 2 * (self.log_len + need)), LOG_HALF)
                p = <char *>PyMem_Realloc(self.log, size)
                if p is NULL:
                    raise MemoryError
                self.log = p
                self.log_size = size
        lens[0] = <uint32_t>ev.name_len
        lens[1] = <uint32_t>ev.data_len
        p = self.log + self.log_len
        memcpy(p, lens, 8)
        memcpy(p + 8, ev.name, ev.name_len)
        memcpy(p + 8 + ev.name_len, ev.data, ev.data_len)
        self.log_len += need
        return 0

    cdef object partial(self, bytes rest):
        """What had arrived."""
        cdef list records = []
        read_log(records, self.older, self.older_len)
        read_log(records, self.log, self.log_len)
        return endings.Partial(self.count, records, self.factory.make_event, rest)


cdef int read_log(list records, const char *p, Py_ssize_t n) except -1:
    cdef uint32_t lens[2]
    cdef const char *end = p + n
    while p < end:
        memcpy(lens, p, 8)
        p += 8
        records.append(((<bytes>p[:lens[0]]).decode("utf-8", "replace") if lens[0] else None,
                        PyBytes_FromStringAndSize(p + lens[0], lens[1])))
        p += lens[0] + lens[1]
    return 0


cdef class Step:
    """The awaitable for one event. A stream keeps one and hands it out again."""

    cdef EventStream stream

    def __await__(self):
        return self

    def __iter__(self):
        return self

    def __next__(self):
        """The way of Python 3.12 and later, which do not look for am_send."""
        found = self.advance()
        if self.stream is None:
            raise StopIteration(found)
        return found

    def send(self, value):
        """As a coroutine's."""
        return self.__next__()

    def throw(self, kind, value=None, tb=None):
        """As a coroutine's: what happens to a task that is cancelled while it waits. The stream ends."""
        stream = self.stream
        self.stream = None
        if stream is not None:
            stream.waiter = stream.feed.waiter = None
            stream.close()
        if value is None:
            value = kind() if isinstance(kind, type) else kind
        raise value

    def close(self):
        """As a coroutine's."""
        stream = self.stream
        self.stream = None
        if stream is not None and stream.waiter is not None:
            stream.waiter = stream.feed.waiter = None
            stream.close()

    cdef object advance(self):
        """The event, and then self.stream is None; or a future to wait for."""
        cdef EventStream stream = self.stream
        if stream is None:
            raise RuntimeError("cannot reuse already awaited __anext__()")
        if stream.waiter is not None:
            if not stream.waiter.done():
                raise RuntimeError("another task waits for this stream's next event already")
            stream.waiter = None
        try:
            found = stream.pull()
        except BaseException:
            self.stream = None
            raise
        if found is WAIT:
            return stream.wait()
        stream.limit_at = 0
        stream.timed_out = False
        self.stream = None
        return found


cdef int step_send(object self, object value, PyObject **result) except -1:
    """am_send: a result without a StopIteration around it."""
    cdef Step step = <Step>self
    found = step.advance()
    Py_INCREF(found)
    result[0] = <PyObject *>found
    return PYGEN_RETURN if step.stream is None else PYGEN_NEXT


(<PyTypeObject *>Step).tp_as_async.am_send = step_send
