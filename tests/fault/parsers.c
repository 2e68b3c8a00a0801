/* Faults at every single place, also in a quick test, of what reads and writes little: values, expressions, recipes, ledgers,
 * traces, checkpoints. The longer jobs of read.c and run.c take some places of many. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/json.h"
#include "expr/signature.h"
#include "fault/loops.h"
#include "ledger/diff.h"
#include "ledger/ledger_test.h"
#include "ledger/trace.h"
#include "nn/optimizer.h"
#include "recipe/recipe.h"

static char path[512];
static uint8_t result[2][ISO_BLAKE3_SIZE]; /* of this round, and of the one without faults */
static bool known;

static bool is_due(iso_status status) {
    (void)status;
    if (!known)
        memcpy(result[1], result[0], sizeof result[0]);
    known = true;
    return memcmp(result[0], result[1], sizeof result[0]) == 0;
}

static void everywhere(fault_job job) {
    known = false;
    memset(result, 0, sizeof result);
    job.right = is_due;
    fault_loop(&job, 0);
}

/* ---- Texts ---- */

static iso_status parse_json(iso_context *ctx, const char *input) {
    iso_json value;
    iso_status status = iso_json_parse(ctx, input, strlen(input), &value);
    if (!status) {
        result[0][0] = (uint8_t)value.count;
        iso_json_free(ctx, &value);
    }
    return status;
}

static iso_status parse_expression(iso_context *ctx, const char *input) {
    iso_expr *e;
    int column;
    iso_text out = iso_text_new(ctx);
    iso_status status = iso_expr_parse(ctx, input, &e, &column);
    if (!status) {
        iso_expr_write(&out, e);
        status = iso_text_ok(&out) ? ISO_OK : ISO_ENOMEM;
        if (!status)
            iso_blake3(out.data, out.size, result[0]);
    }
    iso_text_free(&out);
    iso_expr_free(ctx, e);
    return status;
}

ISO_TEST(reading_texts_survives_every_fault) {
    everywhere((fault_job){.name = "JSON", .run = parse_json, .input = "{\"a\":[1,\"x\\u00e9\",{\"b\":null}],\"c\":{}}"});
    static const char *const expressions[] = {
        "f(1, a=[2, (3,), ()], b='x', c=b'y').g(-2.5)[1:x]", "[-18446744073709551616, +2**70, -0.5, True, None, 1.5]",
        "[g(i, 36893488147419103232) for i in range(3)][0]", "a.b.c + 1", /* which is no number */
    };
    for (size_t i = 0; i < ISO_COUNTOF(expressions); i++)
        everywhere((fault_job){
            .name = expressions[i], .run = parse_expression, .input = expressions[i], .expected = i == 3 ? ISO_EINVAL : ISO_OK});
}

/* ---- Recipes ---- */

static const char smallest[] = "seed: 5\n"
                               "data: {train: x, transforms: [ToTensor()], loader: DataLoader()}\n"
                               "init: kaiming_normal_\n"
                               "weights: w.safetensors\n"
                               "model: [Flatten(), \"Sequential(Linear(4, 3), ReLU(), Sequential(ReLU()))\"]\n"
                               "optimizer: SGD(lr=0.1, momentum=0.9)\n"
                               "epochs: 2\n";

static iso_status load_recipe(iso_context *ctx, const char *input) {
    const char *sets[] = {"data.train=pictures", input, "data.test=MNIST('x')"};
    iso_recipe *recipe;
    iso_module *model = NULL;
    iso_optimizer *optimizer = NULL;
    iso_status status = iso_recipe_load(ctx, path, sets, strstr(input, "split") ? 2 : 3, &recipe);
    if (!status)
        status = iso_recipe_build_model(recipe, &model);
    if (!status)
        status = iso_recipe_build_optimizer(recipe, model, &optimizer);
    if (!status)
        iso_blake3(recipe->normalised, strlen(recipe->normalised), result[0]);
    iso_optimizer_free(optimizer);
    iso_module_free(model);
    iso_recipe_free(recipe);
    return status;
}

ISO_TEST(reading_recipes_survives_every_fault) {
    static const char *const sets[] = {
        "data.loader=DataLoader(sampler=SubsetRandomSampler([3, 1], Generator().manual_seed(5)))",
        "data.loader=DataLoader(sampler=SubsetRandomSampler(range(9)))",
        "data.loader=DataLoader(sampler=WeightedRandomSampler([1, 0.5]))",
        "data.split=random_split([0.5, 0.5])",
        "model=Linear(4, 3)",
    };
    snprintf(path, sizeof path, "%s/fault-smallest.yaml", iso_test_directory());
    CHECK(test_write(path, smallest, sizeof smallest - 1));
    for (size_t i = 0; i < ISO_COUNTOF(sets); i++)
        everywhere((fault_job){.name = sets[i], .run = load_recipe, .input = sets[i]});
}

/* ---- Ledgers ---- */

static test_model *model; /* of a context without faults */
static test_run run;

static iso_status put_end(iso_ledger *l, int64_t step) {
    iso_text line = iso_ledger_begin(l, "end");
    iso_ledger_int(&line, "step", step);
    iso_status status = iso_ledger_put(l, &line);
    if (!status)
        memcpy(result[0], l->head, sizeof result[0]);
    return status ? status : iso_ledger_sync(l);
}

static bool remove_ledger(void) {
    unlink(path);
    return access(path, F_OK) != 0;
}

static iso_status create_ledger(iso_context *ctx, const char *input) {
    iso_ledger *l;
    iso_status status = iso_ledger_open(ctx, input, ISO_LEDGER_CREATE, &l);
    if (status)
        return status;
    iso_text line = iso_ledger_begin(l, "ckpt");
    status = iso_ledger_tensors(&line, model->state);
    if (status)
        iso_text_free(&line);
    else if (!(status = iso_ledger_put(l, &line)))
        status = put_end(l, 0);
    iso_ledger_close(l);
    return status;
}

/* The whole run, of which the end is torn. */
static uint8_t *bytes;
static size_t bytes_size;
static bool tear_ledger(void) {
    return test_write(path, bytes, bytes_size - 20);
}

static iso_status resume_ledger(iso_context *ctx, const char *input) {
    iso_ledger *l;
    iso_status status = iso_ledger_open(ctx, input, ISO_LEDGER_RESUME, &l);
    if (status)
        return status;
    iso_ledger_seek(l, l->count);
    status = put_end(l, run.steps);
    iso_ledger_close(l);
    return status;
}

static iso_status read_head(iso_context *ctx, const char *input) {
    int64_t size;
    return iso_ledger_head(ctx, input, result[0], &size);
}

static iso_status find_difference(iso_context *ctx, const char *input) {
    iso_ledger *l;
    iso_status status = iso_ledger_open(ctx, input, ISO_LEDGER_READ, &l);
    if (status)
        return status;
    iso_ledger_seek(l, iso_ledger_find(l, 0, "step", 1));
    status = put_end(l, 7);
    iso_ledger_close(l);
    return status;
}

static const char *other_directory;
static iso_status compare_checkpoints(iso_context *ctx, const char *input) {
    const char *directories[2] = {input, other_directory};
    iso_ledger *l[2] = {NULL, NULL};
    iso_tensor_difference d;
    iso_status status = iso_ledger_open(ctx, directories[0], ISO_LEDGER_READ, &l[0]);
    if (!status)
        status = iso_ledger_open(ctx, directories[1], ISO_LEDGER_READ, &l[1]);
    if (!status)
        status = iso_diff_checkpoints(ctx, directories, (const iso_ledger *const *)l, 0, &d);
    /* A file that cannot be read is damaged, as far as a comparison can know. */
    if (!status && !d.damaged[0] && !d.damaged[1])
        result[0][0] = (uint8_t)d.element;
    iso_ledger_close(l[0]);
    iso_ledger_close(l[1]);
    return status;
}

ISO_TEST(ledgers_survive_every_fault) {
    iso_context *good = test_context(1);
    char directory[512], second[512];
    snprintf(directory, sizeof directory, "%s", test_directory("fault-ledger"));
    snprintf(second, sizeof second, "%s", test_directory("fault-ledger-b"));
    snprintf(path, sizeof path, "%s", test_path(directory, "run.ledger"));
    iso_test_seed(3);
    model = test_model_new(good, 20000);
    iso_tensor_f32(model->tensors[2])[7] = (float)strtod("nan", NULL);
    everywhere((fault_job){.name = "a new ledger", .prepare = remove_ledger, .run = create_ledger, .input = directory});
    run = (test_run){.directory = directory, .seed = 3, .steps = 2, .every = 2, .large = 300};
    CHECK(remove_ledger());
    CHECK_OK(good, test_run_write(good, &run, ISO_LEDGER_CREATE, NULL));
    bytes = test_read(path, &bytes_size);
    CHECK(bytes);
    everywhere((fault_job){.name = "a torn ledger", .prepare = tear_ledger, .run = resume_ledger, .input = directory});
    CHECK(test_write(path, bytes, bytes_size));
    everywhere((fault_job){.name = "the head", .run = read_head, .input = directory});
    everywhere((fault_job){.name = "another line", .run = find_difference, .input = directory, .expected = ISO_DIFFER});
    run.directory = other_directory = second;
    run.change_step = 1;
    run.change_tensor = 2;
    run.change_element = 20;
    CHECK_OK(good, test_run_write(good, &run, ISO_LEDGER_CREATE, NULL));
    everywhere((fault_job){.name = "two checkpoints", .run = compare_checkpoints, .input = directory});
    free(bytes);
    test_model_free(model);
    iso_context_free(good);
}

/* ---- Traces ---- */

static bool remove_trace(void) {
    unlink(path);
    return access(path, F_OK) != 0;
}

/* Two steps of two tensors, the first of tiles, of which a copy is kept; then the file is read, and made ready to go on behind
 * the first. */
static iso_status write_trace(iso_context *ctx, const char *input) {
    iso_trace *trace;
    iso_trace_file *file = NULL;
    iso_status status = iso_trace_new(ctx, &trace);
    if (!status)
        status = iso_trace_prepare(ctx, input, 0);
    for (int64_t step = 1; step <= 2 && !status; step++) {
        iso_trace_begin(trace, step);
        trace->capture = 0;
        iso_trace_add(trace, ISO_TRACE_START, "", test_names[2], model->tensors[2]);
        iso_trace_add(trace, "linear", "1", test_names[0], model->tensors[0]);
        status = iso_trace_append(trace, input);
    }
    if (!status && memcmp(trace->captured->data, model->tensors[2]->data, iso_tensor_bytes(trace->captured)) != 0)
        status = ISO_DIFFER;
    if (!status)
        status = iso_trace_prepare(ctx, input, 1);
    if (!status)
        status = iso_trace_read(ctx, input, &file);
    if (!status)
        iso_blake3(file->bytes, file->size, result[0]);
    iso_trace_file_free(file);
    iso_trace_free(trace);
    return status;
}

static iso_status digest_tensor(iso_context *ctx, const char *input) {
    (void)input;
    return iso_tensor_digest(ctx, model->tensors[2], result[0]);
}

/* A state whose tiles are asked for before its root. */
static iso_status digest_tiles(iso_context *ctx, const char *input) {
    (void)input;
    iso_state *state;
    iso_status status = iso_state_new(ctx, &state);
    if (!status)
        status = iso_state_add(state, test_names[2], model->tensors[2]);
    if (!status)
        status = iso_state_tiles(state);
    if (!status)
        memcpy(result[0], state->entries[0].digest, sizeof result[0]);
    iso_state_free(state);
    return status;
}

ISO_TEST(traces_survive_every_fault) {
    iso_context *good = test_context(1);
    model = test_model_new(good, 20000);
    snprintf(path, sizeof path, "%s/fault-trace", iso_test_directory());
    everywhere((fault_job){.name = "a trace", .prepare = remove_trace, .run = write_trace, .input = path});
    iso_tensor_f32(model->tensors[2])[7] = (float)strtod("nan", NULL); /* the digest needs a copy */
    everywhere((fault_job){.name = "a digest", .run = digest_tensor});
    everywhere((fault_job){.name = "tiles", .run = digest_tiles});
    test_model_free(model);
    iso_context_free(good);
}
