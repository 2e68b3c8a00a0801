/* torch.exp and torch.log of float32 tensors on the CPU, which are not correctly rounded: RandomResizedCrop's draws go through
 * them. */
#ifndef ISO_RANDOM_TORCH_MATH_H
#define ISO_RANDOM_TORCH_MATH_H

#include "core/compiler.h"
#include "isobit/random/torch.h"

/* Finite x, and x > 0 for the logarithm. ISO_TORCH_SCALAR is the C library's function, as it is in PyTorch. */
float iso_torch_expf(iso_torch_variant variant, float x);
float iso_torch_logf(iso_torch_variant variant, float x);

/* torch.linspace(start, end, steps)[i] of float32, steps >= 2. Since 2.x (2.13 on every CPU) each element by itself; 1.13
 * computes in vectors, here those of AVX2, which on AVX-512 are twice as long: there some elements differ in the last bit. */
float iso_torch_linspace(iso_torch_variant variant, float start, float end, int64_t steps, int64_t i);

/* torch.erfinv of a build without MKL; the C library's log, exp and erf take part. */
float iso_torch_erfinv(iso_torch_variant variant, float y);
double iso_torch_erfinv_f64(iso_torch_variant variant, double y);

#endif
