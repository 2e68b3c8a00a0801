/* numpy.random.Generator's C interface. Whether the numbers are NumPy's is told by tests/stream/known.c, through the same
 * functions. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "harness/test.h"
#include "isobit/random/numpy_generator.h"

static const iso_np_engine engines[] = {ISO_NP_MT19937, ISO_NP_PCG64, ISO_NP_PCG64DXSM, ISO_NP_PHILOX, ISO_NP_SFC64};

static iso_np_bits seeded(iso_np_engine engine, uint32_t seed) {
    iso_np_seed_sequence sequence;
    iso_np_bits rng;
    iso_np_seed_sequence_init(&sequence, &seed, 1, NULL, 0, 4);
    iso_np_bits_seed(&rng, engine, &sequence);
    return rng;
}

/* Fills may be cut anywhere, and a copy goes on as its original does. */
ISO_TEST(np_fills_can_be_cut) {
    enum { N = 3000 };
    static double whole[N], cut[N];
    static float whole32[N], cut32[N];
    for (int round = 0; round < 40; round++) {
        iso_np_bits a = seeded(engines[round % 5], (uint32_t)iso_test_random()), b = a;
        size_t at = (size_t)iso_test_between(0, N);
        iso_np_random(&a, whole, N);
        iso_np_random(&b, cut, at);
        iso_np_random(&b, cut + at, N - at);
        CHECK(memcmp(whole, cut, sizeof whole) == 0);
        iso_np_standard_normal(&a, whole, N);
        iso_np_standard_normal(&b, cut, at);
        iso_np_standard_normal(&b, cut + at, N - at);
        CHECK(memcmp(whole, cut, sizeof whole) == 0);
        iso_np_standard_exponential_f32(&a, whole32, N);
        iso_np_standard_exponential_f32(&b, cut32, at);
        iso_np_standard_exponential_f32(&b, cut32 + at, N - at);
        CHECK(memcmp(whole32, cut32, sizeof whole32) == 0);
        CHECK(iso_np_next32(&a) == iso_np_next32(&b));
    }
}

ISO_TEST(np_integers_stay_in_their_range) {
    static const int widths[] = {1, 8, 16, 32, 64};
    for (int round = 0; round < 500; round++) {
        int width = widths[round % 5];
        iso_np_bits rng = seeded(engines[round / 5 % 5], (uint32_t)round);
        uint64_t most = width == 64 ? UINT64_MAX : ((uint64_t)1 << width) - 1, low = iso_test_random() & most,
                 last = low + (iso_test_random() & (most - low)), out[20];
        iso_np_integers(&rng, out, 20, width, low, last);
        for (int i = 0; i < 20; i++) {
            uint64_t number = width == 64   ? out[i]
                              : width == 32 ? ((uint32_t *)out)[i]
                              : width == 16 ? ((uint16_t *)out)[i]
                                            : ((uint8_t *)out)[i];
            CHECK(number >= low && number <= last);
        }
    }
}

/* Both ways of choosing, and their border. */
ISO_TEST(np_choice_is_of_different_indices) {
    static const int64_t populations[] = {1, 2, 9, 100, 10000, 10001, 20000};
    static bool taken[20000];
    for (int round = 0; round < 200; round++) {
        int64_t population = populations[round % 7];
        bool shuffle = round & 1;
        size_t n = (size_t)iso_test_between(0, round % 3 ? population : population / 40);
        iso_np_bits rng = seeded(engines[round % 5], (uint32_t)round);
        int64_t *out = calloc(n + 1, sizeof *out),
                *scratch = calloc(iso_np_choice_scratch(n, population, shuffle), sizeof *scratch);
        bool fine = out && scratch && iso_np_choice_distinct(&rng, out, n, population, shuffle, scratch);
        memset(taken, 0, sizeof taken);
        for (size_t i = 0; fine && i < n; i++) {
            fine = out[i] >= 0 && out[i] < population && !taken[out[i]];
            taken[fine ? out[i] : 0] = true;
        }
        free(out);
        free(scratch);
        CHECK(fine);
    }
}

ISO_TEST(np_spawned_children_differ) {
    iso_np_seed_sequence parent, child[3];
    uint32_t words[3][4], entropy[] = {1, 2, 3};
    CHECK(iso_np_seed_sequence_init(&parent, entropy, 3, NULL, 0, 4));
    for (int i = 0; i < 3; i++) {
        CHECK(iso_np_spawn(&parent, &child[i]));
        iso_np_generate_state(&child[i], words[i], 4);
        for (int j = 0; j < i; j++)
            CHECK(memcmp(words[i], words[j], sizeof words[i]) != 0);
    }
    CHECK(parent.children == 3 && child[2].spawn_key == 1);
    CHECK(!iso_np_seed_sequence_init(&parent, entropy, 3, NULL, 0, 3));
    CHECK(!iso_np_seed_sequence_init(&parent, entropy, ISO_NP_SEED_WORDS + 1, NULL, 0, 4));
}

ISO_TEST(np_refuses_what_numpy_refuses) {
    iso_np_bits rng = seeded(ISO_NP_PCG64, 1), before = rng;
    double x[2], p[] = {0.5, 0.6}, scratch[4];
    int64_t k[2];
    CHECK(!iso_np_uniform(&rng, x, 2, 1, 0) && !iso_np_uniform(&rng, x, 2, -1e308, 1e308) && !iso_np_normal(&rng, x, 2, 0, -1));
    CHECK(!iso_np_gamma(&rng, x, 2, -1, 1) && !iso_np_beta(&rng, x, 2, 0, 1) && !iso_np_exponential(&rng, x, 2, -1));
    CHECK(!iso_np_poisson(&rng, k, 2, -1) && !iso_np_poisson(&rng, k, 2, NAN) && !iso_np_binomial(&rng, k, 2, -1, 0.5));
    CHECK(!iso_np_binomial(&rng, k, 2, 5, 1.5) && !iso_np_geometric(&rng, k, 2, 0) && !iso_np_triangular(&rng, x, 2, 0, 5, 4));
    CHECK(!iso_np_choice(&rng, k, 1, 0) && !iso_np_choice_weighted(&rng, k, 1, p, 2, scratch));
    CHECK(!iso_np_choice_distinct(&rng, k, 2, 1, true, k));
    CHECK(memcmp(&rng, &before, sizeof rng) == 0);
}
