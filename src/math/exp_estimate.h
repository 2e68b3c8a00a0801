/* exp in binary64 to a relative error below 2^-51: the first step of iso_expf, for loops that the compiler vectorises. */
#ifndef ISO_MATH_EXP_ESTIMATE_H
#define ISO_MATH_EXP_ESTIMATE_H

#include <string.h>

#include "core/compiler.h"

/* ln 2 in pieces: the first has 32 bits, so that its product with an exponent is exact. */
#define ISO_LN2_HIGH    0x1.62e42fee00000p-1
#define ISO_LN2_MIDDLE  0x1.a39ef35793c76p-33
#define ISO_LN2_LOW     0x1.cc01f97b57a08p-87
#define ISO_INVERSE_LN2 0x1.71547652b82fep+0

/* The bound that results are tested with: y - y * bound and y + y * bound round to the same binary32 number, or more bits are
 * needed. */
#define ISO_ESTIMATE_ERROR 0x1p-49

/* exp(x) = 2^k * exp(r), |r| <= ln(2) / 2. For -104 <= x <= 89. */
static inline double iso_exp_estimate(double x) {
    double shifted = x * ISO_INVERSE_LN2 + 0x1.8p52, k = shifted - 0x1.8p52;
    double r = (x - k * ISO_LN2_HIGH) - k * ISO_LN2_MIDDLE;
    double p = 1.0 / 6227020800.0; /* 1 / 13! */
    p = p * r + 1.0 / 479001600.0;
    p = p * r + 1.0 / 39916800.0;
    p = p * r + 1.0 / 3628800.0;
    p = p * r + 1.0 / 362880.0;
    p = p * r + 1.0 / 40320.0;
    p = p * r + 1.0 / 5040.0;
    p = p * r + 1.0 / 720.0;
    p = p * r + 1.0 / 120.0;
    p = p * r + 1.0 / 24.0;
    p = p * r + 1.0 / 6.0;
    p = p * r + 0.5;
    p = p * r + 1.0;
    p = p * r + 1.0;
    /* k stands in the low bits of `shifted`; moved into the exponent's place they are 2^k. */
    uint64_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits = (bits + 1023) << 52;
    double scale;
    memcpy(&scale, &bits, sizeof scale);
    return p * scale;
}

#endif
