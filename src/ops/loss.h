/* docs/contract.md#cross_entropy, docs/contract.md#mse_loss. Each computes the loss and the gradient of its input in one go. */
#ifndef ISO_OPS_LOSS_H
#define ISO_OPS_LOSS_H

#include "ops/exec.h"

typedef enum iso_reduction { ISO_REDUCTION_MEAN, ISO_REDUCTION_SUM } iso_reduction;

typedef struct iso_cross_entropy_shape {
    int64_t n, k; /* samples, classes */
    iso_reduction reduction;
    int64_t ignore_index;
    double label_smoothing;
} iso_cross_entropy_shape;

/* In both, dx must not overlap the operands. */

/* x: n x k logits; target: n class indices, each in 0..k-1 or ignore_index. loss: one value; dx: n x k, may be NULL. */
void iso_ref_cross_entropy(const iso_cross_entropy_shape *s, const float *x, const int64_t *target, float *loss, float *dx);
/* One row: returns its loss; dx (k, may be NULL) receives its gradient times g. */
float iso_ref_cross_entropy_row(const iso_cross_entropy_shape *s, const float *x, int64_t target, float g, float *dx);
void iso_cpu_cross_entropy(const iso_exec *e, const iso_cross_entropy_shape *s, const float *x, const int64_t *target,
                           float *loss, float *dx);
/* A block of a batch: the sum of its rows' losses, and their gradients times g. `mean` divides the sum of all blocks by
 * `counted`, the targets of the whole batch that count; g is then 1 / counted. */
void iso_cpu_cross_entropy_sum(const iso_exec *e, const iso_cross_entropy_shape *s, const float *x, const int64_t *target,
                               float g, float *sum, float *dx);
static inline int64_t iso_cross_entropy_counted(int64_t n, const int64_t *target, int64_t ignore_index) {
    int64_t counted = 0;
    for (int64_t i = 0; i < n; i++)
        counted += target[i] != ignore_index;
    return counted;
}
size_t iso_cpu_cross_entropy_scratch(const iso_exec *e, const iso_cross_entropy_shape *s);

typedef struct iso_mse_shape {
    int64_t n, k; /* samples, elements per sample */
    iso_reduction reduction;
} iso_mse_shape;

void iso_ref_mse_loss(const iso_mse_shape *s, const float *x, const float *target, float *loss, float *dx);
/* One row of k: returns its sum of squares; dx (k, may be NULL) receives c * (x - target). */
float iso_ref_mse_row(int64_t k, const float *x, const float *target, float c, float *dx);
void iso_cpu_mse_loss(const iso_exec *e, const iso_mse_shape *s, const float *x, const float *target, float *loss, float *dx);
/* A block of a batch: the sum of its rows' losses, and their gradients with the factor c. `mean` divides the sum of all blocks by
 * the number of elements in the whole batch; c is then 2 / that number. */
void iso_cpu_mse_loss_sum(const iso_exec *e, const iso_mse_shape *s, const float *x, const float *target, float c, float *sum,
                          float *dx);
size_t iso_cpu_mse_loss_scratch(const iso_exec *e, const iso_mse_shape *s);

#endif
