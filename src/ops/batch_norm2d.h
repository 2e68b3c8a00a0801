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
void iso_ref_batch_norm2d(const iso_batch_norm2d_shape *s, const float *x, const float *weight, const float *bias, float momentum,
                          float *running_mean, float *running_var, float *mean, float *invstd, float *y);
/* Eval: normalises with the given statistics; writes invstd for the backward. */
void iso_ref_batch_norm2d_eval(const iso_batch_norm2d_shape *s, const float *x, const float *weight, const float *bias,
                               const float *running_mean, const float *running_var, float *invstd, float *y);
/* dweight and dbias are always written (they are sums that dx needs); weight may be NULL. `training`: mean and invstd are
 * the batch's own; otherwise they are constants. dx may be NULL, or x. */
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
                          const float *bias, float momentum, float *running_mean, float *running_var, float *mean, float *invstd,
                          const iso_norm_tail *tail, float *y);
void iso_cpu_batch_norm2d_eval(const iso_exec *e, const iso_batch_norm2d_shape *s, const float *x, const float *weight,
                               const float *bias, const float *running_mean, const float *running_var, float *invstd,
                               const iso_norm_tail *tail, float *y);
void iso_cpu_batch_norm2d_backward(const iso_exec *e, const iso_batch_norm2d_shape *s, bool training, const float *x,
                                   const float *dy, const float *weight, const float *mean, const float *invstd,
                                   const iso_norm_head *head, float *dweight, float *dbias, float *dx);

/* The same in parts, for a batch that is computed in blocks of samples. Shapes are those of the block (s->n) in what runs block
 * after block, and of the whole batch in what says so. Sums are n x c, one row per sample; they are used up where they are
 * joined. */

/* Of x; with `mean` of the squares of x - mean. */
void iso_cpu_batch_norm2d_sums(const iso_exec *e, const iso_batch_norm2d_shape *s, const float *x, const float *mean,
                               float *sums);
/* Over the whole batch: the mean; invstd and the running statistics (running_mean and running_var, or both NULL). */
void iso_cpu_batch_norm2d_mean(const iso_exec *e, const iso_batch_norm2d_shape *s, float *sums, float *mean);
void iso_cpu_batch_norm2d_invstd(const iso_exec *e, const iso_batch_norm2d_shape *s, float *squares, const float *mean,
                                 float momentum, float *running_mean, float *running_var, float *invstd);
void iso_cpu_batch_norm2d_eval_invstd(const iso_batch_norm2d_shape *s, const float *running_var, float *invstd);
void iso_cpu_batch_norm2d_normalise(const iso_exec *e, const iso_batch_norm2d_shape *s, const float *x, const float *weight,
                                    const float *bias, const float *mean, const float *invstd, const iso_norm_tail *tail,
                                    float *y);
/* The rows of dbias and dweight, and what the head writes. */
void iso_cpu_batch_norm2d_gradients(const iso_exec *e, const iso_batch_norm2d_shape *s, const float *x, const float *dy,
                                    const float *weight, const float *mean, const float *invstd, const iso_norm_head *head,
                                    float *sums, float *products);
/* Over the whole batch. */
void iso_cpu_batch_norm2d_totals(const iso_exec *e, const iso_batch_norm2d_shape *s, float *sums, float *products, float *dweight,
                                 float *dbias);
/* Over the whole batch: what dx is made with, 3 x c floats; dweight and dbias NULL: for constant statistics. */
void iso_cpu_batch_norm2d_terms(const iso_batch_norm2d_shape *s, const float *weight, const float *invstd, const float *dweight,
                                const float *dbias, float *terms);
/* dy: the masked one where the head has written it. */
void iso_cpu_batch_norm2d_backward_normalise(const iso_exec *e, const iso_batch_norm2d_shape *s, bool training, const float *x,
                                             const float *dy, const float *weight, const float *mean, const float *invstd,
                                             const float *terms, const iso_norm_head *head, float *dx);
/* Scratch in bytes: of the parts that run block after block, and of the whole; pool: the tail's or head's, or NULL. */
size_t iso_cpu_batch_norm2d_part_scratch(const iso_exec *e, const iso_batch_norm2d_shape *s, const iso_pool2d_shape *pool);
size_t iso_cpu_batch_norm2d_scratch(const iso_exec *e, const iso_batch_norm2d_shape *s, const iso_pool2d_shape *pool);
size_t iso_cpu_batch_norm2d_backward_scratch(const iso_exec *e, const iso_batch_norm2d_shape *s, const iso_pool2d_shape *pool);

#endif
