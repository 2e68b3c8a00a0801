/* Residual networks: torchvision's names and shapes, gradients through both branches, kernels beside the contract's scalar code.
 * Initial weights and logits beside torchvision: tests/oracle/resnet.py. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/blake3.h"
#include "core/context.h"
#include "core/json.h"
#include "harness/test.h"
#include "isobit/isobit.h"
#include "nn/module.h"
#include "nn/plan.h"

static bool has_shape(const iso_module *model, size_t index, const char *name, int dims, int64_t a, int64_t b, int64_t c,
                      int64_t d) {
    iso_named_tensor entry = iso_module_state(model, index);
    const int64_t shape[4] = {a, b, c, d};
    return strcmp(entry.name, name) == 0 && entry.tensor->dims == dims &&
           memcmp(entry.tensor->shape, shape, sizeof *shape * (size_t)dims) == 0;
}

ISO_TEST(resnet18_has_torchvisions_names_and_shapes) {
    iso_context *ctx;
    CHECK(iso_context_new(&ctx, NULL) == ISO_OK);
    iso_module *model = iso_resnet18(ctx, .num_classes = 10);
    CHECK(model && iso_module_state_count(model) == 122);
    CHECK(has_shape(model, 0, "conv1.weight", 4, 64, 3, 7, 7));
    CHECK(has_shape(model, 1, "bn1.weight", 1, 64, 0, 0, 0));
    CHECK(has_shape(model, 3, "bn1.running_mean", 1, 64, 0, 0, 0));
    CHECK(has_shape(model, 5, "bn1.num_batches_tracked", 0, 0, 0, 0, 0));
    CHECK(has_shape(model, 6, "layer1.0.conv1.weight", 4, 64, 64, 3, 3));
    CHECK(has_shape(model, 18, "layer1.1.conv1.weight", 4, 64, 64, 3, 3));
    CHECK(has_shape(model, 30, "layer2.0.conv1.weight", 4, 128, 64, 3, 3));
    CHECK(has_shape(model, 36, "layer2.0.conv2.weight", 4, 128, 128, 3, 3));
    CHECK(has_shape(model, 42, "layer2.0.downsample.0.weight", 4, 128, 64, 1, 1));
    CHECK(has_shape(model, 46, "layer2.0.downsample.1.running_var", 1, 128, 0, 0, 0));
    CHECK(has_shape(model, 120, "fc.weight", 2, 10, 512, 0, 0));
    CHECK(has_shape(model, 121, "fc.bias", 1, 10, 0, 0, 0));
    int64_t parameters = 0;
    for (size_t i = 0; i < 122; i++)
        parameters += iso_module_state(model, i).grad ? iso_module_state(model, i).tensor->numel : 0;
    CHECK(parameters == 11181642);
    iso_module_free(model);
    model = iso_resnet18(ctx);
    CHECK(model && has_shape(model, 120, "fc.weight", 2, 1000, 512, 0, 0));
    iso_module_free(model);
    CHECK(iso_resnet18(ctx, .num_classes = -1) == NULL && strstr(iso_error(ctx), "num_classes is -1"));
    CHECK(iso_basic_block(ctx, 0, 4) == NULL && strstr(iso_error(ctx), "BasicBlock: inplanes"));
    iso_context_free(ctx);
}

/* torch.manual_seed(42); torchvision.models.resnet18(num_classes=10), PyTorch 1.13: b3sum of some tensors' bytes. Some are drawn
 * twice, and a downsample before the block that it belongs to. */
ISO_TEST(resnet18_has_torchvisions_initial_weights) {
    static const struct {
        const char *name, *digest;
    } known[] = {{"conv1.weight", "46259e3eff38600fd3cd57f6a2b406574f5b81f0a88f06937ac03319bfd019d3"},
                 {"layer2.0.conv1.weight", "7fce0e9e82c90e287fc0dda0c78939610b33f29079a7e60f2701ed69b61ac61b"},
                 {"layer2.0.downsample.0.weight", "76b05edd79e14eccaf917c73c4d77084b04a9391b4563e4b7ba7f4dbddce0d3d"},
                 {"fc.weight", "7309f41af31f7b62117019ba88e3cb19b405751da69b7d9df291f5e4d6dbc585"},
                 {"fc.bias", "ad457c0428898bdc2a73138570a5f2af8557e64b23d7642b3ea05cb8efdbf973"}};
    iso_context *ctx;
    CHECK(iso_context_new(&ctx, NULL) == ISO_OK);
    iso_module *model = iso_resnet18(ctx, .num_classes = 10);
    iso_torch_generator generator = {.variant = ISO_TORCH_1_13};
    iso_torch_manual_seed(&generator, 42);
    CHECK_OK(ctx, iso_module_reset_parameters(model, &generator));
    for (size_t i = 0; i < ISO_COUNTOF(known); i++) {
        const iso_tensor *tensor = iso_module_find(model, known[i].name).tensor;
        uint8_t digest[ISO_BLAKE3_SIZE], expected[ISO_BLAKE3_SIZE];
        CHECK(iso_hex_bytes(known[i].digest, expected, sizeof expected));
        iso_blake3(tensor->data, (size_t)tensor->numel * sizeof(float), digest);
        CHECK_MSG(memcmp(digest, expected, sizeof digest) == 0, "%s", known[i].name);
    }
    iso_module_free(model);
    iso_context_free(ctx);
}

/* resnet18's pieces, small: stem, a block with the input as its shortcut, a block with a downsample. */
static iso_module *small_network(iso_context *ctx) {
    return iso_sequential(ctx, iso_conv2d(ctx, 3, 5, .kernel_size = 3, .stride = 2, .padding = 1, .no_bias = true),
                          iso_batch_norm2d(ctx, 5), iso_relu(ctx),
                          iso_max_pool2d(ctx, .kernel_size = 3, .stride = 2, .padding = 1), iso_basic_block(ctx, 5, 5),
                          iso_basic_block(ctx, 5, 9, .stride = 2), iso_basic_block(ctx, 9, 9), iso_adaptive_avg_pool2d(ctx, 1, 1),
                          iso_flatten(ctx), iso_linear(ctx, 9, 4));
}

/* Three steps; parameters, buffers and gradients that they leave behind, in one array to be freed. */
static float *train(iso_context *ctx, int64_t batch, bool reference, size_t *count) {
    iso_module *model = small_network(ctx);
    iso_optimizer *optimizer = model ? iso_sgd(model, .lr = 0.1, .momentum = 0.9) : NULL;
    iso_tensor *x = iso_tensor_new(ctx, ISO_FLOAT32, 4, (int64_t[]){batch, 3, 21, 26}),
               *target = iso_tensor_new(ctx, ISO_INT64, 1, &batch);
    if (!optimizer || !x || !target)
        return NULL;
    iso_torch_manual_seed(iso_generator(ctx), 11);
    iso_module_reset_parameters(model, iso_generator(ctx));
    iso_plan_key key = {
        .training = true, .gradients = true, .has_loss = true, .plain = reference, .dims = 4, .shape = {batch, 3, 21, 26}};
    iso_plan *plan = NULL;
    if (iso_plan_get(model, &key, &plan))
        return NULL;
    for (int step = 0; step < 3; step++) {
        iso_torch_normal(iso_generator(ctx), x->data, (size_t)x->numel, 0, 1);
        iso_torch_randint(iso_generator(ctx), target->data, (size_t)batch, 0, 4);
        iso_plan_run(model, plan, x, target, iso_generator(ctx), reference);
        iso_optimizer_step(optimizer);
    }
    float *all = calloc(1 << 14, sizeof *all);
    size_t used = 0;
    all[used++] = iso_plan_loss(model, plan);
    for (size_t i = 0; i < iso_module_state_count(model); i++) {
        iso_named_tensor entry = iso_module_state(model, i);
        size_t floats = (size_t)entry.tensor->numel * iso_dtype_size(entry.tensor->dtype) / 4;
        memcpy(all + used, entry.tensor->data, floats * sizeof *all);
        used += floats;
        if (entry.grad)
            memcpy(all + used, entry.grad->data, floats * sizeof *all);
        used += entry.grad ? floats : 0;
    }
    *count = used;
    iso_tensor_free(ctx, x);
    iso_tensor_free(ctx, target);
    iso_optimizer_free(optimizer);
    iso_module_free(model);
    return all;
}

ISO_TEST(residual_network_equals_reference_everywhere) {
    static const int64_t batches[] = {2, 7};
    for (size_t b = 0; b < ISO_COUNTOF(batches); b++) {
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

static void fill(iso_module *model, const char *name, float value) {
    iso_tensor *tensor = iso_module_find(model, name).tensor;
    for (int64_t i = 0; i < tensor->numel; i++)
        iso_tensor_f32(tensor)[i] = value;
}

/* The gradient of a first convolution's weight through `middle`; to be freed. */
static float *gradient_through(iso_context *ctx, iso_module *middle, bool block, int64_t *count) {
    iso_module *model = iso_sequential(ctx, iso_conv2d(ctx, 2, 4, .kernel_size = 3, .padding = 1), middle, iso_flatten(ctx),
                                       iso_linear(ctx, 144, 3));
    iso_tensor *x = iso_tensor_new(ctx, ISO_FLOAT32, 4, (int64_t[]){3, 2, 6, 6}),
               *t = iso_tensor_new(ctx, ISO_INT64, 1, (int64_t[]){3});
    float loss, *copy = NULL;
    if (!model || !x || !t)
        return NULL;
    iso_torch_manual_seed(iso_generator(ctx), 5);
    iso_torch_normal(iso_generator(ctx), x->data, (size_t)x->numel, 0, 1);
    iso_module_reset_parameters(model, iso_generator(ctx));
    if (block)
        fill(model, "1.bn2.weight", 0);
    iso_torch_manual_seed(iso_generator(ctx), 6); /* the same last layer, whatever stands before it */
    iso_tensor *last = iso_module_find(model, "3.weight").tensor;
    iso_torch_normal(iso_generator(ctx), last->data, (size_t)last->numel, 0, 1);
    fill(model, "3.bias", 0);
    if (!iso_loss_backward(model, &(iso_loss){0}, x, t, &loss, NULL)) {
        iso_tensor *grad = iso_module_find(model, "0.weight").grad;
        copy = malloc((size_t)grad->numel * sizeof *copy);
        memcpy(copy, grad->data, (size_t)grad->numel * sizeof *copy);
        *count = grad->numel;
    }
    iso_tensor_free(ctx, x);
    iso_tensor_free(ctx, t);
    iso_module_free(model);
    return copy;
}

/* A block whose second batch norm gives 0 is relu(x): the shortcut alone carries the gradient, in every bit. */
ISO_TEST(shortcut_carries_the_gradient) {
    iso_context *ctx;
    int64_t count = 0, block_count = 0;
    CHECK(iso_context_new(&ctx, NULL) == ISO_OK);
    float *relu = gradient_through(ctx, iso_relu(ctx), false, &count),
          *block = gradient_through(ctx, iso_basic_block(ctx, 4, 4), true, &block_count);
    CHECK(relu && block && count == 72 && block_count == count);
    CHECK_BITS(relu, block, count);
    free(relu);
    free(block);
    iso_context_free(ctx);
}

/* Along its gradient g the loss changes by |g|: central difference of a parameter in front of both kinds of blocks. */
ISO_TEST(gradient_through_both_branches) {
    iso_context *ctx;
    CHECK(iso_context_new(&ctx, NULL) == ISO_OK);
    iso_module *model = iso_sequential(ctx, iso_conv2d(ctx, 2, 4, .kernel_size = 3, .padding = 1), iso_basic_block(ctx, 4, 4),
                                       iso_basic_block(ctx, 4, 6, .stride = 2), iso_flatten(ctx), iso_linear(ctx, 96, 3));
    iso_tensor *x = iso_tensor_new(ctx, ISO_FLOAT32, 4, (int64_t[]){8, 2, 8, 8}),
               *t = iso_tensor_new(ctx, ISO_INT64, 1, (int64_t[]){8});
    CHECK(model && x && t);
    iso_torch_manual_seed(iso_generator(ctx), 1);
    iso_module_reset_parameters(model, iso_generator(ctx));
    iso_torch_normal(iso_generator(ctx), x->data, (size_t)x->numel, 0, 1);
    iso_torch_randint(iso_generator(ctx), t->data, 8, 0, 3);
    static const char *const names[] = {"0.weight", "1.conv2.weight", "1.bn1.bias", "2.downsample.0.weight"};
    for (size_t k = 0; k < ISO_COUNTOF(names); k++) {
        iso_named_tensor p = iso_module_find(model, names[k]);
        float loss, *w = iso_tensor_f32(p.tensor);
        CHECK_OK(ctx, iso_loss_backward(model, &(iso_loss){0}, x, t, &loss, NULL));
        double norm = 0, losses[2], step = 1.0 / 64;
        for (int64_t i = 0; i < p.grad->numel; i++)
            norm += (double)iso_tensor_f32(p.grad)[i] * iso_tensor_f32(p.grad)[i];
        norm = sqrt(norm);
        float kept[256], direction[256];
        CHECK(p.grad->numel <= 256);
        for (int64_t i = 0; i < p.grad->numel; i++) {
            kept[i] = w[i];
            direction[i] = (float)(iso_tensor_f32(p.grad)[i] / norm);
        }
        for (int side = 0; side < 2; side++) {
            for (int64_t i = 0; i < p.grad->numel; i++)
                w[i] = kept[i] + (float)(side ? step : -step) * direction[i];
            CHECK_OK(ctx, iso_loss_forward(model, &(iso_loss){0}, x, t, &loss, NULL));
            losses[side] = loss;
        }
        memcpy(w, kept, sizeof *w * (size_t)p.grad->numel);
        CHECK_MSG(fabs((losses[1] - losses[0]) / (2 * step) / norm - 1) < 0.02, "%s: difference %g, gradient %g", names[k],
                  (losses[1] - losses[0]) / (2 * step), norm);
    }
    iso_tensor_free(ctx, x);
    iso_tensor_free(ctx, t);
    iso_module_free(model);
    iso_context_free(ctx);
}
