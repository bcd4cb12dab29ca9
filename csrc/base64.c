#include "oxide/base64.h"

#include "rows.h"

ptrdiff_t ox_base64_decode(const ox_kernels *row, const char *p, size_t n, unsigned char *out)
{
    if (n % 4)
        return -1;
    size_t padding = 0;
    if (n && p[n - 1] == '=')
        padding = p[n - 2] == '=' ? 2 : 1;
    size_t whole = padding ? n - 4 : n;
    size_t done = row->base64(p, whole, out);
    if (done < whole)
        done += ox_kernels_scalar.base64(p + done, whole - done, out + done / 4 * 3);
    if (done < whole)
        return -1;
    size_t size = whole / 4 * 3;
    if (padding) {
        char last[4] = {p[n - 4], p[n - 3], padding == 2 ? 'A' : p[n - 2], 'A'};
        unsigned char bytes[3];
        if (ox_kernels_scalar.base64(last, 4, bytes) != 4)
            return -1;
        memcpy(out + size, bytes, 3 - padding);
        size += 3 - padding;
    }
    return (ptrdiff_t)size;
}
