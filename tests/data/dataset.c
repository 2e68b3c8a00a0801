/* Data sets: order, digests, and every way in which files can be wrong. */
#include "data/dataset.h"

#include <unistd.h>
#include <zlib.h>

#include "data/folder.h"
#include "data/npy.h"
#include "harness/memory.h"
#include "harness/test.h"

static iso_context *new_context(int threads) {
    iso_context *ctx;
    return iso_context_new(&ctx, &(iso_context_options){.threads = threads}) ? NULL : ctx;
}

static char *in(const char *root, const char *name) {
    static char buffers[4][1024];
    static int next;
    char *buffer = buffers[next++ % 4];
    snprintf(buffer, sizeof *buffers, "%s/%s", root, name);
    return buffer;
}

static char *test_root(const char *name) {
    static char buffers[16][512];
    static int next;
    char *buffer = buffers[next++ % 16];
    snprintf(buffer, sizeof *buffers, "%s/%s", iso_test_directory(), name);
    return buffer;
}

/* Makes the directories on the way and puts a small picture there. */
static bool place(iso_context *ctx, const char *root, const char *name, int64_t number) {
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", root, name);
    for (char *slash = strchr(path + strlen(iso_test_directory()) + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        mkdir(path, 0777);
        *slash = '/';
    }
    iso_image image = {0};
    bool ok = made_picture(ctx, 3, 4, 3, number, &image) && write_png(path, &image);
    iso_image_free(ctx, &image);
    return ok;
}

ISO_TEST(folder_has_torchvision_s_order) {
    /* As torchvision.datasets.ImageFolder lists them: directories by full path, then files, both by code points. */
    static const char *const expected[] = {
        "A/1.png",
        "A/10.PNG",
        "A/2.jpg",
        "a/.jpg",
        "a/z.JPEG",
        "a/b/1.png",
        "a/b-c/1.png",
        "a/b/d/1.png",
        "\xc3\xa9/x\x80.png",
        "\xc3\xa9/x\xee\x80\x80.png",
    };
    static const int labels[] = {0, 0, 0, 1, 1, 1, 1, 1, 2, 2};
    iso_context *ctx = new_context(2);
    const char *root = test_root("order");
    for (size_t i = 0; i < ISO_COUNTOF(expected); i++)
        CHECK(place(ctx, root, expected[(i * 7 + 3) % ISO_COUNTOF(expected)], (int64_t)i));
    CHECK(place(ctx, root, "a/notes.txt", 0) && place(ctx, root, "a/png", 0) && place(ctx, root, "README.png", 0));
    iso_dataset *d;
    CHECK_OK(ctx, iso_image_folder_open(ctx, root, &(iso_folder_options){.keep = 1 << 20}, &d));
    CHECK(d->count == ISO_COUNTOF(expected) && d->class_count == 3 && d->channels == 3);
    for (size_t i = 0; i < d->count; i++) {
        /* "a/b-c" < "a/b/d", since the whole path is compared and '-' < '/' */
        CHECK_STRING(expected[i], d->files[i].name);
        CHECK(d->labels[i] == labels[i]);
    }
    CHECK_STRING("\xc3\xa9", d->classes[2]);
    iso_dataset_free(d);
    iso_context_free(ctx);
}

/* Files, sizes and digests are those of the bytes; pixels do not depend on threads or on what is kept. */
ISO_TEST(folder_digests_files_and_pixels) {
    uint8_t first[ISO_BLAKE3_SIZE];
    iso_context *ctx = new_context(1);
    const char *root = test_root("digests");
    for (int i = 0; i < 20; i++) {
        char name[32];
        snprintf(name, sizeof name, "%d/%d.png", i % 2, i);
        CHECK(place(ctx, root, name, i));
    }
    for (int i = 0; i < 6; i++) {
        iso_context *other = new_context(1 + i % 3);
        iso_dataset *d;
        CHECK_OK(other, iso_image_folder_open(other, root, &(iso_folder_options){.keep = i < 2 ? 0 : i < 4 ? 100 : 1 << 20}, &d));
        if (i == 0)
            memcpy(first, d->pixel_digest, sizeof first);
        CHECK(memcmp(first, d->pixel_digest, sizeof first) == 0);
        FILE *file = fopen(in(root, d->files[3].name), "rb");
        uint8_t bytes[4096], digest[ISO_BLAKE3_SIZE];
        size_t size = fread(bytes, 1, sizeof bytes, file);
        fclose(file);
        iso_blake3(bytes, size, digest);
        CHECK((size_t)d->files[3].size == size && memcmp(digest, d->files[3].digest, sizeof digest) == 0);
        iso_image scratch = {0}, made = {0};
        iso_worker_error error = {.status = ISO_OK};
        for (size_t k = 0; k < d->count; k++) {
            const iso_image *image = iso_dataset_image(d, (int64_t)k, &scratch, &error);
            int number;
            CHECK(image && sscanf(d->files[k].name, "%*d/%d", &number) == 1 && made_picture(ctx, 3, 4, 3, number, &made));
            CHECK(image->h == 3 && image->w == 4 && memcmp(image->pixels, made.pixels, 36) == 0);
        }
        iso_image_free(ctx, &made);
        iso_image_free(other, &scratch);
        iso_dataset_free(d);
        iso_context_free(other);
    }
    /* One other pixel, one other digest. */
    iso_dataset *d;
    CHECK(place(ctx, root, "0/0.png", 99));
    CHECK_OK(ctx, iso_image_folder_open(ctx, root, &(iso_folder_options){.keep = 1 << 20}, &d));
    CHECK(memcmp(first, d->pixel_digest, sizeof first) != 0);
    iso_dataset_free(d);
    iso_context_free(ctx);
}

ISO_TEST(folder_names_what_is_wrong) {
    iso_context *ctx = new_context(2);
    iso_dataset *d;
    CHECK_FAILS(ctx, ISO_EIO, "nowhere", iso_image_folder_open(ctx, test_root("nowhere"), &(iso_folder_options){.keep = 0}, &d));
    const char *root = test_root("wrong");
    CHECK(mkdir(root, 0777) == 0);
    CHECK_FAILS(ctx, ISO_EINVAL, "one folder of images per class",
                iso_image_folder_open(ctx, root, &(iso_folder_options){.keep = 0}, &d));
    CHECK(place(ctx, root, "full/1.png", 0));
    CHECK(mkdir(in(root, "void"), 0777) == 0);
    CHECK_FAILS(ctx, ISO_EINVAL, "void", iso_image_folder_open(ctx, root, &(iso_folder_options){.keep = 0}, &d));
    CHECK(place(ctx, root, "void/deep/er/1.png", 0));
    CHECK_OK(ctx, iso_image_folder_open(ctx, root, &(iso_folder_options){.keep = 0}, &d));
    iso_dataset_free(d);

    CHECK(write_bytes(in(root, "full/2.png"), "", 0));
    CHECK_FAILS(ctx, ISO_EINVAL, "full/2.png: the file is empty",
                iso_image_folder_open(ctx, root, &(iso_folder_options){.keep = 0}, &d));
    CHECK(write_bytes(in(root, "full/2.png"), "GIF89a", 6));
    CHECK_FAILS(ctx, ISO_EINVAL, "full/2.png: is a GIF file",
                iso_image_folder_open(ctx, root, &(iso_folder_options){.keep = 0}, &d));
    CHECK(unlink(in(root, "full/2.png")) == 0 && symlink("missing", in(root, "full/2.png")) == 0);
    CHECK_FAILS(ctx, ISO_EIO, "full/2.png", iso_image_folder_open(ctx, root, &(iso_folder_options){.keep = 0}, &d));
    CHECK(unlink(in(root, "full/2.png")) == 0);
    CHECK(symlink("..", in(root, "full/loop")) == 0);
    CHECK_FAILS(ctx, ISO_EINVAL, "link leads back", iso_image_folder_open(ctx, root, &(iso_folder_options){.keep = 0}, &d));
    CHECK(unlink(in(root, "full/loop")) == 0);

    for (int i = 0; i < 25; i++) {
        char name[32];
        snprintf(name, sizeof name, "full/x%02d.png", i);
        CHECK(write_bytes(in(root, name), "nonsense", 8));
    }
    CHECK_FAILS(ctx, ISO_EINVAL, "25", iso_image_folder_open(ctx, root, &(iso_folder_options){.keep = 0}, &d));
    CHECK(strstr(iso_error(ctx), "x00.png") && strstr(iso_error(ctx), "x09.png") && !strstr(iso_error(ctx), "x10.png"));
    CHECK(!strchr(iso_error(ctx), '\n'));
    iso_context_free(ctx);
}

ISO_TEST(damaged_images_are_skipped_if_asked_for) {
    iso_context *ctx = new_context(2);
    const char *root = test_root("skip");
    static const char *const names[] = {"a/1.png", "a/2.png", "a/3.png", "b/1.png", "b/new\nline.png", "c/1.png"};
    for (size_t i = 0; i < ISO_COUNTOF(names); i++)
        CHECK(place(ctx, root, names[i], (int64_t)i));
    CHECK(write_bytes(in(root, "a/1.png"), "nonsense", 8) && write_bytes(in(root, "b/new\nline.png"), "", 0));
    iso_dataset *d;
    CHECK_FAILS(ctx, ISO_EINVAL, "2 images are damaged", iso_image_folder_open(ctx, root, &(iso_folder_options){.keep = 0}, &d));
    CHECK(strstr(iso_error(ctx), "b/new\\x0aline.png: the file is empty") && !strchr(iso_error(ctx), '\n'));
    for (int keep = 0; keep < 2; keep++) {
        iso_folder_options options = {.keep = keep ? 1 << 20 : 0, .skip_bad = true};
        CHECK_OK(ctx, iso_image_folder_open(ctx, root, &options, &d));
        CHECK(d->count == 4 && d->file_count == 4 && d->skipped_count == 2 && d->class_count == 3);
        CHECK_STRING("a/2.png", d->files[0].name);
        CHECK_STRING("c/1.png", d->files[3].name);
        CHECK_STRING("a/1.png", d->skipped[0].name);
        CHECK(d->skipped[0].size == 8 && d->labels[1] == 0 && d->labels[2] == 1 && d->labels[3] == 2);
        iso_image scratch = {0}, expected = {0};
        iso_worker_error error;
        const iso_image *image = iso_dataset_image(d, 3, &scratch, &error);
        CHECK(made_picture(ctx, 3, 4, 3, 5, &expected) && image && memcmp(image->pixels, expected.pixels, 36) == 0);
        iso_image_free(ctx, &scratch);
        iso_image_free(ctx, &expected);
        iso_dataset_free(d);
    }
    CHECK(write_bytes(in(root, "c/1.png"), "nonsense", 8));
    CHECK_FAILS(ctx, ISO_EINVAL, "skip/c: every image of the class is damaged",
                iso_image_folder_open(ctx, root, &(iso_folder_options){.keep = 1 << 20, .skip_bad = true}, &d));
    CHECK(unlink(in(root, "c/1.png")) == 0 && mkfifo(in(root, "c/1.png"), 0666) == 0);
    CHECK_FAILS(ctx, ISO_EIO, "c/1.png", iso_image_folder_open(ctx, root, &(iso_folder_options){.skip_bad = true}, &d));
    iso_context_free(ctx);
}

/* `--long`: 100,000 files (links to one picture), in order, each digested. */
ISO_TEST(a_folder_of_very_many_files) {
    iso_context *ctx = new_context(2);
    const char *root = test_root("many");
    size_t each = iso_test_long() ? 10000 : 200;
    char path[600], first[600];
    CHECK(place(ctx, root, "0/00000.png", 0));
    snprintf(first, sizeof first, "%s/0/00000.png", root);
    for (size_t class = 0; class < 10; class ++) {
        snprintf(path, sizeof path, "%s/%zu", root, class);
        CHECK(class == 0 || mkdir(path, 0777) == 0);
        for (size_t i = class == 0; i < each; i++) {
            snprintf(path, sizeof path, "%s/%zu/%05zu.png", root, class, i);
            CHECK(symlink(first, path) == 0);
        }
    }
    iso_dataset *d;
    CHECK_OK(ctx, iso_image_folder_open(ctx, root, &(iso_folder_options){.keep = 0}, &d));
    CHECK(d->count == 10 * each && d->file_count == d->count && d->class_count == 10);
    for (size_t i = 0; i < d->count; i++) {
        snprintf(path, sizeof path, "%zu/%05zu.png", i / each, i % each);
        CHECK_STRING(path, d->files[i].name);
        CHECK(d->labels[i] == (int64_t)(i / each) && memcmp(d->files[i].digest, d->files[0].digest, ISO_BLAKE3_SIZE) == 0);
    }
    iso_dataset_free(d);
    iso_context_free(ctx);
}

/* ---- idx ---- */

static size_t idx_header(uint8_t *out, int dims, const uint32_t *shape) {
    memcpy(out, (uint8_t[]){0, 0, 8, (uint8_t)dims}, 4);
    for (int i = 0; i < dims; i++)
        for (int b = 0; b < 4; b++)
            out[4 + 4 * i + b] = (uint8_t)(shape[i] >> (24 - 8 * b));
    return 4 + 4 * (size_t)dims;
}

static bool write_gz(const char *path, const void *data, size_t size) {
    gzFile file = gzopen(path, "wb");
    return file && gzwrite(file, data, (unsigned)size) == (int)size && gzclose(file) == Z_OK;
}

ISO_TEST(idx_files_plain_and_packed) {
    enum { N = 7, H = 5, W = 6 };
    uint8_t images[16 + N * H * W], labels[8 + N];
    size_t at = idx_header(images, 3, (uint32_t[]){N, H, W}), label_at = idx_header(labels, 1, (uint32_t[]){N});
    for (size_t i = at; i < sizeof images; i++)
        images[i] = (uint8_t)iso_test_random();
    for (size_t i = label_at; i < sizeof labels; i++)
        labels[i] = (uint8_t)(i % 10);
    iso_context *ctx = new_context(1);
    uint8_t digest[ISO_BLAKE3_SIZE];
    for (int packed = 0; packed < 2; packed++) {
        const char *root = test_root(packed ? "packed" : "plain");
        iso_dataset *d;
        CHECK(mkdir(root, 0777) == 0);
        if (packed) {
            CHECK(mkdir(in(root, "FashionMNIST"), 0777) == 0 && mkdir(in(root, "FashionMNIST/raw"), 0777) == 0);
            CHECK(write_gz(in(root, "FashionMNIST/raw/train-images-idx3-ubyte.gz"), images, sizeof images));
            CHECK(write_gz(in(root, "FashionMNIST/raw/train-labels-idx1-ubyte.gz"), labels, sizeof labels));
        } else {
            CHECK(write_bytes(in(root, "train-images-idx3-ubyte"), images, sizeof images));
            CHECK(write_bytes(in(root, "train-labels-idx1-ubyte"), labels, sizeof labels));
        }
        CHECK_FAILS(ctx, ISO_EIO, "t10k-images-idx3-ubyte", iso_idx_open(ctx, root, "FashionMNIST", false, &d));
        CHECK_OK(ctx, iso_idx_open(ctx, root, "FashionMNIST", true, &d));
        CHECK(d->count == N && d->channels == 1 && d->class_count == 10 && d->file_count == 2);
        CHECK_STRING("Ankle boot", d->classes[9]);
        for (int i = 0; i < N; i++) {
            iso_worker_error error;
            const iso_image *image = iso_dataset_image(d, i, NULL, &error);
            CHECK(image && image->w == W && image->h == H && image->channels == 1);
            CHECK(memcmp(image->pixels, images + at + (size_t)i * H * W, H * W) == 0 &&
                  d->labels[i] == labels[label_at + (size_t)i]);
        }
        if (packed)
            CHECK(memcmp(digest, d->pixel_digest, sizeof digest) == 0);
        memcpy(digest, d->pixel_digest, sizeof digest);
        iso_dataset_free(d);
    }
    iso_context_free(ctx);
}

/* Every allocation in turn fails; zlib wants its window only for what one call does not unpack to the end. */
static bool runs_out_of_memory(const char *root, const char *message) {
    iso_test_memory memory = {.left = ISO_TEST_PLENTY};
    iso_allocator allocator = iso_test_allocator(&memory);
    iso_context *ctx;
    iso_dataset *d;
    iso_status status = ISO_ENOMEM;
    if (iso_context_new(&ctx, &(iso_context_options){.threads = 1, .allocator = &allocator}))
        return false;
    int n = 0;
    for (; status == ISO_ENOMEM && n < 100; n++) {
        atomic_store(&memory.left, n);
        status = iso_idx_open(ctx, root, "MNIST", false, &d);
    }
    bool ok = status == ISO_EINVAL && n > 10 && strstr(iso_error(ctx), message);
    atomic_store(&memory.left, ISO_TEST_PLENTY);
    iso_context_free(ctx);
    return ok;
}

ISO_TEST(idx_files_that_are_damaged) {
    uint8_t images[16 + 8], labels[8 + 2];
    size_t at = idx_header(images, 3, (uint32_t[]){2, 2, 2});
    idx_header(labels, 1, (uint32_t[]){2});
    memset(images + at, 7, 8);
    labels[8] = 1;
    labels[9] = 9;
    iso_context *ctx = new_context(1);
    const char *root = test_root("damaged");
    iso_dataset *d;
    CHECK(mkdir(root, 0777) == 0);
    char *image_path = in(root, "t10k-images-idx3-ubyte"), *label_path = in(root, "t10k-labels-idx1-ubyte");
    CHECK(write_bytes(label_path, labels, sizeof labels));
    for (size_t size = 0; size < sizeof images; size++) {
        CHECK(write_bytes(image_path, images, size));
        CHECK_FAILS(ctx, ISO_EINVAL, "t10k-images", iso_idx_open(ctx, root, "MNIST", false, &d));
    }
    CHECK(write_bytes(image_path, images, sizeof images));
    CHECK_OK(ctx, iso_idx_open(ctx, root, "MNIST", false, &d));
    iso_dataset_free(d);
    static const struct {
        int at, value;
        const char *message;
    } changes[] = {{0, 1, "is no idx file of 3 dimensions of bytes"},
                   {0, 0x1f, "is no idx file of 3 dimensions of bytes"},
                   {1, 1, "is no idx file of 3 dimensions of bytes"},
                   {2, 9, "is no idx file of 3 dimensions of bytes"},
                   {3, 2, "is no idx file of 3 dimensions of bytes"},
                   {7, 0, "dimension 0 is 0"},
                   {15, 0, "dimension 2 is 0"},
                   {15, 3, "has 24 bytes, its header promises 28"},
                   {4, 1, "has 24 bytes, its header promises 67108888"}};
    for (size_t i = 0; i < ISO_COUNTOF(changes); i++) {
        uint8_t before = images[changes[i].at];
        images[changes[i].at] = (uint8_t)changes[i].value;
        CHECK(write_bytes(image_path, images, sizeof images));
        CHECK_FAILS(ctx, ISO_EINVAL, changes[i].message, iso_idx_open(ctx, root, "MNIST", false, &d));
        images[changes[i].at] = before;
    }
    /* More than can be: the product alone, and with the header, 2^64 - 1 = 4294967295 * 641 * 6700417. */
    static const uint32_t huge[][3] = {{UINT32_MAX, UINT32_MAX, UINT32_MAX}, {UINT32_MAX, 641, 6700417}};
    char message[80];
    snprintf(message, sizeof message, "has 24 bytes, its header promises %zu", SIZE_MAX);
    for (int i = 0; i < 2; i++) {
        idx_header(images, 3, huge[i]);
        CHECK(write_bytes(image_path, images, sizeof images));
        CHECK_FAILS(ctx, ISO_EINVAL, message, iso_idx_open(ctx, root, "MNIST", false, &d));
    }
    idx_header(images, 3, (uint32_t[]){2, 2, 2});
    CHECK(write_bytes(image_path, images, sizeof images));
    labels[9] = 10;
    CHECK(write_bytes(label_path, labels, sizeof labels));
    CHECK_FAILS(ctx, ISO_EINVAL, "t10k-labels", iso_idx_open(ctx, root, "MNIST", false, &d));
    idx_header(labels, 1, (uint32_t[]){1});
    CHECK(write_bytes(label_path, labels, 9));
    CHECK_FAILS(ctx, ISO_EINVAL, "labels", iso_idx_open(ctx, root, "MNIST", false, &d));

    /* A packed file, cut anywhere. */
    CHECK(unlink(image_path) == 0);
    labels[7] = 2;
    labels[9] = 0;
    CHECK(write_bytes(label_path, labels, sizeof labels));
    char *packed_path = in(root, "t10k-images-idx3-ubyte.gz");
    CHECK(write_gz(packed_path, images, sizeof images));
    uint8_t packed[256];
    FILE *file = fopen(packed_path, "rb");
    size_t size = fread(packed, 1, sizeof packed, file);
    fclose(file);
    CHECK_OK(ctx, iso_idx_open(ctx, root, "MNIST", false, &d));
    iso_dataset_free(d);
    for (size_t cut = 0; cut < size; cut++) {
        CHECK(write_bytes(packed_path, packed, cut));
        CHECK_FAILS(ctx, ISO_EINVAL, "t10k-images", iso_idx_open(ctx, root, "MNIST", false, &d));
    }
    packed[20] ^= 1;
    CHECK(write_bytes(packed_path, packed, size));
    CHECK_FAILS(ctx, ISO_EINVAL, "damaged gzip file", iso_idx_open(ctx, root, "MNIST", false, &d));

    /* One that unpacks to far more than its header promises is not unpacked to its end. */
    size_t large = (size_t)40 << 20;
    uint8_t *bomb = calloc(large, 1);
    memcpy(bomb, images, sizeof images);
    CHECK(write_gz(packed_path, bomb, large));
    free(bomb);
    CHECK_FAILS(ctx, ISO_EINVAL, "has 8388608 bytes, its header promises 24", iso_idx_open(ctx, root, "MNIST", false, &d));
    CHECK(runs_out_of_memory(root, "has 8388608 bytes, its header promises 24"));
    iso_context_free(ctx);
}

ISO_TEST(npy_is_what_numpy_writes) {
    /* numpy.save of numpy.array([[1, 2, 3]], dtype=numpy.float32) */
    static const char header[] = "\x93NUMPY\x01\x00\x76\x00{'descr': '<f4', 'fortran_order': False, 'shape': (1, 3), }";
    iso_context *ctx = new_context(1);
    iso_tensor *x = iso_tensor_new(ctx, ISO_FLOAT32, 2, (int64_t[]){1, 3});
    for (int i = 0; i < 3; i++)
        iso_tensor_f32(x)[i] = (float)(i + 1);
    const char *path = test_root("x.npy");
    CHECK_OK(ctx, iso_npy_write(ctx, path, x));
    uint8_t bytes[256] = {0}, expected[140];
    FILE *file = fopen(path, "rb");
    size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    memset(expected, ' ', 128);
    memcpy(expected, header, sizeof header - 1);
    expected[127] = '\n';
    memcpy(expected + 128, x->data, 12);
    CHECK(size == sizeof expected && memcmp(bytes, expected, size) == 0);
    CHECK_FAILS(ctx, ISO_EIO, "nowhere", iso_npy_write(ctx, test_root("nowhere/x.npy"), x));
    iso_tensor_free(ctx, x);
    iso_context_free(ctx);
}
