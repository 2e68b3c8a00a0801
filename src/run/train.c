/* iso_train: a run from its recipe, or on from where it stopped. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/file.h"
#include "run/cause.h"
#include "run/position.h"
#include "run/session.h"

struct training {
    iso_context *ctx;
    const iso_train_options *options;
    iso_train_result *result;
    char *root; /* absolute: where the recipe's paths start */
    iso_recipe *recipe;
    iso_trainer *trainer;
    iso_ledger *ledger;
    iso_trace *trace;
    iso_metrics *metrics;
    iso_session session;
    bool made_directory, made_run; /* by this call: taken away again if the run does not begin */
};

/* ---- Where the run lies ---- */

/* runs/NAME, runs/NAME-2, ...: the first that is free; for a resume the last that is not. */
static iso_status default_directory(struct training *t) {
    const char *name = iso_path_name(t->options->recipe);
    size_t size = strcspn(name, ".");
    char *free_one = t->result->directory, last[sizeof t->result->directory] = "";
    for (int number = 1; number < 1000000; number++) {
        if (number == 1)
            snprintf(free_one, sizeof last, "runs/%.*s", (int)size, name);
        else
            snprintf(free_one, sizeof last, "runs/%.*s-%d", (int)size, name, number);
        if (!iso_file_exists(t->ctx, free_one))
            break;
        memcpy(last, free_one, sizeof last);
    }
    if (!t->options->resume)
        return ISO_OK;
    if (!last[0])
        return iso_fail(t->ctx, ISO_EINVAL, "there is no run to resume in %s; name it with --out", free_one);
    memcpy(free_one, last, sizeof last);
    return ISO_OK;
}

static iso_status choose_directory(struct training *t) {
    if (!t->options->out)
        return default_directory(t);
    if (strlen(t->options->out) >= sizeof t->result->directory)
        return iso_fail(t->ctx, ISO_EINVAL, "--out: the name of the run directory has %zu bytes, expected %zu at most",
                        strlen(t->options->out), sizeof t->result->directory - 1);
    snprintf(t->result->directory, sizeof t->result->directory, "%s", t->options->out);
    return ISO_OK;
}

static char *in_directory(struct training *t, const char *name) {
    return iso_path_join(t->ctx, t->result->directory, name);
}

/* A run that did not begin leaves nothing behind. */
static void take_away(struct training *t) {
    static const char *const files[] = {"run.ledger",   "run.env",       "recipe.yaml", "checkpoint-000000.safetensors",
                                        ISO_TRACE_FILE, ISO_METRICS_FILE};
    char message[sizeof t->ctx->error];
    memcpy(message, t->ctx->error, sizeof message);
    for (size_t i = 0; i < ISO_COUNTOF(files) && t->made_run; i++) {
        char *path = in_directory(t, files[i]);
        if (path)
            t->ctx->files.unlink(t->ctx->files.user, path);
        iso_free(t->ctx, path);
    }
    if (t->made_directory)
        t->ctx->files.rmdir(t->ctx->files.user, t->result->directory);
    memcpy(t->ctx->error, message, sizeof message);
}

/* ---- Recipe ---- */

static iso_status load_recipe(struct training *t) {
    iso_context *ctx = t->ctx;
    const iso_train_options *o = t->options;
    iso_status status;
    if (o->recipe)
        status = iso_recipe_load(ctx, o->recipe, o->sets, o->set_count, &t->recipe);
    else {
        char *path = in_directory(t, "recipe.yaml");
        status = path ? iso_environment_root(ctx, t->result->directory, &t->root) : ISO_ENOMEM;
        if (!status)
            status = iso_recipe_load(ctx, path, o->sets, o->set_count, &t->recipe);
        iso_free(ctx, path);
        if (!status) { /* its paths start where the first recipe lay, not in the run directory */
            iso_free(ctx, t->recipe->directory);
            t->recipe->directory = iso_strdup(ctx, t->root);
            status = t->recipe->directory ? ISO_OK : ISO_ENOMEM;
        }
        return status;
    }
    if (status)
        return status;
    char *absolute = realpath(t->recipe->directory, NULL);
    t->root = iso_strdup(ctx, absolute ? absolute : t->recipe->directory);
    free(absolute);
    return t->root ? ISO_OK : ISO_ENOMEM;
}

/* ---- Beginning and resuming ---- */

/* The recipe's copy, and what may differ with its digest. */
static iso_status describe_run(struct training *t) {
    char *path = in_directory(t, "recipe.yaml");
    iso_slice slice = {t->recipe->normalised, strlen(t->recipe->normalised)};
    iso_status status = path ? iso_file_write_atomic(t->ctx, path, &slice, 1) : ISO_ENOMEM;
    iso_free(t->ctx, path);
    return status ? status
                  : iso_environment_append(t->ctx, t->result->directory, t->root, t->options->workers, t->recipe->micro_batch,
                                           t->recipe->normalised);
}

static iso_status begin(struct training *t) {
    iso_context *ctx = t->ctx;
    const char *directory = t->result->directory;
    t->made_directory = !iso_file_exists(ctx, directory);
    iso_status status = iso_file_make_directories(ctx, directory);
    if (!status)
        status = iso_ledger_open(ctx, directory, ISO_LEDGER_CREATE, &t->ledger);
    if (status)
        return status;
    t->made_run = true;
    status = describe_run(t);
    t->session.ledger = t->ledger;
    if (!status)
        status = iso_trainer_start(t->trainer);
    if (!status)
        status = iso_session_header(&t->session);
    if (!status)
        status = iso_session_checkpoint(&t->session);
    return status;
}

static const iso_diff_names run_and_here = {"in the run", "here"};

static iso_status refuse(struct training *t, const iso_diff_cause *cause) {
    bool program = strcmp(cause->kind, "contract") == 0 || strcmp(cause->kind, "program version") == 0;
    return iso_fail(t->ctx, ISO_EINVAL,
                    "%s is the run of another %s: %s: %s; expected the one that it began with, or another --out",
                    t->result->directory, program ? "program" : "experiment", cause->kind, cause->detail);
}

/* Is this recipe the run's? Before the data are read, which may take a while. */
static iso_status compare_recipe(struct training *t) {
    iso_json header = {.kind = ISO_JSON_NULL};
    iso_diff_cause cause;
    if (t->ledger->count == 0)
        return ISO_OK;
    iso_status status = iso_ledger_parse(t->ledger, 0, &header);
    const char *recorded = status ? NULL : iso_json_string(&header, "recipe");
    if (recorded && iso_diff_recipes(recorded, t->recipe->experiment, true, &run_and_here, &cause))
        status = refuse(t, &cause);
    iso_json_free(t->ctx, &header);
    return status;
}

/* The header is not the ledger's, which already has a message: what differs, and may be a cause, makes a better one. */
static iso_status compare_header(struct training *t) {
    iso_json recorded = {.kind = ISO_JSON_NULL}, found = {.kind = ISO_JSON_NULL};
    iso_diff_cause cause = {.kind = NULL};
    iso_text line = iso_ledger_begin(t->ledger, "header");
    iso_status status = iso_session_write_header(&t->session, &line);
    iso_text_puts(&line, "}");
    if (!status)
        status = iso_text_ok(&line) ? iso_json_parse(t->ctx, line.data, line.size, &found) : ISO_ENOMEM;
    if (!status && !(status = iso_ledger_parse(t->ledger, 0, &recorded)))
        iso_diff_find_cause(&recorded, &found, &run_and_here, &cause);
    if (!status)
        status = cause.kind ? refuse(t, &cause) : ISO_DIFFER;
    iso_json_free(t->ctx, &recorded);
    iso_json_free(t->ctx, &found);
    iso_text_free(&line);
    return status;
}

/* A damaged or missing checkpoint is named and the one before is taken. */
static iso_status load_newest_checkpoint(struct training *t) {
    size_t line;
    iso_status status = iso_position_newest(t->trainer, t->result->directory, t->ledger, INT64_MAX, t->options->progress,
                                            t->options->user, &line);
    iso_ledger_seek(t->ledger, line ? line + 1 : 0);
    if (status || line)
        return status;
    status = iso_session_header(&t->session);
    return status ? status : iso_session_checkpoint(&t->session);
}

/* What a start that was killed was writing. Half a checkpoint is written again anyway. */
static void sweep(struct training *t) {
    static const char *const names[] = {"recipe.yaml.part", "run.env.part", ISO_TRACE_FILE ".part"};
    for (size_t i = 0; i < ISO_COUNTOF(names); i++) {
        char path[sizeof t->result->directory + 32];
        snprintf(path, sizeof path, "%s/%s", t->result->directory, names[i]);
        t->ctx->files.unlink(t->ctx->files.user, path);
    }
}

static iso_status resume(struct training *t) {
    iso_status status = ISO_OK;
    sweep(t);
    t->session.ledger = t->ledger;
    /* The header first: is this the experiment that the ledger records? */
    if (t->ledger->count) {
        status = iso_session_header(&t->session);
        if (status == ISO_DIFFER)
            status = compare_header(t);
    }
    if (!status && t->ledger->count == 0) /* it died before it began: neither of the two need be there */
        status = describe_run(t);
    else if (!status)
        status = iso_environment_append(t->ctx, t->result->directory, t->root, t->options->workers, t->recipe->micro_batch, NULL);
    if (!status)
        status = load_newest_checkpoint(t);
    if (!status && t->options->progress)
        t->options->progress(t->options->user, &(iso_progress){.kind = ISO_PROGRESS_RESUMED,
                                                               .total = t->trainer->steps,
                                                               .done = iso_trainer_counter(t->trainer, ISO_COUNTER_STEP)});
    return status;
}

/* ---- The whole ---- */

/* What a run that was complete already, or was resumed behind its last evaluation, recorded. */
static void recorded_results(struct training *t) {
    iso_ledger *l = t->ledger;
    bool want_eval = t->result->test_count == 0, want_loss = t->session.loss == 0;
    for (size_t i = l->count; i-- > 0 && (want_eval || want_loss);) {
        bool eval = want_eval && iso_ledger_is(l, i, "eval"), step = want_loss && iso_ledger_is(l, i, "step");
        uint8_t bits[4];
        iso_json line;
        if ((!eval && !step) || iso_ledger_parse(l, i, &line))
            continue;
        if (eval) {
            t->result->test_count = iso_json_int(&line, "count", 0);
            t->result->test_correct = iso_json_int(&line, "correct", 0);
            want_eval = false;
        } else if (iso_hex_bytes(iso_json_string(&line, "loss"), bits, sizeof bits)) {
            uint32_t word = (uint32_t)bits[0] << 24 | (uint32_t)bits[1] << 16 | (uint32_t)bits[2] << 8 | bits[3];
            memcpy(&t->result->loss, &word, sizeof word);
            want_loss = false;
        }
        iso_json_free(t->ctx, &line);
    }
}

static void fill_result(struct training *t) {
    iso_train_result *r = t->result;
    memcpy(r->digest, t->ledger->head, sizeof r->digest);
    r->steps = iso_trainer_counter(t->trainer, ISO_COUNTER_STEP);
    r->epochs = iso_trainer_counter(t->trainer, ISO_COUNTER_EPOCH);
    r->loss = t->session.loss;
    r->test_count = t->session.eval.count;
    r->test_correct = t->session.eval.correct;
    recorded_results(t);
}

static iso_status prepare_trace(struct training *t) {
    char *path = in_directory(t, ISO_TRACE_FILE);
    iso_status status = path ? iso_trace_new(t->ctx, &t->trace) : ISO_ENOMEM;
    if (!status)
        status = iso_trace_prepare(t->ctx, path, iso_trainer_counter(t->trainer, ISO_COUNTER_STEP));
    t->session.trace = t->trace;
    t->session.trace_from = t->options->trace_from;
    t->session.trace_to = t->options->trace_to > t->options->trace_from ? t->options->trace_to : t->options->trace_from;
    iso_free(t->ctx, path);
    return status;
}

static iso_status train(struct training *t) {
    const iso_train_options *o = t->options;
    iso_status status = choose_directory(t);
    if (!status && o->resume) /* before the data are read, which may take a while */
        status = iso_ledger_open(t->ctx, t->result->directory, ISO_LEDGER_RESUME, &t->ledger);
    if (!status && !o->resume && o->out) {
        struct stat info;
        bool exists = false;
        char *path = in_directory(t, "run.ledger");
        status = path ? iso_file_stat(t->ctx, path, &info, &exists) : ISO_ENOMEM;
        if (exists)
            status =
                iso_fail(t->ctx, ISO_EINVAL, "%s: exists already; use --resume to go on with that run, or another --out", path);
        iso_free(t->ctx, path);
    }
    if (!status)
        status = load_recipe(t);
    if (!status && o->resume)
        status = compare_recipe(t);
    if (!status && o->micro_batch)
        t->recipe->micro_batch = o->micro_batch;
    if (!status)
        status = iso_trainer_new(t->ctx, t->recipe, o->workers, o->progress, o->user, &t->trainer);
    if (!status && o->trace_from > t->trainer->steps)
        status = iso_fail(t->ctx, ISO_EINVAL, "--trace %lld: the run has %lld steps, expected one of them",
                          (long long)o->trace_from, (long long)t->trainer->steps);
    if (status)
        return status;
    t->session = (iso_session){.ctx = t->ctx,
                               .directory = t->result->directory,
                               .trainer = t->trainer,
                               .writes = true,
                               .until = t->trainer->steps,
                               .progress = o->progress,
                               .user = o->user};
    status = o->resume ? resume(t) : begin(t);
    if (!status && o->trace_from)
        status = prepare_trace(t);
    if (!status && (!o->no_metrics || o->tensorboard))
        status = iso_metrics_open(o->no_metrics ? NULL : t->result->directory, o->tensorboard, t->trainer, &t->metrics);
    t->session.metrics = t->metrics;
    if (status) {
        take_away(t);
        return status;
    }
    status = iso_session_run(&t->session);
    if (status == ISO_DIFFER)
        return iso_fail_at(t->ctx, status, "%s/run.ledger does not follow from its own checkpoint", t->result->directory);
    if (!status)
        fill_result(t);
    return status;
}

iso_status iso_train(iso_context *ctx, const iso_train_options *options, iso_train_result *result) {
    struct training t = {.ctx = ctx, .options = options, .result = result};
    memset(result, 0, sizeof *result);
    iso_status status = train(&t);
    iso_metrics_close(t.metrics);
    iso_trace_free(t.trace);
    iso_trainer_free(t.trainer);
    iso_ledger_close(t.ledger);
    iso_recipe_free(t.recipe);
    iso_free(ctx, t.root);
    return status;
}
