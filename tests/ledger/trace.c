#include "ledger/trace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/ledger_test.h"

/* Steps 3 to 5 of a made-up network; one bit of one tensor is other in `changed` of step 4. */
static bool write_trace(iso_context *ctx, const char *path, int64_t changed) {
    iso_trace *trace;
    iso_test_seed(17);
    test_model *model = test_model_new(ctx, 50000);
    bool ok = iso_trace_new(ctx, &trace) == ISO_OK && iso_trace_prepare(ctx, path, 2) == ISO_OK;
    for (int64_t step = 3; step <= 5 && ok; step++) {
        iso_trace_begin(trace, step);
        if (step == 4 && changed >= 0)
            ((uint32_t *)model->tensors[2]->data)[changed] ^= 1;
        for (int i = 0; i < TEST_TENSORS; i++)
            iso_trace_add(trace, i ? "linear" : ISO_TRACE_START, i ? "la\"yer" : "", test_names[i], model->tensors[i]);
        ok = iso_trace_append(trace, path) == ISO_OK;
    }
    iso_trace_free(trace);
    test_model_free(model);
    return ok;
}

ISO_TEST(a_trace_is_read_as_it_was_written) {
    iso_context *ctx = test_context(2);
    const char *directory = test_directory("trace-file");
    char a[512], b[512], text[256];
    snprintf(a, sizeof a, "%s", test_path(directory, "a"));
    snprintf(b, sizeof b, "%s", test_path(directory, "b"));
    CHECK(write_trace(ctx, a, -1) && write_trace(ctx, b, 33333));
    iso_trace_file *x, *y;
    CHECK_OK(ctx, iso_trace_read(ctx, a, &x));
    CHECK_OK(ctx, iso_trace_read(ctx, b, &y));
    CHECK(x->count == 3 && x->steps[2].count == TEST_TENSORS && x->end == x->size);
    const iso_trace_entry *entry = &x->steps[1].entries[2];
    CHECK(entry->dims == 2 && entry->shape[0] == 5000 && entry->shape[1] == 10 && entry->tile_count == 4 &&
          entry->dtype == ISO_FLOAT32);
    iso_trace_describe(entry, text, sizeof text);
    CHECK_STRING("linear of layer la\"yer, tensor fc.weight", text);
    iso_trace_describe(&x->steps[1].entries[0], text, sizeof text);
    CHECK_STRING("the state before the step, tensor conv.weight", text);
    CHECK(iso_trace_difference(&x->steps[0], &y->steps[0]) == -1 && iso_trace_difference(&x->steps[1], &y->steps[1]) == 2);
    CHECK(iso_trace_tile(entry, &y->steps[1].entries[2]) == 33333 * 4 / ISO_TILE_BYTES);
    /* Steps that are to be traced again are cut off. */
    CHECK_OK(ctx, iso_trace_prepare(ctx, a, 4));
    iso_trace_file_free(x);
    CHECK_OK(ctx, iso_trace_read(ctx, a, &x));
    CHECK(x->count == 2 && iso_trace_find(x, 4) && !iso_trace_find(x, 5));
    iso_trace_file_free(x);
    iso_trace_file_free(y);
    iso_context_free(ctx);
}

ISO_TEST(a_changed_trace_is_refused) {
    iso_context *ctx = test_context(1);
    char path[512];
    snprintf(path, sizeof path, "%s", test_path(test_directory("trace-damage"), "trace"));
    CHECK(write_trace(ctx, path, -1));
    iso_trace_file *file;
    size_t size;
    uint8_t *bytes = test_read(path, &size);
    for (int round = 0; round < (iso_test_long() ? 4000 : 200); round++) {
        size_t at = (size_t)iso_test_between(0, (int64_t)size - 2);
        int bit = (int)iso_test_between(0, 7);
        bytes[at] ^= (uint8_t)(1 << bit);
        CHECK(test_write(path, bytes, size));
        CHECK_FAILS(ctx, ISO_DIFFER, path, iso_trace_read(ctx, path, &file));
        bytes[at] ^= (uint8_t)(1 << bit);
    }
    /* Cut at any place: the whole steps are there. */
    for (int round = 0; round < 50; round++) {
        size_t cut = (size_t)iso_test_between(100, (int64_t)size - 1);
        CHECK(test_write(path, bytes, cut));
        CHECK_OK(ctx, iso_trace_read(ctx, path, &file));
        CHECK(file->end <= cut && file->count < 3);
        iso_trace_file_free(file);
    }
    CHECK_FAILS(ctx, ISO_EIO, "could not be read", iso_trace_read(ctx, "/nowhere/trace", &file));
    free(bytes);
    iso_context_free(ctx);
}
