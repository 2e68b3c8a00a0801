/* .npy and .npz files: what NumPy may write, and what is damaged. tests/oracle/datasets.py compares with NumPy itself. */
#include "data/npy.h"

#include "data/dataset.h"
#include "data/folder.h"
#include "data/npy_made.h"
#include "harness/test.h"

static iso_context *new_context(void) {
    iso_context *ctx;
    return iso_context_new(&ctx, &(iso_context_options){.threads = 1}) ? NULL : ctx;
}

ISO_TEST(npy_headers) {
    static const struct {
        const char *header;
        int version;
        size_t data;
        iso_npy expected;
    } good[] = {
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }\n", 1, 6, {'u', 1, false, false, 2, {2, 3}, 6, NULL}},
        {"{'shape':(4,),\"fortran_order\":True,\"descr\":\">i2\"}", 2, 8, {'i', 2, true, true, 1, {4}, 4, NULL}},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': ()}   \n", 3, 8, {'f', 8, false, false, 0, {0}, 1, NULL}},
        {"\n\t{'descr': '<i2', 'fortran_order': True, 'shape': (1, 2, 1, 1, 1, 1)}",
         1,
         4,
         {'i', 2, false, true, 6, {1, 2, 1, 1, 1, 1}, 2, NULL}},
        {"{ 'descr' : '=b1' , 'fortran_order' : False , 'shape' : ( 0 , 7 ) }", 1, 0, {'b', 1, false, false, 2, {0, 7}, 0, NULL}},
    };
    static const struct {
        const char *header;
        size_t data;
        const char *message;
    } bad[] = {
        {"{'descr': '|u1', 'fortran_order': False}", 6, "no dict of descr"},
        {"{'descr': '|u1', 'fortran_order': Maybe, 'shape': (6,)}", 6, "no dict of descr"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (6)", 6, "no dict of descr"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (-6,)}", 6, "no dict of descr"},
        {"{'descr': '|u1' 'fortran_order': False, 'shape': (6,)}", 6, "no dict of descr"},
        {"{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (6,)}", 24, "no dict of descr"},
        {"", 6, "no dict of descr"},
        {"{5: 6}", 6, "no dict of descr"},
        {"{'descr' '|u1'}", 6, "no dict of descr"},
        {"{'desc", 6, "no dict of descr"},
        {"{'descr': '|u1', 'size': 6}", 6, "no dict of descr"},
        {"{'descr': '|u1', 'fortran_order': Fa", 6, "no dict of descr"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': [6]}", 6, "no dict of descr"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (6:)}", 6, "no dict of descr"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (6", 6, "no dict of descr"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (1, 1, 1, 1, 1, 1, 6)}", 6, "at most 6 dimensions"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (9223372036854775808,)}", 6, "no dict of descr"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (99999999999999999999,)}", 6, "no dict of descr"},
        {"{'descr': '<abcdefghijklmnopqrstuvwxyzabcdefghijk', 'fortran_order': False, 'shape': (6,)}", 6, "no dict of descr"},
        {"{'descr': '', 'fortran_order': False, 'shape': (6,)}", 6, "its elements are ''"},
        {"{'descr': 'u1', 'fortran_order': False, 'shape': (6,)}", 6, "its elements are 'u1'"},
        {"{'descr': '<', 'fortran_order': False, 'shape': (6,)}", 6, "its elements are '<'"},
        {"{'descr': '<f', 'fortran_order': False, 'shape': (6,)}", 6, "its elements are '<f'"},
        {"{'descr': '<f44', 'fortran_order': False, 'shape': (6,)}", 6, "its elements are '<f44'"},
        {"{'descr': '|O', 'fortran_order': False, 'shape': (6,)}", 6, "its elements are '|O'"},
        {"{'descr': '<f3', 'fortran_order': False, 'shape': (2,)}", 6, "its elements are '<f3'"},
        {"{'descr': '<U1', 'fortran_order': False, 'shape': (1,)}", 4, "its elements are '<U1'"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (7,)}", 6, "has 6 bytes of data, its header promises 7"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (5,)}", 6, "has 6 bytes of data, its header promises 5"},
        {"{'descr': '<u8', 'fortran_order': False, 'shape': (4294967296, 4294967296)}", 6, "promises more than"},
        {"{'descr': '<u8', 'fortran_order': False, 'shape': (1152921504606846976, 2)}", 6, "promises more than"},
        {"{'descr': '<u8', 'fortran_order': False, 'shape': (4294967296, 4294967296, 2)}", 6, "promises more than"},
    };
    iso_context *ctx = new_context();
    uint8_t bytes[512];
    iso_npy array;
    for (size_t i = 0; i < ISO_COUNTOF(good); i++) {
        const iso_npy *e = &good[i].expected;
        size_t size = make_npy(bytes, good[i].version, good[i].header, good[i].data);
        CHECK_OK(ctx, iso_npy_parse(ctx, "x", bytes, size, &array));
        CHECK_MSG(array.kind == e->kind && array.width == e->width && array.big_endian == e->big_endian &&
                      array.fortran_order == e->fortran_order && array.dims == e->dims && array.count == e->count &&
                      memcmp(array.shape, e->shape, sizeof array.shape) == 0 && array.data == bytes + size - good[i].data,
                  "header %zu", i);
        for (size_t cut = 0; cut < size; cut++) {
            uint8_t *exact = malloc(cut ? cut : 1);
            memcpy(exact, bytes, cut);
            CHECK(iso_npy_parse(ctx, "x", exact, cut, &array) == ISO_EINVAL);
            free(exact);
        }
    }
    for (size_t i = 0; i < ISO_COUNTOF(bad); i++)
        CHECK_FAILS(ctx, ISO_EINVAL, bad[i].message,
                    iso_npy_parse(ctx, "x", bytes, make_npy(bytes, 1, bad[i].header, bad[i].data), &array));
    make_npy(bytes, 1, "", 6);
    bytes[6] = 4;
    CHECK_FAILS(ctx, ISO_EINVAL, "version 4.0", iso_npy_parse(ctx, "x", bytes, 16, &array));
    bytes[6] = 0;
    CHECK_FAILS(ctx, ISO_EINVAL, "version 0.0", iso_npy_parse(ctx, "x", bytes, 16, &array));
    bytes[6] = bytes[7] = 1;
    CHECK_FAILS(ctx, ISO_EINVAL, "version 1.1", iso_npy_parse(ctx, "x", bytes, 16, &array));
    bytes[1] = 'n';
    CHECK_FAILS(ctx, ISO_EINVAL, "is no .npy file", iso_npy_parse(ctx, "x", bytes, 16, &array));
    iso_context_free(ctx);
}

/* ---- .npz ---- */

ISO_TEST(npz_members) {
    uint8_t data[300], file[4096], *got;
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * i / 7);
    const struct member members[] = {{"x.npy", data, sizeof data, false, false},
                                     {"packed.npy", data, 200, true, false},
                                     {"large.npy", data, 100, true, true},
                                     {"none.npy", data, 0, false, false},
                                     {"plain", data, 3, false, true}};
    size_t size = make_npz(file, members, ISO_COUNTOF(members)), got_size;
    iso_context *ctx = new_context();
    for (size_t i = 0; i < ISO_COUNTOF(members); i++) {
        char key[16];
        snprintf(key, sizeof key, "%.*s", (int)strcspn(members[i].name, "."), members[i].name);
        CHECK_OK(ctx, iso_npz_member(ctx, "f", file, size, key, &got, &got_size));
        CHECK(got_size == members[i].size && memcmp(got, data, got_size) == 0);
        iso_free(ctx, got);
    }
    CHECK_FAILS(ctx, ISO_EINVAL, "has no array 'y'; it has 'x', 'packed', 'large', 'none', 'plain'",
                iso_npz_member(ctx, "f", file, size, "y", &got, &got_size));
    /* cut anywhere, and every bit flipped: refused, or what it was */
    for (size_t cut = 0; cut < size; cut++) {
        uint8_t *exact = malloc(cut ? cut : 1);
        memcpy(exact, file, cut);
        CHECK(iso_npz_member(ctx, "f", exact, cut, "large", &got, &got_size) == ISO_EINVAL && !got);
        free(exact);
    }
    for (size_t bit = 0; bit < 8 * size; bit++) {
        file[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (iso_npz_member(ctx, "f", file, size, "packed", &got, &got_size) == ISO_OK)
            CHECK_MSG(got_size == 200 && memcmp(got, data, got_size) == 0, "bit %zu", bit);
        iso_free(ctx, got);
        file[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    iso_context_free(ctx);
}

/* Where the directory of a made file describes its only member. */
static uint8_t *entry_of(uint8_t *file, size_t size) {
    return memmem(file, size, "PK\1\2", 4);
}

/* Members that lie where there is nothing, or are larger than anything. */
ISO_TEST(npz_directories_that_lie) {
    const uint8_t data[9] = "datadata";
    const struct member member = {"x.npy", data, sizeof data, false, true};
    uint8_t file[512], *got;
    size_t size = make_npz(file, &member, 1), got_size;
    iso_context *ctx = new_context();
    uint8_t *entry = entry_of(file, size), *extra = entry + 46 + 5;
    enum { SIZE = 4, PACKED = 12, OFFSET = 20 }; /* in the field of 64-bit numbers */
    CHECK(entry && extra[0] == 1 && extra[2] == 24);
    put(extra, OFFSET, 8, size + 1);
    CHECK_FAILS(ctx, ISO_EINVAL, "'x' is damaged", iso_npz_member(ctx, "f", file, size, "x", &got, &got_size));
    put(extra, OFFSET, 8, size - 5);
    CHECK_FAILS(ctx, ISO_EINVAL, "'x' is damaged", iso_npz_member(ctx, "f", file, size, "x", &got, &got_size));
    put(extra, OFFSET, 8, 0);
    put(extra, SIZE, 8, (uint64_t)1 << 40);
    CHECK_FAILS(ctx, ISO_EINVAL, "'x' is damaged", iso_npz_member(ctx, "f", file, size, "x", &got, &got_size));
    put(extra, SIZE, 8, sizeof data);
    extra[2] = 4; /* too short for the first number */
    CHECK_FAILS(ctx, ISO_EINVAL, "its directory is damaged", iso_npz_member(ctx, "f", file, size, "x", &got, &got_size));
    extra[2] = 24;
    extra[0] = 2; /* a field of another kind: the 32-bit numbers are meant as they are */
    CHECK_FAILS(ctx, ISO_EINVAL, "'x' is damaged", iso_npz_member(ctx, "f", file, size, "x", &got, &got_size));
    extra[0] = 1;
    put(entry, 24, 4, sizeof data); /* the size fits into 32 bits, so only the others stand in the field */
    put(extra, 4, 8, sizeof data);
    put(extra, 12, 8, 0);
    CHECK_OK(ctx, iso_npz_member(ctx, "f", file, size, "x", &got, &got_size));
    CHECK(got_size == sizeof data && memcmp(got, data, got_size) == 0);
    iso_free(ctx, got);
    iso_context_free(ctx);
}

ISO_TEST(npz_names_of_many_members_and_of_none) {
    const uint8_t data[1] = {7};
    static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"};
    struct member members[ISO_COUNTOF(names)];
    static uint8_t file[70000], *got;
    size_t got_size;
    iso_context *ctx = new_context();
    for (size_t i = 0; i < ISO_COUNTOF(names); i++)
        members[i] = (struct member){names[i], data, 1, false, false};
    size_t size = make_npz(file, members, ISO_COUNTOF(names));
    CHECK_OK(ctx, iso_npz_member(ctx, "f", file, size, "l", &got, &got_size));
    CHECK(got_size == 1 && got[0] == 7);
    iso_free(ctx, got);
    CHECK_FAILS(ctx, ISO_EINVAL, "has no array 'x'; it has 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'",
                iso_npz_member(ctx, "f", file, size, "x", &got, &got_size));
    CHECK(strstr(iso_error(ctx), "'j'") && !strstr(iso_error(ctx), "'k'"));
    size = make_npz(file, NULL, 0);
    CHECK_FAILS(ctx, ISO_EINVAL, "has no array 'x'; it has none", iso_npz_member(ctx, "f", file, size, "x", &got, &got_size));
    memset(file, 0, sizeof file); /* longer than the longest comment behind a directory */
    CHECK_FAILS(ctx, ISO_EINVAL, "is no .npz file", iso_npz_member(ctx, "f", file, sizeof file, "x", &got, &got_size));
    iso_context_free(ctx);
}

/* ---- As a data set ---- */

ISO_TEST(numpy_arrays_as_a_data_set) {
    iso_context *ctx = new_context();
    uint8_t images[256], labels[256], file[2048];
    size_t images_size = make_npy(images, 1, "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 2, 4, 3)}", 48);
    size_t labels_size = make_npy(labels, 1, "{'descr': '<i8', 'fortran_order': False, 'shape': (2,)}", 16);
    memset(labels + labels_size - 16, 0, 16);
    labels[labels_size - 8] = 2;
    const char *root = iso_test_directory();
    char path[600];
    iso_dataset *d;
    snprintf(path, sizeof path, "%s/x.npy", root);
    CHECK(write_bytes(path, images, images_size));
    snprintf(path, sizeof path, "%s/y.npy", root);
    CHECK(write_bytes(path, labels, labels_size));
    snprintf(path, sizeof path, "%s/both.npz", root);
    const struct member members[] = {{"a.npy", images, images_size, true, false}, {"b.npy", labels, labels_size, false, false}};
    CHECK(write_bytes(path, file, make_npz(file, members, 2)));
    const iso_npy_source sources[] = {{"x.npy", "y.npy", "x", "y", 0}, {"both.npz", NULL, "a", "b", 5}};
    for (int i = 0; i < 2; i++) {
        CHECK_OK(ctx, iso_numpy_open(ctx, root, &sources[i], &d));
        CHECK(d->count == 2 && d->channels == 3 && d->class_count == (i ? 5 : 3) && d->file_count == (i ? 1 : 2));
        CHECK(d->labels[0] == 0 && d->labels[1] == 2 && d->images[1].h == 2 && d->images[1].w == 4);
        CHECK(d->images[1].pixels[23] == 47);
        CHECK_STRING("2", d->classes[2]);
        iso_dataset_free(d);
    }
    const iso_npy_source few = {"x.npy", "y.npy", "x", "y", 2}, swapped = {"y.npy", "x.npy", "x", "y", 0};
    CHECK_FAILS(ctx, ISO_EINVAL, "y.npy: label 1 is 2, expected 0 to 1", iso_numpy_open(ctx, root, &few, &d));
    CHECK_FAILS(ctx, ISO_EINVAL, "y.npy: the images have 1 dimensions of type 'i8', expected uint8",
                iso_numpy_open(ctx, root, &swapped, &d));
    iso_context_free(ctx);
}
