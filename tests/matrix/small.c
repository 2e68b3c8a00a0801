/* The small experiment: three networks on made-up data, 24 steps, for machines without image libraries, files or threads. It
 * needs the rooms from core to nn, the state's root, and checkpoints (the Makefile says which files).
 *
 *     small [--steps N] [--threads N] [--isa NAME] [--load FILE] [--save FILE]
 *
 * prints the self-test's digest and, behind the last step, `digest` and a chain over the loss and the whole state of every step,
 * which must be the same everywhere; also if it begins on one machine (--steps 11 --save FILE) and ends on another (--load FILE).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "isobit/nn.h"
#include "isobit/run.h"
#include "ledger/safetensors.h"

#define STEPS 24

/* ---- The experiment ---- */

/* One network with its optimiser and data. */
struct trainee {
    const char *name;
    iso_module *model;
    iso_optimizer *optimizer;
    iso_loss loss;
    iso_tensor *x, *target;
};

struct experiment {
    iso_context *ctx;
    struct trainee trainees[3];
    iso_state *state; /* all tensors, and: */
    iso_tensor *step, *generator, *chain;
};

static iso_module *convolutional(iso_context *ctx) {
    return iso_sequential(ctx, iso_conv2d(ctx, 3, 16, .kernel_size = 3, .padding = 1), iso_batch_norm2d(ctx, 16), iso_relu(ctx),
                          iso_max_pool2d(ctx, .kernel_size = 2, .stride = 2),
                          iso_conv2d(ctx, 16, 32, .kernel_size = 3, .padding = 1), iso_batch_norm2d(ctx, 32), iso_relu(ctx),
                          iso_max_pool2d(ctx, .kernel_size = 2, .stride = 2), iso_flatten(ctx), iso_dropout(ctx, 0.5),
                          iso_linear(ctx, 128, 10));
}

static iso_module *residual(iso_context *ctx) {
    return iso_sequential(ctx, iso_conv2d(ctx, 3, 8, .kernel_size = 3, .padding = 1, .no_bias = true), iso_batch_norm2d(ctx, 8),
                          iso_relu(ctx), iso_basic_block(ctx, 8, 8), iso_basic_block(ctx, 8, 64, .stride = 2),
                          iso_adaptive_avg_pool2d(ctx, 1, 1), iso_flatten(ctx), iso_linear(ctx, 64, 10));
}

static iso_module *perceptron(iso_context *ctx) {
    return iso_sequential(ctx, iso_linear(ctx, 50, 70), iso_batch_norm1d(ctx, 70), iso_relu(ctx), iso_dropout(ctx, 0.4),
                          iso_linear(ctx, 70, 33), iso_relu(ctx), iso_linear(ctx, 33, 10));
}

static iso_status add(struct experiment *e, const char *owner, const char *name, const iso_tensor *tensor) {
    char path[200];
    snprintf(path, sizeof path, "%s/%s", owner, name);
    return tensor ? iso_state_add(e->state, path, tensor) : ISO_ENOMEM;
}

static iso_status add_trainee(struct experiment *e, struct trainee *t, int dims, const int64_t *shape) {
    if (!t->model || !t->optimizer)
        return ISO_ENOMEM;
    t->x = iso_tensor_new(e->ctx, ISO_FLOAT32, dims, shape);
    t->target = iso_tensor_new(e->ctx, ISO_INT64, 1, shape);
    iso_status status = t->x && t->target ? iso_module_reset_parameters(t->model, iso_generator(e->ctx)) : ISO_ENOMEM;
    for (size_t i = 0; i < iso_module_state_count(t->model) && !status; i++)
        status = add(e, t->name, iso_module_state(t->model, i).name, iso_module_state(t->model, i).tensor);
    for (size_t i = 0; i < iso_optimizer_state_count(t->optimizer) && !status; i++)
        status = add(e, t->name, iso_optimizer_state(t->optimizer, i).name, iso_optimizer_state(t->optimizer, i).tensor);
    return status;
}

static iso_status begin(struct experiment *e) {
    iso_context *ctx = e->ctx;
    iso_status status = iso_state_new(ctx, &e->state);
    if (status)
        return status;
    iso_torch_manual_seed(iso_generator(ctx), 2026);
    struct trainee *t = e->trainees;
    t[0] = (struct trainee){.name = "cnn", .model = convolutional(ctx)};
    t[0].optimizer = iso_sgd(t[0].model, .lr = 0.05, .momentum = 0.9);
    t[1] = (struct trainee){.name = "residual", .model = residual(ctx)};
    t[1].optimizer = iso_sgd(t[1].model, .lr = 0.05, .momentum = 0.9, .weight_decay = 1e-4, .nesterov = true);
    t[2] = (struct trainee){.name = "mlp", .model = perceptron(ctx), .loss = {.label_smoothing = 0.1}};
    t[2].optimizer = iso_adam(t[2].model, .lr = 0.002, .weight_decay = 0.01, .amsgrad = true);
    status = add_trainee(e, &t[0], 4, (int64_t[]){5, 3, 8, 8});
    if (!status)
        status = add_trainee(e, &t[1], 4, (int64_t[]){3, 3, 7, 7});
    if (!status)
        status = add_trainee(e, &t[2], 2, (int64_t[]){11, 50});
    e->step = iso_tensor_new(ctx, ISO_INT64, 1, (int64_t[]){1});
    e->generator = iso_tensor_new(ctx, ISO_UINT8, 1, (int64_t[]){ISO_TORCH_STATE_SIZE});
    e->chain = iso_tensor_new(ctx, ISO_UINT8, 1, (int64_t[]){ISO_BLAKE3_SIZE});
    if (!status)
        status = add(e, "small", "step", e->step);
    if (!status)
        status = add(e, "small", "generator", e->generator);
    return status ? status : add(e, "small", "chain", e->chain);
}

static void end(struct experiment *e) {
    iso_state_free(e->state);
    for (int i = 0; i < 3; i++) {
        iso_optimizer_free(e->trainees[i].optimizer);
        iso_module_free(e->trainees[i].model);
        iso_tensor_free(e->ctx, e->trainees[i].x);
        iso_tensor_free(e->ctx, e->trainees[i].target);
    }
    iso_tensor_free(e->ctx, e->step);
    iso_tensor_free(e->ctx, e->generator);
    iso_tensor_free(e->ctx, e->chain);
}

/* ---- Steps: chain = BLAKE3(root of the state, the chain before it included, and the losses' bits) ---- */

static iso_status take_step(struct experiment *e) {
    iso_torch_generator *g = iso_generator(e->ctx);
    uint8_t message[ISO_BLAKE3_SIZE + 3 * 4], *at = message + ISO_BLAKE3_SIZE;
    for (int i = 0; i < 3; i++) {
        struct trainee *t = &e->trainees[i];
        float loss;
        uint32_t bits;
        iso_torch_normal(g, iso_tensor_f32(t->x), (size_t)t->x->numel, 0, 1);
        iso_torch_randint(g, iso_tensor_i64(t->target), (size_t)t->target->numel, 0, 10);
        iso_status status = iso_loss_backward(t->model, &t->loss, t->x, t->target, &loss, NULL);
        if (status)
            return status;
        iso_optimizer_step(t->optimizer);
        memcpy(&bits, &loss, sizeof bits);
        for (int b = 0; b < 4; b++)
            *at++ = (uint8_t)(bits >> 8 * b);
    }
    iso_tensor_i64(e->step)[0]++;
    iso_torch_get_state(g, iso_tensor_u8(e->generator));
    iso_status status = iso_state_root(e->state, message);
    iso_blake3(message, sizeof message, iso_tensor_u8(e->chain));
    return status;
}

static iso_status load(struct experiment *e, const char *path) {
    iso_safetensors *file;
    iso_status status = iso_safetensors_read(e->ctx, path, &file);
    for (size_t i = 0; i < e->state->count && !status; i++) {
        const iso_tensor *to = e->state->entries[i].tensor, *from = iso_safetensors_find(file, e->state->entries[i].name);
        if (!from || from->dtype != to->dtype || from->numel != to->numel)
            status = iso_fail(e->ctx, ISO_EINVAL, "%s: no tensor %s of this size", path, e->state->entries[i].name);
        else
            memcpy(to->data, from->data, iso_tensor_bytes(to));
    }
    if (!status && !iso_torch_set_state(iso_generator(e->ctx), iso_tensor_u8(e->generator)))
        status = iso_fail(e->ctx, ISO_EINVAL, "%s: no state of a generator", path);
    iso_safetensors_free(file);
    return status;
}

/* ---- The program ---- */

static void print_digest(const char *name, const uint8_t *digest) {
    printf("%s ", name);
    for (int i = 0; i < ISO_BLAKE3_SIZE; i++)
        printf("%02x", digest[i]);
    printf("\n");
}

static iso_status run(iso_context *ctx, int64_t steps, const char *from, const char *to) {
    struct experiment e = {.ctx = ctx};
    uint8_t digest[ISO_BLAKE3_SIZE];
    int64_t size;
    iso_status status = begin(&e);
    if (!status && from)
        status = load(&e, from);
    while (!status && iso_tensor_i64(e.step)[0] < steps)
        status = take_step(&e);
    if (!status && to)
        status = iso_safetensors_write(ctx, to, e.state, digest, &size);
    if (!status)
        print_digest("digest", iso_tensor_u8(e.chain));
    end(&e);
    return status;
}

static iso_status selftest(iso_context *ctx) {
    iso_selftest_part parts[ISO_SELFTEST_PARTS];
    iso_status status = iso_selftest_parts(ctx, parts);
    if (!status)
        print_digest("selftest", parts[ISO_SELFTEST_PARTS - 1].digest);
    return status;
}

int main(int argc, char **argv) {
    iso_context *ctx;
    iso_context_options options = {0};
    int64_t steps = STEPS;
    const char *from = NULL, *to = NULL;
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--steps") == 0)
            steps = atoi(argv[i + 1]);
        else if (strcmp(argv[i], "--threads") == 0)
            options.threads = atoi(argv[i + 1]);
        else if (strcmp(argv[i], "--isa") == 0)
            options.isa = argv[i + 1];
        else if (strcmp(argv[i], "--load") == 0)
            from = argv[i + 1];
        else if (strcmp(argv[i], "--save") == 0)
            to = argv[i + 1];
    }
    iso_status status = iso_context_new(&ctx, &options);
    if (!status)
        status = selftest(ctx);
    if (!status)
        status = run(ctx, steps, from, to);
    if (status)
        fprintf(stderr, "small: %s\n", iso_error(ctx));
    iso_context_free(ctx);
    return (int)status;
}
