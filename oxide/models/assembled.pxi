# Part of lazy_c.pyx: instances made of Python values, some of which are worked out only when somebody reads them.

ABSENT = conv.ABSENT


cdef class Later:
    cpdef object resolve(self):
        raise NotImplementedError


cdef object resolved(object later):
    return (<Later>later).resolve()


cdef object assembled(ClassPlan plan, tuple values):
    """An instance with these values, in the order of its fields; ABSENT where a field was not given."""
    cdef OxFilled *filled
    cdef PyObject *value
    cdef Py_ssize_t i
    cdef bint tracked = False
    cdef object instance
    cdef object holder = owned(ox_filled_new(plan, plan.names, plan.count, LAZY))
    filled = <OxFilled *>holder
    filled.later = True
    for i in range(plan.count):
        value = <PyObject *>values[i]
        if value == <PyObject *>ABSENT:
            continue
        filled.values[i] = taken(<object>value)
        if not tracked and PyObject_IS_GC(<object>value):
            tracked = True
    return held_by(plan, holder, tracked)


cdef object held_by(ClassPlan plan, object holder, bint tracked):
    instance = ox_alloc(plan.cls)
    ox_set_slot(instance, ox_slot_private, conv.private_values(plan.cls) if plan.has_private else None)
    if tracked:
        PyObject_GC_Track(holder)
    ox_set_slot(instance, ox_slot_source, holder)
    return instance


cdef object extended(ClassPlan plan, object event, str name, object value):
    cdef PyObject *held = OX_SLOT(event, ox_slot_source) if _bound and ox_is_model(event) else NULL
    cdef OxFilled *filled
    cdef OxFilled *source
    cdef ClassPlan given_plan
    cdef PyObject *found
    cdef FieldPlan field
    cdef Py_ssize_t i
    cdef bint tracked = False
    if held == NULL or not ox_is_filled(held):
        return None
    source = <OxFilled *>held
    given_plan = <ClassPlan>source.plan
    if source.keep != NULL or source.later:
        return None
    holder = owned(ox_filled_new(plan, plan.names, plan.count, LAZY))
    filled = <OxFilled *>holder
    filled.later = True
    for i in range(plan.count):
        if i < given_plan.count and plan.names[i] == given_plan.names[i]:
            found = source.values[i]
            if found == NULL:
                field = <FieldPlan>given_plan.fields[i]
                if not field.shared_default:
                    return None
                found = <PyObject *>field.default
        elif plan.names[i] == <PyObject *>name:
            found = <PyObject *>value
        else:
            return None
        filled.values[i] = taken(<object>found)
        if not tracked and PyObject_IS_GC(<object>found):
            tracked = True
    return held_by(plan, holder, tracked)


def assemble(cls, tuple values not None):
    cdef ClassPlan plan = class_plan(cls)
    if len(values) != plan.count or not plan.fillable:
        raise TypeError(f"{cls.__name__} cannot be assembled of {len(values)} values")
    return assembled(plan, values)


cpdef dict given(object instance):
    cdef PyObject *held = OX_SLOT(instance, ox_slot_source) if _bound else NULL
    cdef OxFilled *filled
    cdef FieldPlan field
    cdef dict found = {}
    if held != NULL and ox_is_filled(held):
        filled = <OxFilled *>held
        if filled.keep == NULL:
            for item in (<ClassPlan>filled.plan).fields:
                field = <FieldPlan>item
                if filled.values[field.index] != NULL:
                    found[field.label] = ox_filled_value(filled, field.index)
            return found
    materialise_c(instance)
    values = <dict>ox_dict(instance)
    known = instance.__pydantic_fields_set__
    for item in class_plan(type(instance)).fields:
        field = <FieldPlan>item
        if field.name in known:
            found[field.label] = values[field.name]
    if instance.__pydantic_extra__:
        found.update(instance.__pydantic_extra__)
    return found
