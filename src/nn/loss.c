/* CrossEntropyLoss and MSELoss as graph operations: each writes the loss and the gradient of its input. Of a block, the loss is
 * the sum of its samples' losses; what `mean` divides by belongs to the whole batch, and comes when all blocks are added up.
 * docs/contract.md#cross_entropy */
#include "nn/ops.h"

/* ---- cross_entropy ---- */

/* What the losses of the whole batch are divided by. The targets are the caller's, all there. */
static float cross_entropy_count(const iso_run *r, const iso_cross_entropy_shape *s) {
    return (float)iso_cross_entropy_counted(r->samples, r->slots[ISO_SLOT_TARGET], s->ignore_index);
}

static void run_cross_entropy(const iso_run *r, const iso_node *n) {
    const iso_cross_entropy_shape *s = &n->u.cross_entropy;
    const int64_t *target = iso_data(r, n->in[1]);
    const float *x = iso_in(r, n, 0);
    float *loss = iso_out(r, n, 0), *dx = iso_out(r, n, 1);
    if (r->reference)
        iso_ref_cross_entropy(s, x, target, loss, dx);
    else if (s->n == r->samples)
        iso_cpu_cross_entropy(r->exec, s, x, target, loss, dx);
    else
        iso_cpu_cross_entropy_sum(r->exec, s, x, target,
                                  s->reduction == ISO_REDUCTION_MEAN ? 1.0f / cross_entropy_count(r, s) : 1.0f, loss, dx);
}
static void finish_cross_entropy(const iso_run *r, const iso_node *n) {
    float *loss = iso_out(r, n, 0);
    if (n->u.cross_entropy.reduction == ISO_REDUCTION_MEAN)
        *loss = *loss / cross_entropy_count(r, &n->u.cross_entropy);
}
static size_t scratch_cross_entropy(const iso_exec *e, const iso_node *n) {
    return iso_cpu_cross_entropy_scratch(e, &n->u.cross_entropy);
}
const iso_op iso_op_cross_entropy = {"cross_entropy",
                                     run_cross_entropy,
                                     scratch_cross_entropy,
                                     NULL,
                                     .batching = ISO_SAMPLE_SUM,
                                     .finish = finish_cross_entropy,
                                     .outputs = "loss dx"};

/* ---- mse_loss ---- */

static float mse_count(const iso_run *r, const iso_mse_shape *s) {
    return (float)(r->samples * s->k);
}

static void run_mse(const iso_run *r, const iso_node *n) {
    const iso_mse_shape *s = &n->u.mse;
    const float *x = iso_in(r, n, 0), *target = iso_in(r, n, 1);
    float *loss = iso_out(r, n, 0), *dx = iso_out(r, n, 1);
    if (r->reference)
        iso_ref_mse_loss(s, x, target, loss, dx);
    else if (s->n == r->samples)
        iso_cpu_mse_loss(r->exec, s, x, target, loss, dx);
    else
        iso_cpu_mse_loss_sum(r->exec, s, x, target, s->reduction == ISO_REDUCTION_MEAN ? 2.0f / mse_count(r, s) : 2.0f, loss, dx);
}
static void finish_mse(const iso_run *r, const iso_node *n) {
    float *loss = iso_out(r, n, 0);
    if (n->u.mse.reduction == ISO_REDUCTION_MEAN)
        *loss = *loss / mse_count(r, &n->u.mse);
}
static size_t scratch_mse(const iso_exec *e, const iso_node *n) {
    return iso_cpu_mse_loss_scratch(e, &n->u.mse);
}
const iso_op iso_op_mse_loss = {"mse_loss",          run_mse, scratch_mse, NULL, .batching = ISO_SAMPLE_SUM, .finish = finish_mse,
                                .outputs = "loss dx"};
