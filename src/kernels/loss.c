/* cross_entropy, mse_loss: docs/contract.md. Rows are tasks, their losses meet in the batch tree. */
#include "ops/loss.h"

#include "kernels/isa.h"
#include "kernels/tile.h"

#define ROWS_PER_TASK 16

struct rows {
    const iso_kernels *k;
    const iso_cross_entropy_shape *cross_entropy;
    const iso_mse_shape *mse;
    const float *x, *target;
    const int64_t *classes;
    float *losses, *dx;
    float g; /* what the gradient of one row is multiplied with */
};

static void cross_entropy_rows(void *argument, int64_t task, int thread) {
    (void)thread;
    const struct rows *r = argument;
    const iso_cross_entropy_shape *s = r->cross_entropy;
    int64_t end = iso_min64((task + 1) * ROWS_PER_TASK, s->n);
    for (int64_t n = task * ROWS_PER_TASK; n < end; n++)
        r->losses[n] = r->k->cross_entropy_row(s, r->x + n * s->k, r->classes[n], r->g, r->dx ? r->dx + n * s->k : NULL);
}

size_t iso_cpu_cross_entropy_scratch(const iso_exec *e, const iso_cross_entropy_shape *s) {
    (void)e;
    return (size_t)s->n * sizeof(float);
}

void iso_cpu_cross_entropy_sum(const iso_exec *e, const iso_cross_entropy_shape *s, const float *x, const int64_t *target,
                               float g, float *sum, float *dx) {
    struct rows r = {
        .k = iso_kernels_of(e->isa), .cross_entropy = s, .x = x, .classes = target, .losses = e->scratch, .dx = dx, .g = g};
    iso_pool_run(e->pool, iso_ceil_div(s->n, ROWS_PER_TASK), cross_entropy_rows, &r);
    iso_tree_rows(r.k, s->n, 1, r.losses);
    *sum = r.losses[0];
}

void iso_cpu_cross_entropy(const iso_exec *e, const iso_cross_entropy_shape *s, const float *x, const int64_t *target,
                           float *loss, float *dx) {
    bool mean = s->reduction == ISO_REDUCTION_MEAN;
    float counted = (float)iso_cross_entropy_counted(s->n, target, s->ignore_index);
    iso_cpu_cross_entropy_sum(e, s, x, target, mean ? 1.0f / counted : 1.0f, loss, dx);
    if (mean)
        *loss = *loss / counted;
}

static void mse_rows(void *argument, int64_t task, int thread) {
    (void)thread;
    const struct rows *r = argument;
    const iso_mse_shape *s = r->mse;
    int64_t end = iso_min64((task + 1) * ROWS_PER_TASK, s->n);
    for (int64_t n = task * ROWS_PER_TASK; n < end; n++)
        r->losses[n] = r->k->mse_row(s->k, r->x + n * s->k, r->target + n * s->k, r->g, r->dx ? r->dx + n * s->k : NULL);
}

size_t iso_cpu_mse_loss_scratch(const iso_exec *e, const iso_mse_shape *s) {
    (void)e;
    return (size_t)s->n * sizeof(float);
}

void iso_cpu_mse_loss_sum(const iso_exec *e, const iso_mse_shape *s, const float *x, const float *target, float c, float *sum,
                          float *dx) {
    struct rows r = {.k = iso_kernels_of(e->isa), .mse = s, .x = x, .target = target, .losses = e->scratch, .dx = dx, .g = c};
    iso_pool_run(e->pool, iso_ceil_div(s->n, ROWS_PER_TASK), mse_rows, &r);
    iso_tree_rows(r.k, s->n, 1, r.losses);
    *sum = r.losses[0];
}

void iso_cpu_mse_loss(const iso_exec *e, const iso_mse_shape *s, const float *x, const float *target, float *loss, float *dx) {
    bool mean = s->reduction == ISO_REDUCTION_MEAN;
    float count = (float)(s->n * s->k);
    iso_cpu_mse_loss_sum(e, s, x, target, mean ? 2.0f / count : 2.0f, loss, dx);
    if (mean)
        *loss = *loss / count;
}
