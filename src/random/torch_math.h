/* torch.exp and torch.log of float32 tensors on the CPU, which are not correctly rounded: RandomResizedCrop's draws go through them. */
#ifndef ISO_RANDOM_TORCH_MATH_H
#define ISO_RANDOM_TORCH_MATH_H

#include "core/compiler.h"
#include "isobit/random/torch.h"

/* Finite x, and x > 0 for the logarithm. ISO_TORCH_SCALAR is the C library's function, as it is in PyTorch. */
float iso_torch_expf(iso_torch_variant variant, float x);
float iso_torch_logf(iso_torch_variant variant, float x);

#endif
