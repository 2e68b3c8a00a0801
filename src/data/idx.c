/* MNIST's idx files: http://yann.lecun.com/exdb/mnist/ (big-endian sizes, then bytes). Plain or gzipped. */
#include <string.h>

#include "core/file.h"
#include "data/inflate.h"
#include "data/dataset_files.h"

static size_t header_size(int dims) {
    return 4 + 4 * (size_t)dims;
}

static int64_t big_endian(const uint8_t *p) {
    return (int64_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
}

/* The size of a file that begins like this one; SIZE_MAX if its header is not there yet, or promises more than can be. */
static size_t promised_size(const uint8_t *data, size_t size, int dims) {
    size_t total = 1;
    bool fits = size >= header_size(dims);
    for (int i = 0; i < dims && fits; i++)
        fits = !__builtin_mul_overflow(total, (size_t)big_endian(data + 4 + 4 * i), &total);
    return fits && !__builtin_add_overflow(total, header_size(dims), &total) ? total : SIZE_MAX;
}

/* Unpacks gzip in memory, up to some bytes more than the header promises. */
static iso_status unpack(iso_context *ctx, const char *path, int dims, uint8_t **data, size_t *size) {
    z_stream stream = {.zalloc = NULL};
    uint8_t *out = NULL;
    size_t capacity = 0, used = 0, taken = 0;
    if (iso_inflate_begin(ctx, &stream, 16 + MAX_WBITS) != Z_OK)
        return ISO_ENOMEM;
    int result = Z_OK;
    iso_status status = ISO_OK;
    while (result == Z_OK && used <= promised_size(out, used, dims)) {
        if (used == capacity && (status = iso_grow(ctx, &out, &capacity, used, capacity + ((size_t)8 << 20), 1)))
            break;
        uInt in = (uInt)iso_min64((int64_t)(*size - taken), 1 << 30), room = (uInt)iso_min64((int64_t)(capacity - used), 1 << 30);
        stream.next_in = *data + taken;
        stream.avail_in = in;
        stream.next_out = out + used;
        stream.avail_out = room;
        result = inflate(&stream, Z_NO_FLUSH);
        taken += in - stream.avail_in;
        used += room - stream.avail_out;
    }
    inflateEnd(&stream);
    if (result == Z_MEM_ERROR)
        status = ISO_ENOMEM;
    if (!status && result != Z_STREAM_END && result != Z_OK)
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

/* Reads one file, plain or else gzipped, and checks its header for `dims` dimensions of bytes. */
static iso_status read_idx(iso_dataset *d, const char *file, int dims, uint8_t **data, int64_t shape[3]) {
    iso_context *ctx = d->ctx;
    size_t size = 0;
    *data = NULL;
    char *packed = iso_sprintf(ctx, "%s.gz", file), *path = iso_data_path(ctx, d->root, file);
    if (path && packed && !iso_file_exists(ctx, path)) {
        iso_free(ctx, path);
        path = iso_data_path(ctx, d->root, packed);
    }
    iso_status status = path && packed ? ISO_OK : ISO_ENOMEM;
    if (!status && !iso_file_exists(ctx, path))
        status =
            iso_fail(ctx, ISO_EIO, "%s: there is neither %s nor %s, nor in MNIST/raw or FashionMNIST/raw", d->root, file, packed);
    if (!status)
        status = iso_dataset_read(d, iso_path_name(path), data, &size);
    if (!status && size >= 2 && (*data)[0] == 0x1f && (*data)[1] == 0x8b)
        status = unpack(ctx, path, dims, data, &size);
    if (!status && (size < header_size(dims) || (*data)[0] || (*data)[1] || (*data)[2] != 8 || (*data)[3] != dims))
        status = iso_fail(ctx, ISO_EINVAL, "%s: is no idx file of %d dimensions of bytes", path, dims);
    for (int i = 0; i < dims && !status; i++) {
        shape[i] = big_endian(*data + 4 + 4 * i);
        if (shape[i] < 1)
            status = iso_fail(ctx, ISO_EINVAL, "%s: dimension %d is %lld, expected 1 or more", path, i, (long long)shape[i]);
    }
    size_t promised = status ? 0 : promised_size(*data, size, dims);
    if (!status && size != promised)
        status = iso_fail(ctx, ISO_EINVAL, "%s: has %zu bytes, its header promises %zu", path, size, promised);
    iso_free(ctx, packed);
    iso_free(ctx, path);
    return status;
}

static iso_status open_idx(iso_dataset *d, bool train) {
    iso_context *ctx = d->ctx;
    int64_t image_shape[3], label_shape[3];
    uint8_t *labels = NULL;
    iso_status status = read_idx(d, train ? "train-images-idx3-ubyte" : "t10k-images-idx3-ubyte", 3, &d->bytes, image_shape);
    if (!status)
        status = read_idx(d, train ? "train-labels-idx1-ubyte" : "t10k-labels-idx1-ubyte", 1, &labels, label_shape);
    if (!status && image_shape[0] != label_shape[0])
        status = iso_fail(ctx, ISO_EINVAL, "%s: %lld images, but %lld labels", d->root, (long long)image_shape[0],
                          (long long)label_shape[0]);
    if (!status && !(d->labels = iso_alloc_array(ctx, (size_t)image_shape[0], sizeof *d->labels)))
        status = ISO_ENOMEM;
    for (int64_t i = 0; !status && i < image_shape[0]; i++) {
        if (labels[8 + i] >= d->class_count)
            status = iso_fail(ctx, ISO_EINVAL, "%s/%s: label %lld is %d, expected 0 to 9", d->root, d->files[1].name,
                              (long long)i, labels[8 + i]);
        d->labels[i] = labels[8 + i];
    }
    if (!status)
        status = iso_dataset_hold(d, d->bytes + 16, image_shape[0], image_shape[1], image_shape[2]);
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
    iso_dataset *d = *out = iso_dataset_new(ctx, root, 1);
    if (!d)
        return ISO_ENOMEM;
    iso_status status = ISO_OK;
    for (int i = 0; i < 10 && !status; i++)
        status = iso_dataset_add_class(d, classes[i], strlen(classes[i]));
    if (!status)
        status = open_idx(d, train);
    return iso_dataset_give(d, status, out);
}
