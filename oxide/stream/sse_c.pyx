# cython: language_level=3
"""Server-sent events over the compiled core. `oxide.stream.sse_py` is the twin."""
from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_GET_SIZE
from cpython.unicode cimport PyUnicode_DecodeUTF8

from oxide.csrc cimport (
    OX_SSE_ECLOSED,
    OX_SSE_EEVENT,
    OX_SSE_ELINE,
    OX_SSE_EROW,
    ox_route_count,
    ox_route_name,
    ox_sse,
    ox_sse_close,
    ox_sse_error_size,
    ox_sse_event,
    ox_sse_feed,
    ox_sse_free,
    ox_sse_init,
    ox_sse_next,
)

from oxide.stream.limits import DEFAULT_MAX as _DEFAULT_MAX, EventLimitError, check_limit

cdef Py_ssize_t live_decoders = 0
cdef list route_names = [None] + [
    (<bytes>ox_route_name(<unsigned short>i)).decode() for i in range(1, ox_route_count() + 1)
]


def _live_objects() -> dict:
    """How many native objects of each kind are alive; a test that leaves more than it found has leaked."""
    return {"SSEDecoder": live_decoders}


cdef class ServerSentEvent:
    """One event of a stream (WHATWG HTML, "Server-sent events").

    Attributes:
        event: the ``event:`` field, None when the event is unnamed.
        data: the ``data:`` lines joined by LF, decoded as UTF-8; bytes that are not UTF-8 become U+FFFD.
        id: the last ``id:`` seen on the stream up to here, None before the first.
        retry: milliseconds of a ``retry:`` field seen since the event before, None without one.
    """

    cdef public object event
    cdef public object data
    cdef public object id
    cdef public object retry

    def __init__(self, *, event=None, data=None, id=None, retry=None):
        self.event = event
        self.data = data or ""
        self.id = id
        self.retry = retry

    def json(self):
        """Parses the data as JSON.

        Returns:
            The value.

        Raises:
            json.JSONDecodeError: when it is not JSON.
        """
        from oxide.json import loads

        return loads(self.data)

    def __eq__(self, other):
        if not isinstance(other, ServerSentEvent):
            return NotImplemented
        cdef ServerSentEvent o = <ServerSentEvent>other
        return (self.event, self.data, self.id, self.retry) == (o.event, o.data, o.id, o.retry)

    def __reduce__(self):
        return _restore, (self.event, self.data, self.id, self.retry)

    def __repr__(self):
        return (
            f"ServerSentEvent(event={self.event!r}, data={self.data!r}, id={self.id!r}, retry={self.retry!r})"
        )


def _restore(event, data, id, retry):
    return ServerSentEvent(event=event, data=data, id=id, retry=retry)


cdef ServerSentEvent new_event(const ox_sse_event *ev):
    cdef ServerSentEvent self = ServerSentEvent.__new__(ServerSentEvent)
    self.data = PyUnicode_DecodeUTF8(ev.data, <Py_ssize_t>ev.data_len, "replace")
    if ev.route:
        self.event = route_names[ev.route]
    elif ev.name_len:
        self.event = PyUnicode_DecodeUTF8(ev.name, <Py_ssize_t>ev.name_len, "replace")
    if ev.id != NULL:
        self.id = PyUnicode_DecodeUTF8(ev.id, <Py_ssize_t>ev.id_len, "replace")
    if ev.retry_ms >= 0:
        self.retry = ev.retry_ms
    return self


cdef class SSEDecoder:
    """Makes events of bytes that arrive in any pieces.

    LF, CR LF and CR end a line; a byte order mark at the very start is dropped; a block without a ``data``
    line is no event. The events do not depend on where the bytes were cut.

    Args:
        max_event: cap on one event in bytes, as received.
        max_line: cap on one line in bytes.

    Raises:
        ValueError: when a cap is below 1.
    """

    cdef ox_sse sse
    cdef size_t max_event, max_line
    cdef bint closed

    def __cinit__(self, max_event=_DEFAULT_MAX, max_line=_DEFAULT_MAX):
        global live_decoders
        live_decoders += 1
        self.max_event = check_limit("max_event", max_event)
        self.max_line = check_limit("max_line", max_line)
        if ox_sse_init(&self.sse, NULL, self.max_event, self.max_line) == OX_SSE_EROW:
            raise ImportError("OXIDE_ISA names an instruction set that is not usable here")

    def __dealloc__(self):
        global live_decoders
        live_decoders -= 1
        ox_sse_free(&self.sse)

    def feed(self, data):
        """Takes bytes in.

        Args:
            data: the next bytes of the stream; any cut is fine, in the middle of a character too.

        Returns:
            The events these bytes complete.

        Raises:
            EventLimitError: at an event or line above its cap, once the events before it were returned; from
                then on at each call.
            ValueError: after ``close()``.
        """
        cdef Py_buffer view
        cdef int error
        if PyBytes_CheckExact(data):
            error = ox_sse_feed(&self.sse, PyBytes_AS_STRING(data), <size_t>PyBytes_GET_SIZE(data))
        else:
            PyObject_GetBuffer(data, &view, PyBUF_SIMPLE)
            error = ox_sse_feed(&self.sse, <const char *>view.buf, <size_t>view.len)
            PyBuffer_Release(&view)
        if error:
            self.fail(error)
        return self.events()

    def close(self):
        """Ends the stream.

        Returns:
            The last event, when its last line end or its blank line had not arrived; else nothing.

        Raises:
            EventLimitError: as `feed`.
        """
        cdef int error = ox_sse_close(&self.sse)
        if error:
            self.fail(error)
        return self.events()

    cdef list events(self):
        cdef ox_sse_event ev
        cdef list events = []
        cdef int got
        while True:
            got = ox_sse_next(&self.sse, &ev)
            if got != 1:
                break
            events.append(new_event(&ev))
        if got < 0 and not events: # else the next call raises: what came before the fault is not lost
            self.fail(got)
        return events

    cdef int fail(self, int error) except -1:
        if error == OX_SSE_EEVENT:
            raise EventLimitError("max_event", self.max_event, ox_sse_error_size(&self.sse))
        if error == OX_SSE_ELINE:
            raise EventLimitError("max_line", self.max_line, ox_sse_error_size(&self.sse))
        if error == OX_SSE_ECLOSED:
            raise ValueError("feed() after close(): a new stream needs a new SSEDecoder")
        raise MemoryError
