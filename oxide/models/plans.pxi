# Part of lazy_c.pyx: shapes and classes compiled into what C can read, and the unread part of an instance.

@cython.freelist(32)
@cython.no_gc
@cython.final
cdef class Body:
    def __cinit__(self):
        global _bodies
        _bodies += 1
        self.depth = 0
        self.prefix = ()

    def __dealloc__(self):
        global _bodies
        _bodies -= 1
        ox_index_free(&self.index)


@cython.final
cdef class TypePlan:
    pass


@cython.final
cdef class FieldPlan:
    pass


@cython.final
cdef class ClassPlan:
    def __dealloc__(self):
        free(self.table)
        free(self.keys)
        free(self.names)

    cdef Py_ssize_t find(self, const char *key, Py_ssize_t n) noexcept:
        """Index of the field with this JSON key, -1 if there is none."""
        cdef unsigned int at = ox_key_hash(key, n) & self.mask
        cdef uint64_t head = ox_head(key, n)
        cdef int16_t entry
        while True:
            entry = self.table[at]
            if entry == 0:
                return -1
            if same_key(&self.keys[entry - 1], head, key, n):
                return entry - 1
            at = (at + 1) & self.mask


cdef inline bint same_key(const Key *key, uint64_t head, const char *p, Py_ssize_t n) noexcept:
    return key.n == n and key.head == head and (n <= 8 or memcmp(key.p + 8, p + 8, n - 8) == 0)


cdef ClassPlan class_plan(object cls):
    """The plan of a model class, made on the first call; reads of its instances go through us from then on."""
    info = class_info(cls)
    plan = info.compiled
    if plan is not None:
        return <ClassPlan>plan
    cdef ClassPlan made = ClassPlan.__new__(ClassPlan)
    cdef FieldPlan field
    cdef size_t size = 8
    cdef unsigned int at
    made.cls = cls
    made.info = info
    made.fillable = info.lazy
    made.has_private = bool(info.private)
    made.by_name = {}
    made.by_key = {}
    fields = []
    for fact in info.fields:
        field = FieldPlan.__new__(FieldPlan)
        field.fact = fact
        field.name = intern(fact.name)
        field.label = intern(fact.key)
        field.key = fact.key.encode("utf-8", "surrogatepass")
        field.index = len(fields)
        field.required = fact.required
        default = fact.info.default
        field.shared_default = fact.info.default_factory is None and isinstance(default, _IMMUTABLE)
        field.default = default if field.shared_default else None
        fields.append(field)
        made.by_name[fact.name] = field
    for key, fact in info.by_key.items():
        made.by_key[key] = made.by_name[fact.name]
    made.fields = tuple(fields)
    while size < 2 * len(fields) + 1:
        size *= 2
    made.count = len(fields)
    made.keys = <Key *>calloc(made.count + 1, sizeof(Key))
    made.names = <PyObject **>calloc(made.count + 1, sizeof(PyObject *))
    if made.keys == NULL or made.names == NULL:
        raise MemoryError
    for field in fields:
        made.names[field.index] = <PyObject *>field.name
        made.keys[field.index].p = PyBytes_AS_STRING(field.key)
        made.keys[field.index].n = <unsigned int>PyBytes_GET_SIZE(field.key)
        made.keys[field.index].head = ox_head_of(made.keys[field.index].p, made.keys[field.index].n)
        # Until an object has been seen, the order of the class is the best guess.
        made.keys[field.index].follower = <int16_t>(field.index + 1 if field.index + 1 < made.count else -1)
    made.keys[made.count].follower = 0 if made.count else -1
    made.mask = <unsigned int>(size - 1)
    made.table = <int16_t *>calloc(size, sizeof(int16_t))
    if made.table == NULL:
        raise MemoryError
    for field in fields:
        at = ox_key_hash(PyBytes_AS_STRING(field.key), PyBytes_GET_SIZE(field.key)) & made.mask
        while made.table[at] != 0:
            at = (at + 1) & made.mask
        made.table[at] = <int16_t>(field.index + 1)
    made.has_error = "error" in info.by_key
    if made.fillable:
        _bind()
        ox_install(cls)
    # Of two threads that compile at once the first one's plan stays.
    if info.compiled is None:
        info.compiled = made
    return <ClassPlan>info.compiled


cdef TypePlan type_plan(object shape):
    plan = shape.compiled
    if plan is not None:
        return <TypePlan>plan
    cdef TypePlan made = TypePlan.__new__(TypePlan)
    made.kind = shape.kind
    made.optional = shape.optional
    made.shape = shape
    made.item = type_plan(shape.item) if shape.item is not None else None
    made.literals = shape.literals
    made.of_str = any(isinstance(value, str) for value in shape.literals)
    if len(shape.literals) == 1 and isinstance(next(iter(shape.literals)), str):
        made.sole_value = next(iter(shape.literals))
        made.sole = made.sole_value.encode("utf-8", "surrogatepass")
    made.by_kind = tuple([type_plan(member) if member is not None else None for member in shape.by_kind])
    made.tag = shape.tag.encode() if shape.tag is not None else None
    made.variants = {value: type_plan(member) for value, member in shape.variants.items()}
    shape.compiled = made
    return made


cdef TypePlan field_plan(FieldPlan field):
    if field.plan is None:
        field.plan = type_plan(field.fact.shape)
    return field.plan


@cython.freelist(256)
@cython.no_gc
@cython.final
cdef class Source:
    def __dealloc__(self):
        free(self.entries)

    cdef int scan(self) except -1:
        """Find where each field is: one pass over the object, values are only skipped."""
        if self.entries != NULL:
            return 0
        cdef ox_fields found
        cdef ox_field *field
        cdef Entry *entry
        cdef Py_ssize_t i, at, before = self.plan.count, fields = self.plan.count
        cdef int rc
        cdef Entry *entries
        cdef int16_t *where
        ox_fields_init(&found)
        try:
            rc = scan_object(self.p, self.n, &self.body.index, &found)
            if rc == OX_JSON_MEMORY or found.count > 32000:
                raise MemoryError
            if rc != OX_JSON_OK:
                if self.p == self.body.p:
                    raise not_json(self.body.keep[:self.body.n])
                fail(self.body, self.p, self.plan.cls.__name__, "text that is not JSON")
            # One block: the entries, then the table of fields.
            entries = <Entry *>calloc(1, (found.count + 1) * sizeof(Entry) + (fields + 1) * sizeof(int16_t))
            if entries == NULL:
                raise MemoryError
            where = <int16_t *>(entries + found.count + 1)
            for i in range(<Py_ssize_t>found.count):
                field = &found.items[i]
                entry = &entries[i]
                entry.value = field.value
                entry.key = field.key
                entry.key_len = <unsigned int>field.key_len
                entry.key_escaped = field.key_escaped != 0
                at = place_field(self.plan, field, before)
                if at >= 0:
                    where[at] = <int16_t>(i + 1)
                before = at
            if self.entries == NULL:
                self.count = <Py_ssize_t>found.count
                self.where = where
                self.entries = entries
            else:
                free(entries)
        finally:
            fields_free(&found)
        return 0


cdef inline Py_ssize_t place_field(ClassPlan plan, const ox_field *field, Py_ssize_t before) except -2:
    """Index of the field that a key belongs to, -1 for none. `before`: that of the key before it, at first plan.count.

    Servers keep their order, so what came behind the same key last time is tried first.
    """
    cdef uint64_t head
    cdef Py_ssize_t found
    if not field.key_escaped:
        head = ox_head(field.key, <Py_ssize_t>field.key_len)
        found = plan.keys[before].follower if before >= 0 else -1
        if found >= 0 and same_key(&plan.keys[found], head, field.key, <Py_ssize_t>field.key_len):
            return found
        found = plan.find(field.key, <Py_ssize_t>field.key_len)
        if before >= 0:
            plan.keys[before].follower = <int16_t>found
        if found >= 0 or len(plan.by_key) == plan.count:
            return found
    owner = plan.by_key.get(field_key(field))
    return (<FieldPlan>owner).index if owner is not None else -1


cdef Body new_body(object keep, const char *p, Py_ssize_t n, int mode):
    cdef Body body = Body.__new__(Body)
    body.keep = keep
    body.p = p
    body.n = n
    body.mode = mode
    return body


cdef object new_lazy(ClassPlan plan, Body body, const char *p, Py_ssize_t n):
    """An instance that reads its fields out of the JSON object at p."""
    cdef Source source = Source.__new__(Source)
    source.plan = plan
    source.body = body
    source.p = p
    source.n = n
    instance = ox_alloc(plan.cls)
    ox_set_slot(instance, ox_slot_private, conv.private_values(plan.cls) if plan.has_private else None)
    ox_set_slot(instance, ox_slot_source, source)
    if body.mode == EAGER:
        materialise_c(instance)
    return instance
