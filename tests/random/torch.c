/* The C interface of random.h. Whether the numbers are PyTorch's is told by tests/stream/known.c,
 * through the same functions. */
#include <string.h>

#include "harness/test.h"
#include "isobit/random.h"
#include "random/mt19937.h"

static iso_torch_generator seeded(uint64_t seed) {
    iso_torch_generator g = {0};
    iso_torch_manual_seed(&g, seed);
    return g;
}

static bool same_generator(const iso_torch_generator *a, const iso_torch_generator *b) {
    return memcmp(&a->engine, &b->engine, sizeof a->engine) == 0 && a->seed == b->seed && a->variant == b->variant &&
           a->has_next_normal == b->has_next_normal && (!a->has_next_normal || a->next_normal == b->next_normal);
}

/* The C++ standard names the 10,000th output for seed 5489. */
ISO_TEST(mt19937_gives_the_standard_10000th_number) {
    iso_torch_generator g = seeded(5489);
    uint32_t last = 0;
    for (int i = 0; i < 10000; i++)
        last = iso_torch_random32(&g);
    CHECK(last == 4123659995u);
}

/* The first outputs that the authors' program prints (mt19937ar.out). */
ISO_TEST(mt19937_seeded_by_an_array) {
    static const uint32_t seed[] = {0x123, 0x234, 0x345, 0x456}, expected[] = {1067595299, 955945823, 477289528};
    uint32_t words[3];
    iso_mt19937 mt;
    iso_mt19937_seed_array(&mt, seed, 4);
    iso_mt19937_fill(&mt, words, 3);
    CHECK(memcmp(words, expected, sizeof words) == 0);
}

ISO_TEST(mt19937_fill_equals_single_words) {
    iso_mt19937 one, many;
    uint32_t words[2000];
    for (int round = 0; round < 50; round++) {
        iso_mt19937_seed(&one, (uint32_t)iso_test_random());
        many = one;
        for (int part = 0; part < 4; part++) {
            size_t n = (size_t)iso_test_between(0, 2000);
            iso_mt19937_fill(&many, words, n);
            for (size_t i = 0; i < n; i++)
                CHECK(words[i] == iso_mt19937_next(&one));
        }
        CHECK(memcmp(&one, &many, sizeof one) == 0);
    }
}

ISO_TEST(torch_known_bits) {
    static const uint32_t expected[] = {0x3fc53f5c, 0xbe963c50, 0xc00b7149, 0x3f1184b6};
    iso_torch_generator g = seeded(0);
    float x[15];
    iso_torch_normal(&g, x, 15, 0, 1);
    CHECK(memcmp(x, expected, sizeof expected) == 0);
}

ISO_TEST(torch_seed_is_cut_to_32_bits_but_remembered) {
    iso_torch_generator a = seeded(7), b = seeded(7 + ((uint64_t)5 << 32));
    CHECK(b.seed == 7 + ((uint64_t)5 << 32));
    CHECK(memcmp(&a.engine, &b.engine, sizeof a.engine) == 0);
}

ISO_TEST(torch_seeding_keeps_the_variant_and_drops_the_cached_normal) {
    iso_torch_generator g = {.variant = ISO_TORCH_SCALAR};
    float x;
    iso_torch_manual_seed(&g, 1);
    iso_torch_normal(&g, &x, 1, 0, 1);
    CHECK(g.has_next_normal);
    iso_torch_manual_seed(&g, 1);
    CHECK(!g.has_next_normal && g.variant == ISO_TORCH_SCALAR);
}

/* A draw in any number of parts is the draw in one, where PyTorch's algorithm has no blocks. */
ISO_TEST(torch_fills_can_be_cut) {
    enum { N = 3000 };
    static float whole[N], parts[N];
    static double whole64[N], parts64[N];
    static int64_t integers[N], integer_parts[N];
    static uint8_t bits[N], bit_parts[N];
    for (int variant = 0; variant < 2; variant++) {
        iso_torch_generator a = seeded(3), b;
        a.variant = (iso_torch_variant)variant;
        b = a;
        iso_torch_uniform(&a, whole, N, -0.3, 0.7);
        iso_torch_uniform_f64(&a, whole64, N, -0.3, 0.7);
        iso_torch_randint(&a, integers, N, -5, 1 << 20);
        iso_torch_bernoulli(&a, bits, N, 0.4);
        for (size_t i = 0, n; i < N; i += n)
            iso_torch_uniform(&b, parts + i, n = i % 600 + 1 < N - i ? i % 600 + 1 : N - i, -0.3, 0.7);
        for (size_t i = 0; i < N; i++)
            iso_torch_uniform_f64(&b, parts64 + i, 1, -0.3, 0.7);
        for (size_t i = 0; i < N; i++)
            iso_torch_randint(&b, integer_parts + i, 1, -5, 1 << 20);
        for (size_t i = 0; i < N; i++)
            iso_torch_bernoulli(&b, bit_parts + i, 1, 0.4);
        CHECK_BITS(whole, parts, N);
        CHECK(memcmp(whole64, parts64, sizeof whole64) == 0);
        CHECK(memcmp(integers, integer_parts, sizeof integers) == 0);
        CHECK(memcmp(bits, bit_parts, sizeof bits) == 0);
        CHECK(same_generator(&a, &b));
    }
}

ISO_TEST(torch_randint_stays_in_its_range) {
    static const int64_t ranges[][2] = {{0, 1},
                                        {-3, 4},
                                        {0, (1 << 28) - 1},
                                        {0, 1 << 28},
                                        {-5, (int64_t)1 << 40},
                                        {INT64_MIN, INT64_MAX},
                                        {INT64_MAX - 1, INT64_MAX}};
    iso_torch_generator g = seeded(iso_test_random());
    for (size_t r = 0; r < sizeof ranges / sizeof *ranges; r++)
        for (int i = 0; i < 1000; i++) {
            int64_t x;
            iso_torch_randint(&g, &x, 1, ranges[r][0], ranges[r][1]);
            CHECK(x >= ranges[r][0] && x < ranges[r][1]);
        }
}

ISO_TEST(torch_randperm_is_a_permutation) {
    static int64_t p[3000];
    static uint8_t seen[3000];
    iso_torch_generator g = seeded(iso_test_random());
    for (int64_t n = 0; n <= 3000; n += n < 20 ? 1 : 497) {
        iso_torch_randperm(&g, p, n);
        memset(seen, 0, sizeof seen);
        for (int64_t i = 0; i < n; i++) {
            CHECK(p[i] >= 0 && p[i] < n && !seen[p[i]]);
            seen[p[i]] = 1;
        }
    }
}

ISO_TEST(torch_random_int64_is_never_negative) {
    iso_torch_generator g = seeded(iso_test_random()), copy = g;
    for (int i = 0; i < 1000; i++)
        CHECK(iso_torch_random_int64(&g) == (int64_t)(iso_torch_random64(&copy) & INT64_MAX));
}

ISO_TEST(torch_state_round_trips) {
    uint8_t state[ISO_TORCH_STATE_SIZE], again[ISO_TORCH_STATE_SIZE];
    float x[700];
    for (int round = 0; round < 30; round++) {
        iso_torch_generator a = seeded(iso_test_random()), b = seeded(1);
        size_t draws = (size_t)iso_test_between(0, 700);
        if (round % 3 == 0) /* exactly at the border of a block, and before the first one */
            draws = round % 2 ? 624 : 0;
        iso_torch_uniform(&a, x, draws, 0, 1);
        if (round % 4 == 1)
            iso_torch_normal(&a, x, 3, 0, 1);
        iso_torch_get_state(&a, state);
        CHECK(iso_torch_set_state(&b, state));
        CHECK(same_generator(&a, &b));
        iso_torch_get_state(&b, again);
        CHECK(memcmp(state, again, sizeof state) == 0);
    }
}

ISO_TEST(torch_set_state_refuses_what_is_none) {
    uint8_t state[ISO_TORCH_STATE_SIZE], bad[ISO_TORCH_STATE_SIZE];
    iso_torch_generator g = seeded(5), before = g;
    iso_torch_get_state(&g, state);
    static const struct {
        int offset;
        uint8_t value;
    } damage[] = {{12, 0}, {8, 0}, {11, 1}, {16, 1}, {17, 3}, {23, 1}, {24 + 4, 1}, {24 + 623 * 8 + 7, 1}, {5040, 2}};
    for (size_t i = 0; i < sizeof damage / sizeof *damage; i++) {
        memcpy(bad, state, sizeof bad);
        bad[damage[i].offset] = damage[i].value;
        CHECK_MSG(!iso_torch_set_state(&g, bad), "damage at byte %d is accepted", damage[i].offset);
        CHECK(same_generator(&g, &before));
    }
}

/* The integer comparison inside says what the comparison of doubles would. */
ISO_TEST(torch_bernoulli_compares_exactly) {
    static const double special[] = {0, 1, 0.5, 0x1p-53, 0x1p-54, 1 - 0x1p-53, 5e-324, -1, 2};
    for (int round = 0; round < 200; round++) {
        double p = round < 9 ? special[round] : iso_test_uniform(), u[100];
        uint8_t drawn[100];
        iso_torch_generator g = seeded(iso_test_random()), copy = g;
        iso_torch_uniform_f64(&g, u, 100, 0, 1);
        if (round % 2) /* a limit that a draw hits exactly */
            p = u[round % 100];
        iso_torch_bernoulli(&copy, drawn, 100, p);
        for (int i = 0; i < 100; i++)
            CHECK(drawn[i] == (u[i] < p));
    }
}
