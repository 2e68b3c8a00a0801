#include "ops/batch_norm2d.h"

#include "kernels/pool_shapes.h"
#include "ops/elementwise.h"

/* ---- The operation alone ---- */

/* A shape, and what stands for each channel. */
struct norm {
    iso_batch_norm2d_shape shape;
    int64_t count; /* elements of an activation */
    float momentum;
    const float *weight, *bias; /* both, or NULLs */
    const float *running_mean, *running_var;
};

static float *variances(cases *c, int64_t count) {
    float *x = case_operand(c, count);
    bool squares = iso_test_between(0, 15);
    for (int64_t i = 0; squares && i < count; i++)
        x[i] = x[i] < 0 ? -x[i] : x[i];
    return x;
}

static struct norm random_norm(cases *c, int64_t n, int64_t hw, int64_t channels, bool affine) {
    static const double epsilons[] = {1e-5, 1e-5, 1e-3, 0, 1};
    struct norm o = {{n, hw, channels, epsilons[iso_test_between(0, 4)]}, n * hw * channels};
    o.momentum = iso_test_between(0, 3) ? 0.1f : (float)iso_test_uniform();
    if (affine) {
        o.weight = case_operand(c, channels);
        o.bias = case_operand(c, channels);
    }
    o.running_mean = case_operand(c, channels);
    o.running_var = variances(c, channels);
    return o;
}

static struct norm random_norm_alone(cases *c) {
    /* Some are so large that their outputs go past the caches. */
    int64_t most = case_once_in(2000) ? 3000000 : case_once_in(50) ? 60000 : 4000;
    int64_t channels = most > 60000 ? 16 * iso_test_between(1, 4) : case_size(iso_min64(most, 140));
    int64_t hw = most > 60000 ? most / channels / 3 : case_size(most / channels);
    int64_t n = most > 60000 ? 3 : case_size(iso_min64(most / channels / hw, 40));
    struct norm o = random_norm(c, n, hw, channels, iso_test_between(0, 3));
    case_shape(c, "n %lld hw %lld c %lld eps %g%s", (long long)n, (long long)hw, (long long)channels, o.shape.eps,
               o.weight ? "" : ", not affine");
    return o;
}

/* The outputs of the forward function; running statistics: NULLs if none are kept. */
struct norm_outputs {
    case_output running_mean, running_var, mean, invstd;
};

static struct norm_outputs norm_outputs(cases *c, const struct norm *o, bool training) {
    struct norm_outputs out = {.invstd = case_floats(c, "invstd", o->shape.c)};
    if (!training)
        return out;
    out.mean = case_floats(c, "mean", o->shape.c);
    if (iso_test_between(0, 3)) {
        out.running_mean = case_updated(c, "running_mean", o->shape.c, o->running_mean);
        out.running_var = case_updated(c, "running_var", o->shape.c, o->running_var);
    }
    return out;
}

/* Training or eval, by the reference and by the kernel. */
static void reference(const struct norm *o, bool training, const float *x, const struct norm_outputs *out, float *y) {
    if (training)
        iso_ref_batch_norm2d(&o->shape, x, o->weight, o->bias, o->momentum, out->running_mean.expected, out->running_var.expected,
                             out->mean.expected, out->invstd.expected, y);
    else
        iso_ref_batch_norm2d_eval(&o->shape, x, o->weight, o->bias, o->running_mean, o->running_var, out->invstd.expected, y);
}
static void kernel(cases *c, const struct norm *o, bool training, const float *x, const iso_norm_tail *tail,
                   const struct norm_outputs *out, float *y) {
    case_scratch(c, iso_cpu_batch_norm2d_scratch(&c->exec, &o->shape, tail ? tail->pool : NULL));
    if (training)
        iso_cpu_batch_norm2d(&c->exec, &o->shape, x, o->weight, o->bias, o->momentum, out->running_mean.actual,
                             out->running_var.actual, out->mean.actual, out->invstd.actual, tail, y);
    else
        iso_cpu_batch_norm2d_eval(&c->exec, &o->shape, x, o->weight, o->bias, o->running_mean, o->running_var, out->invstd.actual,
                                  tail, y);
}

static void compare(cases *c, bool training) {
    struct norm o = random_norm_alone(c);
    const float *x = case_operand(c, o.count);
    struct norm_outputs out = norm_outputs(c, &o, training);
    case_output y = case_floats(c, "y", o.count);
    reference(&o, training, x, &out, y.expected);
    while (case_next(c))
        kernel(c, &o, training, x, NULL, &out, y.actual);
}

CASES(batch_norm2d, 6) {
    compare(c, true);
}
CASES(batch_norm2d_eval, 3) {
    compare(c, false);
}

/* What the derivative takes from the forward function: the statistics, the batch's or given ones, and y. */
struct seen {
    const float *x, *mean, *invstd;
    float *y;
};

static struct seen forward(cases *c, const struct norm *o, bool training) {
    float *mean = case_memory(c, o->shape.c, sizeof *mean), *invstd = case_memory(c, o->shape.c, sizeof *invstd);
    struct seen s = {case_operand(c, o->count), training ? mean : o->running_mean, invstd, NULL};
    s.y = case_memory(c, o->count, sizeof *s.y);
    struct norm_outputs out = {.mean.expected = mean, .invstd.expected = invstd};
    reference(o, training, s.x, &out, s.y);
    return s;
}

static void compare_backward(cases *c, const struct norm *o, bool training, const struct seen *s, const float *masked_dy,
                             const float *dy, const iso_norm_head *head) {
    case_output dw = case_floats(c, "dw", o->shape.c), db = case_floats(c, "db", o->shape.c);
    case_output dx = case_optional(c, "dx", o->count, iso_test_between(0, 7));
    iso_ref_batch_norm2d_backward(&o->shape, training, s->x, masked_dy, o->weight, s->mean, s->invstd, dw.expected, db.expected,
                                  dx.expected);
    bool over = dx.expected && iso_test_between(0, 1); /* dx over x */
    while (case_next(c)) {
        if (over)
            memcpy(dx.actual, s->x, sizeof(float) * (size_t)o->count);
        case_scratch(c, iso_cpu_batch_norm2d_backward_scratch(&c->exec, &o->shape, head ? head->pool : NULL));
        iso_cpu_batch_norm2d_backward(&c->exec, &o->shape, training, over ? dx.actual : s->x, dy, o->weight, s->mean, s->invstd,
                                      head, dw.actual, db.actual, dx.actual);
    }
}

CASES(batch_norm2d_backward, 6) {
    struct norm o = random_norm_alone(c);
    bool training = iso_test_between(0, 2);
    struct seen s = forward(c, &o, training);
    const float *dy = case_operand(c, o.count);
    compare_backward(c, &o, training, &s, dy, dy, NULL);
}

/* ---- What runs in the same passes, against the operations one after the other ---- */

/* An activation that a pool, if there is one, can stand behind. Strips of several rows need a few thousand elements. */
static struct norm random_norm_of(cases *c, const iso_pool2d_shape *p, bool affine, const char *parts) {
    struct norm o = random_norm(c, p->n, p->h * p->w, p->c, affine);
    case_shape(c, "n %lld c %lld eps %g%s, %s, " POOL_FORMAT, (long long)p->n, (long long)p->c, o.shape.eps,
               affine ? "" : ", not affine", parts, POOL_LIST(*p));
    return o;
}
static iso_pool2d_shape pool_behind(void) {
    iso_pool2d_shape s = pool_shape(case_once_in(8) ? 20000 : 2000, true);
    if (case_once_in(20)) { /* an image of several strips, which begin with any chain */
        s = (iso_pool2d_shape){.n = 1,
                               .h = iso_test_between(15, 21),
                               .w = iso_test_between(9, 21),
                               .c = iso_test_between(60, 100),
                               .kh = 3,
                               .kw = 2,
                               .sh = iso_test_between(1, 2),
                               .sw = 2,
                               .ph = 1,
                               .dh = 1,
                               .dw = 1};
        s.oh = pool_length(s.h, s.kh, s.sh, s.ph, s.dh, false);
        s.ow = pool_length(s.w, s.kw, s.sw, s.pw, s.dw, false);
    }
    return s;
}

CASES(batch_norm2d_fused, 6) {
    static const char *const parts[] = {"nothing", "residual", "relu", "residual relu", "relu pool", "residual relu pool"};
    int64_t kind = iso_test_between(0, 5);
    bool training = iso_test_between(0, 2), pooled = kind >= 4;
    iso_pool2d_shape p = pool_behind();
    struct norm o = random_norm_of(c, &p, pooled || iso_test_between(0, 3), parts[kind]);
    const float *x = case_operand(c, o.count), *residual = kind & 1 ? case_operand(c, o.count) : NULL;
    struct norm_outputs out = norm_outputs(c, &o, training);
    int64_t count = pooled ? pool_outputs(&p) : o.count;
    case_output y = case_floats(c, "y", count);
    case_indices index = {NULL, NULL};
    float *step = pooled ? case_memory(c, o.count, sizeof *step) : y.expected;
    reference(&o, training, x, &out, step);
    if (residual)
        iso_ref_add(o.count, step, residual, step);
    if (kind >= 2)
        iso_ref_relu(o.count, step, step);
    if (pooled) {
        index = case_whole_numbers(c, "index", count);
        iso_ref_max_pool2d(&p, step, y.expected, index.expected);
    }
    iso_norm_tail tail = {.residual = residual, .relu = kind >= 2, .pool = pooled ? &p : NULL, .index = index.actual};
    while (case_next(c))
        kernel(c, &o, training, x, &tail, &out, y.actual);
}

CASES(batch_norm2d_backward_fused, 6) {
    static const char *const parts[] = {"nothing", "relu", "relu pool", "y"};
    int64_t kind = iso_test_between(0, 3);
    bool training = iso_test_between(0, 2), relu = kind == 1 || kind == 2, pooled = kind == 2;
    iso_pool2d_shape p = pool_behind();
    struct norm o = random_norm_of(c, &p, relu || iso_test_between(0, 3), parts[kind]);
    struct seen s = forward(c, &o, training);
    iso_norm_head head = {.relu = relu, .bias = relu ? o.bias : NULL};
    const float *dy = case_operand(c, pooled ? pool_outputs(&p) : o.count);
    float *masked = case_memory(c, o.count, sizeof *masked); /* the gradient that reaches the normalisation */
    memcpy(masked, dy, pooled ? 0 : sizeof *masked * (size_t)o.count);
    iso_ref_relu(o.count, s.y, s.y);
    if (pooled) {
        float *top = case_memory(c, pool_outputs(&p), sizeof *top);
        int32_t *index = case_memory(c, pool_outputs(&p), sizeof *index);
        iso_ref_max_pool2d(&p, s.y, top, index);
        iso_ref_max_pool2d_backward(&p, dy, index, masked);
        head.pool = &p;
        head.index = index;
    }
    if (kind == 3) { /* the output of a relu behind a sum, so any */
        float *y = case_operand(c, o.count);
        iso_ref_relu(o.count, y, y);
        iso_ref_relu_backward(o.count, y, dy, masked);
        case_output written = case_floats(c, "masked", o.count);
        memcpy(written.expected, masked, sizeof *masked * (size_t)o.count);
        head.y = y;
        head.masked = written.actual;
    } else if (relu)
        iso_ref_relu_backward(o.count, s.y, masked, masked);
    compare_backward(c, &o, training, &s, masked, dy, &head);
}

/* ---- In parts, over two blocks of samples ---- */

/* Block number `block` of the two: its shape, and how many samples are before it. */
static iso_batch_norm2d_shape block_of(const struct norm *o, int64_t cut, int block, int64_t *before) {
    iso_batch_norm2d_shape s = o->shape;
    *before = block ? cut : 0;
    s.n = block ? o->shape.n - cut : cut;
    return s;
}

CASES(batch_norm2d_in_parts, 4) {
    struct norm o = random_norm_alone(c);
    bool training = iso_test_between(0, 2);
    int64_t cut = iso_test_between(0, o.shape.n), channels = o.shape.c, before;
    const float *x = case_operand(c, o.count), *dy = case_operand(c, o.count);
    struct norm_outputs out = norm_outputs(c, &o, training);
    case_output y = case_floats(c, "y", o.count), dx = case_floats(c, "dx", o.count);
    case_output dw = case_floats(c, "dw", channels), db = case_floats(c, "db", channels);
    float *rows[2] = {case_memory(c, o.shape.n * channels, sizeof(float)), case_memory(c, o.shape.n * channels, sizeof(float))};
    float *terms = case_memory(c, 3 * channels, sizeof *terms);
    reference(&o, training, x, &out, y.expected);
    iso_ref_batch_norm2d_backward(&o.shape, training, x, dy, o.weight, training ? out.mean.expected : o.running_mean,
                                  out.invstd.expected, dw.expected, db.expected, dx.expected);
    while (case_next(c)) {
        const iso_exec *e = &c->exec;
        const float *mean = training ? out.mean.actual : o.running_mean, *invstd = out.invstd.actual;
        case_scratch(c, iso_cpu_batch_norm2d_part_scratch(e, &o.shape, NULL));
        for (int square = 0; square < 2 && training; square++) {
            for (int i = 0; i < 2; i++) {
                iso_batch_norm2d_shape s = block_of(&o, cut, i, &before);
                iso_cpu_batch_norm2d_sums(e, &s, x + before * s.hw * channels, square ? mean : NULL, rows[0] + before * channels);
            }
            if (square)
                iso_cpu_batch_norm2d_invstd(e, &o.shape, rows[0], mean, o.momentum, out.running_mean.actual,
                                            out.running_var.actual, out.invstd.actual);
            else
                iso_cpu_batch_norm2d_mean(e, &o.shape, rows[0], out.mean.actual);
        }
        if (!training)
            iso_cpu_batch_norm2d_eval_invstd(&o.shape, o.running_var, out.invstd.actual);
        for (int i = 0; i < 2; i++) {
            iso_batch_norm2d_shape s = block_of(&o, cut, i, &before);
            int64_t at = before * s.hw * channels, row = before * channels;
            iso_cpu_batch_norm2d_normalise(e, &s, x + at, o.weight, o.bias, mean, invstd, NULL, y.actual + at);
            iso_cpu_batch_norm2d_gradients(e, &s, x + at, dy + at, o.weight, mean, invstd, NULL, rows[0] + row, rows[1] + row);
        }
        iso_cpu_batch_norm2d_totals(e, &o.shape, rows[0], rows[1], dw.actual, db.actual);
        iso_cpu_batch_norm2d_terms(&o.shape, o.weight, invstd, training ? dw.actual : NULL, training ? db.actual : NULL, terms);
        for (int i = 0; i < 2; i++) {
            iso_batch_norm2d_shape s = block_of(&o, cut, i, &before);
            int64_t at = before * s.hw * channels;
            iso_cpu_batch_norm2d_backward_normalise(e, &s, training, x + at, dy + at, o.weight, mean, invstd, terms, NULL,
                                                    dx.actual + at);
        }
    }
}
