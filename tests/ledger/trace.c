#include "ledger/trace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
    CHECK(x->count == 2 && iso_trace_find(x, 4) && !iso_trace_find(x, 5) && !iso_trace_find(NULL, 4));
    CHECK_OK(ctx, iso_trace_prepare(ctx, b, 9)); /* none are */
    size_t size;
    uint8_t *bytes = test_read(b, &size);
    bool same = bytes && size == y->size && memcmp(bytes, y->bytes, size) == 0;
    free(bytes);
    CHECK(same);
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

#define D64    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define HEADER "{\"kind\":\"trace\",\"format\":\"" ISO_TRACE_FORMAT "\",\"digest\":\"blake3-256\",\"contract\":1}\n"
#define TENSOR(op, type, shape, tiles)                                                                                           \
    "{\"kind\":\"tensor\",\"step\":3,\"op\":" op ",\"module\":\"m\",\"tensor\":\"t\",\"type\":\"" type "\",\"shape\":" shape     \
    ",\"digest\":\"" D64 "\",\"tiles\":" tiles "}\n"

ISO_TEST(traces_that_are_none) {
    static char long_op[700];
    snprintf(long_op, sizeof long_op, HEADER TENSOR("\"%0200d\"", "F32", "[]", "[]"), 0);
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"", "trace: not a trace"},
        {"{}", "trace: not a trace"},
        {"{}\n", "trace:1: expected the first line of a trace"},
        {"{\n", "trace:1: no JSON"},
        {HEADER "{\"step\":3}\n", "trace:2: expected the next line of the step"},
        {HEADER "{\"kind\":\"tensor\"}\n", "trace:2: expected the next line of the step"},
        {HEADER TENSOR("\"o\"", "F32", "[]", "[]") "{\"kind\":\"tensor\",\"step\":4}\n",
         "trace:3: expected the next line of the step"},
        {HEADER TENSOR("5", "F32", "[]", "[]"), "trace:2: expected the line of a tensor"},
        {HEADER TENSOR("\"o\"", "F16", "[]", "[]"), "trace:2: expected the line of a tensor"},
        {HEADER TENSOR("\"o\"", "F32", "5", "[]"), "trace:2: expected the line of a tensor"},
        {HEADER TENSOR("\"o\"", "F32", "[1,1,1,1,1,1,1]", "[]"), "trace:2: expected the line of a tensor"},
        {HEADER TENSOR("\"o\"", "F32", "[\"1\"]", "[]"), "trace:2: expected the line of a tensor"},
        {HEADER TENSOR("\"o\"", "F32", "[-1]", "[]"), "trace:2: expected the line of a tensor"},
        {HEADER TENSOR("\"o\"", "F32", "[1]", "5"), "trace:2: expected the line of a tensor"},
        {HEADER TENSOR("\"o\"", "F32", "[1]", "[5]"), "trace:2: expected the line of a tensor"},
        {HEADER TENSOR("\"o\"", "F32", "[1]", "[\"x\"]"), "trace:2: expected the line of a tensor"},
        {HEADER "{\"kind\":\"tensor\",\"step\":3}\n", "trace:2: expected the line of a tensor"},
        {HEADER "{\"kind\":\"tensor\",\"step\":3,\"tiles\":[],\"op\":\"o\"}\n", "trace:2: expected the line of a tensor"},
        {HEADER "{\"kind\":\"tensor\",\"step\":3,\"tiles\":[],\"op\":\"o\",\"module\":\"m\"}\n",
         "trace:2: expected the line of a tensor"},
        {HEADER "{\"kind\":\"tensor\",\"step\":3,\"tiles\":[],\"op\":\"o\",\"module\":\"m\",\"tensor\":\"t\"}\n",
         "trace:2: expected the line of a tensor"},
        {HEADER "{\"kind\":\"tensor\",\"step\":3,\"tiles\":[],\"op\":\"o\",\"module\":\"m\",\"tensor\":\"t\",\"type\":\"F32\"}\n",
         "trace:2: expected the line of a tensor"},
        {HEADER "{\"kind\":\"tensor\",\"step\":3,\"tiles\":[],\"op\":\"o\",\"module\":\"m\",\"tensor\":\"t\",\"type\":\"I64\","
                "\"shape\":[2],\"digest\":\"x\"}\n",
         "trace:2: expected the line of a tensor"},
        {long_op, "trace:2: expected the line of a tensor"},
        {HEADER "{\"kind\":\"other\",\"step\":3}\n", "trace:2: the step's lines were changed"},
        {HEADER "{\"kind\":\"step\",\"step\":3,\"tensors\":0}\n", "trace:2: the step's lines were changed"},
        {HEADER "{\"kind\":\"step\",\"step\":3,\"tensors\":1,\"digest\":\"" D64 "\"}\n",
         "trace:2: the step's lines were changed"},
        {HEADER "{\"kind\":\"step\",\"step\":3,\"tensors\":0,\"digest\":\"" D64 "\"}\n",
         "trace:2: the step's lines were changed"},
    };
    iso_context *ctx = test_context(1);
    iso_trace_file *file;
    char path[512];
    snprintf(path, sizeof path, "%s", test_path(test_directory("trace-none"), "trace"));
    for (size_t i = 0; i < ISO_COUNTOF(cases); i++) {
        CHECK(test_write(path, cases[i].text, strlen(cases[i].text)));
        iso_status status = iso_trace_read(ctx, path, &file);
        CHECK_MSG(status == ISO_DIFFER && strstr(iso_error(ctx), cases[i].message), "%s: status %d, %s", cases[i].text,
                  (int)status, iso_error(ctx));
    }
    CHECK_FAILS(ctx, ISO_EINVAL, "the trace cannot be continued", iso_trace_prepare(ctx, path, 3));
    /* A step that stands there twice. */
    CHECK(unlink(path) == 0 && write_trace(ctx, path, -1));
    size_t size, header = sizeof HEADER - 1;
    uint8_t *bytes = test_read(path, &size), *twice = malloc(2 * size);
    memcpy(twice, bytes, size);
    memcpy(twice + size, bytes + header, size - header);
    bool ok = test_write(path, twice, 2 * size - header);
    free(bytes);
    free(twice);
    CHECK(ok);
    CHECK_FAILS(ctx, ISO_DIFFER, "trace:17: expected the next line of the step, or of one behind it",
                iso_trace_read(ctx, path, &file));
    iso_context_free(ctx);
}

ISO_TEST(tensors_of_a_trace_are_compared_by_place_and_digest) {
    const iso_trace_entry entry = {.op = "o", .module = "m", .tensor = "t", .dtype = ISO_FLOAT32, .dims = 2, .shape = {2, 3}};
    iso_trace_entry others[7] = {entry, entry, entry, entry, entry, entry, entry};
    others[1].op[0] = others[2].module[0] = others[3].tensor[0] = 'x';
    others[4].dtype = ISO_INT64;
    others[5].dims = 1;
    others[6].shape[1] = 4;
    for (int i = 0; i < 7; i++)
        CHECK(iso_trace_same_place(&entry, &others[i]) == (i == 0));
    /* Steps of 0, 1 and 2 tensors, one of another place, one of another digest. */
    iso_trace_entry same[2] = {entry, entry}, digest[2] = {entry, entry}, place[2] = {entry, others[1]};
    digest[1].digest[31] = 1;
    const iso_trace_step none = {.count = 0}, one = {.entries = same, .count = 1}, two = {.entries = same, .count = 2},
                         other_digest = {.entries = digest, .count = 2}, other_place = {.entries = place, .count = 2};
    CHECK(iso_trace_difference(&none, &none) == -1 && iso_trace_difference(&two, &two) == -1);
    CHECK(iso_trace_difference(&none, &one) == 0 && iso_trace_difference(&two, &one) == 1 &&
          iso_trace_difference(&one, &two) == 1);
    CHECK(iso_trace_difference(&two, &other_digest) == 1 && iso_trace_difference(&two, &other_place) == 1);
    /* Tiles. */
    uint8_t tiles[2][2][ISO_BLAKE3_SIZE] = {{{0}}};
    iso_trace_entry a = entry, b = entry;
    a.tiles = tiles[0];
    b.tiles = tiles[1];
    a.tile_count = b.tile_count = 2;
    CHECK(iso_trace_tile(&a, &b) == -1);
    tiles[1][1][5] = 7;
    CHECK(iso_trace_tile(&a, &b) == 1);
    b.tile_count = 1;
    CHECK(iso_trace_tile(&a, &b) == -1 && iso_trace_tile(&entry, &entry) == -1);
}

ISO_TEST(tensors_of_a_trace_are_described) {
    static const struct {
        const char *op, *module, *text;
    } cases[] = {{ISO_TRACE_START, "", "the state before the step, tensor t"},
                 {ISO_TRACE_BATCH, "", "the batch, tensor t"},
                 {ISO_TRACE_OPTIMIZER, "", "the optimiser's step, tensor t"},
                 {ISO_TRACE_END, "", "the state behind the step, tensor t"},
                 {"relu", "1.0", "relu of layer 1.0, tensor t"},
                 {"relu", "", "relu, tensor t"}};
    for (size_t i = 0; i < ISO_COUNTOF(cases); i++) {
        iso_trace_entry entry = {.tensor = "t"};
        char text[100];
        snprintf(entry.op, sizeof entry.op, "%s", cases[i].op);
        snprintf(entry.module, sizeof entry.module, "%s", cases[i].module);
        iso_trace_describe(&entry, text, sizeof text);
        CHECK_STRING(cases[i].text, text);
    }
}
