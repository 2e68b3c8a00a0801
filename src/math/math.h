/* Correctly rounded binary32 functions and the exact fused multiply-add: docs/contract.md#functions-of-one-number. No libm. */
#ifndef ISO_MATH_MATH_H
#define ISO_MATH_MATH_H

#include <string.h>

#include "core/compiler.h"

#define ISO_INFINITY __builtin_inff()
#define ISO_NAN      __builtin_nanf("") /* 7fc00000 */

/* Correctly rounded for every input; a NaN result is the canonical 7fc00000. */
float iso_expf(float x);
float iso_expm1f(float x);
float iso_logf(float x);
float iso_log1pf(float x);
float iso_tanhf(float x);
float iso_sigmoidf(float x); /* 1 / (1 + exp(-x)) */
float iso_erff(float x);
float iso_geluf(float x);      /* x Phi(x), Phi the normal distribution's */
float iso_gelu_tanhf(float x); /* x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) */
float iso_sinf(float x);
float iso_cosf(float x);
float iso_rsqrtf(float x); /* 1 / sqrt(x) */

/* fma through binary64 with rounding to odd, for hardware that has none. Exact for all inputs. */
float iso_fmaf_emulated(float a, float b, float c);

/* One rounding, whatever the hardware. Without an instruction for it: the product is exact in binary64, and rounding the sum to
 * binary64 and then to binary32 is the same as rounding once, unless the binary64 number lies exactly between two binary32
 * numbers (the low 29 bits are 10...0) or the result is subnormal. Only those cases need the full emulation. */
static inline float iso_fmaf(float a, float b, float c) {
#if defined(__FMA__) || defined(__aarch64__) || defined(__riscv_flen) || defined(__powerpc64__) || defined(__s390x__)
    return __builtin_fmaf(a, b, c);
#else
    double sum = (double)a * (double)b + (double)c;
    uint64_t bits;
    memcpy(&bits, &sum, sizeof bits);
    bool tiny = sum < 0x1p-126 && sum > -0x1p-126 && sum != 0;
    return (bits & 0x1fffffffu) != 0x10000000u && !tiny ? (float)sum : iso_fmaf_emulated(a, b, c);
#endif
}

/* IEEE square root; sqrtf compiles to one instruction where the hardware has it. */
float iso_sqrtf(float x);

#endif
