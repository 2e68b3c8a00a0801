/* Correctly rounded binary32 functions and the exact fused multiply-add: docs/contract.md#exp-log. No libm. */
#ifndef ISO_MATH_MATH_H
#define ISO_MATH_MATH_H

#include "core/compiler.h"

/* exp(x) and log(x), correctly rounded for every input; a NaN result is the canonical 7fc00000. */
float iso_expf(float x);
float iso_logf(float x);

/* fma through binary64 with rounding to odd, for hardware that has none. Exact for all inputs. */
float iso_fmaf_emulated(float a, float b, float c);

/* One rounding, whatever the hardware. */
static inline float iso_fmaf(float a, float b, float c) {
#if defined(__FMA__) || defined(__aarch64__) || defined(__riscv_flen) || defined(__powerpc64__) || defined(__s390x__)
    return __builtin_fmaf(a, b, c);
#else
    return iso_fmaf_emulated(a, b, c);
#endif
}

/* IEEE square root; sqrtf compiles to one instruction where the hardware has it. */
float iso_sqrtf(float x);

#endif
