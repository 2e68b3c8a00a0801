/* Every allocation in turn fails: the call says so, nothing leaks (under ASan), and nothing half-done is left. */
#include <stdlib.h>
#include <string.h>

#include "ledger/diff.h"
#include "harness/memory.h"
#include "ledger/ledger_test.h"

struct job {
    const char *directories[2], *file;
    const iso_tensor *tensor;
};

static iso_status read_and_compare(iso_context *ctx, const struct job *job) {
    iso_ledger *l[2] = {NULL, NULL};
    iso_tensor_difference d;
    iso_status status = iso_ledger_open(ctx, job->directories[0], ISO_LEDGER_READ, &l[0]);
    if (!status)
        status = iso_ledger_open(ctx, job->directories[1], ISO_LEDGER_RESUME, &l[1]);
    if (!status)
        status = iso_diff_checkpoints(ctx, job->directories, (const iso_ledger *const *)l, 0, &d);
    if (!status && (strcmp(d.tensor, "fc.weight") != 0 || d.element != 12345))
        status = ISO_EINVAL;
    iso_ledger_close(l[0]);
    iso_ledger_close(l[1]);
    return status;
}

static iso_status write_state(iso_context *ctx, const struct job *job) {
    iso_state *state = NULL;
    uint8_t digest[ISO_BLAKE3_SIZE];
    int64_t size;
    iso_ledger *l = NULL;
    iso_status status = iso_state_new(ctx, &state);
    if (!status)
        status = iso_state_add(state, "fc.weight", job->tensor);
    if (!status)
        status = iso_state_root(state, digest);
    if (!status)
        status = iso_safetensors_write(ctx, job->file, state, digest, &size);
    if (!status)
        status = iso_ledger_open(ctx, job->directories[0], ISO_LEDGER_READ, &l);
    if (!status) {
        iso_text line = iso_ledger_begin(l, "ckpt");
        if ((status = iso_ledger_tensors(&line, state)))
            iso_text_free(&line);
        else
            status = iso_ledger_put(l, &line) == ISO_DIFFER ? ISO_OK : ISO_ENOMEM;
    }
    iso_ledger_close(l);
    iso_state_free(state);
    return status;
}

ISO_TEST(every_failing_allocation_is_survived) {
    iso_context *good = test_context(1);
    test_run a = {.directory = test_directory("memory-a"), .seed = 3, .steps = 2, .every = 2}, b = a;
    b.directory = test_directory("memory-b");
    b.change_step = 1;
    b.change_tensor = 2;
    b.change_element = 12345;
    CHECK_OK(good, test_run_write(good, &a, ISO_LEDGER_CREATE, NULL));
    CHECK_OK(good, test_run_write(good, &b, ISO_LEDGER_CREATE, NULL));
    test_model *model = test_model_new(good, 20000);
    iso_tensor_f32(model->tensors[2])[7] = (float)strtod("nan", NULL); /* needs a copy of the tensor */
    struct job job = {{a.directory, b.directory}, test_path(iso_test_directory(), "memory.safetensors"), model->tensors[2]};

    iso_test_memory stingy = {.left = ISO_TEST_PLENTY};
    iso_allocator allocator = iso_test_allocator(&stingy);
    iso_files files = test_files();
    iso_context *ctx;
    CHECK(iso_context_new(&ctx, &(iso_context_options){.threads = 1, .allocator = &allocator, .files = &files}) == ISO_OK);
    iso_status (*const jobs[])(iso_context *, const struct job *) = {read_and_compare, write_state};
    for (int k = 0; k < 2; k++) {
        iso_status status = ISO_ENOMEM;
        int n = 0;
        for (; status; n++) {
            CHECK(n < 10000);
            stingy.left = n;
            status = jobs[k](ctx, &job);
            /* A file that could not be read for want of memory says so, too. */
            bool right = stingy.left >= 0 ? status == ISO_OK : status == ISO_ENOMEM || status == ISO_EIO;
            CHECK_MSG(right, "job %d, allocation %d: status %d, %s", k, n, (int)status, iso_error(ctx));
        }
        CHECK(n > 10);
    }
    stingy.left = ISO_TEST_PLENTY;
    iso_context_free(ctx);
    test_model_free(model);
    iso_context_free(good);
}
