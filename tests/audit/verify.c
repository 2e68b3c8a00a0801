/* What verification says of a step that was bent while it ran, of a file that was changed, and of a sample. */
#include "audit/verify.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"
#include "data/digest_cache.h"
#include "nn/module.h"
#include "run/small_run.h"

/* ---- Bits that flip in memory ---- */

/* One bit of one number, behind the operation `node` of a step (-1: before the step). */
struct harm {
    iso_trainer *trainer;
    int64_t step;
    int node;
    bool parameter;   /* of a parameter; otherwise of what the operation has just written */
    const char *only; /* NULL, or the tensor of the first operation behind `node` that gives one of this name */
    uint64_t number;
    int seen, last; /* operations of this step; the last that gives a tensor of the contract */
    bool done;
    char tensor[160], module[64]; /* what was hit; the layer that it belongs to */
};

static void flip(void *data, int64_t numel, uint64_t number) {
    ((uint32_t *)data)[(number >> 8) % (uint64_t)numel] ^= (uint32_t)1 << (number & 31);
}

static void flip_parameter(struct harm *h) {
    iso_named_tensor all[16];
    size_t count = 0;
    for (size_t i = 0; i < iso_module_state_count(h->trainer->model); i++) {
        iso_named_tensor entry = iso_module_state(h->trainer->model, i);
        if (entry.grad)
            all[count++] = entry;
    }
    iso_named_tensor entry = all[(h->number >> 40) % count];
    flip(entry.tensor->data, entry.tensor->numel, h->number);
    snprintf(h->tensor, sizeof h->tensor, "%s", entry.name);
    snprintf(h->module, sizeof h->module, "%.*s", (int)strcspn(entry.name, "."), entry.name);
    h->done = true;
}

static void flip_output(struct harm *h, const iso_run *run, const iso_node *node) {
    for (int k = 0; k < 3 && !h->done; k++) {
        int i = (int)((h->number >> 40) + (uint64_t)k) % 3;
        char name[32];
        iso_tensor tensor;
        void *copy;
        if (!iso_observed_output(h->trainer->ctx, run, node, i, name, &tensor, &copy))
            continue;
        iso_free(h->trainer->ctx, copy);
        snprintf(h->tensor, sizeof h->tensor, "%s", name);
        for (size_t j = 0; j < iso_module_state_count(h->trainer->model); j++) {
            iso_named_tensor entry = iso_module_state(h->trainer->model, j);
            if (entry.grad && entry.grad->data == iso_data(run, node->out[i]))
                snprintf(h->tensor, sizeof h->tensor, "%s.grad", entry.name);
        }
        if (h->only && strcmp(h->tensor, h->only) != 0)
            continue;
        flip(iso_data(run, node->out[i]), tensor.numel, h->number);
        snprintf(h->module, sizeof h->module, "%s", node->module);
        h->done = true;
    }
}

static bool gives_a_tensor(const struct harm *h, const iso_run *run, const iso_node *node) {
    bool found = false;
    for (int i = 0; i < 3 && !found; i++) {
        char name[32];
        iso_tensor tensor;
        void *copy = NULL;
        found = iso_observed_output(h->trainer->ctx, run, node, i, name, &tensor, &copy);
        iso_free(h->trainer->ctx, copy);
    }
    return found;
}

static void harm_behind(void *user, const iso_run *run, const iso_node *node) {
    struct harm *h = user;
    if (iso_trainer_counter(h->trainer, ISO_COUNTER_STEP) != h->step || run->values == NULL)
        return;
    if (gives_a_tensor(h, run, node))
        h->last = h->seen;
    if (h->seen++ >= h->node && !h->done && h->node >= 0) {
        if (h->parameter)
            flip_parameter(h);
        else
            flip_output(h, run, node);
    }
}

static void harm_between(void *user, const iso_progress *progress) {
    struct harm *h = user;
    if (progress->kind == ISO_PROGRESS_STEP && progress->done == h->step - 1 && h->node < 0)
        flip_parameter(h);
}

static bool write_text(iso_context *ctx, const char *directory, const char *name, const char *text) {
    return iso_file_write_atomic(ctx, test_path(directory, name), &(iso_slice){text, strlen(text)}, 1) == ISO_OK;
}

/* iso_train, with harm. */
static iso_status train_harmed(iso_context *ctx, const char *directory, const char *set, bool traced, struct harm *h) {
    iso_recipe *recipe = NULL;
    iso_trainer *t = NULL;
    iso_ledger *l = NULL;
    iso_trace *trace = NULL;
    unlink(test_path(directory, "run.ledger"));
    unlink(test_path(directory, "trace"));
    iso_status status = iso_recipe_load(ctx, small_recipe(ctx), &set, set != NULL, &recipe);
    if (!status)
        status = iso_trainer_new(ctx, recipe, 0, NULL, NULL, &t);
    if (!status)
        status = iso_ledger_open(ctx, directory, ISO_LEDGER_CREATE, &l);
    if (!status && !write_text(ctx, directory, "recipe.yaml", recipe->normalised))
        status = ISO_EIO;
    if (!status)
        status = iso_environment_append(ctx, directory, recipe->directory, 0, 0, recipe->normalised);
    if (!status && traced)
        status = iso_trace_new(ctx, &trace);
    if (!status && traced)
        status = iso_trace_prepare(ctx, test_path(directory, "trace"), 0);
    h->trainer = t;
    if (!status) {
        t->watcher = harm_behind;
        t->watcher_user = h;
        iso_session session = {.ctx = ctx,
                               .directory = directory,
                               .trainer = t,
                               .ledger = l,
                               .writes = true,
                               .until = t->steps,
                               .progress = harm_between,
                               .user = h,
                               .trace = trace,
                               .trace_from = 1,
                               .trace_to = t->steps};
        status = iso_trainer_start(t);
        if (!status)
            status = iso_session_header(&session);
        if (!status)
            status = iso_session_checkpoint(&session);
        if (!status && h->step == 1 && h->node < 0)
            flip_parameter(h);
        if (!status)
            status = iso_session_run(&session);
    }
    iso_trace_free(trace);
    iso_ledger_close(l);
    iso_trainer_free(t);
    iso_recipe_free(recipe);
    return status == ISO_ENAN ? ISO_OK : status; /* a flipped exponent may well end in a NaN */
}

/* What flips between two steps may already be in the evaluation or the checkpoint behind the first. */
static bool is_its_step(const struct harm *h, const iso_verify_result *result) {
    bool between = strstr(result->finding, "(ckpt, ") || strstr(result->finding, "(eval, ");
    return result->step == h->step || (h->node < 0 && result->step == h->step - 1 && between);
}

/* The finding names a tensor that was hit, or if a parameter changed under way the first one that was computed from it. */
static bool names_it(const struct harm *h, const iso_verify_result *result) {
    char layer[80];
    if (strcmp(result->tensor, h->tensor) == 0)
        return true;
    snprintf(layer, sizeof layer, "of layer %s, tensor", h->module);
    return h->parameter && h->node >= 0 && strstr(result->finding, layer);
}

/* What the run leaves that is not harmed. */
struct record {
    uint8_t *bytes[2];
    size_t size[2];
};

static bool read_record(const char *directory, bool traced, struct record *record) {
    record->bytes[0] = test_read(test_path(directory, "run.ledger"), &record->size[0]);
    record->bytes[1] = traced ? test_read(test_path(directory, "trace"), &record->size[1]) : NULL;
    return record->bytes[0] && (record->bytes[1] || !traced);
}

static void free_record(struct record *record) {
    free(record->bytes[0]);
    free(record->bytes[1]);
}

/* A flip of which nothing came: a bit of a zero that a sum swallows, or what a ReLU or a mask drops. Then it left no trace. */
static bool vanished(const char *directory, bool traced, const struct record *unharmed) {
    struct record record;
    bool same = read_record(directory, traced, &record);
    for (int i = 0; i < 1 + traced && same; i++)
        same = record.size[i] == unharmed->size[i] && memcmp(record.bytes[i], unharmed->bytes[i], record.size[i]) == 0;
    free_record(&record);
    return same;
}

/* So many bits that flip in parameters, gradients and activations are each named to step and tensor. With a trace of the steps
 * the tensor that was hit; what is hit there is always seen, but a parameter that is overwritten before anything came of it.
 * Without one, under the usual plan, the checkpoint behind the step tells: of a gradient its parameter. */
static void name_flips(const char *directory, bool traced, int rounds) {
    iso_context *ctx = test_context(1);
    const char *set = traced ? NULL : "checkpoint=1";
    int parameters = 0, gradients = 0, activations = 0, unseen = 0, exact = 0;
    struct record unharmed;
    struct harm none = {.step = 1, .node = INT_MAX};
    CHECK_OK(ctx, train_harmed(ctx, directory, set, traced, &none));
    CHECK(read_record(directory, traced, &unharmed));
    for (int named = 0; named < rounds;) {
        struct harm h = {.step = iso_test_between(1, SMALL_STEPS),
                         .node = named % 5 ? (int)iso_test_between(0, none.last) : -1,
                         .number = iso_test_random()};
        h.parameter = h.node < 0 || (traced && iso_test_between(0, 3) == 0);
        CHECK_OK(ctx, train_harmed(ctx, directory, set, traced, &h));
        CHECK_MSG(h.done, "step %lld, operation %d", (long long)h.step, h.node);
        iso_verify_result result;
        iso_status status = iso_verify(ctx, &(iso_verify_options){.directory = directory}, &result);
        bool may_vanish = h.parameter || !traced;
        if (status == ISO_OK && may_vanish && vanished(directory, traced, &unharmed)) {
            unseen++;
            CHECK_MSG(unseen < rounds, "%d flips without consequences", unseen);
            continue;
        }
        static const char momentum[] = "optimizer/momentum_buffer/"; /* the parameter may be too large for a small gradient */
        bool of_momentum = strncmp(result.tensor, momentum, sizeof momentum - 1) == 0;
        char gradient[200];
        snprintf(gradient, sizeof gradient, "%s.grad", result.tensor + (of_momentum ? sizeof momentum - 1 : 0));
        bool hit =
            traced ? names_it(&h, &result) : result.tensor[0] && (!strstr(h.tensor, ".grad") || strcmp(gradient, h.tensor) == 0);
        CHECK_MSG(status == ISO_DIFFER && is_its_step(&h, &result) && hit &&
                      strstr(result.finding, "not what its own inputs give"),
                  "%s of layer %s in step %lld behind operation %d: status %d, %s", h.tensor, h.module, (long long)h.step, h.node,
                  status, result.finding);
        bool of_gradient = !h.parameter && (strstr(h.tensor, ".grad") || strcmp(h.tensor, "dx") == 0);
        parameters += h.parameter;
        gradients += of_gradient;
        activations += !h.parameter && !of_gradient;
        /* What a gradient left in the step: its parameter and the momentum, and nothing else. */
        bool alone = strstr(result.finding, " 1 of 19 tensors") || strstr(result.finding, " 2 of 19 tensors");
        CHECK_MSG(traced || !strstr(h.tensor, ".grad") || alone, "%s in step %lld: %s", h.tensor, (long long)h.step,
                  result.finding);
        exact += strcmp(result.tensor, h.tensor) == 0 || strcmp(gradient, h.tensor) == 0;
        named++;
    }
    CHECK(parameters && gradients && activations);
    if (iso_test_long())
        printf(
            "     %d flips named: %d in parameters, %d in gradients, %d in activations; %d to the tensor that was hit; %d more "
            "without consequences\n",
            rounds, parameters, gradients, activations, exact, unseen);
    free_record(&unharmed);
    iso_context_free(ctx);
}

ISO_TEST(a_bit_that_flips_in_memory_is_named_by_the_trace) {
    name_flips(test_directory("harm-traced"), true, iso_test_long() ? 1000 : 40);
}

ISO_TEST(a_bit_that_flips_in_memory_is_named_by_the_next_checkpoint) {
    name_flips(test_directory("harm-checkpoints"), false, iso_test_long() ? 1000 : 30);
}

/* A step later everything differs, but most what was hit. */
ISO_TEST(a_gradient_that_flips_stands_out_of_a_later_checkpoint) {
    static const char *const gradients[] = {"0.weight.grad", "1.weight.grad", "6.weight.grad", "6.bias.grad"};
    iso_context *ctx = test_context(1);
    const char *directory = test_directory("harm-later");
    int named = 0, found = 0, rounds = iso_test_long() ? 400 : 40;
    for (int round = 0; round < rounds; round++) {
        struct harm h = {.step = iso_test_between(0, 3) * 2 + 1, .only = gradients[round % 4]};
        h.number = (iso_test_random() & ~(uint64_t)31) | 23; /* twice as large, or half; of a zero next to nothing */
        CHECK_OK(ctx, train_harmed(ctx, directory, NULL, false, &h));
        CHECK(h.done);
        iso_verify_result result;
        if (iso_verify(ctx, &(iso_verify_options){.directory = directory}, &result) == ISO_OK)
            continue;
        CHECK_MSG(result.step == h.step, "%s in step %lld: %s", h.only, (long long)h.step, result.finding);
        found++;
        named += result.tensor[0] && strncmp(h.only, result.tensor, strlen(result.tensor)) == 0;
    }
    if (iso_test_long())
        printf("     %d of %d named by their parameters, %d without consequences\n", named, found, rounds - found);
    CHECK_MSG(found > rounds / 2 && named > found / 2, "%d of %d", named, found);
    iso_context_free(ctx);
}

/* The loss of the next step shows it; the digests before and behind it say no more. */
ISO_TEST(a_fault_between_digests_is_named_with_its_window) {
    iso_context *ctx = test_context(1);
    const char *directory = test_directory("harm-between-digests");
    struct harm h = {.step = 1, .only = "6.bias.grad", .number = 30};
    CHECK_OK(ctx, train_harmed(ctx, directory, "digest_every=4", false, &h));
    CHECK(h.done);
    iso_verify_result result;
    CHECK_FAILS(ctx, ISO_DIFFER, "", iso_verify(ctx, &(iso_verify_options){.directory = directory}, &result));
    CHECK_MSG(result.step == 2 && strstr(result.finding, "(step, step 2): loss is recorded as ") &&
                  strstr(result.finding, " (or a step before it, from 1 on: digests every 4 steps)"),
              "%s", result.finding);
    iso_context_free(ctx);
}

/* ---- Bits that flip in files ---- */

/* `count` random bits of a file that lies in the run directory (or at `path`), or with 0 every bit: verification names the file.
 */
static void flip_in_file(iso_context *ctx, const char *directory, const char *path, const char *name, int count) {
    char own[600];
    size_t size;
    snprintf(own, sizeof own, "%s/%s", directory, name);
    path = path ? path : own;
    uint8_t *bytes = test_read(path, &size);
    CHECK(bytes && size);
    size_t bits = 8 * (size - (strcmp(name, ISO_TRACE_FILE) == 0)), rounds = count ? (size_t)count : bits;
    for (size_t round = 0; round < rounds; round++) {
        size_t bit = count ? (size_t)iso_test_between(0, (int64_t)bits - 1) : round;
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        CHECK(test_write(path, bytes, size));
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        iso_verify_result result;
        iso_status status = iso_verify(ctx, &(iso_verify_options){.directory = directory}, &result);
        CHECK_MSG(status == ISO_DIFFER && strstr(result.finding, name), "%s, bit %zu of byte %zu: status %d, %s%s", name, bit % 8,
                  bit / 8, status, result.finding, status == ISO_DIFFER ? "" : iso_error(ctx));
    }
    CHECK(test_write(path, bytes, size));
    free(bytes);
}

/* Undamaged, all of it follows. */
static void check_whole(iso_context *ctx, const char *directory) {
    iso_verify_result result;
    CHECK_OK(ctx, iso_verify(ctx, &(iso_verify_options){.directory = directory}, &result));
    CHECK(result.steps == SMALL_STEPS && result.finding[0] == 0 && result.missing == 0);
}

ISO_TEST(every_bit_of_a_run_s_ledger_and_recipe_counts) {
    iso_context *ctx = test_context(1);
    const char *directory = small_run(ctx, "flipped-lines", NULL, NULL);
    CHECK_MSG(directory, "%s", iso_error(ctx));
    flip_in_file(ctx, directory, NULL, "run.ledger", iso_test_long() ? 0 : 300);
    flip_in_file(ctx, directory, NULL, "recipe.yaml", iso_test_long() ? 0 : 300);
    check_whole(ctx, directory);
    iso_context_free(ctx);
}

ISO_TEST(every_bit_of_a_run_s_checkpoints_and_images_counts) {
    iso_context *ctx = test_context(1);
    const char *directory = small_run(ctx, "flipped-files", NULL, NULL);
    CHECK_MSG(directory, "%s", iso_error(ctx));
    flip_in_file(ctx, directory, NULL, "checkpoint-000004.safetensors", iso_test_long() ? 0 : 300);
    iso_dataset *images;
    char root[512], name[160], path[700];
    snprintf(root, sizeof root, "%s/pictures", iso_test_directory());
    CHECK_OK(ctx, iso_image_folder_open(ctx, root, &(iso_folder_options){.keep = 0}, &images));
    for (int64_t i = 0; i < (int64_t)images->count; i += iso_test_long() ? 7 : 1) {
        iso_dataset_name(images, i, path, sizeof path);
        snprintf(name, sizeof name, "%s", images->files[i].name);
        flip_in_file(ctx, directory, path, name, iso_test_long() ? 0 : 20);
    }
    iso_dataset_free(images);
    check_whole(ctx, directory);
    iso_context_free(ctx);
}

/* All but the newline at the end, without which the last step is one that was being written. */
ISO_TEST(every_bit_of_a_run_s_trace_counts) {
    iso_context *ctx = test_context(1);
    const char *directory = small_run(ctx, "flipped-trace", NULL, &(iso_train_options){.trace_from = 3});
    CHECK_MSG(directory, "%s", iso_error(ctx));
    flip_in_file(ctx, directory, NULL, "trace", iso_test_long() ? 1000 : 100);
    check_whole(ctx, directory);
    iso_context_free(ctx);
}

static int (*posix_open)(void *user, const char *path, int flags, int mode);
static char elsewhere[600]; /* the first file that was opened and should not have been */

static int watch_open(void *user, const char *path, int flags, int mode) {
    const char *directory = user;
    char pictures[512];
    snprintf(pictures, sizeof pictures, "%s/pictures", iso_test_directory());
    bool known = strncmp(path, directory, strlen(directory)) == 0 || strncmp(path, pictures, strlen(pictures)) == 0;
    if ((!known || (flags & O_ACCMODE) != O_RDONLY) && !elsewhere[0])
        snprintf(elsewhere, sizeof elsewhere, "%s", path);
    return posix_open(NULL, path, flags, mode);
}

/* Also where digests of data are remembered. */
ISO_TEST(verification_reads_the_run_and_its_data_only) {
    iso_context *ctx;
    char cache[512], pictures[512];
    snprintf(cache, sizeof cache, "%s/verify-cache", iso_test_directory());
    CHECK(iso_context_new(&ctx, &(iso_context_options){.threads = 1, .cache = cache}) == ISO_OK);
    const char *directory = small_run(ctx, "read-only", NULL, NULL);
    CHECK_MSG(directory, "%s", iso_error(ctx));
    snprintf(pictures, sizeof pictures, "%s/pictures", iso_test_directory());
    iso_digest_cache_save(ctx, pictures, &(iso_cached_image){.known = 1, .name = "x"}, 1, INT64_MAX);
    CHECK(access(cache, F_OK) == 0);
    posix_open = ctx->files.open;
    ctx->files.open = watch_open;
    ctx->files.user = (void *)directory;
    elsewhere[0] = 0;
    check_whole(ctx, directory);
    CHECK_MSG(!elsewhere[0], "%s", elsewhere);
    iso_context_free(ctx);
}

ISO_TEST(a_missing_checkpoint_is_no_damage) {
    iso_context *ctx = test_context(1);
    const char *directory = small_run(ctx, "missing", NULL, NULL);
    CHECK_MSG(directory, "%s", iso_error(ctx));
    CHECK(unlink(test_path(directory, "checkpoint-000004.safetensors")) == 0);
    iso_verify_result result;
    static const int64_t starts[] = {0, 6};
    for (int i = 0; i < 2; i++) {
        CHECK_FAILS(ctx, ISO_EIO, "checkpoint-000004.safetensors (step 4) is missing; what was executed again follows",
                    iso_verify(ctx, &(iso_verify_options){.directory = directory, .from = starts[i]}, &result));
        CHECK(result.missing == 1 && result.steps == (i ? 6 : 8) && result.finding[0] == 0);
    }
    iso_context_free(ctx);
}

/* ---- Samples ---- */

ISO_TEST(a_sample_is_drawn_by_head_and_beacon) {
    iso_context *ctx = test_context(1);
    uint8_t head[ISO_BLAKE3_SIZE];
    size_t *chosen, wanted = 4, times[10] = {0};
    for (int i = 0; i < ISO_BLAKE3_SIZE; i++)
        head[i] = (uint8_t)i;
    /* As tests/oracle/ledger.py draws it. */
    static const size_t known[] = {12, 56, 63, 67};
    CHECK_OK(ctx, iso_sample(ctx, head, (const uint8_t *)"\xc0\xff\xee", 3, 100, &wanted, &chosen));
    for (size_t i = 0; i < 4; i++)
        CHECK_MSG(chosen[i] == known[i], "%zu: %zu", i, chosen[i]);
    iso_free(ctx, chosen);
    for (int round = 0; round < 1000; round++) {
        uint64_t beacon = iso_test_random();
        wanted = 3;
        CHECK_OK(ctx, iso_sample(ctx, head, (const uint8_t *)&beacon, sizeof beacon, 10, &wanted, &chosen));
        CHECK(wanted == 3 && chosen[0] < chosen[1] && chosen[1] < chosen[2] && chosen[2] < 10);
        for (int i = 0; i < 3; i++)
            times[chosen[i]]++;
        iso_free(ctx, chosen);
    }
    for (int i = 0; i < 10; i++)
        CHECK_MSG(times[i] > 220 && times[i] < 380, "segment %d was drawn %zu times of 300", i, times[i]);
    wanted = 11;
    CHECK_OK(ctx, iso_sample(ctx, head, (const uint8_t *)"b", 1, 10, &wanted, &chosen));
    CHECK(wanted == 10 && chosen[0] == 0 && chosen[9] == 9);
    iso_free(ctx, chosen);
    iso_context_free(ctx);
}

ISO_TEST(segments_are_verified_alone) {
    iso_context *ctx = test_context(2);
    const char *directory = small_run(ctx, "segments", "epochs=3", NULL);
    CHECK_MSG(directory, "%s", iso_error(ctx));
    iso_verify_result result;
    iso_verify_options options = {.directory = directory, .sample = 3, .beacon = (const uint8_t *)"beacon", .beacon_size = 6};
    CHECK_OK(ctx, iso_verify(ctx, &options, &result));
    CHECK_MSG(result.steps == 6 && result.segments == 6, "%lld steps, %s of %lld", (long long)result.steps, result.sampled,
              (long long)result.segments);
    options.from = 3;
    CHECK_FAILS(ctx, ISO_EINVAL, "--sample chooses its steps by itself", iso_verify(ctx, &options, &result));
    CHECK_FAILS(ctx, ISO_EINVAL, "--sample needs a beacon",
                iso_verify(ctx, &(iso_verify_options){.directory = directory, .sample = 1}, &result));
    iso_context_free(ctx);
}
