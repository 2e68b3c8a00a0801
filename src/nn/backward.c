/* Differentiation: walks the forward nodes backwards and lets each append its derivative. */
#include "nn/graph.h"
#include "nn/ops.h"

static bool add_edge(iso_graph *graph, iso_value_id value, iso_value_id grad) {
    if (graph->status)
        return false;
    graph->status = iso_grow(graph->ctx, &graph->edges, &graph->edge_capacity, graph->edge_count, graph->edge_count + 1,
                             sizeof *graph->edges);
    if (graph->status)
        return false;
    graph->edges[graph->edge_count++] = (struct iso_grad_edge){value, grad};
    return true;
}

/* How many forward nodes read a value. */
static int consumers(const iso_graph *graph, iso_value_id value) {
    int count = 0;
    for (size_t i = 0; i < graph->node_count; i++)
        for (int j = 0; j < ISO_MAX_OPERANDS; j++)
            count += graph->nodes[i].in[j] == value && graph->nodes[i].op->backward;
    return count;
}

bool iso_graph_wants_grad(const iso_graph *graph, iso_value_id value) {
    return value != ISO_NO_VALUE && !graph->status && graph->values[value].requires_grad;
}

iso_value_id iso_graph_new_grad(iso_graph *graph, iso_value_id input) {
    if (!iso_graph_wants_grad(graph, input))
        return ISO_NO_VALUE;
    iso_tensor *bound = graph->values[input].grad_bound;
    iso_value_id grad =
        bound && consumers(graph, input) == 1 ? iso_graph_bound(graph, bound, NULL) : iso_graph_like(graph, input);
    return add_edge(graph, input, grad) ? grad : ISO_NO_VALUE;
}

void iso_graph_derive(iso_graph *graph, const iso_op *op, const iso_node *forward, iso_value_id input, iso_value_id a,
                      iso_value_id b, iso_value_id c) {
    iso_value_id grad = iso_graph_new_grad(graph, input);
    iso_node *node = grad == ISO_NO_VALUE ? NULL : iso_graph_node(graph, op, (iso_value_id[]){a, b, c}, 3, &grad, 1);
    if (node)
        node->u = forward->u;
}

void iso_graph_pass_grad(iso_graph *graph, iso_value_id input, iso_value_id grad) {
    if (!iso_graph_wants_grad(graph, input))
        return;
    if (!graph->values[input].grad_bound)
        add_edge(graph, input, grad);
    else { /* a parameter's gradient stands in a tensor of its own */
        iso_value_id copy = iso_graph_new_grad(graph, input);
        iso_graph_node(graph, &iso_op_copy, &grad, 1, &copy, 1);
    }
}

/* The gradient of a value: the sum over its edges; ISO_NO_VALUE if there is none. Consumers were visited last to
 * first; the contract adds their gradients first to last. */
static iso_value_id sum_of_edges(iso_graph *graph, iso_value_id output) {
    iso_value_id sum = ISO_NO_VALUE;
    for (size_t i = graph->edge_count; i-- > 0;) {
        if (graph->edges[i].value != output)
            continue;
        iso_value_id grad = graph->edges[i].grad;
        if (sum == ISO_NO_VALUE)
            sum = grad;
        else {
            iso_value_id total = iso_graph_like(graph, output);
            iso_graph_node(graph, &iso_op_add, (iso_value_id[]){sum, grad}, 2, &total, 1);
            sum = total;
        }
    }
    return sum;
}

/* A parameter that several nodes use: its edges are summed into its gradient tensor. */
static void sum_shared_parameters(iso_graph *graph, size_t values) {
    for (size_t id = 0; id < values && !graph->status; id++) {
        iso_tensor *bound = graph->values[id].grad_bound;
        if (!bound || consumers(graph, (iso_value_id)id) < 2)
            continue;
        iso_value_id sum = sum_of_edges(graph, (iso_value_id)id), target = iso_graph_bound(graph, bound, NULL);
        iso_graph_node(graph, &iso_op_copy, &sum, 1, &target, 1);
    }
}

iso_status iso_graph_backward(iso_graph *graph, iso_value_id value, iso_value_id grad) {
    size_t forward_values = graph->value_count, forward_nodes = graph->node_count;
    add_edge(graph, value, grad);
    for (size_t i = forward_nodes; i-- > 0 && !graph->status;) {
        iso_node node = graph->nodes[i]; /* a copy: appending may move the array */
        if (!node.op->backward || !iso_graph_wants_grad(graph, node.out[0]))
            continue;
        graph->module = node.module;
        iso_value_id arrived = sum_of_edges(graph, node.out[0]);
        if (arrived != ISO_NO_VALUE)
            node.op->backward(graph, &node, arrived);
    }
    sum_shared_parameters(graph, forward_values);
    return graph->status;
}
