# Lazily filled models: an instance holds a Source until every field of it has been read.
#
#   instance ── _oxide_source ──► Source ── body ──► Body ── keep ──► bytes
#      │                            └── plan ──► ClassPlan ── fields ──► FieldPlan ── plan ──► TypePlan
#      └── __dict__: the fields read so far
from cpython.object cimport PyObject
from libc.stdint cimport int16_t, uint8_t, uint64_t

from oxide.csrc cimport ox_index, ox_value


cdef class Body:
    """Received JSON text, shared by every object that was found in it."""
    cdef object keep            # owns the bytes
    cdef const char *p          # followed by OX_PADDING readable bytes
    cdef Py_ssize_t n
    cdef ox_index index         # its tokens, from the first scan on
    cdef int mode               # LAZY, EAGER or OFF
    cdef int depth              # EAGER: models being read at once
    cdef tuple prefix           # path to the root of this text, for messages


cdef class TypePlan:
    """A Shape, readable without Python calls."""
    cdef int kind
    cdef bint optional
    cdef object shape
    cdef TypePlan item
    cdef ClassPlan model        # NULL-like None until the first instance is made
    cdef dict literals
    cdef bint of_str            # some of them are strings: others are kept as they are
    cdef bytes sole             # the only literal, as written in JSON without its quotes
    cdef object sole_value
    cdef tuple by_kind
    cdef bytes tag
    cdef dict variants


cdef class FieldPlan:
    cdef object fact
    cdef str name
    cdef str label              # the key as text
    cdef bytes key
    cdef Py_ssize_t index
    cdef bint required
    cdef bint shared_default    # the default is immutable, so every instance may have the same
    cdef object default
    cdef TypePlan plan          # None until the field is first read
    cdef object last            # the last string an event had here: ids and names repeat


cdef struct Key:
    uint64_t head               # the first eight bytes, zeros behind shorter keys
    const char *p
    unsigned int n
    int16_t follower            # index of the field that came behind this one in the last object, -1 if none did


cdef class ClassPlan:
    cdef object cls
    cdef object info
    cdef tuple fields
    cdef dict by_name
    cdef dict by_key            # JSON key → FieldPlan
    cdef bint fillable
    cdef bint has_private
    cdef bint has_error         # a field named "error": such a key is no failure of the stream
    cdef Key *keys              # of the fields, then one that stands for the beginning of an object
    cdef Py_ssize_t count       # of fields
    cdef PyObject **names       # of the fields, interned
    cdef int16_t *table         # open-addressed hash of JSON keys → 1 + index of the field
    cdef unsigned int mask
    cdef Py_ssize_t find(self, const char *key, Py_ssize_t n) noexcept


cdef struct Entry:
    ox_value value
    const char *key
    unsigned int key_len
    uint8_t key_escaped


cdef class Source:
    cdef ClassPlan plan
    cdef Body body
    cdef const char *p
    cdef Py_ssize_t n
    # Both made by one scan, when a field is first asked for.
    cdef Entry *entries
    cdef Py_ssize_t count
    cdef int16_t *where         # index of a field → 1 + index of its entry, 0 where there is none, ASSIGNED
    cdef int scan(self) except -1


cdef ClassPlan class_plan(object cls)
cdef TypePlan type_plan(object shape)
cdef object new_lazy(ClassPlan plan, Body body, const char *p, Py_ssize_t n)
# An instance for the JSON object of one event, whose bytes are gone after this; None where it is an error object or
# no JSON.
cdef object event_instance(ClassPlan plan, const char *p, Py_ssize_t n, int mode)
cdef object root_value(TypePlan plan, bytes body, Py_ssize_t n, int mode)
# index: that of the text the value is in, or NULL.
cdef object tag_of(TypePlan plan, const ox_value *value, ox_index *index)
cdef object convert_value(TypePlan plan, Body body, const ox_value *value)
cdef int materialise_c(object instance) except -1
cdef Body new_body(object keep, const char *p, Py_ssize_t n, int mode)


# A value that is worked out each time somebody reads the field it stands in.
cdef class Later:
    cpdef object resolve(self)


# An instance with these values, one for each field in order; ABSENT where a field was not given.
cdef object assembled(ClassPlan plan, tuple values)
# An instance with the fields of an event of the class below, and one more; None where that takes more than a copy.
cdef object extended(ClassPlan plan, object event, str name, object value)


# The members an object had when it came, by JSON key; objects inside are models.
cpdef dict given(object instance)
