/* Memory and time of a training step in micro-batches beside the whole batch: build/isobit-bench-micro. One thread; contenders
 * take turns, the fastest step counts, in the processor's time. */
#include <stdio.h>
#include <time.h>

#include "core/context.h"
#include "isobit/isobit.h"
#include "nn/plan.h"

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* The tutorial's network. */
static iso_module *tutorial(iso_context *ctx) {
    return iso_sequential(ctx, iso_conv2d(ctx, 3, 16, .kernel_size = 3, .padding = 1), iso_batch_norm2d(ctx, 16), iso_relu(ctx),
                          iso_max_pool2d(ctx, .kernel_size = 2), iso_conv2d(ctx, 16, 32, .kernel_size = 3, .padding = 1),
                          iso_batch_norm2d(ctx, 32), iso_relu(ctx), iso_max_pool2d(ctx, .kernel_size = 2), iso_flatten(ctx),
                          iso_dropout(ctx, 0.5), iso_linear(ctx, 2048, 10));
}
static iso_module *without_norms(iso_context *ctx) {
    return iso_sequential(ctx, iso_conv2d(ctx, 3, 16, .kernel_size = 3, .padding = 1), iso_relu(ctx),
                          iso_max_pool2d(ctx, .kernel_size = 2), iso_conv2d(ctx, 16, 32, .kernel_size = 3, .padding = 1),
                          iso_relu(ctx), iso_max_pool2d(ctx, .kernel_size = 2), iso_flatten(ctx), iso_dropout(ctx, 0.5),
                          iso_linear(ctx, 2048, 10));
}
static iso_module *resnet18(iso_context *ctx) {
    return iso_resnet18(ctx, .num_classes = 10);
}

static const struct work {
    const char *name;
    iso_module *(*build)(iso_context *ctx);
    int64_t batch, size, micro_batch;
    int steps;
} work[] = {
    {"tutorial", tutorial, 64, 32, 8, 40},
    {"tutorial without batch norms", without_norms, 64, 32, 8, 40},
    {"resnet18", resnet18, 16, 64, 4, 5},
    {"resnet18", resnet18, 16, 224, 4, 3},
};

int main(void) {
    printf("%-30s %5s %9s  %6s %10s  %6s %8s  %6s\n", "", "batch", "size", "micro", "memory MB", "ratio", "step ms", "ratio");
    for (size_t i = 0; i < sizeof work / sizeof *work; i++) {
        const struct work *w = &work[i];
        iso_context *ctx;
        if (iso_context_new(&ctx, &(iso_context_options){.threads = 1}))
            return 2;
        iso_module *models[2] = {w->build(ctx), w->build(ctx)};
        iso_tensor *x = iso_tensor_new(ctx, ISO_FLOAT32, 4, (int64_t[]){w->batch, 3, w->size, w->size});
        iso_tensor *target = iso_tensor_new(ctx, ISO_INT64, 1, &w->batch);
        if (!models[0] || !models[1] || !x || !target || iso_module_set_micro_batch(models[1], w->micro_batch))
            return 2;
        iso_torch_normal(iso_generator(ctx), x->data, (size_t)x->numel, 0, 1);
        double best[2] = {1e9, 1e9};
        for (int step = 0; step <= w->steps; step++) /* the first one plans */
            for (int m = 0; m < 2; m++) {
                float loss;
                double start = now();
                if (iso_loss_backward(models[m], &(iso_loss){0}, x, target, &loss, NULL))
                    return 2;
                best[m] = step && now() - start < best[m] ? now() - start : best[m];
            }
        double whole = (double)iso_module_memory(models[0]);
        for (int m = 0; m < 2; m++) {
            double memory = (double)iso_module_memory(models[m]);
            printf("%-30s %5lld %4lldx%-4lld  %6lld %10.2f  %6.2f %8.1f  %6.2f\n", w->name, (long long)w->batch,
                   (long long)w->size, (long long)w->size, (long long)(m ? w->micro_batch : w->batch), memory / 1e6,
                   memory / whole, 1e3 * best[m], best[m] / best[0]);
        }
        for (int m = 0; m < 2; m++)
            iso_module_free(models[m]);
        iso_tensor_free(ctx, x);
        iso_tensor_free(ctx, target);
        iso_context_free(ctx);
    }
    return 0;
}
