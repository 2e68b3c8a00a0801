/* group_norm: docs/contract.md#group_norm. A sample is a task, which it passes over three times while it is in the cache; its
 * sums are the pixel sums of batch_norm2d, with each group's mean and invstd spread over the group's channels. */
#include "ops/group_norm.h"

#include "kernels/tile.h"
#include "math/math.h"

struct norm {
    const iso_kernels *k;
    const iso_group_norm_shape *s;
    const float *x, *dy, *weight, *bias;
    float *mean, *invstd, *out;
    const float *mean_in, *invstd_in;
    float *sums, *products; /* backward: n x c */
    float *work;
};

/* Of a thread: two sets of chains, and six vectors of channels. */
static int64_t work_floats(const iso_group_norm_shape *s) {
    return (22 * s->c + 15) / 16 * 16;
}
static float *vector_of(const struct norm *o, int thread, int i) {
    return o->work + thread * work_floats(o->s) + (16 + i) * o->s->c;
}

/* A run over sample n with cleared chains, and its mean and invstd for each channel: vectors 0 and 1 of the thread. */
static iso_pixels run_over(const struct norm *o, int64_t n, int thread) {
    const iso_group_norm_shape *s = o->s;
    float *chains = o->work + thread * work_floats(s);
    iso_tile_clear(chains, 16 * s->c);
    bool far = iso_past_caches(s->n * s->hw * s->c);
    return (iso_pixels){.pixels = s->hw,
                        .channels = s->c,
                        .stream = far,
                        .far = far,
                        .x = o->x + n * s->hw * s->c,
                        .mean = vector_of(o, thread, 0),
                        .invstd = vector_of(o, thread, 1),
                        .sums = chains,
                        .products = chains + 8 * s->c};
}

static void spread(const iso_group_norm_shape *s, const float *of_group, float *of_channel) {
    for (int64_t c = 0, channels = s->c / s->groups; c < s->c; c++)
        of_channel[c] = of_group[c / channels];
}

/* The tree over a group's channels, divided by its number of elements. The sums are used up. */
static float mean_of(const struct norm *o, int64_t group, float *sums) {
    int64_t channels = o->s->c / o->s->groups;
    float *sum = sums + group * channels;
    for (int64_t stride = 1; stride < channels; stride *= 2)
        for (int64_t i = 0; i + stride < channels; i += 2 * stride)
            sum[i] = sum[i] + sum[i + stride];
    return sum[0] / (float)(channels * o->s->hw);
}

/* ---- Forward ---- */

static void normalise(void *argument, int64_t n, int thread) {
    const struct norm *o = argument;
    const iso_group_norm_shape *s = o->s;
    float *mean = o->mean + n * s->groups, *invstd = o->invstd + n * s->groups, *sums = vector_of(o, thread, 2);
    iso_pixels r = run_over(o, n, thread);
    o->k->pixel_sum(&r);
    r.far = false; /* the sample is near now */
    iso_pixel_fold(s->c, r.sums, sums);
    for (int64_t g = 0; g < s->groups; g++)
        mean[g] = mean_of(o, g, sums);
    spread(s, mean, vector_of(o, thread, 0));
    iso_tile_clear(r.sums, 8 * s->c);
    o->k->pixel_squares(&r);
    iso_pixel_fold(s->c, r.sums, sums);
    for (int64_t g = 0; g < s->groups; g++)
        invstd[g] = 1.0f / iso_sqrtf(mean_of(o, g, sums) + (float)s->eps);
    spread(s, invstd, vector_of(o, thread, 1));
    r.weight = o->weight;
    r.bias = o->bias;
    r.out = o->out + n * s->hw * s->c;
    o->k->normalise(&r);
}

size_t iso_cpu_group_norm_scratch(const iso_exec *e, const iso_group_norm_shape *s) {
    return (size_t)(iso_exec_threads(e) * work_floats(s)) * sizeof(float);
}

void iso_cpu_group_norm(const iso_exec *e, const iso_group_norm_shape *s, const float *x, const float *weight, const float *bias,
                        float *mean, float *invstd, float *y) {
    struct norm o = {.k = iso_kernels_of(e->isa),
                     .s = s,
                     .x = x,
                     .weight = weight,
                     .bias = bias,
                     .mean = mean,
                     .invstd = invstd,
                     .out = y,
                     .work = e->scratch};
    iso_pool_run(e->pool, s->n, normalise, &o);
}

/* ---- Backward ---- */

static void input_gradient(const struct norm *o, int64_t n, int thread, iso_pixels r) {
    const iso_group_norm_shape *s = o->s;
    float *a = vector_of(o, thread, 2), *b = vector_of(o, thread, 3), *weight = vector_of(o, thread, 4);
    for (int64_t c = 0; c < s->c; c++) {
        weight[c] = o->weight ? o->weight[c] : 1;
        a[c] = o->sums[n * s->c + c] * weight[c];
        b[c] = o->products[n * s->c + c] * weight[c];
    }
    for (int64_t g = 0, channels = s->c / s->groups; g < s->groups; g++) {
        float a_of_group = mean_of(o, g, a), b_of_group = mean_of(o, g, b);
        for (int64_t c = g * channels; c < (g + 1) * channels; c++) {
            a[c] = a_of_group;
            b[c] = b_of_group;
        }
    }
    r.factor = weight;
    r.a = a;
    r.b = b;
    r.out = o->out + n * s->hw * s->c;
    o->k->group_norm_backward(&r);
}

static void gradients(void *argument, int64_t n, int thread) {
    const struct norm *o = argument;
    const iso_group_norm_shape *s = o->s;
    iso_pixels r = run_over(o, n, thread);
    spread(s, o->mean_in + n * s->groups, vector_of(o, thread, 0));
    spread(s, o->invstd_in + n * s->groups, vector_of(o, thread, 1));
    r.dy = o->dy + n * s->hw * s->c;
    o->k->pixel_gradients(&r);
    r.far = false;
    iso_pixel_fold(s->c, r.sums, o->sums + n * s->c);
    iso_pixel_fold(s->c, r.products, o->products + n * s->c);
    if (o->out)
        input_gradient(o, n, thread, r);
}

size_t iso_cpu_group_norm_backward_scratch(const iso_exec *e, const iso_group_norm_shape *s) {
    return (size_t)(2 * s->n * s->c) * sizeof(float) + iso_cpu_group_norm_scratch(e, s);
}

void iso_cpu_group_norm_backward(const iso_exec *e, const iso_group_norm_shape *s, const float *x, const float *dy,
                                 const float *weight, const float *mean, const float *invstd, float *dx, float *dweight,
                                 float *dbias) {
    float *sums = e->scratch, *products = sums + s->n * s->c;
    struct norm o = {.k = iso_kernels_of(e->isa),
                     .s = s,
                     .x = x,
                     .dy = dy,
                     .weight = weight,
                     .mean_in = mean,
                     .invstd_in = invstd,
                     .sums = sums,
                     .products = products,
                     .out = dx,
                     .work = products + s->n * s->c};
    iso_pool_run(e->pool, s->n, gradients, &o);
    if (!dweight)
        return;
    iso_tree_rows(o.k, s->n, s->c, sums);
    iso_tree_rows(o.k, s->n, s->c, products);
    memcpy(dbias, sums, sizeof *dbias * (size_t)s->c);
    memcpy(dweight, products, sizeof *dweight * (size_t)s->c);
}
