#include "nn/graph.h"

#include <stdio.h>
#include <string.h>

void iso_graph_init(iso_graph *graph, iso_context *ctx, bool training) {
    *graph = (iso_graph){.ctx = ctx, .training = training, .module = ""};
}

void iso_graph_free(iso_graph *graph) {
    iso_free(graph->ctx, graph->values);
    iso_free(graph->ctx, graph->nodes);
    iso_free(graph->ctx, graph->edges);
}

void iso_graph_fail(iso_graph *graph, const char *format, ...) {
    if (graph->status)
        return;
    char message[512];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    graph->status = iso_fail(graph->ctx, ISO_EINVAL, "%s", message);
}

static iso_value_id new_value(iso_graph *graph, iso_value value) {
    if (graph->status)
        return ISO_NO_VALUE;
    graph->status = iso_grow(graph->ctx, &graph->values, &graph->value_capacity, graph->value_count, graph->value_count + 1,
                             sizeof *graph->values);
    if (graph->status)
        return ISO_NO_VALUE;
    graph->values[graph->value_count] = value;
    return (iso_value_id)graph->value_count++;
}

/* Checks the shape and sets numel and bytes. */
static void set_shape(iso_graph *graph, iso_value *value, int dims, const int64_t *shape, size_t element_size) {
    value->dims = dims;
    value->numel = 1;
    for (int i = 0; i < dims; i++) {
        value->shape[i] = shape[i];
        if (shape[i] <= 0 || __builtin_mul_overflow(value->numel, shape[i], &value->numel) || value->numel > INT64_MAX / 64) {
            iso_graph_fail(graph, "dimension %d of a tensor would be %lld", i, (long long)shape[i]);
            return;
        }
    }
    value->bytes = (size_t)value->numel * element_size;
}

iso_value_id iso_graph_activation(iso_graph *graph, int dims, const int64_t *shape, bool requires_grad) {
    iso_value value = {.storage = ISO_IN_ARENA, .samples = shape[0], .requires_grad = requires_grad};
    set_shape(graph, &value, dims, shape, sizeof(float));
    return new_value(graph, value);
}

iso_value_id iso_graph_bytes(iso_graph *graph, int64_t numel, size_t element_size, int64_t samples) {
    iso_value value = {.storage = ISO_IN_ARENA, .samples = samples};
    set_shape(graph, &value, 1, &numel, element_size);
    return new_value(graph, value);
}

iso_value_id iso_graph_bound(iso_graph *graph, iso_tensor *tensor, iso_tensor *grad) {
    iso_value value = {.storage = ISO_BOUND, .bound = tensor->data, .grad_bound = grad, .requires_grad = grad != NULL};
    set_shape(graph, &value, tensor->dims > 4 ? 4 : tensor->dims, tensor->shape, iso_dtype_size(tensor->dtype));
    return new_value(graph, value);
}

iso_value_id iso_graph_slot(iso_graph *graph, iso_slot slot, int dims, const int64_t *shape, size_t element_size) {
    iso_value value = {.storage = ISO_SLOT, .slot = slot, .samples = shape[0]};
    set_shape(graph, &value, dims, shape, element_size);
    return new_value(graph, value);
}

iso_value_id iso_graph_like(iso_graph *graph, iso_value_id id) {
    if (graph->status)
        return ISO_NO_VALUE;
    const iso_value like = graph->values[id];
    iso_value_id value = iso_graph_activation(graph, like.dims, like.shape, like.requires_grad);
    if (value != ISO_NO_VALUE)
        graph->values[value].samples = like.samples;
    return value;
}

iso_node *iso_graph_node(iso_graph *graph, const iso_op *op, const iso_value_id *in, size_t in_count, const iso_value_id *out,
                         size_t out_count) {
    if (graph->status)
        return NULL;
    graph->status = iso_grow(graph->ctx, &graph->nodes, &graph->node_capacity, graph->node_count, graph->node_count + 1,
                             sizeof *graph->nodes);
    if (graph->status)
        return NULL;
    iso_node *node = &graph->nodes[graph->node_count++];
    memset(node, 0, sizeof *node);
    node->op = op;
    node->module = graph->module;
    for (size_t i = 0; i < ISO_MAX_OPERANDS; i++) {
        node->in[i] = i < in_count ? in[i] : ISO_NO_VALUE;
        node->out[i] = i < out_count ? out[i] : ISO_NO_VALUE;
    }
    return node;
}
