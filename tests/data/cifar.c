/* CIFAR's binary files; tests/oracle/datasets.py compares them with torchvision's. */
#include "data/dataset_files.h"
#include "data/folder.h"
#include "harness/test.h"

#define RECORD 3072

/* `count` records with this many bytes of labels; the value of each byte is a function of its place. */
static bool write_records(const char *path, int count, int labels, int first) {
    static uint8_t bytes[4 * (RECORD + 2)];
    uint8_t *at = bytes;
    for (int i = 0; i < count; i++) {
        if (labels == 2)
            *at++ = 19;
        *at++ = (uint8_t)((first + i) % 10);
        for (int p = 0; p < RECORD; p++)
            *at++ = (uint8_t)(first + i + p / 1024 * 50 + p % 1024);
    }
    return write_bytes(path, bytes, (size_t)(at - bytes));
}

static bool write_classes(const char *path, int count) {
    char text[1000] = "";
    size_t used = 0;
    for (int i = 0; i < count; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "c%d%s", i, i % 2 ? "\r\n" : "\n");
    return write_bytes(path, text, used);
}

ISO_TEST(cifar_files) {
    iso_context *ctx;
    CHECK(iso_context_new(&ctx, &(iso_context_options){.threads = 1}) == ISO_OK);
    char root[512], folder[600], path[700];
    snprintf(root, sizeof root, "%s/cifar", iso_test_directory());
    snprintf(folder, sizeof folder, "%s/cifar-10-batches-bin", root);
    CHECK(mkdir(root, 0777) == 0 && mkdir(folder, 0777) == 0);
    for (int i = 1; i <= 5; i++) {
        snprintf(path, sizeof path, "%s/data_batch_%d.bin", folder, i);
        CHECK(write_records(path, i % 3 + 1, 1, 10 * i));
    }
    iso_dataset *d;
    CHECK_FAILS(ctx, ISO_EIO, "batches.meta.txt", iso_cifar_open(ctx, root, "CIFAR10", true, &d));
    snprintf(path, sizeof path, "%s/batches.meta.txt", folder);
    CHECK(write_classes(path, 9));
    CHECK_FAILS(ctx, ISO_EINVAL, "has 9 names of classes, expected 10", iso_cifar_open(ctx, root, "CIFAR10", true, &d));
    static const char lines[] = "c0 \r\n \nc1\n\nc2\nc3\nc4\nc5\nc6\nc7\nc8\nc9"; /* spaces, blank lines, no newline at the end */
    CHECK(write_bytes(path, lines, sizeof lines - 1));
    CHECK_OK(ctx, iso_cifar_open(ctx, root, "CIFAR10", true, &d));
    CHECK(d->class_count == 10);
    CHECK_STRING("c0", d->classes[0]);
    CHECK_STRING("c9", d->classes[9]);
    iso_dataset_free(d);
    CHECK(write_classes(path, 10));
    for (int where = 0; where < 2; where++) { /* above the folder, or in it */
        CHECK_OK(ctx, iso_cifar_open(ctx, where ? folder : root, "CIFAR10", true, &d));
        CHECK(d->count == 2 + 3 + 1 + 2 + 3 && d->file_count == 6 && d->class_count == 10 && d->channels == 3);
        CHECK_STRING("c9", d->classes[9]);
        CHECK_STRING("data_batch_5.bin", d->files[4].name);
        const iso_image *image = iso_dataset_image(d, 4, NULL, NULL); /* the third of file 2 */
        CHECK(d->labels[4] == 2 && image->w == 32 && image->h == 32);
        for (int p = 0; p < 1024; p++)
            for (int c = 0; c < 3; c++)
                CHECK(image->pixels[3 * p + c] == (uint8_t)(22 + 50 * c + p));
        iso_dataset_free(d);
    }
    snprintf(path, sizeof path, "%s/data_batch_3.bin", folder);
    CHECK(write_records(path, 1, 2, 3));
    CHECK_FAILS(ctx, ISO_EINVAL, "data_batch_3.bin: has 3074 bytes", iso_cifar_open(ctx, root, "CIFAR10", true, &d));
    snprintf(path, sizeof path, "%s/test_batch.bin", folder);
    CHECK(write_records(path, 1, 2, 3));
    CHECK_FAILS(ctx, ISO_EINVAL, "test_batch.bin: has 3074 bytes, expected a multiple of 3073",
                iso_cifar_open(ctx, root, "CIFAR10", false, &d));
    CHECK(write_bytes(path, "", 0));
    CHECK_FAILS(ctx, ISO_EINVAL, "test_batch.bin: has 0 bytes", iso_cifar_open(ctx, root, "CIFAR10", false, &d));
    uint8_t bad[RECORD + 1] = {10};
    CHECK(write_bytes(path, bad, sizeof bad));
    CHECK_FAILS(ctx, ISO_EINVAL, "test_batch.bin: label 0 is 10, expected 0 to 9",
                iso_cifar_open(ctx, root, "CIFAR10", false, &d));
    iso_context_free(ctx);
}

ISO_TEST(cifar100_takes_the_fine_label) {
    iso_context *ctx;
    CHECK(iso_context_new(&ctx, &(iso_context_options){.threads = 1}) == ISO_OK);
    char root[512], path[600];
    snprintf(root, sizeof root, "%s/cifar100", iso_test_directory());
    CHECK(mkdir(root, 0777) == 0);
    snprintf(path, sizeof path, "%s/test.bin", root);
    CHECK(write_records(path, 4, 2, 6));
    snprintf(path, sizeof path, "%s/fine_label_names.txt", root);
    CHECK(write_classes(path, 100));
    iso_dataset *d;
    CHECK_OK(ctx, iso_cifar_open(ctx, root, "CIFAR100", false, &d));
    CHECK(d->count == 4 && d->class_count == 100 && d->labels[0] == 6 && d->labels[3] == 9);
    iso_dataset_free(d);
    iso_context_free(ctx);
}
