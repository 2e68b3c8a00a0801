/* A whole network: the plan with kernels on every instruction set and thread count equals the same plan in the contract's scalar
 * code. */
#include <stdlib.h>
#include <string.h>

#include "core/context.h"
#include "harness/test.h"
#include "isobit/isobit.h"
#include "nn/module.h"
#include "nn/plan.h"

static iso_module *network(iso_context *ctx) {
    return iso_sequential(ctx, iso_conv2d(ctx, 3, 9, .kernel_size = 3, .padding = 1, .stride = 2), iso_batch_norm2d(ctx, 9),
                          iso_relu(ctx), iso_max_pool2d(ctx, .kernel_size = 2, .stride = 1),
                          iso_conv2d(ctx, 9, 20, .kernel_size = 2, .no_bias = true), iso_dropout(ctx, 0.3),
                          iso_batch_norm2d(ctx, 20, .no_affine = true), iso_relu(ctx),
                          iso_sequential(ctx, iso_avg_pool2d(ctx, .kernel_size = 2), iso_conv2d(ctx, 20, 6, .kernel_size = 1)),
                          iso_adaptive_avg_pool2d(ctx, 2, 2), iso_flatten(ctx), iso_dropout(ctx, 0.5), iso_linear(ctx, 24, 7));
}

/* Three steps; everything that they leave behind, in one array to be freed. */
static float *train(iso_context *ctx, int64_t batch, bool reference, size_t *count) {
    iso_module *model = network(ctx);
    iso_optimizer *optimizer = model ? iso_sgd(model, .lr = 0.1, .momentum = 0.9, .weight_decay = 0.01) : NULL;
    iso_tensor *x = iso_tensor_new(ctx, ISO_FLOAT32, 4, (int64_t[]){batch, 3, 19, 15}),
               *target = iso_tensor_new(ctx, ISO_INT64, 1, &batch);
    if (!optimizer || !x || !target)
        return NULL;
    iso_torch_manual_seed(iso_generator(ctx), 3);
    iso_module_reset_parameters(model, iso_generator(ctx));
    iso_loss loss = {.label_smoothing = 0.05};
    iso_plan_key key = {.training = true,
                        .gradients = true,
                        .has_loss = true,
                        .plain = reference,
                        .loss = loss,
                        .dims = 4,
                        .shape = {batch, 3, 19, 15}};
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
                CHECK(iso_context_new(&ctx, &(iso_context_options){.threads = threads, .isa = iso_isa_name((iso_isa)isa)}) ==
                      ISO_OK);
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
    iso_tensor *x = iso_tensor_new(ctx, ISO_FLOAT32, 4, (int64_t[]){8, 3, 19, 15}),
               *t = iso_tensor_new(ctx, ISO_INT64, 1, (int64_t[]){8});
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
    iso_tensor *p = iso_tensor_new(ctx, ISO_FLOAT32, 2, (int64_t[]){1, 4}),
               *grad = iso_tensor_new(ctx, ISO_FLOAT32, 2, (int64_t[]){1, 4});
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

/* Of three consumers the first one's gradient comes first: (2d + 2d) + d, where the other way round (d + 2d) + 2d would be other
 * bits. */
ISO_TEST(gradients_are_added_in_the_order_of_their_consumers) {
    iso_context *ctx;
    CHECK(iso_context_new(&ctx, NULL) == ISO_OK);
    iso_graph graph;
    iso_graph_init(&graph, ctx, true);
    iso_tensor *p = iso_tensor_new(ctx, ISO_FLOAT32, 2, (int64_t[]){1, 4}),
               *grad = iso_tensor_new(ctx, ISO_FLOAT32, 2, (int64_t[]){1, 4});
    float values[4] = {1, 2, 3, 4}, given[4] = {0x1.8306bep+0f, 0x1.3812fep+4f, 0x1.19d6fep+7f, 0x1.8365fep+10f}, arena[512],
          expected[4];
    memcpy(p->data, values, sizeof values);
    iso_value_id x = iso_graph_bound(&graph, p, grad), r = iso_graph_like(&graph, x), s = iso_graph_like(&graph, x),
                 u = iso_graph_like(&graph, x), y = iso_graph_like(&graph, x);
    iso_graph_node(&graph, &iso_op_relu, &x, 1, &r, 1);                    /* 2d arrives here, */
    iso_graph_node(&graph, &iso_op_add, (iso_value_id[]){x, r}, 2, &s, 1); /* 2d here, */
    iso_graph_node(&graph, &iso_op_add, (iso_value_id[]){s, s}, 2, &u, 1);
    iso_graph_node(&graph, &iso_op_add, (iso_value_id[]){x, u}, 2, &y, 1); /* and d here */
    iso_value_id dy = iso_graph_slot(&graph, ISO_SLOT_X, 2, (int64_t[]){1, 4}, sizeof(float));
    CHECK_OK(ctx, iso_graph_backward(&graph, y, dy));
    for (size_t i = 0; i < graph.value_count; i++)
        graph.values[i].offset = i * 64;
    iso_exec exec = {ctx->pool, ctx->isa, NULL};
    iso_run run = {.exec = &exec, .values = graph.values, .arena = (uint8_t *)arena, .slots = {given, NULL}};
    CHECK(graph.value_count * 64 <= sizeof arena);
    for (size_t i = 0; i < graph.node_count; i++)
        graph.nodes[i].op->run(&run, &graph.nodes[i]);
    for (int i = 0; i < 4; i++) {
        float d = given[i];
        expected[i] = (2 * d + 2 * d) + d;
        CHECK(expected[i] != (d + 2 * d) + 2 * d);
    }
    CHECK_BITS(expected, iso_tensor_f32(grad), 4);
    iso_graph_free(&graph);
    iso_tensor_free(ctx, p);
    iso_tensor_free(ctx, grad);
    iso_context_free(ctx);
}

/* momentum=None: after t batches the running statistics are the average of t, each of which counts 1 / t when it comes. */
#include "ops/batch_norm2d.h"

ISO_TEST(batch_norm_without_momentum_averages_all_batches) {
    iso_context *ctx;
    CHECK(iso_context_new(&ctx, NULL) == ISO_OK);
    iso_module *model =
        iso_sequential(ctx, iso_batch_norm2d(ctx, 1, .cumulative = true), iso_flatten(ctx), iso_linear(ctx, 6, 2));
    iso_tensor *x = iso_tensor_new(ctx, ISO_FLOAT32, 4, (int64_t[]){2, 1, 2, 3}),
               *t = iso_tensor_new(ctx, ISO_INT64, 1, (int64_t[]){2});
    float loss, running[2] = {0, 1}, mean, invstd, y[12];
    CHECK(model && x && t);
    for (int64_t batch = 1; batch <= 4; batch++) {
        iso_test_tame_floats(x->data, 12);
        CHECK_OK(ctx, iso_loss_backward(model, &(iso_loss){0}, x, t, &loss, NULL));
        iso_ref_batch_norm2d(&(iso_batch_norm2d_shape){2, 6, 1, 1e-5}, x->data, NULL, NULL, 1.0f / (float)batch, &running[0],
                             &running[1], &mean, &invstd, y);
        CHECK_BITS(&running[0], iso_tensor_f32(iso_module_find(model, "0.running_mean").tensor), 1);
        CHECK_BITS(&running[1], iso_tensor_f32(iso_module_find(model, "0.running_var").tensor), 1);
    }
    iso_tensor_free(ctx, x);
    iso_tensor_free(ctx, t);
    iso_module_free(model);
    iso_context_free(ctx);
}

/* PyTorch draws a mask in the order of (n, c, h, w), however an activation lies here. The weights 1, 2, 4, ... of the layer
 * behind show it. */
ISO_TEST(dropout_draws_in_logical_order) {
    enum { N = 2, C = 3, H = 2, W = 3, PIXELS = C * H * W };
    iso_context *ctx;
    CHECK(iso_context_new(&ctx, NULL) == ISO_OK);
    iso_module *model = iso_sequential(ctx, iso_dropout(ctx, 0.5), iso_flatten(ctx), iso_linear(ctx, PIXELS, 2));
    iso_tensor *x = iso_tensor_new(ctx, ISO_FLOAT32, 4, (int64_t[]){N, C, H, W}),
               *t = iso_tensor_new(ctx, ISO_INT64, 1, (int64_t[]){N}),
               *y = iso_tensor_new(ctx, ISO_FLOAT32, 2, (int64_t[]){N, 2});
    float loss;
    CHECK(model && x && t && y);
    CHECK_OK(ctx, iso_loss_backward(model, &(iso_loss){0}, x, t, &loss, y)); /* initial weights are drawn */
    for (int i = 0; i < N * PIXELS; i++)
        iso_tensor_f32(x)[i] = 0.5f; /* what is kept is doubled */
    float *weight = iso_tensor_f32(iso_module_find(model, "2.weight").tensor),
          *bias = iso_tensor_f32(iso_module_find(model, "2.bias").tensor);
    bias[0] = bias[1] = 0;
    for (int i = 0; i < PIXELS; i++)
        weight[i] = (float)(1 << i);
    for (int round = 0; round < 4; round++) {
        uint8_t keep[N * PIXELS];
        iso_torch_generator generator = ctx->generator;
        iso_torch_bernoulli(&generator, keep, sizeof keep, 0.5);
        CHECK_OK(ctx, iso_loss_backward(model, &(iso_loss){0}, x, t, &loss, y));
        for (int n = 0; n < N; n++) {
            int expected = 0;
            for (int i = 0; i < PIXELS; i++)
                expected |= keep[n * PIXELS + i] << i;
            CHECK_MSG(iso_tensor_f32(y)[2 * n] == (float)expected, "sample %d: kept %06x, expected %06x", n,
                      (int)iso_tensor_f32(y)[2 * n], expected);
        }
    }
    iso_tensor_free(ctx, x);
    iso_tensor_free(ctx, t);
    iso_tensor_free(ctx, y);
    iso_module_free(model);
    iso_context_free(ctx);
}
