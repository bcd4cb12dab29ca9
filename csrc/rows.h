/* Which rows this compiler and target have; shared by kernels.c and kernels/. */
#ifndef OXIDE_ROWS_H
#define OXIDE_ROWS_H

#include "oxide/kernels.h"

#if defined(__x86_64__) || defined(_M_X64)
#define OX_ROW_AVX2 1
#else
#define OX_ROW_AVX2 0
#endif

#if defined(__aarch64__) || defined(_M_ARM64)
#define OX_ROW_NEON 1
#else
#define OX_ROW_NEON 0
#endif

extern const ox_kernels ox_kernels_scalar;
#if OX_ROW_AVX2
extern const ox_kernels ox_kernels_avx2;
#endif
#if OX_ROW_NEON
extern const ox_kernels ox_kernels_neon;
#endif

#endif
