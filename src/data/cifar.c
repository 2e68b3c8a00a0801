/* CIFAR's binary files: https://www.cs.toronto.edu/~kriz/cifar.html. A record is one label (CIFAR-100: coarse and fine) and the
 * red, the green and the blue bytes of 32 x 32 pixels. They hold what torchvision reads from the Python version, in the same
 * order. */
#include <string.h>

#include "data/dataset_files.h"

#define SIDE   32
#define PIXELS (SIDE * SIDE)

struct version {
    const char *name, *classes, *train[5], *test;
    int train_files, labels; /* labels: bytes before the pixels, of which the last counts */
    size_t class_count;
};
static const struct version versions[] = {
    {"CIFAR10",
     "batches.meta.txt",
     {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"},
     "test_batch.bin",
     5,
     1,
     10},
    {"CIFAR100", "fine_label_names.txt", {"train.bin"}, "test.bin", 1, 2, 100},
};

/* One name a line. */
static iso_status read_classes(iso_dataset *d, const struct version *v) {
    uint8_t *data;
    size_t size = 0;
    iso_status status = iso_dataset_read(d, v->classes, &data, &size);
    for (size_t at = 0; at < size && !status;) {
        const uint8_t *end = memchr(data + at, '\n', size - at);
        size_t length = end ? (size_t)(end - data) - at : size - at, name = length;
        while (name && (data[at + name - 1] == '\r' || data[at + name - 1] == ' '))
            name--;
        if (name)
            status = iso_dataset_add_class(d, (const char *)data + at, name);
        at += length + 1;
    }
    if (!status && d->class_count != v->class_count)
        status = iso_fail(d->ctx, ISO_EINVAL, "%s/%s: has %zu names of classes, expected %zu", d->root, v->classes,
                          d->class_count, v->class_count);
    iso_free(d->ctx, data);
    return status;
}

/* Appends the records of one file, pixels interleaved. */
static iso_status read_records(iso_dataset *d, const struct version *v, const char *name, size_t *capacity,
                               size_t *labels_capacity) {
    iso_context *ctx = d->ctx;
    uint8_t *data;
    size_t size = 0, record = (size_t)v->labels + 3 * PIXELS;
    iso_status status = iso_dataset_read(d, name, &data, &size);
    if (!status && (size == 0 || size % record))
        status =
            iso_fail(ctx, ISO_EINVAL, "%s/%s: has %zu bytes, expected a multiple of %zu, the size of an image with its label",
                     d->root, name, size, record);
    size_t count = status ? 0 : size / record;
    if (!status)
        status = iso_grow(ctx, &d->bytes, capacity, d->count * 3 * PIXELS, (d->count + count) * 3 * PIXELS, 1);
    if (!status)
        status = iso_grow(ctx, &d->labels, labels_capacity, d->count, d->count + count, sizeof *d->labels);
    for (size_t i = 0; i < count && !status; i++) {
        const uint8_t *from = data + i * record + v->labels;
        uint8_t *to = d->bytes + (d->count + i) * 3 * PIXELS;
        if (from[-1] >= v->class_count)
            status = iso_fail(ctx, ISO_EINVAL, "%s/%s: label %zu is %d, expected 0 to %zu", d->root, name, i, from[-1],
                              v->class_count - 1);
        d->labels[d->count + i] = from[-1];
        for (int p = 0; p < PIXELS; p++, to += 3)
            to[0] = from[p], to[1] = from[PIXELS + p], to[2] = from[2 * PIXELS + p];
    }
    d->count += count;
    iso_free(ctx, data);
    return status;
}

iso_status iso_cifar_open(iso_context *ctx, const char *root, const char *name, bool train, iso_dataset **out) {
    const struct version *v = &versions[strcmp(name, "CIFAR100") == 0];
    iso_dataset *d = *out = iso_dataset_new(ctx, root, 3);
    size_t capacity = 0, labels_capacity = 0;
    if (!d)
        return ISO_ENOMEM;
    iso_status status = ISO_OK;
    for (int i = 0; i < (train ? v->train_files : 1) && !status; i++)
        status = read_records(d, v, train ? v->train[i] : v->test, &capacity, &labels_capacity);
    if (!status)
        status = read_classes(d, v);
    if (!status)
        status = iso_dataset_hold(d, d->bytes, (int64_t)d->count, SIDE, SIDE);
    return iso_dataset_give(d, status, out);
}
