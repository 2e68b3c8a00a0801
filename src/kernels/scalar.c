/* Portable: four floats in the compiler's own vectors, which any target has or imitates. Where the target has no fused
 * multiply-add it is computed through binary64, and in the rare cases where that would be two roundings by math/fma.c. */
#include <string.h>

#include "math/estimate.h"
#include "math/math.h"

#define ISA(name) name##_scalar
#define ISA_TABLE iso_kernels_scalar
#define WIDTH     4
#define ROWS      4

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

#if defined(__SSE2__) && !defined(__FMA__)
#include <emmintrin.h>

__attribute__((noinline)) static vec fma_unsure(vec a, vec b, vec c) {
    vec r;
    for (int i = 0; i < WIDTH; i++)
        r[i] = iso_fmaf_emulated(a[i], b[i], c[i]);
    return r;
}

/* iso_fmaf (math.h) on four lanes: two pairs in binary64; where one lane is not certain to be rounded once, all four go the exact
 * way. */
static inline __attribute__((always_inline)) vec vec_fma(vec a, vec b, vec c) {
    __m128d low = _mm_add_pd(_mm_mul_pd(_mm_cvtps_pd(a), _mm_cvtps_pd(b)), _mm_cvtps_pd(c));
    __m128d high = _mm_add_pd(_mm_mul_pd(_mm_cvtps_pd(_mm_movehl_ps(a, a)), _mm_cvtps_pd(_mm_movehl_ps(b, b))),
                              _mm_cvtps_pd(_mm_movehl_ps(c, c)));
    __m128i lower = _mm_castps_si128(_mm_shuffle_ps(_mm_castpd_ps(low), _mm_castpd_ps(high), 0x88));
    __m128i upper = _mm_castps_si128(_mm_shuffle_ps(_mm_castpd_ps(low), _mm_castpd_ps(high), 0xdd));
    __m128i magnitude = _mm_and_si128(upper, _mm_set1_epi32(0x7fffffff));
    __m128i between = _mm_cmpeq_epi32(_mm_and_si128(lower, _mm_set1_epi32(0x1fffffff)), _mm_set1_epi32(0x10000000));
    __m128i tiny = _mm_and_si128(_mm_cmplt_epi32(magnitude, _mm_set1_epi32((1023 - 126) << 20)), /* not 0, which is exact */
                                 _mm_cmpgt_epi32(magnitude, _mm_setzero_si128()));
    if (__builtin_expect(_mm_movemask_epi8(_mm_or_si128(between, tiny)) != 0, 0))
        return fma_unsure(a, b, c);
    return _mm_movelh_ps(_mm_cvtpd_ps(low), _mm_cvtpd_ps(high));
}
#else
static inline vec vec_fma(vec a, vec b, vec c) {
    vec r;
    for (int i = 0; i < WIDTH; i++)
        r[i] = iso_fmaf(a[i], b[i], c[i]);
    return r;
}
#endif

typedef double dvec __attribute__((vector_size(16)));
typedef uint64_t lvec __attribute__((vector_size(16)));
#define d_all(c)         ((dvec){c, c})
#define d_fma(a, b, c)   ((a) * (b) + (c))
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
#define d_quotient(a, b) ((a) / (b))

#include "kernels/templates.h"
