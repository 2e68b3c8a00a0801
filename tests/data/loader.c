/* The loader: PyTorch's recorded batches, and that nothing but the recipe changes a byte. */
#include "data/loader.h"

#include "data/folder.h"
#include "harness/test.h"
#include "image/known_answers.h"

/* A data set in memory with the pictures of record_images.py in their own order. */
static iso_dataset *made_dataset(iso_context *ctx, int count) {
    iso_dataset *d = iso_calloc(ctx, 1, sizeof *d);
    d->ctx = ctx;
    d->root = iso_strdup(ctx, "made");
    d->channels = 3;
    d->count = d->file_count = (size_t)count;
    d->labels = iso_calloc(ctx, d->count, sizeof *d->labels);
    d->images = iso_calloc(ctx, d->count, sizeof *d->images);
    d->sizes = iso_calloc(ctx, d->count, sizeof *d->sizes);
    d->files = iso_calloc(ctx, d->count, sizeof *d->files);
    for (int i = 0; i < count; i++) {
        made_picture(ctx, 20 + i % 5, 24 + i % 3, 3, i % 4, &d->images[i]);
        d->sizes[i] = (iso_image){.w = d->images[i].w, .h = d->images[i].h, .channels = 3};
        d->labels[i] = i % 3;
        d->files[i].name = iso_sprintf(ctx, "%d", i);
    }
    return d;
}

static void model_draws(void *user, iso_torch_generator *g, int64_t batch_size) {
    for (int64_t i = 0; i < batch_size * *(int *)user; i++)
        iso_torch_random64(g);
}

/* Runs one epoch from batch `skip` on; returns the hash of all batches, going on from `hash`. */
static iso_status run_epoch(iso_loader *loader, int64_t skip, iso_torch_generator *g, iso_py_random *python, uint64_t *hash) {
    const iso_batch *batch;
    iso_status status = iso_loader_begin(loader, g, python);
    if (!status)
        status = iso_loader_skip(loader, skip);
    while (!status && !(status = iso_loader_next(loader, &batch)) && batch) {
        *hash = made_hash(*hash, batch->x.data, (size_t)batch->x.numel * sizeof(float));
        *hash = made_hash(*hash, batch->labels.data, (size_t)batch->labels.numel * sizeof(int64_t));
    }
    iso_loader_end(loader, g, python);
    return status;
}

ISO_TEST(loader_gives_pytorch_s_recorded_batches) {
    iso_context *ctx;
    CHECK(iso_context_new(&ctx, &(iso_context_options){.threads = 1}) == ISO_OK);
    for (size_t i = 0; i < ISO_COUNTOF(loader_answers); i++)
        for (int threads = 0; threads < 4; threads += 3) {
            iso_transforms *transforms;
            iso_loader *loader;
            int draws = loader_answers[i].draws;
            iso_dataset *data = made_dataset(ctx, loader_answers[i].count);
            CHECK_OK(ctx, made_chain(ctx, loader_answers[i].chain, 3, &transforms));
            CHECK_OK(ctx, iso_loader_new(ctx, data, transforms,
                                         &(iso_loader_options){.batch_size = loader_answers[i].batch_size,
                                                               .shuffle = loader_answers[i].shuffle,
                                                               .drop_last = loader_answers[i].drop_last,
                                                               .num_workers = loader_answers[i].num_workers,
                                                               .model_draws = model_draws,
                                                               .user = &draws,
                                                               .threads = threads},
                                         &loader));
            iso_torch_generator g = {.variant = ISO_TORCH};
            iso_py_random python = {.version = 311};
            iso_torch_manual_seed(&g, loader_answers[i].seed);
            iso_py_seed(&python, (int64_t)loader_answers[i].seed);
            uint64_t hash = MADE_HASH_START;
            for (int epoch = 0; epoch < 2; epoch++)
                CHECK_OK(ctx, run_epoch(loader, 0, &g, &python, &hash));
            CHECK_MSG(hash == loader_answers[i].hash, "case %zu, %d threads: other batches", i, threads);
            CHECK_MSG(iso_torch_random_int64(&g) == loader_answers[i].next, "case %zu: the generator stands elsewhere", i);
            iso_loader_free(loader);
            iso_transforms_free(transforms);
            iso_dataset_free(data);
        }
    iso_context_free(ctx);
}

/* Threads, prefetch, what stays in memory: none of it changes a bit. Resuming at any batch gives the same rest. */
ISO_TEST(loader_depends_on_nothing_but_the_experiment) {
    iso_context *ctx;
    char root[512];
    int order[40], draws = 3;
    CHECK(iso_context_new(&ctx, &(iso_context_options){.threads = 2}) == ISO_OK);
    snprintf(root, sizeof root, "%s/loader", iso_test_directory());
    CHECK(write_made_folder(ctx, root, 40, order));
    iso_transforms *transforms;
    const char *chain = "RandomChoice([RandomHorizontalFlip(), Pad(3)]);RandomRotation(20);RandomResizedCrop(9);ToTensor()";
    CHECK_OK(ctx, made_chain(ctx, chain, 3, &transforms));
    for (int workers = 0; workers < 3; workers++) {
        uint64_t expected = 0;
        int64_t expected_next = 0;
        for (int i = 0; i < 12; i++) {
            iso_dataset *data;
            iso_loader *loader;
            size_t keep = i % 3 == 0 ? 0 : i % 3 == 1 ? 20000 : (size_t)1 << 30;
            CHECK_OK(ctx, iso_image_folder_open(ctx, root, &(iso_folder_options){.keep = keep}, &data));
            CHECK_OK(ctx, iso_loader_new(ctx, data, transforms,
                                         &(iso_loader_options){.batch_size = 7,
                                                               .shuffle = true,
                                                               .num_workers = workers,
                                                               .model_draws = model_draws,
                                                               .user = &draws,
                                                               .threads = i % 5,
                                                               .prefetch = i % 4},
                                         &loader));
            iso_torch_generator g = {.variant = ISO_TORCH};
            iso_py_random python = {.version = 311};
            iso_torch_manual_seed(&g, 77);
            iso_py_seed(&python, 77);
            uint64_t hash = MADE_HASH_START;
            CHECK_OK(ctx, run_epoch(loader, 0, &g, &python, &hash));
            int64_t next = iso_torch_random_int64(&g) ^ (int64_t)(iso_py_random_one(&python) * 0x1p52);
            if (i == 0) {
                expected = hash;
                expected_next = next;
            }
            CHECK_MSG(hash == expected && next == expected_next, "workers %d, case %d", workers, i);
            iso_loader_free(loader);
            iso_dataset_free(data);
        }
    }
    iso_transforms_free(transforms);
    iso_context_free(ctx);
}

static bool copy_epoch(iso_loader *loader, int64_t skip, uint64_t seed, uint64_t hashes[], int64_t *next) {
    const iso_batch *batch;
    iso_torch_generator g = {.variant = ISO_TORCH};
    iso_py_random python = {.version = 311};
    iso_torch_manual_seed(&g, seed);
    iso_py_seed(&python, (int64_t)seed);
    if (iso_loader_begin(loader, &g, &python) || iso_loader_skip(loader, skip))
        return false;
    while (!iso_loader_next(loader, &batch) && batch) {
        iso_torch_generator copy = *batch->generator;
        iso_py_random python_copy = *batch->python;
        uint64_t word = iso_torch_random64(&copy), number;
        iso_py_getrandbits64(&python_copy, &number, 64);
        word ^= number;
        hashes[batch->index] =
            made_hash(made_hash(MADE_HASH_START, batch->x.data, (size_t)batch->x.numel * sizeof(float)), &word, 8);
    }
    iso_loader_end(loader, &g, &python);
    *next = iso_torch_random_int64(&g) ^ (int64_t)(iso_py_random_one(&python) * 0x1p52);
    return true;
}

ISO_TEST(loader_skips_to_any_batch) {
    iso_context *ctx;
    int draws = 2;
    CHECK(iso_context_new(&ctx, &(iso_context_options){.threads = 1}) == ISO_OK);
    iso_dataset *data = made_dataset(ctx, 23);
    iso_transforms *transforms;
    const char *chain = "RandomVerticalFlip();RandomChoice([Resize(9), RandomApply([Pad(1)])]);RandomResizedCrop(5);ToTensor()";
    CHECK_OK(ctx, made_chain(ctx, chain, 3, &transforms));
    for (int i = 0; i < 6; i++) {
        iso_loader *loader;
        uint64_t whole[8] = {0}, rest[8] = {0};
        int64_t next_whole, next_rest;
        CHECK_OK(ctx, iso_loader_new(ctx, data, transforms,
                                     &(iso_loader_options){.batch_size = 3,
                                                           .shuffle = true,
                                                           .num_workers = i % 3,
                                                           .model_draws = model_draws,
                                                           .user = &draws,
                                                           .threads = i / 2},
                                     &loader));
        CHECK(iso_loader_batches(loader) == 8);
        CHECK(copy_epoch(loader, 0, 9, whole, &next_whole));
        for (int64_t skip = 0; skip <= 8; skip++) {
            memset(rest, 0, sizeof rest);
            CHECK(copy_epoch(loader, skip, 9, rest, &next_rest));
            for (int64_t b = 0; b < 8; b++)
                CHECK(rest[b] == (b < skip ? 0 : whole[b]));
            CHECK(next_rest == next_whole);
        }
        CHECK_FAILS(ctx, ISO_EINVAL, "cannot skip", iso_loader_skip(loader, 1));
        iso_loader_free(loader);
    }
    iso_transforms_free(transforms);
    iso_dataset_free(data);
    iso_context_free(ctx);
}

/* An epoch may be given up at any batch; the generator then stands behind the batches delivered. */
ISO_TEST(loader_can_be_left_early) {
    iso_context *ctx;
    int draws = 2;
    CHECK(iso_context_new(&ctx, &(iso_context_options){.threads = 1}) == ISO_OK);
    iso_dataset *data = made_dataset(ctx, 23);
    iso_transforms *transforms;
    iso_loader *loader;
    const char *chain = "RandomVerticalFlip();RandomChoice([Resize(9), RandomApply([Pad(1)])]);RandomResizedCrop(5);ToTensor()";
    CHECK_OK(ctx, made_chain(ctx, chain, 3, &transforms));
    CHECK_OK(ctx,
             iso_loader_new(
                 ctx, data, transforms,
                 &(iso_loader_options){
                     .batch_size = 3, .shuffle = true, .model_draws = model_draws, .user = &draws, .threads = 2, .prefetch = 4},
                 &loader));
    for (int stop = 0; stop < 8; stop++) {
        const iso_batch *batch;
        iso_torch_generator start = {.variant = ISO_TORCH}, end, behind;
        iso_py_random python = {.version = 311}, python_end, python_behind;
        iso_torch_manual_seed(&start, 3);
        iso_py_seed(&python, 3);
        CHECK_OK(ctx, iso_loader_begin(loader, &start, &python));
        for (int i = 0; i <= stop; i++)
            CHECK_OK(ctx, iso_loader_next(loader, &batch));
        behind = *batch->generator;
        python_behind = *batch->python;
        model_draws(&draws, &behind, batch->count);
        iso_loader_end(loader, &end, &python_end);
        CHECK(iso_torch_random64(&end) == iso_torch_random64(&behind));
        CHECK(iso_py_random_one(&python_end) == iso_py_random_one(&python_behind));
    }
    const iso_batch *batch;
    CHECK_FAILS(ctx, ISO_EINVAL, "Python's random, which is not given",
                iso_loader_begin(loader, &(iso_torch_generator){0}, NULL));
    CHECK_FAILS(ctx, ISO_EINVAL, "no epoch has begun", iso_loader_next(loader, &batch));
    iso_loader_free(loader);
    iso_transforms_free(transforms);
    iso_dataset_free(data);
    iso_context_free(ctx);
}

ISO_TEST(loader_allocates_nothing_after_the_first_epoch) {
    iso_context *ctx;
    CHECK(iso_context_new(&ctx, &(iso_context_options){.threads = 1}) == ISO_OK);
    iso_dataset *data = made_dataset(ctx, 60);
    iso_transforms *transforms;
    iso_loader *loader;
    CHECK_OK(ctx, made_chain(ctx, "RandomRotation(10);Resize(16);CenterCrop(16);ToTensor()", 3, &transforms));
    CHECK_OK(ctx, iso_loader_new(ctx, data, transforms, &(iso_loader_options){.batch_size = 8, .shuffle = true}, &loader));
    iso_torch_generator g = {.variant = ISO_TORCH};
    iso_torch_manual_seed(&g, 3);
    uint64_t hash = 0;
    iso_py_random python = {.version = 311};
    CHECK_OK(ctx, run_epoch(loader, 0, &g, &python, &hash));
    uint64_t before = iso_context_allocations(ctx);
    for (int epoch = 0; epoch < 3; epoch++)
        CHECK_OK(ctx, run_epoch(loader, 0, &g, &python, &hash));
    CHECK(iso_context_allocations(ctx) == before);
    iso_loader_free(loader);
    iso_transforms_free(transforms);
    iso_dataset_free(data);
    iso_context_free(ctx);
}

ISO_TEST(loader_refuses_images_that_do_not_stack) {
    static const struct {
        const char *chain, *part;
    } wrong[] = {
        {"ToTensor()", "cannot be stacked into one batch"},
        {"RandomHorizontalFlip();Resize(9);ToTensor()", "cannot be stacked"},
        {"RandomRotation(40, expand=True);ToTensor()", "cannot be stacked"},
        {"RandomCrop(22);ToTensor()", "too small for the transforms"},
    };
    iso_context *ctx;
    CHECK(iso_context_new(&ctx, &(iso_context_options){.threads = 1}) == ISO_OK);
    iso_dataset *data = made_dataset(ctx, 10);
    for (size_t i = 0; i < ISO_COUNTOF(wrong); i++) {
        iso_transforms *transforms;
        iso_loader *loader;
        CHECK_OK(ctx, made_chain(ctx, wrong[i].chain, 3, &transforms));
        CHECK_FAILS(ctx, ISO_EINVAL, wrong[i].part,
                    iso_loader_new(ctx, data, transforms, &(iso_loader_options){.batch_size = 2}, &loader));
        CHECK(!loader);
        iso_transforms_free(transforms);
    }
    iso_transforms *transforms;
    iso_loader *loader;
    CHECK_OK(ctx, made_chain(ctx, "Resize((4, 4));ToTensor()", 3, &transforms));
    CHECK_FAILS(ctx, ISO_EINVAL, "batch_size",
                iso_loader_new(ctx, data, transforms, &(iso_loader_options){.batch_size = 0}, &loader));
    CHECK_FAILS(ctx, ISO_EINVAL, "no whole batch of 11",
                iso_loader_new(ctx, data, transforms, &(iso_loader_options){.batch_size = 11, .drop_last = true}, &loader));
    iso_transforms_free(transforms);
    iso_dataset_free(data);
    iso_context_free(ctx);
}

/* A file that changes while training runs stops it with its name, whichever thread meets it. */
ISO_TEST(loader_notices_a_file_that_changes) {
    iso_context *ctx;
    char root[512], path[600];
    int order[12];
    CHECK(iso_context_new(&ctx, &(iso_context_options){.threads = 1}) == ISO_OK);
    snprintf(root, sizeof root, "%s/changing", iso_test_directory());
    CHECK(write_made_folder(ctx, root, 12, order));
    iso_transforms *transforms;
    CHECK_OK(ctx, made_chain(ctx, "Resize((4, 4));ToTensor()", 3, &transforms));
    iso_dataset *data;
    CHECK_OK(ctx, iso_image_folder_open(ctx, root, &(iso_folder_options){.keep = 0}, &data));
    snprintf(path, sizeof path, "%s/%s", root, data->files[7].name);
    iso_image image = {0};
    CHECK(made_picture(ctx, 20, 20, 3, 3, &image) && write_png(path, &image));
    for (int threads = 0; threads < 3; threads++) {
        iso_loader *loader;
        const iso_batch *batch;
        iso_torch_generator g = {.variant = ISO_TORCH};
        iso_torch_manual_seed(&g, 1);
        CHECK_OK(ctx, iso_loader_new(ctx, data, transforms, &(iso_loader_options){.batch_size = 4, .threads = threads}, &loader));
        CHECK_OK(ctx, iso_loader_begin(loader, &g, NULL));
        CHECK_OK(ctx, iso_loader_next(loader, &batch));
        CHECK_FAILS(ctx, ISO_EIO, data->files[7].name, iso_loader_next(loader, &batch));
        CHECK(strstr(iso_error(ctx), "changed"));
        iso_loader_free(loader);
    }
    iso_image_free(ctx, &image);
    iso_dataset_free(data);
    iso_transforms_free(transforms);
    iso_context_free(ctx);
}
