#include "nn/plan.h"

#include <string.h>

#include "nn/economy.h"
#include "nn/module.h"
#include "nn/ops.h"

struct iso_plans {
    iso_plan *first;
    uint8_t *arena, *scratch;
    size_t arena_size, scratch_size;
};

/* ---- Memory ---- */

static iso_exec exec_of(const iso_module *root) {
    return (iso_exec){root->ctx->pool, root->ctx->isa, root->plans ? root->plans->scratch : NULL};
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
    iso_value_id loss = iso_graph_bytes(graph, 1, sizeof(float), 0);
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
    iso_node *node = iso_graph_node(graph, classes ? &iso_op_cross_entropy : &iso_op_mse_loss, (iso_value_id[]){y, target}, 2,
                                    (iso_value_id[]){loss, *grad}, 2);
    if (!node)
        return ISO_NO_VALUE;
    iso_reduction reduction = key->loss.sum ? ISO_REDUCTION_SUM : ISO_REDUCTION_MEAN;
    if (classes)
        node->u.cross_entropy =
            (iso_cross_entropy_shape){.n = output.shape[0],
                                      .k = output.shape[1],
                                      .reduction = reduction,
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
    if (!graph->status && !key->plain && !root->ctx->unfused)
        iso_graph_fuse(graph);
    if (!graph->status && iso_block_samples(key->shape[0], key->micro_batch))
        iso_graph_split(graph);
}

static bool same_key(const iso_plan_key *a, const iso_plan_key *b) {
    return a->training == b->training && a->gradients == b->gradients && a->plain == b->plain && a->has_loss == b->has_loss &&
           a->micro_batch == b->micro_batch && a->seed == b->seed && a->dims == b->dims &&
           memcmp(a->shape, b->shape, sizeof(int64_t) * (size_t)a->dims) == 0 && a->loss.kind == b->loss.kind &&
           a->loss.sum == b->loss.sum && a->loss.label_smoothing == b->loss.label_smoothing &&
           a->loss.has_ignore_index == b->loss.has_ignore_index && a->loss.ignore_index == b->loss.ignore_index;
}

static void free_plan(iso_context *ctx, iso_plan *plan) {
    iso_graph_free(&plan->graph);
    iso_schedule_free(ctx, &plan->schedule);
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
    iso_exec exec = exec_of(root);
    iso_status status = plan->graph.status;
    if (!status)
        status =
            iso_schedule_make(&plan->graph, key->shape[0], iso_block_samples(key->shape[0], key->micro_batch), &plan->schedule);
    if (!status && plan->schedule.block)
        status = iso_schedule_economise(&plan->graph, &plan->schedule, key->seed);
    if (!status)
        status = iso_schedule_place(&plan->graph, &plan->schedule, key->seed, &plan->arena_size);
    if (!status) {
        plan->scratch_size = iso_schedule_scratch(&plan->graph, &plan->schedule, &exec);
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
                           iso_torch_generator *generator, bool reference, iso_node_observer *after, void *user) {
    iso_exec exec = exec_of(root);
    iso_run run = run_of(root, plan, &exec);
    run.generator = generator;
    run.reference = reference;
    run.slots[ISO_SLOT_X] = x->data;
    run.slots[ISO_SLOT_TARGET] = target ? target->data : NULL;
    iso_schedule_run(&plan->graph, &plan->schedule, run, after, user);
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
