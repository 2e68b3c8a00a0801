/* NumPy's .npy format, version 1.0. */
#ifndef ISO_DATA_NPY_H
#define ISO_DATA_NPY_H

#include "core/context.h"
#include "isobit/tensor.h"

/* Writes a tensor (float32, int64, uint8) atomically; numpy.load reads it. */
iso_status iso_npy_write(iso_context *ctx, const char *path, const iso_tensor *tensor);

#endif
