/* AVX-512: 16 floats, 32 registers. */
#if defined(__AVX512F__) && defined(__AVX512VL__) && defined(__AVX512BW__) && defined(__AVX512DQ__)
#include <immintrin.h>

#include "math/estimate.h"

#define ISA(name) name##_avx512
#define ISA_TABLE iso_kernels_avx512
#define WIDTH     16
#define ROWS      14

typedef __m512 vec;
#define vec_load(p)      _mm512_loadu_ps(p)
#define vec_store(p, x)  _mm512_storeu_ps(p, x)
#define vec_stream(p, x) _mm512_stream_ps(p, x)
#define vec_stream_end() _mm_sfence()
#define vec_all(x)       _mm512_set1_ps(x)
#define vec_fma(a, b, c) _mm512_fmadd_ps(a, b, c)

#define vec_sqrt(x)       _mm512_sqrt_ps(x)
#define vec_greater(a, b) _mm512_max_ps(a, b) /* with a NaN: b */

#ifndef vec_keep
#define vec_keep(x)  __asm__("" : "+v"(x))
#define mask_keep(x) __asm__("" : "+k"(x))
#endif
typedef __m512d dvec;
typedef uint64_t lvec __attribute__((vector_size(64)));
#define d_all(c)                  _mm512_set1_pd(c)
#define d_fma(a, b, c)            _mm512_fmadd_pd(a, b, c)
#define d_bits(x)                 ((lvec)(x))
#define d_from_bits(x)            ((dvec)(x))
#define d_abs(x)                  _mm512_abs_pd(x)
#define d_copysign(x, y)          _mm512_or_pd(_mm512_abs_pd(x), _mm512_and_pd(y, d_all(-0.0)))
#define d_min(limit, x)           _mm512_min_pd(limit, x)
#define d_max(limit, x)           _mm512_max_pd(limit, x)
#define d_select_less(a, b, x, y) _mm512_mask_blend_pd(_mm512_cmp_pd_mask(a, b, _CMP_LT_OQ), y, x)
#define d_rsqrt(x)                _mm512_rsqrt14_pd(x)

/* 14 bits of the reciprocal, and a step by the series to the square of their error. */
static inline dvec d_quotient(dvec a, dvec b) {
    dvec y = _mm512_rcp14_pd(b), e = _mm512_fnmadd_pd(b, y, d_all(1));
    return a * _mm512_fmadd_pd(_mm512_fmadd_pd(e, e, e), y, y);
}

/* A comparison that gcc 12 widens itself may go to the stack as 16 bits, and come back as 32. */
static inline __attribute__((always_inline)) unsigned mask_bits(__mmask16 mask) {
    mask_keep(mask);
    return mask;
}

#define vec_lower(x)       _mm512_cvtps_pd(_mm512_castps512_ps256(x))
#define vec_upper(x)       _mm512_cvtps_pd(_mm512_extractf32x8_ps(x, 1))
#define vec_join(a, b)     _mm512_insertf32x8(_mm512_castps256_ps512(_mm512_cvtpd_ps(a)), _mm512_cvtpd_ps(b), 1)
#define vec_abs(x)         _mm512_abs_ps(x)
#define vec_unequal(a, b)  mask_bits(_mm512_cmp_ps_mask(a, b, _CMP_NEQ_UQ))
#define d_none(x, bits)    mask_bits(_mm512_testn_epi64_mask((__m512i)(x), _mm512_set1_epi64(bits)))
#define vec_not_less(a, b) mask_bits(_mm512_cmp_ps_mask(a, b, _CMP_NLT_UQ))

/* Of a float whose last bits are an integer n (n + 1.5 * 2^23): entry n mod 32 of a table; x * 2^floor(n / 32). */
#define vec_lookup32(table, n)                                                                                                   \
    _mm512_permutex2var_ps(_mm512_loadu_ps(table), _mm512_castps_si512(n), _mm512_loadu_ps((table) + 16))
#define vec_scale32(x, n)                                                                                                        \
    _mm512_castsi512_ps(                                                                                                         \
        _mm512_add_epi32(_mm512_castps_si512(x), _mm512_slli_epi32(_mm512_srli_epi32(_mm512_castps_si512(n), 5), 23)))

/* What math_functions_pairs.h asks for. */
typedef __mmask16 vec_lanes;
#define VEC_ALL_LANES             ((vec_lanes)0xffff)
#define VEC_ALL_BITS              0xffff
#define vec_lanes_bits(lanes)     mask_bits(lanes)
#define vec_lanes_less(a, b)      _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ)
#define vec_lanes_equal(of, a, b) _mm512_mask_cmp_ps_mask(of, a, b, _CMP_EQ_OQ)
#define vec_lesser(a, b)          _mm512_min_ps(a, b)                    /* with a NaN: b */
#define vec_nearer(x, limit)      _mm512_range_ps(x, vec_all(limit), 10) /* the lesser of |x| and the limit; of a NaN: the limit */
#define vec_sign_of(x, sign)      _mm512_or_ps(x, _mm512_and_ps(sign, vec_all(-0.0f))) /* of an x >= 0, or of that sign */
#define vec_scale(x, k)           _mm512_scalef_ps(x, k)
/* Of 0, infinity, negative numbers and NaN, m or k is infinite or a NaN. */
static inline __attribute__((always_inline)) vec_lanes vec_split(vec x, vec *m, vec *k) {
    *m = _mm512_getmant_ps(x, _MM_MANT_NORM_p75_1p5, _MM_MANT_SIGN_nan);
    *k = _mm512_getexp_ps(*m) - _mm512_getexp_ps(x);
    return VEC_ALL_LANES;
}
#define vec_rsqrt(x) _mm512_rsqrt14_ps(x)

#include "kernels/templates.h"
#endif
