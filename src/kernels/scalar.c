/* Portable: four floats in the compiler's own vectors, which any target has or imitates. Where the target has no fused multiply-add it is
 * computed through binary64 with rounding to odd, as in math/fma.c, without a branch. */
#include <string.h>

#include "math/math.h"

#define ISA(name) name##_scalar
#define ISA_TABLE iso_kernels_scalar
#define WIDTH     4
#define ROWS      4

typedef float vec __attribute__((vector_size(16)));
typedef double vec_f64 __attribute__((vector_size(32)));
typedef int64_t vec_i64 __attribute__((vector_size(32)));

static inline vec vec_load(const float *p) {
    vec x;
    memcpy(&x, p, sizeof x);
    return x;
}
static inline void vec_store(float *p, vec x) { memcpy(p, &x, sizeof x); }
static inline vec vec_all(float x) { return (vec){x, x, x, x}; }

static inline vec vec_fma(vec a, vec b, vec c) {
#if defined(__FMA__) || defined(__aarch64__)
    vec r;
    for (int i = 0; i < WIDTH; i++)
        r[i] = __builtin_fmaf(a[i], b[i], c[i]);
    return r;
#else
    vec_f64 product = __builtin_convertvector(a, vec_f64) * __builtin_convertvector(b, vec_f64);
    vec_f64 addend = __builtin_convertvector(c, vec_f64), sum = product + addend;
    vec_f64 c_part = sum - product, error = (product - (sum - c_part)) + (addend - c_part);
    /* Masks: the exact sum lies beyond, or short of, its rounded value in magnitude. A NaN error is neither. */
    vec_i64 above = (vec_i64)(error > 0), below = (vec_i64)(error < 0), negative = (vec_i64)(sum < 0);
    vec_i64 inexact = above | below, shorter = (above & negative) | (below & ~negative);
    vec_i64 bits = ((vec_i64)sum + shorter) | (inexact & 1); /* truncated towards zero, then made odd */
    return __builtin_convertvector((vec_f64)bits, vec);
#endif
}

#include "kernels/templates.h"
