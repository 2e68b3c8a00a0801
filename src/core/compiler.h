/* What every translation unit needs of the compiler. Included first by every other core header. */
#ifndef ISO_CORE_COMPILER_H
#define ISO_CORE_COMPILER_H

#include <float.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __FAST_MATH__
#error "Isobit cannot be built with -ffast-math: its results are defined by exact IEEE-754 operations"
#endif
#if FLT_EVAL_METHOD != 0
#error "Isobit needs FLT_EVAL_METHOD == 0 (on i386 build with -msse2 -mfpmath=sse)"
#endif

/* What gcc and clang know by name, for what any C11 compiler builds: math and reference, with the headers of ops. */
#ifndef __GNUC__
#include <math.h>
#define __builtin_inff()         INFINITY
#define __builtin_nanf(payload)  nanf(payload)
#define __builtin_fabs(x)        fabs(x)
#define __builtin_fabsf(x)       fabsf(x)
#define __builtin_copysign(x, y) copysign(x, y)
#define __builtin_sqrt(x)        sqrt(x)
#define __builtin_sqrtf(x)       sqrtf(x)
#define __builtin_fmaf(a, b, c)  fmaf(a, b, c)
#endif

#define ISO_PRINTF(string, args) __attribute__((format(printf, string, args)))
#define ISO_COUNTOF(array)       (sizeof(array) / sizeof((array)[0]))

static inline int64_t iso_min64(int64_t a, int64_t b) {
    return a < b ? a : b;
}
static inline int64_t iso_max64(int64_t a, int64_t b) {
    return a > b ? a : b;
}
static inline int64_t iso_ceil_div(int64_t a, int64_t b) {
    return (a + b - 1) / b;
}

#endif
