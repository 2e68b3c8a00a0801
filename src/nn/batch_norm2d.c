/* BatchNorm2d, and BatchNorm1d, which is the same with one pixel: modules, operation, derivative. docs/contract.md#batch_norm2d
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "nn/module.h"
#include "nn/ops.h"

struct batch_norm2d {
    iso_module base;
    int64_t num_features;
    double eps, momentum;
    bool cumulative, pinned;
    /* Statistics that the recipe gives: one number for all channels, or one each; 0 numbers: none. */
    size_t given_means, given_vars;
    double given_mean[ISO_MAX_FLOATS], given_var[ISO_MAX_FLOATS];
};

static const iso_pool2d_shape *pool_of(const iso_node *n) {
    return n->u.batch_norm2d.pooled ? &n->u.batch_norm2d.pool : NULL;
}

float iso_norm_momentum(const iso_node *n, int64_t *tracked) {
    if (tracked)
        ++*tracked;
    return n->u.batch_norm2d.cumulative && tracked ? (float)(1.0 / (double)*tracked) : (float)n->u.batch_norm2d.momentum;
}

static void run_forward(const iso_run *r, const iso_node *n) {
    const iso_batch_norm2d_shape *s = &n->u.batch_norm2d.shape;
    const float *x = iso_in(r, n, ISO_NORM_IN_X), *weight = iso_in(r, n, ISO_NORM_IN_WEIGHT),
                *bias = iso_in(r, n, ISO_NORM_IN_BIAS);
    float *running_mean = iso_in(r, n, ISO_NORM_IN_MEAN), *running_var = iso_in(r, n, ISO_NORM_IN_VAR);
    float *y = iso_out(r, n, 0), *mean = iso_out(r, n, 1), *invstd = iso_out(r, n, 2);
    iso_norm_tail tail = {iso_in(r, n, ISO_NORM_IN_RESIDUAL), n->u.batch_norm2d.relu, pool_of(n),
                          iso_data(r, n->out[ISO_NORM_OUT_INDEX])};
    if (!n->u.batch_norm2d.training) {
        if (r->reference)
            iso_ref_batch_norm2d_eval(s, x, weight, bias, running_mean, running_var, invstd, y);
        else
            iso_cpu_batch_norm2d_eval(r->exec, s, x, weight, bias, running_mean, running_var, invstd, &tail, y);
        return;
    }
    float momentum = iso_norm_momentum(n, iso_data(r, n->in[ISO_NORM_IN_TRACKED]));
    if (r->reference)
        iso_ref_batch_norm2d(s, x, weight, bias, momentum, running_mean, running_var, mean, invstd, y);
    else
        iso_cpu_batch_norm2d(r->exec, s, x, weight, bias, momentum, running_mean, running_var, mean, invstd, &tail, y);
}
static size_t scratch_forward(const iso_exec *e, const iso_node *n) {
    return iso_cpu_batch_norm2d_scratch(e, &n->u.batch_norm2d.shape, pool_of(n));
}

/* in: x, dy, weight, mean, invstd, and of a fused node bias, the output of relu that dy is masked by, the index of the pool;
 * out: dx, dweight, dbias, and the masked dy. */
static void run_backward(const iso_run *r, const iso_node *n) {
    const iso_batch_norm2d_shape *s = &n->u.batch_norm2d.shape;
    bool training = n->u.batch_norm2d.training;
    const float *x = iso_in(r, n, 0), *dy = iso_in(r, n, 1), *weight = iso_in(r, n, 2), *mean = iso_in(r, n, 3),
                *invstd = iso_in(r, n, 4);
    float *dx = iso_out(r, n, 0), *dweight = iso_out(r, n, 1), *dbias = iso_out(r, n, 2);
    iso_norm_head head = {n->u.batch_norm2d.relu,
                          iso_in(r, n, ISO_NORM_BACKWARD_IN_BIAS),
                          iso_in(r, n, ISO_NORM_BACKWARD_IN_Y),
                          iso_out(r, n, ISO_NORM_BACKWARD_OUT_MASKED),
                          pool_of(n),
                          iso_data(r, n->in[ISO_NORM_BACKWARD_IN_INDEX])};
    if (r->reference)
        iso_ref_batch_norm2d_backward(s, training, x, dy, weight, mean, invstd, dweight, dbias, dx);
    else
        iso_cpu_batch_norm2d_backward(r->exec, s, training, x, dy, weight, mean, invstd, &head, dweight, dbias, dx);
}
static size_t scratch_backward(const iso_exec *e, const iso_node *n) {
    return iso_cpu_batch_norm2d_backward_scratch(e, &n->u.batch_norm2d.shape, pool_of(n));
}
const iso_op iso_op_batch_norm2d_backward = {"batch_norm2d_backward",      run_backward, scratch_backward, NULL, .over = 1,
                                             .outputs = "dx dweight dbias"};

static void backward(iso_graph *graph, const iso_node *node, iso_value_id dy) {
    iso_value_id mean = node->u.batch_norm2d.training ? node->out[1] : node->in[ISO_NORM_IN_MEAN];
    iso_value_id dx = iso_graph_new_grad(graph, node->in[ISO_NORM_IN_X]),
                 dweight = iso_graph_new_grad(graph, node->in[ISO_NORM_IN_WEIGHT]),
                 dbias = iso_graph_new_grad(graph, node->in[ISO_NORM_IN_BIAS]);
    /* dx needs the two sums, so they are computed without an affine part too. */
    if (dweight == ISO_NO_VALUE)
        dweight = iso_graph_bytes(graph, node->u.batch_norm2d.shape.c, sizeof(float), 0);
    if (dbias == ISO_NO_VALUE)
        dbias = iso_graph_bytes(graph, node->u.batch_norm2d.shape.c, sizeof(float), 0);
    iso_value_id in[] = {node->in[ISO_NORM_IN_X], dy, node->in[ISO_NORM_IN_WEIGHT], mean, node->out[2]};
    iso_node *added = iso_graph_node(graph, &iso_op_batch_norm2d_backward, in, 5, (iso_value_id[]){dx, dweight, dbias}, 3);
    if (added)
        added->u = node->u;
}

const iso_op iso_op_batch_norm2d = {"batch_norm2d", run_forward, scratch_forward, backward, .outputs = "y mean invstd"};

/* ---- Module ---- */

static iso_value_id lower(iso_module *module, iso_graph *graph, iso_value_id x) {
    const struct batch_norm2d *m = (const struct batch_norm2d *)module;
    const iso_value input = graph->values[x];
    bool pixels = module->class_ == &iso_batch_norm2d_class;
    if (input.dims != (pixels ? 4 : 2) || input.shape[1] != m->num_features) {
        char expected[64];
        snprintf(expected, sizeof expected, pixels ? "(n, %lld, h, w)" : "(n, %lld)", (long long)m->num_features);
        return iso_module_bad_input(module, graph, x, expected);
    }
    bool tracks = iso_module_tensor(module, "running_mean") != NULL;
    bool training = tracks ? module->training && !m->pinned : true; /* without running statistics: always the batch's */
    int64_t hw = pixels ? input.shape[2] * input.shape[3] : 1;
    if (training && input.shape[0] * hw < 2) {
        iso_graph_fail(graph, "layer %s (%s) expects more than 1 value per channel when training", module->path,
                       module->class_->signature->name);
        return ISO_NO_VALUE;
    }
    iso_value_id in[6] = {x,
                          iso_module_value(module, graph, "weight"),
                          iso_module_value(module, graph, "bias"),
                          ISO_NO_VALUE,
                          ISO_NO_VALUE,
                          ISO_NO_VALUE};
    if (tracks) {
        in[ISO_NORM_IN_MEAN] = iso_module_value(module, graph, "running_mean");
        in[ISO_NORM_IN_VAR] = iso_module_value(module, graph, "running_var");
        in[ISO_NORM_IN_TRACKED] = iso_module_value(module, graph, "num_batches_tracked");
    }
    iso_value_id y = iso_graph_like(graph, x);
    if (y != ISO_NO_VALUE && graph->training && in[ISO_NORM_IN_WEIGHT] != ISO_NO_VALUE)
        graph->values[y].requires_grad = true;
    iso_value_id out[3] = {y, iso_graph_bytes(graph, m->num_features, sizeof(float), 0),
                           iso_graph_bytes(graph, m->num_features, sizeof(float), 0)};
    iso_node *node = iso_graph_node(graph, &iso_op_batch_norm2d, in, 6, out, 3);
    if (node) {
        node->u.batch_norm2d.shape = (iso_batch_norm2d_shape){input.shape[0], hw, m->num_features, m->eps};
        node->u.batch_norm2d.training = training;
        node->u.batch_norm2d.momentum = m->momentum;
        node->u.batch_norm2d.cumulative = m->cumulative;
    }
    return y;
}

static void give(iso_tensor *tensor, const double *values, size_t count) {
    for (int64_t i = 0; tensor && count && i < tensor->numel; i++)
        iso_tensor_f32(tensor)[i] = (float)values[count == 1 ? 0 : i];
}

static void reset(iso_module *module, iso_torch_generator *generator) {
    const struct batch_norm2d *m = (const struct batch_norm2d *)module;
    (void)generator;
    iso_module_fill(module, "weight", 1);
    iso_module_fill(module, "bias", 0);
    iso_module_fill(module, "running_mean", 0);
    iso_module_fill(module, "running_var", 1);
    give(iso_module_tensor(module, "running_mean"), m->given_mean, m->given_means);
    give(iso_module_tensor(module, "running_var"), m->given_var, m->given_vars);
    iso_tensor *tracked = iso_module_tensor(module, "num_batches_tracked");
    if (tracked)
        *iso_tensor_i64(tracked) = 0;
}

static iso_module *build(iso_context *ctx, const iso_module_class *class_, int64_t num_features, iso_batch_norm2d_options o) {
    if (num_features < 1) {
        iso_fail(ctx, ISO_EINVAL, "%s: num_features is %lld, expected 1 or more", class_->signature->name,
                 (long long)num_features);
        return NULL;
    }
    if (o.pinned && o.no_running_stats) {
        iso_fail(ctx, ISO_EINVAL, "%s: pinned statistics need track_running_stats", class_->signature->name);
        return NULL;
    }
    struct batch_norm2d *m = (struct batch_norm2d *)iso_module_new(ctx, class_);
    if (!m)
        return NULL;
    m->num_features = num_features;
    m->eps = o.eps == 0 && !signbit(o.eps) ? 1e-5 : o.eps;
    m->momentum = o.momentum == 0 && !signbit(o.momentum) ? 0.1 : o.momentum;
    m->cumulative = o.cumulative;
    m->pinned = o.pinned;
    bool ok = true;
    if (!o.no_affine)
        ok = iso_module_add(&m->base, "weight", true, ISO_FLOAT32, 1, &num_features) &&
             iso_module_add(&m->base, "bias", true, ISO_FLOAT32, 1, &num_features);
    if (ok && !o.no_running_stats)
        ok = iso_module_add(&m->base, "running_mean", false, ISO_FLOAT32, 1, &num_features) &&
             iso_module_add(&m->base, "running_var", false, ISO_FLOAT32, 1, &num_features) &&
             iso_module_add(&m->base, "num_batches_tracked", false, ISO_INT64, 0, NULL);
    if (!ok) {
        iso_module_free(&m->base);
        return NULL;
    }
    return &m->base;
}

iso_module *iso_batch_norm2d_with(iso_context *ctx, int64_t num_features, iso_batch_norm2d_options options) {
    return build(ctx, &iso_batch_norm2d_class, num_features, options);
}
iso_module *iso_batch_norm1d_with(iso_context *ctx, int64_t num_features, iso_batch_norm1d_options options) {
    return build(ctx, &iso_batch_norm1d_class, num_features, options);
}

/* ---- Recipe ---- */

static const iso_param params[] = {
    {"num_features", ISO_ARG_INT, NULL, 1, 1 << 24},     {"eps", ISO_ARG_FLOAT, "1e-05", 0, 1},
    {"momentum", ISO_ARG_FLOAT, "0.1", 0, 1, true},      {"affine", ISO_ARG_BOOL, "True", 0, 0},
    {"track_running_stats", ISO_ARG_BOOL, "True", 0, 0}, {"pinned", ISO_ARG_BOOL, "False", 0, 0},
    {"running_mean", ISO_ARG_FLOATS, "None", 0, 0},      {"running_var", ISO_ARG_FLOATS, "None", 0, 0},
};
static const iso_signature signature_1d = {"BatchNorm1d", params, ISO_COUNTOF(params)},
                           signature_2d = {"BatchNorm2d", params, ISO_COUNTOF(params)};

/* Statistics that are given need somewhere to stand, and a number for every channel. */
static bool check_given(iso_context *ctx, const char *layer, const iso_arg *a, const char *name, int64_t features, bool tracked) {
    if (!a->given || a->is_none)
        return true;
    if (tracked && (a->count == 1 || (int64_t)a->count == features))
        return true;
    iso_fail(ctx, ISO_EINVAL, tracked ? "%s: %s must be one number, or one for each channel" : "%s: %s needs track_running_stats",
             layer, name);
    return false;
}

static iso_module *from_args(iso_context *ctx, const iso_module_class *class_, const iso_arg *a) {
    const char *layer = class_->signature->name;
    if (!check_given(ctx, layer, &a[6], "running_mean", a[0].i[0], a[4].i[0]) ||
        !check_given(ctx, layer, &a[7], "running_var", a[0].i[0], a[4].i[0]))
        return NULL;
    iso_batch_norm2d_options options = {.eps = a[1].f[0] == 0 ? ISO_ZERO : a[1].f[0],
                                        .momentum = a[2].is_none || a[2].f[0] == 0 ? ISO_ZERO : a[2].f[0],
                                        .cumulative = a[2].is_none,
                                        .no_affine = !a[3].i[0],
                                        .no_running_stats = !a[4].i[0],
                                        .pinned = a[5].i[0]};
    struct batch_norm2d *m = (struct batch_norm2d *)build(ctx, class_, a[0].i[0], options);
    if (!m)
        return NULL;
    m->given_means = a[6].given ? a[6].count : 0;
    m->given_vars = a[7].given ? a[7].count : 0;
    memcpy(m->given_mean, a[6].f, sizeof m->given_mean);
    memcpy(m->given_var, a[7].f, sizeof m->given_var);
    return &m->base;
}

static iso_module *from_args_1d(iso_context *ctx, const iso_arg *args) {
    return from_args(ctx, &iso_batch_norm1d_class, args);
}
static iso_module *from_args_2d(iso_context *ctx, const iso_arg *args) {
    return from_args(ctx, &iso_batch_norm2d_class, args);
}

const iso_module_class iso_batch_norm1d_class = {&signature_1d, sizeof(struct batch_norm2d), from_args_1d, lower, reset};
const iso_module_class iso_batch_norm2d_class = {&signature_2d, sizeof(struct batch_norm2d), from_args_2d, lower, reset};
