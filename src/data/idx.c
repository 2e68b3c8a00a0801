/* MNIST's idx files: http://yann.lecun.com/exdb/mnist/ (big-endian sizes, then bytes). Plain or gzipped. */
#include <string.h>
#include <zlib.h>

#include "core/file.h"
#include "data/dataset.h"

#define MAX_IDX ((size_t)1 << 32)

/* The path of one file of the four, wherever it lies. */
static iso_status find(iso_context *ctx, const char *root, const char *name, const char *file, char **path) {
    for (int i = 0; i < 4; i++) {
        *path = i < 2 ? iso_sprintf(ctx, "%s/%s%s", root, file, i ? ".gz" : "")
                      : iso_sprintf(ctx, "%s/%s/raw/%s%s", root, name, file, i > 2 ? ".gz" : "");
        if (!*path)
            return ISO_ENOMEM;
        if (iso_file_exists(*path))
            return ISO_OK;
        iso_free(ctx, *path);
    }
    return iso_fail(ctx, ISO_EIO, "%s: there is neither %s nor %s.gz, nor in %s/raw", root, file, file, name);
}

/* Unpacks gzip in memory. */
static iso_status unpack(iso_context *ctx, const char *path, uint8_t **data, size_t *size) {
    z_stream stream = {.next_in = *data, .avail_in = (uInt)*size};
    uint8_t *out = NULL;
    size_t capacity = 0, used = 0;
    if (*size > UINT32_MAX || inflateInit2(&stream, 16 + MAX_WBITS) != Z_OK)
        return iso_fail(ctx, ISO_EINVAL, "%s: is no gzip file", path);
    int result = Z_OK;
    iso_status status = ISO_OK;
    while (result == Z_OK && !status) {
        if (used == capacity && !(status = iso_grow(ctx, &out, &capacity, used, capacity + ((size_t)8 << 20), 1)) && used > MAX_IDX)
            status = iso_fail(ctx, ISO_EINVAL, "%s: unpacks to more than any idx file", path);
        if (status)
            break;
        stream.next_out = out + used;
        stream.avail_out = (uInt)(capacity - used < UINT32_MAX ? capacity - used : UINT32_MAX);
        size_t room = stream.avail_out;
        result = inflate(&stream, Z_NO_FLUSH);
        used += room - stream.avail_out;
    }
    inflateEnd(&stream);
    if (!status && result != Z_STREAM_END)
        status = iso_fail(ctx, ISO_EINVAL, "%s: damaged gzip file", path);
    if (status) {
        iso_free(ctx, out);
        return status;
    }
    iso_free(ctx, *data);
    *data = out;
    *size = used;
    return ISO_OK;
}

static int64_t big_endian(const uint8_t *p) { return (int64_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3]; }

/* Reads one file, checks its header for `dims` dimensions of bytes, and notes it in the data set. */
static iso_status read_idx(iso_dataset *d, const char *name, const char *file, int dims, uint8_t **data, int64_t shape[3]) {
    iso_context *ctx = d->ctx;
    size_t size;
    *data = NULL;
    char *path;
    iso_status status = find(ctx, d->root, name, file, &path);
    if (status)
        return status;
    status = iso_file_read(ctx, path, MAX_IDX, data, &size);
    if (!status) {
        iso_data_file *entry = &d->files[d->file_count];
        entry->size = (int64_t)size;
        iso_blake3(*data, size, entry->digest);
        if (!(entry->name = iso_strdup(ctx, iso_path_name(path))))
            status = ISO_ENOMEM;
        else
            d->file_count++;
    }
    if (!status && size >= 2 && (*data)[0] == 0x1f && (*data)[1] == 0x8b)
        status = unpack(ctx, path, data, &size);
    size_t header = 4 + 4 * (size_t)dims;
    if (!status && (size < header || (*data)[0] || (*data)[1] || (*data)[2] != 8 || (*data)[3] != dims))
        status = iso_fail(ctx, ISO_EINVAL, "%s: is no idx file of %d dimensions of bytes", path, dims);
    int64_t total = 1;
    for (int i = 0; i < dims && !status; i++) {
        shape[i] = big_endian(*data + 4 + 4 * i);
        if (shape[i] < 1 || __builtin_mul_overflow(total, shape[i], &total))
            status = iso_fail(ctx, ISO_EINVAL, "%s: dimension %d is %lld", path, i, (long long)shape[i]);
    }
    if (!status && size != header + (size_t)total)
        status = iso_fail(ctx, ISO_EINVAL, "%s: has %zu bytes, its header promises %zu", path, size, header + (size_t)total);
    iso_free(ctx, path);
    return status;
}

static iso_status digest_all(iso_dataset *d, size_t count) {
    uint8_t (*digests)[ISO_BLAKE3_SIZE] = iso_alloc_array(d->ctx, count, sizeof *digests);
    if (!digests)
        return ISO_ENOMEM;
    for (size_t i = 0; i < count; i++)
        iso_image_digest(&d->images[i], digests[i]);
    iso_blake3(digests, count * sizeof *digests, d->pixel_digest);
    iso_free(d->ctx, digests);
    d->count = count;
    return ISO_OK;
}

static iso_status open_idx(iso_dataset *d, const char *name, bool train) {
    iso_context *ctx = d->ctx;
    int64_t image_shape[3], label_shape[3];
    uint8_t *labels = NULL;
    if (!(d->files = iso_calloc(ctx, 2, sizeof *d->files)))
        return ISO_ENOMEM;
    iso_status status = read_idx(d, name, train ? "train-images-idx3-ubyte" : "t10k-images-idx3-ubyte", 3, &d->bytes, image_shape);
    if (!status)
        status = read_idx(d, name, train ? "train-labels-idx1-ubyte" : "t10k-labels-idx1-ubyte", 1, &labels, label_shape);
    if (!status && image_shape[0] != label_shape[0])
        status = iso_fail(ctx, ISO_EINVAL, "%s: %lld images, but %lld labels", d->root, (long long)image_shape[0], (long long)label_shape[0]);
    size_t count = status ? 0 : (size_t)image_shape[0];
    if (!status) {
        d->labels = iso_alloc_array(ctx, count, sizeof *d->labels);
        d->images = iso_calloc(ctx, count, sizeof *d->images);
        d->sizes = iso_calloc(ctx, count, sizeof *d->sizes);
        status = d->labels && d->images && d->sizes ? ISO_OK : ISO_ENOMEM;
    }
    for (size_t i = 0; i < count && !status; i++) {
        if (labels[8 + i] >= d->class_count)
            status = iso_fail(ctx, ISO_EINVAL, "%s/%s: label %zu is %d, expected 0 to 9", d->root, d->files[1].name, i, labels[8 + i]);
        d->labels[i] = labels[8 + i];
        d->images[i] = (iso_image){.w = image_shape[2], .h = image_shape[1], .channels = 1,
                                   .pixels = d->bytes + 16 + i * (size_t)(image_shape[1] * image_shape[2])};
        d->sizes[i] = (iso_image){.w = image_shape[2], .h = image_shape[1], .channels = 1};
    }
    if (!status)
        status = digest_all(d, count);
    iso_free(ctx, labels);
    return status;
}

/* As torchvision names the classes. */
static const char *const digits[10] = {"0 - zero", "1 - one", "2 - two",   "3 - three", "4 - four",
                                       "5 - five", "6 - six", "7 - seven", "8 - eight", "9 - nine"};
static const char *const clothes[10] = {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
                                        "Sandal",      "Shirt",   "Sneaker",  "Bag",   "Ankle boot"};

iso_status iso_idx_open(iso_context *ctx, const char *root, const char *name, bool train, iso_dataset **out) {
    const char *const *classes = strcmp(name, "FashionMNIST") == 0 ? clothes : digits;
    *out = NULL;
    iso_dataset *d = iso_calloc(ctx, 1, sizeof *d);
    if (!d)
        return ISO_ENOMEM;
    d->ctx = ctx;
    d->channels = 1;
    d->root = iso_strdup(ctx, root);
    d->classes = iso_calloc(ctx, 10, sizeof *d->classes);
    iso_status status = d->root && d->classes ? ISO_OK : ISO_ENOMEM;
    for (; d->classes && d->class_count < 10 && !status; d->class_count++)
        if (!(d->classes[d->class_count] = iso_strdup(ctx, classes[d->class_count])))
            status = ISO_ENOMEM;
    if (!status)
        status = open_idx(d, name, train);
    if (status) {
        iso_dataset_free(d);
        return status;
    }
    *out = d;
    return ISO_OK;
}
