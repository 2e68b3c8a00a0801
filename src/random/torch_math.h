/* torch.exp and torch.log of float32 tensors on the CPU, which are not correctly rounded: RandomResizedCrop's draws go through
 * them. */
#ifndef ISO_RANDOM_TORCH_MATH_H
#define ISO_RANDOM_TORCH_MATH_H

#include "core/compiler.h"
#include "isobit/random/torch.h"

/* Finite x, and x > 0 for the logarithm. ISO_TORCH_SCALAR is the C library's function, as it is in PyTorch. */
float iso_torch_expf(iso_torch_variant variant, float x);
float iso_torch_logf(iso_torch_variant variant, float x);

/* torch.erfinv of a build without MKL; the C library's log, exp and erf take part. */
float iso_torch_erfinv(iso_torch_variant variant, float y);
double iso_torch_erfinv_f64(iso_torch_variant variant, double y);

#endif
