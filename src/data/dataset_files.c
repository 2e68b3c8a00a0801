#include "data/dataset_files.h"

#include <string.h>

#include "core/file.h"

#define MAX_FILE ISO_BYTES(34)

char *iso_data_path(iso_context *ctx, const char *root, const char *name) {
    /* torchvision's places for MNIST and FashionMNIST, and what CIFAR's archives unpack to */
    static const char *const places[] = {"", "MNIST/raw", "FashionMNIST/raw", "cifar-10-batches-bin", "cifar-100-binary"};
    for (size_t i = 0; i < ISO_COUNTOF(places); i++) {
        char *directory = iso_path_join(ctx, root, places[i]), *path = directory ? iso_path_join(ctx, directory, name) : NULL;
        iso_free(ctx, directory);
        if (!path || iso_file_exists(ctx, path))
            return path;
        iso_free(ctx, path);
    }
    return iso_path_join(ctx, root, name);
}

iso_dataset *iso_dataset_new(iso_context *ctx, const char *root, int channels) {
    iso_dataset *d = iso_calloc(ctx, 1, sizeof *d);
    if (!d)
        return NULL;
    d->ctx = ctx;
    d->channels = channels;
    if ((d->root = iso_strdup(ctx, root)))
        return d;
    iso_dataset_free(d);
    return NULL;
}

iso_status iso_dataset_give(iso_dataset *d, iso_status status, iso_dataset **out) {
    *out = status ? NULL : d;
    if (status)
        iso_dataset_free(d);
    return status;
}

iso_status iso_dataset_read(iso_dataset *d, const char *name, uint8_t **data, size_t *size) {
    iso_context *ctx = d->ctx;
    *data = NULL;
    char *path = iso_data_path(ctx, d->root, name);
    iso_status status = path ? iso_file_read(ctx, path, MAX_FILE, data, size) : ISO_ENOMEM;
    iso_free(ctx, path);
    if (!status)
        status = iso_grow(ctx, &d->files, &d->file_capacity, d->file_count, d->file_count + 1, sizeof *d->files);
    if (status)
        return status;
    iso_data_file *file = &d->files[d->file_count];
    *file = (iso_data_file){.name = iso_strdup(ctx, name), .size = (int64_t)*size};
    if (!file->name)
        return ISO_ENOMEM;
    iso_blake3(*data, *size, file->digest);
    d->file_count++;
    return ISO_OK;
}

iso_status iso_dataset_add_class(iso_dataset *d, const char *name, size_t size) {
    iso_status status = iso_grow(d->ctx, &d->classes, &d->class_capacity, d->class_count, d->class_count + 1, sizeof *d->classes);
    char *copy = status ? NULL : iso_alloc(d->ctx, size + 1);
    if (!copy)
        return ISO_ENOMEM;
    memcpy(copy, name, size);
    copy[size] = 0;
    d->classes[d->class_count++] = copy;
    return ISO_OK;
}

iso_status iso_dataset_hold(iso_dataset *d, const uint8_t *pixels, int64_t count, int64_t h, int64_t w) {
    iso_context *ctx = d->ctx;
    uint8_t(*digests)[ISO_BLAKE3_SIZE] = iso_alloc_array(ctx, (size_t)count, sizeof *digests);
    d->images = iso_calloc(ctx, (size_t)count, sizeof *d->images);
    d->sizes = iso_calloc(ctx, (size_t)count, sizeof *d->sizes);
    if (!digests || !d->images || !d->sizes) {
        iso_free(ctx, digests);
        return ISO_ENOMEM;
    }
    for (int64_t i = 0; i < count; i++) {
        d->sizes[i] = d->images[i] = (iso_image){.w = w, .h = h, .channels = d->channels};
        d->images[i].pixels = (uint8_t *)pixels + i * h * w * d->channels; /* nothing writes to a data set's images */
        iso_image_digest(&d->images[i], digests[i]);
    }
    iso_blake3(digests, (size_t)count * sizeof *digests, d->pixel_digest);
    iso_free(ctx, digests);
    d->count = (size_t)count;
    return ISO_OK;
}
