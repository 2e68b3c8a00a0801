/* NumPy's RandomState: known answers (NumPy 2.4.6), fills split anywhere, save and restore, and what is refused. The comparison
 * with live NumPys is tests/oracle/numpy_legacy.py. */
#include "isobit/random/numpy_legacy.h"

#include <math.h>
#include <string.h>

#include "harness/test.h"

static iso_np_random_state seeded(uint32_t seed) {
    iso_np_random_state rs = {.release = 204};
    iso_np_legacy_seed(&rs, seed);
    return rs;
}

static bool same_stream(iso_np_random_state a, iso_np_random_state b) {
    double x[3], y[3];
    iso_np_legacy_random_sample(&a, x, 3);
    iso_np_legacy_random_sample(&b, y, 3);
    return memcmp(x, y, sizeof x) == 0 && a.has_gauss == b.has_gauss && a.gauss == b.gauss;
}

static bool doubles_are(const double *drawn, const uint64_t *bits, size_t n) {
    return memcmp(drawn, bits, n * sizeof *drawn) == 0;
}

#define DOUBLES(seed, call, ...)                                                                                                 \
    do {                                                                                                                         \
        static const uint64_t expected[] = {__VA_ARGS__};                                                                        \
        double out[sizeof expected / sizeof *expected];                                                                          \
        const size_t n = sizeof expected / sizeof *expected;                                                                     \
        iso_np_random_state rs = seeded(seed);                                                                                   \
        CHECK(call);                                                                                                             \
        CHECK(doubles_are(out, expected, n));                                                                                    \
    } while (0)

ISO_TEST(numpy_legacy_uniforms_are_numpys) {
    DOUBLES(55, (iso_np_legacy_random_sample(&rs, out, n), true), 0x3fb7d5f1d63e0250u, 0x3fef17ce27ea450fu);
    DOUBLES(0, iso_np_legacy_seed_array(&rs, (uint32_t[]){1, 2, 3}, 3) && (iso_np_legacy_random_sample(&rs, out, n), true),
            0x3fe383fbc97230c2u, 0x3fec5fd27a5da181u, 0x3fde7c4d155e5af8u);
    DOUBLES(7, iso_np_legacy_uniform(&rs, out, n, -2.5, 9.75), 0xbff90b27bfee211cu, 0x401c374d23f42600u, 0x4006f6cf907bb4feu);
    DOUBLES(7, iso_np_legacy_triangular(&rs, out, n, -1, 0.25, 3), 0xbfd877c2a0cb198au, 0x3ff71af1871ca77eu, 0x3fe077220e7ef3c8u);
}

ISO_TEST(numpy_legacy_continuous_distributions_are_numpys) {
    DOUBLES(0, (iso_np_legacy_standard_normal(&rs, out, n), true), 0x3ffc398ef3e5cfa5u, 0x3fd99c2cfacc8953u, 0x3fef51d25222c9abu,
            0x4001ed5969e3314eu);
    DOUBLES(3, iso_np_legacy_standard_gamma(&rs, out, n, 2.5), 0x40180a11b9f9c565u, 0x4006ff962d76f5c7u, 0x3ffc891b52a831f4u);
    DOUBLES(3, iso_np_legacy_standard_gamma(&rs, out, n, 0.3), 0x3fc188649136dbfbu, 0x3f90b40c4c39ed2au, 0x3ff07e1762940c70u);
    DOUBLES(3, iso_np_legacy_beta(&rs, out, n, 0.4, 0.7), 0x3fd13ce528a1e60fu, 0x3fbb41c22ba0a6ecu, 0x3fa9be5fb7d15e97u);
    DOUBLES(3, iso_np_legacy_vonmises(&rs, out, n, 1, 4), 0x3fdb87ca85054c00u, 0x3ff81595317beed4u, 0x3feccf9a93bb58b0u);
}

#define INTEGERS(type, seed, call, ...)                                                                                          \
    do {                                                                                                                         \
        static const type expected[] = {__VA_ARGS__};                                                                            \
        type out[sizeof expected / sizeof *expected];                                                                            \
        const size_t n = sizeof expected / sizeof *expected;                                                                     \
        iso_np_random_state rs = seeded(seed);                                                                                   \
        CHECK(call);                                                                                                             \
        for (size_t i_ = 0; i_ < n; i_++)                                                                                        \
            CHECK_MSG(out[i_] == expected[i_], "%s: number %zu", #call, i_);                                                     \
    } while (0)

ISO_TEST(numpy_legacy_randint_is_numpys_in_every_type) {
    INTEGERS(bool, 11, iso_np_legacy_randint_bool(&rs, out, n, false, true), true, false, false, true, true, false);
    INTEGERS(int8_t, 11, iso_np_legacy_randint_int8(&rs, out, n, -100, 99), 53, -61, -62, -54, 91, 42);
    INTEGERS(uint8_t, 11, iso_np_legacy_randint_uint8(&rs, out, n, 0, 255), 153, 39, 38, 46, 191, 142);
    INTEGERS(int16_t, 11, iso_np_legacy_randint_int16(&rs, out, n, -5, 999), 916, 545, 698, 375, 75, 247);
    INTEGERS(uint16_t, 11, iso_np_legacy_randint_uint16(&rs, out, n, 3, 39999), 10140, 11817, 36546, 4479, 21587, 1279);
    INTEGERS(int32_t, 11, iso_np_legacy_randint_int32(&rs, out, n, INT32_MIN, INT32_MAX), -1373231207, -1854107969, -2063838128,
             707468379, -157975215, -1313763401);
    INTEGERS(uint32_t, 11, iso_np_legacy_randint_uint32(&rs, out, n, 0, 2999999999u), 774252441, 293375679, 83645520, 2854952027u,
             1989508433, 833720247);
    INTEGERS(int64_t, 11, iso_np_legacy_randint_int64(&rs, out, n, 0, 999999999999), 657423371967, 346452335707, 348726071223,
             59812929868, 691941458503, 353156747032);
    INTEGERS(int64_t, 11, iso_np_legacy_randint_int64(&rs, out, n, 0, 9), 9, 0, 1, 7, 1, 7);
    INTEGERS(uint64_t, 11, iso_np_legacy_randint_uint64(&rs, out, n, 0, UINT64_MAX), 3325388913236545215u, 359254775711865947u,
             8544873655684927415u, 13372670594661802316u, 7751388342971580999u, 8954549493601685272u);
}

ISO_TEST(numpy_legacy_orders_and_choices_are_numpys) {
    static const double tenths[10] = {.1, .1, .1, .1, .1, .1, .1, .1, .1, .1}, six[6] = {.4, .3, .1, .1, .05, .05};
    double scratch[20];
    int64_t places[10];
    INTEGERS(int64_t, 5, (iso_np_legacy_permutation(&rs, out, n), true), 7, 5, 2, 9, 11, 4, 8, 1, 0, 10, 6, 3);
    INTEGERS(uint8_t, 6, (memcpy(out, "\0\1\2\3\4\5\6\7\10", n), iso_np_legacy_shuffle(&rs, out, n, 1), true), 8, 1, 7, 0, 6, 5,
             2, 4, 3);
    INTEGERS(uint8_t, 2, (iso_np_legacy_bytes(&rs, out, n), true), 0xa8, 0x5c, 0x9d, 0x6f, 0x0f, 0x8a, 0x61);
    INTEGERS(int64_t, 4, iso_np_legacy_choice(&rs, out, n, 30), 26, 14, 23, 5, 1, 8);
    INTEGERS(int64_t, 4, iso_np_legacy_choice_weighted(&rs, out, n, tenths, 10, scratch), 9, 5, 9, 7, 6, 2);
    INTEGERS(int64_t, 4, iso_np_legacy_choice_distinct(&rs, out, n, 10, places), 3, 8, 4, 9, 2);
    INTEGERS(int64_t, 4, iso_np_legacy_choice_distinct_weighted(&rs, out, n, six, 6, scratch), 5, 1, 2, 0, 4);
}

/* Items of any size move as their indices do. */
ISO_TEST(numpy_legacy_shuffle_moves_items_of_any_size) {
    enum { N = 37, MOST = 150 };
    int64_t order[N];
    uint8_t items[N * MOST];
    for (size_t size = 1; size <= MOST; size += 149 / 3 + (size > 90)) {
        iso_np_random_state rs = seeded((uint32_t)size), other = rs;
        for (size_t i = 0; i < N * size; i++)
            items[i] = (uint8_t)(i / size * 5 + i % size);
        iso_np_legacy_shuffle(&rs, items, N, size);
        iso_np_legacy_permutation(&other, order, N);
        for (size_t i = 0; i < N * size; i++)
            CHECK(items[i] == (uint8_t)((size_t)order[i / size] * 5 + i % size));
        CHECK(same_stream(rs, other));
    }
}

ISO_TEST(numpy_legacy_counts_are_numpys) {
    INTEGERS(int64_t, 9, iso_np_legacy_binomial(&rs, out, n, 10, .3), 0, 3, 3, 1, 1, 2);
    INTEGERS(int64_t, 9, iso_np_legacy_binomial(&rs, out, n, 1000, .4), 385, 419, 400, 411, 393, 380);
    INTEGERS(int64_t, 9, iso_np_legacy_binomial(&rs, out, n, 1000000, .7), 700489, 699476, 700030, 699693);
    INTEGERS(int64_t, 9, iso_np_legacy_poisson(&rs, out, n, 3.5), 0, 3, 2, 1, 3, 7);
    INTEGERS(int64_t, 9, iso_np_legacy_poisson(&rs, out, n, 100), 100, 88, 98, 83, 89, 123);
    INTEGERS(int64_t, 9, iso_np_legacy_geometric(&rs, out, n, .5), 1, 2, 1, 1, 1, 1);
    INTEGERS(int64_t, 9, iso_np_legacy_geometric(&rs, out, n, .01), 2, 70, 69, 15, 16, 25);
    INTEGERS(int64_t, 9, iso_np_legacy_hypergeometric(&rs, out, n, 15, 20, 8), 0, 4, 5, 6, 4, 4);
    INTEGERS(int64_t, 9, iso_np_legacy_hypergeometric(&rs, out, n, 150, 200, 80), 36, 29, 30, 35, 36, 37);
    INTEGERS(int64_t, 9, iso_np_legacy_zipf(&rs, out, n, 1.7), 1, 2, 1, 2, 1, 1);
    INTEGERS(int64_t, 9, iso_np_legacy_logseries(&rs, out, n, .9), 13, 1, 3, 2, 5, 13);
    INTEGERS(int64_t, 9, iso_np_legacy_negative_binomial(&rs, out, n, 4, .3), 5, 9, 17, 8, 9, 17);
}

/* A probability of 0 takes a uniform from 2.5 on (NumPy 2.5.2), and none before it (1.21.6 to 2.4.6). */
ISO_TEST(numpy_legacy_multinomial_follows_the_release) {
    static const double pvals[4] = {.2, 0, .3, .5};
    INTEGERS(int64_t, 9, iso_np_legacy_multinomial(&rs, out, n / 4, 100, pvals, 4), 11, 0, 34, 55, 17, 0, 26, 57);
    INTEGERS(int64_t, 9, (rs.release = 121, iso_np_legacy_multinomial(&rs, out, n / 4, 100, pvals, 4)), 11, 0, 34, 55, 17, 0, 26,
             57);
    INTEGERS(int64_t, 9, (rs.release = 205, iso_np_legacy_multinomial(&rs, out, n / 4, 100, pvals, 4)), 11, 0, 29, 60, 16, 0, 26,
             58);
    INTEGERS(int64_t, 9, (rs.release = 0, iso_np_legacy_multinomial(&rs, out, n / 4, 100, pvals, 4)), 11, 0, 29, 60, 16, 0, 26,
             58);
}

ISO_TEST(numpy_legacy_worker_state_is_pytorchs) {
    uint32_t words[4];
    static const uint32_t expected[4] = {0x6e151938, 0xf3016165, 0x80cef2ec, 0xf1672b40};
    iso_np_worker_state(0x91a2b3c4d5e6f78, 3, words);
    CHECK(memcmp(words, expected, sizeof words) == 0);
}

ISO_TEST(numpy_legacy_fills_split_anywhere_are_one_fill) {
    enum { N = 3000 };
    static double whole[N], parts[N];
    for (int round = 0; round < 40; round++) {
        iso_np_random_state a = seeded((uint32_t)iso_test_random()), b;
        double first;
        iso_np_legacy_standard_normal(&a, &first, (size_t)round % 2); /* every other round a normal is waiting */
        b = a;
        void (*fill)(iso_np_random_state *, double *, size_t) = round % 3 == 0   ? iso_np_legacy_standard_normal
                                                                : round % 3 == 1 ? iso_np_legacy_standard_cauchy
                                                                                 : iso_np_legacy_random_sample;
        fill(&a, whole, N);
        for (size_t at = 0, run; at < N; at += run) {
            run = (size_t)iso_test_between(0, iso_test_between(0, 1) ? 5 : 1500);
            if (run > N - at)
                run = N - at;
            fill(&b, parts + at, run);
        }
        CHECK(memcmp(whole, parts, sizeof whole) == 0);
        CHECK(same_stream(a, b));
    }
}

/* The bulk conversion against the uniforms one by one, through the words. */
ISO_TEST(numpy_legacy_uniforms_are_made_of_two_words) {
    double out[700];
    uint32_t words[1400];
    iso_np_random_state rs = seeded(12);
    iso_mt19937 mt = rs.bits.as.mt19937;
    iso_np_legacy_random_sample(&rs, out, 700);
    iso_mt19937_fill(&mt, words, 1400);
    for (size_t i = 0; i < 700; i++)
        CHECK(out[i] == ldexp((double)((uint64_t)(words[2 * i] >> 5) << 26 | words[2 * i + 1] >> 6), -53));
}

ISO_TEST(numpy_legacy_state_is_saved_and_restored) {
    uint32_t key[624];
    int pos, has_gauss;
    double gauss, normals[3], again[2];
    iso_np_random_state rs = seeded(77), other = {0};
    CHECK(iso_np_legacy_get_state(&rs, key, &pos, &has_gauss, &gauss) && pos == 624 && !has_gauss && gauss == 0);
    iso_np_legacy_standard_normal(&rs, normals, 1);
    CHECK(iso_np_legacy_get_state(&rs, key, &pos, &has_gauss, &gauss) && pos > 0 && pos % 4 == 0 && has_gauss);
    CHECK(iso_np_legacy_set_state(&other, key, pos, has_gauss, gauss));
    iso_np_legacy_standard_normal(&rs, normals + 1, 2);
    iso_np_legacy_standard_normal(&other, again, 2);
    CHECK(memcmp(normals + 1, again, sizeof again) == 0 && normals[1] == gauss);
    CHECK(same_stream(rs, other));

    iso_np_random_state before = rs;
    static const uint32_t zeros[624] = {0x7fffffff}; /* the lower bits of the first word are not used */
    CHECK(!iso_np_legacy_set_state(&rs, key, -1, 0, 0) && !iso_np_legacy_set_state(&rs, key, 625, 0, 0));
    CHECK(!iso_np_legacy_set_state(&rs, zeros, 624, 0, 0) && !iso_np_legacy_seed_array(&rs, key, 0));
    CHECK(memcmp(&before, &rs, sizeof rs) == 0);
    rs.bits.engine = ISO_NP_PCG64;
    CHECK(!iso_np_legacy_get_state(&rs, key, &pos, &has_gauss, &gauss));
}

ISO_TEST(numpy_legacy_reseeding_drops_the_waiting_normal) {
    double first[2], second[2];
    iso_np_random_state rs = seeded(5);
    iso_np_legacy_standard_normal(&rs, first, 1);
    iso_np_legacy_seed(&rs, 5);
    iso_np_legacy_standard_normal(&rs, second, 2);
    CHECK(first[0] == second[0] && second[0] != second[1]);
}

ISO_TEST(numpy_legacy_refuses_what_numpy_refuses) {
    iso_np_random_state rs = seeded(1), before = rs;
    double out[4], scratch[4];
    int64_t counts[4];
    const double short_of_one[2] = {.5, .499}, negative[2] = {1.5, -.5}, one[2] = {1, 0}, nan_in[2] = {NAN, 1};
    CHECK(!iso_np_legacy_uniform(&rs, out, 1, -1e308, 1e308) && !iso_np_legacy_normal(&rs, out, 1, 0, -0.0));
    CHECK(!iso_np_legacy_gamma(&rs, out, 1, NAN, 1) && !iso_np_legacy_gamma(&rs, out, 1, 1, -1));
    CHECK(!iso_np_legacy_beta(&rs, out, 1, 0, 1) && !iso_np_legacy_standard_t(&rs, out, 1, NAN));
    CHECK(!iso_np_legacy_vonmises(&rs, out, 1, 0, INFINITY) && !iso_np_legacy_vonmises(&rs, out, 1, 0, -1));
    CHECK(!iso_np_legacy_triangular(&rs, out, 1, 1, 1, 1) && !iso_np_legacy_triangular(&rs, out, 1, 2, 1, 3));
    CHECK(!iso_np_legacy_dirichlet(&rs, out, 1, one, 2) && !iso_np_legacy_wald(&rs, out, 1, 0, 1));
    CHECK(!iso_np_legacy_randint_int64(&rs, counts, 1, 3, 2) && !iso_np_legacy_choice(&rs, counts, 1, 0));
    CHECK(!iso_np_legacy_binomial(&rs, counts, 1, -1, .5) && !iso_np_legacy_binomial(&rs, counts, 1, 1, 1.5));
    CHECK(!iso_np_legacy_poisson(&rs, counts, 1, 0x1p63) && !iso_np_legacy_poisson(&rs, counts, 1, NAN));
    CHECK(!iso_np_legacy_geometric(&rs, counts, 1, 0) && !iso_np_legacy_logseries(&rs, counts, 1, 1));
    CHECK(!iso_np_legacy_zipf(&rs, counts, 1, 1) && !iso_np_legacy_zipf(&rs, counts, 1, 1025));
    CHECK(!iso_np_legacy_hypergeometric(&rs, counts, 1, INT64_MAX, 1, 1));
    CHECK(!iso_np_legacy_hypergeometric(&rs, counts, 1, 2, 3, 6) && !iso_np_legacy_hypergeometric(&rs, counts, 1, 2, 3, 0));
    CHECK(!iso_np_legacy_multinomial(&rs, counts, 1, 5, negative, 2) && !iso_np_legacy_multinomial(&rs, counts, 1, -1, one, 2));
    CHECK(!iso_np_legacy_choice_weighted(&rs, counts, 1, short_of_one, 2, scratch));
    CHECK(!iso_np_legacy_choice_weighted(&rs, counts, 1, negative, 2, scratch));
    CHECK(!iso_np_legacy_choice_weighted(&rs, counts, 1, nan_in, 2, scratch));
    CHECK(!iso_np_legacy_choice_distinct(&rs, counts, 3, 2, counts));
    CHECK(!iso_np_legacy_choice_distinct_weighted(&rs, counts, 2, one, 2, scratch));
    CHECK(iso_np_legacy_choice(&rs, counts, 0, 0) && memcmp(&before, &rs, sizeof rs) == 0);
}

/* The largest uniform, 1 - 2^-53, which the sum of this geometric's probabilities does not reach. */
ISO_TEST(numpy_legacy_geometric_ends) {
    const uint32_t all_ones = 0x12dd9bb3u; /* what comes out as 0xffffffff */
    uint32_t key[624] = {0};
    int64_t out;
    double largest;
    for (int i = 0; i < 624; i++)
        key[i] = all_ones;
    iso_np_random_state rs = {0}, other;
    CHECK(iso_np_legacy_set_state(&rs, key, 0, 0, 0));
    other = rs;
    iso_np_legacy_random_sample(&other, &largest, 1);
    CHECK(largest == 1 - 0x1p-53);
    CHECK(iso_np_legacy_geometric(&rs, &out, 1, 0.3672742951719097) && out > 50 && out < 100);
}

/* Any bit generator will do, and its uniforms are drawn one by one. */
ISO_TEST(numpy_legacy_runs_on_other_bit_generators) {
    double out[5];
    int32_t numbers[3];
    iso_np_random_state rs = {.bits = {.engine = ISO_NP_PCG64, .as = {.pcg64 = {{1, 2}, {3, 4}}}}};
    iso_np_bits bits = rs.bits;
    double expected[5];
    iso_np_random(&bits, expected, 5);
    iso_np_legacy_random_sample(&rs, out, 5);
    CHECK(memcmp(out, expected, sizeof out) == 0);
    uint64_t next = iso_np_next64(&bits);
    CHECK(iso_np_legacy_randint_int32(&rs, numbers, 2, INT32_MIN, INT32_MAX));
    CHECK((uint32_t)numbers[0] == (uint32_t)next + 0x80000000u);
    CHECK((uint32_t)numbers[1] == (uint32_t)(next >> 32) + 0x80000000u);
}
