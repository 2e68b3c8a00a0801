/* Linear: the module, and the graph's operation with its three derivatives. docs/contract.md#linear */
#include <stdio.h>

#include "nn/module.h"
#include "nn/ops.h"
#include "isobit/random/init.h"

struct linear {
    iso_module base;
    int64_t in_features, out_features;
};

/* ---- Operation ---- */

static void run_forward(const iso_run *r, const iso_node *n) {
    const float *x = iso_in(r, n, 0), *weight = iso_in(r, n, 1), *bias = iso_in(r, n, 2);
    if (r->reference)
        iso_ref_linear(&n->u.linear, x, weight, bias, iso_out(r, n, 0));
    else
        iso_cpu_linear(r->exec, &n->u.linear, x, weight, bias, iso_out(r, n, 0));
}
static size_t scratch_forward(const iso_exec *e, const iso_node *n) {
    return iso_cpu_linear_scratch(e, &n->u.linear);
}

static void run_backward_input(const iso_run *r, const iso_node *n) {
    const float *dy = iso_in(r, n, 0), *weight = iso_in(r, n, 1);
    if (r->reference)
        iso_ref_linear_backward_input(&n->u.linear, dy, weight, iso_out(r, n, 0));
    else
        iso_cpu_linear_backward_input(r->exec, &n->u.linear, dy, weight, iso_out(r, n, 0));
}
static size_t scratch_backward_input(const iso_exec *e, const iso_node *n) {
    return iso_cpu_linear_backward_input_scratch(e, &n->u.linear);
}

static void run_backward_weight(const iso_run *r, const iso_node *n) {
    const float *x = iso_in(r, n, 0), *dy = iso_in(r, n, 1);
    if (r->reference)
        iso_ref_linear_backward_weight(&n->u.linear, x, dy, iso_out(r, n, 0));
    else
        iso_cpu_linear_backward_weight(r->exec, &n->u.linear, x, dy, iso_out(r, n, 0));
}
static size_t scratch_backward_weight(const iso_exec *e, const iso_node *n) {
    return iso_cpu_linear_backward_weight_scratch(e, &n->u.linear);
}

static void run_backward_bias(const iso_run *r, const iso_node *n) {
    if (r->reference)
        iso_ref_linear_backward_bias(&n->u.linear, iso_in(r, n, 0), iso_out(r, n, 0));
    else
        iso_cpu_linear_backward_bias(r->exec, &n->u.linear, iso_in(r, n, 0), iso_out(r, n, 0));
}
static size_t scratch_backward_bias(const iso_exec *e, const iso_node *n) {
    return iso_cpu_linear_backward_bias_scratch(e, &n->u.linear);
}

static const iso_op op_backward_input = {"linear_backward_input",     run_backward_input, scratch_backward_input, NULL,
                                         .batching = ISO_EACH_SAMPLE, .outputs = "dx"};
static const iso_op op_backward_weight = {"linear_backward_weight",   run_backward_weight,     scratch_backward_weight, NULL,
                                          .batching = ISO_SAMPLE_SUM, .leaf = ISO_LINEAR_LEAF, .outputs = "dweight"};
static const iso_op op_backward_bias = {"linear_backward_bias",     run_backward_bias,       scratch_backward_bias, NULL,
                                        .batching = ISO_SAMPLE_SUM, .leaf = ISO_LINEAR_LEAF, .outputs = "dbias"};

static void backward(iso_graph *graph, const iso_node *node, iso_value_id dy) {
    iso_value_id x = node->in[0], weight = node->in[1], bias = node->in[2];
    iso_graph_derive(graph, &op_backward_bias, node, bias, dy, ISO_NO_VALUE, ISO_NO_VALUE);
    iso_graph_derive(graph, &op_backward_weight, node, weight, x, dy, ISO_NO_VALUE);
    iso_graph_derive(graph, &op_backward_input, node, x, dy, weight, ISO_NO_VALUE);
}

const iso_op iso_op_linear = {"linear", run_forward, scratch_forward, backward, .batching = ISO_EACH_SAMPLE};

/* ---- Module ---- */

static iso_value_id lower(iso_module *module, iso_graph *graph, iso_value_id x) {
    const struct linear *m = (const struct linear *)module;
    const iso_value input = graph->values[x];
    if (input.dims != 2 || input.shape[1] != m->in_features) {
        char expected[64];
        snprintf(expected, sizeof expected, "(n, %lld)", (long long)m->in_features);
        return iso_module_bad_input(module, graph, x, expected);
    }
    iso_value_id weight = iso_module_value(module, graph, "weight"), bias = iso_module_value(module, graph, "bias");
    bool grad = input.requires_grad || graph->training;
    iso_value_id y = iso_graph_activation(graph, 2, (int64_t[]){input.shape[0], m->out_features}, grad);
    iso_node *node = iso_graph_node(graph, &iso_op_linear, (iso_value_id[]){x, weight, bias}, 3, &y, 1);
    if (node)
        node->u.linear = (iso_linear_shape){input.shape[0], m->in_features, m->out_features};
    graph->products += input.shape[0] * m->in_features * m->out_features;
    return y;
}

static void reset(iso_module *module, iso_torch_generator *generator) {
    iso_tensor *weight = iso_module_tensor(module, "weight"), *bias = iso_module_tensor(module, "bias");
    iso_init_conv_or_linear(generator, iso_tensor_f32(weight), weight->dims, weight->shape, bias ? iso_tensor_f32(bias) : NULL);
}

static iso_module *build(iso_context *ctx, int64_t in_features, int64_t out_features, bool bias) {
    if (in_features < 1 || out_features < 1) {
        iso_fail(ctx, ISO_EINVAL, "Linear: in_features (%lld) and out_features (%lld) must be at least 1", (long long)in_features,
                 (long long)out_features);
        return NULL;
    }
    struct linear *m = (struct linear *)iso_module_new(ctx, &iso_linear_class);
    if (!m)
        return NULL;
    m->in_features = in_features;
    m->out_features = out_features;
    int64_t shape[2] = {out_features, in_features};
    if (!iso_module_add(&m->base, "weight", true, ISO_FLOAT32, 2, shape) ||
        (bias && !iso_module_add(&m->base, "bias", true, ISO_FLOAT32, 1, shape))) {
        iso_module_free(&m->base);
        return NULL;
    }
    return &m->base;
}

iso_module *iso_linear_with(iso_context *ctx, int64_t in_features, int64_t out_features, iso_linear_options o) {
    return build(ctx, in_features, out_features, !o.no_bias);
}

/* ---- Recipe ---- */

static const iso_param params[] = {
    {"in_features", ISO_ARG_INT, NULL, 1, 1 << 28},
    {"out_features", ISO_ARG_INT, NULL, 1, 1 << 28},
    {"bias", ISO_ARG_BOOL, "True", 0, 0},
};
static const iso_signature signature = {"Linear", params, ISO_COUNTOF(params)};

static iso_module *from_args(iso_context *ctx, const iso_arg *a) {
    return build(ctx, a[0].i[0], a[1].i[0], a[2].i[0]);
}

const iso_module_class iso_linear_class = {&signature, sizeof(struct linear), from_args, lower, reset};
