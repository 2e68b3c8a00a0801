/* batch_norm2d: docs/contract.md#batch_norm2d. Samples are tasks; their sums meet in the batch tree. */
#include "ops/batch_norm2d.h"

#include "kernels/tile.h"
#include "math/math.h"

struct norm {
    const iso_kernels *k;
    const iso_batch_norm2d_shape *s;
    const float *x, *dy, *weight, *bias, *mean, *invstd, *factor, *a, *b;
    float *sums, *products, *y;
    bool training;
};

static int64_t sample(const struct norm *o, int64_t n) {
    return n * o->s->hw * o->s->c;
}

static void sum_x(void *argument, int64_t n, int thread) {
    (void)thread;
    const struct norm *o = argument;
    o->k->pixel_sum(o->s->hw, o->s->c, o->x + sample(o, n), o->sums + n * o->s->c);
}

static void sum_squares(void *argument, int64_t n, int thread) {
    (void)thread;
    const struct norm *o = argument;
    o->k->pixel_squares(o->s->hw, o->s->c, o->x + sample(o, n), o->mean, o->sums + n * o->s->c);
}

static void sum_gradients(void *argument, int64_t n, int thread) {
    (void)thread;
    const struct norm *o = argument;
    o->k->pixel_sum(o->s->hw, o->s->c, o->dy + sample(o, n), o->sums + n * o->s->c);
    o->k->pixel_products(o->s->hw, o->s->c, o->x + sample(o, n), o->dy + sample(o, n), o->mean, o->invstd,
                         o->products + n * o->s->c);
}

static void normalise(void *argument, int64_t n, int thread) {
    (void)thread;
    const struct norm *o = argument;
    o->k->normalise(o->s->hw, o->s->c, o->x + sample(o, n), o->mean, o->invstd, o->weight, o->bias, o->y + sample(o, n));
}

static void normalise_backward(void *argument, int64_t n, int thread) {
    (void)thread;
    const struct norm *o = argument;
    o->k->normalise_backward(o->s->hw, o->s->c, o->training, o->x + sample(o, n), o->dy + sample(o, n), o->mean, o->invstd,
                             o->factor, o->a, o->b, o->y + sample(o, n));
}

static float inverse_deviation(float variance, double eps) {
    return 1.0f / iso_sqrtf(variance + (float)eps);
}

/* ---- Forward ---- */

size_t iso_cpu_batch_norm2d_scratch(const iso_exec *e, const iso_batch_norm2d_shape *s) {
    (void)e;
    return (size_t)(s->n * s->c) * sizeof(float);
}

void iso_cpu_batch_norm2d(const iso_exec *e, const iso_batch_norm2d_shape *s, const float *x, const float *weight,
                          const float *bias, float momentum, float *running_mean, float *running_var, float *mean, float *invstd,
                          float *y) {
    struct norm o = {.k = iso_kernels_of(e->isa),
                     .s = s,
                     .x = x,
                     .weight = weight,
                     .bias = bias,
                     .mean = mean,
                     .invstd = invstd,
                     .sums = e->scratch,
                     .y = y};
    float count = (float)(s->n * s->hw), count_less_one = (float)(s->n * s->hw - 1), keep = 1.0f - momentum;
    iso_pool_run(e->pool, s->n, sum_x, &o);
    iso_tree_rows(o.k, s->n, s->c, o.sums);
    for (int64_t c = 0; c < s->c; c++)
        mean[c] = o.sums[c] / count;
    iso_pool_run(e->pool, s->n, sum_squares, &o);
    iso_tree_rows(o.k, s->n, s->c, o.sums);
    for (int64_t c = 0; c < s->c; c++) {
        invstd[c] = inverse_deviation(o.sums[c] / count, s->eps);
        if (running_mean) {
            running_mean[c] = iso_fmaf(momentum, mean[c], running_mean[c] * keep);
            running_var[c] = iso_fmaf(momentum, o.sums[c] / count_less_one, running_var[c] * keep);
        }
    }
    iso_pool_run(e->pool, s->n, normalise, &o);
}

void iso_cpu_batch_norm2d_eval(const iso_exec *e, const iso_batch_norm2d_shape *s, const float *x, const float *weight,
                               const float *bias, const float *running_mean, const float *running_var, float *invstd, float *y) {
    struct norm o = {.k = iso_kernels_of(e->isa),
                     .s = s,
                     .x = x,
                     .weight = weight,
                     .bias = bias,
                     .mean = running_mean,
                     .invstd = invstd,
                     .y = y};
    for (int64_t c = 0; c < s->c; c++)
        invstd[c] = inverse_deviation(running_var[c], s->eps);
    iso_pool_run(e->pool, s->n, normalise, &o);
}

/* ---- Backward ---- */

size_t iso_cpu_batch_norm2d_backward_scratch(const iso_exec *e, const iso_batch_norm2d_shape *s) {
    (void)e;
    return (size_t)(2 * s->n * s->c + 3 * s->c) * sizeof(float);
}

void iso_cpu_batch_norm2d_backward(const iso_exec *e, const iso_batch_norm2d_shape *s, bool training, const float *x,
                                   const float *dy, const float *weight, const float *mean, const float *invstd, float *dweight,
                                   float *dbias, float *dx) {
    float *sums = e->scratch, *products = sums + s->n * s->c, *factor = products + s->n * s->c, *a = factor + s->c, *b = a + s->c;
    struct norm o = {.k = iso_kernels_of(e->isa),
                     .s = s,
                     .x = x,
                     .dy = dy,
                     .mean = mean,
                     .invstd = invstd,
                     .sums = sums,
                     .products = products,
                     .factor = factor,
                     .a = a,
                     .b = b,
                     .y = dx,
                     .training = training};
    float count = (float)(s->n * s->hw);
    iso_pool_run(e->pool, s->n, sum_gradients, &o);
    iso_tree_rows(o.k, s->n, s->c, sums);
    iso_tree_rows(o.k, s->n, s->c, products);
    for (int64_t c = 0; c < s->c; c++) {
        dbias[c] = sums[c];
        dweight[c] = products[c];
        factor[c] = weight ? weight[c] * invstd[c] : invstd[c];
        a[c] = dbias[c] / count;
        b[c] = dweight[c] / count;
    }
    if (dx)
        iso_pool_run(e->pool, s->n, normalise_backward, &o);
}
