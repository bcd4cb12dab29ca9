# Part of lazy_c.pyx: spans of JSON text made into what an annotation asks for.

class _Trail:
    """First step of a path whose beginning is only worked out if somebody asks: that takes a scan of the body."""

    __slots__ = ("_body", "_offset")

    def __init__(self, body, offset):
        self._body = body
        self._offset = offset

    def steps(self):
        cdef Body body = <Body>self._body
        return conv.path_steps(body.prefix) + _steps(body, body.p + <Py_ssize_t>self._offset)


cdef list _steps(Body body, const char *target):
    """Keys and indexes that lead from the root to the value at target."""
    cdef const char *p = body.p
    cdef Py_ssize_t n = body.n
    cdef ox_fields found
    cdef ox_value *value
    cdef Py_ssize_t i
    cdef bint deeper = True
    cdef list steps = []
    ox_fields_init(&found)
    try:
        while deeper and p != target and n > 0:
            deeper = False
            scan = scan_object if p[0] == c"{" else scan_array
            if scan(p, n, &body.index, &found) != OX_JSON_OK:
                break
            for i in range(<Py_ssize_t>found.count):
                value = &found.items[i].value
                if value.p <= target < value.p + value.n:
                    steps.append(field_key(&found.items[i]) if found.items[i].key != NULL else i)
                    p = value.p
                    n = <Py_ssize_t>value.n
                    deeper = True
                    break
        return steps
    finally:
        fields_free(&found)


cdef tuple trail(Body body, const char *p):
    return (_Trail(body, p - body.p),)


cdef int fail(Body body, const char *p, expected, received) except -1:
    conv.mismatch(trail(body, p), expected, received)
    return 0


cdef object by_python(TypePlan plan, Body body, const ox_value *value):
    """What the quick checks leave over: pydantic's own conversions, unions without a tag, and what does not fit."""
    try:
        decoded = value_to_python(value)
    except (ValueError, RecursionError) as error:
        if value.n > 64:
            received = "text that is not JSON"
        else:
            received = f"{PyBytes_FromStringAndSize(value.p, <Py_ssize_t>value.n)!r}, which is not JSON"
        conv.mismatch(trail(body, value.p), plan.shape.describe(), received, error)
    return conv.convert(plan.shape, decoded, trail(body, value.p), body.mode, make)


def make(cls, data, path, mode):
    """An instance out of a dict: the JSON text is written again, so that it fills itself like any other."""
    text = _stdlib_json.dumps(data).encode()
    padded = text + bytes(OX_PADDING)
    cdef Body body = new_body(padded, PyBytes_AS_STRING(padded), len(text), mode)
    body.prefix = tuple(path)
    return new_lazy(class_plan(cls), body, body.p, body.n)


cdef object json_int(const ox_value *value):
    """An integer of up to 18 digits, or None where it takes more to read it."""
    cdef const char *p = value.p
    cdef const char *end = p + value.n
    cdef bint negative = p[0] == c"-"
    cdef long long total = 0
    if negative:
        p += 1
    if end - p > 18 or p == end or (p[0] == c"0" and end - p > 1):
        return None
    while p < end:
        if not c"0" <= p[0] <= c"9":
            return None
        total = total * 10 + (p[0] - c"0")
        p += 1
    return PyLong_FromLongLong(-total if negative else total)


cdef object json_string(const ox_value *value):
    return string(value.p + 1, <Py_ssize_t>value.n - 2)


cdef object convert_value(TypePlan plan, Body body, const ox_value *value):
    """The value as its annotation asks for it."""
    cdef ox_kind got = value.kind
    cdef int kind = plan.kind
    if got == OX_NULL and (plan.optional or kind == ANY) and value.n == 4 and memcmp(value.p, b"null", 4) == 0:
        return None
    if kind == STR:
        if got == OX_STRING:
            return string_or_python(plan, body, value)
    elif kind == INT:
        if got == OX_INT:
            number = json_int(value)
            if number is not None:
                return number
    elif kind == BOOL:
        if got == OX_TRUE and value.n == 4 and memcmp(value.p, b"true", 4) == 0:
            return True
        if got == OX_FALSE and value.n == 5 and memcmp(value.p, b"false", 5) == 0:
            return False
    elif kind == LITERAL:
        if got == OX_STRING:
            if (plan.sole is not None and <Py_ssize_t>value.n - 2 == PyBytes_GET_SIZE(plan.sole)
                    and memcmp(value.p + 1, PyBytes_AS_STRING(plan.sole), value.n - 2) == 0):
                return plan.sole_value
            text = string_or_python(plan, body, value)
            known = plan.literals.get(text)
            if known is not None:
                return known
    elif kind == LIST:
        if got == OX_ARRAY:
            return json_list(plan, body, value)
    elif kind == FLOATS:
        if got == OX_STRING:
            return packed_list(plan, body, value)
        if got == OX_ARRAY:
            return json_list(plan, body, value)
    elif kind == DICT:
        if got == OX_OBJECT:
            return json_dict(plan, body, value)
    elif kind == MODEL:
        if got == OX_OBJECT:
            if plan.model is None:
                plan.model = class_plan(plan.shape.cls)
            if plan.model.fillable:
                return new_lazy(plan.model, body, value.p, <Py_ssize_t>value.n)
    elif kind == UNION:
        return json_union(plan, body, value)
    return by_python(plan, body, value)


cdef object string_or_python(TypePlan plan, Body body, const ox_value *value):
    try:
        return json_string(value)
    except ValueError as error:
        conv.mismatch(trail(body, value.p), plan.shape.describe(), "a string that is not JSON", error)


cdef object json_list(TypePlan plan, Body body, const ox_value *value):
    cdef ox_fields found
    cdef Py_ssize_t i
    if plan.item.kind == FLOAT:
        numbers = float_list(plan, body, value)
        if numbers is not None:
            return numbers
    ox_fields_init(&found)
    try:
        if scan_array(value.p, <Py_ssize_t>value.n, &body.index, &found) != OX_JSON_OK:
            return by_python(plan, body, value)
        result = PyList_New(<Py_ssize_t>found.count)
        for i in range(<Py_ssize_t>found.count):
            item = convert_value(plan.item, body, &found.items[i].value)
            Py_INCREF(item)
            PyList_SET_ITEM(result, i, item)
        return result
    finally:
        fields_free(&found)


cdef object json_dict(TypePlan plan, Body body, const ox_value *value):
    cdef ox_fields found
    cdef Py_ssize_t i
    cdef dict result = {}
    ox_fields_init(&found)
    try:
        if scan_object(value.p, <Py_ssize_t>value.n, &body.index, &found) != OX_JSON_OK:
            return by_python(plan, body, value)
        for i in range(<Py_ssize_t>found.count):
            PyDict_SetItem(result, field_key(&found.items[i]),
                           convert_value(plan.item, body, &found.items[i].value))
        return result
    finally:
        fields_free(&found)


cdef object json_union(TypePlan plan, Body body, const ox_value *value):
    cdef TypePlan member = None
    cdef ox_kind got = value.kind
    if got == OX_OBJECT and plan.tag is not None:
        tag = tag_of(plan, value, &body.index)
        if tag is not None:
            found = plan.variants.get(tag)
            if found is None:
                found = type_plan(conv.unknown_shape())
            return convert_value(<TypePlan>found, body, value)
    if got == OX_TRUE or got == OX_FALSE:
        member = plan.by_kind[1]
    elif got == OX_INT:
        member = plan.by_kind[2]
    elif got == OX_FLOAT:
        member = plan.by_kind[3]
    elif got == OX_STRING:
        member = plan.by_kind[4]
    elif got == OX_ARRAY:
        member = plan.by_kind[5]
    elif got == OX_OBJECT:
        member = plan.by_kind[6]
    if member is None:
        return by_python(plan, body, value)
    return convert_value(member, body, value)


cdef const char *skip_space(const char *p) noexcept:
    while p[0] == c" " or p[0] == c"\n" or p[0] == c"\r" or p[0] == c"\t":
        p += 1
    return p


cdef const char *simple_string_end(const char *p, const char *end) noexcept:
    """The closing quote of the string whose inside starts at p, NULL if it holds an escape."""
    cdef const char *quote
    if p >= end:
        return NULL
    quote = <const char *>memchr(p, c'"', end - p)
    if quote == NULL or memchr(p, c"\\", quote - p) != NULL:
        return NULL
    return quote


cdef object tag_of(TypePlan plan, const ox_value *value, ox_index *index):
    """The string under the union's tag, None if there is none.

    The tag stands among the first scalars of an object, so most need no scan.
    """
    cdef const char *p = value.p + 1
    cdef const char *end = value.p + value.n
    cdef const char *key
    cdef const char *quote
    cdef Py_ssize_t n = PyBytes_GET_SIZE(plan.tag)
    cdef bint wanted
    while True:
        p = skip_space(p)
        if p[0] != c'"':
            break
        key = p + 1
        quote = simple_string_end(key, end)
        if quote == NULL:
            break
        wanted = quote - key == n and memcmp(key, PyBytes_AS_STRING(plan.tag), n) == 0
        p = skip_space(quote + 1)
        if p[0] != c":":
            break
        p = skip_space(p + 1)
        if p[0] == c'"':
            key = p + 1
            quote = simple_string_end(key, end)
            if quote == NULL:
                break
            if wanted:
                return string(key, quote - key)
            p = quote + 1
        elif wanted or p[0] == c"{" or p[0] == c"[":
            break
        else:
            while p < end and p[0] != c"," and p[0] != c"}":
                p += 1
        p = skip_space(p)
        if p >= end or p[0] != c",":
            break
        p += 1
    cdef ox_key wanted_key
    cdef ox_value found
    wanted_key.p = PyBytes_AS_STRING(plan.tag)
    wanted_key.n = n
    if (pluck_keys(value.p, <Py_ssize_t>value.n, index, &wanted_key, 1, &found) != OX_JSON_OK
            or found.kind != OX_STRING):
        return None
    return json_string(&found)
