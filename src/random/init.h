/* torch.nn.init and the default initial values of layers, as draws on float arrays in row-major order.
 * Source: torch/nn/init.py, torch/nn/modules. */
#ifndef ISO_RANDOM_INIT_H
#define ISO_RANDOM_INIT_H

#include "isobit/random.h"

/* The number of inputs and outputs of one unit of a weight of two or more dimensions: (out, in, ...). */
void iso_init_fans(int dims, const int64_t *shape, int64_t *fan_in, int64_t *fan_out);

/* "xavier_normal_", "xavier_uniform_", "kaiming_normal_", "kaiming_uniform_" with their default arguments; false if there is no
 * such function. dims >= 2. */
bool iso_init_named(const char *function, iso_torch_generator *g, float *weight, int dims, const int64_t *shape);

/* The default of Conv2d and Linear: kaiming_uniform_(weight, a=sqrt(5)), then the bias uniform in +-1/sqrt(fan_in).
 * bias: shape[0] elements, or NULL. */
void iso_init_conv_or_linear(iso_torch_generator *g, float *weight, int dims, const int64_t *shape, float *bias);

#endif
