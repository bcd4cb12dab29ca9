# Part of lazy_c.pyx: lists of floats, as JSON numbers or as base64 of singles. See floats.py.

cdef const ox_kernels *_kernels = ox_kernels_active()


cdef object float_list(TypePlan plan, Body body, const ox_value *value):
    """A JSON array of numbers decoded in one go; None where something in it is no number."""
    cdef Py_ssize_t i
    try:
        decoded = value_to_python(value)
    except (ValueError, RecursionError):
        return None
    if type(decoded) is not list:
        return None
    for i in range(PyList_GET_SIZE(decoded)):
        item = <object>PyList_GET_ITEM(decoded, i)
        if type(item) is float:
            continue
        if type(item) is not int:
            return None
        try:
            item = float(item)
        except OverflowError:
            return None
        Py_INCREF(item)
        PyList_SetItem(decoded, i, item)
    return decoded


cdef object packed_list(TypePlan plan, Body body, const ox_value *value):
    """A string that holds singles, as a list."""
    cdef Py_ssize_t i, n
    cdef const unsigned char *p
    try:
        data = unpacked(value)
    except ValueError as error:
        if body.mode == OFF:
            return json_string(value)
        conv.mismatch(trail(body, value.p), plan.shape.describe(), str(error), error)
    p = <const unsigned char *>PyByteArray_AS_STRING(data)
    n = PyByteArray_GET_SIZE(data) // 4
    result = PyList_New(n)
    for i in range(n):
        item = PyFloat_FromDouble(ox_float_le(p + 4 * i))
        Py_INCREF(item)
        PyList_SET_ITEM(result, i, item)
    return result


cdef bytearray unpacked(const ox_value *value):
    """The bytes behind a JSON string of base64.

    Raises ValueError, its message being what was received.
    """
    cdef const char *p = value.p + 1
    cdef Py_ssize_t n = <Py_ssize_t>value.n - 2
    cdef Py_ssize_t size
    cdef bytearray data
    if memchr(p, c"\\", n) != NULL:
        from oxide.models import floats

        # Writers that escape '/'.
        return floats.unpack(json_string(value))
    data = PyByteArray_FromStringAndSize(NULL, OX_BASE64_ROOM(n))
    size = ox_base64_decode(_kernels, p, n, <unsigned char *>PyByteArray_AS_STRING(data))
    if size < 0 or size % 4:
        from oxide.models import floats

        raise ValueError(floats.refusal(len(json_string(value)), size))
    if size != PyByteArray_GET_SIZE(data):
        PyByteArray_Resize(data, size)
    return data


def packed(instance, str name not None):
    """The bytes of the singles that a field came as; None where it came as anything else, or is no longer known."""
    cdef Source source
    cdef PyObject *field
    cdef Entry *entry
    cdef int16_t at
    if not is_lazy(instance):
        return None
    source = source_of(instance)
    field = PyDict_GetItem(source.plan.by_name, name)
    source.scan()
    at = source.where[(<FieldPlan>field).index] if field != NULL else 0
    if at <= 0:
        return None
    entry = &source.entries[at - 1]
    if entry.value.kind != OX_STRING:
        return None
    try:
        return unpacked(&entry.value)
    except ValueError as error:
        conv.mismatch(trail(source.body, entry.value.p), (<FieldPlan>field).fact.shape.describe(), str(error), error)
