#include "core/blake3.h"

#include <stdlib.h>
#include <string.h>

#include "core/context.h"
#include "core/json.h"
#include "harness/test.h"

#include "core/blake3_vectors.h"

#define LARGEST 5000000

static uint8_t *message(size_t size) {
    uint8_t *bytes = malloc(size + 1);
    for (size_t i = 0; bytes && i < size; i++)
        bytes[i] = (uint8_t)(i % 251);
    return bytes;
}

ISO_TEST(blake3_matches_the_official_vectors_on_every_isa) {
    uint8_t *bytes = message(LARGEST), digest[ISO_BLAKE3_SIZE], expected[ISO_BLAKE3_SIZE];
    bool right = true;
    for (int isa = 0; isa < ISO_ISA_COUNT && right; isa++)
        for (size_t i = 0; i < ISO_COUNTOF(vectors) && right && iso_isa_available((iso_isa)isa); i++) {
            iso_blake3_isa((iso_isa)isa, bytes, vectors[i].size, digest);
            right = iso_hex_bytes(vectors[i].digest, expected, sizeof expected) && memcmp(digest, expected, sizeof digest) == 0;
            iso_test_check(right, __FILE__, __LINE__, "%s, %zu bytes", iso_isa_name((iso_isa)isa), vectors[i].size);
        }
    free(bytes);
}

ISO_TEST(blake3_does_not_depend_on_alignment) {
    uint8_t *bytes = message(200000), *moved = malloc(200064), expected[ISO_BLAKE3_SIZE], digest[ISO_BLAKE3_SIZE];
    bool right = true;
    iso_blake3(bytes, 200000, expected);
    for (size_t shift = 1; shift < 64 && right; shift += 7) {
        memcpy(moved + shift, bytes, 200000);
        iso_blake3(moved + shift, 200000, digest);
        right = memcmp(digest, expected, sizeof digest) == 0;
    }
    free(bytes);
    free(moved);
    CHECK(right);
}

/* A message in pieces of random sizes, some larger than a segment, gives the digest of the whole, also in between. */
ISO_TEST(blake3_streams) {
    uint8_t *bytes = message(LARGEST), expected[ISO_BLAKE3_SIZE], digest[ISO_BLAKE3_SIZE];
    iso_blake3_stream *stream = malloc(sizeof *stream);
    bool right = true;
    for (int round = 0; round < (iso_test_long() ? 400 : 40) && right; round++) {
        static const int64_t most[] = {3, 70, 1100, 66000, 300000};
        int64_t largest = most[round % 5], limit = iso_min64(largest * 40, LARGEST);
        size_t size = (size_t)iso_test_between(0, limit), at = 0;
        if (round % 3 == 0)
            size = size / ISO_BLAKE3_SEGMENT * ISO_BLAKE3_SEGMENT; /* ends at a border */
        iso_blake3_begin(stream);
        while (at < size) {
            size_t piece = (size_t)iso_test_between(0, largest);
            if (round % 2 && piece > 1024)
                piece = piece / ISO_BLAKE3_SEGMENT * ISO_BLAKE3_SEGMENT;
            piece = piece < size - at ? piece : size - at;
            iso_blake3_update(stream, bytes + at, piece);
            at += piece;
            if (iso_test_between(0, 7) == 0) {
                iso_blake3(bytes, at, expected);
                iso_blake3_end(stream, digest);
                right = right && memcmp(digest, expected, sizeof digest) == 0;
            }
        }
        iso_blake3(bytes, size, expected);
        iso_blake3_end(stream, digest);
        right = right && memcmp(digest, expected, sizeof digest) == 0;
    }
    free(stream);
    free(bytes);
    CHECK(right);
}

ISO_TEST(blake3_segments_join_to_the_whole) {
    uint8_t *bytes = message(LARGEST), values[LARGEST / ISO_BLAKE3_SEGMENT + 1][ISO_BLAKE3_SIZE];
    uint8_t expected[ISO_BLAKE3_SIZE], digest[ISO_BLAKE3_SIZE];
    bool right = true;
    for (size_t segments = 2; segments <= 40 && right; segments++) {
        size_t last = (size_t)iso_test_between(1, ISO_BLAKE3_SEGMENT), size = (segments - 1) * ISO_BLAKE3_SEGMENT + last;
        for (size_t i = segments; i-- > 0;) /* any order */
            iso_blake3_segment(bytes + i * ISO_BLAKE3_SEGMENT, i + 1 < segments ? ISO_BLAKE3_SEGMENT : last, i, values[i]);
        iso_blake3_join(values, segments, digest);
        iso_blake3(bytes, size, expected);
        right = memcmp(digest, expected, sizeof digest) == 0;
        iso_test_check(right, __FILE__, __LINE__, "%zu segments", segments);
    }
    free(bytes);
}

/* Far into a long message only the counter matters: bits above 32 must reach the chunks. */
ISO_TEST(blake3_counts_beyond_32_bits) {
    uint8_t *bytes = message(ISO_BLAKE3_SEGMENT), low[ISO_BLAKE3_SIZE], high[ISO_BLAKE3_SIZE];
    iso_blake3_segment(bytes, ISO_BLAKE3_SEGMENT, 1, low);
    iso_blake3_segment(bytes, ISO_BLAKE3_SEGMENT, 1 + ((uint64_t)1 << 26), high); /* 2^32 chunks on */
    free(bytes);
    CHECK(memcmp(low, high, sizeof low) != 0);
}
