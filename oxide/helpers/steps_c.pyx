# cython: language_level=3, boundscheck=False, wraparound=False
"""The steps of a stream helper without a coroutine for each event. See steps_py for what they do."""
cimport cython
from cpython.object cimport PyObject

cdef extern from "Python.h":
    ctypedef struct PyAsyncMethods:
        int (*am_send)(object, object, PyObject **) except -1
    ctypedef struct PyTypeObject:
        PyAsyncMethods *tp_as_async
    PyTypeObject *Py_TYPE(object)
    Py_ssize_t Py_REFCNT(object)
    void Py_INCREF(object)
    void Py_DECREF(PyObject *)
    int PyIter_Send(object, object, PyObject **) except -1
    int PYGEN_RETURN, PYGEN_NEXT


cdef class HelperSteps:
    cdef public object _raw_events, _failure
    cdef public bint _ended
    cdef object handle, state
    cdef list pending
    cdef Py_ssize_t given       # how many of them are handed out
    cdef Step spare

    def __init__(self, raw_events, handle, state):
        self._raw_events = raw_events
        self.handle = handle
        self.state = state
        self.pending = []

    def __aiter__(self):
        return self

    def __anext__(self):
        cdef Step step = self.spare
        # Ours and the local one: whoever got it last has let it go.
        if step is None or step.stream is not None or Py_REFCNT(step) != 2:
            step = self.spare = Step.__new__(Step)
        step.stream = self
        return step

    cdef object following(self):
        event = self.pending[self.given]
        self.given += 1
        if self.given == len(self.pending):
            self.pending.clear()
            self.given = 0
        return event

    cdef int cancelled(self) except -1:
        """Later calls are no part of that."""
        self._failure = self._truncated("The stream was cancelled before it was complete.")
        self._raw_events.close()
        return 0


@cython.final
cdef class Step:
    """The awaitable for one event. A helper keeps one and hands it out again."""

    cdef HelperSteps stream
    cdef object inner           # what the raw event is awaited by, once that has begun

    def __await__(self):
        return self

    def __iter__(self):
        return self

    def __next__(self):
        """The way of Python 3.12 and later, which do not look for am_send."""
        found = self.advance(None)
        if self.stream is None:
            raise StopIteration(found)
        return found

    def send(self, value):
        """As a coroutine's."""
        return self.__next__()

    def throw(self, kind, value=None, tb=None):
        """As a coroutine's."""
        if value is None:
            value = kind() if isinstance(kind, type) else kind
        if self.stream is None or self.inner is None:
            self.stream = None
            raise value
        found = self.advance(value)
        if self.stream is None:
            raise StopIteration(found)
        return found

    def close(self):
        """As a coroutine's."""
        stream, inner = self.stream, self.inner
        self.stream = self.inner = None
        if inner is not None:
            try:
                inner.close()
            finally:
                (<HelperSteps>stream).cancelled()

    cdef object advance(self, object thrown):
        """The event, and then self.stream is None; or what to wait for."""
        cdef HelperSteps stream = self.stream
        cdef list events
        cdef PyObject *sent = NULL
        if stream is None:
            raise RuntimeError("cannot reuse already awaited __anext__()")
        if self.inner is None and stream.pending:
            self.stream = None
            return stream.following()
        try:
            while True:
                if thrown is not None:
                    try:
                        return self.inner.throw(thrown)
                    except StopIteration as stop:
                        thrown = None
                        raw = stop.value
                else:
                    if self.inner is None:
                        self.inner = sendable(stream._raw_events.__anext__())
                    status = PyIter_Send(self.inner, None, &sent)
                    raw = <object>sent
                    Py_DECREF(sent)
                    if status == PYGEN_NEXT:
                        return raw
                self.inner = None
                events = <list?>stream.handle(stream.state, raw)
                if events:
                    self.stream = None
                    if len(events) == 1:
                        return events[0]
                    if stream.pending:
                        stream.pending.extend(events[1:])
                        return events[0]
                    stream.pending = events
                    stream.given = 0
                    return stream.following()
        except StopAsyncIteration:
            self.stream = self.inner = None
            stream._ended = True
            raise
        except Exception as error:
            self.stream = self.inner = None
            if isinstance(error, StopIteration):
                # It would pass for the end of this step.
                stream._failure = RuntimeError("a stream helper raised StopIteration")
            else:
                stream._failure = error
            stream._raw_events.close()
            if stream._failure is not error:
                raise stream._failure from error
            raise
        except BaseException:
            self.stream = self.inner = None
            stream.cancelled()
            raise


cdef inline object sendable(object awaitable):
    cdef PyAsyncMethods *methods = Py_TYPE(awaitable).tp_as_async
    if methods != NULL and methods.am_send != NULL:
        return awaitable
    return type(awaitable).__await__(awaitable)


cdef int step_send(object self, object value, PyObject **result) except -1:
    """am_send: a result without a StopIteration around it."""
    cdef Step step = <Step>self
    found = step.advance(None)
    Py_INCREF(found)
    result[0] = <PyObject *>found
    return PYGEN_RETURN if step.stream is None else PYGEN_NEXT


(<PyTypeObject *>Step).tp_as_async.am_send = step_send
