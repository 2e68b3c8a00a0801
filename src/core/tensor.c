#include <string.h>

#include "core/context.h"
#include "isobit/tensor.h"

size_t iso_dtype_size(iso_dtype dtype) {
    return dtype == ISO_FLOAT32 ? 4 : dtype == ISO_INT64 ? 8 : 1;
}
const char *iso_dtype_name(iso_dtype dtype) {
    return dtype == ISO_FLOAT32 ? "F32" : dtype == ISO_INT64 ? "I64" : "U8";
}

iso_tensor *iso_tensor_new(iso_context *ctx, iso_dtype dtype, int dims, const int64_t *shape) {
    if (dims < 0 || dims > ISO_MAX_DIMS) {
        iso_fail(ctx, ISO_EINVAL, "a tensor of %d dimensions, expected 0 to %d", dims, ISO_MAX_DIMS);
        return NULL;
    }
    int64_t numel = 1;
    for (int i = 0; i < dims; i++)
        if (shape[i] < 0 || __builtin_mul_overflow(numel, shape[i], &numel)) {
            iso_fail(ctx, ISO_EINVAL, "dimension %d of a tensor is %lld: negative or too large", i, (long long)shape[i]);
            return NULL;
        }
    iso_tensor *tensor = iso_calloc(ctx, 1, sizeof *tensor);
    void *data = tensor ? iso_calloc(ctx, (size_t)numel, iso_dtype_size(dtype)) : NULL;
    if (!data) {
        iso_free(ctx, tensor);
        return NULL;
    }
    tensor->dtype = dtype;
    tensor->dims = dims;
    if (dims)
        memcpy(tensor->shape, shape, (size_t)dims * sizeof *shape);
    tensor->numel = numel;
    tensor->data = data;
    return tensor;
}

void iso_tensor_free(iso_context *ctx, iso_tensor *tensor) {
    if (!tensor)
        return;
    iso_free(ctx, tensor->data);
    iso_free(ctx, tensor);
}
