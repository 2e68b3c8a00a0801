/* Images and labels in NumPy's arrays: two .npy files, or one .npz file. */
#include <string.h>

#include "data/dataset_files.h"
#include "data/npy.h"

#define MAX_CLASSES (1 << 16)

/* The array of a .npy file, or that of a .npz file under this name. *bytes is what it lies in, to be freed by the caller. */
static iso_status read_array(iso_dataset *d, const char *file, const char *key, uint8_t **bytes, iso_npy *array) {
    iso_context *ctx = d->ctx;
    size_t size, length = strlen(file);
    bool archive = length > 4 && strcmp(file + length - 4, ".npz") == 0;
    iso_status status = iso_dataset_read(d, file, bytes, &size);
    if (!status && archive) {
        uint8_t *packed = *bytes;
        status = iso_npz_member(ctx, file, packed, size, key, bytes, &size);
        iso_free(ctx, packed);
    }
    char *name = status ? NULL : archive ? iso_sprintf(ctx, "%s[%s]", file, key) : iso_strdup(ctx, file);
    if (!status)
        status = name ? iso_npy_parse(ctx, name, *bytes, size, array) : ISO_ENOMEM;
    if (!status && array->fortran_order && array->dims > 1)
        status = iso_fail(ctx, ISO_EINVAL, "%s: is in Fortran's order, expected C's: save np.ascontiguousarray(...)", name);
    iso_free(ctx, name);
    return status;
}

static int64_t integer(const iso_npy *array, int64_t i) {
    const uint8_t *p = array->data + i * array->width;
    uint64_t value = 0;
    for (int byte = 0; byte < array->width; byte++)
        value |= (uint64_t)p[array->big_endian ? array->width - 1 - byte : byte] << 8 * byte;
    if (array->kind == 'i' && array->width < 8 && value >> (8 * array->width - 1))
        value -= (uint64_t)1 << 8 * array->width;
    return (int64_t)value;
}

static iso_status take_labels(iso_dataset *d, const iso_npy_source *source, const iso_npy *labels, int64_t count) {
    iso_context *ctx = d->ctx;
    const char *name = source->labels ? source->labels : source->images;
    int64_t most = 0, classes = source->num_classes;
    if (labels->dims != 1 || (labels->kind != 'i' && labels->kind != 'u'))
        return iso_fail(ctx, ISO_EINVAL, "%s/%s: the labels have %d dimensions of type '%c', expected one of whole numbers",
                        d->root, name, labels->dims, labels->kind);
    if (labels->count != count)
        return iso_fail(ctx, ISO_EINVAL, "%s/%s: %lld labels, but %lld images", d->root, name, (long long)labels->count,
                        (long long)count);
    if (!(d->labels = iso_alloc_array(ctx, (size_t)count, sizeof *d->labels)))
        return ISO_ENOMEM;
    for (int64_t i = 0; i < count; i++) {
        int64_t label = integer(labels, i), limit = classes ? classes : MAX_CLASSES;
        if (label < 0 || label >= limit)
            return iso_fail(ctx, ISO_EINVAL, "%s/%s: label %lld is %lld, expected 0 to %lld", d->root, name, (long long)i,
                            (long long)label, (long long)limit - 1);
        d->labels[i] = (int32_t)label;
        most = iso_max64(most, label);
    }
    iso_status status = ISO_OK;
    for (int64_t i = 0; i < (classes ? classes : most + 1) && !status; i++) {
        char *text = iso_sprintf(ctx, "%lld", (long long)i);
        status = text ? iso_dataset_add_class(d, text, strlen(text)) : ISO_ENOMEM;
        iso_free(ctx, text);
    }
    return status;
}

static iso_status take_images(iso_dataset *d, const iso_npy_source *source, const iso_npy *images) {
    int64_t channels = images->dims == 4 ? images->shape[3] : 1;
    bool fits = (images->dims == 3 || images->dims == 4) && (channels == 1 || channels == 3) && images->count > 0;
    if (images->kind != 'u' || images->width != 1 || !fits)
        return iso_fail(d->ctx, ISO_EINVAL,
                        "%s/%s: the images have %d dimensions of type '%c%d', expected uint8 of shape (n, h, w), (n, h, w, 1) or "
                        "(n, h, w, 3), at least one",
                        d->root, source->images, images->dims, images->kind, images->width);
    d->channels = (int)channels;
    return iso_dataset_hold(d, images->data, images->shape[0], images->shape[1], images->shape[2]);
}

iso_status iso_numpy_open(iso_context *ctx, const char *root, const iso_npy_source *source, iso_dataset **out) {
    iso_dataset *d = *out = iso_dataset_new(ctx, root, 1);
    uint8_t *bytes = NULL;
    iso_npy images, labels;
    if (!d)
        return ISO_ENOMEM;
    iso_status status = read_array(d, source->images, source->x, &d->bytes, &images);
    if (!status)
        status = read_array(d, source->labels ? source->labels : source->images, source->y, &bytes, &labels);
    if (!status && !source->labels)
        iso_free(ctx, d->files[--d->file_count].name); /* one file, read twice */
    if (!status)
        status = take_images(d, source, &images);
    if (!status)
        status = take_labels(d, source, &labels, images.shape[0]);
    iso_free(ctx, bytes);
    return iso_dataset_give(d, status, out);
}
