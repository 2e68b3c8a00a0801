/* The estimates of estimate_tmpl.h for one number, and the constants that they share with their vector forms. */
#ifndef ISO_MATH_ESTIMATE_H
#define ISO_MATH_ESTIMATE_H

#include <string.h>

#include "core/compiler.h"
#include "math/estimate_coefficients.h"

/* y * (1 - error) and y * (1 + error) round to the same binary32 number, or more bits are needed. */
#define ISO_ESTIMATE_ERROR 0x1p-40
#define ISO_PHI_ERROR      0x1p-44

#define ISO_LN2         0x1.62e42fefa39efp-1
#define ISO_INVERSE_LN2 0x1.71547652b82fep+0

/* pi in pieces: the first has 31 bits, the second 31 more, so that products with an integer below 2^21 are exact. */
#define ISO_PI_HIGH    0x1.921fb54400000p+1
#define ISO_PI_MIDDLE  0x1.0b4611a600000p-33
#define ISO_PI_LOW     0x1.3198a2e037073p-68
#define ISO_INVERSE_PI 0x1.45f306dc9c883p-2

/* 2 sqrt(2 / pi), and the same times 0.044715. */
#define ISO_GELU_LINEAR 0x1.9884533d43651p+0
#define ISO_GELU_CUBIC  0x1.2444f2a4d8b4bp-4

static inline uint64_t iso_double_bits(double x) {
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline double iso_double_from_bits(uint64_t bits) {
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

#define dvec                      double
#define lvec                      uint64_t
#define ESTIMATE(name)            iso_##name##_estimate
#define d_all(c)                  ((double)(c))
#define d_fma(a, b, c)            ((a) * (b) + (c))
#define d_bits(x)                 iso_double_bits(x)
#define d_from_bits(x)            iso_double_from_bits(x)
#define d_abs(x)                  __builtin_fabs(x)
#define d_copysign(x, y)          __builtin_copysign(x, y)
#define d_min(limit, x)           ((limit) < (x) ? (limit) : (x))
#define d_max(limit, x)           ((limit) > (x) ? (limit) : (x))
#define d_select_less(a, b, x, y) ((a) < (b) ? (x) : (y))
#define d_rsqrt(x)                (1 / __builtin_sqrt(x))
#define d_quotient(a, b)          ((a) / (b))
#include "math/estimate_tmpl.h"
#undef dvec
#undef lvec
#undef ESTIMATE
#undef d_all
#undef d_fma
#undef d_bits
#undef d_from_bits
#undef d_abs
#undef d_copysign
#undef d_min
#undef d_max
#undef d_select_less
#undef d_rsqrt
#undef d_quotient

/* The binary32 number that an estimate decides, in *result; false if it does not. */
static inline bool iso_estimate_decides(double y, float *result) {
    *result = (float)(y * (1 - ISO_ESTIMATE_ERROR));
    return *result == (float)(y * (1 + ISO_ESTIMATE_ERROR));
}

#endif
