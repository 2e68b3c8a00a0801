/* ReLU: module, operation, derivative. docs/contract.md#relu */
#include "nn/module.h"
#include "nn/ops.h"

static void run_forward(const iso_run *r, const iso_node *n) {
    int64_t count = r->values[n->out[0]].numel;
    if (r->reference)
        iso_ref_relu(count, iso_in(r, n, 0), iso_out(r, n, 0));
    else
        iso_cpu_relu(r->exec, count, iso_in(r, n, 0), iso_out(r, n, 0));
}

static void run_backward(const iso_run *r, const iso_node *n) {
    int64_t count = r->values[n->out[0]].numel;
    if (r->reference)
        iso_ref_relu_backward(count, iso_in(r, n, 0), iso_in(r, n, 1), iso_out(r, n, 0));
    else
        iso_cpu_relu_backward(r->exec, count, iso_in(r, n, 0), iso_in(r, n, 1), iso_out(r, n, 0));
}

const iso_op iso_op_relu_backward = {"relu_backward", run_backward, NULL, NULL, .batching = ISO_EACH_SAMPLE, .outputs = "dx"};

static void backward(iso_graph *graph, const iso_node *node, iso_value_id dy) {
    iso_graph_derive(graph, &iso_op_relu_backward, node, node->in[0], node->out[0], dy, ISO_NO_VALUE);
}

const iso_op iso_op_relu = {"relu", run_forward, NULL, backward, .batching = ISO_EACH_SAMPLE, .repeatable = true};

static iso_value_id lower(iso_module *module, iso_graph *graph, iso_value_id x) {
    (void)module;
    iso_value_id y = iso_graph_like(graph, x);
    iso_graph_node(graph, &iso_op_relu, &x, 1, &y, 1);
    return y;
}

iso_module *iso_relu(iso_context *ctx) {
    return iso_module_new(ctx, &iso_relu_class);
}

static const iso_param params[] = {{"inplace", ISO_ARG_BOOL, "False", 0, 0}}; /* where a result lies is the plan's business */
static const iso_signature signature = {"ReLU", params, ISO_COUNTOF(params)};
static iso_module *from_args(iso_context *ctx, const iso_arg *args) {
    (void)args;
    return iso_relu(ctx);
}
const iso_module_class iso_relu_class = {&signature, sizeof(iso_module), from_args, lower, NULL};
