/* .npy and .npz files: what NumPy may write, and what is damaged. tests/oracle/datasets.py compares with NumPy itself. */
#include "data/npy.h"

#include <zlib.h>

#include "data/dataset.h"
#include "data/folder.h"
#include "harness/test.h"

static iso_context *new_context(void) {
    iso_context *ctx;
    return iso_context_new(&ctx, &(iso_context_options){.threads = 1}) ? NULL : ctx;
}

/* A file of this version with this header and so many bytes of data: 0, 1, 2, ... Returns its size. */
static size_t make_npy(uint8_t *out, int version, const char *header, size_t data) {
    size_t length = strlen(header), start = version == 1 ? 10 : 12;
    memcpy(out, "\x93NUMPY", 6);
    out[6] = (uint8_t)version;
    memset(out + 7, 0, 5);
    out[8] = (uint8_t)length;
    memcpy(out + start, header, length);
    for (size_t i = 0; i < data; i++)
        out[start + length + i] = (uint8_t)i;
    return start + length + data;
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
        {"{'descr': '|O', 'fortran_order': False, 'shape': (6,)}", 6, "its elements are '|O'"},
        {"{'descr': '<f3', 'fortran_order': False, 'shape': (2,)}", 6, "its elements are '<f3'"},
        {"{'descr': '<U1', 'fortran_order': False, 'shape': (1,)}", 4, "its elements are '<U1'"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (7,)}", 6, "has 6 bytes of data, its header promises 7"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (5,)}", 6, "has 6 bytes of data, its header promises 5"},
        {"{'descr': '<u8', 'fortran_order': False, 'shape': (4294967296, 4294967296)}", 6, "promises more than"},
        {"{'descr': '<u8', 'fortran_order': False, 'shape': (1152921504606846976, 2)}", 6, "promises more than"},
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
    iso_context_free(ctx);
}

/* ---- .npz ---- */

static size_t put(uint8_t *out, size_t at, int bytes, uint64_t value) {
    for (int i = 0; i < bytes; i++)
        out[at++] = i < 8 ? (uint8_t)(value >> 8 * i) : 0;
    return at;
}

struct member {
    const char *name;
    const uint8_t *data;
    size_t size;
    bool deflate, zip64;
};

/* A zip file of these members; returns its size. */
static size_t make_npz(uint8_t *out, const struct member *members, size_t count) {
    size_t at = 0, directory_size = 0;
    uint8_t directory[1024];
    for (size_t i = 0; i < count; i++) {
        const struct member *m = &members[i];
        uint8_t packed[1024];
        z_stream z = {.next_in = (uint8_t *)m->data, .avail_in = (uInt)m->size, .next_out = packed, .avail_out = sizeof packed};
        deflateInit2(&z, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
        deflate(&z, Z_FINISH);
        deflateEnd(&z);
        size_t offset = at, name = strlen(m->name), size = m->deflate ? z.total_out : m->size;
        uint32_t crc = (uint32_t)crc32(0, m->data, (uInt)m->size);
        at = put(out, at, 4, 0x04034b50);
        at = put(out, at, 4, 20);
        at = put(out, at, 2, m->deflate ? 8 : 0);
        at = put(out, at, 16, 0); /* time, crc and sizes: the directory counts */
        at = put(out, at, 2, name);
        at = put(out, at, 2, 5);
        memcpy(out + at, m->name, name);
        memcpy(out + at + name, "extra", 5);
        memcpy(out + at + name + 5, m->deflate ? packed : m->data, size);
        at += name + 5 + size;

        size_t d = directory_size;
        d = put(directory, d, 4, 0x02014b50);
        d = put(directory, d, 6, 20);
        d = put(directory, d, 2, m->deflate ? 8 : 0);
        d = put(directory, d, 4, 0);
        d = put(directory, d, 4, crc);
        d = put(directory, d, 4, m->zip64 ? UINT32_MAX : size);
        d = put(directory, d, 4, m->zip64 ? UINT32_MAX : m->size);
        d = put(directory, d, 2, name);
        d = put(directory, d, 2, m->zip64 ? 28 : 0);
        d = put(directory, d, 10, 0);
        d = put(directory, d, 4, m->zip64 ? UINT32_MAX : offset);
        memcpy(directory + d, m->name, name);
        d += name;
        if (m->zip64) {
            d = put(directory, d, 2, 1);
            d = put(directory, d, 2, 24);
            d = put(directory, d, 8, m->size);
            d = put(directory, d, 8, size);
            d = put(directory, d, 8, offset);
        }
        directory_size = d;
    }
    memcpy(out + at, directory, directory_size);
    size_t end = at + directory_size;
    end = put(out, end, 4, 0x06054b50);
    end = put(out, end, 4, 0);
    end = put(out, end, 2, count);
    end = put(out, end, 2, count);
    end = put(out, end, 4, directory_size);
    end = put(out, end, 4, at);
    return put(out, end, 2, 0);
}

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
