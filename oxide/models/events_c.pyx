# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False
"""Events of a stream made into objects. See events_py for what each function means; this one only answers sooner."""
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.string cimport memset

from oxide.csrc cimport OX_OBJECT, OX_PADDING, ox_route, ox_route_count, ox_route_name, ox_sse_event, ox_value
from oxide.models.lazy_c cimport (
    TypePlan, class_plan, event_instance, root_value, tag_of, type_plan,
)

import json as _stdlib_json

from oxide._faults import has_fault, not_json, stream_error
from oxide.models import convert as conv
from oxide.models import shapes as _shapes
from oxide.models.classes import class_info as _class_info

cdef int _MODEL = _shapes.MODEL


cdef class EventFactory:
    def __init__(self, type_, str validation="lazy"):
        shape = _shapes.shape_of(type_)
        self.plan = type_plan(shape)
        self.mode = conv.MODES[validation]
        self.by_event = shape.tag == "event"
        names = [(<bytes>ox_route_name(<unsigned short>i)).decode() for i in range(1, ox_route_count() + 1)]
        self.routes = (None, *[type_plan(shape.variants[n]) if n in shape.variants else None for n in names])

    cdef object make(self, ox_sse_event *ev):
        cdef TypePlan plan = None
        cdef ox_value value
        if not self.by_event:
            if ev.route != 0:
                plan = <TypePlan>self.routes[ev.route]
            elif ev.name_len != 0 and self.plan.variants:
                name = PyBytes_FromStringAndSize(ev.name, <Py_ssize_t>ev.name_len).decode("utf-8", "replace")
                plan = self.plan.variants.get(name)
            if plan is None:
                if self.plan.tag is None:
                    plan = self.plan
                elif ev.data_len != 0 and ev.data[0] == c"{":
                    value.p = ev.data
                    value.n = ev.data_len
                    value.kind = OX_OBJECT
                    tag = tag_of(self.plan, &value, NULL)
                    plan = self.plan.variants.get(tag)
                    if plan is None:
                        plan = type_plan(conv.unknown_shape())
            if plan is not None and plan.kind == _MODEL:
                made = self.from_span(plan, ev.data, <Py_ssize_t>ev.data_len)
                if made is not None:
                    return made
        name = PyBytes_FromStringAndSize(ev.name, <Py_ssize_t>ev.name_len).decode("utf-8", "replace")
        return self.rare(name or None, PyBytes_FromStringAndSize(ev.data, <Py_ssize_t>ev.data_len))

    cdef object from_span(self, TypePlan plan, const char *data, Py_ssize_t n):
        """The object, or None where it takes the long way to say what it is."""
        if plan.model is None:
            plan.model = class_plan(plan.shape.cls)
        if not plan.model.fillable or n == 0 or data[0] != c"{":
            return None
        return event_instance(plan.model, data, n, self.mode)

    cdef object rare(self, name, bytes data):
        """Events that are no plain objects, error objects, and classes with rules of their own."""
        try:
            value = _stdlib_json.loads(data)
        except (ValueError, RecursionError) as error:
            raise not_json(data, error) from error
        shape = self.plan.shape
        if self.by_event and name and (name in shape.variants or not has_fault(value)):
            value = {"event": name, "data": value}
        if shape.tag is not None and isinstance(value, dict):
            tag = name if name in shape.variants else value.get(shape.tag)
            shape = shape.variants.get(tag) if isinstance(tag, str) else None
            if shape is None:
                shape = conv.unknown_shape()
        if has_fault(value) and not _has_error(shape):
            raise stream_error(value["error"], data)
        text = _stdlib_json.dumps(value).encode()
        padded = text + bytes(OX_PADDING)
        return root_value(type_plan(shape), padded, len(text), self.mode)

    def make_event(self, name, bytes data not None):
        """What `make` gives for an event with this name and data."""
        cdef ox_sse_event ev
        cdef bytes padded = data + bytes(OX_PADDING)
        cdef bytes raw_name = (name or "").encode()
        memset(&ev, 0, sizeof(ev))
        ev.data = PyBytes_AS_STRING(padded)
        ev.data_len = len(data)
        ev.name = PyBytes_AS_STRING(raw_name)
        ev.name_len = len(raw_name)
        ev.retry_ms = -1
        ev.route = ox_route(ev.name, ev.name_len) if ev.name_len else 0
        return self.make(&ev)


def _has_error(shape):
    """Whether the class has a field named `error`, so that one is no failure of the stream."""
    return shape.kind == _MODEL and shape.cls is not None and "error" in _class_info(shape.cls).by_key
