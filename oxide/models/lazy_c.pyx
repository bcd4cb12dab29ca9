# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False
"""Lazy models over simdjson. See lazy_py for what each function means; this module only answers sooner."""
cimport cython
from cpython.bytearray cimport PyByteArray_AS_STRING, PyByteArray_FromStringAndSize, PyByteArray_GET_SIZE, PyByteArray_Resize
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.dict cimport PyDict_Contains, PyDict_GetItem, PyDict_SetDefault, PyDict_SetItem
from cpython.float cimport PyFloat_FromDouble
from cpython.list cimport PyList_GET_ITEM, PyList_GET_SIZE, PyList_New, PyList_SET_ITEM, PyList_SetItem
from cpython.object cimport PyObject
from cpython.ref cimport Py_DECREF, Py_INCREF
from libc.stdint cimport int16_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memchr, memcmp, memcpy, memset

from oxide.csrc cimport (
    OX_BASE64_ROOM, ox_base64_decode, ox_float_le, ox_kernels, ox_kernels_active,
    OX_ARRAY, OX_FALSE, OX_FLOAT, OX_INT, OX_JSON_MEMORY, OX_JSON_OK, OX_JSON_SYNTAX, OX_NULL, OX_OBJECT, OX_PADDING, OX_STRING,
    OX_TRUE, ox_field, ox_fields, ox_fields_init, ox_index, ox_index_free, ox_key, ox_kind, ox_value,
)
from oxide.json.json_c cimport field_key, fields_free, pluck_keys, scan_array, scan_object, scan_tree, string, utf8, value_to_python
from oxide.models.instance cimport (
    OX_SLOT, OxFilled, ox_alloc, ox_base_getattro, ox_clear_slot, ox_dict, ox_filled_new, ox_filled_ready, ox_filled_value,
    ox_install, ox_is_filled, ox_is_model, ox_later_type, ox_miss, ox_remember, ox_resolve, ox_set_dict, ox_set_slot, ox_slot_extra, ox_slot_fields_set, ox_slot_offset, ox_slot_private, ox_slot_source,
)

import json as _stdlib_json
from sys import intern

import pydantic

from oxide._faults import not_json
from oxide.models import convert as conv
from oxide.models.classes import class_info
from oxide.models.shapes import base_class, root_shape
from oxide.models.sleeping import Asleep, wake

cdef extern from "Python.h":
    object PyLong_FromLongLong(long long)
    void *PyUnicode_1BYTE_DATA(object)
    Py_ssize_t PyUnicode_GET_LENGTH(object)
    bint PyUnicode_IS_ASCII(object)
    bint PyObject_IS_GC(object)
    void PyObject_GC_Track(object)

cdef extern from *:
    """
    static inline PyObject *ox_type_attribute(PyObject *self, PyObject *name)
    {
        return _PyType_Lookup(Py_TYPE(self), name); /* borrowed */
    }

    static inline unsigned int ox_key_hash(const char *k, Py_ssize_t n)
    {
        if (n == 0)
            return 0;
        unsigned int h = (unsigned int)n * 0x9E3779B1u;
        h ^= (unsigned int)(unsigned char)k[0] * 0x85EBCA6Bu;
        h ^= (unsigned int)(unsigned char)k[n >> 1] * 0xC2B2AE35u;
        h ^= (unsigned int)(unsigned char)k[n - 1] * 0x27D4EB2Fu;
        return h ^ (h >> 15);
    }

    /* The first eight bytes of a key. ox_head reads eight whatever n is: a key in JSON text has the padding behind. */
    static inline uint64_t ox_head(const char *p, Py_ssize_t n)
    {
        uint64_t head;
        memcpy(&head, p, 8);
        if (n >= 8)
            return head;
    #if PY_LITTLE_ENDIAN
        return n ? head & (~(uint64_t)0 >> (64 - 8 * n)) : 0;
    #else
        return n ? head & (~(uint64_t)0 << (64 - 8 * n)) : 0;
    #endif
    }

    static inline uint64_t ox_head_of(const char *p, Py_ssize_t n)
    {
        char whole[8] = {0};
        memcpy(whole, p, n < 8 ? (size_t)n : 8);
        return ox_head(whole, n);
    }
    """
    uint64_t ox_head(const char *, Py_ssize_t) noexcept
    uint64_t ox_head_of(const char *, Py_ssize_t) noexcept
    PyObject *ox_type_attribute(object, object)
    unsigned int ox_key_hash(const char *, Py_ssize_t) noexcept

cdef enum:
    ANY = 0
    NONE = 1
    STR = 2
    INT = 3
    FLOAT = 4
    BOOL = 5
    LITERAL = 6
    LIST = 7
    DICT = 8
    MODEL = 9
    UNION = 10
    ADAPTER = 11
    FLOATS = 12

cdef enum:
    # Of models inside models that are read at once: far above what the API nests, far below what a stack holds.
    MAX_DEPTH = 400

cdef enum:
    # In place of the entry a field is read from: it was given a value.
    ASSIGNED = -1

cdef enum:
    LAZY = 0
    EAGER = 1
    OFF = 2

_MODES = conv.MODES
cdef object _IMMUTABLE = (str, int, float, bool, bytes, type(None), frozenset)
cdef str _FIELDS_SET = "__pydantic_fields_set__"
cdef str _EXTRA = "__pydantic_extra__"
cdef object _Asleep = Asleep
cdef frozenset _STATE = frozenset(("__dict__", _FIELDS_SET, _EXTRA))
cdef bint _bound = False
cdef Py_ssize_t _bodies = 0     # alive, for the leak checks of the tests
cdef object _set_attribute = pydantic.BaseModel.__setattr__
cdef object _delete_attribute = pydantic.BaseModel.__delattr__


class Carrier:
    """Base of the models. Reads go through `tp_getattro`; for writes CPython insists on methods."""
    __slots__ = ()

    def __setattr__(self, name, value):
        if _bound and OX_SLOT(self, ox_slot_source) != NULL:
            before_write(self, name)
        _set_attribute(self, name, value)

    def __delattr__(self, name):
        if _bound and OX_SLOT(self, ox_slot_source) != NULL:
            before_write(self, name)
        _delete_attribute(self, name)


include "plans.pxi"
include "values.pxi"
include "floats.pxi"
include "quick.pxi"
include "assembled.pxi"


# --- instances --------------------------------------------------------------------------------------------------

cdef inline Source source_of(object instance):
    cdef PyObject *source = OX_SLOT(instance, ox_slot_source)
    if source == NULL:
        return None
    return unfold(instance, <object>source) if ox_is_filled(source) else <Source>source


cdef Source unfold(object instance, object held):
    """Turn what an event's fields were read into at once into a source like any other."""
    cdef OxFilled *filled = <OxFilled *>held
    cdef ClassPlan plan = <ClassPlan>filled.plan
    cdef Source source = Source.__new__(Source)
    cdef dict values = <dict>ox_dict(instance)
    cdef FieldPlan field
    cdef bytes keep
    if filled.keep == NULL:
        # Nothing but the values: text that says which fields there were does.
        keep = empty_text(plan, filled)
    else:
        keep = <bytes>filled.keep
    source.plan = plan
    source.body = new_body(keep, PyBytes_AS_STRING(keep), PyBytes_GET_SIZE(keep) - OX_PADDING, filled.mode)
    source.p = source.body.p
    source.n = source.body.n
    for item in plan.fields:
        field = <FieldPlan>item
        if filled.values[field.index] != NULL:
            PyDict_SetDefault(values, field.name, ox_filled_value(filled, field.index))
    ox_set_slot(instance, ox_slot_source, source)
    return source


cdef bytes empty_text(ClassPlan plan, OxFilled *filled):
    cdef FieldPlan field
    keys = {}
    for item in plan.fields:
        field = <FieldPlan>item
        if filled.values[field.index] != NULL:
            keys[field.fact.key] = None
    return _stdlib_json.dumps(keys).encode() + bytes(OX_PADDING)


cdef object read_field(object instance, Source source, FieldPlan field):
    """Convert one field and keep it in the instance dict; of two threads that do so at once, one value stays."""
    cdef int16_t at
    source.scan()
    at = source.where[field.index]
    if at > 0:
        value = convert_value(field_plan(field), source.body, &source.entries[at - 1].value)
    elif field.shared_default:
        value = field.default
    elif field.required and source.body.mode != OFF:
        conv.missing(trail(source.body, source.p) + (field.fact.key,), field.fact.shape)
    else:
        value = field.fact.default()
    return <object>PyDict_SetDefault(<object>ox_dict(instance), field.name, value)


cdef object miss(object self, object name):
    """An attribute that the instance dict does not hold, of an instance that has a source."""
    cdef PyObject *held = OX_SLOT(self, ox_slot_source)
    cdef Source source
    cdef FieldPlan absent
    cdef PyObject *field
    if type(name) is not str:
        return ox_base_getattro(self, name)
    if ox_is_filled(held) and (<OxFilled *>held).keep == NULL:
        field = PyDict_GetItem((<ClassPlan>(<OxFilled *>held).plan).by_name, name)
        if field != NULL:
            absent = <FieldPlan>field
            if (<OxFilled *>held).values[absent.index] != NULL:
                return ox_filled_value(<OxFilled *>held, absent.index)
            if absent.shared_default:
                return absent.default
        elif name not in _STATE:
            stir(self, <ClassPlan>(<OxFilled *>held).plan, name)
            if ox_type_attribute(self, name) != NULL:
                return ox_base_getattro(self, name)
    source = source_of(self)
    field = PyDict_GetItem(source.plan.by_name, name)
    if field != NULL:
        return read_field(self, source, <FieldPlan>field)
    stir(self, source.plan, name)
    if name in _STATE:
        materialise_c(self)
    elif ox_type_attribute(self, name) == NULL and source_has_key(source, name):
        materialise_c(self)
    return ox_base_getattro(self, name)


cdef inline int stir(object self, ClassPlan plan, object name) except -1:
    """Wake the class of an instance that is asked for more than a field: pydantic answers in the class's name."""
    if type(type(self)) is _Asleep and name not in plan.info.calm:
        wake(type(self))
    return 0


cdef bint source_has_key(Source source, str name) except -1:
    """Whether the JSON object has such a key: an unknown field, readable as an attribute all the same."""
    cdef bytes key = name.encode("utf-8", "surrogatepass")
    cdef Py_ssize_t i, n = PyBytes_GET_SIZE(key)
    cdef Entry *entry
    source.scan()
    for i in range(source.count):
        entry = &source.entries[i]
        if entry.key_escaped:
            return True
        if <Py_ssize_t>entry.key_len == n and memcmp(entry.key, PyBytes_AS_STRING(key), n) == 0:
            return True
    return False


cdef int before_write(object self, object name) except -1:
    """Private state lives beside the fields; any other write needs the ordinary instance that pydantic expects."""
    cdef Source source = source_of(self)
    if source.plan.has_private and name in source.plan.info.private:
        return 0
    return materialise_c(self)


cdef int materialise_c(object instance) except -1:
    """Read what has not been read, so that the instance is an ordinary pydantic model from here on."""
    cdef Source source = source_of(instance)
    if source is None:
        return 0
    if source.body.mode != EAGER:
        return fill_all(instance, source)
    if source.body.depth >= MAX_DEPTH:
        raise RecursionError(f"models nested deeper than {MAX_DEPTH} levels")
    source.body.depth += 1
    try:
        return fill_all(instance, source)
    finally:
        source.body.depth -= 1


cdef int fill_all(object instance, Source source) except -1:
    cdef FieldPlan field
    cdef PyObject *known
    cdef Py_ssize_t i
    cdef dict values = {}
    cdef dict extra = {}
    cdef set given = set()
    cdef Entry *entry
    if type(type(instance)) is _Asleep:
        wake(type(instance))
    source.scan()
    for item in source.plan.fields:
        field = <FieldPlan>item
        if source.where[field.index] != 0:
            given.add(field.name)
        elif field.required and source.body.mode == LAZY:
            continue
        known = PyDict_GetItem(<object>ox_dict(instance), field.name)
        values[field.name] = <object>known if known != NULL else read_field(instance, source, field)
    for i in range(source.count):
        entry = &source.entries[i]
        if owner_of(source, i) < 0:
            key = entry_key(entry)
            extra[key] = unknown_value(source, entry)
            given.add(key)
    if OX_SLOT(instance, ox_slot_source) != <PyObject *>source:
        return 0
    return settle(instance, source, values, given, extra)


cdef int settle(object instance, Source source, dict values, set given, dict extra) except -1:
    """Make this the state of the instance. No other Python code runs here, so no other thread sees half of it."""
    for name, value in (<dict>ox_dict(instance)).items():
        # What has no field, such as _request_id.
        if not PyDict_Contains(source.plan.by_name, name):
            values[name] = value
    ox_set_slot(instance, ox_slot_fields_set, given)
    ox_set_slot(instance, ox_slot_extra, extra)
    Py_INCREF(values)
    ox_set_dict(instance, <PyObject *>values)
    ox_clear_slot(instance, ox_slot_source, NULL)
    return 0


cdef object entry_key(Entry *entry):
    cdef ox_field field
    field.key = entry.key
    field.key_len = entry.key_len
    field.key_escaped = entry.key_escaped
    return field_key(&field)


cdef Py_ssize_t owner_of(Source source, Py_ssize_t at) except -2:
    """Index of the field an entry belongs to, -1 for an unknown one."""
    cdef Entry *entry = &source.entries[at]
    if not entry.key_escaped:
        index = source.plan.find(entry.key, entry.key_len)
        if index >= 0 or len(source.plan.by_key) == len(source.plan.fields):
            return index
    owner = source.plan.by_key.get(entry_key(entry))
    return (<FieldPlan>owner).index if owner is not None else -1


cdef object unknown_value(Source source, Entry *entry):
    try:
        return value_to_python(&entry.value)
    except (ValueError, RecursionError) as error:
        conv.mismatch(trail(source.body, entry.value.p), "JSON", "text that is not JSON", error)


cdef int _bind() except -1:
    """Look up where pydantic keeps the state of an instance, once."""
    global _bound, ox_slot_fields_set, ox_slot_extra, ox_slot_private, ox_slot_source, ox_miss, ox_later_type, ox_resolve
    if _bound:
        return 0
    ox_slot_fields_set = ox_slot_offset(pydantic.BaseModel.__dict__[_FIELDS_SET])
    ox_slot_extra = ox_slot_offset(pydantic.BaseModel.__dict__[_EXTRA])
    ox_slot_private = ox_slot_offset(pydantic.BaseModel.__dict__["__pydantic_private__"])
    ox_slot_source = ox_slot_offset(base_class().__dict__["_oxide_source"])
    ox_remember(pydantic.BaseModel)
    ox_filled_ready()
    ox_miss = miss
    ox_later_type = <PyObject *>Later
    ox_resolve = resolved
    _bound = True
    return 0


# --- for Python -------------------------------------------------------------------------------------------------

def _live_objects():
    return {"Body": _bodies}


def is_lazy(instance):
    return _bound and isinstance(instance, Carrier) and OX_SLOT(instance, ox_slot_source) != NULL


def materialise(instance):
    if is_lazy(instance):
        materialise_c(instance)


def raw_json(instance):
    cdef Source source
    if not is_lazy(instance):
        return None
    source = source_of(instance)
    return PyBytes_FromStringAndSize(source.p, source.n)


def note(instance, name, value):
    """Keep a fact beside the fields without reading them."""
    if is_lazy(instance):
        (<dict>ox_dict(instance))[name] = value
    else:
        setattr(instance, name, value)


def unread_text(instance, str name not None):
    """The UTF-8 of a text that has not been read as a field yet; None where it has been, or cannot be had."""
    cdef Source source
    cdef PyObject *field
    cdef Entry *entry
    cdef int16_t at
    if not is_lazy(instance) or PyDict_Contains(<object>ox_dict(instance), name):
        return None
    source = source_of(instance)
    field = PyDict_GetItem(source.plan.by_name, name)
    if field == NULL or field_plan(<FieldPlan>field).kind != STR:
        return None
    source.scan()
    at = source.where[(<FieldPlan>field).index]
    if at <= 0:
        return None
    entry = &source.entries[at - 1]
    return utf8(entry.value.p + 1, <Py_ssize_t>entry.value.n - 2) if entry.value.kind == OX_STRING else None


def assign(instance, str name not None, value):
    """Set a field and leave the others unread."""
    cdef Source source
    cdef PyObject *field
    if is_lazy(instance) and not ox_is_filled(OX_SLOT(instance, ox_slot_source)):
        source = source_of(instance)
        field = PyDict_GetItem(source.plan.by_name, name)
        if field != NULL:
            source.scan()
            (<dict>ox_dict(instance))[name] = value
            source.where[(<FieldPlan>field).index] = ASSIGNED
            return
    setattr(instance, name, value)


def build(type_, bytes body not None, Py_ssize_t length, *, str validation="lazy"):
    cdef int mode = _MODES[validation]
    if PyBytes_GET_SIZE(body) - OX_PADDING < length or length < 0:
        raise ValueError(f"body needs {OX_PADDING} bytes of padding after its {length} bytes: use oxide.json.pad()")
    return root_value(type_plan(root_shape(type_)), body, length, mode)


cdef object root_value(TypePlan plan, bytes body, Py_ssize_t length, int mode):
    cdef ox_value root
    cdef const char *p
    cdef const char *end
    cdef Body owner = new_body(body, PyBytes_AS_STRING(body), length, mode)
    p = owner.p
    end = p + length
    if length >= 3 and memcmp(p, b"\xef\xbb\xbf", 3) == 0:
        raise not_json(body[:length])
    while p < end and (p[0] == c" " or p[0] == c"\n" or p[0] == c"\r" or p[0] == c"\t"):
        p += 1
    while end > p and ((end - 1)[0] == c" " or (end - 1)[0] == c"\n" or (end - 1)[0] == c"\r" or (end - 1)[0] == c"\t"):
        end -= 1
    root.p = p
    root.n = end - p
    root.kind = kind_at(p, end)
    if root.kind == OX_OBJECT and (end - 1)[0] != c"}" or root.kind == OX_ARRAY and (end - 1)[0] != c"]":
        raise not_json(body[:length])
    if root.kind != OX_OBJECT and root.kind != OX_ARRAY:
        # A scalar is checked whole at once: "12 apples" begins like a number.
        try:
            _stdlib_json.loads(body[:length])
        except (ValueError, RecursionError) as error:
            raise not_json(body[:length], error) from error
    made = convert_value(plan, owner, &root)
    if is_lazy(made):
        # The scan that the first read needs anyway; so a body that is no JSON is found out before it is handed over.
        source_of(made).scan()
    return made


cdef ox_kind kind_at(const char *p, const char *end) noexcept:
    if p >= end:
        return OX_NULL
    if p[0] == c"{":
        return OX_OBJECT
    if p[0] == c"[":
        return OX_ARRAY
    if p[0] == c'"':
        return OX_STRING
    if p[0] == c"t":
        return OX_TRUE
    if p[0] == c"f":
        return OX_FALSE
    if p[0] == c"n":
        return OX_NULL
    return OX_FLOAT if memchr(p, c".", end - p) != NULL or memchr(p, c"e", end - p) != NULL else OX_INT
