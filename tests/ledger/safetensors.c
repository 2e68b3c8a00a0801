#include "ledger/safetensors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ledger/ledger_test.h"

ISO_TEST(a_checkpoint_file_is_read_as_it_was_written) {
    iso_context *ctx = test_context(2);
    test_model *model = test_model_new(ctx, 70000);
    const char *path = test_path(iso_test_directory(), "a.safetensors");
    uint8_t digest[ISO_BLAKE3_SIZE], again[ISO_BLAKE3_SIZE];
    int64_t size, size_again;
    CHECK_OK(ctx, iso_safetensors_write(ctx, path, model->state, digest, &size));
    CHECK_OK(ctx, iso_safetensors_write(ctx, NULL, model->state, again, &size_again));
    CHECK(memcmp(digest, again, sizeof digest) == 0 && size == size_again);
    size_t bytes_size;
    uint8_t *bytes = test_read(path, &bytes_size);
    CHECK(bytes && (int64_t)bytes_size == size);
    iso_blake3(bytes, bytes_size, again);
    CHECK(memcmp(digest, again, sizeof digest) == 0);
    CHECK((8 + bytes[0] + 256 * bytes[1]) % 8 == 0); /* the data are aligned */
    free(bytes);

    iso_safetensors *file;
    CHECK_OK(ctx, iso_safetensors_read(ctx, path, &file));
    CHECK(file->count == TEST_TENSORS && file->size == size && memcmp(file->digest, digest, sizeof digest) == 0);
    for (size_t i = 1; i < file->count; i++)
        CHECK(strcmp(file->names[i - 1], file->names[i]) < 0);
    for (int i = 0; i < TEST_TENSORS; i++) {
        const iso_tensor *t = iso_safetensors_find(file, test_names[i]), *expected = model->tensors[i];
        CHECK(t && t->dtype == expected->dtype && t->dims == expected->dims);
        CHECK(memcmp(t->shape, expected->shape, sizeof *t->shape * (size_t)t->dims) == 0);
        CHECK(memcmp(t->data, expected->data, iso_tensor_bytes(t)) == 0);
    }
    CHECK(!iso_safetensors_find(file, "conv"));
    iso_safetensors_free(file);
    test_model_free(model);
    iso_context_free(ctx);
}

ISO_TEST(odd_tensors_are_written_and_read) {
    iso_context *ctx = test_context(1);
    iso_state *state;
    int64_t none[] = {3, 0, 2}, one[] = {1};
    iso_tensor *empty = iso_tensor_new(ctx, ISO_FLOAT32, 3, none), *scalar = iso_tensor_new(ctx, ISO_FLOAT32, 0, NULL);
    iso_tensor *nan = iso_tensor_new(ctx, ISO_FLOAT32, 1, one);
    uint32_t bits = 0xffc12345u;
    memcpy(nan->data, &bits, 4);
    iso_tensor_f32(scalar)[0] = -0.0f;
    CHECK_OK(ctx, iso_state_new(ctx, &state));
    CHECK_OK(ctx, iso_state_add(state, "empty", empty));
    CHECK_OK(ctx, iso_state_add(state, "a \"quoted\"\n name of caf\xc3\xa9 \xf0\x9f\x99\x82", scalar));
    CHECK_OK(ctx, iso_state_add(state, "nan", nan));
    const char *path = test_path(iso_test_directory(), "odd.safetensors");
    uint8_t digest[ISO_BLAKE3_SIZE], root[ISO_BLAKE3_SIZE];
    int64_t size;
    CHECK_OK(ctx, iso_safetensors_write(ctx, path, state, digest, &size));
    CHECK_OK(ctx, iso_state_root(state, root));
    iso_safetensors *file;
    CHECK_OK(ctx, iso_safetensors_read(ctx, path, &file));
    const iso_tensor *t = iso_safetensors_find(file, "a \"quoted\"\n name of caf\xc3\xa9 \xf0\x9f\x99\x82");
    CHECK(t && t->dims == 0 && t->numel == 1 && memcmp(t->data, scalar->data, 4) == 0);
    CHECK((t = iso_safetensors_find(file, "empty")) && t->numel == 0 && t->dims == 3 && t->shape[1] == 0);
    CHECK((t = iso_safetensors_find(file, "nan")) != NULL);
    memcpy(&bits, t->data, 4);
    CHECK(bits == 0x7fc00000u); /* canonical, so the file's digests are those of the state */
    iso_safetensors_free(file);
    iso_state_free(state);
    iso_tensor_free(ctx, empty);
    iso_tensor_free(ctx, scalar);
    iso_tensor_free(ctx, nan);
    iso_context_free(ctx);
}

/* ---- Files that are none ---- */

static iso_status read_text(iso_context *ctx, const char *header, size_t data) {
    const char *path = test_path(iso_test_directory(), "bad.safetensors");
    size_t size = strlen(header);
    uint8_t *bytes = calloc(1, 8 + size + data);
    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)((uint64_t)size >> (8 * i));
    memcpy(bytes + 8, header, size);
    bool written = test_write(path, bytes, 8 + size + data);
    free(bytes);
    iso_safetensors *file = NULL;
    iso_status status = written ? iso_safetensors_read(ctx, path, &file) : ISO_EIO;
    iso_safetensors_free(file);
    return status;
}

ISO_TEST(headers_that_lie_are_refused) {
    iso_context *ctx = test_context(1);
#define A(type, shape, offsets) "{\"a\":{\"dtype\":\"" type "\",\"shape\":" shape ",\"data_offsets\":" offsets "}"
    CHECK_OK(ctx, read_text(ctx, A("F32", "[2]", "[0,8]") "}", 8));
    CHECK_OK(ctx, read_text(ctx, A("F32", "[2]", "[0,8]") ",\"__metadata__\":{\"x\":\"y\"}}   ", 8));
    CHECK_OK(ctx, read_text(ctx, "{}", 0));
    static const struct {
        const char *header;
        size_t data;
        const char *part;
    } bad[] = {
        {A("F32", "[2]", "[0,8]") "}", 7, "data_offsets"},
        {A("F32", "[2]", "[0,8]") "}", 9, "belong to no tensor"},
        {A("F32", "[2]", "[1,9]") "}", 9, "data_offsets"},
        {A("F32", "[2]", "[8,0]") "}", 8, "data_offsets"},
        {A("F32", "[2]", "[-8,0]") "}", 8, "data_offsets"},
        {A("F32", "[3]", "[0,8]") "}", 8, "data_offsets"},
        {A("F32", "[-2]", "[0,8]") "}", 8, "shape"},
        {A("F32", "[4611686018427387904,4]", "[0,0]") "}", 0, "shape"},
        {A("F32", "[4611686018427387904]", "[0,0]") "}", 0, "data_offsets"},
        {A("F32", "[1,1,1,1,1,1,2]", "[0,8]") "}", 8, "shape"},
        {A("F32", "[2.0]", "[0,8]") "}", 8, "number"},
        {A("F32", "[\"2\"]", "[0,8]") "}", 8, "shape"},
        {A("F32", "2", "[0,8]") "}", 8, "shape"},
        {A("F32", "[2]", "[0]") "}", 8, "data_offsets"},
        {A("F32", "[2]", "[\"0\",8]") "}", 8, "data_offsets"},
        {A("F32", "[2]", "[0,\"8\"]") "}", 8, "data_offsets"},
        {A("F32", "[2]", "{\"0\":0,\"1\":8}") "}", 8, "data_offsets"},
        {A("F64", "[1]", "[0,8]") "}", 8, "F64"},
        {A("F32", "[2]", "[0,8]") ",\"a\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[8,8]}}", 8, "key"},
        {A("F32", "[2]", "[0,8]") ",\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}}", 12, "'b'"},
        {A("F32", "[2]", "[0,8]") ",\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[12,16]}}", 16, "'b'"},
        {A("F32", "[2]", "[0,8]") ",\"__metadata__\":{\"x\":1}}", 8, "__metadata__"},
        {A("F32", "[2]", "[0,8]"), 8, "expected"},
        {"[]", 0, "no object"},
        {"", 0, "expected"},
        {"{\"a\":1}", 0, "'a'"},
    };
    for (size_t i = 0; i < ISO_COUNTOF(bad); i++) {
        iso_status status = read_text(ctx, bad[i].header, bad[i].data);
        CHECK_MSG(status == ISO_EINVAL && strstr(iso_error(ctx), bad[i].part) && strstr(iso_error(ctx), "bad.safetensors"),
                  "%s: status %d, %s", bad[i].header, (int)status, iso_error(ctx));
    }
    /* Lengths of the header that do not fit. */
    static const uint8_t lengths[][9] = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, '{'}, {3, 0, 0, 0, 0, 0, 0, 0, '{'}};
    const char *path = test_path(iso_test_directory(), "short.safetensors");
    iso_safetensors *file;
    for (size_t i = 0; i < 2; i++)
        for (size_t size = 0; size <= 9; size++) {
            CHECK(test_write(path, lengths[i], size));
            CHECK_FAILS(ctx, ISO_EINVAL, "not a safetensors file", iso_safetensors_read(ctx, path, &file));
            CHECK(file == NULL);
        }
    /* A header that is there, and longer than any: a file with a hole. */
    uint8_t length[9] = {0, 0, 0x40, 6, 0, 0, 0, 0, '{'}; /* 100 MiB; one more is too many */
    CHECK(test_write(path, length, sizeof length) && truncate(path, ((off_t)100 << 20) + 9) == 0);
    CHECK_FAILS(ctx, ISO_EINVAL, "not a safetensors file: header", iso_safetensors_read(ctx, path, &file));
    length[0] = 1;
    CHECK(test_write(path, length, sizeof length) && truncate(path, ((off_t)100 << 20) + 9) == 0);
    CHECK_FAILS(ctx, ISO_EINVAL, "the header's length does not fit", iso_safetensors_read(ctx, path, &file));
    CHECK(unlink(path) == 0);
    CHECK_FAILS(ctx, ISO_EIO, "missing.safetensors",
                iso_safetensors_read(ctx, test_path(iso_test_directory(), "missing.safetensors"), &file));
    iso_context_free(ctx);
}

/* Each bit of a file: its digest is another, and if it can be read, a tensor or a name is another, or only the header's spelling.
 */
ISO_TEST(a_flipped_bit_of_a_checkpoint_is_found) {
    iso_context *ctx = test_context(1);
    test_model *model = test_model_new(ctx, 30);
    char path[512];
    snprintf(path, sizeof path, "%s", test_path(iso_test_directory(), "flip.safetensors"));
    uint8_t digest[ISO_BLAKE3_SIZE], root[ISO_BLAKE3_SIZE], found[ISO_BLAKE3_SIZE];
    int64_t size;
    CHECK_OK(ctx, iso_safetensors_write(ctx, path, model->state, digest, &size));
    CHECK_OK(ctx, iso_state_root(model->state, root));
    size_t bytes_size;
    uint8_t *bytes = test_read(path, &bytes_size);
    size_t header = 8 + bytes[0] + 256u * bytes[1];
    for (size_t at = 0; at < bytes_size; at++) {
        int first = iso_test_long() ? 0 : (int)iso_test_between(0, 7), last = iso_test_long() ? 7 : first;
        for (int bit = first; bit <= last; bit++) {
            iso_safetensors *file = NULL;
            bytes[at] ^= (uint8_t)(1 << bit);
            CHECK(test_write(path, bytes, bytes_size));
            bytes[at] ^= (uint8_t)(1 << bit);
            iso_status status = iso_safetensors_read(ctx, path, &file);
            CHECK_MSG(status == ISO_OK || status == ISO_EINVAL, "byte %zu, bit %d: %s", at, bit, iso_error(ctx));
            if (status)
                continue;
            CHECK(memcmp(file->digest, digest, sizeof digest) != 0);
            int differing = 0;
            for (int i = 0; i < TEST_TENSORS; i++) {
                const iso_tensor *t = iso_safetensors_find(file, test_names[i]);
                const iso_state_entry *entry = iso_state_find(model->state, test_names[i]);
                if (t)
                    CHECK_OK(ctx, iso_tensor_digest(ctx, t, found));
                differing += !t || memcmp(found, entry->digest, sizeof found) != 0;
            }
            CHECK_MSG(differing == (at >= header) || at < header, "byte %zu, bit %d", at, bit);
            iso_safetensors_free(file);
        }
    }
    free(bytes);
    test_model_free(model);
    iso_context_free(ctx);
}
