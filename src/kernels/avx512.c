/* AVX-512: 16 floats, 32 registers. */
#if defined(__AVX512F__) && defined(__AVX512VL__) && defined(__AVX512BW__) && defined(__AVX512DQ__)
#include <immintrin.h>

#define ISA(name) name##_avx512
#define ISA_TABLE iso_kernels_avx512
#define WIDTH     16
#define ROWS      14

typedef __m512 vec;
#define vec_load(p)      _mm512_loadu_ps(p)
#define vec_store(p, x)  _mm512_storeu_ps(p, x)
#define vec_all(x)       _mm512_set1_ps(x)
#define vec_fma(a, b, c) _mm512_fmadd_ps(a, b, c)

#define vec_sqrt(x)       _mm512_sqrt_ps(x)
#define vec_greater(a, b) _mm512_max_ps(a, b) /* with a NaN: b */

#define vec_keep(x) __asm__("" : "+v"(x))

#include "kernels/templates.h"
#endif
