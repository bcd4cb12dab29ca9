#include "oxide/kernels.h"

#include <string.h>

#include "oxide/cpu.h"

extern const ox_kernels ox_kernels_scalar;

static int always(void) { return 1; }

static const struct {
    const ox_kernels *row;
    int (*usable)(void);
} rows[] = {
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
    const ox_kernels *row;
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
