/* What metrics.jsonl costs a step, in its two parts: build/isobit-bench-metrics, in the project's folder. The norm of the
 * gradients, of the tutorial's network and of ResNet-18 (whose gradients no cache holds); and the line, with a step of the
 * tutorial beside it. Medians. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "timing.h"
#include "isobit/isobit.h"
#include "nn/module.h"
#include "ops/norm.h"
#include "run/metrics.h"

#define ROUNDS 61

/* Microseconds of the norm over a module's gradients. */
static double norm(iso_context *ctx, const iso_module *module) {
    double times[ROUNDS], sum = 0;
    void *scratch = malloc(1 << 20);
    iso_exec exec = {ctx->pool, ctx->isa, scratch};
    for (int round = 0; round < ROUNDS; round++) {
        double start = now();
        for (size_t i = 0; i < iso_module_state_count(module); i++) {
            iso_named_tensor entry = iso_module_state(module, i);
            if (entry.grad)
                sum += iso_cpu_square_sum(&exec, entry.grad->numel, entry.grad->data);
        }
        times[round] = now() - start;
    }
    free(scratch);
    return sum < 0 ? 0 : 1e6 * median(times, ROUNDS);
}

/* Microseconds of a step of the tutorial without metrics, and of its line. */
static iso_status lines(iso_context *ctx, double *step, double *line) {
    char directory[] = "/tmp/isobit-bench-XXXXXX", path[64];
    double steps[ROUNDS], puts[ROUNDS];
    iso_recipe *recipe = NULL;
    iso_trainer *trainer = NULL;
    iso_metrics *metrics = NULL;
    iso_step_record record;
    if (!mkdtemp(directory))
        return ISO_EIO;
    iso_status status = iso_recipe_load(ctx, "examples/tutorial.yaml", NULL, 0, &recipe);
    if (!status)
        status = iso_trainer_new(ctx, recipe, -1, NULL, NULL, &trainer);
    if (!status)
        status = iso_trainer_start(trainer);
    if (!status)
        status = iso_metrics_open(directory, NULL, trainer, &metrics);
    for (int round = 0; round < ROUNDS && !status; round++) {
        if (round % 20 == 0) { /* epochs of whole batches only */
            status = round ? iso_trainer_start(trainer) : ISO_OK;
            if (!status)
                status = iso_trainer_begin_epoch(trainer);
        }
        double start = now();
        if (!status)
            status = iso_trainer_step(trainer, &record);
        double middle = now();
        if (!status)
            status = iso_metrics_step(metrics, &record, middle - start);
        steps[round] = middle - start;
        puts[round] = now() - middle;
    }
    *step = status ? 0 : 1e6 * median(steps, ROUNDS);
    *line = status ? 0 : 1e6 * median(puts, ROUNDS);
    iso_metrics_close(metrics);
    iso_trainer_free(trainer);
    iso_recipe_free(recipe);
    snprintf(path, sizeof path, "%s/" ISO_METRICS_FILE, directory);
    unlink(path);
    rmdir(directory);
    return status;
}

int main(void) {
    for (int threads = 1; threads <= 2 && threads <= iso_cpu_count(); threads++) {
        iso_context *ctx;
        double step, line;
        if (iso_context_new(&ctx, &(iso_context_options){.threads = threads}))
            return 2;
        iso_module *resnet = iso_resnet18(ctx),
                   *cnn = iso_sequential(ctx, iso_conv2d(ctx, 3, 16, .kernel_size = 3, .padding = 1), iso_batch_norm2d(ctx, 16),
                                         iso_conv2d(ctx, 16, 32, .kernel_size = 3, .padding = 1), iso_batch_norm2d(ctx, 32),
                                         iso_flatten(ctx), iso_linear(ctx, 2048, 10));
        if (!resnet || !cnn || lines(ctx, &step, &line)) {
            fprintf(stderr, "%s\n", iso_error(ctx));
            return 2;
        }
        printf("%d thread%s: norm of the tutorial's gradients %.0f us, of ResNet-18's %.0f us; a line %.0f us, beside a step of "
               "the tutorial of %.0f us\n",
               threads, threads == 1 ? "" : "s", norm(ctx, cnn), norm(ctx, resnet), line, step);
        iso_module_free(resnet);
        iso_module_free(cnn);
        iso_context_free(ctx);
    }
    return 0;
}
