/* Python's random: known answers of CPython, bulk against one by one, save and restore, and what is refused. The comparison with
 * live interpreters is tests/oracle/python_random.py. */
#include "random/python.h"

#include <math.h>
#include <string.h>

#include "harness/test.h"
#include "random/sha512.h"

static iso_py_random seeded(int64_t seed, int version) {
    iso_py_random g = {.version = version};
    iso_py_seed(&g, seed);
    return g;
}

static iso_py_random seeded_by_text(const char *text) {
    iso_py_random g = {0};
    iso_py_seed_bytes(&g, (const uint8_t *)text, strlen(text));
    return g;
}

static bool same_state(const iso_py_random *a, const iso_py_random *b) {
    uint32_t x[ISO_PY_STATE_WORDS], y[ISO_PY_STATE_WORDS];
    iso_py_getstate(a, x);
    iso_py_getstate(b, y);
    return memcmp(x, y, sizeof x) == 0 && a->has_gauss == b->has_gauss && (!a->has_gauss || a->gauss_next == b->gauss_next);
}

/* FIPS 180-4's examples, and lengths around the padding's edges against their digests' first words. */
ISO_TEST(sha512_known_answers) {
    static const struct {
        size_t n;
        uint64_t first;
    } of_a[] = {{0, 0xcf83e1357eefb8bd},   {111, 0xfa9121c7b32b9e01}, {112, 0xc01d080efd492776}, {127, 0x828613968b501dc0},
                {128, 0xb73d1929aa615934}, {129, 0x4f681e0bd53cda4b}, {239, 0x52c853cb8d907f3d}, {240, 0x4c296d90c61052a6},
                {256, 0x6a9169eb662f136d}, {300, 0xa6a77010dd9696c2}};
    uint8_t digest[64], text[300];
    iso_sha512(digest, (const uint8_t *)"abc", 3);
    static const uint8_t abc[8] = {0xdd, 0xaf, 0x35, 0xa1, 0x93, 0x61, 0x7a, 0xba};
    CHECK(memcmp(digest, abc, sizeof abc) == 0);
    memset(text, 'a', sizeof text);
    for (size_t i = 0; i < sizeof of_a / sizeof *of_a; i++) {
        uint64_t first = 0;
        iso_sha512(digest, text, of_a[i].n);
        for (int b = 0; b < 8; b++)
            first = first << 8 | digest[b];
        CHECK_MSG(first == of_a[i].first, "%zu letters", of_a[i].n);
    }
}

/* Of random.Random(seed).getrandbits(64). */
ISO_TEST(py_seeds_known_answers) {
    uint64_t got[12];
    int n = 0;
    iso_py_random g[12] = {seeded(0, 0), seeded(-1, 0), seeded(INT64_MIN, 0), seeded_by_text(""), seeded_by_text("isobit")};
    iso_py_seed_words(&g[5], (const uint32_t[]){1, 2, 3, 0, 0}, 5);
    iso_py_seed_float(&g[6], 0.1);
    iso_py_seed_float(&g[7], -1.0);
    iso_py_seed_float(&g[8], -INFINITY);
    iso_py_seed_float(&g[9], 1.5e300);
    iso_py_seed_version1(&g[10], (const uint32_t[]){'i', 's', 'o'}, 3);
    iso_py_seed_version1(&g[11], NULL, 0);
    static const uint64_t expected[12] = {0x629f6fbed82c07cd, 0x91b7584a2265b1f5, 0x64d61bfe8dafd108, 0x7458f93cf5d15920,
                                          0xbcf5bdb66cf48689, 0x5c8c30999c1fde5e, 0x3de529ecce66ec66, 0xbe2b120621960274,
                                          0xcf5aa4bbd2221ff0, 0xa5cf11f243527e96, 0xd7f80edbf3fad9ba, 0x629f6fbed82c07cd};
    for (; n < 12; n++) {
        CHECK(iso_py_getrandbits64(&g[n], &got[n], 64));
        CHECK_MSG(got[n] == expected[n], "seed %d", n);
    }
}

/* Three values of each distribution for seed 1, from CPython 3.12 on glibc; the last one is paretovariate of 3.9. */
ISO_TEST(py_distributions_known_answers) {
    static const double expected[][3] = {{0x1.132d8f91b7584p-3, 0x1.b1e2d5b3584f8p-1, 0x1.870d778409f13p-1},
                                         {-0x1.42d0ad4bd1f35p+0, 0x1.5497e5d6996d4p+1, 0x1.19b284558dabap+1},
                                         {0x1.c70fd6b0f35bep+0, 0x1.95f10623372dcp+1, 0x1.7c0758aae672ap+1},
                                         {0x1.c9c679da02301p+1, 0x1.f30ede0eb242ap+1, 0x1.21f6c463e317ap+0},
                                         {0x1.1b823a2257e5cp+1, 0x1.f16ee2830a648p-1, 0x1.bb1cbc75774e3p+1},
                                         {0x1.eb4b192835928p+0, 0x1.a493034123d4ap+0, 0x1.1f14326b992c7p+1},
                                         {0x1.8a02c3ba30d40p-4, 0x1.40e147da3beb0p+0, 0x1.ec888c74ad75bp-1},
                                         {0x1.266a83ea7bda5p+0, 0x1.68ec21098423dp-1, 0x1.8f40dcbe26318p+2},
                                         {0x1.9e9dd0e0f4eacp-5, 0x1.a2a87ee6fe858p+0, 0x1.6050f4f6e4872p-1},
                                         {0x1.23c063fb97e7ep+3, 0x1.486941a47d3ebp+4, 0x1.dda9c72580b5cp+3},
                                         {0x1.e5c2780d2705ep-4, 0x1.54b0174ffdc96p-2, 0x1.0175ee6f68685p-1},
                                         {0x1.0c8b6b8ca0817p+0, 0x1.3bf6d91d6d4dap+1, 0x1.2148e915959f4p+1},
                                         {0x1.3a9a0bef23347p+0, 0x1.d5809dba8854fp+3, 0x1.f6d66d318bdd0p+2}};
    double got[13][3], mode = 2.5;
    int64_t binomial[6];
    iso_py_random g[13];
    for (int i = 0; i < 13; i++)
        g[i] = seeded(1, i == 12 ? 309 : 312);
    iso_py_random_fill(&g[0], got[0], 3);
    iso_py_uniform(&g[1], got[1], 3, -2, 3.5);
    iso_py_triangular(&g[2], got[2], 3, 1, 4, &mode);
    iso_py_gauss(&g[3], got[3], 3, 1, 2);
    iso_py_normalvariate(&g[4], got[4], 3, 1, 2);
    CHECK(iso_py_lognormvariate(&g[5], got[5], 3, 0.5, 0.25));
    CHECK(iso_py_expovariate(&g[6], got[6], 3, 1.5));
    CHECK(iso_py_vonmisesvariate(&g[7], got[7], 3, 1, 2));
    CHECK(iso_py_gammavariate(&g[8], got[8], 3, 0.5, 2));
    CHECK(iso_py_gammavariate(&g[9], got[9], 3, 7.5, 2));
    CHECK(iso_py_betavariate(&g[10], got[10], 3, 2, 3));
    CHECK(iso_py_weibullvariate(&g[11], got[11], 3, 2, 3));
    CHECK(iso_py_paretovariate(&g[12], got[12], 3, 0.7));
    for (int i = 0; i < 13; i++)
        for (int j = 0; j < 3; j++)
            CHECK_MSG(got[i][j] == expected[i][j], "distribution %d: %a", i, got[i][j]);
    static const int64_t expected_binomial[6] = {6, 2, 3, 750067, 749339, 749127};
    iso_py_random h = seeded(1, 0);
    CHECK(iso_py_binomialvariate(&h, binomial, 3, 20, 0.25) && iso_py_binomialvariate(&h, binomial + 3, 3, 1000000, 0.75));
    CHECK(memcmp(binomial, expected_binomial, sizeof binomial) == 0);
}

/* math.lgamma of CPython. The fractions tell coefficients apart that differ in their last bit. */
ISO_TEST(py_lgamma_known_answers) {
    static const double expected[][2] = {{0x1.cc02820979716p+2, 0x1.bbbc3783328e9p+2},
                                         {0x1.40870c363698dp+1, 0x1.267cacc446fd8p-2},
                                         {0x1.28f1bd95ed535p+2, 0x1.533b09dbfb306p+1},
                                         {0x1.244fb6372bdc6p+3, 0x1.5c9c3fedf49fap+3},
                                         {0x1.8894c478b59bap+1, 0x1.830414c66d3c8p-1},
                                         {0x1.2e212f4f96b2dp+4, 0x1.20701060e57fcp+5},
                                         {0x1.0000000000000p+0, 0x0.0p+0},
                                         {0x1.0000000000000p+1, 0x0.0p+0},
                                         {0x1.8000000000000p+1, 0x1.62e42fefa39ecp-1},
                                         {0x1.0000000000000p-1, 0x1.250d048e7a1c0p-1},
                                         {0x1.3000000000000p+2, 0x1.677f44aba1adep+1},
                                         {0x1.4000000000000p+2, 0x1.96ca77c922cf7p+1},
                                         {0x1.8000000000000p+3, 0x1.180973f3a8d74p+4},
                                         {0x1.f400000000000p+9, 0x1.711386da7cab6p+12},
                                         {0x1.e848000000000p+19, 0x1.871921236750dp+23},
                                         {0x1.d6f3454000000p+26, 0x1.037c1b9e72507p+31},
                                         {0x1.0000000000000p+62, 0x1.4fcd0e7026820p+67},
                                         {0x1.ef2d0f5da7dd9p-84, 0x1.cc845b54b54f2p+5}};
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        CHECK_MSG(iso_py_lgamma(expected[i][0]) == expected[i][1], "lgamma(%g)", expected[i][0]);
}

ISO_TEST(py_sequences_known_answers) {
    static const uint64_t expected[] = {331, 970, 154, 394, 48, 821, 0, 1, 3, 6, 1, 2, 13, 13, 2, 7, 0, 2, 2, 1, 3, 2, 0};
    uint64_t got[23], scratch[64], *out = got;
    static const double weights[] = {1, 5, 0, 2.5};
    static const uint64_t counts[] = {3, 3, 10, 14};
    double sums[4];
    iso_py_random g = seeded(7, 0);
    CHECK(iso_py_choice(&g, out, 3, 1000) && iso_py_choices(&g, out + 3, 3, 1000));
    iso_py_accumulate(sums, weights, 4);
    CHECK(iso_py_choices_weighted(&g, out + 6, 3, sums, 4));
    CHECK(iso_py_sample_scratch(30, 6) <= 64 && iso_py_sample_scratch(100, 4) <= 64);
    CHECK(iso_py_sample(&g, out + 9, 30, 4, scratch) && iso_py_sample(&g, out + 13, 20, 3, scratch));
    CHECK(iso_py_sample_counts(&g, out + 16, counts, 4, 3, scratch));
    iso_py_shuffle(&g, out + 19, 4);
    for (int i = 0; i < 23; i++)
        CHECK_MSG(got[i] == expected[i], "%d: %d", i, (int)got[i]);
}

ISO_TEST(py_bulk_equals_one_by_one) {
    iso_py_random one = seeded((int64_t)iso_test_random(), 0), many = one;
    double x[700];
    int64_t r[40];
    for (int round = 0; round < 40; round++) {
        size_t n = (size_t)iso_test_between(0, 700);
        iso_py_random_fill(&many, x, n);
        for (size_t i = 0; i < n; i++)
            CHECK(x[i] == iso_py_random_one(&one));
        iso_py_gauss(&many, x, n, 0.5, 2);
        for (size_t i = 0; i < n; i++) {
            double y;
            iso_py_gauss(&one, &y, 1, 0.5, 2);
            CHECK(x[i] == y);
        }
        CHECK(iso_py_randint(&many, r, n % 40, -5, INT64_MAX));
        for (size_t i = 0; i < n % 40; i++) {
            int64_t y;
            CHECK(iso_py_randint(&one, &y, 1, -5, INT64_MAX) && y == r[i]);
        }
        CHECK(same_state(&one, &many));
    }
}

/* Bounds of up to 64 bits are drawn alike as words and as one integer. */
ISO_TEST(py_randbelow_of_words_equals_that_of_integers) {
    iso_py_random words = seeded((int64_t)iso_test_random(), 0), whole = words;
    for (int round = 0; round < 2000; round++) {
        uint64_t bound = (iso_test_random() >> iso_test_between(0, 63)) | 1, drawn;
        uint32_t limit[4] = {(uint32_t)bound, (uint32_t)(bound >> 32)}, out[4] = {9, 9, 9, 9};
        CHECK(iso_py_randbelow(&whole, &drawn, bound) && iso_py_randbelow_words(&words, out, limit, 4));
        CHECK(drawn < bound && (out[0] | (uint64_t)out[1] << 32) == drawn && out[2] == 0 && out[3] == 0);
    }
    CHECK(same_state(&words, &whole));
}

ISO_TEST(py_whole_range_of_64_bits) {
    iso_py_random g = seeded(3, 0);
    static const int64_t expected[4] = {915533473134040693, 1680490732736907042, 5166499419593367711, 6742787359027594307};
    int64_t out[4];
    CHECK(iso_py_randint(&g, out, 4, INT64_MIN, INT64_MAX));
    CHECK(memcmp(out, expected, sizeof out) == 0);
}

ISO_TEST(py_state_round_trips) {
    for (int round = 0; round < 50; round++) {
        iso_py_random g = seeded((int64_t)iso_test_random(), 0), back = {0};
        uint32_t words[ISO_PY_STATE_WORDS];
        double x[9], y[9];
        iso_py_random_fill(&g, (double[700]){0}, (size_t)iso_test_between(0, 700));
        iso_py_gauss(&g, x, (size_t)iso_test_between(0, 2), 0, 1);
        iso_py_getstate(&g, words);
        CHECK(iso_py_setstate(&back, 3, words, g.has_gauss ? &g.gauss_next : NULL) && same_state(&g, &back));
        iso_py_gauss(&g, x, 9, 0, 1);
        iso_py_gauss(&back, y, 9, 0, 1);
        CHECK(memcmp(x, y, sizeof x) == 0);
    }
}

ISO_TEST(py_setstate_refuses_what_is_none) {
    iso_py_random g = seeded(1, 0), kept = g;
    uint32_t words[ISO_PY_STATE_WORDS];
    iso_py_random other = seeded(2, 0);
    iso_py_getstate(&other, words);
    CHECK(!iso_py_setstate(&g, 1, words, NULL) && !iso_py_setstate(&g, 4, words, NULL));
    words[624] = 625;
    CHECK(!iso_py_setstate(&g, 3, words, NULL) && same_state(&g, &kept));
    words[624] = 624;
    CHECK(iso_py_setstate(&g, 3, words, NULL) && same_state(&g, &other));
}

ISO_TEST(py_seeding_drops_the_cached_gauss_and_keeps_the_version) {
    iso_py_random g = seeded(1, 308);
    double x;
    iso_py_gauss(&g, &x, 1, 0, 1);
    CHECK(g.has_gauss);
    iso_py_seed_bytes(&g, (const uint8_t *)"x", 1);
    CHECK(!g.has_gauss && g.version == 308);
}

/* The switch from a pool to a set, and indices that are all different. */
ISO_TEST(py_sample_tells_what_it_needs) {
    CHECK(iso_py_sample_scratch(21, 5) == 21 && iso_py_sample_scratch(22, 5) == 16);
    CHECK(iso_py_sample_scratch(UINT64_MAX, UINT64_MAX) == SIZE_MAX);
    uint64_t out[300], scratch[1024], seen[300] = {0};
    iso_py_random g = seeded((int64_t)iso_test_random(), 0);
    for (uint64_t n = 0; n <= 300; n += 10) {
        uint64_t k = (uint64_t)iso_test_between(0, (int64_t)n);
        memset(seen, 0, sizeof seen);
        CHECK(iso_py_sample_scratch(n, k) <= 1024 && iso_py_sample(&g, out, n, k, scratch));
        for (uint64_t i = 0; i < k; i++)
            CHECK(out[i] < n && seen[out[i]]++ == 0);
    }
}

ISO_TEST(py_refuses_what_python_refuses) {
    iso_py_random g = seeded(1, 0), old = seeded(1, 308), nine = seeded(1, 309), kept = g;
    uint64_t u, scratch[64];
    int64_t i;
    double x;
    uint32_t w[2];
    uint8_t b;
    CHECK(!iso_py_seed_float(&g, NAN) && !iso_py_getrandbits64(&g, &u, 65) && !iso_py_getrandbits(&g, w, (uint64_t)1 << 31));
    CHECK(!iso_py_randbelow(&g, &u, 0) && !iso_py_randbelow_words(&g, w, (const uint32_t[]){0, 0}, 2));
    CHECK(!iso_py_randrange(&g, &i, 1, 0, 5, 0) && !iso_py_randrange(&g, &i, 1, 0, 5, -1) && !iso_py_randint(&g, &i, 1, 5, 4));
    CHECK(!iso_py_choice(&g, &u, 1, 0) && !iso_py_sample(&g, &u, 3, 4, scratch) && !iso_py_shuffle_by_random(&g, &u, 1));
    CHECK(!iso_py_choices_weighted(&g, &u, 1, (const double[]){0}, 1));
    CHECK(!iso_py_choices_weighted(&g, &u, 1, (const double[]){INFINITY}, 1));
    CHECK(!iso_py_sample_counts(&g, &u, (const uint64_t[]){0}, 1, 0, scratch));
    CHECK(!iso_py_gammavariate(&g, &x, 1, 0, 1) && !iso_py_gammavariate(&g, &x, 1, 1, 0) &&
          !iso_py_gammavariate(&g, &x, 1, NAN, 1));
    CHECK(!iso_py_gammavariate(&g, &x, 1, INFINITY, 1) && !iso_py_vonmisesvariate(&g, &x, 1, 0, NAN));
    CHECK(!iso_py_binomialvariate(&g, &i, 1, -1, 0.5) && !iso_py_binomialvariate(&g, &i, 1, 2, 1.5));
    CHECK(!iso_py_binomialvariate(&g, &i, 1, 2, NAN) && same_state(&g, &kept));
    CHECK(!iso_py_getrandbits64(&old, &u, 0) && !iso_py_randbytes(&old, &b, 1) && !iso_py_binomialvariate(&old, &i, 1, 2, 0.5));
    CHECK(!iso_py_sample_counts(&old, &u, (const uint64_t[]){3}, 1, 1, scratch) && same_state(&old, &kept));
    CHECK(iso_py_choices_weighted(&nine, &u, 1, (const double[]){INFINITY}, 1) && iso_py_seed_float(&nine, NAN));
    CHECK(!iso_py_expovariate(&g, &x, 1, 0) && !iso_py_lognormvariate(&g, &x, 1, 1e6, 1) && !iso_py_paretovariate(&g, &x, 1, 0));
    CHECK(!same_state(&g, &kept));
}
