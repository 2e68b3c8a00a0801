#include "ledger/state.h"

#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "ledger/ledger_test.h"

static uint8_t *bytes_of(const iso_tensor *t) {
    return t->data;
}

ISO_TEST(a_tensor_digest_is_blake3_of_its_bytes) {
    iso_context *ctx = test_context(3);
    test_model *model = test_model_new(ctx, 200000);
    uint8_t root[ISO_BLAKE3_SIZE], digest[ISO_BLAKE3_SIZE];
    CHECK_OK(ctx, iso_state_root(model->state, root));
    for (int i = 0; i < TEST_TENSORS; i++) { /* little-endian machines: the memory is canonical */
        const iso_state_entry *entry = iso_state_find(model->state, test_names[i]);
        iso_blake3(model->tensors[i]->data, iso_tensor_bytes(model->tensors[i]), digest);
        CHECK(memcmp(entry->digest, digest, sizeof digest) == 0 && entry->nan_index == -1);
        CHECK_OK(ctx, iso_tensor_digest(ctx, model->tensors[i], root));
        CHECK(memcmp(root, digest, sizeof digest) == 0);
    }
    test_model_free(model);
    iso_context_free(ctx);
}

/* Tensors of sizes around the borders of tiles, on 1 and several threads: same digests, same tiles. */
ISO_TEST(tiles_do_not_depend_on_threads) {
    iso_context *one = test_context(1), *many = test_context(4);
    static const int64_t sizes[] = {0, 1, 16383, 16384, 16385, 32768, 50000, 131072, 131073};
    for (size_t i = 0; i < ISO_COUNTOF(sizes); i++) {
        iso_tensor *t = iso_tensor_new(one, ISO_FLOAT32, 1, &sizes[i]);
        iso_test_floats(t->data, t->numel);
        uint8_t roots[2][ISO_BLAKE3_SIZE], digest[ISO_BLAKE3_SIZE];
        iso_context *contexts[] = {one, many};
        for (int k = 0; k < 2; k++) {
            iso_state *state;
            CHECK_OK(contexts[k], iso_state_new(contexts[k], &state));
            CHECK_OK(contexts[k], iso_state_add(state, "w", t));
            CHECK_OK(contexts[k], iso_state_tiles(state));
            const iso_state_entry *entry = &state->entries[0];
            CHECK(entry->tile_count == (sizes[i] <= 16384 ? 0 : (size_t)iso_ceil_div(sizes[i], 16384)));
            for (size_t tile = 0; tile < entry->tile_count; tile++) {
                size_t at = tile * ISO_TILE_BYTES, left = iso_tensor_bytes(t) - at;
                iso_blake3(bytes_of(t) + at, left < ISO_TILE_BYTES ? left : ISO_TILE_BYTES, digest);
                CHECK(memcmp(digest, entry->tiles[tile], sizeof digest) == 0);
            }
            iso_blake3(t->data, iso_tensor_bytes(t), digest);
            CHECK(memcmp(digest, entry->digest, sizeof digest) == 0);
            CHECK_OK(contexts[k], iso_state_root(state, roots[k]));
            iso_state_free(state);
        }
        CHECK(memcmp(roots[0], roots[1], sizeof roots[0]) == 0);
        iso_tensor_free(one, t);
    }
    iso_context_free(one);
    iso_context_free(many);
}

ISO_TEST(a_nan_is_found_and_digested_as_the_one_nan) {
    iso_context *ctx = test_context(2);
    static const uint32_t nans[] = {0x7fc00000u, 0xffc00000u, 0x7f800001u, 0xffffffffu, 0x7fffffffu};
    int64_t size = 60000;
    iso_tensor *t = iso_tensor_new(ctx, ISO_FLOAT32, 1, &size);
    iso_state *state;
    CHECK_OK(ctx, iso_state_new(ctx, &state));
    CHECK_OK(ctx, iso_state_add(state, "w", t));
    iso_test_floats(t->data, size);
    uint8_t root[ISO_BLAKE3_SIZE], digest[ISO_BLAKE3_SIZE], expected[ISO_BLAKE3_SIZE];
    for (int round = 0; round < 40; round++) {
        int64_t at = round == 0 ? 0 : round == 1 ? size - 1 : iso_test_between(0, size - 1);
        float saved = iso_tensor_f32(t)[at];
        for (size_t k = 0; k < ISO_COUNTOF(nans); k++) {
            memcpy(&iso_tensor_f32(t)[at], &nans[k], 4);
            CHECK_OK(ctx, iso_state_root(state, root));
            CHECK_MSG(state->entries[0].nan_index == at, "found at %lld, is at %lld", (long long)state->entries[0].nan_index,
                      (long long)at);
            CHECK_OK(ctx, iso_tensor_digest(ctx, t, digest));
            CHECK(memcmp(digest, state->entries[0].digest, sizeof digest) == 0);
            if (k == 0)
                memcpy(expected, digest, sizeof digest);
            CHECK(memcmp(digest, expected, sizeof digest) == 0);
            uint32_t bits;
            memcpy(&bits, &iso_tensor_f32(t)[at], 4);
            CHECK(bits == nans[k]); /* the tensor itself is left alone */
        }
        iso_tensor_f32(t)[at] = saved;
    }
    /* Infinities, zeros and subnormals are no NaN. */
    static const uint32_t fine[] = {0x7f800000u, 0xff800000u, 0x80000000u, 1u, 0x807fffffu};
    for (size_t k = 0; k < ISO_COUNTOF(fine); k++)
        memcpy(&iso_tensor_f32(t)[100 + k], &fine[k], 4);
    CHECK_OK(ctx, iso_state_root(state, root));
    CHECK(state->entries[0].nan_index == -1);
    iso_state_free(state);
    iso_tensor_free(ctx, t);
    iso_context_free(ctx);
}

/* The root is over names, types, shapes and digests; the order of adding does not matter. */
ISO_TEST(the_root_tells_states_apart) {
    iso_context *ctx = test_context(1);
    int64_t six[] = {6}, shape[] = {2, 3}, swapped[] = {3, 2}, two[] = {6, 1};
    iso_tensor *a = iso_tensor_new(ctx, ISO_FLOAT32, 1, six), *b = iso_tensor_new(ctx, ISO_FLOAT32, 2, shape);
    iso_tensor *c = iso_tensor_new(ctx, ISO_FLOAT32, 2, swapped), *d = iso_tensor_new(ctx, ISO_FLOAT32, 2, two);
    int64_t three[] = {3}, many[] = {24};
    iso_tensor *e = iso_tensor_new(ctx, ISO_INT64, 1, three), *f = iso_tensor_new(ctx, ISO_UINT8, 1, many);
    iso_tensor *one[] = {a, b, c, d, e, f}; /* all of 24 zero bytes */
    uint8_t roots[16][ISO_BLAKE3_SIZE];
    int count = 0;
    for (int i = 0; i < 6; i++, count++) {
        iso_state *state;
        CHECK_OK(ctx, iso_state_new(ctx, &state));
        CHECK_OK(ctx, iso_state_add(state, "w", one[i]));
        CHECK_OK(ctx, iso_state_root(state, roots[count]));
        iso_state_free(state);
    }
    static const char *const names[][2] = {{"w", "x"}, {"wx", ""}, {"", "wx"}, {"x", "w"}};
    for (int i = 0; i < 4; i++, count++) {
        iso_state *state;
        CHECK_OK(ctx, iso_state_new(ctx, &state));
        CHECK_OK(ctx, iso_state_add(state, names[i][0], a));
        CHECK_OK(ctx, iso_state_add(state, names[i][1], a));
        CHECK_OK(ctx, iso_state_root(state, roots[count]));
        CHECK_FAILS(ctx, ISO_EINVAL, "named", iso_state_add(state, names[i][0], b));
        iso_state_free(state);
    }
    for (int i = 0; i < count; i++)
        for (int j = 0; j < i; j++) {
            bool expected = (i == 9 && j == 6) || (i == 8 && j == 7); /* the same names in another order */
            CHECK_MSG((memcmp(roots[i], roots[j], sizeof roots[0]) == 0) == expected, "%d and %d", i, j);
        }
    for (int i = 0; i < 6; i++)
        iso_tensor_free(ctx, one[i]);
    iso_context_free(ctx);
}

/* From a program that knows docs/ledger.md only: the bytes written by Python's struct, their digests by b3sum. */
ISO_TEST(the_root_of_a_known_state) {
    iso_context *ctx = test_context(1);
    const float numbers[] = {1, -0.0f, 0.5f, -2, 3, 1e-40f};
    iso_tensor *w = iso_tensor_new(ctx, ISO_FLOAT32, 2, (int64_t[]){2, 3}), *n = iso_tensor_new(ctx, ISO_INT64, 0, NULL),
               *z = iso_tensor_new(ctx, ISO_UINT8, 1, (int64_t[]){300});
    memcpy(w->data, numbers, sizeof numbers);
    *iso_tensor_i64(n) = 258;
    for (int i = 0; i < 300; i++)
        iso_tensor_u8(z)[i] = (uint8_t)i;
    iso_state *state;
    uint8_t root[ISO_BLAKE3_SIZE], expected[ISO_BLAKE3_SIZE];
    CHECK_OK(ctx, iso_state_new(ctx, &state));
    CHECK_OK(ctx, iso_state_add(state, "z", z));
    CHECK_OK(ctx, iso_state_add(state, "layer.weight", w));
    CHECK_OK(ctx, iso_state_add(state, "n", n));
    CHECK_OK(ctx, iso_state_root(state, root));
    CHECK(iso_hex_bytes("665b8db34a1b0e3f7b6bfe6d4a3aa4c9996e043dba00fe3ac2a70fa6d0b4573a", expected, sizeof expected));
    CHECK(memcmp(root, expected, sizeof root) == 0);
    iso_state_free(state);
    iso_tensor_free(ctx, w);
    iso_tensor_free(ctx, n);
    iso_tensor_free(ctx, z);
    iso_context_free(ctx);
}

ISO_TEST(a_root_allocates_only_once) {
    iso_context *ctx = test_context(2);
    test_model *model = test_model_new(ctx, 100000);
    uint8_t root[ISO_BLAKE3_SIZE], again[ISO_BLAKE3_SIZE];
    CHECK_OK(ctx, iso_state_root(model->state, root));
    uint64_t before = iso_context_allocations(ctx);
    for (int i = 0; i < 5; i++) {
        ((uint8_t *)model->tensors[2]->data)[i] ^= 1;
        CHECK_OK(ctx, iso_state_root(model->state, again));
        CHECK(memcmp(root, again, sizeof root) != 0);
    }
    CHECK(iso_context_allocations(ctx) == before);
    test_model_free(model);
    iso_context_free(ctx);
}
