# Everything of csrc/ that the compiled modules use, and nothing else.
from libc.stdint cimport int64_t, uint16_t, uint32_t, uint64_t

cdef extern from "oxide/cpu.h" nogil:
    const char *ox_cpu_machine()

cdef extern from "oxide/kernels.h" nogil:
    ctypedef struct ox_kernels:
        const char *name

    const ox_kernels *ox_kernels_active()           # NULL: OXIDE_ISA names a row that is not usable here
    const char *ox_kernels_forced()
    size_t ox_kernels_usable(const ox_kernels **out, size_t capacity)

cdef extern from "oxide/base64.h" nogil:
    size_t OX_BASE64_ROOM(size_t n)
    Py_ssize_t ox_base64_decode(const ox_kernels *row, const char *p, size_t n, unsigned char *out)     # -1: no base64
    float ox_float_le(const unsigned char *p)

cdef extern from "oxide/router.h" nogil:
    uint16_t ox_route(const char *p, size_t n)
    const char *ox_route_name(uint16_t id)
    uint16_t ox_route_count()

cdef extern from "oxide/sse.h" nogil:
    int OX_SSE_EEVENT
    int OX_SSE_ELINE
    int OX_SSE_ECLOSED
    int OX_SSE_EROW

    ctypedef struct ox_sse_event:
        const char *data
        size_t data_len
        const char *name
        size_t name_len
        const char *id
        size_t id_len
        int64_t retry_ms
        uint16_t route

    ctypedef struct ox_sse:
        size_t max_event
        size_t max_line

    int ox_sse_init(ox_sse *s, const ox_kernels *kernels, size_t max_event, size_t max_line)
    void ox_sse_free(ox_sse *s)
    int ox_sse_feed(ox_sse *s, const char *p, size_t n)
    int ox_sse_next(ox_sse *s, ox_sse_event *out)   # 1 an event, 0 more bytes are needed, < 0 an error
    int ox_sse_close(ox_sse *s)
    size_t ox_sse_buffered(const ox_sse *s)
    size_t ox_sse_error_size(const ox_sse *s)

cdef extern from "oxide/document.h" nogil:
    enum:
        OX_PADDING
        OX_ESCAPED
        OX_NON_ASCII

    ctypedef enum ox_json_error:
        OX_JSON_OK
        OX_JSON_SYNTAX
        OX_JSON_TYPE
        OX_JSON_MEMORY
        OX_JSON_DEPTH
        OX_JSON_NUMBER
        OX_JSON_STOPPED

    ctypedef enum ox_kind:
        OX_MISSING
        OX_NULL
        OX_TRUE
        OX_FALSE
        OX_INT
        OX_FLOAT
        OX_STRING
        OX_ARRAY
        OX_OBJECT

    ctypedef struct ox_value:
        const char *p
        size_t n
        ox_kind kind

    ctypedef struct ox_field:
        const char *key
        size_t key_len
        ox_value value
        int key_escaped
        uint32_t after

    ctypedef struct ox_fields:
        ox_field *items
        size_t count
        size_t capacity

    ctypedef struct ox_index:
        pass

    ctypedef struct ox_key:
        const char *p
        size_t n

    ctypedef enum ox_number_kind:
        OX_NUMBER_I64
        OX_NUMBER_U64
        OX_NUMBER_F64

    ctypedef union ox_number_as:
        int64_t i64
        uint64_t u64
        double f64

    ctypedef struct ox_number:
        ox_number_kind kind
        ox_number_as as_ "as"

    ctypedef struct ox_visitor:
        int (*null)(void *) noexcept
        int (*boolean)(void *, int) noexcept
        int (*number)(void *, const ox_number *) noexcept
        int (*string)(void *, const char *, size_t, int) noexcept
        int (*key)(void *, const char *, size_t, int) noexcept
        int (*begin_array)(void *) noexcept
        int (*end_array)(void *, size_t) noexcept
        int (*begin_object)(void *) noexcept
        int (*end_object)(void *, size_t) noexcept

    ctypedef struct ox_json:
        const char *name
        const char *version
        int (*scan_object)(const char *, size_t, ox_index *, ox_fields *) noexcept
        int (*scan_array)(const char *, size_t, ox_index *, ox_fields *) noexcept
        int (*scan_tree)(const char *, size_t, ox_fields *) noexcept
        int (*pluck)(const char *, size_t, ox_index *, const ox_key *, size_t, ox_value *) noexcept
        int (*walk)(const char *, size_t, const ox_visitor *, void *) noexcept
        int (*number)(const char *, size_t, ox_number *) noexcept
        int (*classify)(const char *, size_t) noexcept
        int (*unescape)(const char *, size_t, char *, size_t *) noexcept

    void ox_fields_init(ox_fields *)
    void ox_fields_free(ox_fields *)
    void ox_index_free(ox_index *)
    const ox_json *ox_json_by_kernels(const char *kernels_name)
