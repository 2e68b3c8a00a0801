/* exp, log, tanh, GELU, ...: docs/contract.md#functions-of-one-number. A vector's results are estimated in binary64. Where both
 * ends of the error interval round to one number, which is nearly everywhere, that is the result; the scalar function gives the
 * others. */

#define ESTIMATE(name) ISA(name##_estimate)
#include "math/estimate_tmpl.h"
#undef ESTIMATE

typedef float ISA(function)(float x);

/* `lanes` has a bit for every result that `f` must give. */
__attribute__((noinline)) static void ISA(decide)(ISA(function) * f, unsigned lanes, vec x, float *y) {
    float lane[WIDTH];
    vec_store(lane, x);
    for (; lanes; lanes &= lanes - 1) {
        int i = __builtin_ctz(lanes);
        y[i] = f(lane[i]);
    }
}

/* Lanes in which the two ends of y's error interval may round to two numbers: the last 29 of 53 bits are within 2^13 of the
 * middle between two binary32 numbers, which relative to y is 2^-40 or more. */
static inline __attribute__((always_inline)) unsigned ISA(beside_middle)(dvec y) {
    return d_none(d_bits(y) + (UINT64_C(0x2000) - UINT64_C(0x10000000)), UINT64_C(0x1fffc000));
}

/* Lanes for which the above does not hold: NaNs, and numbers that keep fewer than 24 bits; not where `zero`, the result or x, is
 * 0. The result may be asked where no argument's value is nearer than 2^-22, relative, to 2^-150, from which numbers round to 0.
 */
#define TINY_OR_NAN(zero)  (vec_not_less(vec_all(0x1p-126f), vec_abs(result)) & vec_unequal(zero, vec_all(0)))
#define OUTSIDE(low, high) (vec_not_less(vec_all(low), x) | vec_not_less(x, vec_all(high)))

/* other: the bits of more lanes that are for the scalar function. */
#define MATH_VECTOR(name, other)                                                                                                 \
    static inline __attribute__((always_inline)) void ISA(name##_vector)(vec x, float *y) {                                      \
        dvec a = ISA(name##_estimate)(vec_lower(x)), b = ISA(name##_estimate)(vec_upper(x));                                     \
        vec result = vec_join(a, b);                                                                                             \
        unsigned unsure = ISA(beside_middle)(a) | ISA(beside_middle)(b) << WIDTH / 2 | (other);                                  \
        vec_store(y, result);                                                                                                    \
        if (__builtin_expect(unsure != 0, 0))                                                                                    \
            ISA(decide)(iso_##name##f, unsure, x, y);                                                                            \
    }
#define MATH_FUNCTION(name, other)                                                                                               \
    MATH_VECTOR(name, other)                                                                                                     \
    MATH_LOOP(name)

#define MATH_LOOP(name)                                                                                                          \
    static void ISA(name)(int64_t count, const float *x, float *y) {                                                             \
        int64_t i = 0;                                                                                                           \
        for (; i + WIDTH <= count; i += WIDTH)                                                                                   \
            ISA(name##_vector)(vec_load(x + i), y + i);                                                                          \
        if (i < count) {                                                                                                         \
            float rest[WIDTH];                                                                                                   \
            for (int j = 0; j < WIDTH; j++)                                                                                      \
                rest[j] = i + j < count ? x[i + j] : 1;                                                                          \
            ISA(name##_vector)(vec_load(rest), rest);                                                                            \
            memcpy(y + i, rest, sizeof *y * (size_t)(count - i));                                                                \
        }                                                                                                                        \
    }

MATH_FUNCTION(expm1, TINY_OR_NAN(result))
MATH_FUNCTION(tanh, TINY_OR_NAN(result))
MATH_FUNCTION(erf, TINY_OR_NAN(result))
MATH_FUNCTION(sin, OUTSIDE(-0x1p20f, 0x1p20f) | TINY_OR_NAN(result))
MATH_FUNCTION(cos, OUTSIDE(-0x1p20f, 0x1p20f))
MATH_VECTOR(exp, TINY_OR_NAN(result))
MATH_VECTOR(log, OUTSIDE(0, ISO_INFINITY))
MATH_VECTOR(log1p, OUTSIDE(-1, ISO_INFINITY) | TINY_OR_NAN(result))
MATH_VECTOR(sigmoid, TINY_OR_NAN(result))
MATH_VECTOR(gelu_tanh, TINY_OR_NAN(x))

#ifndef vec_rsqrt
MATH_FUNCTION(rsqrt, OUTSIDE(0x1.fffffcp-127f, ISO_INFINITY)) /* first estimates may take a subnormal number for 0 */
#else
/* In binary32 from an estimate right to 2^-11: a step to y, right to 2^-23, and d = y / 2 * (1 - x y^2), x y^2 as a product and
 * its rest. y + d is right to 2^-44: roundings of 1 - x y^2, which is below 2^-22, and what the series leaves out, 3/8 of its
 * square. Zeros, infinity, negative numbers, NaNs, and subnormal numbers that the estimate takes for 0, make a NaN. */
#define RSQRT_ERROR 0x1p-43f
static inline __attribute__((always_inline)) void ISA(rsqrt_vector)(vec x, float *result) {
    vec y = vec_rsqrt(x), e = vec_fma(-(x * y), y, vec_all(1));
    y = vec_fma(y * e, vec_fma(e, vec_all(0.375f), vec_all(0.5f)), y);
    vec product = x * y, rest = vec_fma(x, y, -product);
    vec d = vec_fma(-rest, y, vec_fma(-product, y, vec_all(1))) * (y * vec_all(0.5f));
    vec a = y + vec_fma(y, vec_all(-RSQRT_ERROR), d), b = y + vec_fma(y, vec_all(RSQRT_ERROR), d);
    unsigned unsure = vec_unequal(a, b);
    vec_store(result, a);
    if (__builtin_expect(unsure != 0, 0))
        ISA(decide)(iso_rsqrtf, unsure, x, result);
}
MATH_LOOP(rsqrt)
#undef RSQRT_ERROR
#endif

/* GELU: vectors with an |x| of 4 or more, of which activations have few, take the estimate that holds for all numbers. The other
 * one's error is relative to x, not to the result, so here both ends of the interval are rounded. */
__attribute__((noinline)) static void ISA(gelu_any)(vec x, float *y) {
    dvec a = ISA(gelu_estimate)(vec_lower(x)), b = ISA(gelu_estimate)(vec_upper(x));
    vec result = vec_join(a, b);
    unsigned unsure = ISA(beside_middle)(a) | ISA(beside_middle)(b) << WIDTH / 2 | TINY_OR_NAN(x);
    vec_store(y, result);
    if (__builtin_expect(unsure != 0, 0))
        ISA(decide)(iso_geluf, unsure, x, y);
}

static inline __attribute__((always_inline)) void ISA(gelu_vector)(vec x, float *y) {
    if (__builtin_expect(vec_not_less(vec_abs(x), vec_all(4)) != 0, 0)) {
        ISA(gelu_any)(x, y);
        return;
    }
    const dvec error = d_all(ISO_PHI_ERROR);
    dvec xa = vec_lower(x), xb = vec_upper(x), a = ISA(phi_estimate)(xa), b = ISA(phi_estimate)(xb);
    vec low = vec_join(xa * (a - error), xb * (b - error)), high = vec_join(xa * (a + error), xb * (b + error));
    unsigned unsure = vec_unequal(low, high);
    vec_store(y, low);
    if (__builtin_expect(unsure != 0, 0))
        ISA(decide)(iso_geluf, unsure, x, y);
}

#if defined(vec_lookup32) || defined(vec_lookup16)
#include "kernels/math_functions_pairs.h"
#else
MATH_LOOP(exp)
MATH_LOOP(log)
MATH_LOOP(log1p)
MATH_LOOP(sigmoid)
MATH_LOOP(gelu)
MATH_LOOP(gelu_tanh)
#endif

#undef MATH_VECTOR
#undef MATH_FUNCTION
#undef MATH_LOOP
#undef TINY_OR_NAN
#undef OUTSIDE
