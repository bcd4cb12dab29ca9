/* What the processor and the operating system allow. */
#ifndef OXIDE_CPU_H
#define OXIDE_CPU_H

int ox_cpu_has_avx2(void); /* AVX2 and BMI1, with the YMM state saved by the system */
int ox_cpu_has_neon(void);
const char *ox_cpu_machine(void); /* "x86_64", "aarch64" or "other", as compiled */

#endif
