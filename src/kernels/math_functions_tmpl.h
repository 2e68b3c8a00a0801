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

/* outside: the bits of lanes for which the estimate means nothing. */
#define MATH_FUNCTION(name, outside)                                                                                             \
    static inline __attribute__((always_inline)) void ISA(name##_vector)(vec x, float *y) {                                      \
        const dvec less = d_all(1 - ISO_ESTIMATE_ERROR), more = d_all(1 + ISO_ESTIMATE_ERROR);                                   \
        dvec a = ISA(name##_estimate)(vec_lower(x)), b = ISA(name##_estimate)(vec_upper(x));                                     \
        vec low = vec_join(a * less, b * less), high = vec_join(a * more, b * more);                                             \
        unsigned unsure = vec_unequal(low, high) | (outside);                                                                    \
        vec_store(y, low);                                                                                                       \
        if (__builtin_expect(unsure != 0, 0))                                                                                    \
            ISA(decide)(iso_##name##f, unsure, x, y);                                                                            \
    }                                                                                                                            \
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
#define BETWEEN(low, high) (vec_not_less(vec_all(low), x) | vec_not_less(x, vec_all(high)))

MATH_FUNCTION(exp, 0u)
MATH_FUNCTION(expm1, 0u)
MATH_FUNCTION(log, BETWEEN(0, ISO_INFINITY))
MATH_FUNCTION(log1p, BETWEEN(-1, ISO_INFINITY))
MATH_FUNCTION(tanh, 0u)
MATH_FUNCTION(sigmoid, 0u)
MATH_FUNCTION(erf, 0u)
MATH_FUNCTION(gelu, 0u)
MATH_FUNCTION(gelu_tanh, 0u)
MATH_FUNCTION(sin, BETWEEN(-0x1p20f, 0x1p20f))
MATH_FUNCTION(cos, BETWEEN(-0x1p20f, 0x1p20f))
MATH_FUNCTION(rsqrt, BETWEEN(0, ISO_INFINITY))

#undef MATH_FUNCTION
#undef BETWEEN
