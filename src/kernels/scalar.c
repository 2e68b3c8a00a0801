/* Portable: four floats in the compiler's own vectors. Where the target has no fused
 * multiply-add it is computed through binary64, and in the rare cases where that would be two roundings by math/fma.c. */

#define ISA(name) name##_scalar
#define ISA_TABLE iso_kernels_scalar
#define ROWS      4

#include "kernels/four_lanes.h"

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

#include "kernels/templates.h"
