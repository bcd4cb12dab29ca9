# Part of lazy_c.pyx: events. Their bytes are gone once the next one is asked for and most fields are scalars, so they are
# read at once; only what takes more than a look keeps a copy of the bytes.

cdef enum:
    QUICK_NESTED = 1024     # bytes up to which objects inside an event are read at once too


cdef object event_instance(ClassPlan plan, const char *p, Py_ssize_t n, int mode):
    cdef PyObject *made
    cdef Body body
    if mode == EAGER:
        if not plain_object(plan, p, n):
            return None
        keep = copied(p, n)
        body = new_body(keep, PyBytes_AS_STRING(keep), n, mode)
        return new_lazy(plan, body, body.p, n)
    made = quick_event(plan, p, n, mode)
    if made == NULL:
        return None
    return owned(made)


cdef bytes copied(const char *p, Py_ssize_t n):
    cdef bytes keep = PyBytes_FromStringAndSize(NULL, n + OX_PADDING)
    memcpy(PyBytes_AS_STRING(keep), p, n)
    memset(PyBytes_AS_STRING(keep) + n, 0, OX_PADDING)
    return keep


cdef object owned(PyObject *new):
    """The object behind a new reference."""
    value = <object>new
    Py_DECREF(value)
    return value


cdef bint plain_object(ClassPlan plan, const char *p, Py_ssize_t n) except -1:
    """Whether this is a JSON object that is no error object."""
    cdef ox_fields found
    cdef Py_ssize_t i
    ox_fields_init(&found)
    try:
        if scan_object(p, n, NULL, &found) != OX_JSON_OK:
            return False
        for i in range(<Py_ssize_t>found.count):
            if is_error(plan, &found.items[i]):
                return False
        return True
    finally:
        fields_free(&found)


cdef bint is_error(ClassPlan plan, const ox_field *field) noexcept:
    return (field.key_len == 5 and not plan.has_error and memcmp(field.key, b"error", 5) == 0
            and field.value.kind != OX_NULL)


# One event being read: its fields as scan_tree found them, those of every level.
cdef struct Quick:
    const ox_field *items
    bint tree                   # whether they are; else those of the first level only
    int mode


cdef PyObject *quick_event(ClassPlan plan, const char *p, Py_ssize_t n, int mode) except? NULL:
    """A new reference to an instance with its fields read; NULL without an exception where that cannot be."""
    cdef ox_fields found
    cdef Quick quick
    cdef int rc = OX_JSON_SYNTAX
    ox_fields_init(&found)
    try:
        quick.tree = n <= QUICK_NESTED
        if quick.tree:
            rc = scan_tree(p, n, &found)
        if rc != OX_JSON_OK:
            # Large, nested deeply, or no JSON.
            quick.tree = False
            rc = scan_object(p, n, NULL, &found)
        if rc != OX_JSON_OK:
            return NULL
        quick.items = found.items
        quick.mode = mode
        return quick_object(plan, &quick, 0, <Py_ssize_t>found.count, p, n, False)
    finally:
        fields_free(&found)


cdef PyObject *quick_object(
    ClassPlan plan, const Quick *quick, Py_ssize_t i, Py_ssize_t end, const char *p, Py_ssize_t n, bint nested
) except? NULL:
    """The same for the object with these entries and this text."""
    cdef const ox_field *field
    cdef PyObject *value
    cdef PyObject *old
    cdef Py_ssize_t at, before = plan.count
    cdef bint rest = False
    cdef bint tracked = False
    cdef object instance
    cdef object holder = owned(ox_filled_new(plan, plan.names, plan.count, quick.mode))
    cdef OxFilled *filled = <OxFilled *>holder
    while i < end:
        field = &quick.items[i]
        at = place_field(plan, field, before)
        before = at
        if at >= 0:
            value = quick_value(<FieldPlan>plan.fields[at], quick, i)
            if value == NULL:
                if nested:
                    # Left to the object around it, whose copy of the bytes knows the path to here.
                    return NULL
                rest = True
            elif not tracked and PyObject_IS_GC(<object>value):
                tracked = True
            # Of a key that came twice the last value counts.
            old = filled.values[at]
            filled.values[at] = value
            if old != NULL:
                Py_DECREF(<object>old)
        elif is_error(plan, field):
            return NULL
        else:
            rest = True
        i = field.after if quick.tree else i + 1
    instance = ox_alloc(plan.cls)
    ox_set_slot(instance, ox_slot_private, conv.private_values(plan.cls) if plan.has_private else None)
    if rest:
        filled.keep = taken(copied(p, n))
    if tracked:
        PyObject_GC_Track(holder)
    ox_set_slot(instance, ox_slot_source, holder)
    return taken(instance)


cdef PyObject *quick_value(FieldPlan field, const Quick *quick, Py_ssize_t at) except? NULL:
    """A new reference to the value of a field, NULL where it takes a longer look."""
    cdef TypePlan plan = field_plan(field)
    if plan.kind == STR and quick.items[at].value.kind == OX_STRING:
        return quick_string(field, &quick.items[at].value)
    return quick_typed(plan, quick, at)


cdef PyObject *taken(object value) noexcept:
    Py_INCREF(value)
    return <PyObject *>value


cdef PyObject *quick_string(FieldPlan field, const ox_value *value) except? NULL:
    cdef Py_ssize_t n = <Py_ssize_t>value.n - 2
    if (field.last is not None and PyUnicode_GET_LENGTH(field.last) == n
            and memcmp(PyUnicode_1BYTE_DATA(field.last), value.p + 1, n) == 0):
        return taken(field.last)
    try:
        text = string(value.p + 1, n)
    except ValueError:
        return NULL
    if n <= 64 and PyUnicode_IS_ASCII(text) and PyUnicode_GET_LENGTH(text) == n:
        field.last = text
    return taken(text)


cdef PyObject *quick_typed(TypePlan plan, const Quick *quick, Py_ssize_t at) except? NULL:
    cdef const ox_value *value = &quick.items[at].value
    cdef ox_kind got = value.kind
    cdef int kind = plan.kind
    if got == OX_NULL:
        return taken(None) if plan.optional else NULL
    if kind == UNION and got == OX_STRING and plan.by_kind[4] is not None:
        plan = <TypePlan>plan.by_kind[4]
        kind = plan.kind
    if kind == INT:
        if got == OX_INT:
            number = json_int(value)
            return taken(number) if number is not None else NULL
    elif kind == LITERAL:
        if got == OX_STRING:
            if (plan.sole is not None and <Py_ssize_t>value.n - 2 == PyBytes_GET_SIZE(plan.sole)
                    and memcmp(value.p + 1, PyBytes_AS_STRING(plan.sole), value.n - 2) == 0):
                return taken(plan.sole_value)
            try:
                text = json_string(value)
            except ValueError:
                return NULL
            known = plan.literals.get(text)
            if known is not None:
                return taken(known)
            return taken(text) if plan.of_str else NULL
    elif kind == BOOL:
        if got == OX_TRUE:
            return taken(True)
        if got == OX_FALSE:
            return taken(False)
    elif kind == FLOAT:
        if got == OX_FLOAT or got == OX_INT:
            try:
                return taken(float(value_to_python(value)))
            except (ValueError, OverflowError):
                return NULL
    elif kind == STR:
        if got == OX_STRING:
            try:
                return taken(json_string(value))
            except ValueError:
                return NULL
    elif kind == LIST:
        if got == OX_ARRAY and (value.n == 2 or quick.tree):
            return quick_list(plan, quick, at)
    elif kind == MODEL:
        if got == OX_OBJECT and quick.tree:
            if plan.model is None:
                plan.model = class_plan(plan.shape.cls)
            if plan.model.fillable:
                return quick_object(plan.model, quick, at + 1, quick.items[at].after, value.p,
                                    <Py_ssize_t>value.n, True)
    return NULL


cdef PyObject *quick_list(TypePlan plan, const Quick *quick, Py_ssize_t at) except? NULL:
    cdef Py_ssize_t i = at + 1
    cdef Py_ssize_t end = quick.items[at].after if quick.tree else i
    cdef PyObject *item
    cdef list result = []
    while i < end:
        item = quick_typed(plan.item, quick, i)
        if item == NULL:
            return NULL
        result.append(<object>item)
        Py_DECREF(<object>item)
        i = quick.items[i].after
    return taken(result)
