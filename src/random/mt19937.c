#include "random/mt19937.h"

#define N ISO_MT19937_WORDS
#define M 397

void iso_mt19937_seed(iso_mt19937 *mt, uint32_t seed) {
    mt->state[0] = seed;
    for (uint32_t i = 1; i < N; i++)
        mt->state[i] = 1812433253u * (mt->state[i - 1] ^ (mt->state[i - 1] >> 30)) + i;
    mt->next = N + 1;
}

static uint32_t word_of_array(const void *source, size_t index) {
    return ((const uint32_t *)source)[index];
}

void iso_mt19937_seed_array(iso_mt19937 *mt, const uint32_t *words, size_t count) {
    iso_mt19937_seed_words(mt, word_of_array, words, count);
}

void iso_mt19937_seed_words(iso_mt19937 *mt, uint32_t (*word)(const void *source, size_t index), const void *source,
                            size_t count) {
    uint32_t *s = mt->state, i = 1;
    iso_mt19937_seed(mt, 19650218u);
    for (size_t k = 0, rounds = count > N ? count : N, j = 0; k < rounds; k++, j = j + 1 < count ? j + 1 : 0) {
        s[i] = (s[i] ^ ((s[i - 1] ^ (s[i - 1] >> 30)) * 1664525u)) + word(source, j) + (uint32_t)j;
        if (++i == N) {
            s[0] = s[N - 1];
            i = 1;
        }
    }
    for (int k = 0; k < N - 1; k++) {
        s[i] = (s[i] ^ ((s[i - 1] ^ (s[i - 1] >> 30)) * 1566083941u)) - i;
        if (++i == N) {
            s[0] = s[N - 1];
            i = 1;
        }
    }
    s[0] = 0x80000000u;
}

/* The loops in the forms that this CPU may have; all give the same words. */
#define TARGET
#define NAME(stem) stem##_any
#include "random/mt19937_template.h"
#undef TARGET
#undef NAME

#if defined(__x86_64__) || defined(__i386__)
#define TARGET     __attribute__((target("avx2")))
#define NAME(stem) stem##_avx2
#include "random/mt19937_template.h"
#undef TARGET
#undef NAME

#define TARGET     __attribute__((target("avx512f,avx512vl")))
#define NAME(stem) stem##_avx512
#include "random/mt19937_template.h"
#undef TARGET
#undef NAME

#define ISO_FORM(stem, ...)                                                                                                      \
    (__builtin_cpu_supports("avx512vl") ? stem##_avx512(__VA_ARGS__)                                                             \
     : __builtin_cpu_supports("avx2")   ? stem##_avx2(__VA_ARGS__)                                                               \
                                        : stem##_any(__VA_ARGS__))
#else
#define ISO_FORM(stem, ...) stem##_any(__VA_ARGS__)
#endif

void iso_mt19937_twist(iso_mt19937 *mt) {
    ISO_FORM(twist, mt->state);
    mt->next = 0;
}

void iso_mt19937_fill(iso_mt19937 *mt, uint32_t *out, size_t n) {
    while (n > 0) {
        if (mt->next >= N)
            iso_mt19937_twist(mt);
        size_t run = N - mt->next;
        if (run > n)
            run = n;
        ISO_FORM(temper, out, mt->state + mt->next, run);
        mt->next += (uint32_t)run;
        out += run;
        n -= run;
    }
}
