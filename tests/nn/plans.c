/* Random networks under random plans: whatever the blocks, the fusion, the places in memory, the threads and the instruction set,
 * three steps leave the bits that the contract's scalar code leaves. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/context.h"
#include "harness/memory.h"
#include "harness/test.h"
#include "isobit/isobit.h"
#include "nn/module.h"
#include "nn/plan.h"

#define STEPS       3
#define MOST_LAYERS 32

/* ---- Random networks ---- */

enum kind { CONV, NORM, NORM_1D, GROUP_NORM, RELU, MAX_POOL, AVG_POOL, DROPOUT, BLOCK, FLATTEN, LINEAR, ADAPTIVE };

struct layer {
    enum kind kind;
    int64_t a, b, c; /* meaning by kind */
    double p;
    bool flag;
};

struct network {
    struct layer layers[MOST_LAYERS];
    int count;
    int dims;
    int64_t batch, channels, h, w; /* of the input; h = w = 1 with two dimensions */
    int64_t outputs;               /* floats per sample */
    iso_loss loss;
    bool adam, eval_gradients;
    float *x[STEPS], *values[STEPS]; /* inputs; targets of MSELoss */
    int64_t *classes[STEPS];
};

static struct layer *add(struct network *n, enum kind kind, int64_t a, int64_t b, int64_t c) {
    struct layer *layer = &n->layers[n->count++];
    *layer = (struct layer){.kind = kind, .a = a, .b = b, .c = c};
    return layer;
}

static bool chance(double p) {
    return iso_test_uniform() < p;
}

/* Any number of groups that divides the channels. */
static void add_group_norm(struct network *n, int64_t channels) {
    int64_t groups = iso_test_between(1, channels);
    while (channels % groups)
        groups--;
    add(n, GROUP_NORM, groups, channels, 0)->flag = chance(0.3);
}

/* Convolutional part; leaves channels and size in the three numbers. */
static void add_features(struct network *n, bool norms, int64_t *channels, int64_t *h, int64_t *w) {
    for (int64_t stages = iso_test_between(1, 3); stages > 0; stages--) {
        if (norms && chance(0.3)) /* of a value that others read too: a relu's output, whose derivative asks for it */
            add(n, NORM, *channels, iso_test_between(0, 5), 0);
        if (norms && chance(0.4)) {
            int64_t to = chance(0.5) ? *channels : iso_test_between(1, 9), stride = iso_test_between(1, 2);
            add(n, BLOCK, *channels, to, stride);
            *channels = to;
            *h = (*h - 1) / stride + 1;
            *w = (*w - 1) / stride + 1;
        } else {
            int64_t to = iso_test_between(1, 18), kernel = iso_test_between(1, 3), stride = iso_test_between(1, 2);
            struct layer *conv = add(n, CONV, *channels, to, kernel);
            conv->p = (double)stride;
            conv->flag = chance(0.5);
            *channels = to;
            *h = (*h + 2 * (kernel / 2) - kernel) / stride + 1;
            *w = (*w + 2 * (kernel / 2) - kernel) / stride + 1;
            if (norms && chance(0.8))
                add(n, NORM, *channels, iso_test_between(0, 5), 0);
            else if (chance(0.3))
                add_group_norm(n, *channels);
            if (chance(0.3))
                add(n, DROPOUT, 0, 0, 0)->p = chance(0.1) ? 1 : 0.4;
            if (chance(0.7))
                add(n, RELU, 0, 0, 0);
        }
        if (*h >= 4 && *w >= 4 && chance(0.6)) {
            add(n, chance(0.7) ? MAX_POOL : AVG_POOL, 2, 0, 0);
            *h /= 2;
            *w /= 2;
        }
    }
}

static void random_network(struct network *n) {
    memset(n, 0, sizeof *n);
    n->batch = chance(0.2) ? iso_test_between(18, 40) : iso_test_between(1, 17);
    n->dims = chance(0.1) ? 2 : 4;
    n->channels = n->dims == 2 ? iso_test_between(1, 40) : iso_test_between(1, 4);
    n->h = n->dims == 2 ? 1 : iso_test_between(5, 13);
    n->w = n->dims == 2 ? 1 : iso_test_between(5, 13);
    n->adam = chance(0.3);
    n->eval_gradients = chance(0.5);
    bool norms = n->batch > 1 && chance(0.7), classes = chance(0.7);
    int64_t channels = n->channels, h = n->h, w = n->w;
    if (n->dims == 4)
        add_features(n, norms, &channels, &h, &w);
    if (n->dims == 4 && chance(0.3))
        add(n, ADAPTIVE, h = 1, w = iso_test_between(1, 2), 0);
    n->loss = (iso_loss){.kind = classes ? ISO_CROSS_ENTROPY : ISO_MSE, .sum = chance(0.4)};
    n->outputs = channels * h * w;
    if (n->dims == 2 || classes || chance(0.7)) { /* otherwise the output has four dimensions */
        add(n, FLATTEN, 0, 0, 0);
        for (int64_t linears = iso_test_between(1, 2); linears > 0; linears--) {
            if (chance(0.4))
                add(n, DROPOUT, 0, 0, 0)->p = 0.3;
            int64_t to = iso_test_between(2, 21);
            add(n, LINEAR, n->outputs, to, 0)->flag = chance(0.3);
            n->outputs = to;
            if (norms && chance(0.5))
                add(n, NORM_1D, to, iso_test_between(0, 5), 0);
            else if (chance(0.2))
                add_group_norm(n, to);
            if (linears > 1)
                add(n, RELU, 0, 0, 0);
        }
    }
    if (classes && chance(0.5))
        n->loss.label_smoothing = 0.1;
    if (classes && chance(0.5)) {
        n->loss.has_ignore_index = true;
        n->loss.ignore_index = chance(0.5) ? -7 : 1;
    }
    for (int step = 0; step < STEPS; step++) {
        n->x[step] = calloc((size_t)(n->batch * n->channels * n->h * n->w), sizeof(float));
        n->values[step] = calloc((size_t)(n->batch * n->outputs), sizeof(float));
        n->classes[step] = calloc((size_t)n->batch, sizeof(int64_t));
        iso_test_tame_floats(n->x[step], n->batch * n->channels * n->h * n->w);
        iso_test_tame_floats(n->values[step], n->batch * n->outputs);
        for (int64_t i = 0; i < n->batch; i++)
            n->classes[step][i] =
                n->loss.has_ignore_index && chance(0.3) ? n->loss.ignore_index : iso_test_between(0, n->outputs - 1);
    }
}

static void free_network(struct network *n) {
    for (int step = 0; step < STEPS; step++) {
        free(n->x[step]);
        free(n->values[step]);
        free(n->classes[step]);
    }
}

static iso_module *build_layer(iso_context *ctx, const struct layer *l) {
    switch (l->kind) {
    case CONV:
        return iso_conv2d(ctx, l->a, l->b, .kernel_size = l->c, .padding = l->c / 2, .stride = (int64_t)l->p, .no_bias = l->flag);
    case NORM: /* with all, without affine part, without statistics, cumulative, pinned, all again */
        return iso_batch_norm2d(ctx, l->a, .no_affine = l->b == 1, .no_running_stats = l->b == 2, .cumulative = l->b == 3,
                                .pinned = l->b == 4);
    case NORM_1D:
        return iso_batch_norm1d(ctx, l->a, .no_affine = l->b == 1, .no_running_stats = l->b == 2, .cumulative = l->b == 3,
                                .pinned = l->b == 4);
    case GROUP_NORM:
        return iso_group_norm(ctx, l->a, l->b, .no_affine = l->flag);
    case RELU:
        return iso_relu(ctx);
    case MAX_POOL:
        return iso_max_pool2d(ctx, .kernel_size = l->a);
    case AVG_POOL:
        return iso_avg_pool2d(ctx, .kernel_size = l->a);
    case DROPOUT:
        return iso_dropout(ctx, l->p);
    case BLOCK:
        return iso_basic_block(ctx, l->a, l->b, .stride = l->c);
    case FLATTEN:
        return iso_flatten(ctx);
    case LINEAR:
        return iso_linear(ctx, l->a, l->b, .no_bias = l->flag);
    default:
        return iso_adaptive_avg_pool2d(ctx, l->a, l->b);
    }
}

static iso_module *build(iso_context *ctx, const struct network *n) {
    iso_module *layers[MOST_LAYERS];
    for (int i = 0; i < n->count; i++)
        layers[i] = build_layer(ctx, &n->layers[i]);
    return iso_sequential_with(ctx, (size_t)n->count, layers);
}

/* ---- Training ---- */

struct plan {
    bool reference, plain;
    int64_t micro_batch;
    uint64_t seed;
};

/* A growing array of everything that must be equal. */
struct record {
    uint8_t *bytes;
    size_t size;
};

static void append(struct record *r, const void *data, size_t size) {
    r->bytes = realloc(r->bytes, r->size + size);
    memcpy(r->bytes + r->size, data, size);
    r->size += size;
}

/* NaNs as the one that files and digests know: in memory their bits are whatever the processor makes of two operands. */
static void append_floats(struct record *r, const float *x, int64_t count) {
    append(r, x, (size_t)count * sizeof *x);
    for (uint8_t *at = r->bytes + r->size - (size_t)count * sizeof *x; count-- > 0; x++, at += sizeof *x)
        if (*x != *x)
            memcpy(at, &(uint32_t){0x7fc00000u}, sizeof *x);
}

static void append_state(struct record *r, const iso_module *model) {
    for (size_t i = 0; i < iso_module_state_count(model); i++) {
        iso_named_tensor entry = iso_module_state(model, i);
        if (entry.tensor->dtype == ISO_FLOAT32)
            append_floats(r, entry.tensor->data, entry.tensor->numel);
        else
            append(r, entry.tensor->data, (size_t)entry.tensor->numel * iso_dtype_size(entry.tensor->dtype));
        if (entry.grad)
            append_floats(r, entry.grad->data, entry.grad->numel);
    }
}

/* One step, recorded; of evaluation with step STEPS. */
static bool run_step(iso_context *ctx, const struct network *n, const struct plan *how, iso_module *model, int step,
                     struct record *r) {
    bool training = step < STEPS;
    iso_plan_key key = {.training = training,
                        .gradients = training || n->eval_gradients,
                        .has_loss = true,
                        .plain = how->reference || how->plain,
                        .loss = n->loss,
                        .micro_batch = how->micro_batch,
                        .seed = how->seed,
                        .dims = n->dims,
                        .shape = {n->batch, n->channels, n->h, n->w}};
    iso_plan *plan;
    iso_module_train(model, training);
    if (iso_plan_get(model, &key, &plan))
        return false;
    int data = step % STEPS;
    iso_tensor x = {.data = n->x[data]}, target = {.data = n->loss.kind == ISO_MSE ? (void *)n->values[data] : n->classes[data]};
    iso_plan_run(model, plan, &x, &target, iso_generator(ctx), how->reference);
    float loss = iso_plan_loss(model, plan), *y = calloc((size_t)(n->batch * n->outputs), sizeof *y);
    iso_plan_output(model, plan, y);
    append_floats(r, &loss, 1);
    append_floats(r, y, n->batch * n->outputs);
    free(y);
    return true;
}

static bool train_with(iso_context *ctx, const struct network *n, const struct plan *how, iso_module *model, struct record *r) {
    iso_optimizer *optimizer = n->adam ? iso_adam(model, .lr = 0.01) : iso_sgd(model, .lr = 0.05, .momentum = 0.9);
    iso_torch_manual_seed(iso_generator(ctx), 17);
    iso_module_reset_parameters(model, iso_generator(ctx));
    bool ok = optimizer != NULL;
    for (int step = 0; ok && step <= STEPS; step++) {
        ok = run_step(ctx, n, how, model, step, r);
        append_state(r, model);
        iso_optimizer_step(optimizer);
    }
    uint8_t generator[ISO_TORCH_STATE_SIZE];
    iso_torch_get_state(iso_generator(ctx), generator);
    append(r, generator, sizeof generator);
    append_state(r, model);
    iso_optimizer_free(optimizer);
    return ok;
}

static bool train(iso_context *ctx, const struct network *n, const struct plan *how, struct record *r) {
    iso_module *model = build(ctx, n);
    bool ok = model && train_with(ctx, n, how, model, r);
    iso_module_free(model);
    return ok;
}

static const char *describe(const struct network *n, char text[512]) {
    static const char *const names[] = {
        [CONV] = "conv",   [NORM] = "norm",         [NORM_1D] = "norm_1d",   [GROUP_NORM] = "group",
        [RELU] = "relu",   [MAX_POOL] = "max_pool", [AVG_POOL] = "avg_pool", [DROPOUT] = "dropout",
        [BLOCK] = "block", [FLATTEN] = "flatten",   [LINEAR] = "linear",     [ADAPTIVE] = "adaptive"};
    size_t used =
        (size_t)snprintf(text, 512, "%lldx%lldx%lldx%lld %s%s:", (long long)n->batch, (long long)n->channels, (long long)n->h,
                         (long long)n->w, n->loss.kind == ISO_MSE ? "mse" : "ce", n->loss.sum ? " sum" : "");
    for (int i = 0; i < n->count && used < 400; i++)
        used += (size_t)snprintf(text + used, 512 - used, " %s(%lld,%lld,%lld)", names[n->layers[i].kind],
                                 (long long)n->layers[i].a, (long long)n->layers[i].b, (long long)n->layers[i].c);
    return text;
}

/* One plan of a network, on every instruction set. */
static bool equals(const struct network *n, const struct plan *how, const struct record *expected) {
    char text[512];
    for (int isa = 0; isa < ISO_ISA_COUNT; isa++) {
        if (!iso_isa_available((iso_isa)isa))
            continue;
        int threads = (int)iso_test_between(1, 3);
        iso_context *ctx;
        struct record actual = {0};
        if (iso_context_new(&ctx, &(iso_context_options){.threads = threads, .isa = iso_isa_name((iso_isa)isa)}))
            return false;
        bool ok = train(ctx, n, how, &actual), same = ok && actual.size == expected->size;
        size_t at = 0;
        while (same && at < actual.size && actual.bytes[at] == expected->bytes[at])
            at++;
        iso_test_check(same && at == actual.size, __FILE__, __LINE__,
                       "%s: %s, micro_batch %lld, seed %llu, %s, %d threads: %s, byte %zu of %zu", describe(n, text),
                       how->plain ? "plain" : "fused", (long long)how->micro_batch, (unsigned long long)how->seed,
                       iso_isa_name((iso_isa)isa), threads, ok ? "differs" : iso_error(ctx), at, expected->size);
        free(actual.bytes);
        iso_context_free(ctx);
        if (!same || at < actual.size)
            return false;
    }
    return true;
}

ISO_TEST(every_plan_gives_the_same_bits) {
    for (int trial = 0; trial < (iso_test_long() ? 600 : 40); trial++) {
        struct network n;
        struct record expected = {0};
        iso_context *ctx;
        random_network(&n);
        CHECK(iso_context_new(&ctx, NULL) == ISO_OK);
        bool ok = train(ctx, &n, &(struct plan){.reference = true}, &expected);
        char text[512];
        CHECK_MSG(ok, "%s: %s", describe(&n, text), iso_error(ctx));
        iso_context_free(ctx);
        for (int plan = 0; plan < 4 && ok; plan++)
            ok = equals(&n,
                        &(struct plan){.plain = chance(0.3),
                                       .micro_batch = plan ? iso_test_between(1, n.batch + 1) : 0,
                                       .seed = chance(0.5) ? iso_test_random() : 0},
                        &expected);
        free(expected.bytes);
        free_network(&n);
        if (!ok)
            return;
    }
}

/* ---- Through the public calls ---- */

ISO_TEST(an_unfused_context_joins_no_operations) {
    size_t nodes[2];
    for (int unfused = 0; unfused < 2; unfused++) {
        iso_context *ctx;
        iso_plan *plan;
        CHECK(iso_context_new(&ctx, &(iso_context_options){.unfused = unfused}) == ISO_OK);
        iso_module *model = iso_sequential(ctx, iso_conv2d(ctx, 1, 4, .kernel_size = 3), iso_batch_norm2d(ctx, 4), iso_relu(ctx));
        iso_plan_key key = {
            .training = true, .gradients = true, .has_loss = true, .loss = {.kind = ISO_MSE}, .dims = 4, .shape = {2, 1, 5, 5}};
        CHECK(iso_plan_get(model, &key, &plan) == ISO_OK);
        nodes[unfused] = plan->graph.node_count;
        iso_module_free(model);
        iso_context_free(ctx);
    }
    CHECK_MSG(nodes[1] == nodes[0] + 2, "%zu nodes, and %zu unfused", nodes[0], nodes[1]); /* relu, relu_backward */
}

static iso_module *tutorial(iso_context *ctx, bool norms) {
    iso_module *with[] = {iso_conv2d(ctx, 3, 16, .kernel_size = 3, .padding = 1),
                          norms ? iso_batch_norm2d(ctx, 16) : iso_relu(ctx),
                          iso_relu(ctx),
                          iso_max_pool2d(ctx, .kernel_size = 2),
                          iso_conv2d(ctx, 16, 32, .kernel_size = 3, .padding = 1),
                          norms ? iso_batch_norm2d(ctx, 32) : iso_relu(ctx),
                          iso_relu(ctx),
                          iso_max_pool2d(ctx, .kernel_size = 2),
                          iso_flatten(ctx),
                          iso_dropout(ctx, 0.5),
                          iso_linear(ctx, 2048, 10)};
    return iso_sequential_with(ctx, ISO_COUNTOF(with), with);
}

/* Memory of a step of 32 images with this micro_batch; 0 on failure. `record` takes what three steps leave behind. */
static size_t step_memory(bool norms, int64_t micro_batch, struct record *record, bool *allocates) {
    iso_context *ctx;
    if (iso_context_new(&ctx, &(iso_context_options){.threads = 1}))
        return 0;
    iso_torch_manual_seed(iso_generator(ctx), 1);
    iso_module *model = tutorial(ctx, norms);
    iso_tensor *x = iso_tensor_new(ctx, ISO_FLOAT32, 4, (int64_t[]){32, 3, 32, 32}),
               *t = iso_tensor_new(ctx, ISO_INT64, 1, (int64_t[]){32});
    iso_optimizer *optimizer = iso_sgd(model, .lr = 0.1);
    iso_torch_normal(iso_generator(ctx), x->data, (size_t)x->numel, 0, 1);
    bool ok = iso_module_set_micro_batch(model, micro_batch) == ISO_OK;
    uint64_t before = 0;
    for (int step = 0; step < 3 && ok; step++) {
        float loss;
        ok = iso_loss_backward(model, &(iso_loss){0}, x, t, &loss, NULL) == ISO_OK;
        iso_optimizer_step(optimizer);
        append(record, &loss, sizeof loss);
        if (step == 0)
            before = iso_context_allocations(ctx);
    }
    *allocates = iso_context_allocations(ctx) != before;
    append_state(record, model);
    size_t memory = ok ? iso_module_memory(model) : 0;
    iso_optimizer_free(optimizer);
    iso_tensor_free(ctx, x);
    iso_tensor_free(ctx, t);
    iso_module_free(model);
    iso_context_free(ctx);
    return memory;
}

static void check_memory(bool norms, double most) {
    static const int64_t sizes[] = {0, 1, 5, 8, 32, 1000};
    struct record whole = {0};
    size_t all = 0;
    for (size_t i = 0; i < ISO_COUNTOF(sizes); i++) {
        struct record record = {0};
        bool allocates = true;
        size_t memory = step_memory(norms, sizes[i], &record, &allocates);
        CHECK(memory > 0 && !allocates);
        if (i == 0) {
            all = memory;
            whole = record;
            continue;
        }
        CHECK(record.size == whole.size && memcmp(record.bytes, whole.bytes, whole.size) == 0);
        CHECK_MSG(sizes[i] >= 32 ? memory == all : (double)memory < most * (double)all, "micro_batch %lld: %zu of %zu bytes",
                  (long long)sizes[i], memory, all);
        free(record.bytes);
    }
    free(whole.bytes);
}

/* Bounds that hold on every instruction set: kernels differ in what they pack and in their scratch. */
ISO_TEST(micro_batches_change_memory_only) {
    check_memory(false, 0.4);
    check_memory(true, 0.65);
}

ISO_TEST(micro_batch_is_checked_and_can_be_changed) {
    iso_context *ctx;
    float loss[3];
    CHECK(iso_context_new(&ctx, NULL) == ISO_OK);
    iso_module *model = tutorial(ctx, true);
    iso_tensor *x = iso_tensor_new(ctx, ISO_FLOAT32, 4, (int64_t[]){4, 3, 32, 32}),
               *t = iso_tensor_new(ctx, ISO_INT64, 1, (int64_t[]){4});
    CHECK_FAILS(ctx, ISO_EINVAL, "micro_batch is -2, expected 1 or more", iso_module_set_micro_batch(model, -2));
    for (int i = 0; i < 3; i++) {
        CHECK_OK(ctx, iso_module_set_micro_batch(model, 2 * (i % 2)));
        iso_torch_manual_seed(iso_generator(ctx), 9);
        CHECK_OK(ctx, iso_module_reset_parameters(model, iso_generator(ctx)));
        CHECK_OK(ctx, iso_loss_backward(model, &(iso_loss){0}, x, t, &loss[i], NULL));
    }
    CHECK(loss[0] == loss[1] && loss[1] == loss[2]);
    iso_tensor_free(ctx, x);
    iso_tensor_free(ctx, t);
    iso_module_free(model);
    iso_context_free(ctx);
}

/* ---- Without memory ---- */

/* Whichever allocation of a plan in blocks fails, the answer is ISO_ENOMEM and nothing is lost; the next call succeeds. */
ISO_TEST(plans_in_blocks_survive_every_failing_allocation) {
    bool done = false;
    for (long fail_at = 0; !done && fail_at < 5000; fail_at += fail_at < 60 ? 1 : 7) {
        iso_test_memory f = {.left = ISO_TEST_PLENTY};
        iso_allocator allocator = iso_test_allocator(&f);
        iso_context *ctx;
        CHECK(iso_context_new(&ctx, &(iso_context_options){.threads = 1, .allocator = &allocator}) == ISO_OK);
        iso_module *model = tutorial(ctx, true);
        iso_plan_key key = {
            .training = true, .gradients = true, .has_loss = true, .micro_batch = 2, .dims = 4, .shape = {5, 3, 32, 32}};
        iso_plan *plan;
        CHECK(model != NULL && iso_module_reset_parameters(model, iso_generator(ctx)) == ISO_OK);
        f.left = fail_at;
        iso_status status = iso_plan_get(model, &key, &plan);
        done = status == ISO_OK;
        CHECK_MSG(done || status == ISO_ENOMEM, "status %d when allocation %ld fails: %s", (int)status, fail_at, iso_error(ctx));
        f.left = ISO_TEST_PLENTY;
        CHECK_OK(ctx, iso_plan_get(model, &key, &plan));
        iso_module_free(model);
        iso_context_free(ctx);
        CHECK_MSG(f.live == 0, "%lld blocks are lost when allocation %ld fails", (long long)f.live, fail_at);
    }
    CHECK(done);
}
