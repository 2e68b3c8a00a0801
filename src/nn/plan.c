#include "nn/plan.h"

#include <string.h>

#include "nn/module.h"
#include "nn/ops.h"

#define ALIGNMENT 64

struct iso_plans {
    iso_plan *first;
    uint8_t *arena, *scratch;
    size_t arena_size, scratch_size;
};

/* ---- Memory ---- */

/* From where to where each value in the arena is needed. */
static void find_lifetimes(iso_graph *graph) {
    for (size_t i = 0; i < graph->value_count; i++)
        graph->values[i].first = graph->values[i].last = -1;
    for (int node = 0; node < (int)graph->node_count; node++)
        for (int operand = 0; operand < ISO_MAX_OPERANDS; operand++) {
            iso_value_id ids[2] = {graph->nodes[node].in[operand], graph->nodes[node].out[operand]};
            for (int i = 0; i < 2; i++) {
                if (ids[i] == ISO_NO_VALUE)
                    continue;
                iso_value *value = &graph->values[ids[i]];
                if (value->first < 0)
                    value->first = node;
                value->last = node;
            }
        }
    for (size_t i = 0; i < graph->value_count; i++)
        if (graph->values[i].keep)
            graph->values[i].last = (int)graph->node_count;
}

static bool overlap(const iso_value *a, const iso_value *b) { return a->first <= b->last && b->first <= a->last; }

static size_t aligned(size_t bytes) { return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT; }

/* The lowest place where `value` disturbs none of the `placed` values that live at the same time. */
static size_t lowest_offset(const iso_graph *graph, const iso_value_id *placed, size_t count, const iso_value *value) {
    size_t offset = 0;
    for (bool moved = true; moved;) {
        moved = false;
        for (size_t i = 0; i < count; i++) {
            const iso_value *other = &graph->values[placed[i]];
            if (overlap(value, other) && offset < other->offset + aligned(other->bytes) &&
                other->offset < offset + aligned(value->bytes)) {
                offset = other->offset + aligned(other->bytes);
                moved = true;
            }
        }
    }
    return offset;
}

/* Gives every value of the arena its offset, largest first; returns the size, or 0 on failure (status set). */
static size_t place_values(iso_graph *graph) {
    find_lifetimes(graph);
    iso_value_id *order = iso_alloc_array(graph->ctx, graph->value_count + 1, sizeof *order);
    if (!order) {
        graph->status = ISO_ENOMEM;
        return 0;
    }
    size_t count = 0, size = ALIGNMENT;
    for (size_t id = 0; id < graph->value_count; id++) {
        const iso_value *value = &graph->values[id];
        if (value->storage != ISO_IN_ARENA || value->first < 0)
            continue;
        size_t at = count++;
        for (; at > 0 && graph->values[order[at - 1]].bytes < value->bytes; at--)
            order[at] = order[at - 1];
        order[at] = (iso_value_id)id;
    }
    for (size_t i = 0; i < count; i++) {
        iso_value *value = &graph->values[order[i]];
        value->offset = lowest_offset(graph, order, i, value);
        if (value->offset + aligned(value->bytes) > size)
            size = value->offset + aligned(value->bytes);
    }
    iso_free(graph->ctx, order);
    return size;
}

static iso_exec exec_of(const iso_module *root) {
    return (iso_exec){root->ctx->pool, root->ctx->isa, root->plans ? root->plans->scratch : NULL};
}

static size_t largest_scratch(const iso_graph *graph, const iso_exec *exec) {
    size_t largest = 0;
    for (size_t i = 0; i < graph->node_count; i++) {
        const iso_node *node = &graph->nodes[i];
        size_t size = node->op->scratch ? node->op->scratch(exec, node) : 0;
        if (size > largest)
            largest = size;
    }
    return largest;
}

static iso_status grow(iso_context *ctx, uint8_t **memory, size_t *size, size_t needed) {
    if (needed <= *size)
        return ISO_OK;
    iso_free(ctx, *memory); /* nothing in it outlives a run */
    *size = 0;
    if (!(*memory = iso_alloc(ctx, needed)))
        return ISO_ENOMEM;
    *size = needed;
    return ISO_OK;
}

/* ---- Building ---- */

static iso_value_id add_loss(iso_graph *graph, const iso_plan_key *key, iso_value_id y, iso_value_id *grad) {
    const iso_value output = graph->values[y];
    char shape[96];
    *grad = key->gradients ? iso_graph_like(graph, y) : ISO_NO_VALUE;
    iso_value_id loss = iso_graph_bytes(graph, 1, sizeof(float));
    bool classes = key->loss.kind == ISO_CROSS_ENTROPY;
    if (classes && output.dims != 2) {
        iso_graph_fail(graph, "CrossEntropyLoss expects logits of shape (n, classes), but the model's output has shape %s",
                       iso_shape_text(output.dims, output.shape, shape));
        return ISO_NO_VALUE;
    }
    iso_value_id target = classes ? iso_graph_slot(graph, ISO_SLOT_TARGET, 1, output.shape, sizeof(int64_t))
                                  : iso_graph_slot(graph, ISO_SLOT_TARGET, output.dims, output.shape, sizeof(float));
    if (!classes && output.dims == 4) { /* the caller's target lies in PyTorch's order */
        iso_value_id moved = iso_graph_like(graph, y);
        iso_node *node = iso_graph_node(graph, &iso_op_to_nhwc, &target, 1, &moved, 1);
        if (node)
            memcpy(&node->u.layout, output.shape, sizeof output.shape);
        target = moved;
    }
    iso_node *node = iso_graph_node(graph, classes ? &iso_op_cross_entropy : &iso_op_mse_loss,
                                    (iso_value_id[]){y, target}, 2, (iso_value_id[]){loss, *grad}, 2);
    if (!node)
        return ISO_NO_VALUE;
    iso_reduction reduction = key->loss.sum ? ISO_REDUCTION_SUM : ISO_REDUCTION_MEAN;
    if (classes)
        node->u.cross_entropy = (iso_cross_entropy_shape){
            .n = output.shape[0], .k = output.shape[1], .reduction = reduction,
            .ignore_index = key->loss.has_ignore_index ? key->loss.ignore_index : -100,
            .label_smoothing = key->loss.label_smoothing};
    else
        node->u.mse = (iso_mse_shape){output.shape[0], output.numel / output.shape[0], reduction};
    return loss;
}

static void build(iso_module *root, iso_plan *plan) {
    iso_graph *graph = &plan->graph;
    const iso_plan_key *key = &plan->key;
    graph->training = key->gradients;
    plan->x = iso_graph_slot(graph, ISO_SLOT_X, key->dims, key->shape, sizeof(float));
    iso_value_id x = plan->x;
    if (key->dims == 4) {
        x = iso_graph_activation(graph, 4, key->shape, false);
        iso_node *node = iso_graph_node(graph, &iso_op_to_nhwc, &plan->x, 1, &x, 1);
        if (node)
            memcpy(&node->u.layout, key->shape, sizeof key->shape);
    }
    plan->y = iso_module_lower(root, graph, x);
    if (!graph->status && graph->values[plan->y].storage != ISO_IN_ARENA) { /* a model that passes its input through */
        iso_value_id copy = iso_graph_like(graph, plan->y);
        iso_graph_node(graph, &iso_op_copy, &plan->y, 1, &copy, 1);
        plan->y = copy;
    }
    if (graph->status)
        return;
    iso_value_id grad = ISO_NO_VALUE;
    if (key->has_loss)
        plan->loss = add_loss(graph, key, plan->y, &grad);
    if (graph->status)
        return;
    graph->values[plan->y].keep = true;
    if (key->has_loss)
        graph->values[plan->loss].keep = true;
    if (key->gradients)
        iso_graph_backward(graph, plan->y, grad);
    if (!graph->status && !key->plain)
        iso_graph_fuse(graph);
}

static bool same_key(const iso_plan_key *a, const iso_plan_key *b) {
    return a->training == b->training && a->gradients == b->gradients && a->plain == b->plain && a->has_loss == b->has_loss && a->dims == b->dims &&
           memcmp(a->shape, b->shape, sizeof(int64_t) * (size_t)a->dims) == 0 && a->loss.kind == b->loss.kind &&
           a->loss.sum == b->loss.sum && a->loss.label_smoothing == b->loss.label_smoothing &&
           a->loss.has_ignore_index == b->loss.has_ignore_index && a->loss.ignore_index == b->loss.ignore_index;
}

static void free_plan(iso_context *ctx, iso_plan *plan) {
    iso_graph_free(&plan->graph);
    iso_free(ctx, plan);
}

iso_status iso_plan_get(iso_module *root, const iso_plan_key *key, iso_plan **out) {
    iso_context *ctx = root->ctx;
    if (!root->plans && !(root->plans = iso_calloc(ctx, 1, sizeof *root->plans)))
        return ISO_ENOMEM;
    for (iso_plan *plan = root->plans->first; plan; plan = plan->next)
        if (same_key(&plan->key, key)) {
            *out = plan;
            return ISO_OK;
        }
    iso_plan *plan = iso_calloc(ctx, 1, sizeof *plan);
    if (!plan)
        return ISO_ENOMEM;
    plan->key = *key;
    plan->loss = ISO_NO_VALUE;
    iso_graph_init(&plan->graph, ctx, key->gradients);
    build(root, plan);
    if (!plan->graph.status)
        plan->arena_size = place_values(&plan->graph);
    iso_exec exec = exec_of(root);
    iso_status status = plan->graph.status;
    if (!status) {
        plan->scratch_size = largest_scratch(&plan->graph, &exec);
        status = grow(ctx, &root->plans->arena, &root->plans->arena_size, plan->arena_size);
    }
    if (!status)
        status = grow(ctx, &root->plans->scratch, &root->plans->scratch_size, plan->scratch_size);
    if (status) {
        free_plan(ctx, plan);
        return status;
    }
    plan->next = root->plans->first;
    root->plans->first = plan;
    *out = plan;
    return ISO_OK;
}

void iso_plans_free(iso_context *ctx, iso_plans *plans) {
    if (!plans)
        return;
    for (iso_plan *plan = plans->first, *next; plan; plan = next) {
        next = plan->next;
        free_plan(ctx, plan);
    }
    iso_free(ctx, plans->arena);
    iso_free(ctx, plans->scratch);
    iso_free(ctx, plans);
}

size_t iso_module_memory(const iso_module *module) {
    return module->plans ? module->plans->arena_size + module->plans->scratch_size : 0;
}

/* ---- Running ---- */

static iso_run run_of(iso_module *root, const iso_plan *plan, const iso_exec *exec) {
    return (iso_run){.exec = exec, .values = plan->graph.values, .arena = root->plans->arena};
}

void iso_plan_run(iso_module *root, const iso_plan *plan, const iso_tensor *x, const iso_tensor *target,
                  iso_torch_generator *generator, bool reference) {
    iso_plan_run_observed(root, plan, x, target, generator, reference, NULL, NULL);
}

void iso_plan_run_observed(iso_module *root, const iso_plan *plan, const iso_tensor *x, const iso_tensor *target,
                           iso_torch_generator *generator, bool reference, iso_plan_observer *after, void *user) {
    iso_exec exec = exec_of(root);
    iso_run run = run_of(root, plan, &exec);
    run.generator = generator;
    run.reference = reference;
    run.slots[ISO_SLOT_X] = x->data;
    run.slots[ISO_SLOT_TARGET] = target ? target->data : NULL;
    for (size_t i = 0; i < plan->graph.node_count; i++) {
        plan->graph.nodes[i].op->run(&run, &plan->graph.nodes[i]);
        if (after)
            after(user, &run, &plan->graph.nodes[i]);
    }
}

void iso_plan_output(iso_module *root, const iso_plan *plan, float *y) {
    iso_exec exec = exec_of(root);
    iso_run run = run_of(root, plan, &exec);
    const iso_value *value = &plan->graph.values[plan->y];
    const float *data = iso_data(&run, plan->y);
    if (value->dims != 4) {
        memcpy(y, data, value->bytes);
        return;
    }
    int64_t c = value->shape[1], pixels = value->shape[2] * value->shape[3];
    for (int64_t n = 0; n < value->shape[0]; n++, data += c * pixels, y += c * pixels)
        for (int64_t pixel = 0; pixel < pixels; pixel++)
            for (int64_t channel = 0; channel < c; channel++)
                y[channel * pixels + pixel] = data[pixel * c + channel];
}

float iso_plan_loss(iso_module *root, const iso_plan *plan) {
    iso_exec exec = exec_of(root);
    iso_run run = run_of(root, plan, &exec);
    return *(const float *)iso_data(&run, plan->loss);
}
