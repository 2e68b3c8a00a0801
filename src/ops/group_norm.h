/* group_norm: docs/contract.md#group_norm. Activations are NHWC; weight, bias and their gradients have c elements, statistics
 * n x groups. */
#ifndef ISO_OPS_GROUP_NORM_H
#define ISO_OPS_GROUP_NORM_H

#include "ops/exec.h"

typedef struct iso_group_norm_shape {
    int64_t n, hw, c, groups; /* hw: pixels per sample; c is a multiple of groups */
    double eps;
} iso_group_norm_shape;

/* Writes y, and mean and invstd of every sample's groups for the backward. weight and bias may be NULL (no affine part). */
void iso_ref_group_norm(const iso_group_norm_shape *s, const float *x, const float *weight, const float *bias, float *mean,
                        float *invstd, float *y);
/* weight may be NULL; so may dx, and dweight and dbias together. */
void iso_ref_group_norm_backward(const iso_group_norm_shape *s, const float *x, const float *dy, const float *weight,
                                 const float *mean, const float *invstd, float *dx, float *dweight, float *dbias);

size_t iso_cpu_group_norm_scratch(const iso_exec *e, const iso_group_norm_shape *s);
void iso_cpu_group_norm(const iso_exec *e, const iso_group_norm_shape *s, const float *x, const float *weight, const float *bias,
                        float *mean, float *invstd, float *y);
size_t iso_cpu_group_norm_backward_scratch(const iso_exec *e, const iso_group_norm_shape *s);
void iso_cpu_group_norm_backward(const iso_exec *e, const iso_group_norm_shape *s, const float *x, const float *dy,
                                 const float *weight, const float *mean, const float *invstd, float *dx, float *dweight,
                                 float *dbias);

#endif
