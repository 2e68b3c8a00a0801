/* Weights from a file: every tensor by its name, or one message and nothing changed. */
#include <stdio.h>
#include <string.h>

#include "harness/test.h"
#include "isobit/isobit.h"
#include "ledger/safetensors.h"

static iso_module *network(iso_context *ctx, uint64_t seed) {
    iso_module *model = iso_sequential(ctx, iso_basic_block(ctx, 3, 4, .stride = 2), iso_adaptive_avg_pool2d(ctx, 1, 1),
                                       iso_flatten(ctx), iso_linear(ctx, 4, 5));
    iso_torch_manual_seed(iso_generator(ctx), seed);
    if (model)
        iso_module_reset_parameters(model, iso_generator(ctx));
    return model;
}

/* The model's tensors in a file, `skipped` left out, `extra` added under `name` (each may be NULL). */
static iso_status save(iso_context *ctx, const iso_module *model, const char *skipped, const char *name, const iso_tensor *extra,
                       const char *path) {
    iso_state *state;
    uint8_t digest[ISO_BLAKE3_SIZE];
    int64_t size;
    iso_status status = iso_state_new(ctx, &state);
    for (size_t i = 0; i < iso_module_state_count(model) && !status; i++) {
        iso_named_tensor entry = iso_module_state(model, i);
        if (!skipped || strcmp(entry.name, skipped) != 0)
            status = iso_state_add(state, entry.name, entry.tensor);
    }
    if (!status && extra)
        status = iso_state_add(state, name, extra);
    if (!status)
        status = iso_safetensors_write(ctx, path, state, digest, &size);
    iso_state_free(state);
    return status;
}

static bool equal(const iso_module *a, const iso_module *b) {
    for (size_t i = 0; i < iso_module_state_count(a); i++) {
        const iso_tensor *x = iso_module_state(a, i).tensor, *y = iso_module_state(b, i).tensor;
        if (memcmp(x->data, y->data, iso_tensor_bytes(x)) != 0)
            return false;
    }
    return true;
}

ISO_TEST(weights_are_loaded_by_name) {
    iso_context *ctx;
    char path[512];
    CHECK(iso_context_new(&ctx, NULL) == ISO_OK);
    snprintf(path, sizeof path, "%s/weights.safetensors", iso_test_directory());
    iso_module *from = network(ctx, 1), *to = network(ctx, 2);
    CHECK(from && to && !equal(from, to));
    *iso_tensor_i64(iso_module_find(from, "0.downsample.1.num_batches_tracked").tensor) = (int64_t)1 << 40;
    iso_tensor_f32(iso_module_find(from, "0.bn1.running_var").tensor)[3] = 0.25f;
    iso_tensor *moment = iso_tensor_new(ctx, ISO_FLOAT32, 1, (int64_t[]){5});
    CHECK_OK(ctx, save(ctx, from, NULL, "optimizer/momentum_buffer/3.bias", moment, path)); /* as a checkpoint has it */
    CHECK_OK(ctx, iso_module_load_weights(to, path));
    CHECK(equal(from, to));
    /* Loaded values count as initial values: the first use draws none. */
    iso_module *fresh = iso_sequential(ctx, iso_linear(ctx, 2, 2)), *same = iso_sequential(ctx, iso_linear(ctx, 2, 2));
    iso_tensor *x = iso_tensor_new(ctx, ISO_FLOAT32, 2, (int64_t[]){1, 2}),
               *y = iso_tensor_new(ctx, ISO_FLOAT32, 2, (int64_t[]){1, 2});
    iso_module_reset_parameters(fresh, iso_generator(ctx));
    CHECK_OK(ctx, save(ctx, fresh, NULL, NULL, NULL, path));
    CHECK_OK(ctx, iso_module_load_weights(same, path));
    CHECK_OK(ctx, iso_forward(same, x, y));
    CHECK(equal(fresh, same));
    iso_tensor_free(ctx, x);
    iso_tensor_free(ctx, y);
    iso_tensor_free(ctx, moment);
    iso_module_free(from);
    iso_module_free(to);
    iso_module_free(fresh);
    iso_module_free(same);
    iso_context_free(ctx);
}

ISO_TEST(weights_that_do_not_fit_are_refused) {
    iso_context *ctx;
    char path[512];
    CHECK(iso_context_new(&ctx, NULL) == ISO_OK);
    snprintf(path, sizeof path, "%s/wrong.safetensors", iso_test_directory());
    iso_module *from = network(ctx, 1), *to = network(ctx, 2), *as_it_was = network(ctx, 2);
    iso_tensor *five = iso_tensor_new(ctx, ISO_FLOAT32, 1, (int64_t[]){5}),
               *six = iso_tensor_new(ctx, ISO_FLOAT32, 1, (int64_t[]){6}),
               *whole = iso_tensor_new(ctx, ISO_INT64, 1, (int64_t[]){5});
    CHECK_OK(ctx, save(ctx, from, "3.bias", NULL, NULL, path));
    CHECK_FAILS(ctx, ISO_EINVAL, "wrong.safetensors: tensor '3.bias' is missing, expected F32 (5)",
                iso_module_load_weights(to, path));
    CHECK_OK(ctx, save(ctx, from, "3.bias", "fc.bias", five, path));
    CHECK_FAILS(ctx, ISO_EINVAL, "'3.bias' is missing, expected F32 (5); the file has 'fc.bias', which the model has not",
                iso_module_load_weights(to, path));
    CHECK_OK(ctx, save(ctx, from, NULL, "fc.bias", five, path));
    CHECK_FAILS(ctx, ISO_EINVAL, "the model has no tensor 'fc.bias'", iso_module_load_weights(to, path));
    CHECK_OK(ctx, save(ctx, from, "3.bias", "3.bias", six, path));
    CHECK_FAILS(ctx, ISO_EINVAL, "tensor '3.bias' is F32 (6), but the model's is F32 (5)", iso_module_load_weights(to, path));
    CHECK_OK(ctx, save(ctx, from, "3.bias", "3.bias", whole, path));
    CHECK_FAILS(ctx, ISO_EINVAL, "tensor '3.bias' is I64 (5), but the model's is F32 (5)", iso_module_load_weights(to, path));
    CHECK(equal(to, as_it_was));
    CHECK_FAILS(ctx, ISO_EIO, "nothing.safetensors", iso_module_load_weights(to, "nothing.safetensors"));
    iso_tensor_free(ctx, five);
    iso_tensor_free(ctx, six);
    iso_tensor_free(ctx, whole);
    iso_module_free(from);
    iso_module_free(to);
    iso_module_free(as_it_was);
    iso_context_free(ctx);
}
