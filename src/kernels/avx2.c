/* AVX2 and FMA: 8 floats, 16 registers. */
#if defined(__AVX2__) && defined(__FMA__)
#include <immintrin.h>

#include "math/estimate.h"

#define ISA(name) name##_avx2
#define ISA_TABLE iso_kernels_avx2
#define WIDTH     8
#define ROWS      6
/* Beside a position's 12 multiply-adds, moving the pointers each time would cost a tenth; more columns' steps would not fit into
 * the registers. */
#define ROW_STEPS    4
#define COLUMN_STEPS 2

typedef __m256 vec;
#define vec_load(p)      _mm256_loadu_ps(p)
#define vec_store(p, x)  _mm256_storeu_ps(p, x)
#define vec_stream(p, x) _mm256_stream_ps(p, x)
#define vec_stream_end() _mm_sfence()
#define vec_all(x)       _mm256_set1_ps(x)
#define vec_fma(a, b, c) _mm256_fmadd_ps(a, b, c)

#define vec_sqrt(x)       _mm256_sqrt_ps(x)
#define vec_greater(a, b) _mm256_max_ps(a, b) /* with a NaN: b */

#define vec_keep(x) __asm__("" : "+x"(x))
/* With 12 sums in 16 registers, gcc 12 would move some of them about at every step. */
#define vec_accumulate(sum, a, b)                                                                                                \
    do {                                                                                                                         \
        vec x_;                                                                                                                  \
        __asm__("vbroadcastss %2, %1\n\tvfmadd231ps %3, %1, %0" : "+x"(sum), "=&x"(x_) : "m"(a), "x"(b));                        \
    } while (0)
#define vec_accumulate2(sum0, sum1, a, b0, b1)                                                                                   \
    do {                                                                                                                         \
        vec x_;                                                                                                                  \
        __asm__("vbroadcastss %3, %2\n\tvfmadd231ps %4, %2, %0\n\tvfmadd231ps %5, %2, %1"                                        \
                : "+x"(sum0), "+x"(sum1), "=&x"(x_)                                                                              \
                : "m"(a), "x"(b0), "x"(b1));                                                                                     \
    } while (0)
typedef __m256d dvec;
typedef uint64_t lvec __attribute__((vector_size(32)));
#define d_all(c)                  _mm256_set1_pd(c)
#define d_fma(a, b, c)            _mm256_fmadd_pd(a, b, c)
#define d_bits(x)                 ((lvec)(x))
#define d_from_bits(x)            ((dvec)(x))
#define d_abs(x)                  _mm256_andnot_pd(d_all(-0.0), x)
#define d_copysign(x, y)          _mm256_or_pd(d_abs(x), _mm256_and_pd(y, d_all(-0.0)))
#define d_min(limit, x)           _mm256_min_pd(limit, x)
#define d_max(limit, x)           _mm256_max_pd(limit, x)
#define d_select_less(a, b, x, y) _mm256_blendv_pd(y, x, _mm256_cmp_pd(a, b, _CMP_LT_OQ))
#define d_rsqrt(x)                _mm256_cvtps_pd(_mm_rsqrt_ps(_mm256_cvtpd_ps(x)))

#define vec_lower(x)       _mm256_cvtps_pd(_mm256_castps256_ps128(x))
#define vec_upper(x)       _mm256_cvtps_pd(_mm256_extractf128_ps(x, 1))
#define vec_join(a, b)     _mm256_set_m128(_mm256_cvtpd_ps(b), _mm256_cvtpd_ps(a))
#define vec_abs(x)         _mm256_andnot_ps(vec_all(-0.0f), x)
#define d_none(x, bits)    (unsigned)_mm256_movemask_pd((__m256d)_mm256_cmpeq_epi64((__m256i)((x) & (bits)), _mm256_setzero_si256()))
#define vec_unequal(a, b)  (unsigned)_mm256_movemask_ps(_mm256_cmp_ps(a, b, _CMP_NEQ_UQ))
#define vec_not_less(a, b) (unsigned)_mm256_movemask_ps(_mm256_cmp_ps(a, b, _CMP_NLT_UQ))
#define d_quotient(a, b)   ((a) / (b))
#define vec_rsqrt(x)       _mm256_rsqrt_ps(x)

/* What math_functions_pairs.h asks for. */
typedef __m256 vec_lanes; /* all bits of a lane, or none */
#define VEC_ALL_LANES             _mm256_castsi256_ps(_mm256_set1_epi32(-1))
#define VEC_ALL_BITS              0xff
#define vec_lanes_bits(lanes)     (uint32_t) _mm256_movemask_ps(lanes)
#define vec_lanes_less(a, b)      _mm256_cmp_ps(a, b, _CMP_LT_OQ)
#define vec_lanes_equal(of, a, b) _mm256_and_ps(of, _mm256_cmp_ps(a, b, _CMP_EQ_OQ))
#define vec_lesser(a, b)          _mm256_min_ps(a, b)                                  /* with a NaN: b */
#define vec_nearer(x, limit)      _mm256_min_ps(vec_abs(x), vec_all(limit))            /* of a NaN: the limit */
#define vec_sign_of(x, sign)      _mm256_or_ps(x, _mm256_and_ps(sign, vec_all(-0.0f))) /* of an x >= 0, or of that sign */

/* Of a float whose last bits are an integer n (n + 1.5 * 2^23): entry n mod 16 of a table; x * 2^floor(n / 16). */
#define vec_lookup16(table, n)                                                                                                   \
    _mm256_blendv_ps(_mm256_permutevar8x32_ps(_mm256_loadu_ps(table), _mm256_castps_si256(n)),                                   \
                     _mm256_permutevar8x32_ps(_mm256_loadu_ps((table) + 8), _mm256_castps_si256(n)),                             \
                     _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_castps_si256(n), 28)))
#define vec_scale16(x, n)                                                                                                        \
    _mm256_castsi256_ps(                                                                                                         \
        _mm256_add_epi32(_mm256_castps_si256(x), _mm256_slli_epi32(_mm256_srli_epi32(_mm256_castps_si256(n), 4), 23)))

/* x 2^k; where k is below -100, some number that is as far below everything it is added to. */
static inline __attribute__((always_inline)) vec vec_scale(vec x, vec k) {
    __m256i exponent = _mm256_cvtps_epi32(_mm256_max_ps(k, vec_all(-100)));
    return x * _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(exponent, _mm256_set1_epi32(127)), 23));
}

/* x = m 2^-k with 3/4 <= m < 3/2 in the lanes that are given: those of positive numbers that have 24 bits. */
static inline __attribute__((always_inline)) vec_lanes vec_split(vec x, vec *m, vec *k) {
    __m256i bits = _mm256_castps_si256(x), above = _mm256_sub_epi32(bits, _mm256_set1_epi32(0x3f400000));
    *m = _mm256_castsi256_ps(_mm256_sub_epi32(bits, _mm256_and_si256(above, _mm256_set1_epi32((int)0xff800000u))));
    *k = _mm256_cvtepi32_ps(_mm256_sub_epi32(_mm256_setzero_si256(), _mm256_srai_epi32(above, 23)));
    /* 0 <= bits - 0x00800000 < 0x7f000000, without a sign */
    __m256i place = _mm256_add_epi32(bits, _mm256_set1_epi32((int)(0x80000000u - 0x00800000u)));
    return _mm256_castsi256_ps(_mm256_cmpgt_epi32(_mm256_set1_epi32((int)(0x80000000u + 0x7f000000u)), place));
}

#include "kernels/templates.h"
#endif
