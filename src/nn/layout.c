/* Moves without arithmetic: the border between PyTorch's order and NHWC, Flatten, and plain copies. */
#include <string.h>

#include "nn/module.h"
#include "nn/ops.h"

struct move {
    int64_t rows, columns;
    const float *from;
    float *to;
};

#define BLOCK 16

/* A block in which both numbers are known: lines of `to` are written whole. */
static void transpose_block(int64_t rows, int64_t columns, const float *restrict from, float *restrict to) {
    for (int c = 0; c < BLOCK; c++)
        for (int r = 0; r < BLOCK; r++)
            to[c * rows + r] = from[r * columns + c];
}

/* Transposes one image: from is rows x columns, to is columns x rows. Blocked, so that both sides stay in cache. */
static void transpose_image(void *argument, int64_t image, int thread) {
    (void)thread;
    const struct move *m = argument;
    const float *from = m->from + image * m->rows * m->columns;
    float *to = m->to + image * m->rows * m->columns;
    for (int64_t r0 = 0; r0 < m->rows; r0 += BLOCK)
        for (int64_t c0 = 0; c0 < m->columns; c0 += BLOCK) {
            if (r0 + BLOCK <= m->rows && c0 + BLOCK <= m->columns) {
                transpose_block(m->rows, m->columns, from + r0 * m->columns + c0, to + c0 * m->rows + r0);
                continue;
            }
            for (int64_t r = r0; r < iso_min64(r0 + BLOCK, m->rows); r++)
                for (int64_t c = c0; c < iso_min64(c0 + BLOCK, m->columns); c++)
                    to[c * m->rows + r] = from[r * m->columns + c];
        }
}

static void transpose(const iso_run *r, int64_t images, int64_t rows, int64_t columns, const float *from, float *to) {
    if (rows == 1 || columns == 1) {
        memcpy(to, from, (size_t)(images * rows * columns) * sizeof *to);
        return;
    }
    iso_pool_run(r->exec->pool, images, transpose_image, &(struct move){rows, columns, from, to});
}

static void run_to_nhwc(const iso_run *r, const iso_node *n) {
    transpose(r, n->u.layout.n, n->u.layout.c, n->u.layout.h * n->u.layout.w, iso_in(r, n, 0), iso_out(r, n, 0));
}

static void run_to_nchw(const iso_run *r, const iso_node *n) {
    transpose(r, n->u.layout.n, n->u.layout.h * n->u.layout.w, n->u.layout.c, iso_in(r, n, 0), iso_out(r, n, 0));
}

static void run_copy(const iso_run *r, const iso_node *n) {
    memcpy(iso_out(r, n, 0), iso_in(r, n, 0), r->values[n->out[0]].bytes);
}

const iso_op iso_op_to_nhwc = {"to_nhwc",          run_to_nhwc,   NULL, NULL, .batching = ISO_EACH_SAMPLE,
                               .repeatable = true, .outputs = "-"};
const iso_op iso_op_copy = {"copy", run_copy, NULL, NULL, .batching = ISO_EACH_SAMPLE, .repeatable = true};

static const iso_op op_flatten_backward = {"flatten_backward",          run_to_nhwc,    NULL, NULL,
                                           .batching = ISO_EACH_SAMPLE, .outputs = "dx"};

static void flatten_backward(iso_graph *graph, const iso_node *node, iso_value_id dy) {
    iso_graph_derive(graph, &op_flatten_backward, node, node->in[0], dy, ISO_NO_VALUE, ISO_NO_VALUE);
}

const iso_op iso_op_flatten = {"flatten", run_to_nchw, NULL, flatten_backward, .batching = ISO_EACH_SAMPLE, .repeatable = true};

static iso_value_id lower_flatten(iso_module *module, iso_graph *graph, iso_value_id x) {
    (void)module;
    const iso_value input = graph->values[x];
    if (input.dims == 2)
        return x;
    int64_t features = input.numel / input.shape[0];
    iso_value_id y = iso_graph_activation(graph, 2, (int64_t[]){input.shape[0], features}, input.requires_grad);
    iso_node *node = iso_graph_node(graph, &iso_op_flatten, &x, 1, &y, 1);
    if (node) {
        node->u.layout.n = input.shape[0];
        node->u.layout.c = input.shape[1];
        node->u.layout.h = input.shape[2];
        node->u.layout.w = input.shape[3];
    }
    return y;
}

iso_module *iso_flatten(iso_context *ctx) {
    return iso_module_new(ctx, &iso_flatten_class);
}

static const iso_param params[] = {{"start_dim", ISO_ARG_INT, "1", 1, 1}, {"end_dim", ISO_ARG_INT, "-1", -1, -1}};
static const iso_signature signature = {"Flatten", params, ISO_COUNTOF(params)};
static iso_module *from_args(iso_context *ctx, const iso_arg *args) {
    (void)args;
    return iso_flatten(ctx);
}
const iso_module_class iso_flatten_class = {&signature, sizeof(iso_module), from_args, lower_flatten, NULL};
