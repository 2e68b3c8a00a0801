/* For loader.py: driver RECIPE THREADS [KEY=VALUE...]
 *
 * Goes through all epochs of a recipe as training does, without computing the model, whose draws are made. Each batch is a line
 *     batch KIND COUNT CHANNELS H W WORKER BASE_SEED
 * and COUNT each of the images (float32), labels, indices in data.train or data.test (int64) and, if there are workers, what
 * random.random() and np.random.random() would give in the worker for the sample (float64). Behind each pass over the data:
 *     end KIND NEXT        the next number of the main generator */
#include <stdio.h>
#include <stdlib.h>

#include "run/trainer.h"

#define MAX_WORKERS 16

/* The generators of a worker that no transform draws from. */
static struct {
    iso_py_random python;
    iso_np_random_state numpy;
} workers[2][MAX_WORKERS];
static int64_t seeds[2];

static void seed_workers(int kind, int64_t base_seed, int64_t count) {
    seeds[kind] = base_seed;
    for (int64_t k = 0; k < count && k < MAX_WORKERS; k++) {
        uint64_t seed = (uint64_t)base_seed + (uint64_t)k;
        uint32_t words[4];
        workers[kind][k].python = (iso_py_random){.version = 311};
        workers[kind][k].numpy = (iso_np_random_state){.release = 204};
        iso_py_seed_words(&workers[kind][k].python, (uint32_t[]){(uint32_t)seed, (uint32_t)(seed >> 32)}, 2);
        iso_np_worker_state((uint64_t)base_seed, (uint32_t)k, words);
        iso_np_legacy_seed_array(&workers[kind][k].numpy, words, 4);
    }
}

static void put(int kind, const iso_dataset *data, const iso_batch *b) {
    printf("batch %s %lld %lld %lld %lld %lld %lld\n", kind ? "test" : "train", (long long)b->count, (long long)b->x.shape[1],
           (long long)b->x.shape[2], (long long)b->x.shape[3], (long long)b->worker, (long long)seeds[kind]);
    fwrite(b->x.data, sizeof(float), (size_t)b->x.numel, stdout);
    fwrite(b->labels.data, sizeof(int64_t), (size_t)b->count, stdout);
    for (int64_t i = 0; i < b->count; i++)
        fwrite(data->parent ? &data->origin[b->indices[i]] : &b->indices[i], sizeof(int64_t), 1, stdout);
    for (int64_t i = 0; i < b->count && b->worker >= 0; i++) {
        double numbers[2] = {iso_py_random_one(&workers[kind][b->worker].python)};
        iso_np_legacy_random_sample(&workers[kind][b->worker].numpy, &numbers[1], 1);
        fwrite(numbers, sizeof(double), 2, stdout);
    }
}

/* One pass over training (0) or test images (1). */
static iso_status pass(iso_trainer *t, int kind, bool first) {
    iso_loader *loader = kind ? t->test_loader : t->loader;
    iso_torch_generator *g = &t->ctx->generator, next;
    const iso_batch *batch = NULL;
    iso_status status = iso_loader_begin(loader, g, &t->ctx->python);
    if (!status && (first || !t->recipe->persistent_workers))
        seed_workers(kind, iso_loader_base_seed(loader), t->recipe->num_workers);
    while (!status && !(status = iso_loader_next(loader, &batch)) && batch)
        put(kind, kind ? t->test : t->train, batch);
    if (status)
        return status;
    iso_loader_end(loader, g, &t->ctx->python);
    next = *g;
    printf("end %s %lld\n", kind ? "test" : "train", (long long)iso_torch_random_int64(&next));
    return ISO_OK;
}

int main(int argc, char **argv) {
    iso_context *ctx;
    iso_recipe *recipe;
    iso_trainer *trainer = NULL;
    if (argc < 3 || iso_context_new(&ctx, &(iso_context_options){.threads = 1}))
        return 2;
    iso_status status = iso_recipe_load(ctx, argv[1], (const char *const *)argv + 3, (size_t)argc - 3, &recipe);
    if (!status)
        status = iso_trainer_new(ctx, recipe, atoi(argv[2]), NULL, NULL, &trainer);
    if (!status)
        status = iso_trainer_start(trainer);
    for (int64_t epoch = 0; !status && epoch < recipe->epochs; epoch++) {
        status = pass(trainer, 0, epoch == 0);
        if (!status && trainer->test)
            status = pass(trainer, 1, epoch == 0);
    }
    if (status)
        fprintf(stderr, "%s\n", iso_error(ctx));
    iso_trainer_free(trainer);
    iso_recipe_free(recipe);
    iso_context_free(ctx);
    return status != 0;
}
