/* Every allocation of opening a folder and running a loader fails in turn: a clean error, and nothing leaks. */
#include <stdatomic.h>
#include <unistd.h>

#include "data/folder.h"
#include "data/loader.h"
#include "harness/test.h"

struct failing {
    atomic_int left, live;
};
static void *failing_alloc(void *user, size_t size, size_t alignment) {
    struct failing *f = user;
    void *p;
    if (atomic_fetch_sub(&f->left, 1) == 0 || posix_memalign(&p, alignment, size))
        return NULL;
    atomic_fetch_add(&f->live, 1);
    return p;
}
static void failing_free(void *user, void *p) {
    atomic_fetch_sub(&((struct failing *)user)->live, 1);
    free(p);
}

static iso_status open_and_run(iso_context *ctx, const char *root, const char *idx_root, int threads) {
    iso_dataset *data = NULL, *idx = NULL;
    iso_transforms *transforms = NULL;
    iso_loader *loader = NULL;
    const iso_batch *batch;
    iso_torch_generator g = {.variant = ISO_TORCH};
    iso_torch_manual_seed(&g, 1);
    iso_status status = iso_image_folder_open(ctx, root, 100, NULL, NULL, &data);
    if (!status)
        status = iso_idx_open(ctx, idx_root, "MNIST", true, &idx);
    if (!status)
        status = made_chain(ctx, "RandomRotation(10);RandomResizedCrop(8);RandomCrop(8, padding=2);ToTensor()", 3, &transforms);
    if (!status)
        status = iso_loader_new(ctx, data, transforms, &(iso_loader_options){.batch_size = 2, .num_workers = 2, .threads = threads}, &loader);
    if (!status)
        status = iso_loader_begin(loader, &g, NULL);
    while (!status && !(status = iso_loader_next(loader, &batch)) && batch) {
    }
    iso_loader_free(loader);
    iso_transforms_free(transforms);
    iso_dataset_free(idx);
    iso_dataset_free(data);
    return status;
}

ISO_TEST(data_without_memory_fails_and_leaks_nothing) {
    char root[512], idx_root[512], path[600];
    int order[6];
    iso_context *plain;
    CHECK(iso_context_new(&plain, &(iso_context_options){.threads = 1}) == ISO_OK);
    snprintf(root, sizeof root, "%s/memory", iso_test_directory());
    snprintf(idx_root, sizeof idx_root, "%s/memory-idx", iso_test_directory());
    CHECK(write_made_folder(plain, root, 6, order) && mkdir(idx_root, 0777) == 0);
    iso_context_free(plain);
    snprintf(path, sizeof path, "%s/train-images-idx3-ubyte", idx_root);
    CHECK(write_bytes(path, "\0\0\x08\x03\0\0\0\1\0\0\0\1\0\0\0\1\x55", 17));
    snprintf(path, sizeof path, "%s/train-labels-idx1-ubyte", idx_root);
    CHECK(write_bytes(path, "\0\0\x08\x01\0\0\0\1\3", 9));
    for (int threads = 0; threads < 2; threads++) {
        iso_status status = ISO_ENOMEM;
        int fail = 0;
        for (; status && fail < 1000; fail++) {
            struct failing f;
            iso_context *ctx;
            atomic_init(&f.left, -1);
            atomic_init(&f.live, 0);
            iso_allocator allocator = {failing_alloc, failing_free, &f};
            CHECK(iso_context_new(&ctx, &(iso_context_options){.threads = 1, .allocator = &allocator}) == ISO_OK);
            int live = atomic_load(&f.live);
            atomic_store(&f.left, fail);
            status = open_and_run(ctx, root, idx_root, threads);
            CHECK_MSG(status == ISO_OK || status == ISO_ENOMEM, "allocation %d: status %d, %s", fail, (int)status, iso_error(ctx));
            CHECK_MSG(atomic_load(&f.live) == live, "allocation %d: %d leaks", fail, atomic_load(&f.live) - live);
            atomic_store(&f.left, -1);
            iso_context_free(ctx);
        }
        CHECK(status == ISO_OK && fail > 50);
    }
}
