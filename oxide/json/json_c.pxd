# What the compiled modules above import: documents as spans, spans as Python objects.
#
# Every span is followed by OX_PADDING readable bytes (a padded body, or a value inside one). Call with the GIL.
# The scans return an ox_json_error and set no exception. After an error, to_python() over the same span gives what the
# standard library makes of it: a value (NaN, a UTF-16 document …) or its exception.
from oxide.csrc cimport ox_field, ox_fields, ox_index, ox_key, ox_value

# The whole value, containers included, as json.loads() gives it.
cdef object to_python(const char *p, Py_ssize_t n)
# A value a scan or pluck found; containers become dict and list.
cdef object value_to_python(const ox_value *value)
# The str between two quotes: p points behind the opening one, p[n] is the closing one.
cdef object string(const char *p, Py_ssize_t n)
# Its UTF-8, with no str made of it; None where it holds lone surrogates or is no JSON: string() knows what to do.
cdef bytes utf8(const char *p, Py_ssize_t n)
# The field's name, from a bounded cache of shared str objects.
cdef object field_key(const ox_field *field)

# out: initialised with ox_fields_init(), freed by fields_free(). Overwritten by each scan. index: that of the
# document, all zeros before its first scan, freed by ox_index_free(); or NULL.
cdef int scan_object(const char *p, Py_ssize_t n, ox_index *index, ox_fields *out) noexcept
cdef int scan_array(const char *p, Py_ssize_t n, ox_index *index, ox_fields *out) noexcept
# The fields and elements of every level in document order; ox_field.after leads past what is inside an entry.
cdef int scan_tree(const char *p, Py_ssize_t n, ox_fields *out) noexcept
cdef void fields_free(ox_fields *fields) noexcept
# out[i]: the last value under keys[i] in a top-level object, kind OX_MISSING where there is none.
cdef int pluck_keys(
    const char *p, Py_ssize_t n, ox_index *index, const ox_key *keys, size_t nkeys, ox_value *out) noexcept

# The document with OX_PADDING bytes behind it, or None for a str that only the standard library can read.
cdef bytes padded_text(data, bint padded)
