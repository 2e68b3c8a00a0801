/* A whole network: the plan with kernels on every instruction set and thread count equals the same plan in the contract's scalar code. */
#include <stdlib.h>
#include <string.h>

#include "core/context.h"
#include "harness/test.h"
#include "isobit/isobit.h"
#include "nn/module.h"
#include "nn/plan.h"

static iso_module *network(iso_context *ctx) {
    return iso_sequential(ctx, iso_conv2d(ctx, 3, 9, .kernel_size = 3, .padding = 1, .stride = 2), iso_batch_norm2d(ctx, 9), iso_relu(ctx),
                          iso_max_pool2d(ctx, .kernel_size = 2, .stride = 1), iso_conv2d(ctx, 9, 20, .kernel_size = 2, .no_bias = true),
                          iso_dropout(ctx, 0.3), iso_batch_norm2d(ctx, 20, .no_affine = true), iso_relu(ctx),
                          iso_sequential(ctx, iso_avg_pool2d(ctx, .kernel_size = 2), iso_conv2d(ctx, 20, 6, .kernel_size = 1)),
                          iso_adaptive_avg_pool2d(ctx, 2, 2), iso_flatten(ctx), iso_dropout(ctx, 0.5), iso_linear(ctx, 24, 7));
}

/* Three steps; everything that they leave behind, in one array to be freed. */
static float *train(iso_context *ctx, int64_t batch, bool reference, size_t *count) {
    iso_module *model = network(ctx);
    iso_optimizer *optimizer = model ? iso_sgd(model, .lr = 0.1, .momentum = 0.9, .weight_decay = 0.01) : NULL;
    iso_tensor *x = iso_tensor_new(ctx, ISO_FLOAT32, 4, (int64_t[]){batch, 3, 19, 15}), *target = iso_tensor_new(ctx, ISO_INT64, 1, &batch);
    if (!optimizer || !x || !target)
        return NULL;
    iso_torch_manual_seed(iso_generator(ctx), 3);
    iso_module_reset_parameters(model, iso_generator(ctx));
    iso_loss loss = {.label_smoothing = 0.05};
    iso_plan_key key = {.training = true, .gradients = true, .has_loss = true, .plain = reference, .loss = loss, .dims = 4, .shape = {batch, 3, 19, 15}};
    iso_plan *plan = NULL;
    if (iso_plan_get(model, &key, &plan))
        return NULL;
    for (int step = 0; step < 3; step++) {
        iso_torch_normal(iso_generator(ctx), x->data, (size_t)x->numel, 0, 1);
        iso_torch_randint(iso_generator(ctx), target->data, (size_t)batch, 0, 7);
        iso_plan_run(model, plan, x, target, iso_generator(ctx), reference);
        iso_optimizer_step(optimizer);
    }
    size_t entries = iso_module_state_count(model), used = 0;
    float *all = calloc(1 << 16, sizeof *all);
    all[used++] = iso_plan_loss(model, plan);
    for (size_t i = 0; i < entries; i++) {
        iso_named_tensor entry = iso_module_state(model, i);
        size_t floats = (size_t)entry.tensor->numel * iso_dtype_size(entry.tensor->dtype) / 4;
        memcpy(all + used, entry.tensor->data, floats * sizeof *all);
        used += floats;
        if (entry.grad) {
            memcpy(all + used, entry.grad->data, floats * sizeof *all);
            used += floats;
        }
    }
    *count = used;
    iso_tensor_free(ctx, x);
    iso_tensor_free(ctx, target);
    iso_optimizer_free(optimizer);
    iso_module_free(model);
    return all;
}

ISO_TEST(network_equals_reference_everywhere) {
    static const int64_t batches[] = {1, 3, 5, 17};
    for (size_t b = 0; b < 4; b++) {
        iso_context *ctx;
        size_t expected_count = 0, count = 0;
        CHECK(iso_context_new(&ctx, NULL) == ISO_OK);
        float *expected = train(ctx, batches[b], true, &expected_count);
        iso_context_free(ctx);
        CHECK(expected != NULL);
        for (int isa = 0; isa < ISO_ISA_COUNT; isa++)
            for (int threads = 1; threads <= 3 && iso_isa_available((iso_isa)isa); threads++) {
                CHECK(iso_context_new(&ctx, &(iso_context_options){.threads = threads, .isa = iso_isa_name((iso_isa)isa)}) == ISO_OK);
                float *actual = train(ctx, batches[b], false, &count);
                CHECK(actual && count == expected_count);
                CHECK_BITS(expected, actual, (int64_t)count);
                free(actual);
                iso_context_free(ctx);
            }
        free(expected);
    }
}

ISO_TEST(network_allocates_nothing_after_the_first_step) {
    iso_context *ctx;
    CHECK(iso_context_new(&ctx, NULL) == ISO_OK);
    iso_module *model = network(ctx);
    iso_optimizer *optimizer = iso_adam(model, .lr = 0.01);
    iso_tensor *x = iso_tensor_new(ctx, ISO_FLOAT32, 4, (int64_t[]){8, 3, 19, 15}), *t = iso_tensor_new(ctx, ISO_INT64, 1, (int64_t[]){8});
    float loss;
    uint64_t before = 0;
    for (int step = 0; step < 4; step++) {
        CHECK_OK(ctx, iso_loss_backward(model, &(iso_loss){0}, x, t, &loss, NULL));
        iso_optimizer_step(optimizer);
        if (step == 0)
            before = iso_context_allocations(ctx);
    }
    CHECK(iso_context_allocations(ctx) == before);
    iso_tensor_free(ctx, x);
    iso_tensor_free(ctx, t);
    iso_optimizer_free(optimizer);
    iso_module_free(model);
    iso_context_free(ctx);
}

/* A gradient that arrives over two edges, as in a residual block: y = x + relu(x) on the graph itself. */
#include "nn/ops.h"

ISO_TEST(branches_add_their_gradients) {
    iso_context *ctx;
    CHECK(iso_context_new(&ctx, NULL) == ISO_OK);
    iso_graph graph;
    iso_graph_init(&graph, ctx, true);
    iso_tensor *p = iso_tensor_new(ctx, ISO_FLOAT32, 2, (int64_t[]){1, 4}), *grad = iso_tensor_new(ctx, ISO_FLOAT32, 2, (int64_t[]){1, 4});
    float values[4] = {-1, 2, -3, 4}, given[4] = {1, 10, 100, 1000}, arena[256];
    memcpy(p->data, values, sizeof values);
    iso_value_id x = iso_graph_bound(&graph, p, grad), r = iso_graph_like(&graph, x), y = iso_graph_like(&graph, x);
    iso_graph_node(&graph, &iso_op_relu, &x, 1, &r, 1);
    iso_graph_node(&graph, &iso_op_add, (iso_value_id[]){x, r}, 2, &y, 1);
    iso_value_id dy = iso_graph_slot(&graph, ISO_SLOT_X, 2, (int64_t[]){1, 4}, sizeof(float));
    CHECK_OK(ctx, iso_graph_backward(&graph, y, dy));
    for (size_t i = 0; i < graph.value_count; i++) /* every value its own place */
        graph.values[i].offset = i * 64;
    iso_exec exec = {ctx->pool, ctx->isa, NULL};
    iso_run run = {.exec = &exec, .values = graph.values, .arena = (uint8_t *)arena, .slots = {given, NULL}};
    CHECK(graph.value_count * 64 <= sizeof arena);
    for (size_t i = 0; i < graph.node_count; i++)
        graph.nodes[i].op->run(&run, &graph.nodes[i]);
    const float expected[4] = {1, 20, 100, 2000};
    CHECK_BITS(expected, iso_tensor_f32(grad), 4);
    iso_graph_free(&graph);
    iso_tensor_free(ctx, p);
    iso_tensor_free(ctx, grad);
    iso_context_free(ctx);
}
