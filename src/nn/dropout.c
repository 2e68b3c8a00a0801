/* Dropout: module, operation, derivative. docs/contract.md#dropout */
#include <string.h>

#include "nn/module.h"
#include "nn/ops.h"

struct dropout {
    iso_module base;
    double p;
};

/* Draws the mask in PyTorch's order and lays it as the activation lies. p = 1 draws nothing: nothing is kept. */
static void draw_mask(const iso_run *r, const iso_node *n) {
    const iso_value *x = &r->values[n->in[0]];
    uint8_t *keep = iso_data(r, n->out[1]), *drawn = n->out[2] == ISO_NO_VALUE ? keep : iso_data(r, n->out[2]);
    if (n->u.dropout.p == 1) {
        memset(keep, 0, (size_t)x->numel);
        return;
    }
    iso_torch_bernoulli(r->generator, drawn, (size_t)x->numel, 1 - n->u.dropout.p);
    if (drawn == keep)
        return;
    int64_t c = x->shape[1], pixels = x->shape[2] * x->shape[3];
    for (int64_t image = 0; image < x->shape[0]; image++, drawn += c * pixels, keep += c * pixels)
        for (int64_t channel = 0; channel < c; channel++)
            for (int64_t pixel = 0; pixel < pixels; pixel++)
                keep[pixel * c + channel] = drawn[channel * pixels + pixel];
}

static void apply(const iso_run *r, const iso_node *n, const float *x, const uint8_t *keep, float *y) {
    int64_t count = r->values[n->out[0]].numel;
    if (r->reference)
        iso_ref_dropout(count, x, keep, n->u.dropout.p, y);
    else
        iso_cpu_dropout(r->exec, count, x, keep, n->u.dropout.p, y);
}

static void run_forward(const iso_run *r, const iso_node *n) {
    draw_mask(r, n);
    apply(r, n, iso_in(r, n, 0), iso_data(r, n->out[1]), iso_out(r, n, 0));
}

static void run_backward(const iso_run *r, const iso_node *n) {
    apply(r, n, iso_in(r, n, 0), iso_data(r, n->in[1]), iso_out(r, n, 0));
}

static const iso_op op_backward = {"dropout_backward", run_backward, NULL, NULL};

static void backward(iso_graph *graph, const iso_node *node, iso_value_id dy) {
    iso_graph_derive(graph, &op_backward, node, node->in[0], dy, node->out[1], ISO_NO_VALUE);
}

const iso_op iso_op_dropout = {"dropout", run_forward, NULL, backward};

static iso_value_id lower(iso_module *module, iso_graph *graph, iso_value_id x) {
    const struct dropout *m = (const struct dropout *)module;
    if (!module->training || m->p == 0)
        return x;
    const iso_value input = graph->values[x];
    bool permuted = input.dims == 4 && input.shape[1] > 1 && input.shape[2] * input.shape[3] > 1;
    iso_value_id y = iso_graph_like(graph, x), keep = iso_graph_bytes(graph, input.numel, 1),
                 drawn = permuted && m->p < 1 ? iso_graph_bytes(graph, input.numel, 1) : ISO_NO_VALUE;
    iso_node *node = iso_graph_node(graph, &iso_op_dropout, &x, 1, (iso_value_id[]){y, keep, drawn}, 3);
    if (node)
        node->u.dropout.p = m->p;
    if (m->p < 1)
        graph->draws += input.numel;
    return y;
}

iso_module *iso_dropout(iso_context *ctx, double p) {
    if (!(p >= 0 && p <= 1)) {
        iso_fail(ctx, ISO_EINVAL, "Dropout: p is %g, expected a probability between 0 and 1", p);
        return NULL;
    }
    struct dropout *m = (struct dropout *)iso_module_new(ctx, &iso_dropout_class);
    if (m)
        m->p = p;
    return m ? &m->base : NULL;
}

static const iso_param params[] = {{"p", ISO_ARG_FLOAT, "0.5", 0, 1}, {"inplace", ISO_ARG_BOOL, "False", 0, 0}};
static const iso_signature signature = {"Dropout", params, ISO_COUNTOF(params)};
static iso_module *from_args(iso_context *ctx, const iso_arg *a) { return iso_dropout(ctx, a[0].f[0]); }
const iso_module_class iso_dropout_class = {&signature, sizeof(struct dropout), from_args, lower, NULL};
