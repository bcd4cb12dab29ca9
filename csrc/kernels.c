#include "oxide/kernels.h"

#include <stdlib.h>
#include <string.h>

#include "oxide/cpu.h"
#include "rows.h"

static int always(void) { return 1; }

static const struct {
    const ox_kernels *row;
    int (*usable)(void);
} rows[] = {
#if OX_ROW_AVX2
    {&ox_kernels_avx2, ox_cpu_has_avx2},
#endif
#if OX_ROW_NEON
    {&ox_kernels_neon, ox_cpu_has_neon},
#endif
    {&ox_kernels_scalar, always},
};

#define ROWS (sizeof rows / sizeof rows[0])

size_t ox_kernels_usable(const ox_kernels **out, size_t capacity)
{
    size_t n = 0;
    for (size_t i = 0; i < ROWS; i++) {
        if (!rows[i].usable())
            continue;
        if (n < capacity)
            out[n] = rows[i].row;
        n++;
    }
    return n;
}

const ox_kernels *ox_kernels_best(void)
{
    const ox_kernels *row = NULL;
    ox_kernels_usable(&row, 1);
    return row;
}

const ox_kernels *ox_kernels_by_name(const char *name)
{
    for (size_t i = 0; i < ROWS; i++)
        if (strcmp(rows[i].row->name, name) == 0)
            return rows[i].usable() ? rows[i].row : NULL;
    return NULL;
}

const char *ox_kernels_forced(void)
{
    const char *name = getenv("OXIDE_ISA");
    return name && *name ? name : NULL;
}

const ox_kernels *ox_kernels_active(void)
{
    /* Threads that race here all store the same pointer. */
    static const ox_kernels *active;
    const ox_kernels *row = active;
    if (!row) {
        const char *name = ox_kernels_forced();
        row = name ? ox_kernels_by_name(name) : ox_kernels_best();
        active = row;
    }
    return row;
}
