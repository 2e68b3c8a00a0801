/* Faults of memory and disk while a run is trained, resumed, verified, compared and evaluated. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fault/loops.h"
#include "isobit/tensor.h"
#include "ledger/trace.h"
#include "run/metrics.h"
#include "run/small_run.h"

#define PLACES 20 /* of each loop in a quick test; a long one takes all */
#define SHORT  "epochs=1"
#define STEPS  4

static iso_context *good;
static const char *reference; /* the same run without faults */
static char target[512];      /* where it is written with faults */

static bool remove_run(const char *directory) {
    DIR *dir = opendir(directory);
    for (struct dirent *entry; dir && (entry = readdir(dir));)
        if (entry->d_name[0] != '.')
            unlink(test_path(directory, entry->d_name));
    if (dir)
        closedir(dir);
    rmdir(directory);
    return access(directory, F_OK) != 0;
}

static bool set_up(void) {
    good = test_context(1);
    snprintf(target, sizeof target, "%s/fault-run", iso_test_directory());
    if (reference)
        return true;
    static char kept[512];
    const char *made = small_run(good, "fault-reference", SHORT, NULL);
    snprintf(kept, sizeof kept, "%s", made ? made : "");
    reference = made ? kept : NULL;
    return made;
}

static iso_status train_into(iso_context *ctx, const char *directory, bool resume, const iso_train_options *more) {
    static const char *const sets[] = {SHORT};
    iso_train_options options = more ? *more : (iso_train_options){.workers = 0};
    iso_train_result result;
    options.recipe = small_recipe(good);
    options.sets = sets;
    options.set_count = 1;
    options.out = directory;
    options.resume = resume;
    return iso_train(ctx, &options, &result);
}

/* ---- What a training leaves ---- */

static bool is_file_of(const char *name, const char *start, const char *end) {
    size_t size = strlen(name);
    return size > strlen(end) && strncmp(name, start, strlen(start)) == 0 && strcmp(name + size - strlen(end), end) == 0;
}

/* Equal to the reference's file of that name; or with `part` a beginning of it, but for what stands behind the last newline. */
static bool same_as_reference(const char *name, bool part) {
    size_t size, expected_size;
    uint8_t *bytes = test_read(test_path(target, name), &size), *expected = test_read(test_path(reference, name), &expected_size);
    while (part && bytes && size && bytes[size - 1] != '\n')
        size--;
    bool same = bytes && expected && (part ? size <= expected_size : size == expected_size) && memcmp(bytes, expected, size) == 0;
    free(bytes);
    free(expected);
    return iso_test_check(same, __FILE__, __LINE__, "%s is not the reference's", name);
}

/* Nothing is half-written under its own name, whatever failed: checkpoints are whole, the ledger's lines are right as far as they
 * go. */
static bool sound_so_far(const faults *f, bool began_empty) {
    DIR *dir = opendir(target);
    bool ok = true, ledger = false;
    for (struct dirent *entry; dir && ok && (entry = readdir(dir));) {
        const char *name = entry->d_name;
        ledger = ledger || strcmp(name, "run.ledger") == 0;
        if (is_file_of(name, "checkpoint-", ".safetensors"))
            ok = same_as_reference(name, false);
        else if (strcmp(name, "run.ledger") == 0)
            ok = same_as_reference(name, true);
        else if (strcmp(name, "recipe.yaml") == 0)
            ok = same_as_reference(name, false);
        else if (began_empty && !f->for_ever &&
                 is_file_of(name, "", ".part")) /* who cannot even unlink leaves it, to be overwritten */
            ok = iso_test_check(false, __FILE__, __LINE__, "%s is left behind", name);
    }
    if (dir)
        closedir(dir);
    if (ok && began_empty && !f->for_ever && dir && !ledger && strncmp(f->where, "rmdir", 5) != 0)
        ok = iso_test_check(false, __FILE__, __LINE__, "a run that did not begin left its directory behind");
    return ok;
}

/* What the clock says differs; but every step is told, and once. */
static bool metrics_are_whole(void) {
    size_t size;
    int64_t next = 1;
    char *bytes = (char *)test_read(test_path(target, ISO_METRICS_FILE), &size);
    for (char *line = bytes, *end; line && (end = memchr(line, '\n', size - (size_t)(line - bytes))); line = end + 1) {
        iso_metric metric;
        bool ok =
            iso_metric_parse(line, (size_t)(end - line), &metric) && (metric.kind != ISO_METRIC_STEP || metric.step == next++);
        next = ok ? next : -1;
    }
    bool whole = bytes && next == STEPS + 1 && size && bytes[size - 1] == '\n';
    free(bytes);
    return iso_test_check(whole, __FILE__, __LINE__, ISO_METRICS_FILE " has not every step once");
}

/* The run directory is the reference's, and nothing else is in it. */
static bool same_run(void) {
    const char *const directories[] = {reference, target};
    bool ok = true;
    for (int i = 0; i < 2 && ok; i++) {
        DIR *dir = opendir(directories[i]);
        ok = dir != NULL;
        for (struct dirent *entry; ok && (entry = readdir(dir));)
            if (entry->d_name[0] != '.' && strcmp(entry->d_name, "run.env") != 0 && strcmp(entry->d_name, ISO_TRACE_FILE) != 0 &&
                strcmp(entry->d_name, ISO_METRICS_FILE) != 0)
                ok = same_as_reference(entry->d_name, false);
        if (dir)
            closedir(dir);
    }
    return ok && metrics_are_whole();
}

/* Without faults it goes on to the same end, and all that is there can be verified. */
static bool goes_on(void) {
    iso_verify_result result;
    bool resume = access(test_path(target, "run.ledger"), F_OK) == 0;
    iso_status status = train_into(good, target, resume, NULL);
    if (!status)
        status = iso_verify(
            good, &(iso_verify_options){.directory = target, .sample = 1, .beacon = (const uint8_t *)"b", .beacon_size = 1},
            &result);
    return iso_test_check(status == ISO_OK, __FILE__, __LINE__, "%s: %s %s", resume ? "resumed" : "begun again", iso_error(good),
                          status == ISO_DIFFER ? result.finding : "") &&
           same_run();
}

static bool behind_fresh(const faults *f, iso_status status) {
    (void)status;
    return sound_so_far(f, true) && goes_on();
}
static bool behind_resumed(const faults *f, iso_status status) {
    (void)status;
    return sound_so_far(f, false) && goes_on();
}

/* ---- Training ---- */

static bool nothing_there(void) {
    return remove_run(target);
}

static bool copy(const char *name, size_t limit, const char *tail) {
    size_t size;
    uint8_t *bytes = test_read(test_path(reference, name), &size);
    size = size < limit ? size : limit;
    uint8_t *all = malloc(size + strlen(tail) + 1);
    bool ok = bytes && all;
    if (ok) {
        memcpy(all, bytes, size);
        memcpy(all + size, tail, strlen(tail));
        ok = test_write(test_path(target, name), all, size + strlen(tail));
    }
    free(all);
    free(bytes);
    return ok;
}

/* A run that died behind step 3, while it wrote a line, with half a checkpoint. */
static bool died_on_the_way(void) {
    size_t size, end = 0;
    uint8_t *ledger = test_read(test_path(reference, "run.ledger"), &size);
    const char *line = ledger ? memmem(ledger, size, "{\"kind\":\"step\",\"step\":4", 23) : NULL;
    end = line ? (size_t)(line - (const char *)ledger) : 0;
    free(ledger);
    remove_run(target);
    test_directory("fault-run");
    return end && copy("run.ledger", end, "{\"kind\":\"st") && copy("recipe.yaml", SIZE_MAX, "") &&
           copy("run.env", SIZE_MAX, "{\"star") && copy(ISO_METRICS_FILE, SIZE_MAX, "{\"kind\":\"st") &&
           copy("checkpoint-000000.safetensors", SIZE_MAX, "") && copy("checkpoint-000002.safetensors", SIZE_MAX, "") &&
           test_write(test_path(target, "checkpoint-000004.safetensors.part"), "half", 4);
}

static iso_status train(iso_context *ctx, const char *input) {
    (void)input;
    return train_into(ctx, target, false, NULL);
}
static iso_status train_ahead(iso_context *ctx, const char *input) {
    (void)input;
    return train_into(ctx, target, false, &(iso_train_options){.workers = 2, .micro_batch = 2});
}
static iso_status train_traced(iso_context *ctx, const char *input) {
    (void)input;
    return train_into(ctx, target, false, &(iso_train_options){.trace_from = 2, .trace_to = 3});
}
static iso_status resume(iso_context *ctx, const char *input) {
    (void)input;
    return train_into(ctx, target, true, NULL);
}
static iso_status resume_by_itself(iso_context *ctx, const char *input) {
    (void)input;
    iso_train_result result;
    return iso_train(ctx, &(iso_train_options){.out = target, .resume = true}, &result);
}

static bool is_whole(iso_status status) {
    (void)status;
    return same_run();
}

static void loop(fault_job job, int64_t places) {
    CHECK_MSG(set_up(), "%s", iso_error(good));
    fault_loop(&job, iso_test_long() ? 0 : places);
    iso_context_free(good);
    good = NULL;
}

ISO_TEST(training_survives_any_fault) {
    loop((fault_job){.name = "train", .prepare = nothing_there, .run = train, .right = is_whole, .behind = behind_fresh}, PLACES);
}
ISO_TEST(training_on_threads_survives_any_fault) {
    loop((fault_job){.name = "train on threads",
                     .threads = 3,
                     .prepare = nothing_there,
                     .run = train_ahead,
                     .right = is_whole,
                     .behind = behind_fresh},
         PLACES);
}
ISO_TEST(traced_training_survives_any_fault) {
    loop(
        (fault_job){
            .name = "traced training", .prepare = nothing_there, .run = train_traced, .right = is_whole, .behind = behind_fresh},
        PLACES / 2);
}
ISO_TEST(resuming_survives_any_fault) {
    loop((fault_job){.name = "resume", .prepare = died_on_the_way, .run = resume, .right = is_whole, .behind = behind_resumed},
         PLACES);
}
ISO_TEST(resuming_without_a_recipe_survives_any_fault) {
    loop((fault_job){.name = "resume by itself",
                     .prepare = died_on_the_way,
                     .run = resume_by_itself,
                     .right = is_whole,
                     .behind = behind_resumed},
         PLACES / 2);
}

ISO_TEST(training_with_a_cache_survives_any_fault) {
    char cache[512];
    snprintf(cache, sizeof cache, "%s/fault-cache", iso_test_directory());
    loop((fault_job){.name = "train with a cache",
                     .cache = cache,
                     .prepare = nothing_there,
                     .run = train,
                     .right = is_whole,
                     .behind = behind_fresh},
         PLACES / 2);
}

ISO_TEST(interrupted_and_short_reads_and_writes_change_nothing) {
    CHECK_MSG(set_up(), "%s", iso_error(good));
    fault_interruptions(&(fault_job){.name = "interrupted training", .prepare = nothing_there, .run = train, .right = is_whole});
    fault_interruptions(&(fault_job){.name = "interrupted resume", .prepare = died_on_the_way, .run = resume, .right = is_whole});
    iso_context_free(good);
}

/* ---- Verifying ---- */

static iso_verify_result verified;
static iso_verify_options asked;

static iso_status verify(iso_context *ctx, const char *input) {
    asked.directory = input;
    verified.finding[0] = 0;
    return iso_verify(ctx, &asked, &verified);
}

static bool all_followed(iso_status status) {
    (void)status;
    /* A segment whose checkpoint could be read once but not again begins at the one before, with 2 steps more. */
    bool steps = asked.sample ? verified.steps == 2 || verified.steps == STEPS : verified.steps == STEPS;
    return steps && verified.finding[0] == 0 && verified.missing == 0;
}

/* A fault of the machine that verifies never passes for one of the run. */
ISO_TEST(verification_survives_any_fault) {
    char directory[512];
    CHECK_MSG(set_up(), "%s", iso_error(good));
    const char *made = small_run(good, "fault-verified", SHORT, &(iso_train_options){.trace_from = 2, .trace_to = 3});
    CHECK_MSG(made, "%s", iso_error(good));
    snprintf(directory, sizeof directory, "%s", made);
    iso_context_free(good);
    asked = (iso_verify_options){.workers = 0};
    loop((fault_job){.name = "verify", .run = verify, .right = all_followed, .input = directory}, PLACES);
    asked = (iso_verify_options){.sample = 1, .beacon = (const uint8_t *)"beacon", .beacon_size = 6, .workers = 2};
    loop((fault_job){.name = "verify a sample", .threads = 2, .run = verify, .right = all_followed, .input = directory},
         PLACES / 2);
}

static const char *damaged_file;
static bool damage_is_named(iso_status status) {
    return status == ISO_DIFFER && strstr(verified.finding, damaged_file);
}

ISO_TEST(verification_of_a_damaged_run_survives_any_fault) {
    char directory[512];
    CHECK_MSG(set_up(), "%s", iso_error(good));
    const char *made = small_run(good, "fault-damaged", SHORT, NULL);
    CHECK_MSG(made, "%s", iso_error(good));
    snprintf(directory, sizeof directory, "%s", made);
    iso_context_free(good);
    static const char *const files[] = {"checkpoint-000002.safetensors", "recipe.yaml", "run.ledger"};
    asked = (iso_verify_options){.workers = 0};
    for (int i = 0; i < 3; i++) {
        size_t size;
        damaged_file = files[i];
        uint8_t *bytes = test_read(test_path(directory, files[i]), &size);
        CHECK(bytes);
        bytes[size / 2] ^= 1;
        CHECK(test_write(test_path(directory, files[i]), bytes, size));
        loop((fault_job){.name = files[i], .expected = ISO_DIFFER, .run = verify, .right = damage_is_named, .input = directory},
             PLACES / 2);
        bytes[size / 2] ^= 1;
        CHECK(test_write(test_path(directory, files[i]), bytes, size));
        free(bytes);
    }
}

/* ---- Comparing ---- */

static char *text;
static char due[8192]; /* the report without faults */
static char other[512];
static bool as_json;

static iso_status diff(iso_context *ctx, const char *input) {
    char *report;
    iso_status status = iso_diff(ctx, input, other, as_json, &report);
    free(text);
    text = report ? strdup(report) : NULL;
    iso_string_free(ctx, report);
    return status;
}

/* The whole report; or, where the step could not be taken again for a fault of the disk, one that says so. */
static bool report_is_due(iso_status status) {
    (void)status;
    if (text && !due[0])
        snprintf(due, sizeof due, "%s", text);
    if (!text)
        return false;
    const char *cause = strstr(text, "could not be taken again: "), *first = strstr(due, as_json ? "\"step\"" : "  step");
    return strcmp(text, due) == 0 || (cause && strchr(cause, '/') && first && strncmp(text, due, (size_t)(first - due)) == 0);
}

static void compare(const char *name, const char *a, const char *b, bool json, iso_status expected) {
    snprintf(other, sizeof other, "%s", b);
    as_json = json;
    due[0] = 0;
    loop((fault_job){.name = name, .expected = expected, .run = diff, .right = report_is_due, .input = a}, PLACES / 2);
    free(text);
    text = NULL;
}

ISO_TEST(comparing_survives_any_fault) {
    char a[512], b[512], c[512];
    CHECK_MSG(set_up(), "%s", iso_error(good));
    const iso_train_options traced = {.trace_from = 1};
    const char *made = small_run(good, "fault-diff-a", SHORT, &traced);
    CHECK_MSG(made, "%s", iso_error(good));
    snprintf(a, sizeof a, "%s", made);
    snprintf(b, sizeof b, "%s/fault-diff-b", iso_test_directory());
    static const char *const sets[] = {SHORT, "optimizer=SGD(lr=0.04, momentum=0.9)"};
    iso_train_result result;
    CHECK_OK(good, iso_train(good,
                             &(iso_train_options){
                                 .recipe = small_recipe(good), .sets = sets, .set_count = 2, .out = b, .trace_from = 1},
                             &result));
    iso_context_free(good);
    compare("diff of equal runs", a, reference, false, ISO_OK);
    compare("diff", a, b, false, ISO_DIFFER);
    compare("diff as JSON", a, b, true, ISO_DIFFER);
    unlink(test_path(a, ISO_TRACE_FILE));
    compare("diff without traces", a, b, false, ISO_DIFFER);
    snprintf(c, sizeof c, "%s/trace", b);
    compare("diff of traces", c, c, false, ISO_OK);
}

/* ---- Evaluating, batches ---- */

static uint8_t digest[2][ISO_DIGEST_SIZE];
static bool known;

static bool digest_is_due(iso_status status) {
    (void)status;
    if (!known)
        memcpy(digest[1], digest[0], sizeof digest[0]);
    known = true;
    return memcmp(digest[0], digest[1], sizeof digest[0]) == 0;
}

static iso_status evaluate(iso_context *ctx, const char *input) {
    iso_evaluate_result result;
    iso_status status = iso_evaluate(
        ctx, &(iso_evaluate_options){.recipe = small_recipe(good), .sets = &input, .set_count = 1, .workers = 1}, &result);
    iso_tensor_free(ctx, result.logits);
    memcpy(digest[0], result.digest, sizeof digest[0]);
    return status;
}

static iso_status take_batch(iso_context *ctx, const char *input) {
    iso_tensor *x, *labels;
    iso_status status = iso_recipe_batch(ctx, small_recipe(good), NULL, 0, 1, 2, &x, &labels);
    if (!status)
        status = iso_tensor_digest(ctx, x, digest[0]);
    if (!status)
        status = iso_tensor_write_npy(ctx, x, input);
    iso_tensor_free(ctx, x);
    iso_tensor_free(ctx, labels);
    return status ? status : iso_recipe_batch_png(ctx, small_recipe(good), NULL, 0, 1, 2, input);
}

ISO_TEST(evaluation_and_batches_survive_any_fault) {
    char weights[600], file[512];
    CHECK_MSG(set_up(), "%s", iso_error(good));
    iso_context_free(good);
    snprintf(weights, sizeof weights, "weights=%s/checkpoint-000004.safetensors", reference);
    known = false;
    loop((fault_job){.name = "eval", .threads = 2, .run = evaluate, .right = digest_is_due, .input = weights}, PLACES);
    snprintf(file, sizeof file, "%s/fault.npy", iso_test_directory());
    known = false;
    loop((fault_job){.name = "batch", .run = take_batch, .right = digest_is_due, .input = file}, PLACES);
}
