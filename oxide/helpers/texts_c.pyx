# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False
"""The text of a response in one scan of its JSON. See texts_py for what each function means."""
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.string cimport memcmp

from oxide.csrc cimport (
    OX_ARRAY, OX_JSON_OK, OX_NULL, OX_OBJECT, OX_PADDING, OX_STRING, ox_field, ox_fields, ox_fields_init, ox_key, ox_value,
)
from oxide.json.json_c cimport fields_free, pluck_keys, scan_tree, value_to_python

from oxide.helpers import texts_py


cdef inline bint named(const ox_field *field, const char *name, size_t n) noexcept:
    return field.key_len == n and memcmp(field.key, name, n) == 0


cdef inline bint says(const ox_value *value, const char *quoted, size_t n) noexcept:
    return value.kind == OX_STRING and value.n == n and memcmp(value.p, quoted, n) == 0


# The last field of that name in the object at `at`, -1 where there is none. The document itself is at -1.
cdef Py_ssize_t member(const ox_fields *tree, Py_ssize_t at, const char *name, size_t n) noexcept:
    cdef Py_ssize_t found = -1
    cdef Py_ssize_t i = at + 1
    cdef Py_ssize_t end = <Py_ssize_t>tree.count if at < 0 else <Py_ssize_t>tree.items[at].after
    while i < end:
        if tree.items[i].key_escaped:
            return -2
        if named(&tree.items[i], name, n):
            found = i
        i = tree.items[i].after
    return found


cdef object text_of(const ox_fields *tree, list texts):
    """Whether the tree is a completed response; NotImplemented where the twin has to say."""
    cdef Py_ssize_t output, item, content, part, kind, text
    cdef Py_ssize_t status = member(tree, -1, b"status", 6)
    if status == -2:
        return NotImplemented
    if (status >= 0 and tree.items[status].value.kind != OX_NULL
            and not says(&tree.items[status].value, b'"completed"', 11)):
        return False
    output = member(tree, -1, b"output", 6)
    if output < 0 or tree.items[output].value.kind != OX_ARRAY:
        return False
    item = output + 1
    while item < <Py_ssize_t>tree.items[output].after:
        if tree.items[item].value.kind == OX_OBJECT:
            kind = member(tree, item, b"type", 4)
            content = member(tree, item, b"content", 7)
            if kind == -2:
                return NotImplemented
            if (kind >= 0 and content >= 0 and says(&tree.items[kind].value, b'"message"', 9)
                    and tree.items[content].value.kind == OX_ARRAY):
                part = content + 1
                while part < <Py_ssize_t>tree.items[content].after:
                    if tree.items[part].value.kind == OX_OBJECT:
                        kind = member(tree, part, b"type", 4)
                        text = member(tree, part, b"text", 4)
                        if kind == -2:
                            return NotImplemented
                        if (kind >= 0 and text >= 0 and says(&tree.items[kind].value, b'"output_text"', 13)
                                and tree.items[text].value.kind == OX_STRING):
                            texts.append(value_to_python(&tree.items[text].value))
                    part = tree.items[part].after
        item = tree.items[item].after
    return True


def output_text(bytes body not None, Py_ssize_t length) -> str | None:
    cdef ox_fields tree
    cdef list texts = []
    cdef object whole = NotImplemented
    if PyBytes_GET_SIZE(body) < length + OX_PADDING:
        return texts_py.output_text(body, length)
    ox_fields_init(&tree)
    try:
        if scan_tree(PyBytes_AS_STRING(body), length, &tree) == OX_JSON_OK:
            whole = text_of(&tree, texts)
    finally:
        fields_free(&tree)
    if whole is NotImplemented:
        # Nested deeply, escaped names, or what only the standard library reads.
        return texts_py.output_text(body, length)
    if not whole or not texts:
        return None
    return texts[0] if len(texts) == 1 else "".join(texts)


def response_id(bytes body not None, Py_ssize_t length) -> str | None:
    cdef ox_key key
    cdef ox_value value
    if PyBytes_GET_SIZE(body) < length + OX_PADDING:
        return texts_py.response_id(body, length)
    key.p = b"id"
    key.n = 2
    if pluck_keys(PyBytes_AS_STRING(body), length, NULL, &key, 1, &value) != OX_JSON_OK:
        return texts_py.response_id(body, length)
    return value_to_python(&value) if value.kind == OX_STRING else None
