/* The inside of a JSON string, as it comes: every row gives what the oracle does, and touches no byte outside. */
#include <stddef.h>
#include <stdint.h>

#include "unescape.h"

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
    static const char *const kernels[] = {"avx2", "neon", "scalar"};
    if (!size)
        return 0;
    for (int i = 0; i < 3; i++) {
        const ox_json *row = ox_json_by_kernels(kernels[i]);
        if (row) /* the first byte is what stands behind the string */
            unescapes(row, (const char *)input + 1, size - 1, (char)input[0]);
    }
    return 0;
}
