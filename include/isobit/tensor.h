/* isobit/tensor.h: a dense array with a shape. */
#ifndef ISOBIT_TENSOR_H
#define ISOBIT_TENSOR_H

#include "isobit/context.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ISO_MAX_DIMS 6

typedef enum iso_dtype { ISO_FLOAT32, ISO_INT64, ISO_UINT8 } iso_dtype;

/* Row-major (C-contiguous), in the order PyTorch shows: images are (n, c, h, w). The fields may be
 * read freely; `data` may be written. */
typedef struct iso_tensor {
    iso_dtype dtype;
    int dims;
    int64_t shape[ISO_MAX_DIMS];
    int64_t numel; /* product of the shape */
    void *data;    /* numel elements, 64-byte aligned */
} iso_tensor;

/* A zeroed tensor; NULL on failure (message on the context). Free with iso_tensor_free. */
ISO_API iso_tensor *iso_tensor_new(iso_context *context, iso_dtype dtype, int dims, const int64_t *shape);
ISO_API void iso_tensor_free(iso_context *context, iso_tensor *tensor);

/* Bytes per element. */
ISO_API size_t iso_dtype_size(iso_dtype dtype);
/* "F32", "I64", "U8": the names that safetensors uses. */
ISO_API const char *iso_dtype_name(iso_dtype dtype);

/* The elements of a tensor of this type; the type is not checked. Borrowed. */
static inline float *iso_tensor_f32(const iso_tensor *tensor) {
    return (float *)tensor->data;
}
static inline int64_t *iso_tensor_i64(const iso_tensor *tensor) {
    return (int64_t *)tensor->data;
}
static inline uint8_t *iso_tensor_u8(const iso_tensor *tensor) {
    return (uint8_t *)tensor->data;
}

#ifdef __cplusplus
}
#endif
#endif
