/* Fusion: what follows a batch_norm2d, and its derivative, in the same passes over memory (ops/batch_norm2d.h: tail and head).
 * The arithmetic stays that of the separate operations; what goes is values that would only have been written and read again. */
#include "nn/graph.h"
#include "nn/ops.h"

/* ---- Who reads what ---- */

static bool reads(const iso_node *node, iso_value_id value) {
    for (int i = 0; i < ISO_MAX_OPERANDS; i++)
        if (node->op && node->in[i] == value)
            return true;
    return false;
}

/* The only node that reads a value which nobody else needs; -1 if there is none or more than one. */
static int only_reader(const iso_graph *graph, iso_value_id value) {
    int found = -1;
    if (graph->values[value].keep || graph->values[value].storage != ISO_IN_ARENA)
        return -1;
    for (int i = 0; i < (int)graph->node_count; i++)
        if (reads(&graph->nodes[i], value)) {
            if (found >= 0)
                return -1;
            found = i;
        }
    return found;
}

static int producer(const iso_graph *graph, iso_value_id value) {
    for (int i = 0; i < (int)graph->node_count; i++)
        for (int j = 0; j < ISO_MAX_OPERANDS && graph->nodes[i].op && value != ISO_NO_VALUE; j++)
            if (graph->nodes[i].out[j] == value)
                return i;
    return -1;
}

static const iso_op *op_at(const iso_graph *graph, int node) {
    return node >= 0 ? graph->nodes[node].op : NULL;
}

static void drop(iso_graph *graph, int node) {
    graph->nodes[node].op = NULL;
}

/* Puts a copy of a node in the place of another, which its operands reach too. */
static iso_node *move(iso_graph *graph, int from, int to) {
    if (from != to) {
        graph->nodes[to] = graph->nodes[from];
        drop(graph, from);
    }
    return &graph->nodes[to];
}

/* ---- Backward: [max_pool2d_backward ->] relu_backward -> batch_norm2d_backward ---- */

/* The relu whose derivative is `relu_backward`, if it reads the normalisation of the same x directly. */
static bool relu_of_same(const iso_graph *graph, const iso_node *relu_backward, iso_value_id x, iso_value_id *bias) {
    int relu = producer(graph, relu_backward->in[0]), norm = relu < 0 ? -1 : producer(graph, graph->nodes[relu].in[0]);
    if (op_at(graph, relu) != &iso_op_relu || op_at(graph, norm) != &iso_op_batch_norm2d || graph->nodes[norm].in[0] != x)
        return false;
    *bias = graph->nodes[norm].in[2];
    return *bias != ISO_NO_VALUE;
}

static void fuse_backward(iso_graph *graph, int at) {
    iso_node *node = &graph->nodes[at];
    iso_value_id dy = node->in[1], bias = ISO_NO_VALUE;
    int relu = producer(graph, dy);
    if (op_at(graph, relu) != &iso_op_relu_backward)
        return;
    const iso_node mask = graph->nodes[relu];
    if (only_reader(graph, dy) != at || !relu_of_same(graph, &mask, node->in[0], &bias)) {
        if (graph->values[dy].keep)
            return;
        /* Others read the masked gradient too, or the mask is that of a sum: the pass that needs it first writes it. */
        node = move(graph, at, relu);
        node->in[1] = mask.in[1];
        node->in[ISO_NORM_BACKWARD_IN_Y] = mask.in[0];
        node->out[ISO_NORM_BACKWARD_OUT_MASKED] = dy;
        return;
    }
    drop(graph, relu);
    node->in[1] = mask.in[1];
    node->in[ISO_NORM_BACKWARD_IN_BIAS] = bias;
    node->u.batch_norm2d.relu = true;
    int pool = producer(graph, node->in[1]);
    if (op_at(graph, pool) == &iso_op_max_pool2d_backward && only_reader(graph, node->in[1]) == at) {
        const iso_node unpool = graph->nodes[pool];
        node->in[1] = unpool.in[0];
        node->in[ISO_NORM_BACKWARD_IN_INDEX] = unpool.in[1];
        node->u.batch_norm2d.pooled = true;
        node->u.batch_norm2d.pool = unpool.u.pool2d;
        drop(graph, pool);
    }
}

/* ---- Forward: batch_norm2d [-> add] -> relu [-> max_pool2d] ---- */

static void fuse_forward(iso_graph *graph, int at) {
    int next = only_reader(graph, graph->nodes[at].out[0]);
    if (op_at(graph, next) == &iso_op_add) {
        const iso_node add = graph->nodes[next];
        iso_value_id y = graph->nodes[at].out[0], residual = add.in[0] == y ? add.in[1] : add.in[0];
        int relu = only_reader(graph, add.out[0]);
        if (residual == y || op_at(graph, relu) != &iso_op_relu)
            return;
        drop(graph, next);
        iso_node *node = move(graph, at, next); /* where the residual is there */
        node->in[ISO_NORM_IN_RESIDUAL] = residual;
        node->out[0] = add.out[0];
        at = next;
        next = relu;
    }
    if (op_at(graph, next) != &iso_op_relu)
        return;
    iso_node *node = &graph->nodes[at];
    node->out[0] = graph->nodes[next].out[0];
    node->u.batch_norm2d.relu = true;
    drop(graph, next);
    next = only_reader(graph, node->out[0]);
    if (op_at(graph, next) == &iso_op_max_pool2d && node->in[ISO_NORM_IN_RESIDUAL] == ISO_NO_VALUE) {
        const iso_node pool = graph->nodes[next];
        node->out[0] = pool.out[0];
        node->out[ISO_NORM_OUT_INDEX] = pool.out[1];
        node->u.batch_norm2d.pooled = true;
        node->u.batch_norm2d.pool = pool.u.pool2d;
        drop(graph, next);
    }
}

void iso_graph_fuse(iso_graph *graph) {
    for (int i = 0; i < (int)graph->node_count; i++)
        if (graph->nodes[i].op == &iso_op_batch_norm2d_backward)
            fuse_backward(graph, i);
    for (int i = 0; i < (int)graph->node_count; i++)
        if (graph->nodes[i].op == &iso_op_batch_norm2d)
            fuse_forward(graph, i);
    size_t kept = 0;
    for (size_t i = 0; i < graph->node_count; i++)
        if (graph->nodes[i].op)
            graph->nodes[kept++] = graph->nodes[i];
    graph->node_count = kept;
}
