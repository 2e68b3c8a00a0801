/* What the ledger costs: training steps with it and without, in turn, and the difference as a share of the step; its parts, and
 * how fast BLAKE3 is. Part of `make bench`: isobit-bench-ledger [THREADS] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "timing.h"
#include "core/context.h"
#include "isobit/isobit.h"
#include "ledger/ledger.h"
#include "nn/module.h"
#include "nn/optimizer.h"
#include "nn/plan.h"
#include "run/trainer.h"

#define MAX_ROUNDS 400

/* A network in training, its batch, and what a run digests in each step. */
struct work {
    const char *name;
    iso_module *model;
    iso_optimizer *optimizer;
    iso_tensor *x, *labels, *counters, *generator;
    iso_state *state;
    iso_ledger *ledger;
    size_t bytes;  /* that a digest reads */
    int64_t every; /* steps from one digest to the next, as a run of it takes them */
    double batch_time, state_time, line_time;
};

static void fail(iso_context *ctx) {
    fprintf(stderr, "%s\n", iso_error(ctx));
    exit(2);
}

static void add(iso_context *ctx, iso_state *state, const char *prefix, iso_named_tensor entry) {
    char name[300];
    snprintf(name, sizeof name, "%s%s", prefix, entry.name);
    if (iso_state_add(state, name, entry.tensor))
        fail(ctx);
}

/* As the trainer does it: src/run/trainer.c. */
static struct work prepare(iso_context *ctx, const char *name, iso_module *model, int64_t batch, int64_t size, int64_t classes,
                           const char *directory) {
    struct work w = {.name = name, .model = model, .optimizer = model ? iso_sgd(model, .lr = 1e-3, .momentum = 0.9) : NULL};
    int64_t three = 3, bytes = ISO_TORCH_STATE_SIZE;
    if (!w.optimizer)
        fail(ctx);
    w.x = iso_tensor_new(ctx, ISO_FLOAT32, 4, (int64_t[]){batch, 3, size, size});
    w.labels = iso_tensor_new(ctx, ISO_INT64, 1, &batch);
    w.counters = iso_tensor_new(ctx, ISO_INT64, 1, &three);
    w.generator = iso_tensor_new(ctx, ISO_UINT8, 1, &bytes);
    if (!w.x || !w.labels || !w.counters || !w.generator || iso_state_new(ctx, &w.state))
        fail(ctx);
    iso_torch_normal(iso_generator(ctx), iso_tensor_f32(w.x), (size_t)w.x->numel, 0, 1);
    iso_torch_randint(iso_generator(ctx), iso_tensor_i64(w.labels), (size_t)batch, 0, classes);
    if (iso_module_reset_parameters(model, iso_generator(ctx)))
        fail(ctx);
    for (size_t i = 0; i < iso_module_state_count(model); i++)
        add(ctx, w.state, "", iso_module_state(model, i));
    for (size_t i = 0; i < iso_optimizer_state_count(w.optimizer); i++)
        add(ctx, w.state, "optimizer/", iso_optimizer_state(w.optimizer, i));
    add(ctx, w.state, "", (iso_named_tensor){.name = "isobit/counters", .tensor = w.counters});
    add(ctx, w.state, "", (iso_named_tensor){.name = "isobit/generator", .tensor = w.generator});
    add(ctx, w.state, "", (iso_named_tensor){.name = "isobit/epoch_generator", .tensor = w.generator});
    w.bytes = (size_t)iso_state_bytes(w.state) + iso_tensor_bytes(w.x) + iso_tensor_bytes(w.labels);
    iso_plan *plan;
    iso_plan_key key = {.training = true, .gradients = true, .has_loss = true, .dims = 4, .shape = {batch, 3, size, size}};
    if (iso_plan_get(model, &key, &plan))
        fail(ctx);
    w.every = iso_digest_interval((int64_t)w.bytes, plan->graph.products);
    char path[600];
    snprintf(path, sizeof path, "%s/%s", directory, strchr(name, '-') ? "resnet" : "cnn");
    if (ctx->files.mkdir(NULL, path, 0777) || iso_ledger_open(ctx, path, ISO_LEDGER_CREATE, &w.ledger))
        fail(ctx);
    return w;
}

static void record(iso_context *ctx, struct work *w, float loss) {
    uint8_t both[2][ISO_BLAKE3_SIZE], batch[ISO_BLAKE3_SIZE], root[ISO_BLAKE3_SIZE];
    iso_state_entry entries[2] = {{.tensor = w->x}, {.tensor = w->labels}};
    bool due = ++iso_tensor_i64(w->counters)[0] % w->every == 0;
    double start = now();
    if (due) {
        if (iso_digest_tensors(w->state->digester, entries, 2, false))
            fail(ctx);
        memcpy(both[0], entries[0].digest, sizeof both[0]);
        memcpy(both[1], entries[1].digest, sizeof both[1]);
        iso_blake3(both, sizeof both, batch);
        w->batch_time = now() - start;
    }
    iso_torch_get_state(iso_generator(ctx), iso_tensor_u8(w->generator));
    if (due) {
        start = now();
        if (iso_state_root(w->state, root))
            fail(ctx);
        w->state_time = now() - start;
    }
    start = now();
    iso_text line = iso_ledger_begin(w->ledger, "step");
    iso_ledger_int(&line, "step", iso_tensor_i64(w->counters)[0]);
    iso_ledger_int(&line, "epoch", 1);
    if (due)
        iso_ledger_hex(&line, "batch", batch, sizeof batch);
    iso_ledger_f32(&line, "loss", loss);
    iso_ledger_f64(&line, "lr", 1e-3);
    if (due)
        iso_ledger_hex(&line, "state", root, sizeof root);
    if (iso_ledger_put(w->ledger, &line))
        fail(ctx);
    w->line_time = now() - start;
}

static double step(iso_context *ctx, struct work *w, bool recorded) {
    float loss;
    double start = now();
    if (iso_loss_backward(w->model, &(iso_loss){.label_smoothing = 0}, w->x, w->labels, &loss, NULL))
        fail(ctx);
    iso_optimizer_step(w->optimizer);
    if (recorded)
        record(ctx, w, loss);
    return now() - start;
}

/* As many steps as lie between two digests, one of them with digests. */
static double steps(iso_context *ctx, struct work *w, bool recorded) {
    double sum = 0;
    for (int64_t i = 0; i < w->every; i++)
        sum += step(ctx, w, recorded);
    return sum / (double)w->every;
}

static void measure(iso_context *ctx, struct work *w, double seconds) {
    static double times[2][MAX_ROUNDS], parts[3][MAX_ROUNDS];
    int rounds = 0;
    steps(ctx, w, true);
    for (double start = now(); rounds < MAX_ROUNDS && (rounds < 5 || now() - start < seconds); rounds++) {
        for (int k = 0; k < 2; k++) {
            bool recorded = (k + rounds) % 2;
            times[recorded][rounds] = steps(ctx, w, recorded);
        }
        parts[0][rounds] = w->batch_time;
        parts[1][rounds] = w->state_time;
        parts[2][rounds] = w->line_time;
    }
    double part[3], without = median(times[0], rounds), with = median(times[1], rounds), every = (double)w->every;
    for (int i = 0; i < 3; i++)
        part[i] = median(parts[i], rounds);
    printf("%-34s %9.2f %9.2f %8.2f %%   (%.3f + %.3f) / %lld + %.3f ms = %4.2f %%   %6.1f MB, %4.1f GB/s\n", w->name,
           1e3 * without, 1e3 * with, 100 * (with - without) / without, 1e3 * part[0], 1e3 * part[1], (long long)w->every,
           1e3 * part[2], 100 * ((part[0] + part[1]) / every + part[2]) / without, 1e-6 * (double)w->bytes,
           1e-9 * (double)w->bytes / (part[0] + part[1]));
    fflush(stdout);
}

static void finish(iso_context *ctx, struct work *w) {
    iso_ledger_close(w->ledger);
    iso_state_free(w->state);
    iso_optimizer_free(w->optimizer);
    iso_module_free(w->model);
    iso_tensor *const tensors[] = {w->x, w->labels, w->counters, w->generator};
    for (int i = 0; i < 4; i++)
        iso_tensor_free(ctx, tensors[i]);
}

int main(int argc, char **argv) {
    char directory[] = "/tmp/isobit-bench-XXXXXX", command[64], cpu[128];
    iso_context *ctx;
    if (iso_context_new(&ctx, &(iso_context_options){.threads = argc > 1 ? atoi(argv[1]) : 0}) || !mkdtemp(directory))
        return 2;
    iso_cpu_name(cpu, sizeof cpu);
    printf("isobit %s on %s, %s, %d threads: the ledger's share of a training step\n\n%-34s %9s %9s %10s   %s\n", iso_version(),
           cpu, iso_context_isa(ctx), iso_context_threads(ctx), "", "without", "with, ms", "more",
           "(batch's digest + state's root) / digest_every + line");
    iso_module *cnn =
        iso_sequential(ctx, iso_conv2d(ctx, 3, 16, .kernel_size = 3, .padding = 1), iso_batch_norm2d(ctx, 16), iso_relu(ctx),
                       iso_max_pool2d(ctx, .kernel_size = 2), iso_conv2d(ctx, 16, 32, .kernel_size = 3, .padding = 1),
                       iso_batch_norm2d(ctx, 32), iso_relu(ctx), iso_max_pool2d(ctx, .kernel_size = 2), iso_flatten(ctx),
                       iso_dropout(ctx, 0.5), iso_linear(ctx, 32 * 8 * 8, 10));
    struct work w = prepare(ctx, "tutorial's CNN, batch 64, 32x32", cnn, 64, 32, 10, directory);
    measure(ctx, &w, 5);
    finish(ctx, &w);
    w = prepare(ctx, "ResNet-18, batch 16, 224x224", iso_resnet18(ctx, .num_classes = 1000), 16, 224, 1000, directory);
    measure(ctx, &w, 30);
    finish(ctx, &w);
    iso_context_free(ctx);
    snprintf(command, sizeof command, "rm -r %s", directory);
    return system(command) != 0;
}
