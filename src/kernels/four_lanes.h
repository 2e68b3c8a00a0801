/* Four floats in the compiler's own vectors, which any target has or imitates: all that templates.h asks for but vec_fma. */
#ifndef ISO_KERNELS_FOUR_LANES_H
#define ISO_KERNELS_FOUR_LANES_H

#include <string.h>

#include "math/estimate.h"
#include "math/math.h"

#define WIDTH 4

typedef float vec __attribute__((vector_size(16)));
typedef int32_t vec_i32 __attribute__((vector_size(16)));

static inline vec vec_load(const float *p) {
    vec x;
    memcpy(&x, p, sizeof x);
    return x;
}
static inline void vec_store(float *p, vec x) {
    memcpy(p, &x, sizeof x);
}
#define vec_stream(p, x) vec_store(p, x)
#define vec_stream_end() ((void)0)
static inline vec vec_all(float x) {
    return (vec){x, x, x, x};
}
static inline vec vec_sqrt(vec x) {
    vec r;
    for (int i = 0; i < WIDTH; i++)
        r[i] = __builtin_sqrtf(x[i]);
    return r;
}
static inline vec vec_greater(vec a, vec b) {
    vec_i32 mask = a > b;
    return (vec)((mask & (vec_i32)a) | (~mask & (vec_i32)b));
}

typedef double dvec __attribute__((vector_size(16)));
typedef uint64_t lvec __attribute__((vector_size(16)));
#define d_all(c) ((dvec){c, c})
#ifndef d_fma
#define d_fma(a, b, c) ((a) * (b) + (c))
#endif
#define d_bits(x)        ((lvec)(x))
#define d_from_bits(x)   ((dvec)(x))
#define d_abs(x)         d_from_bits(d_bits(x) & UINT64_C(0x7fffffffffffffff))
#define d_copysign(x, y) d_from_bits(d_bits(d_abs(x)) | (d_bits(y) & UINT64_C(0x8000000000000000)))
static inline dvec d_select(lvec mask, dvec x, dvec y) {
    return (dvec)((mask & (lvec)x) | (~mask & (lvec)y));
}
static inline dvec d_min(dvec limit, dvec x) {
    return d_select((lvec)(limit < x), limit, x);
}
static inline dvec d_max(dvec limit, dvec x) {
    return d_select((lvec)(limit > x), limit, x);
}
#define d_select_less(a, b, x, y) d_select((lvec)((a) < (b)), x, y)
#define d_rsqrt(x)                ((dvec){1 / __builtin_sqrt((x)[0]), 1 / __builtin_sqrt((x)[1])})

static inline dvec vec_lower(vec x) {
    return (dvec){x[0], x[1]};
}
static inline dvec vec_upper(vec x) {
    return (dvec){x[2], x[3]};
}
static inline vec vec_join(dvec a, dvec b) {
    return (vec){(float)a[0], (float)a[1], (float)b[0], (float)b[1]};
}
static inline unsigned lane_bits(vec_i32 mask) {
    mask &= (vec_i32){1, 2, 4, 8};
    return (unsigned)(mask[0] | mask[1] | mask[2] | mask[3]);
}
static inline vec vec_abs(vec x) {
    return (vec)((vec_i32)x & 0x7fffffff);
}
static inline unsigned d_none(lvec x, uint64_t bits) {
    return (x[0] & bits ? 0u : 1u) | (x[1] & bits ? 0u : 2u);
}
#define vec_unequal(a, b)  lane_bits((a) != (b))
#define vec_not_less(a, b) lane_bits(~((a) < (b)))
#define d_quotient(a, b)   ((a) / (b))

#endif
