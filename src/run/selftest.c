/* The self-test: what must come out the same on every machine, in a fraction of a second. It needs no data, and of the rooms only
 * those up to networks and digests, so that it can be built where there is no image library. */
#include <string.h>

#include "core/json.h"
#include "isobit/nn.h"
#include "isobit/run.h"
#include "ledger/state.h"
#include "ops/math_functions.h"

/* ---- Streams and functions: tensors of numbers, and the root over them ---- */

/* Digests named tensors that exist for this purpose only, and frees them. */
static iso_status root_of(iso_context *ctx, const char *const *names, iso_tensor **tensors, size_t count, uint8_t *digest) {
    iso_state *state = NULL;
    iso_status status = iso_state_new(ctx, &state);
    for (size_t i = 0; i < count && !status; i++)
        status = tensors[i] ? iso_state_add(state, names[i], tensors[i]) : ISO_ENOMEM;
    if (!status)
        status = iso_state_root(state, digest);
    iso_state_free(state);
    for (size_t i = 0; i < count; i++)
        iso_tensor_free(ctx, tensors[i]);
    return status;
}

/* Draws that need no C library. Doubles are digested as the words they consist of. */
static iso_status test_streams(iso_context *ctx, uint8_t *digest) {
    enum { NORMAL, UNIFORM, RANDINT, RANDPERM, BERNOULLI, NUMPY, PYTHON, PHILOX, STREAMS };
    static const char *const names[STREAMS] = {"torch.randn",      "torch.rand",   "torch.randint", "torch.randperm",
                                               "torch.bernoulli_", "numpy.random", "python.random", "isobit.uniform"};
    static const iso_dtype dtypes[STREAMS] = {ISO_FLOAT32, ISO_FLOAT32, ISO_INT64, ISO_INT64,
                                              ISO_UINT8,   ISO_INT64,   ISO_INT64, ISO_FLOAT32};
    int64_t count = 1009;
    iso_tensor *t[STREAMS];
    bool ok = true;
    for (int i = 0; i < STREAMS; i++)
        ok = (t[i] = iso_tensor_new(ctx, dtypes[i], 1, &count)) && ok;
    if (ok) {
        size_t n = (size_t)count;
        iso_torch_generator *g = &ctx->generator;
        iso_np_random_state numpy;
        iso_py_random python;
        iso_torch_manual_seed(g, 123);
        iso_torch_normal(g, iso_tensor_f32(t[NORMAL]), n, 0, 1);
        iso_torch_uniform(g, iso_tensor_f32(t[UNIFORM]), n, -1, 1);
        iso_torch_randint(g, iso_tensor_i64(t[RANDINT]), n, -5, 1000003);
        iso_torch_randperm(g, iso_tensor_i64(t[RANDPERM]), count);
        iso_torch_bernoulli(g, iso_tensor_u8(t[BERNOULLI]), n, 0.3);
        memset(&numpy, 0, sizeof numpy);
        iso_np_legacy_seed(&numpy, 123);
        memset(&python, 0, sizeof python);
        iso_py_seed(&python, 123);
        for (size_t i = 0; i < n; i++) {
            double x;
            iso_np_legacy_random_sample(&numpy, &x, 1);
            memcpy(&iso_tensor_i64(t[NUMPY])[i], &x, sizeof x);
            x = iso_py_random_one(&python);
            memcpy(&iso_tensor_i64(t[PYTHON])[i], &x, sizeof x);
        }
        iso_philox_uniform(&(iso_place){.seed = 123, .step = 7, .sample = 5}, 0, iso_tensor_f32(t[PHILOX]), n);
    }
    return root_of(ctx, names, t, STREAMS, digest);
}

/* Arguments of every exponent and sign. */
static iso_status test_functions(iso_context *ctx, uint8_t *digest) {
#define F(name) #name,
    static const char *const names[] = {ISO_MATH_FUNCTIONS(F)};
#undef F
#define F(name) iso_cpu_##name,
    static void (*const functions[])(const iso_exec *, int64_t, const float *, float *) = {ISO_MATH_FUNCTIONS(F)};
#undef F
    int64_t count = 4099;
    iso_tensor *results[ISO_COUNTOF(names)], *x = iso_tensor_new(ctx, ISO_FLOAT32, 1, &count);
    const iso_exec exec = {ctx->pool, ctx->isa, NULL};
    for (uint32_t i = 0; x && i < (uint32_t)count; i++)
        memcpy(&iso_tensor_f32(x)[i], &(uint32_t){i * 2654435761u}, sizeof(float));
    for (size_t i = 0; i < ISO_COUNTOF(names); i++)
        if ((results[i] = x ? iso_tensor_new(ctx, ISO_FLOAT32, 1, &count) : NULL))
            functions[i](&exec, count, iso_tensor_f32(x), iso_tensor_f32(results[i]));
    iso_tensor_free(ctx, x);
    return root_of(ctx, names, results, ISO_COUNTOF(names), digest);
}

/* ---- Networks ---- */

/* A few steps on numbers of the network's own stream; the digest is that of its parameters and buffers behind them. */
struct network {
    iso_module *model;
    iso_optimizer *optimizer;
    int dims;
    int64_t shape[4]; /* of a batch */
    int steps;
};

static iso_status train(iso_context *ctx, const struct network *n, iso_state *state, uint8_t *digest) {
    iso_torch_generator *g = &ctx->generator;
    iso_tensor *x = iso_tensor_new(ctx, ISO_FLOAT32, n->dims, n->shape);
    iso_tensor *target = iso_tensor_new(ctx, ISO_INT64, 1, n->shape);
    iso_status status = x && target ? iso_module_reset_parameters(n->model, g) : ISO_ENOMEM;
    for (int step = 0; step < n->steps && !status; step++) {
        float loss;
        iso_torch_normal(g, iso_tensor_f32(x), (size_t)x->numel, 0, 1);
        iso_torch_randint(g, iso_tensor_i64(target), (size_t)target->numel, 0, 10);
        status = iso_loss_backward(n->model, &(iso_loss){.label_smoothing = 0.1}, x, target, &loss, NULL);
        if (!status)
            iso_optimizer_step(n->optimizer);
    }
    if (!status)
        status = iso_state_root(state, digest);
    iso_tensor_free(ctx, x);
    iso_tensor_free(ctx, target);
    return status;
}

/* Frees model and optimiser. */
static iso_status test_network(iso_context *ctx, const struct network *n, uint8_t *digest) {
    iso_state *state = NULL;
    iso_torch_manual_seed(&ctx->generator, 123);
    iso_status status = n->optimizer ? iso_state_new(ctx, &state) : ISO_ENOMEM;
    for (size_t i = 0; !status && i < iso_module_state_count(n->model); i++) {
        iso_named_tensor entry = iso_module_state(n->model, i);
        status = iso_state_add(state, entry.name, entry.tensor);
    }
    if (!status)
        status = train(ctx, n, state, digest);
    iso_state_free(state);
    iso_optimizer_free(n->optimizer);
    iso_module_free(n->model);
    return status;
}

static iso_status test_residual(iso_context *ctx, uint8_t *digest) {
    iso_module *model = iso_sequential(ctx, iso_conv2d(ctx, 3, 8, .kernel_size = 3, .padding = 1, .no_bias = true),
                                       iso_batch_norm2d(ctx, 8), iso_relu(ctx), iso_basic_block(ctx, 8, 8),
                                       iso_basic_block(ctx, 8, 64, .stride = 2), iso_basic_block(ctx, 64, 64),
                                       iso_adaptive_avg_pool2d(ctx, 1, 1), iso_flatten(ctx), iso_linear(ctx, 64, 10));
    iso_optimizer *optimizer = model ? iso_sgd(model, .lr = 0.05, .momentum = 0.9, .weight_decay = 1e-4) : NULL;
    return test_network(ctx, &(struct network){model, optimizer, 4, {5, 3, 9, 9}, 3}, digest);
}

static iso_status test_perceptron(iso_context *ctx, uint8_t *digest) {
    iso_module *model = iso_sequential(ctx, iso_linear(ctx, 37, 70), iso_batch_norm1d(ctx, 70), iso_relu(ctx),
                                       iso_dropout(ctx, 0.4), iso_linear(ctx, 70, 300), iso_relu(ctx), iso_linear(ctx, 300, 10));
    iso_optimizer *optimizer = model ? iso_adam(model, .lr = 0.01) : NULL;
    return test_network(ctx, &(struct network){model, optimizer, 2, {21, 37}, 5}, digest);
}

static iso_status test_convolutional(iso_context *ctx, uint8_t *digest) {
    iso_module *model =
        iso_sequential(ctx, iso_conv2d(ctx, 3, 20, .kernel_size = 3, .padding = 1, .stride = 2), iso_batch_norm2d(ctx, 20),
                       iso_relu(ctx), iso_max_pool2d(ctx, .kernel_size = 2), iso_conv2d(ctx, 20, 12, .kernel_size = 2),
                       iso_dropout(ctx, 0.25), iso_flatten(ctx), iso_linear(ctx, 48, 10));
    iso_optimizer *optimizer = model ? iso_adamw(model, .lr = 0.01) : NULL;
    return test_network(ctx, &(struct network){model, optimizer, 4, {12, 3, 14, 14}, 5}, digest);
}

/* ---- All of it ---- */

static const struct part {
    const char *name;
    iso_status (*run)(iso_context *ctx, uint8_t *digest);
    const char *expected; /* contract 1 */
} all[ISO_SELFTEST_PARTS] = {
    {"streams", test_streams, "036f94517ebba0c19994196bfc47a15e7ad65f3302e16debaf9367bf58175d0d"},
    {"functions", test_functions, "a202971dcecda2ba29952855f71f40705b4f5dd054410cc026fd4d89b339c5e6"},
    {"residual", test_residual, "59a4d135d074fd8c982e8bd08e11bdefb5d8a0b58b3ab00e6191b483d09027b9"},
    {"perceptron", test_perceptron, "80a87b8cdd9e100e494d73e22747d2c2d41a1ea5020b556b38c60ae647ccffa4"},
    {"network", test_convolutional, "a4eb5c96a214f1e2404c3066d2522a589df4203872ef65be53e03c00ec989281"},
};

/* Runs one part; the context's generator is afterwards what it was. */
static iso_status run_part(iso_context *ctx, const struct part *part, uint8_t digest[ISO_DIGEST_SIZE]) {
    iso_torch_generator keep = ctx->generator;
    ctx->generator.variant = ISO_TORCH;
    iso_status status = part->run(ctx, digest);
    ctx->generator = keep;
    return status;
}

iso_status iso_selftest(iso_context *ctx, uint8_t digest[ISO_DIGEST_SIZE]) {
    return run_part(ctx, &all[ISO_SELFTEST_PARTS - 1], digest);
}

iso_status iso_selftest_parts(iso_context *ctx, iso_selftest_part parts[ISO_SELFTEST_PARTS]) {
    iso_status outcome = ISO_OK;
    for (int i = 0; i < ISO_SELFTEST_PARTS; i++) {
        parts[i].name = all[i].name;
        iso_hex_bytes(all[i].expected, parts[i].expected, ISO_DIGEST_SIZE);
        iso_status status = run_part(ctx, &all[i], parts[i].digest);
        if (status)
            return status;
        if (!outcome && memcmp(parts[i].digest, parts[i].expected, ISO_DIGEST_SIZE) != 0)
            outcome = iso_fail(ctx, ISO_DIFFER, "the self-test's part '%s' is not what it is on other machines", all[i].name);
    }
    return outcome;
}
