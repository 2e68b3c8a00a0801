/* What the files that imitate PyTorch share. */
#ifndef ISO_RANDOM_TORCH_H
#define ISO_RANDOM_TORCH_H

#include "isobit/random.h"

/* A float64 uniform on [0, 1) of 53 bits. */
double iso_torch_uniform53(iso_torch_generator *g);
/* Moves on by n draws of 64 bits. */
void iso_torch_skip64(iso_torch_generator *g, uint64_t n);

#endif
