/* conv2d by Winograd's tiles: what conv2d.c calls where iso_conv2d_is_winograd. */
#ifndef ISO_KERNELS_CONV2D_WINOGRAD_H
#define ISO_KERNELS_CONV2D_WINOGRAD_H

#include "ops/conv2d.h"

/* The forward direction, or the gradient of the input (source: dy; bias: NULL). */
void iso_winograd(const iso_exec *e, const iso_conv2d_shape *s, bool backward, const float *source, const float *weight,
                  const float *bias, float *target);
size_t iso_winograd_scratch(const iso_exec *e, const iso_conv2d_shape *s, bool backward);

#endif
