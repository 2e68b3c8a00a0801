/* batch_norm2d: docs/contract.md#batch_norm2d. Samples are tasks; their sums meet in the batch tree. Where a pool follows, a
 * sample is taken in strips of rows, so that what lies between the two never leaves the cache. */
#include "ops/batch_norm2d.h"

#include "kernels/tile.h"
#include "math/math.h"

#define STRIP_FLOATS (4 * 1024) /* of a strip, unless a single row of windows needs more */

struct norm {
    const iso_kernels *k;
    const iso_batch_norm2d_shape *s;
    const float *x, *dy;
    iso_pixels run; /* what all runs have in common */
    float *sums, *products, *y, *work;
    int64_t work_floats;
    iso_pool2d_shape pool; /* of one image; n is 0 without one */
    int32_t *index;
    const int32_t *index_in;
};

static int64_t sample(const struct norm *o, int64_t n) {
    return n * o->s->hw * o->s->c;
}
static int64_t pooled(const struct norm *o, int64_t n) {
    return n * o->pool.oh * o->pool.ow * o->s->c;
}

/* ---- Strips ---- */

/* Input rows of `rows` rows of windows. */
static int64_t rows_under(const iso_pool2d_shape *p, int64_t rows) {
    return (rows - 1) * p->sh + (p->kh - 1) * p->dh + 1;
}

/* Rows of windows in a strip. */
static int64_t windows_per_strip(const iso_pool2d_shape *p) {
    int64_t rows = 1;
    while (rows < p->oh && rows_under(p, rows + 1) * p->w * p->c <= STRIP_FLOATS)
        rows++;
    return rows;
}

/* Floats that a thread works with: two sets of chains, and a strip. */
static int64_t work_floats(const iso_batch_norm2d_shape *s, const iso_pool2d_shape *pool) {
    int64_t strip = pool ? iso_min64(rows_under(pool, windows_per_strip(pool)), pool->h) * pool->w * pool->c : 0;
    return (16 * s->c + strip + 31) / 16 * 16;
}

static struct norm start(const iso_exec *e, const iso_batch_norm2d_shape *s, const iso_pool2d_shape *pool, const float *x,
                         float *y) {
    struct norm o = {.k = iso_kernels_of(e->isa), .s = s, .x = x, .y = y, .run = {.channels = s->c}};
    o.work = e->scratch;
    o.work_floats = work_floats(s, pool);
    o.run.far = iso_past_caches(s->n * s->hw * s->c);
    if (pool) {
        o.pool = *pool;
        o.pool.n = 1;
    }
    return o;
}

/* ---- Sums of a sample ---- */

void iso_pixel_fold(int64_t channels, const float *chain, float *sum) {
    const float *c0 = chain, *c1 = c0 + channels, *c2 = c1 + channels, *c3 = c2 + channels, *c4 = c3 + channels,
                *c5 = c4 + channels, *c6 = c5 + channels, *c7 = c6 + channels;
    for (int64_t i = 0; i < channels; i++)
        sum[i] = ((c0[i] + c4[i]) + (c2[i] + c6[i])) + ((c1[i] + c5[i]) + (c3[i] + c7[i]));
}

void iso_pixel_sum(const iso_kernels *k, int64_t pixels, int64_t channels, const float *x, float *chains, float *sum) {
    iso_tile_clear(chains, 8 * channels);
    k->pixel_sum(&(iso_pixels){.pixels = pixels, .channels = channels, .x = x, .sums = chains});
    iso_pixel_fold(channels, chains, sum);
}

/* The chains of a task's thread, cleared, and a run over sample n. */
static iso_pixels run_over(const struct norm *o, int64_t n, int thread) {
    iso_pixels r = o->run;
    r.pixels = o->s->hw;
    r.x = o->x + sample(o, n);
    r.sums = o->work + thread * o->work_floats;
    r.products = r.sums + 8 * o->s->c;
    iso_tile_clear(r.sums, 16 * o->s->c);
    return r;
}

static void sum_x(void *argument, int64_t n, int thread) {
    const struct norm *o = argument;
    iso_pixels r = run_over(o, n, thread);
    o->k->pixel_sum(&r);
    iso_pixel_fold(o->s->c, r.sums, o->sums + n * o->s->c);
}

static void sum_squares(void *argument, int64_t n, int thread) {
    const struct norm *o = argument;
    iso_pixels r = run_over(o, n, thread);
    o->k->pixel_squares(&r);
    iso_pixel_fold(o->s->c, r.sums, o->sums + n * o->s->c);
}

/* ---- Forward, in parts ---- */

static void normalise(void *argument, int64_t n, int thread) {
    const struct norm *o = argument;
    const iso_pool2d_shape *p = &o->pool;
    iso_pixels r = o->run;
    r.pixels = o->s->hw;
    r.x = o->x + sample(o, n);
    const float *residual = r.residual ? r.residual + sample(o, n) : NULL;
    if (!p->n) {
        r.residual = residual;
        r.out = o->y + sample(o, n);
        o->k->normalise(&r);
        return;
    }
    r.out = o->work + thread * o->work_floats + 16 * o->s->c;
    for (int64_t oh = 0, windows = windows_per_strip(p); oh < p->oh; oh += windows) {
        int64_t end = iso_min64(oh + windows, p->oh), top = iso_max64(oh * p->sh - p->ph, 0);
        int64_t bottom = iso_min64((end - 1) * p->sh - p->ph + (p->kh - 1) * p->dh + 1, p->h);
        r.pixels = iso_max64(bottom - top, 0) * p->w;
        r.x = o->x + sample(o, n) + top * p->w * p->c;
        r.residual = residual ? residual + top * p->w * p->c : NULL;
        o->k->normalise(&r);
        for (int64_t row = oh; row < end; row++) {
            int64_t at = pooled(o, n) + row * p->ow * p->c;
            o->k->max_pool2d(p, r.out, top, row, o->y + at, o->index + at);
        }
    }
}

static float inverse_deviation(float variance, double eps) {
    return 1.0f / iso_sqrtf(variance + (float)eps);
}

size_t iso_cpu_batch_norm2d_part_scratch(const iso_exec *e, const iso_batch_norm2d_shape *s, const iso_pool2d_shape *pool) {
    return (size_t)(iso_exec_threads(e) * work_floats(s, pool)) * sizeof(float);
}

void iso_cpu_batch_norm2d_sums(const iso_exec *e, const iso_batch_norm2d_shape *s, const float *x, const float *mean,
                               float *sums) {
    struct norm o = start(e, s, NULL, x, NULL);
    o.sums = sums;
    o.run.mean = mean;
    iso_pool_run(e->pool, s->n, mean ? sum_squares : sum_x, &o);
}

void iso_cpu_batch_norm2d_mean(const iso_exec *e, const iso_batch_norm2d_shape *s, float *sums, float *mean) {
    float count = (float)(s->n * s->hw);
    iso_tree_rows(iso_kernels_of(e->isa), s->n, s->c, sums);
    for (int64_t c = 0; c < s->c; c++)
        mean[c] = sums[c] / count;
}

void iso_cpu_batch_norm2d_invstd(const iso_exec *e, const iso_batch_norm2d_shape *s, float *squares, const float *mean,
                                 float momentum, float *running_mean, float *running_var, float *invstd) {
    float count = (float)(s->n * s->hw), count_less_one = (float)(s->n * s->hw - 1), keep = 1.0f - momentum;
    iso_tree_rows(iso_kernels_of(e->isa), s->n, s->c, squares);
    for (int64_t c = 0; c < s->c; c++) {
        invstd[c] = inverse_deviation(squares[c] / count, s->eps);
        if (running_mean) {
            running_mean[c] = iso_fmaf(momentum, mean[c], running_mean[c] * keep);
            running_var[c] = iso_fmaf(momentum, squares[c] / count_less_one, running_var[c] * keep);
        }
    }
}

void iso_cpu_batch_norm2d_eval_invstd(const iso_batch_norm2d_shape *s, const float *running_var, float *invstd) {
    for (int64_t c = 0; c < s->c; c++)
        invstd[c] = inverse_deviation(running_var[c], s->eps);
}

void iso_cpu_batch_norm2d_normalise(const iso_exec *e, const iso_batch_norm2d_shape *s, const float *x, const float *weight,
                                    const float *bias, const float *mean, const float *invstd, const iso_norm_tail *tail,
                                    float *y) {
    struct norm o = start(e, s, tail ? tail->pool : NULL, x, y);
    o.run.mean = mean;
    o.run.invstd = invstd;
    o.run.weight = weight;
    o.run.bias = bias;
    o.run.stream = o.run.far && !o.pool.n; /* a pool reads what is written */
    if (tail) {
        o.run.residual = tail->residual;
        o.run.relu = tail->relu;
        o.index = tail->index;
    }
    iso_pool_run(e->pool, s->n, normalise, &o);
}

/* ---- Forward, the whole ---- */

/* Scratch behind `floats` that the caller of the parts needs. */
static iso_exec behind(const iso_exec *e, int64_t floats) {
    return (iso_exec){e->pool, e->isa, (float *)e->scratch + (floats + 15) / 16 * 16};
}

size_t iso_cpu_batch_norm2d_scratch(const iso_exec *e, const iso_batch_norm2d_shape *s, const iso_pool2d_shape *pool) {
    return (size_t)(s->n * s->c + 16) * sizeof(float) + iso_cpu_batch_norm2d_part_scratch(e, s, pool);
}

void iso_cpu_batch_norm2d(const iso_exec *e, const iso_batch_norm2d_shape *s, const float *x, const float *weight,
                          const float *bias, float momentum, float *running_mean, float *running_var, float *mean, float *invstd,
                          const iso_norm_tail *tail, float *y) {
    float *sums = e->scratch;
    iso_exec part = behind(e, s->n * s->c);
    iso_cpu_batch_norm2d_sums(&part, s, x, NULL, sums);
    iso_cpu_batch_norm2d_mean(&part, s, sums, mean);
    iso_cpu_batch_norm2d_sums(&part, s, x, mean, sums);
    iso_cpu_batch_norm2d_invstd(&part, s, sums, mean, momentum, running_mean, running_var, invstd);
    iso_cpu_batch_norm2d_normalise(&part, s, x, weight, bias, mean, invstd, tail, y);
}

void iso_cpu_batch_norm2d_eval(const iso_exec *e, const iso_batch_norm2d_shape *s, const float *x, const float *weight,
                               const float *bias, const float *running_mean, const float *running_var, float *invstd,
                               const iso_norm_tail *tail, float *y) {
    iso_cpu_batch_norm2d_eval_invstd(s, running_var, invstd);
    iso_cpu_batch_norm2d_normalise(e, s, x, weight, bias, running_mean, invstd, tail, y);
}

/* ---- Backward, in parts ---- */

/* Calls `kernel` for sample n: once, or for each strip of the pool's input with the gradient that the pool passes to it. */
static void for_runs(const struct norm *o, int64_t n, iso_pixels r, int thread, void (*kernel)(const iso_pixels *)) {
    const iso_pool2d_shape *p = &o->pool;
    r.x = o->x + sample(o, n);
    r.out = o->y ? o->y + sample(o, n) : NULL;
    if (!p->n) {
        r.pixels = o->s->hw;
        r.dy = o->dy + sample(o, n);
        kernel(&r);
        return;
    }
    float *strip = o->work + thread * o->work_floats + 16 * o->s->c;
    r.strip = true;
    int64_t rows = iso_max64(iso_min64(rows_under(p, windows_per_strip(p)), p->h), 1), end;
    for (int64_t top = 0; top < p->h; top = end) {
        end = iso_min64(top + rows, p->h);
        o->k->max_pool2d_backward(p, o->dy + pooled(o, n), o->index_in + pooled(o, n), top, end, strip);
        r.first = top * p->w;
        r.pixels = (end - top) * p->w;
        r.dy = strip;
        kernel(&r);
        r.x += r.pixels * p->c;
        r.out = r.out ? r.out + r.pixels * p->c : NULL;
    }
}

static void sum_gradients(void *argument, int64_t n, int thread) {
    const struct norm *o = argument;
    iso_pixels r = run_over(o, n, thread);
    r.y = r.y ? r.y + sample(o, n) : NULL;
    r.masked = r.masked ? r.masked + sample(o, n) : NULL;
    for_runs(o, n, r, thread, o->k->pixel_gradients);
    iso_pixel_fold(o->s->c, r.sums, o->sums + n * o->s->c);
    iso_pixel_fold(o->s->c, r.products, o->products + n * o->s->c);
}

static void normalise_backward(void *argument, int64_t n, int thread) {
    const struct norm *o = argument;
    for_runs(o, n, o->run, thread, o->k->normalise_backward);
}

static void attach(struct norm *o, const iso_norm_head *head, const float *weight) {
    if (!head)
        return;
    o->run.relu = head->relu;
    o->run.weight = weight;
    o->run.bias = head->bias;
    o->run.y = head->y;
    o->run.masked = head->masked;
    o->index_in = head->index;
}

void iso_cpu_batch_norm2d_gradients(const iso_exec *e, const iso_batch_norm2d_shape *s, const float *x, const float *dy,
                                    const float *weight, const float *mean, const float *invstd, const iso_norm_head *head,
                                    float *sums, float *products) {
    struct norm o = start(e, s, head ? head->pool : NULL, x, NULL);
    o.dy = dy;
    o.run.mean = mean;
    o.run.invstd = invstd;
    attach(&o, head, weight);
    o.sums = sums;
    o.products = products;
    iso_pool_run(e->pool, s->n, sum_gradients, &o);
}

void iso_cpu_batch_norm2d_totals(const iso_exec *e, const iso_batch_norm2d_shape *s, float *sums, float *products, float *dweight,
                                 float *dbias) {
    const iso_kernels *k = iso_kernels_of(e->isa);
    iso_tree_rows(k, s->n, s->c, sums);
    iso_tree_rows(k, s->n, s->c, products);
    memcpy(dbias, sums, sizeof *dbias * (size_t)s->c);
    memcpy(dweight, products, sizeof *dweight * (size_t)s->c);
}

void iso_cpu_batch_norm2d_terms(const iso_batch_norm2d_shape *s, const float *weight, const float *invstd, const float *dweight,
                                const float *dbias, float *terms) {
    float *factor = terms, *a = factor + s->c, *b = a + s->c, count = (float)(s->n * s->hw);
    for (int64_t c = 0; c < s->c; c++) {
        factor[c] = weight ? weight[c] * invstd[c] : invstd[c];
        a[c] = dbias ? dbias[c] / count : 0;
        b[c] = dweight ? dweight[c] / count : 0;
    }
}

void iso_cpu_batch_norm2d_backward_normalise(const iso_exec *e, const iso_batch_norm2d_shape *s, bool training, const float *x,
                                             const float *dy, const float *weight, const float *mean, const float *invstd,
                                             const float *terms, const iso_norm_head *head, float *dx) {
    struct norm o = start(e, s, head ? head->pool : NULL, x, dx);
    o.dy = dy;
    o.run.mean = mean;
    o.run.invstd = invstd;
    o.run.training = training;
    attach(&o, head, weight);
    o.run.stream = o.run.far;
    o.run.factor = terms;
    o.run.a = terms + s->c;
    o.run.b = terms + 2 * s->c;
    iso_pool_run(e->pool, s->n, normalise_backward, &o);
}

/* ---- Backward, the whole ---- */

size_t iso_cpu_batch_norm2d_backward_scratch(const iso_exec *e, const iso_batch_norm2d_shape *s, const iso_pool2d_shape *pool) {
    return (size_t)(2 * s->n * s->c + 3 * s->c + 16) * sizeof(float) + iso_cpu_batch_norm2d_part_scratch(e, s, pool);
}

void iso_cpu_batch_norm2d_backward(const iso_exec *e, const iso_batch_norm2d_shape *s, bool training, const float *x,
                                   const float *dy, const float *weight, const float *mean, const float *invstd,
                                   const iso_norm_head *head, float *dweight, float *dbias, float *dx) {
    float *sums = e->scratch, *products = sums + s->n * s->c, *terms = products + s->n * s->c;
    iso_exec part = behind(e, 2 * s->n * s->c + 3 * s->c);
    iso_cpu_batch_norm2d_gradients(&part, s, x, dy, weight, mean, invstd, head, sums, products);
    iso_cpu_batch_norm2d_totals(&part, s, sums, products, dweight, dbias);
    iso_cpu_batch_norm2d_terms(s, weight, invstd, dweight, dbias, terms);
    if (dx)
        iso_cpu_batch_norm2d_backward_normalise(&part, s, training, x, head && head->y ? head->masked : dy, weight, mean, invstd,
                                                terms, head, dx);
}
