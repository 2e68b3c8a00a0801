#include "run/session.h"

#include <stdio.h>
#include <string.h>

#include "core/file.h"

void iso_checkpoint_name(int64_t step, char name[64]) {
    snprintf(name, 64, "checkpoint-%06lld.safetensors", (long long)step);
}

static void tell(iso_session *s, const iso_progress *progress) {
    if (s->progress)
        s->progress(s->user, progress);
}

/* ---- Lines ---- */

/* Names, types and shapes of the whole state: what the model is, whatever its numbers are. */
static iso_status model_digest(iso_session *s, uint8_t digest[ISO_BLAKE3_SIZE]) {
    iso_text text = iso_text_new(s->ctx);
    const iso_state *state = s->trainer->state;
    for (size_t i = 0; i < state->count; i++) {
        const iso_tensor *tensor = state->entries[i].tensor;
        iso_text_printf(&text, "%s %s", state->entries[i].name, iso_dtype_name(tensor->dtype));
        for (int j = 0; j < tensor->dims; j++)
            iso_text_printf(&text, " %lld", (long long)tensor->shape[j]);
        iso_text_puts(&text, "\n");
    }
    bool ok = iso_text_ok(&text);
    iso_blake3(text.data, text.size, digest);
    iso_text_free(&text);
    return ok ? ISO_OK : ISO_ENOMEM;
}

static void write_files(iso_text *line, const iso_data_file *files, size_t count) {
    for (size_t i = 0; i < count; i++) {
        iso_text_puts(line, i ? ",[" : "[");
        iso_text_json(line, files[i].name, strlen(files[i].name));
        iso_text_printf(line, ",%lld,\"", (long long)files[i].size);
        iso_text_hex(line, files[i].digest, sizeof files[i].digest);
        iso_text_puts(line, "\"]");
    }
}

void iso_session_write_data(iso_text *line, const char *key, const iso_dataset *d) {
    iso_text_printf(line, ",\"%s\":{\"images\":%zu,\"pixels\":\"", key, d->count);
    iso_text_hex(line, d->pixel_digest, sizeof d->pixel_digest);
    iso_text_puts(line, "\",\"classes\":[");
    for (size_t i = 0; i < d->class_count; i++) {
        iso_text_puts(line, i ? "," : "");
        iso_text_json(line, d->classes[i], strlen(d->classes[i]));
    }
    iso_text_puts(line, "],\"files\":[");
    write_files(line, d->files, d->file_count);
    if (d->skipped_count) {
        iso_text_puts(line, "],\"skipped\":[");
        write_files(line, d->skipped, d->skipped_count);
    }
    iso_text_puts(line, "]}");
}

iso_status iso_session_write_header(iso_session *s, iso_text *line) {
    const iso_recipe *recipe = s->trainer->recipe;
    uint8_t model[ISO_BLAKE3_SIZE];
    iso_status status = model_digest(s, model);
    if (status)
        return status;
    char seed[24], stream[ISO_TORCH_NAME_SIZE];
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)recipe->seed);
    iso_ledger_text(line, "format", "isobit-ledger-1");
    iso_ledger_text(line, "digest", "blake3-256");
    iso_ledger_int(line, "contract", ISO_CONTRACT_VERSION);
    iso_ledger_text(line, "version", ISO_VERSION);
    iso_ledger_text(line, "seed", seed); /* up to 2^64 - 1, which many readers of JSON numbers would round */
    iso_ledger_text(line, "stream", iso_torch_variant_name(recipe->variant, stream));
    iso_ledger_text(line, "recipe", recipe->experiment);
    iso_ledger_hex(line, "model", model, sizeof model);
    if (s->trainer->weights)
        iso_ledger_hex(line, "weights", s->trainer->weights->digest, sizeof s->trainer->weights->digest);
    iso_session_write_data(line, "train", s->trainer->train);
    if (s->trainer->test && !s->trainer->whole)
        iso_session_write_data(line, "test", s->trainer->test);
    iso_ledger_int(line, "steps", s->trainer->steps);
    iso_ledger_int(line, "digest_every", s->trainer->digest_every);
    iso_ledger_int(line, "checkpoint_every", recipe->checkpoint);
    return ISO_OK;
}

iso_status iso_session_header(iso_session *s) {
    iso_text line = iso_ledger_begin(s->ledger, "header");
    iso_status status = iso_session_write_header(s, &line);
    if (status)
        iso_text_free(&line);
    else if (!(status = iso_ledger_put(s->ledger, &line)))
        status = iso_ledger_sync(s->ledger);
    return status;
}

static iso_status put_step(iso_session *s, const iso_step_record *r) {
    iso_text line = iso_ledger_begin(s->ledger, "step");
    iso_ledger_int(&line, "step", r->step);
    iso_ledger_int(&line, "epoch", r->epoch);
    if (r->digested)
        iso_ledger_hex(&line, "batch", r->batch, sizeof r->batch);
    iso_ledger_f32(&line, "loss", r->loss);
    iso_ledger_f64(&line, "lr", r->lr);
    if (r->digested)
        iso_ledger_hex(&line, "state", r->state, sizeof r->state);
    return iso_ledger_put(s->ledger, &line);
}

static iso_status put_nan_stop(iso_session *s, const iso_step_record *r) {
    iso_text line = iso_ledger_begin(s->ledger, "nan-stop");
    iso_ledger_int(&line, "step", r->step);
    iso_ledger_text(&line, "tensor", r->nan_tensor);
    iso_ledger_int(&line, "index", r->nan_index);
    iso_ledger_hex(&line, "batch", r->batch, sizeof r->batch);
    iso_status status = iso_ledger_put(s->ledger, &line);
    if (!status)
        status = iso_ledger_sync(s->ledger);
    return status
               ? status
               : iso_fail(s->ctx, ISO_ENAN, "the numbers stopped at step %lld (epoch %lld): the first NaN is in %s, element %lld",
                          (long long)r->step, (long long)r->epoch, r->nan_tensor, (long long)r->nan_index);
}

static iso_status put_eval(iso_session *s, const iso_eval_record *r) {
    iso_text line = iso_ledger_begin(s->ledger, "eval");
    iso_ledger_int(&line, "step", r->step);
    iso_ledger_int(&line, "epoch", r->epoch);
    iso_ledger_int(&line, "count", r->count);
    iso_ledger_int(&line, "correct", r->correct);
    iso_ledger_f32(&line, "loss", r->loss);
    return iso_ledger_put(s->ledger, &line);
}

/* ---- Checkpoints ---- */

static iso_status put_checkpoint(iso_session *s, int64_t step, const char *name, int64_t size,
                                 const uint8_t digest[ISO_BLAKE3_SIZE]) {
    iso_text line = iso_ledger_begin(s->ledger, "ckpt");
    iso_ledger_int(&line, "step", step);
    iso_ledger_text(&line, "file", name);
    iso_ledger_int(&line, "size", size);
    iso_ledger_hex(&line, "digest", digest, ISO_BLAKE3_SIZE);
    iso_status status = iso_ledger_tensors(&line, s->trainer->state);
    if (!status)
        return iso_ledger_put(s->ledger, &line);
    iso_text_free(&line);
    return status;
}

/* The file's bytes are a function of the state, so its digest is known without the file: a comparison needs no writing. */
iso_status iso_session_checkpoint(iso_session *s) {
    const iso_trainer *t = s->trainer;
    int64_t step = iso_trainer_counter(t, ISO_COUNTER_STEP), size = 0;
    char name[64];
    uint8_t digest[ISO_BLAKE3_SIZE];
    iso_checkpoint_name(step, name);
    char *path = iso_path_join(s->ctx, s->directory, name);
    if (!path)
        return ISO_ENOMEM;
    /* A resumed run starts at its newest sound checkpoint, so where there is a line already the file is missing or damaged: it is
     * written anew, once the line was found to be right. */
    bool mend = s->writes && s->ledger->position < s->ledger->count;
    iso_status status = iso_ledger_sync(s->ledger); /* the steps before it are durable first */
    if (!status)
        status = iso_safetensors_write(s->ctx, s->writes && !mend ? path : NULL, t->state, digest, &size);
    if (!status)
        status = put_checkpoint(s, step, name, size, digest);
    if (!status && mend)
        status = iso_safetensors_write(s->ctx, path, t->state, digest, &size);
    iso_free(s->ctx, path);
    return status ? status : iso_ledger_sync(s->ledger);
}

static bool checkpoint_due(const iso_trainer *t) {
    int64_t step = iso_trainer_counter(t, ISO_COUNTER_STEP), every = t->recipe->checkpoint;
    return step == t->steps || (every ? step % every == 0 : iso_trainer_counter(t, ISO_COUNTER_BATCH) == 0);
}

/* ---- Traces ---- */

static bool is_traced(const iso_session *s, int64_t step) {
    return s->trace && ((step >= s->trace_from && step <= s->trace_to) || iso_trace_find(s->recorded, step));
}

/* What the trace of a verified run says of this step. */
static void compare_trace(iso_session *s) {
    const iso_trace_step *recorded = iso_trace_find(s->recorded, s->trace->step.step);
    int64_t at = iso_trace_difference(recorded, &s->trace->step);
    if (at < 0 || s->trace_finding[0])
        return;
    const iso_trace_step *longer = (size_t)at < recorded->count ? recorded : &s->trace->step;
    iso_trace_describe(&longer->entries[at], s->trace_finding, sizeof s->trace_finding);
    s->trace_step = recorded->step;
}

static iso_status put_trace(iso_session *s) {
    if (s->recorded) {
        compare_trace(s);
        return s->trace->status;
    }
    char *path = iso_path_join(s->ctx, s->directory, ISO_TRACE_FILE);
    iso_status status = path ? iso_trace_append(s->trace, path) : ISO_ENOMEM;
    iso_free(s->ctx, path);
    return status;
}

/* ---- The run ---- */

static iso_status take_step(iso_session *s) {
    iso_trainer *t = s->trainer;
    double start = iso_metrics_clock();
    iso_step_record record;
    bool traced = is_traced(s, iso_trainer_counter(t, ISO_COUNTER_STEP) + 1);
    t->trace = traced ? s->trace : NULL;
    iso_status status = iso_trainer_step(t, &record);
    t->trace = NULL;
    if (!status && traced)
        status = put_trace(s);
    if (status)
        return status;
    if (record.nan_tensor[0])
        return put_nan_stop(s, &record);
    s->loss = record.loss;
    if (!(status = put_step(s, &record)) && s->metrics)
        status = iso_metrics_step(s->metrics, &record, iso_metrics_clock() - start);
    if (status)
        return status;
    tell(s, &(iso_progress){.kind = ISO_PROGRESS_STEP,
                            .done = record.step,
                            .total = t->steps,
                            .epoch = record.epoch,
                            .epochs = t->recipe->epochs,
                            .samples = record.samples,
                            .loss = record.loss});
    /* The last batch of an epoch: the evaluation belongs before its checkpoint. */
    if (iso_trainer_counter(t, ISO_COUNTER_BATCH) < t->steps_per_epoch && checkpoint_due(t))
        status = iso_session_checkpoint(s);
    if (!status && atomic_load(&s->ctx->interrupted)) {
        status = iso_ledger_sync(s->ledger);
        if (!status)
            status = iso_fail(s->ctx, ISO_EINTERRUPT, "interrupted behind step %lld of %lld; go on with --resume --out %s",
                              (long long)record.step, (long long)t->steps, s->directory);
    }
    return status;
}

static iso_status end_epoch(iso_session *s) {
    iso_trainer *t = s->trainer;
    iso_eval_record record;
    double start = iso_metrics_clock();
    iso_status status = iso_trainer_end_epoch(t, &record);
    if (!status && record.count) {
        s->eval = record;
        if (!(status = put_eval(s, &record)) && s->metrics)
            status = iso_metrics_eval(s->metrics, &record, iso_metrics_clock() - start);
        if (!status)
            tell(s, &(iso_progress){.kind = ISO_PROGRESS_EVAL,
                                    .done = record.step,
                                    .total = t->steps,
                                    .epoch = record.epoch,
                                    .epochs = t->recipe->epochs,
                                    .loss = record.loss,
                                    .accuracy = (double)record.correct / (double)record.count});
    }
    return !status && checkpoint_due(t) ? iso_session_checkpoint(s) : status;
}

iso_status iso_session_run(iso_session *s) {
    iso_trainer *t = s->trainer;
    iso_status status = ISO_OK;
    while (!status && iso_trainer_counter(t, ISO_COUNTER_STEP) < s->until) {
        status = iso_trainer_begin_epoch(t);
        while (!status && iso_trainer_counter(t, ISO_COUNTER_BATCH) < t->steps_per_epoch &&
               iso_trainer_counter(t, ISO_COUNTER_STEP) < s->until)
            status = take_step(s);
        if (!status && iso_trainer_counter(t, ISO_COUNTER_BATCH) == t->steps_per_epoch)
            status = end_epoch(s);
    }
    if (status || iso_trainer_counter(t, ISO_COUNTER_STEP) < t->steps)
        return status;
    iso_text line = iso_ledger_begin(s->ledger, "end");
    iso_ledger_int(&line, "step", t->steps);
    status = iso_ledger_put(s->ledger, &line);
    return status ? status : iso_ledger_sync(s->ledger);
}
