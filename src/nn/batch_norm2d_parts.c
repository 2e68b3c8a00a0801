/* batch_norm2d in parts, for plans in blocks of samples. What a sample's pixels add up to, and what is made of its pixels, are
 * operations on each sample; between them stand the batch's statistics, which need those few sums of all samples only. */
#include "nn/ops.h"

static const iso_batch_norm2d_shape *shape(const iso_node *n) {
    return &n->u.batch_norm2d.shape;
}
static const iso_pool2d_shape *pool_of(const iso_node *n) {
    return n->u.batch_norm2d.pooled ? &n->u.batch_norm2d.pool : NULL;
}
static size_t scratch_alone(const iso_exec *e, const iso_node *n) {
    return iso_cpu_batch_norm2d_part_scratch(e, shape(n), NULL);
}
static size_t scratch_pooled(const iso_exec *e, const iso_node *n) {
    return iso_cpu_batch_norm2d_part_scratch(e, shape(n), pool_of(n));
}

/* ---- Forward ---- */

/* in: x, and for the squares the mean; out: a row per sample. */
static void run_sums(const iso_run *r, const iso_node *n) {
    iso_cpu_batch_norm2d_sums(r->exec, shape(n), iso_in(r, n, 0), iso_in(r, n, 1), iso_out(r, n, 0));
}
static const iso_op op_sums = {"batch_norm2d_sums", run_sums, scratch_alone, NULL, .batching = ISO_EACH_SAMPLE};

/* in: sums; out: mean. */
static void run_mean(const iso_run *r, const iso_node *n) {
    iso_cpu_batch_norm2d_mean(r->exec, shape(n), iso_in(r, n, 0), iso_out(r, n, 0));
}
static const iso_op op_mean = {"batch_norm2d_mean", run_mean, NULL, NULL, .batching = ISO_WHOLE_BATCH};

/* in: sums of squares, mean, running mean, running variance, counter; out: invstd. */
static void run_invstd(const iso_run *r, const iso_node *n) {
    float momentum = iso_norm_momentum(n, iso_data(r, n->in[4]));
    iso_cpu_batch_norm2d_invstd(r->exec, shape(n), iso_in(r, n, 0), iso_in(r, n, 1), momentum, iso_in(r, n, 2), iso_in(r, n, 3),
                                iso_out(r, n, 0));
}
static const iso_op op_invstd = {"batch_norm2d_invstd", run_invstd, NULL, NULL, .batching = ISO_WHOLE_BATCH};

/* in: running variance; out: invstd. */
static void run_eval_invstd(const iso_run *r, const iso_node *n) {
    iso_cpu_batch_norm2d_eval_invstd(shape(n), iso_in(r, n, 0), iso_out(r, n, 0));
}
static const iso_op op_eval_invstd = {"batch_norm2d_eval_invstd", run_eval_invstd, NULL, NULL, .batching = ISO_WHOLE_BATCH};

/* in: x, weight, bias, mean, invstd, residual; out: y, index. */
static void run_normalise(const iso_run *r, const iso_node *n) {
    iso_norm_tail tail = {iso_in(r, n, 5), n->u.batch_norm2d.relu, pool_of(n), iso_data(r, n->out[1])};
    iso_cpu_batch_norm2d_normalise(r->exec, shape(n), iso_in(r, n, 0), iso_in(r, n, 1), iso_in(r, n, 2), iso_in(r, n, 3),
                                   iso_in(r, n, 4), &tail, iso_out(r, n, 0));
}
static const iso_op op_normalise = {"batch_norm2d_normalise",    run_normalise,     scratch_pooled, NULL,
                                    .batching = ISO_EACH_SAMPLE, .repeatable = true};

/* ---- Backward ---- */

static iso_norm_head head_of(const iso_run *r, const iso_node *n, iso_value_id bias, iso_value_id y, iso_value_id index,
                             iso_value_id masked) {
    return (iso_norm_head){n->u.batch_norm2d.relu, iso_data(r, bias), iso_data(r, y),
                           iso_data(r, masked),    pool_of(n),        iso_data(r, index)};
}

/* in: x, dy, weight, bias, mean, invstd, y, index; out: rows of the sums for dbias, for dweight, masked dy. */
static void run_gradients(const iso_run *r, const iso_node *n) {
    iso_norm_head head = head_of(r, n, n->in[3], n->in[6], n->in[7], n->out[2]);
    iso_cpu_batch_norm2d_gradients(r->exec, shape(n), iso_in(r, n, 0), iso_in(r, n, 1), iso_in(r, n, 2), iso_in(r, n, 4),
                                   iso_in(r, n, 5), &head, iso_out(r, n, 0), iso_out(r, n, 1));
}
static const iso_op op_gradients = {"batch_norm2d_gradients", run_gradients, scratch_pooled, NULL, .batching = ISO_EACH_SAMPLE};

/* in: sums, products; out: dweight, dbias. */
static void run_totals(const iso_run *r, const iso_node *n) {
    iso_cpu_batch_norm2d_totals(r->exec, shape(n), iso_in(r, n, 0), iso_in(r, n, 1), iso_out(r, n, 0), iso_out(r, n, 1));
}
static const iso_op op_totals = {"batch_norm2d_totals", run_totals, NULL, NULL, .batching = ISO_WHOLE_BATCH};

/* in: weight, invstd, and in training dweight, dbias; out: terms. */
static void run_terms(const iso_run *r, const iso_node *n) {
    iso_cpu_batch_norm2d_terms(shape(n), iso_in(r, n, 0), iso_in(r, n, 1), iso_in(r, n, 2), iso_in(r, n, 3), iso_out(r, n, 0));
}
static const iso_op op_terms = {"batch_norm2d_terms", run_terms, NULL, NULL, .batching = ISO_WHOLE_BATCH};

/* in: x, dy, weight, bias, mean, invstd, terms, index; out: dx. */
static void run_backward(const iso_run *r, const iso_node *n) {
    iso_norm_head head = head_of(r, n, n->in[3], ISO_NO_VALUE, n->in[7], ISO_NO_VALUE);
    iso_cpu_batch_norm2d_backward_normalise(r->exec, shape(n), n->u.batch_norm2d.training, iso_in(r, n, 0), iso_in(r, n, 1),
                                            iso_in(r, n, 2), iso_in(r, n, 4), iso_in(r, n, 5), iso_in(r, n, 6), &head,
                                            iso_out(r, n, 0));
}
static const iso_op op_backward = {"batch_norm2d_backward_normalise", run_backward, scratch_pooled, NULL,
                                   .batching = ISO_EACH_SAMPLE};

/* ---- Splitting ---- */

static iso_value_id rows(iso_graph *graph, const iso_node *like) {
    return iso_graph_bytes(graph, shape(like)->n * shape(like)->c, sizeof(float), shape(like)->n);
}

/* A node of `op` that does a part of what `like` does. */
static void add(iso_graph *graph, const iso_node *like, const iso_op *op, const iso_value_id *in, size_t in_count,
                const iso_value_id *out, size_t out_count) {
    iso_node *node = iso_graph_node(graph, op, in, in_count, out, out_count);
    if (node) {
        node->module = like->module;
        node->u = like->u;
    }
}

/* Operands, and their number. */
#define OPERANDS(...) (iso_value_id[]){__VA_ARGS__}, sizeof((iso_value_id[]){__VA_ARGS__}) / sizeof(iso_value_id)
#define NONE          ISO_NO_VALUE

static void split_forward(iso_graph *graph, const iso_node *n) {
    const iso_value_id *in = n->in, *out = n->out, x = in[ISO_NORM_IN_X], invstd = out[ISO_NORM_OUT_INVSTD];
    iso_value_id mean = in[ISO_NORM_IN_MEAN];
    if (n->u.batch_norm2d.training) {
        iso_value_id sums = rows(graph, n), squares = rows(graph, n);
        mean = out[ISO_NORM_OUT_MEAN];
        add(graph, n, &op_sums, OPERANDS(x), OPERANDS(sums));
        add(graph, n, &op_mean, OPERANDS(sums), OPERANDS(mean));
        add(graph, n, &op_sums, OPERANDS(x, mean), OPERANDS(squares));
        add(graph, n, &op_invstd, OPERANDS(squares, mean, in[ISO_NORM_IN_MEAN], in[ISO_NORM_IN_VAR], in[ISO_NORM_IN_TRACKED]),
            OPERANDS(invstd));
    } else
        add(graph, n, &op_eval_invstd, OPERANDS(in[ISO_NORM_IN_VAR]), OPERANDS(invstd));
    add(graph, n, &op_normalise,
        OPERANDS(x, in[ISO_NORM_IN_WEIGHT], in[ISO_NORM_IN_BIAS], mean, invstd, in[ISO_NORM_IN_RESIDUAL]),
        OPERANDS(out[ISO_NORM_OUT_Y], out[ISO_NORM_OUT_INDEX]));
}

static void split_backward(iso_graph *graph, const iso_node *n) {
    const iso_value_id *in = n->in, *out = n->out, x = in[ISO_NORM_BACKWARD_IN_X], weight = in[ISO_NORM_BACKWARD_IN_WEIGHT],
                       bias = in[ISO_NORM_BACKWARD_IN_BIAS], mean = in[ISO_NORM_BACKWARD_IN_MEAN],
                       invstd = in[ISO_NORM_BACKWARD_IN_INVSTD], index = in[ISO_NORM_BACKWARD_IN_INDEX],
                       masked = out[ISO_NORM_BACKWARD_OUT_MASKED], dweight = out[ISO_NORM_BACKWARD_OUT_DWEIGHT],
                       dbias = out[ISO_NORM_BACKWARD_OUT_DBIAS], dx = out[ISO_NORM_BACKWARD_OUT_DX];
    iso_value_id dy = in[ISO_NORM_BACKWARD_IN_DY], sums = rows(graph, n), products = rows(graph, n);
    bool training = n->u.batch_norm2d.training;
    add(graph, n, &op_gradients, OPERANDS(x, dy, weight, bias, mean, invstd, in[ISO_NORM_BACKWARD_IN_Y], index),
        OPERANDS(sums, products, masked));
    add(graph, n, &op_totals, OPERANDS(sums, products), OPERANDS(dweight, dbias));
    if (dx == NONE)
        return;
    iso_value_id terms = iso_graph_bytes(graph, 3 * shape(n)->c, sizeof(float), 0);
    add(graph, n, &op_terms, OPERANDS(weight, invstd, training ? dweight : NONE, training ? dbias : NONE), OPERANDS(terms));
    add(graph, n, &op_backward, OPERANDS(x, masked == NONE ? dy : masked, weight, bias, mean, invstd, terms, index),
        OPERANDS(dx));
}

void iso_graph_split(iso_graph *graph) {
    iso_node *nodes = graph->nodes;
    size_t count = graph->node_count;
    graph->nodes = NULL;
    graph->node_count = graph->node_capacity = 0;
    for (size_t i = 0; i < count; i++) {
        if (nodes[i].op == &iso_op_batch_norm2d)
            split_forward(graph, &nodes[i]);
        else if (nodes[i].op == &iso_op_batch_norm2d_backward)
            split_backward(graph, &nodes[i]);
        else {
            iso_node *copy = iso_graph_node(graph, nodes[i].op, NULL, 0, NULL, 0);
            if (copy)
                *copy = nodes[i];
        }
    }
    iso_free(graph->ctx, nodes);
}
