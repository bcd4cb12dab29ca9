from oxide.csrc cimport ox_sse_event
from oxide.models.lazy_c cimport TypePlan


cdef class EventFactory:
    cdef TypePlan plan          # of the annotation itself
    cdef int mode
    cdef tuple routes           # route id → TypePlan of the event's class, or None
    cdef bint by_event          # the tag is the event's name: Assistants
    cdef object make(self, ox_sse_event *ev)
    cdef object from_span(self, TypePlan plan, const char *data, Py_ssize_t n)
    cdef object rare(self, name, bytes data)
