#include <string.h>

#include "harness/test.h"
#include "isobit/random/philox.h"

/* The vectors that come with the authors' Random123. */
ISO_TEST(philox_published_vectors) {
    static const struct {
        uint32_t counter[4], key[2], expected[4];
    } vectors[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
         {0xffffffff, 0xffffffff},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        uint32_t out[4];
        iso_philox4x32(vectors[i].counter, vectors[i].key, out);
        CHECK(memcmp(out, vectors[i].expected, sizeof out) == 0);
    }
}

ISO_TEST(philox_can_be_cut_anywhere) {
    enum { N = 2000 };
    static uint32_t whole[N], part[N];
    static float uniform[N];
    static uint8_t kept[N];
    iso_place place = {0x0123456789abcdef, ISO_PURPOSE_DROPOUT, 17, 12345};
    uint64_t first = ((uint64_t)3 << 33) + 1;
    iso_philox_bits(&place, first, whole, N);
    iso_philox_uniform(&place, first, uniform, N);
    iso_philox_bernoulli(&place, first, kept, N, 0.3);
    for (int round = 0; round < 200; round++) {
        size_t from = (size_t)iso_test_between(0, N - 1), n = (size_t)iso_test_between(0, (int64_t)(N - from));
        iso_philox_bits(&place, first + from, part, n);
        CHECK(memcmp(part, whole + from, n * sizeof *part) == 0);
    }
    for (int i = 0; i < N; i++) {
        CHECK(uniform[i] == (float)(whole[i] >> 8) / 16777216.0f);
        CHECK(kept[i] == (whole[i] < 1288490189u)); /* ceil(0.3 * 2^32) */
    }
}

/* Each coordinate changes the counter, whichever of its 40 bits differs. */
ISO_TEST(philox_coordinates_do_not_collide) {
    uint32_t zero[4], other[4];
    iso_place place = {.seed = 1};
    iso_philox_bits(&place, 0, zero, 4);
    for (int bit = 0; bit < 40; bit++)
        for (int which = 0; which < 4; which++) {
            iso_place moved = place;
            uint64_t first = 0;
            uint64_t *target[] = {&moved.step, &moved.sample, &first, &moved.seed};
            *target[which] ^= (uint64_t)1 << bit;
            iso_philox_bits(&moved, first * 4, other, 4);
            CHECK(memcmp(zero, other, sizeof zero) != 0);
        }
    place.purpose = ISO_PURPOSE_SHUFFLE;
    iso_philox_bits(&place, 0, other, 4);
    CHECK(memcmp(zero, other, sizeof zero) != 0);
}

/* Frozen: the first numbers of the native stream. */
ISO_TEST(philox_native_stream_is_frozen) {
    uint32_t expected_counter[4] = {5, 7, 9, 3u << 24}, key[2] = {42, 0}, expected[4], out[4];
    iso_place place = {42, ISO_PURPOSE_DROPOUT, 9, 7};
    iso_philox4x32(expected_counter, key, expected);
    iso_philox_bits(&place, 20, out, 4);
    CHECK(memcmp(out, expected, sizeof out) == 0);
    uint8_t drawn[4];
    iso_philox_bernoulli(&place, 0, drawn, 4, 0);
    CHECK(!drawn[0] && !drawn[1] && !drawn[2] && !drawn[3]);
    iso_philox_bernoulli(&place, 0, drawn, 4, 1);
    CHECK(drawn[0] && drawn[1] && drawn[2] && drawn[3]);
}

/* Every bit of block, sample and step has its place in the counter. */
ISO_TEST(philox_counts_beyond_32_bits) {
    iso_place place = {.seed = 0x123456789abcdef0u, .step = 0x2500000003u, .sample = 0x3600000007u, .purpose = 9};
    const uint64_t block = 0x4700000005u;
    const uint32_t counter[4] = {5, 7, 3, 0x09253647u}, key[2] = {0x9abcdef0u, 0x12345678u};
    uint32_t expected[4], actual[4];
    iso_philox4x32(counter, key, expected);
    iso_philox_bits(&place, 4 * block, actual, 4);
    CHECK(memcmp(expected, actual, sizeof expected) == 0);
}
