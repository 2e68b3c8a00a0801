/* Tracing changes no bit, and a trace does not depend on how a step was executed. */
#include "ledger/trace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run/small_run.h"

static bool same(const char *a, const char *b, const char *file) {
    size_t size[2];
    uint8_t *x = test_read(test_path(a, file), &size[0]), *y = test_read(test_path(b, file), &size[1]);
    bool equal = x && y && size[0] == size[1] && memcmp(x, y, size[0]) == 0;
    free(x);
    free(y);
    return equal;
}

ISO_TEST(a_trace_is_the_same_however_it_is_computed) {
    iso_context *ctx = test_context(2), *scalar;
    CHECK(iso_context_new(&scalar, &(iso_context_options){.threads = 3, .isa = "scalar"}) == ISO_OK);
    const char *plain = small_run(ctx, "trace-none", NULL, NULL);
    CHECK_MSG(plain, "%s", iso_error(ctx));
    const char *a = small_run(ctx, "trace-a", NULL, &(iso_train_options){.trace_from = 2, .trace_to = 5});
    CHECK_MSG(a, "%s", iso_error(ctx));
    const char *b = small_run(scalar, "trace-b", NULL, &(iso_train_options){.trace_from = 2, .trace_to = 5, .micro_batch = 2});
    CHECK_MSG(b, "%s", iso_error(scalar));
    CHECK(same(plain, a, "run.ledger") && same(a, b, "run.ledger") && same(a, b, "trace"));
    iso_trace_file *file;
    CHECK_OK(ctx, iso_trace_read(ctx, test_path(a, "trace"), &file));
    CHECK(file->count == 4 && iso_trace_find(file, 2) && iso_trace_find(file, 5) && !iso_trace_find(file, 6));
    /* What a step reads, computes and leaves: state, batch, ten operations forward and their derivatives, state. */
    static const char *const wanted[][3] = {{"start", "", "0.weight"},
                                            {"start", "", "isobit/generator"},
                                            {"batch", "", "x"},
                                            {"conv2d", "0", "y"},
                                            {"batch_norm2d", "1", "invstd"},
                                            {"relu", "2", "y"},
                                            {"max_pool2d", "3", "y"},
                                            {"dropout", "5", "y"},
                                            {"linear", "6", "y"},
                                            {"cross_entropy", "", "loss"},
                                            {"linear_backward_weight", "6", "6.weight.grad"},
                                            {"max_pool2d_backward", "3", "dx"},
                                            {"batch_norm2d_backward", "1", "1.bias.grad"},
                                            {"conv2d_backward_weight", "0", "0.weight.grad"},
                                            {"optimizer", "", "optimizer/momentum_buffer/6.bias"},
                                            {"end", "", "1.running_var"}};
    const iso_trace_step *step = iso_trace_find(file, 3);
    size_t at = 0;
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        while (at < step->count &&
               !(strcmp(step->entries[at].op, wanted[i][0]) == 0 && strcmp(step->entries[at].module, wanted[i][1]) == 0 &&
                 strcmp(step->entries[at].tensor, wanted[i][2]) == 0))
            at++;
        CHECK_MSG(at < step->count, "%s %s %s", wanted[i][0], wanted[i][1], wanted[i][2]);
    }
    /* A step starts from what the one before left. */
    const iso_trace_entry *left = NULL, *found = NULL;
    for (size_t i = 0; i < step->count; i++)
        if (strcmp(step->entries[i].op, "optimizer") == 0 && strcmp(step->entries[i].tensor, "0.weight") == 0)
            left = &step->entries[i];
    found = &iso_trace_find(file, 4)->entries[0];
    CHECK_STRING("0.weight", found->tensor);
    CHECK(left && memcmp(left->digest, found->digest, sizeof found->digest) == 0);
    iso_trace_file_free(file);
    iso_context_free(ctx);
    iso_context_free(scalar);
}

ISO_TEST(a_resumed_run_completes_its_trace) {
    iso_context *ctx = test_context(1);
    const char *whole = small_run(ctx, "trace-whole", NULL, &(iso_train_options){.trace_from = 1, .trace_to = 8});
    CHECK_MSG(whole, "%s", iso_error(ctx));
    const char *cut = small_run(ctx, "trace-cut", NULL, &(iso_train_options){.trace_from = 1, .trace_to = 8});
    CHECK_MSG(cut, "%s", iso_error(ctx));
    size_t size, lines = 0, at = 0;
    uint8_t *bytes = test_read(test_path(cut, "run.ledger"), &size);
    while (lines < 8) /* header, ckpt 0, steps 1 to 4 with two checkpoints */
        lines += bytes[at++] == '\n';
    CHECK(test_write(test_path(cut, "run.ledger"), bytes, at));
    free(bytes);
    /* Of the step that was being traced a part is there, and steps that will be taken again. */
    bytes = test_read(test_path(cut, "trace"), &size);
    CHECK(test_write(test_path(cut, "trace"), bytes, size - 1000));
    free(bytes);
    iso_train_result result;
    CHECK_OK(ctx, iso_train(ctx, &(iso_train_options){.out = cut, .resume = true, .trace_from = 1, .trace_to = 8}, &result));
    CHECK(same(whole, cut, "run.ledger") && same(whole, cut, "trace"));
    CHECK_FAILS(ctx, ISO_EINVAL, "--trace 9: the run has 8 steps",
                iso_train(ctx,
                          &(iso_train_options){
                              .recipe = small_recipe(ctx), .out = test_path(iso_test_directory(), "trace-9"), .trace_from = 9},
                          &result));
    iso_context_free(ctx);
}
