/* AVX2 and FMA: 8 floats, 16 registers. */
#if defined(__AVX2__) && defined(__FMA__)
#include <immintrin.h>

#define ISA(name) name##_avx2
#define ISA_TABLE iso_kernels_avx2
#define WIDTH     8
#define ROWS      6

typedef __m256 vec;
#define vec_load(p)      _mm256_loadu_ps(p)
#define vec_store(p, x)  _mm256_storeu_ps(p, x)
#define vec_all(x)       _mm256_set1_ps(x)
#define vec_fma(a, b, c) _mm256_fmadd_ps(a, b, c)

#define vec_sqrt(x)       _mm256_sqrt_ps(x)
#define vec_greater(a, b) _mm256_max_ps(a, b) /* with a NaN: b */

#define vec_keep(x) __asm__("" : "+x"(x))

#include "kernels/templates.h"
#endif
