/* add: residual connections, and gradients that arrive over several edges. docs/contract.md#add */
#include "nn/ops.h"

static void run(const iso_run *r, const iso_node *n) {
    int64_t count = r->values[n->out[0]].numel;
    if (r->reference)
        iso_ref_add(count, iso_in(r, n, 0), iso_in(r, n, 1), iso_out(r, n, 0));
    else
        iso_cpu_add(r->exec, count, iso_in(r, n, 0), iso_in(r, n, 1), iso_out(r, n, 0));
}

static void backward(iso_graph *graph, const iso_node *node, iso_value_id dy) {
    for (int i = 0; i < 2; i++)
        iso_graph_pass_grad(graph, node->in[i], dy);
}

const iso_op iso_op_add = {"add", run, NULL, backward, .batching = ISO_EACH_SAMPLE, .repeatable = true};
