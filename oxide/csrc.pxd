# Everything of csrc/ that the compiled modules use, and nothing else.
from libc.stdint cimport int64_t, uint16_t

cdef extern from "oxide/cpu.h" nogil:
    const char *ox_cpu_machine()

cdef extern from "oxide/kernels.h" nogil:
    ctypedef struct ox_kernels:
        const char *name

    const ox_kernels *ox_kernels_active()           # NULL: OXIDE_ISA names a row that is not usable here
    const char *ox_kernels_forced()
    const ox_kernels *ox_kernels_best()
    const ox_kernels *ox_kernels_by_name(const char *name)
    size_t ox_kernels_usable(const ox_kernels **out, size_t capacity)

cdef extern from "oxide/router.h" nogil:
    uint16_t ox_route(const char *p, size_t n)
    const char *ox_route_name(uint16_t id)
    uint16_t ox_route_count()

cdef extern from "oxide/sse.h" nogil:
    size_t OX_SSE_MAX_EVENT
    int OX_SSE_ENOMEM
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
