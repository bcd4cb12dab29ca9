#include "oxide/cpu.h"

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>

int ox_cpu_has_avx2(void)
{
    unsigned a, b, c, d, lo, hi;
    if (!__get_cpuid(1, &a, &b, &c, &d))
        return 0;
    if (!(c & (1u << 27)) || !(c & (1u << 28))) /* OSXSAVE, AVX */
        return 0;
    __asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
    if ((lo & 6) != 6)
        return 0;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d))
        return 0;
    return (b & (1u << 5)) && (b & (1u << 3)); /* AVX2, BMI1 */
}
#else
int ox_cpu_has_avx2(void) { return 0; }
#endif

int ox_cpu_has_neon(void)
{
#if defined(__aarch64__) || defined(_M_ARM64)
    return 1;
#else
    return 0;
#endif
}
