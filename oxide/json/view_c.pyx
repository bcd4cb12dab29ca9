# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False, auto_pickle=False
"""The lazy view over json_c's scans. See json_py.View for what each method means."""
cimport cython
from json import loads as stdlib_loads

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy

from oxide.csrc cimport (
    OX_ARRAY, OX_JSON_OK, OX_OBJECT, OX_PADDING, ox_field, ox_fields, ox_fields_init, ox_value,
)
from oxide.json.json_c cimport (
    field_key, fields_free, padded_text, scan_array, scan_object, to_python, value_to_python,
)

from oxide.json import json_py

cdef Py_ssize_t _live = 0


def _live_objects() -> dict:
    return {"View": _live}


@cython.final
cdef class View:
    cdef bytes owner  # the padded document that p points into
    cdef ox_value at
    cdef ox_field *fields  # NULL until scanned
    cdef Py_ssize_t count
    cdef dict index  # object: key → position of the last field of that name
    cdef object twin  # what the standard library made of a value that simdjson refused

    def __cinit__(self):
        global _live
        _live += 1

    def __init__(self):
        raise TypeError("View objects come from oxide.json.view()")

    def __dealloc__(self):
        global _live
        _live -= 1
        free(self.fields)

    cdef int scan(self) except -1:
        """After it, either `fields` or `twin` holds what there is to know."""
        cdef ox_fields found
        cdef Py_ssize_t i
        cdef int code
        if self.fields != NULL or self.twin is not None:
            return 0
        ox_fields_init(&found)
        if self.at.kind == OX_OBJECT:
            code = scan_object(self.at.p, self.at.n, NULL, &found)
        else:
            code = scan_array(self.at.p, self.at.n, NULL, &found)
        if code == OX_JSON_OK:
            self.fields = <ox_field *>malloc((found.count + 1) * sizeof(ox_field))
            if self.fields == NULL:
                fields_free(&found)
                raise MemoryError
            memcpy(self.fields, found.items, found.count * sizeof(ox_field))
            self.count = <Py_ssize_t>found.count
            fields_free(&found)
            if self.at.kind == OX_OBJECT:
                self.index = {}
                for i in range(self.count):
                    self.index[field_key(&self.fields[i])] = i
            return 0
        fields_free(&found)
        self.twin = json_py.View(stdlib_loads(PyBytes_FromStringAndSize(self.at.p, self.at.n)))
        return 0

    cdef object item(self, Py_ssize_t i):
        cdef ox_value *value = &self.fields[i].value
        if value.kind == OX_OBJECT or value.kind == OX_ARRAY:
            return _view(self.owner, value)
        return value_to_python(value)

    def value(self):
        if self.twin is not None:
            return self.twin.value()
        return to_python(self.at.p, self.at.n)

    def keys(self):
        self.scan()
        if self.index is None:
            return self.delegate().keys()
        return list(self.index)

    def get(self, key, default=None):
        try:
            return self[key]
        except KeyError:
            return default

    def __getitem__(self, key):
        cdef Py_ssize_t i
        self.scan()
        if self.index is not None and isinstance(key, str):
            return self.item(self.index[key])
        if self.index is None and self.twin is None and isinstance(key, int) and -self.count <= key < self.count:
            i = key
            return self.item(i + self.count if i < 0 else i)
        return self.delegate()[key]

    def __len__(self):
        self.scan()
        if self.index is not None:
            return len(self.index)
        if self.twin is not None:
            return len(self.twin)
        return self.count

    def __iter__(self):
        self.scan()
        if self.index is not None:
            return iter(list(self.index))
        if self.twin is not None:
            return iter(self.twin)
        return iter([self.item(i) for i in range(self.count)])

    def __contains__(self, key):
        self.scan()
        if self.index is not None:
            return key in self.index
        return key in self.delegate()

    def __repr__(self):
        return repr(self.delegate())

    cdef object delegate(self):
        """The twin's view, for what is an error or rare: it knows the words."""
        if self.twin is not None:
            return self.twin
        return json_py.View(self.value())


cdef View _view(bytes owner, const ox_value *at):
    cdef View view = View.__new__(View)
    view.owner = owner
    view.at = at[0]
    return view


def view(data: bytes | bytearray | memoryview | str, *, bint padded=False) -> View:
    cdef bytes text = padded_text(data, padded)
    cdef ox_value at
    cdef View opened
    if text is None:
        opened = View.__new__(View)
        opened.twin = json_py.view(data)
        return opened
    at.p = PyBytes_AS_STRING(text)
    at.n = PyBytes_GET_SIZE(text) - OX_PADDING
    while at.n and at.p[0] in b" \t\r\n":
        at.p += 1
        at.n -= 1
    # A lone scalar goes the way of an array that simdjson refuses: the standard library reads it.
    at.kind = OX_OBJECT if at.n and at.p[0] == c"{" else OX_ARRAY
    opened = _view(text, &at)
    opened.scan()
    return opened
