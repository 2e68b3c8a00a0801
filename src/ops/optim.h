/* sgd, adam: docs/contract.md#sgd and docs/contract.md#adam. Each updates `count` elements of one parameter in place. */
#ifndef ISO_OPS_OPTIM_H
#define ISO_OPS_OPTIM_H

#include "ops/exec.h"

typedef struct iso_sgd_scalars {
    float lr, momentum, one_minus_dampening, weight_decay;
    bool nesterov, maximize;
    bool first_step; /* the momentum buffer starts as the gradient */
} iso_sgd_scalars;

/* buffer: count elements; NULL without momentum. */
void iso_ref_sgd(const iso_sgd_scalars *s, int64_t count, const float *grad, float *buffer, float *param);
void iso_cpu_sgd(const iso_exec *e, const iso_sgd_scalars *s, int64_t count, const float *grad, float *buffer, float *param);

typedef struct iso_adam_scalars {
    float weight_decay; /* Adam: added to the gradient; 0 for AdamW */
    float decay;        /* AdamW: 1 - lr * weight_decay, 1 for Adam */
    float one_minus_beta1, beta2, one_minus_beta2;
    float step_size, c2, eps;
    bool amsgrad, maximize;
} iso_adam_scalars;

/* The scalars of step t (from 1), computed in binary64 as the contract says. */
iso_adam_scalars iso_adam_scalars_at(int64_t t, double lr, double beta1, double beta2, double eps, double weight_decay,
                                     bool decoupled, bool amsgrad, bool maximize);

/* m, v: first and second moments; vmax: NULL without amsgrad. */
void iso_ref_adam(const iso_adam_scalars *s, int64_t count, const float *grad, float *m, float *v, float *vmax, float *param);
void iso_cpu_adam(const iso_exec *e, const iso_adam_scalars *s, int64_t count, const float *grad, float *m, float *v, float *vmax,
                  float *param);

#endif
