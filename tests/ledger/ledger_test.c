#include "ledger/ledger_test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"

/* Tests write thousands of little files, and none outlives its test. */
static int no_fsync(void *user, int fd) {
    (void)user;
    (void)fd;
    return 0;
}

iso_files test_files(void) {
    iso_files files = iso_files_posix();
    files.fsync = no_fsync;
    return files;
}

iso_context *test_context(int threads) {
    iso_context *ctx;
    iso_files files = test_files();
    if (iso_context_new(&ctx, &(iso_context_options){.threads = threads, .files = &files})) {
        fprintf(stderr, "no context: %s\n", iso_error(NULL));
        abort();
    }
    return ctx;
}

const char *test_path(const char *directory, const char *name) {
    static char buffers[8][512];
    static int next;
    char *path = buffers[next++ % 8];
    snprintf(path, 512, "%s/%s", directory, name);
    return path;
}

const char *test_directory(const char *name) {
    static char buffers[32][512];
    static int next;
    char *path = buffers[next++ % 32];
    snprintf(path, 512, "%s/%s", iso_test_directory(), name);
    mkdir(path, 0777);
    return path;
}

uint8_t *test_read(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    if (!file)
        return NULL;
    fseek(file, 0, SEEK_END);
    *size = (size_t)ftell(file);
    rewind(file);
    uint8_t *bytes = malloc(*size + 1);
    if (bytes && fread(bytes, 1, *size, file) != *size) {
        free(bytes);
        bytes = NULL;
    }
    fclose(file);
    return bytes;
}

/* In place: some file systems flush a file that is truncated to nothing first. */
bool test_write(const char *path, const void *data, size_t size) {
    int fd = open(path, O_WRONLY | O_CREAT, 0666);
    if (fd < 0)
        return false;
    bool ok = write(fd, data, size) == (ssize_t)size && ftruncate(fd, (off_t)size) == 0;
    return close(fd) == 0 && ok;
}

const char *const test_names[TEST_TENSORS] = {"conv.weight", "isobit/counters", "fc.weight", "isobit/generator"};

test_model *test_model_new(iso_context *ctx, int64_t large) {
    test_model *model = calloc(1, sizeof *model);
    model->ctx = ctx;
    const int64_t shapes[TEST_TENSORS][4] = {{2, 3, 3, 3}, {3}, {large / 10, 10}, {11}};
    const int dims[TEST_TENSORS] = {4, 1, 2, 1};
    const iso_dtype dtypes[TEST_TENSORS] = {ISO_FLOAT32, ISO_INT64, ISO_FLOAT32, ISO_UINT8};
    if (iso_state_new(ctx, &model->state))
        abort();
    for (int i = 0; i < TEST_TENSORS; i++) {
        iso_tensor *t = model->tensors[i] = iso_tensor_new(ctx, dtypes[i], dims[i], shapes[i]);
        if (dtypes[i] == ISO_FLOAT32)
            iso_test_floats(t->data, t->numel);
        else
            for (size_t b = 0; b < iso_tensor_bytes(t); b++)
                iso_tensor_u8(t)[b] = (uint8_t)iso_test_random();
        if (iso_state_add(model->state, test_names[i], t))
            abort();
    }
    return model;
}

void test_model_free(test_model *model) {
    for (int i = 0; i < TEST_TENSORS; i++)
        iso_tensor_free(model->ctx, model->tensors[i]);
    iso_state_free(model->state);
    free(model);
}
