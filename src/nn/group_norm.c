/* GroupNorm: module, operation, derivative. docs/contract.md#group_norm */
#include <math.h>
#include <stdio.h>

#include "nn/module.h"
#include "nn/ops.h"

struct group_norm {
    iso_module base;
    int64_t num_groups, num_channels;
    double eps;
};

/* ---- Operation ---- */

static void run_forward(const iso_run *r, const iso_node *n) {
    const iso_group_norm_shape *s = &n->u.group_norm;
    const float *x = iso_in(r, n, 0), *weight = iso_in(r, n, 1), *bias = iso_in(r, n, 2);
    float *y = iso_out(r, n, 0), *mean = iso_out(r, n, 1), *invstd = iso_out(r, n, 2);
    if (r->reference)
        iso_ref_group_norm(s, x, weight, bias, mean, invstd, y);
    else
        iso_cpu_group_norm(r->exec, s, x, weight, bias, mean, invstd, y);
}
static size_t scratch_forward(const iso_exec *e, const iso_node *n) {
    return iso_cpu_group_norm_scratch(e, &n->u.group_norm);
}

static void run_backward(const iso_run *r, const iso_node *n) {
    const iso_group_norm_shape *s = &n->u.group_norm;
    const float *x = iso_in(r, n, 0), *dy = iso_in(r, n, 1), *weight = iso_in(r, n, 2), *mean = iso_in(r, n, 3),
                *invstd = iso_in(r, n, 4);
    float *dx = iso_out(r, n, 0), *dweight = iso_out(r, n, 1), *dbias = iso_out(r, n, 2);
    if (r->reference)
        iso_ref_group_norm_backward(s, x, dy, weight, mean, invstd, dx, dweight, dbias);
    else
        iso_cpu_group_norm_backward(r->exec, s, x, dy, weight, mean, invstd, dx, dweight, dbias);
}
static size_t scratch_backward(const iso_exec *e, const iso_node *n) {
    return iso_cpu_group_norm_backward_scratch(e, &n->u.group_norm);
}

static const iso_op op_backward = {"group_norm_backward",        run_backward, scratch_backward, NULL, .batching = ISO_SAMPLE_SUM,
                                   .outputs = "dx dweight dbias"};

static void backward(iso_graph *graph, const iso_node *node, iso_value_id dy) {
    iso_value_id out[] = {iso_graph_new_grad(graph, node->in[0]), iso_graph_new_grad(graph, node->in[1]),
                          iso_graph_new_grad(graph, node->in[2])};
    iso_value_id in[] = {node->in[0], dy, node->in[1], node->out[1], node->out[2]};
    iso_node *added = iso_graph_node(graph, &op_backward, in, 5, out, 3);
    if (added)
        added->u = node->u;
}

const iso_op iso_op_group_norm = {"group_norm",
                                  run_forward,
                                  scratch_forward,
                                  backward,
                                  .batching = ISO_EACH_SAMPLE,
                                  .repeatable = true,
                                  .outputs = "y mean invstd"};

/* ---- Module ---- */

static iso_value_id lower(iso_module *module, iso_graph *graph, iso_value_id x) {
    const struct group_norm *m = (const struct group_norm *)module;
    const iso_value input = graph->values[x];
    if (input.dims < 2 || input.shape[1] != m->num_channels) {
        char expected[64];
        snprintf(expected, sizeof expected, "(n, %lld, h, w) or (n, %lld)", (long long)m->num_channels,
                 (long long)m->num_channels);
        return iso_module_bad_input(module, graph, x, expected);
    }
    iso_group_norm_shape s = {input.shape[0], input.dims == 4 ? input.shape[2] * input.shape[3] : 1, m->num_channels,
                              m->num_groups, m->eps};
    iso_value_id in[] = {x, iso_module_value(module, graph, "weight"), iso_module_value(module, graph, "bias")};
    iso_value_id y = iso_graph_like(graph, x);
    if (y != ISO_NO_VALUE && graph->training && in[1] != ISO_NO_VALUE)
        graph->values[y].requires_grad = true;
    iso_value_id out[] = {y, iso_graph_bytes(graph, s.n * s.groups, sizeof(float), s.n),
                          iso_graph_bytes(graph, s.n * s.groups, sizeof(float), s.n)};
    iso_node *node = iso_graph_node(graph, &iso_op_group_norm, in, 3, out, 3);
    if (node)
        node->u.group_norm = s;
    return y;
}

static void reset(iso_module *module, iso_torch_generator *generator) {
    (void)generator;
    iso_module_fill(module, "weight", 1);
    iso_module_fill(module, "bias", 0);
}

iso_module *iso_group_norm_with(iso_context *ctx, int64_t num_groups, int64_t num_channels, iso_group_norm_options o) {
    if (num_groups < 1 || num_channels < 1 || num_channels % num_groups) {
        iso_fail(ctx, ISO_EINVAL, "GroupNorm: num_channels (%lld) must be a multiple of num_groups (%lld), both at least 1",
                 (long long)num_channels, (long long)num_groups);
        return NULL;
    }
    struct group_norm *m = (struct group_norm *)iso_module_new(ctx, &iso_group_norm_class);
    if (!m)
        return NULL;
    m->num_groups = num_groups;
    m->num_channels = num_channels;
    m->eps = o.eps == 0 && !signbit(o.eps) ? 1e-5 : o.eps;
    if (!o.no_affine && (!iso_module_add(&m->base, "weight", true, ISO_FLOAT32, 1, &num_channels) ||
                         !iso_module_add(&m->base, "bias", true, ISO_FLOAT32, 1, &num_channels))) {
        iso_module_free(&m->base);
        return NULL;
    }
    return &m->base;
}

/* ---- Recipe ---- */

static const iso_param params[] = {
    {"num_groups", ISO_ARG_INT, NULL, 1, 1 << 24},
    {"num_channels", ISO_ARG_INT, NULL, 1, 1 << 24},
    {"eps", ISO_ARG_FLOAT, "1e-05", 0, 1},
    {"affine", ISO_ARG_BOOL, "True", 0, 0},
};
static const iso_signature signature = {"GroupNorm", params, ISO_COUNTOF(params)};

static iso_module *from_args(iso_context *ctx, const iso_arg *a) {
    iso_group_norm_options options = {.eps = a[2].f[0] == 0 ? ISO_ZERO : a[2].f[0], .no_affine = !a[3].i[0]};
    return iso_group_norm_with(ctx, a[0].i[0], a[1].i[0], options);
}

const iso_module_class iso_group_norm_class = {&signature, sizeof(struct group_norm), from_args, lower, reset};
