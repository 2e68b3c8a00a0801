#include "random/fill.h"

#include <string.h>

#include "math/math.h"
#include "random/half.h"

/* Whatever the compiler's target has; without an fma there, iso_fmaf emulates it. */
#define TARGET
#define NAME(stem)   stem##_any
#define FMA(a, b, c) iso_fmaf(a, b, c)
#define LANES        8
#include "random/fill_template.h"
#undef TARGET
#undef NAME
#undef FMA
#undef LANES

#if defined(__x86_64__) || defined(__i386__)
#define FMA(a, b, c) __builtin_fmaf(a, b, c)
#define TARGET       __attribute__((target("avx2,fma")))
#define NAME(stem)   stem##_avx2
#define LANES        8
#include "random/fill_template.h"
#undef TARGET
#undef NAME
#undef LANES

#ifdef __clang__
#define TARGET __attribute__((target("avx512f,avx512vl,avx512dq,avx2,fma")))
#else
#define TARGET __attribute__((target("avx512f,avx512vl,avx512dq,avx2,fma,prefer-vector-width=512")))
#endif
#define NAME(stem) stem##_avx512
#define LANES      16
#include "random/fill_template.h"

#define HAS_AVX2   (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
#define HAS_AVX512 (HAS_AVX2 && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq"))
#define ISO_FILL(stem, ...)                                                                                                      \
    (HAS_AVX512 ? stem##_avx512(__VA_ARGS__) : HAS_AVX2 ? stem##_avx2(__VA_ARGS__) : stem##_any(__VA_ARGS__))
#define ONE_BLOCK normal_avx2
#else
#define ONE_BLOCK           normal_any
#define HAS_AVX512          false
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
    size_t odd = HAS_AVX512 ? blocks % 2 : 0; /* 16 lanes take two blocks at a time */
    ISO_FILL(normal, data, blocks - odd, mean, std);
    if (odd)
        ONE_BLOCK(data + 16 * (blocks - 1), 1, mean, std);
}

void iso_fill_remainders(uint32_t *out, const uint32_t *words, size_t n, uint32_t divisor, bool falling) {
    ISO_FILL(remainders, out, words, n, divisor, falling);
}

void iso_fill_below(uint8_t *out, const uint32_t *words, size_t n, uint64_t limit) {
    ISO_FILL(below, out, words, n, limit);
}
