#include "random/fill.h"

#include <string.h>

#include "math/math.h"
#include "random/half.h"

/* Whatever the compiler's target has; without an fma there, iso_fmaf emulates it. */
#define TARGET
#define NAME(stem)   stem##_any
#define FMA(a, b, c) iso_fmaf(a, b, c)
#include "random/fill_template.h"
#undef TARGET
#undef NAME
#undef FMA

#if (defined(__x86_64__) || defined(__i386__)) && !(defined(__FMA__) && defined(__AVX2__))
#define TARGET       __attribute__((target("avx2,fma")))
#define NAME(stem)   stem##_avx2
#define FMA(a, b, c) __builtin_fmaf(a, b, c)
#include "random/fill_template.h"
#undef TARGET
#undef NAME
#undef FMA
#define ISO_FILL(stem, ...)                                                                        \
    (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? stem##_avx2(__VA_ARGS__)    \
                                                                     : stem##_any(__VA_ARGS__))
#else
#define ISO_FILL(stem, ...) stem##_any(__VA_ARGS__)
#endif

void iso_fill_uniform(float *out, const uint32_t *words, size_t n, float low, float high, float bound) {
    if (low == 0 && high == 1) /* what fma(u, 1, 0) comes to */
        for (size_t i = 0; i < n; i++)
            out[i] = (float)(int32_t)(words[i] & 0xffffffu) * 0x1p-24f;
    else
        ISO_FILL(uniform, out, words, n, low, high, bound);
}

void iso_fill_normal(float *data, size_t blocks, float mean, float std) {
    ISO_FILL(normal, data, blocks, mean, std);
}

void iso_fill_remainders(uint32_t *out, const uint32_t *words, size_t n, uint32_t divisor, bool falling) {
    ISO_FILL(remainders, out, words, n, divisor, falling);
}

void iso_fill_below(uint8_t *out, const uint32_t *words, size_t n, uint64_t limit) {
    ISO_FILL(below, out, words, n, limit);
}
