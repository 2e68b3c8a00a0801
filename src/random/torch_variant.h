/* What the releases of PyTorch have in common, and a step over numbers that are not needed; for the rooms of this house. */
#ifndef ISO_RANDOM_TORCH_VARIANT_H
#define ISO_RANDOM_TORCH_VARIANT_H

#include "isobit/random/torch.h"

/* Before 2.13. */
#define ISO_TORCH_OLD (ISO_TORCH_1_13 | ISO_TORCH_2_6)

/* One number of a normal_ of fewer than 16 elements. */
double iso_torch_small_normal(iso_torch_generator *g, double mean, double std);

/* Leaves the generator as iso_torch_normal of n elements does. */
void iso_torch_skip_normal(iso_torch_generator *g, size_t n);

#endif
