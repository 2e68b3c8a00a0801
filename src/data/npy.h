/* NumPy's .npy and .npz files: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html. */
#ifndef ISO_DATA_NPY_H
#define ISO_DATA_NPY_H

#include "core/context.h"
#include "isobit/tensor.h"

/* Writes a tensor (float32, int64, uint8) atomically, as version 1.0; numpy.load reads it. */
iso_status iso_npy_write(iso_context *ctx, const char *path, const iso_tensor *tensor);

/* An array in the bytes of a .npy file. */
typedef struct iso_npy {
    char kind; /* NumPy's: 'b' bool, 'u' and 'i' whole numbers, 'f' floating point */
    int width; /* bytes of an element */
    bool big_endian, fortran_order;
    int dims;
    int64_t shape[ISO_MAX_DIMS], count; /* count: of elements */
    const uint8_t *data;                /* inside of the file's bytes; not aligned */
} iso_npy;

/* Versions 1.0 to 3.0. `name` is for messages. ISO_EINVAL for anything but an array of numbers whose data are there to the last
 * byte, and nothing behind them. */
iso_status iso_npy_parse(iso_context *ctx, const char *name, const uint8_t *bytes, size_t size, iso_npy *array);

/* The member `key` (as numpy.savez names it, without .npy) of a .npz file's bytes, stored or deflated: allocated, to be freed by
 * the caller. ISO_EINVAL if there is none, with the names that there are, or if it is damaged. */
iso_status iso_npz_member(iso_context *ctx, const char *name, const uint8_t *bytes, size_t size, const char *key, uint8_t **data,
                          size_t *data_size);

#endif
