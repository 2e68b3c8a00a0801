/* CrossEntropyLoss and MSELoss as graph operations: each writes the loss and the gradient of its input.
 * docs/contract.md#cross_entropy */
#include "nn/ops.h"

static void run_cross_entropy(const iso_run *r, const iso_node *n) {
    const int64_t *target = iso_data(r, n->in[1]);
    if (r->reference)
        iso_ref_cross_entropy(&n->u.cross_entropy, iso_in(r, n, 0), target, iso_out(r, n, 0), iso_out(r, n, 1));
    else
        iso_cpu_cross_entropy(r->exec, &n->u.cross_entropy, iso_in(r, n, 0), target, iso_out(r, n, 0), iso_out(r, n, 1));
}
static size_t scratch_cross_entropy(const iso_exec *e, const iso_node *n) {
    return iso_cpu_cross_entropy_scratch(e, &n->u.cross_entropy);
}
const iso_op iso_op_cross_entropy = {"cross_entropy", run_cross_entropy, scratch_cross_entropy, NULL};

static void run_mse(const iso_run *r, const iso_node *n) {
    if (r->reference)
        iso_ref_mse_loss(&n->u.mse, iso_in(r, n, 0), iso_in(r, n, 1), iso_out(r, n, 0), iso_out(r, n, 1));
    else
        iso_cpu_mse_loss(r->exec, &n->u.mse, iso_in(r, n, 0), iso_in(r, n, 1), iso_out(r, n, 0), iso_out(r, n, 1));
}
static size_t scratch_mse(const iso_exec *e, const iso_node *n) { return iso_cpu_mse_loss_scratch(e, &n->u.mse); }
const iso_op iso_op_mse_loss = {"mse_loss", run_mse, scratch_mse, NULL};
