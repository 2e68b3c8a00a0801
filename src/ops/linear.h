/* linear: docs/contract.md#linear. x: n x in, weight: out x in (PyTorch's), y: n x out. */
#ifndef ISO_OPS_LINEAR_H
#define ISO_OPS_LINEAR_H

#include "ops/exec.h"

typedef struct iso_linear_shape {
    int64_t n, in, out;
} iso_linear_shape;

#define ISO_LINEAR_LEAF 8 /* rows (samples) that are one chain in the gradients of weight and bias */

/* bias may be NULL. */
void iso_ref_linear(const iso_linear_shape *s, const float *x, const float *weight, const float *bias, float *y);
void iso_ref_linear_backward_input(const iso_linear_shape *s, const float *dy, const float *weight, float *dx);
void iso_ref_linear_backward_weight(const iso_linear_shape *s, const float *x, const float *dy, float *dweight);
void iso_ref_linear_backward_bias(const iso_linear_shape *s, const float *dy, float *dbias);

void iso_cpu_linear(const iso_exec *e, const iso_linear_shape *s, const float *x, const float *weight, const float *bias,
                    float *y);
void iso_cpu_linear_backward_input(const iso_exec *e, const iso_linear_shape *s, const float *dy, const float *weight, float *dx);
void iso_cpu_linear_backward_weight(const iso_exec *e, const iso_linear_shape *s, const float *x, const float *dy,
                                    float *dweight);
void iso_cpu_linear_backward_bias(const iso_exec *e, const iso_linear_shape *s, const float *dy, float *dbias);
size_t iso_cpu_linear_scratch(const iso_exec *e, const iso_linear_shape *s);
size_t iso_cpu_linear_backward_input_scratch(const iso_exec *e, const iso_linear_shape *s);
size_t iso_cpu_linear_backward_weight_scratch(const iso_exec *e, const iso_linear_shape *s);
size_t iso_cpu_linear_backward_bias_scratch(const iso_exec *e, const iso_linear_shape *s);

#endif
