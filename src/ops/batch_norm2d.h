/* batch_norm2d: docs/contract.md#batch_norm2d. Activations are NHWC; everything else has c elements. */
#ifndef ISO_OPS_BATCH_NORM2D_H
#define ISO_OPS_BATCH_NORM2D_H

#include "ops/exec.h"
#include "ops/pool2d.h"

typedef struct iso_batch_norm2d_shape {
    int64_t n, hw, c; /* hw: pixels per sample */
    double eps;
} iso_batch_norm2d_shape;

/* Training: writes y, and the batch's mean and invstd (for the backward), and its biased and unbiased variance sums are
 * folded into the running statistics, running_* = fma(momentum, stat, running_* * (1 - momentum)), unless they are NULL.
 * weight and bias may be NULL (no affine). */
void iso_ref_batch_norm2d(const iso_batch_norm2d_shape *s, const float *x, const float *weight, const float *bias,
                          float momentum, float *running_mean, float *running_var, float *mean, float *invstd, float *y);
/* Eval: normalises with the given statistics; writes invstd for the backward. */
void iso_ref_batch_norm2d_eval(const iso_batch_norm2d_shape *s, const float *x, const float *weight, const float *bias,
                               const float *running_mean, const float *running_var, float *invstd, float *y);
/* dweight and dbias are always written (they are sums that dx needs); weight may be NULL. `training`: mean and invstd are
 * the batch's own; otherwise they are constants. dx may be NULL. */
void iso_ref_batch_norm2d_backward(const iso_batch_norm2d_shape *s, bool training, const float *x, const float *dy,
                                   const float *weight, const float *mean, const float *invstd, float *dweight, float *dbias,
                                   float *dx);

/* Operations behind the normalisation that run in the same pass over memory: y = max_pool2d(relu(norm(x) + residual)), each
 * part absent if its member is 0. With a pool y and index have its output's shape. */
typedef struct iso_norm_tail {
    const float *residual;
    bool relu;
    const iso_pool2d_shape *pool; /* needs relu, and an affine part */
    int32_t *index;
} iso_norm_tail;

/* Operations whose derivatives come before that of the normalisation, in the same passes. With `relu` the gradient counts where
 * norm(x) is above 0, which is computed again (needs weight and bias); with `y`, an output of relu, where that is above 0, and is
 * written to `masked` too. With a pool dy and index have its output's shape. */
typedef struct iso_norm_head {
    bool relu;
    const float *bias;
    const float *y;
    float *masked;
    const iso_pool2d_shape *pool; /* needs relu */
    const int32_t *index;
} iso_norm_head;

/* tail and head: NULL for the operation alone. */
void iso_cpu_batch_norm2d(const iso_exec *e, const iso_batch_norm2d_shape *s, const float *x, const float *weight,
                          const float *bias, float momentum, float *running_mean, float *running_var, float *mean,
                          float *invstd, const iso_norm_tail *tail, float *y);
void iso_cpu_batch_norm2d_eval(const iso_exec *e, const iso_batch_norm2d_shape *s, const float *x, const float *weight,
                               const float *bias, const float *running_mean, const float *running_var, float *invstd,
                               const iso_norm_tail *tail, float *y);
void iso_cpu_batch_norm2d_backward(const iso_exec *e, const iso_batch_norm2d_shape *s, bool training, const float *x,
                                   const float *dy, const float *weight, const float *mean, const float *invstd,
                                   const iso_norm_head *head, float *dweight, float *dbias, float *dx);
/* In bytes; pool: the tail's or head's, or NULL. */
size_t iso_cpu_batch_norm2d_scratch(const iso_exec *e, const iso_batch_norm2d_shape *s, const iso_pool2d_shape *pool);
size_t iso_cpu_batch_norm2d_backward_scratch(const iso_exec *e, const iso_batch_norm2d_shape *s, const iso_pool2d_shape *pool);

#endif
