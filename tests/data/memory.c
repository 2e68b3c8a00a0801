/* Every allocation of opening a folder and running a loader fails in turn: a clean error, and nothing leaks. */
#include <unistd.h>

#include "data/folder.h"
#include "data/loader.h"
#include "data/npy_made.h"
#include "harness/memory.h"
#include "harness/test.h"

/* Data sets in a few large files. */
static iso_status open_files(iso_context *ctx, const char *root) {
    const iso_npy_source source = {"x.npy", "y.npy", "x", "y", 0}, packed = {"both.npz", NULL, "x", "y", 0};
    iso_dataset *data;
    iso_status status = iso_idx_open(ctx, root, "MNIST", true, &data);
    if (!status) {
        iso_dataset_free(data);
        status = iso_idx_open(ctx, root, "MNIST", false, &data); /* gzipped */
    }
    if (!status) {
        iso_dataset_free(data);
        status = iso_numpy_open(ctx, root, &packed, &data);
    }
    if (!status) {
        iso_dataset_free(data);
        status = iso_cifar_open(ctx, root, "CIFAR10", false, &data);
    }
    if (!status) {
        iso_dataset_free(data);
        status = iso_numpy_open(ctx, root, &source, &data);
    }
    iso_dataset_free(data);
    return status;
}

static iso_status open_and_run(iso_context *ctx, const char *root, const char *files_root, int threads) {
    iso_dataset *data = NULL;
    iso_transforms *transforms = NULL;
    iso_loader *loader = NULL;
    const iso_batch *batch;
    iso_torch_generator g = {.variant = ISO_TORCH};
    iso_torch_manual_seed(&g, 1);
    iso_status status = iso_image_folder_open(ctx, root, &(iso_folder_options){.keep = 100, .skip_bad = true}, &data);
    if (!status)
        status = open_files(ctx, files_root);
    if (!status)
        status = made_chain(ctx, "RandomRotation(10);RandomResizedCrop(8);RandomCrop(8, padding=2);ToTensor()", 3, &transforms);
    if (!status)
        status = iso_loader_new(ctx, data, transforms,
                                &(iso_loader_options){.batch_size = 2, .num_workers = 2, .threads = threads}, &loader);
    if (!status)
        status = iso_loader_begin(loader, &g, NULL);
    while (!status && !(status = iso_loader_next(loader, &batch)) && batch) {
    }
    iso_loader_free(loader);
    iso_transforms_free(transforms);
    iso_dataset_free(data);
    return status;
}

ISO_TEST(data_without_memory_fails_and_leaks_nothing) {
    char root[512], files_root[512], path[600];
    int order[6];
    iso_context *plain;
    CHECK(iso_context_new(&plain, &(iso_context_options){.threads = 1}) == ISO_OK);
    snprintf(root, sizeof root, "%s/memory", iso_test_directory());
    snprintf(files_root, sizeof files_root, "%s/memory-files", iso_test_directory());
    CHECK(write_made_folder(plain, root, 6, order) && mkdir(files_root, 0777) == 0);
    iso_context_free(plain);
    snprintf(path, sizeof path, "%s/train-images-idx3-ubyte", files_root);
    CHECK(write_bytes(path, "\0\0\x08\x03\0\0\0\1\0\0\0\1\0\0\0\1\x55", 17));
    snprintf(path, sizeof path, "%s/train-labels-idx1-ubyte", files_root);
    CHECK(write_bytes(path, "\0\0\x08\x01\0\0\0\1\3", 9));
    static const uint8_t record[3073];
    snprintf(path, sizeof path, "%s/test_batch.bin", files_root);
    CHECK(write_bytes(path, record, sizeof record));
    snprintf(path, sizeof path, "%s/batches.meta.txt", files_root);
    CHECK(write_bytes(path, "0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n", 20));
#define NPY(length, type, shape) "\x93NUMPY\1\0" length "\0{'descr': '" type "', 'fortran_order': False, 'shape': " shape "}"
    snprintf(path, sizeof path, "%s/x.npy", files_root);
    CHECK(write_bytes(path, NPY("\x3c", "|u1", "(1, 1, 2)") "\3\4", 10 + 60 + 2));
    snprintf(path, sizeof path, "%s/y.npy", files_root);
    CHECK(write_bytes(path, NPY("\x37", "|u1", "(1,)") "\2", 10 + 55 + 1));
    const uint8_t images[] = NPY("\x3c", "|u1", "(1, 1, 2)") "\3\4", labels[] = NPY("\x37", "|u1", "(1,)") "\2";
    const struct member members[] = {{"x.npy", images, sizeof images - 1, true, false},
                                     {"y.npy", labels, sizeof labels - 1, false, false}};
    uint8_t file[1024];
    snprintf(path, sizeof path, "%s/both.npz", files_root);
    CHECK(write_bytes(path, file, make_npz(file, members, 2)));
    snprintf(path, sizeof path, "%s/t10k-images-idx3-ubyte.gz", files_root);
    gzFile packed = gzopen(path, "wb");
    CHECK(packed && gzwrite(packed, "\0\0\x08\x03\0\0\0\1\0\0\0\1\0\0\0\1\x55", 17) == 17 && gzclose(packed) == Z_OK);
    snprintf(path, sizeof path, "%s/t10k-labels-idx1-ubyte", files_root);
    CHECK(write_bytes(path, "\0\0\x08\x01\0\0\0\1\3", 9));
    snprintf(path, sizeof path, "%s/0/damaged.png", root);
    CHECK(write_bytes(path, "nonsense", 8));
    for (int threads = 0; threads < 2; threads++) {
        iso_status status = ISO_ENOMEM;
        int fail = 0;
        for (; status && fail < 1000; fail++) {
            iso_test_memory f = {.left = ISO_TEST_PLENTY, .once = true};
            iso_context *ctx;
            iso_allocator allocator = iso_test_allocator(&f);
            CHECK(iso_context_new(&ctx, &(iso_context_options){.threads = 1, .allocator = &allocator}) == ISO_OK);
            int live = (int)atomic_load(&f.live);
            atomic_store(&f.left, fail);
            status = open_and_run(ctx, root, files_root, threads);
            CHECK_MSG(status == ISO_OK || status == ISO_ENOMEM, "allocation %d: status %d, %s", fail, (int)status,
                      iso_error(ctx));
            CHECK_MSG(atomic_load(&f.live) == live, "allocation %d: %d leaks", fail, (int)atomic_load(&f.live) - live);
            atomic_store(&f.left, ISO_TEST_PLENTY);
            iso_context_free(ctx);
        }
        CHECK(status == ISO_OK && fail > 50);
    }
}
