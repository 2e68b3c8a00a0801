/* NEON of 64-bit Arm: 4 floats, 32 registers, a fused multiply-add. */
#if defined(__aarch64__)
#include <arm_neon.h>

#include "math/estimate.h"

#define ISA(name) name##_neon
#define ISA_TABLE iso_kernels_neon
#define ROWS      14

#define d_fma(a, b, c) ((dvec)vfmaq_f64((float64x2_t)(c), (float64x2_t)(a), (float64x2_t)(b)))

#include "kernels/four_lanes.h"

#define vec_fma(a, b, c) ((vec)vfmaq_f32((float32x4_t)(c), (float32x4_t)(a), (float32x4_t)(b)))
#define vec_keep(x)      __asm__("" : "+w"(x))

#include "kernels/templates.h"
#endif
