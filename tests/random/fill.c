/* The vectorised fills against their own text, compiled for one lane with the emulated fma. */
#include <string.h>

#include "harness/test.h"
#include "math/math.h"
#include "random/fill.h"
#include "random/half.h"

#define TARGET
#define NAME(stem)   stem##_emulated
#define FMA(a, b, c) iso_fmaf_emulated(a, b, c)
#define LANES        8
#include "random/fill_template.h"

ISO_TEST(fill_normal_is_the_same_without_fma_hardware) {
    enum { BLOCKS = 64 };
    float fast[16 * BLOCKS], slow[16 * BLOCKS];
    int rounds = iso_test_long() ? 20000 : 100;
    for (int round = 0; round < rounds; round++) {
        for (int i = 0; i < 16 * BLOCKS; i++)
            fast[i] = slow[i] = (float)(iso_test_random() >> 40) * 0x1p-24f;
        if (round == 0) { /* the ends of both ranges */
            static const uint32_t ends[] = {0, 1, 0xffffff, 0xfffffe, 0x800000, 0x7fffff, 0x200000, 0x1fffff};
            for (int i = 0; i < 8; i++)
                for (int j = 0; j < 8; j++) {
                    fast[16 * i + j] = slow[16 * i + j] = (float)ends[i] * 0x1p-24f;
                    fast[16 * i + 8 + j] = slow[16 * i + 8 + j] = (float)ends[j] * 0x1p-24f;
                }
        }
        float mean = (float)iso_test_uniform(), std = (float)iso_test_uniform();
        iso_fill_normal(fast, BLOCKS - 1, mean, std); /* an odd number, and one alone */
        iso_fill_normal(fast + 16 * (BLOCKS - 1), 1, mean, std);
        normal_emulated(slow, BLOCKS, mean, std);
        CHECK_BITS(slow, fast, 16 * BLOCKS);
    }
}

ISO_TEST(fill_uniform_is_the_same_without_fma_hardware) {
    enum { N = 333 };
    uint32_t words[N];
    float fast[N], slow[N];
    static const float bounds[][2] = {{0, 1}, {-1, 1},    {1, 1.0000001f},  {-0.19245f, 0.19245f},
                                      {2, 2}, {0, 3e38f}, {-1e-40f, 1e-40f}};
    for (int round = 0; round < 200; round++) {
        for (int i = 0; i < N; i++)
            words[i] = (uint32_t)iso_test_random();
        const float *b = bounds[round % 7];
        iso_fill_uniform(fast, words, N, b[0], b[1], b[1]);
        uniform_emulated(slow, words, N, b[0], b[1], b[1]);
        CHECK_BITS(slow, fast, N);
        for (int i = 0; i < N; i++)
            CHECK(fast[i] >= b[0] && (fast[i] < b[1] || b[0] == b[1]));
    }
}

/* Remainders through binary64 beside the integer ones, where the quotient comes closest to a whole number from below. */
ISO_TEST(fill_remainders_are_exact) {
    enum { N = 256 };
    uint32_t words[N], out[N], plain[N];
    for (int round = 0; round < (iso_test_long() ? 200000 : 5000); round++) {
        uint32_t divisor = (uint32_t)iso_test_random() >> iso_test_between(0, 29);
        divisor = divisor < N + 2 ? N + 2 : divisor;
        bool falling = round & 1;
        for (uint32_t i = 0; i < N; i++) {
            uint32_t d = falling ? divisor - i : divisor, multiple = (uint32_t)iso_test_random() / d * d;
            words[i] = round & 2 ? (uint32_t)iso_test_random() : multiple - (uint32_t)iso_test_between(0, 1);
        }
        iso_fill_remainders(out, words, N, divisor, falling);
        remainders_emulated(plain, words, N, divisor, falling);
        for (uint32_t i = 0; i < N; i++)
            CHECK(out[i] == words[i] % (falling ? divisor - i : divisor) && plain[i] == out[i]);
    }
    for (uint32_t divisor = 2; divisor < 40; divisor++) {
        for (int i = 0; i < N; i++)
            words[i] = UINT32_MAX - (uint32_t)i;
        iso_fill_remainders(out, words, N, divisor, false);
        for (int i = 0; i < N; i++)
            CHECK(out[i] == words[i] % divisor);
    }
}

ISO_TEST(fill_below_compares_53_bits) {
    enum { N = 100 };
    uint32_t words[2 * N];
    uint8_t out[N], plain[N];
    for (int round = 0; round < 500; round++) {
        for (int i = 0; i < 2 * N; i++)
            words[i] = (uint32_t)iso_test_random();
        uint64_t limit = round % 3 == 0 ? (uint64_t)1 << 53 : iso_test_random() >> iso_test_between(11, 60);
        iso_fill_below(out, words, N, limit);
        below_emulated(plain, words, N, limit);
        for (int i = 0; i < N; i++) {
            uint64_t bits = ((uint64_t)words[2 * i] << 32 | words[2 * i + 1]) & (((uint64_t)1 << 53) - 1);
            CHECK(out[i] == (bits < limit) && plain[i] == out[i]);
        }
    }
}
