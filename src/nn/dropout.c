/* Dropout: module, operation, derivative. docs/contract.md#dropout */
#include <string.h>

#include "nn/module.h"
#include "nn/ops.h"

struct dropout {
    iso_module base;
    double p;
};

/* Draws the mask in PyTorch's order and lays it as the activation lies. p = 1 draws nothing: nothing is kept. An operation of its
 * own: the masks of all samples are drawn before those of the next layer, in whatever blocks the rest is computed. */
static void run_draw(const iso_run *r, const iso_node *n) {
    const int64_t c = n->u.dropout.c, pixels = n->u.dropout.pixels, count = n->u.dropout.n * c * pixels;
    uint8_t *keep = iso_data(r, n->out[0]), *drawn = n->out[1] == ISO_NO_VALUE ? keep : iso_data(r, n->out[1]);
    if (n->u.dropout.p == 1) {
        memset(keep, 0, (size_t)count);
        return;
    }
    iso_torch_bernoulli(r->generator, drawn, (size_t)count, 1 - n->u.dropout.p);
    if (drawn == keep)
        return;
    for (int64_t image = 0; image < n->u.dropout.n; image++, drawn += c * pixels, keep += c * pixels)
        for (int64_t channel = 0; channel < c; channel++)
            for (int64_t pixel = 0; pixel < pixels; pixel++)
                keep[pixel * c + channel] = drawn[channel * pixels + pixel];
}

static void run(const iso_run *r, const iso_node *n) {
    int64_t count = r->values[n->out[0]].numel;
    const uint8_t *keep = iso_data(r, n->in[1]);
    if (r->reference)
        iso_ref_dropout(count, iso_in(r, n, 0), keep, n->u.dropout.p, iso_out(r, n, 0));
    else
        iso_cpu_dropout(r->exec, count, iso_in(r, n, 0), keep, n->u.dropout.p, iso_out(r, n, 0));
}

static const iso_op op_backward = {"dropout_backward", run, NULL, NULL, .batching = ISO_EACH_SAMPLE, .outputs = "dx"};

static void backward(iso_graph *graph, const iso_node *node, iso_value_id dy) {
    iso_graph_derive(graph, &op_backward, node, node->in[0], dy, node->in[1], ISO_NO_VALUE);
}

static const iso_op op_draw = {"dropout_mask", run_draw, NULL, NULL, .batching = ISO_WHOLE_BATCH, .outputs = "- -"};
const iso_op iso_op_dropout = {"dropout", run, NULL, backward, .batching = ISO_EACH_SAMPLE, .repeatable = true};

static iso_value_id lower(iso_module *module, iso_graph *graph, iso_value_id x) {
    const struct dropout *m = (const struct dropout *)module;
    if (!module->training || m->p == 0)
        return x;
    const iso_value input = graph->values[x];
    int64_t n = input.shape[0], c = input.shape[1], pixels = input.dims == 4 ? input.shape[2] * input.shape[3] : 1;
    bool permuted = c > 1 && pixels > 1;
    iso_value_id keep = iso_graph_bytes(graph, input.numel, 1, n),
                 drawn = permuted && m->p < 1 ? iso_graph_bytes(graph, input.numel, 1, n) : ISO_NO_VALUE,
                 y = iso_graph_like(graph, x);
    iso_node *draw = iso_graph_node(graph, &op_draw, NULL, 0, (iso_value_id[]){keep, drawn}, 2);
    if (draw) {
        draw->u.dropout.n = n;
        draw->u.dropout.c = c;
        draw->u.dropout.pixels = pixels;
        draw->u.dropout.p = m->p;
    }
    iso_node *node = iso_graph_node(graph, &iso_op_dropout, (iso_value_id[]){x, keep}, 2, &y, 1);
    if (node)
        node->u = node[-1].u;
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
static iso_module *from_args(iso_context *ctx, const iso_arg *a) {
    return iso_dropout(ctx, a[0].f[0]);
}
const iso_module_class iso_dropout_class = {&signature, sizeof(struct dropout), from_args, lower, NULL};
