/* What src/kernels/avx512.c uses of <immintrin.h>, in the compiler's own vectors: so that its kernels can be compared with the
 * reference on CPUs that have no AVX-512 (isobit-tests-avx512 in the Makefile). Each function does for every lane what Intel's
 * manual says; estimates have no more bits than that promises. */
#ifndef ISO_TESTS_EMULATED_IMMINTRIN_H
#define ISO_TESTS_EMULATED_IMMINTRIN_H

#include <math.h>
#include <stdint.h>
#include <string.h>

typedef float __m256 __attribute__((vector_size(32), may_alias));
typedef float __m512 __attribute__((vector_size(64), may_alias));
typedef double __m512d __attribute__((vector_size(64), may_alias));
typedef long long __m512i __attribute__((vector_size(64), may_alias));
typedef uint32_t emulated_words __attribute__((vector_size(64), may_alias));
typedef uint64_t emulated_longs __attribute__((vector_size(64), may_alias));
typedef uint16_t __mmask16;
typedef uint8_t __mmask8;

#define FUNCTION static inline __attribute__((always_inline, unused))
/* The whole of a function: `expression` of lane i, for all lanes; a bit for each lane where `condition` holds. */
#define LANES(type, count, expression)                                                                                           \
    type r;                                                                                                                      \
    for (int i = 0; i < (count); i++)                                                                                            \
        r[i] = (expression);                                                                                                     \
    return r
#define MASK(type, count, condition)                                                                                             \
    type r = 0;                                                                                                                  \
    for (int i = 0; i < (count); i++)                                                                                            \
        r |= (type)((condition) ? 1 << i : 0);                                                                                   \
    return r

/* ---- Memory, constants, the same bits as another type ---- */

FUNCTION __m512 _mm512_loadu_ps(const void *p) {
    __m512 r;
    memcpy(&r, p, sizeof r);
    return r;
}
FUNCTION void _mm512_storeu_ps(void *p, __m512 x) {
    memcpy(p, &x, sizeof x);
}
#define _mm512_stream_ps _mm512_storeu_ps
#define _mm_sfence()     ((void)0)
FUNCTION __m512 _mm512_set1_ps(float x) {
    LANES(__m512, 16, x);
}
FUNCTION __m512d _mm512_set1_pd(double x) {
    LANES(__m512d, 8, x);
}
FUNCTION __m512i _mm512_set1_epi64(long long x) {
    LANES(__m512i, 8, x);
}
#define _mm512_castps_si512(x) ((__m512i)(x))
#define _mm512_castsi512_ps(x) ((__m512)(x))
FUNCTION __m256 _mm512_extractf32x8_ps(__m512 x, int half) {
    LANES(__m256, 8, x[8 * half + i]);
}
#define _mm512_castps512_ps256(x) _mm512_extractf32x8_ps(x, 0)
FUNCTION __m512 _mm512_castps256_ps512(__m256 x) {
    LANES(__m512, 16, i < 8 ? x[i % 8] : 0);
}
FUNCTION __m512 _mm512_insertf32x8(__m512 a, __m256 b, int half) {
    LANES(__m512, 16, i / 8 == half ? b[i % 8] : a[i]);
}

/* ---- Arithmetic ---- */

FUNCTION __m512 _mm512_fmadd_ps(__m512 a, __m512 b, __m512 c) {
    LANES(__m512, 16, __builtin_fmaf(a[i], b[i], c[i]));
}
FUNCTION __m512d _mm512_fmadd_pd(__m512d a, __m512d b, __m512d c) {
    LANES(__m512d, 8, __builtin_fma(a[i], b[i], c[i]));
}
FUNCTION __m512d _mm512_fnmadd_pd(__m512d a, __m512d b, __m512d c) {
    LANES(__m512d, 8, __builtin_fma(-a[i], b[i], c[i]));
}
FUNCTION __m512 _mm512_sqrt_ps(__m512 x) {
    LANES(__m512, 16, sqrtf(x[i]));
}
/* The second operand where one is a NaN, and where they are equal. */
FUNCTION __m512 _mm512_max_ps(__m512 a, __m512 b) {
    LANES(__m512, 16, a[i] > b[i] ? a[i] : b[i]);
}
FUNCTION __m512 _mm512_min_ps(__m512 a, __m512 b) {
    LANES(__m512, 16, a[i] < b[i] ? a[i] : b[i]);
}
FUNCTION __m512d _mm512_max_pd(__m512d a, __m512d b) {
    LANES(__m512d, 8, a[i] > b[i] ? a[i] : b[i]);
}
FUNCTION __m512d _mm512_min_pd(__m512d a, __m512d b) {
    LANES(__m512d, 8, a[i] < b[i] ? a[i] : b[i]);
}
FUNCTION __m512d _mm512_cvtps_pd(__m256 x) {
    LANES(__m512d, 8, (double)x[i]);
}
FUNCTION __m256 _mm512_cvtpd_ps(__m512d x) {
    LANES(__m256, 8, (float)x[i]);
}

/* ---- Bits ---- */

FUNCTION __m512 _mm512_and_ps(__m512 a, __m512 b) {
    return (__m512)((emulated_words)a & (emulated_words)b);
}
FUNCTION __m512 _mm512_or_ps(__m512 a, __m512 b) {
    return (__m512)((emulated_words)a | (emulated_words)b);
}
FUNCTION __m512d _mm512_and_pd(__m512d a, __m512d b) {
    return (__m512d)((emulated_longs)a & (emulated_longs)b);
}
FUNCTION __m512d _mm512_or_pd(__m512d a, __m512d b) {
    return (__m512d)((emulated_longs)a | (emulated_longs)b);
}
FUNCTION __m512 _mm512_abs_ps(__m512 x) {
    return (__m512)((emulated_words)x & 0x7fffffffu);
}
FUNCTION __m512d _mm512_abs_pd(__m512d x) {
    return (__m512d)((emulated_longs)x & UINT64_C(0x7fffffffffffffff));
}
FUNCTION __m512i _mm512_add_epi32(__m512i a, __m512i b) {
    return (__m512i)((emulated_words)a + (emulated_words)b);
}
FUNCTION __m512i _mm512_slli_epi32(__m512i x, int n) {
    return (__m512i)((emulated_words)x << n);
}
FUNCTION __m512i _mm512_srli_epi32(__m512i x, int n) {
    return (__m512i)((emulated_words)x >> n);
}

/* ---- Comparisons and lanes ---- */

enum { _CMP_EQ_OQ = 0, _CMP_NEQ_UQ = 4, _CMP_NLT_UQ = 21, _CMP_LT_OQ = 17 };
FUNCTION int emulated_compare(double a, double b, int how) {
    return how == _CMP_EQ_OQ ? a == b : how == _CMP_NEQ_UQ ? !(a == b) : how == _CMP_LT_OQ ? a < b : !(a < b);
}
FUNCTION __mmask16 _mm512_cmp_ps_mask(__m512 a, __m512 b, int how) {
    MASK(__mmask16, 16, emulated_compare((double)a[i], (double)b[i], how));
}
FUNCTION __mmask8 _mm512_cmp_pd_mask(__m512d a, __m512d b, int how) {
    MASK(__mmask8, 8, emulated_compare(a[i], b[i], how));
}
FUNCTION __mmask16 _mm512_mask_cmp_ps_mask(__mmask16 of, __m512 a, __m512 b, int how) {
    return of & _mm512_cmp_ps_mask(a, b, how);
}
FUNCTION __mmask8 _mm512_testn_epi64_mask(__m512i a, __m512i b) {
    MASK(__mmask8, 8, (a[i] & b[i]) == 0);
}
FUNCTION __m512d _mm512_mask_blend_pd(__mmask8 of, __m512d a, __m512d b) {
    LANES(__m512d, 8, of >> i & 1 ? b[i] : a[i]);
}
FUNCTION __m512 _mm512_permutex2var_ps(__m512 a, __m512i n, __m512 b) {
    LANES(__m512, 16, ((emulated_words)n)[i] & 16 ? b[((emulated_words)n)[i] & 15] : a[((emulated_words)n)[i] & 15]);
}

/* ---- Numbers as mantissa and exponent ---- */

/* In [3/4, 3/2); a NaN for negative numbers. */
enum { _MM_MANT_NORM_p75_1p5 = 3, _MM_MANT_SIGN_nan = 2 };
FUNCTION float emulated_mantissa(float x) {
    if (x < 0 || x != x)
        return NAN;
    if (x == 0 || x == INFINITY)
        return copysignf(1, x);
    int exponent;
    float m = 2 * frexpf(x, &exponent);
    return m < 1.5f ? m : m / 2;
}
FUNCTION __m512 _mm512_getmant_ps(__m512 x, int range, int sign) {
    (void)range, (void)sign; /* as above */
    LANES(__m512, 16, emulated_mantissa(x[i]));
}
FUNCTION __m512 _mm512_getexp_ps(__m512 x) {
    LANES(__m512, 16, logbf(x[i]));
}
FUNCTION float emulated_scale(float x, float k) {
    return k != k ? k : ldexpf(x, (int)fminf(fmaxf(floorf(k), -1000), 1000));
}
FUNCTION __m512 _mm512_scalef_ps(__m512 x, __m512 k) {
    LANES(__m512, 16, emulated_scale(x[i], k[i]));
}
/* What `how` is here: the lesser magnitude, without a sign; of a NaN and a number: the number. */
FUNCTION __m512 _mm512_range_ps(__m512 a, __m512 b, int how) {
    (void)how;
    LANES(__m512, 16, fminf(fabsf(a[i]), fabsf(b[i])));
}

/* ---- Estimates with an error of 2^-14 ---- */

FUNCTION double emulated_estimate(double x) {
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    bits &= ~((UINT64_C(1) << 38) - 1);
    memcpy(&x, &bits, sizeof x);
    return x;
}
FUNCTION __m512 _mm512_rsqrt14_ps(__m512 x) {
    LANES(__m512, 16, (float)emulated_estimate(1 / sqrt((double)x[i])));
}
FUNCTION __m512d _mm512_rsqrt14_pd(__m512d x) {
    LANES(__m512d, 8, emulated_estimate(1 / sqrt(x[i])));
}
FUNCTION __m512d _mm512_rcp14_pd(__m512d x) {
    LANES(__m512d, 8, emulated_estimate(1 / x[i]));
}

#undef FUNCTION
#undef LANES
#undef MASK
#endif
