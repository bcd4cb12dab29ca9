#include "oxide/cpu.h"

#if defined(__x86_64__) || defined(_M_X64)

#if defined(_MSC_VER)
#include <intrin.h>

static int leaf(int number, unsigned out[4])
{
    int regs[4];
    __cpuid(regs, 0);
    if (regs[0] < number)
        return 0;
    __cpuidex(regs, number, 0);
    for (int i = 0; i < 4; i++)
        out[i] = (unsigned)regs[i];
    return 1;
}

static unsigned long long saved_state(void) { return _xgetbv(0); }
#else
#include <cpuid.h>

static int leaf(unsigned number, unsigned out[4])
{
    return __get_cpuid_count(number, 0, &out[0], &out[1], &out[2], &out[3]);
}

/* The intrinsic would need -mxsave for this file, and so might use it elsewhere in it. */
static unsigned long long saved_state(void)
{
    unsigned lo, hi;
    __asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
    return ((unsigned long long)hi << 32) | lo;
}
#endif

enum { ECX = 2, EBX = 1 };

int ox_cpu_has_avx2(void)
{
    unsigned r[4];
    if (!leaf(1, r) || !(r[ECX] & (1u << 27)) || !(r[ECX] & (1u << 28))) /* OSXSAVE, AVX */
        return 0;
    if ((saved_state() & 6) != 6) /* a kernel that does not save YMM would corrupt it at a context switch */
        return 0;
    return leaf(7, r) && (r[EBX] & (1u << 5)) && (r[EBX] & (1u << 3)); /* AVX2, BMI1 */
}
#else
int ox_cpu_has_avx2(void) { return 0; }
#endif

int ox_cpu_has_neon(void)
{
#if defined(__aarch64__) || defined(_M_ARM64)
    return 1; /* part of the base architecture */
#else
    return 0;
#endif
}

const char *ox_cpu_machine(void)
{
#if defined(__x86_64__) || defined(_M_X64)
    return "x86_64";
#elif defined(__aarch64__) || defined(_M_ARM64)
    return "aarch64";
#else
    return "other";
#endif
}
