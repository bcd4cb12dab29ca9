/* Prints what this processor dispatches to; `dispatch expected-row` fails when it is another. */
#include <string.h>

#include "check.h"
#include "oxide/cpu.h"
#include "oxide/kernels.h"

int main(int argc, char **argv)
{
    const ox_kernels *rows[8], *active = ox_kernels_active();
    size_t count = ox_kernels_usable(rows, 8);
    printf("%s:", ox_cpu_machine());
    for (size_t i = 0; i < count; i++)
        printf(" %s", rows[i]->name);
    printf("; in use: %s\n", active ? active->name : "none");
    if (argc > 1)
        CHECK(strcmp(active ? active->name : "none", argv[1]) == 0, "expected %s", argv[1]);
    return 0;
}
