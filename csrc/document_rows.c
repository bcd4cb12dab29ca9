#include "oxide/document.h"

#include <stdlib.h>
#include <string.h>

#if defined(OXIDE_JSON_HASWELL)
extern const ox_json ox_json_haswell;

/* simdjson's haswell row uses more than AVX2 and BMI1. Every processor with AVX2 has had the rest so far. */
static int haswell_usable(void)
{
    return __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("popcnt") && __builtin_cpu_supports("bmi2") &&
           __builtin_cpu_supports("avx2");
}
#endif
#if defined(OXIDE_JSON_ARM64)
extern const ox_json ox_json_arm64;
#endif
extern const ox_json ox_json_fallback;

const ox_json *ox_json_by_kernels(const char *kernels_name)
{
#if defined(OXIDE_JSON_HASWELL)
    if (strcmp(kernels_name, "avx2") == 0)
        return haswell_usable() ? &ox_json_haswell : NULL;
#endif
#if defined(OXIDE_JSON_ARM64)
    if (strcmp(kernels_name, "neon") == 0)
        return &ox_json_arm64;
#endif
    if (strcmp(kernels_name, "scalar") == 0)
        return &ox_json_fallback;
    return NULL;
}

int ox_fields_grow(ox_fields *f)
{
    size_t capacity = f->capacity * 2;
    ox_field *items = realloc(f->items == f->small ? NULL : f->items, capacity * sizeof *items);
    if (!items)
        return OX_JSON_MEMORY;
    if (f->items == f->small)
        memcpy(items, f->small, f->count * sizeof *items);
    f->items = items;
    f->capacity = capacity;
    return OX_JSON_OK;
}

void ox_fields_free(ox_fields *f)
{
    if (f->items != f->small)
        free(f->items);
    ox_fields_init(f);
}

void ox_index_free(ox_index *index)
{
    free(index->at);
    memset(index, 0, sizeof *index);
}

int ox_index_keep(ox_index *index, const char *base, const uint32_t *at, size_t count)
{
    size_t size = (count + 1) * sizeof *at;
    if (size > OX_INDEX_SMALL && size > at[count] / 4)
        return OX_JSON_OK;
    uint32_t *kept = malloc(size);
    if (!kept)
        return OX_JSON_MEMORY;
    memcpy(kept, at, size);
    index->base = base;
    index->at = kept;
    index->count = count;
    return OX_JSON_OK;
}
