# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False
"""JSON over simdjson. See json_py for what each function means; this module only answers sooner."""
from json import loads as stdlib_loads

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.buffer cimport PyBUF_CONTIG_RO, PyBuffer_Release, PyObject_GetBuffer
from cpython.ref cimport PyObject
from libc.stdint cimport uint64_t
from libc.stdlib cimport free, malloc, realloc
from libc.string cimport memcmp, memcpy, memset

from oxide.csrc cimport (
    OX_ESCAPED, OX_FALSE, OX_FLOAT, OX_INT, OX_JSON_OK, OX_JSON_STOPPED, OX_MISSING,
    OX_NON_ASCII, OX_NULL, OX_NUMBER_F64, OX_NUMBER_I64, OX_OBJECT, OX_PADDING, OX_STRING, OX_TRUE,
    ox_field, ox_fields, ox_fields_free, ox_fields_init, ox_index, ox_json, ox_json_by_kernels, ox_kernels,
    ox_kernels_active, ox_kernels_forced, ox_key, ox_number, ox_value, ox_visitor,
)

from oxide.json import json_py

PADDING = OX_PADDING

cdef extern from *:
    """
    #ifdef Py_GIL_DISABLED
    #define OX_SHARED_KEYS 0
    #else
    #define OX_SHARED_KEYS 1
    #endif
    """
    const bint OX_SHARED_KEYS

cdef extern from "Python.h":
    # Raw pointers: a visitor's answer travels through C++, which knows nothing of Python's exceptions.
    PyObject *PyUnicode_New(Py_ssize_t, Py_UCS4)
    PyObject *PyUnicode_FromStringAndSize(const char *, Py_ssize_t)
    PyObject *PyUnicode_DecodeUTF8(const char *, Py_ssize_t, const char *)
    void *PyUnicode_1BYTE_DATA(PyObject *)
    Py_ssize_t PyUnicode_GET_LENGTH(PyObject *)
    const char *PyUnicode_AsUTF8AndSize(object, Py_ssize_t *) except NULL
    PyObject *PyBytes_New "PyBytes_FromStringAndSize"(const char *, Py_ssize_t)
    char *PyBytes_Data "PyBytes_AS_STRING"(PyObject *)
    int _PyBytes_Resize(PyObject **, Py_ssize_t)
    PyObject *PyLong_FromLongLong(long long)
    PyObject *PyLong_FromUnsignedLongLong(unsigned long long)
    PyObject *PyFloat_FromDouble(double)
    PyObject *PyDict_New()
    int PyDict_SetItem(PyObject *, PyObject *, PyObject *)
    PyObject *PyList_New(Py_ssize_t)
    void PyList_SET_ITEM(PyObject *, Py_ssize_t, PyObject *)
    const Py_ssize_t PY_SSIZE_T_MAX
    PyObject *PyErr_NoMemory()
    void Py_XDECREF(PyObject *)
    PyObject *Py_None
    PyObject *Py_True
    PyObject *Py_False
    void incref "Py_INCREF"(PyObject *)
    void decref "Py_DECREF"(PyObject *)


cdef const ox_json *simdjson = NULL


cdef int _select() except -1:
    """The row that goes with the one oxide_core runs; OXIDE_ISA is obeyed there, and a wrong one has been refused."""
    global simdjson
    cdef const ox_kernels *kernels = ox_kernels_active()
    if kernels == NULL:
        raise ImportError("OXIDE_ISA names an instruction set this machine cannot run: unset it")
    simdjson = ox_json_by_kernels(kernels.name)
    if simdjson != NULL:
        return 0
    if ox_kernels_forced() != NULL:
        raise ImportError(
            f"OXIDE_ISA={kernels.name.decode()}: simdjson needs more of this processor than it offers; "
            "unset OXIDE_ISA, or set OXIDE_ISA=scalar")
    # AVX2 without the rest of Haswell's instructions: no such processor is known, but a hypervisor may hide some.
    simdjson = ox_json_by_kernels(b"scalar")
    return 0

_select()


def implementation() -> str:
    return f"simdjson {simdjson.version.decode()} {simdjson.name.decode()}"


# --- strings and keys ---------------------------------------------------------------------------------------------

# JSON documents repeat a few dozen names. Direct-mapped: a collision replaces, so the table never grows. Read and
# written under the GIL only; without one (OX_SHARED_KEYS 0) it is bypassed.
cdef enum:
    KEYS = 1024
    KEY_MAX = 64
cdef PyObject *_keys[KEYS]


cdef inline PyObject *_new_string(const char *p, size_t n, int flags) noexcept:
    cdef PyObject *s
    if flags & OX_NON_ASCII:
        return PyUnicode_DecodeUTF8(p, <Py_ssize_t>n, NULL)
    if n < 2:
        return PyUnicode_FromStringAndSize(p, <Py_ssize_t>n)  # shares the interpreter's one-character strings
    s = PyUnicode_New(<Py_ssize_t>n, 127)
    if s != NULL:
        memcpy(PyUnicode_1BYTE_DATA(s), p, n)
    return s


cdef inline PyObject *_new_key(const char *p, size_t n, int flags) noexcept:
    cdef uint64_t head, tail
    cdef size_t slot
    cdef PyObject *found
    if not OX_SHARED_KEYS or flags or n > KEY_MAX or n < 2:
        return _new_string(p, n, flags)
    # Keys are followed by padding, so eight bytes are always there; those behind the key are masked away.
    memcpy(&head, p, 8)
    if n < 8:
        head &= (<uint64_t>1 << (8 * n)) - 1
        tail = n
    else:
        memcpy(&tail, p + n - 8, 8)
        tail += n
    slot = <size_t>(((head * <uint64_t>0x9E3779B97F4A7C15) ^ (tail * <uint64_t>0xC2B2AE3D27D4EB4F)) >> 54)
    found = _keys[slot]
    if (found != NULL and PyUnicode_GET_LENGTH(found) == <Py_ssize_t>n
            and memcmp(PyUnicode_1BYTE_DATA(found), p, n) == 0):
        incref(found)
        return found
    found = _new_string(p, n, 0)
    if found != NULL:
        incref(found)
        Py_XDECREF(_keys[slot])
        _keys[slot] = found
    return found


cdef object _own(PyObject *new):
    """The object behind a new reference; raises the exception behind NULL."""
    if new == NULL:
        _raise()
    value = <object>new
    decref(new)
    return value


cdef int _raise() except -1:
    return -1


cdef object _unescaped(const char *p, Py_ssize_t n):
    cdef size_t length = 0
    cdef char small[512]
    cdef char *buffer = small
    cdef int code
    if n + OX_PADDING > <Py_ssize_t>sizeof(small):
        buffer = <char *>malloc(n + OX_PADDING)
        if buffer == NULL:
            raise MemoryError
    code = simdjson.unescape(p, n, buffer, &length)
    try:
        if code != OX_JSON_OK:
            # Lone surrogates are refused by simdjson and kept by the standard library; bad escapes are refused by both.
            return stdlib_loads(PyBytes_FromStringAndSize(p - 1, n + 2))
        return _own(_new_string(buffer, length, simdjson.classify(buffer, length)))
    finally:
        if buffer != small:
            free(buffer)


cdef object string(const char *p, Py_ssize_t n):
    cdef int flags = simdjson.classify(p, n)
    if flags & OX_ESCAPED:
        return _unescaped(p, n)
    return _own(_new_string(p, n, flags))


cdef bytes utf8(const char *p, Py_ssize_t n):
    cdef size_t length = 0
    cdef PyObject *text = PyBytes_New(NULL, n + OX_PADDING)
    if text == NULL:
        _raise()
    if simdjson.unescape(p, n, PyBytes_Data(text), &length) != OX_JSON_OK:
        decref(text)
        return None
    if _PyBytes_Resize(&text, <Py_ssize_t>length):
        _raise()
    return _own(text)


cdef object field_key(const ox_field *field):
    if field.key_escaped:
        return _unescaped(field.key, field.key_len)
    return _own(_new_key(field.key, field.key_len, simdjson.classify(field.key, field.key_len)))


# --- whole values -------------------------------------------------------------------------------------------------

cdef struct Stack:
    PyObject **items
    size_t count
    size_t capacity
    PyObject *small[128]


cdef inline int _push(Stack *stack, PyObject *item) noexcept:
    cdef PyObject **items
    if item == NULL:
        return 1
    if stack.count == stack.capacity:
        items = <PyObject **>realloc(
            NULL if stack.items == stack.small else stack.items, 2 * stack.capacity * sizeof(PyObject *))
        if items == NULL:
            decref(item)
            PyErr_NoMemory()
            return 1
        if stack.items == stack.small:
            memcpy(items, stack.small, stack.count * sizeof(PyObject *))
        stack.items = items
        stack.capacity *= 2
    stack.items[stack.count] = item
    stack.count += 1
    return 0


cdef int _on_null(void *stack) noexcept:
    incref(Py_None)
    return _push(<Stack *>stack, Py_None)


cdef int _on_boolean(void *stack, int value) noexcept:
    cdef PyObject *item = Py_True if value else Py_False
    incref(item)
    return _push(<Stack *>stack, item)


cdef inline PyObject *_new_number(const ox_number *number) noexcept:
    if number.kind == OX_NUMBER_I64:
        return PyLong_FromLongLong(number.as_.i64)
    if number.kind == OX_NUMBER_F64:
        return PyFloat_FromDouble(number.as_.f64)
    return PyLong_FromUnsignedLongLong(number.as_.u64)


cdef int _on_number(void *stack, const ox_number *number) noexcept:
    return _push(<Stack *>stack, _new_number(number))


cdef int _on_string(void *stack, const char *p, size_t n, int flags) noexcept:
    return _push(<Stack *>stack, _new_string(p, n, flags))


cdef int _on_key(void *stack, const char *p, size_t n, int flags) noexcept:
    return _push(<Stack *>stack, _new_key(p, n, flags))


cdef int _on_begin(void *stack) noexcept:
    return 0


cdef int _on_end_array(void *context, size_t count) noexcept:
    cdef Stack *stack = <Stack *>context
    cdef size_t i
    cdef PyObject *array = PyList_New(<Py_ssize_t>count)
    if array == NULL:
        return 1
    stack.count -= count
    for i in range(count):
        PyList_SET_ITEM(array, <Py_ssize_t>i, stack.items[stack.count + i])
    return _push(stack, array)


cdef int _on_end_object(void *context, size_t count) noexcept:
    cdef Stack *stack = <Stack *>context
    cdef size_t i, base
    cdef PyObject *mapping = PyDict_New()
    if mapping == NULL:
        return 1
    base = stack.count - 2 * count
    for i in range(count):
        if PyDict_SetItem(mapping, stack.items[base + 2 * i], stack.items[base + 2 * i + 1]):
            decref(mapping)
            return 1
    for i in range(base, stack.count):
        decref(stack.items[i])
    stack.count = base
    return _push(stack, mapping)


cdef ox_visitor _builder
_builder.null = _on_null
_builder.boolean = _on_boolean
_builder.number = _on_number
_builder.string = _on_string
_builder.key = _on_key
_builder.begin_array = _on_begin
_builder.end_array = _on_end_array
_builder.begin_object = _on_begin
_builder.end_object = _on_end_object


cdef object to_python(const char *p, Py_ssize_t n):
    cdef Stack stack
    cdef size_t i
    cdef int code
    stack.items = stack.small
    stack.count = 0
    stack.capacity = sizeof(stack.small) // sizeof(PyObject *)
    code = simdjson.walk(p, n, &_builder, &stack)
    try:
        if code == OX_JSON_OK:
            stack.count = 0
            return _own(stack.items[0])
        if code == OX_JSON_STOPPED:
            _raise()
    finally:
        for i in range(stack.count):
            decref(stack.items[i])
        if stack.items != stack.small:
            free(stack.items)
    # simdjson said no. The standard library has the last word: it takes NaN and Infinity, integers of any size, floats
    # that overflow, lone surrogates, UTF-16 and UTF-32, nesting up to the recursion limit, lone scalars; and where
    # it refuses too, its exception is the one to raise.
    return stdlib_loads(PyBytes_FromStringAndSize(p, n))


cdef object value_to_python(const ox_value *value):
    cdef ox_number number
    if value.kind == OX_STRING:
        return string(value.p + 1, <Py_ssize_t>value.n - 2)
    if value.kind == OX_INT or value.kind == OX_FLOAT:
        if simdjson.number(value.p, value.n, &number) == OX_JSON_OK:
            return _own(_new_number(&number))
        # Integers above 64 bits, floats above 1.8e308 (inf), or not a number at all.
        return stdlib_loads(PyBytes_FromStringAndSize(value.p, value.n))
    if value.kind == OX_TRUE:
        return True
    if value.kind == OX_FALSE:
        return False
    if value.kind == OX_NULL or value.kind == OX_MISSING:
        return None
    return to_python(value.p, value.n)


# --- for the compiled modules above -------------------------------------------------------------------------------

cdef int scan_object(const char *p, Py_ssize_t n, ox_index *index, ox_fields *out) noexcept:
    return simdjson.scan_object(p, n, index, out)


cdef int scan_array(const char *p, Py_ssize_t n, ox_index *index, ox_fields *out) noexcept:
    return simdjson.scan_array(p, n, index, out)


cdef int scan_tree(const char *p, Py_ssize_t n, ox_fields *out) noexcept:
    return simdjson.scan_tree(p, n, out)


cdef void fields_free(ox_fields *fields) noexcept:
    ox_fields_free(fields)


cdef int pluck_keys(
    const char *p, Py_ssize_t n, ox_index *index, const ox_key *keys, size_t nkeys, ox_value *out
) noexcept:
    return simdjson.pluck(p, n, index, keys, nkeys, out)


# --- for Python ---------------------------------------------------------------------------------------------------

def pad(data: bytes | bytearray | memoryview) -> bytes:
    cdef Py_buffer view
    cdef bytes padded
    PyObject_GetBuffer(data, &view, PyBUF_CONTIG_RO)
    try:
        padded = PyBytes_FromStringAndSize(NULL, view.len + OX_PADDING)
        memcpy(PyBytes_AS_STRING(padded), view.buf, view.len)
        memset(PyBytes_AS_STRING(padded) + view.len, c" ", OX_PADDING)
        return padded
    finally:
        PyBuffer_Release(&view)


cdef bytes padded_text(data, bint padded):
    """The document with room behind it, or None for a str that has no UTF-8 or starts with a BOM."""
    cdef Py_ssize_t n
    cdef const char *p
    cdef bytes copy
    if isinstance(data, str):
        # The standard library skips a BOM in bytes and refuses it in a str; and it takes lone surrogates, which have
        # no UTF-8. Both are its own to judge.
        if data.startswith("\ufeff"):
            return None
        try:
            p = PyUnicode_AsUTF8AndSize(data, &n)
        except UnicodeEncodeError:
            return None
        copy = PyBytes_FromStringAndSize(NULL, n + OX_PADDING)  # a str has no padding: one copy buys it
        memcpy(PyBytes_AS_STRING(copy), p, n)
        memset(PyBytes_AS_STRING(copy) + n, c" ", OX_PADDING)
        return copy
    if padded and PyBytes_CheckExact(data) and PyBytes_GET_SIZE(data) >= OX_PADDING:
        return <bytes>data
    if not isinstance(data, (bytes, bytearray)):
        data = memoryview(data).tobytes()  # strides and all
    if padded:
        data = data[:len(data) - OX_PADDING]
    return pad(data)  # one copy: nobody vouches for the bytes behind a document that oxide did not read itself


def loads(data: bytes | bytearray | memoryview | str, *, bint padded=False) -> object:
    cdef bytes text = padded_text(data, padded)
    if text is None:
        return stdlib_loads(data)
    return to_python(PyBytes_AS_STRING(text), PyBytes_GET_SIZE(text) - OX_PADDING)


cdef int _find(const char *p, Py_ssize_t n, object step, ox_value *out) except -1:
    """One step of a path: 0 found, 1 ask the twin (which finds it or says what is wrong)."""
    cdef ox_key key
    cdef ox_fields fields
    cdef Py_ssize_t size, index
    cdef int code
    if isinstance(step, str):
        try:
            key.p = PyUnicode_AsUTF8AndSize(step, &size)
        except UnicodeEncodeError:
            return 1
        key.n = size
        code = simdjson.pluck(p, n, NULL, &key, 1, out)
        return code != OX_JSON_OK or out.kind == OX_MISSING
    if not isinstance(step, int):
        return 1
    if not -PY_SSIZE_T_MAX <= step <= PY_SSIZE_T_MAX:
        return 1
    index = step
    ox_fields_init(&fields)
    code = simdjson.scan_array(p, n, NULL, &fields)
    if index < 0:
        index += <Py_ssize_t>fields.count
    if code == OX_JSON_OK and 0 <= index < <Py_ssize_t>fields.count:
        out[0] = fields.items[index].value
    else:
        code = 1
    ox_fields_free(&fields)
    return code != OX_JSON_OK


def pluck(data: bytes | bytearray | memoryview | str, *path: str | int, bint padded=False) -> object:
    cdef bytes text = padded_text(data, padded)
    cdef ox_value at
    if text is None:
        return json_py.pluck(data, *path)
    at.p = PyBytes_AS_STRING(text)
    at.n = PyBytes_GET_SIZE(text) - OX_PADDING
    at.kind = OX_OBJECT
    for i in range(len(path)):
        if _find(at.p, at.n, path[i], &at):
            # Missing, of another kind, or refused by simdjson.
            return json_py.pluck(text, *path, padded=True)
    return value_to_python(&at)
