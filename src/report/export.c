/* What other tools read. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/file.h"
#include "expr/expr.h"
#include "isobit/report.h"
#include "ledger/tensorboard.h"
#include "report/history.h"
#include "run/session.h"

/* ---- Metrics as lines ---- */

/* A row is a step; the columns, in both formats. */
static const char *const columns[] = {"step",    "epoch",     "loss",         "lr",         "gradient_norm", "images",
                                      "seconds", "test_loss", "test_correct", "test_count", "test_accuracy"};

struct row {
    iso_text *out;
    bool json;
    size_t column;
};

static void next_column(struct row *r) {
    if (r->json)
        iso_text_printf(r->out, "%s\"%s\": ", r->column ? ", " : "{", columns[r->column]);
    else
        iso_text_puts(r->out, r->column ? "," : "");
    r->column++;
}
static void put_number(struct row *r, double value, bool single) {
    next_column(r);
    if (!isfinite(value)) /* unknown: nothing, as spreadsheets and pandas have it; JSON has one word for it */
        iso_text_puts(r->out, r->json ? "null" : isinf(value) ? value < 0 ? "-inf" : "inf" : "");
    else if (single)
        iso_write_repr_f32(r->out, (float)value);
    else
        iso_write_repr(r->out, value);
}
static void put_int(struct row *r, int64_t value, bool known) {
    next_column(r);
    if (known)
        iso_text_printf(r->out, "%lld", (long long)value);
    else
        iso_text_puts(r->out, r->json ? "null" : "");
}

static void put_step(struct row *r, const iso_history_step *s, const iso_history_eval *e) {
    bool measured = !isnan(s->seconds);
    r->column = 0;
    put_int(r, s->step, true);
    put_int(r, s->epoch, true);
    put_number(r, (double)s->loss, true);
    put_number(r, s->lr, false);
    put_number(r, s->gradient_norm, true);
    put_int(r, s->images, measured);
    put_number(r, s->seconds, false);
    put_number(r, e ? (double)e->loss : NAN, true);
    put_int(r, e ? e->correct : 0, e != NULL);
    put_int(r, e ? e->count : 0, e != NULL);
    put_number(r, e && e->count ? (double)e->correct / (double)e->count : NAN, false);
    iso_text_puts(r->out, r->json ? "}\n" : "\n");
}

static iso_status write_metrics(iso_context *ctx, const char *directory, iso_export_format format, iso_text *out) {
    iso_history h;
    size_t next = 0;
    struct row row = {out, format == ISO_EXPORT_JSONL, 0};
    iso_status status = iso_history_read(ctx, directory, &h);
    for (size_t i = 0; !status && !row.json && i < ISO_COUNTOF(columns); i++)
        iso_text_printf(out, "%s%s", columns[i], i + 1 < ISO_COUNTOF(columns) ? "," : "\n");
    for (size_t i = 0; !status && i < h.step_count; i++) {
        while (next < h.eval_count && h.evals[next].step < h.steps[i].step)
            next++;
        bool tested = next < h.eval_count && h.evals[next].step == h.steps[i].step;
        put_step(&row, &h.steps[i], tested ? &h.evals[next] : NULL);
    }
    iso_history_free(&h);
    return !status && !iso_text_ok(out) ? ISO_ENOMEM : status;
}

iso_status iso_export_metrics(iso_context *ctx, const char *directory, iso_export_format format, char **text) {
    iso_text out = iso_text_new(ctx);
    iso_text_puts(&out, "");
    iso_status status = write_metrics(ctx, directory, format, &out);
    *text = status ? NULL : out.data;
    if (status)
        iso_text_free(&out);
    return status;
}

iso_status iso_export_metrics_write(iso_context *ctx, const char *directory, iso_export_format format, const char *path) {
    iso_text out = iso_text_new(ctx);
    iso_status status = write_metrics(ctx, directory, format, &out);
    iso_slice slice = {out.data, out.size};
    if (!status)
        status = iso_file_write_atomic(ctx, path, &slice, 1);
    iso_text_free(&out);
    return status;
}

/* ---- TensorBoard ---- */

/* A time for every event: where none was recorded, that of the event before. */
static double time_or(double time, double *last) {
    if (!isnan(time))
        *last = time;
    return *last;
}

static void write_step_events(iso_text *out, const iso_history_step *s, double time) {
    iso_scalar scalars[4] = {{ISO_TAG_LOSS, s->loss}, {ISO_TAG_LR, (float)s->lr}};
    size_t count = 2;
    if (!isnan(s->gradient_norm))
        scalars[count++] = (iso_scalar){ISO_TAG_NORM, (float)s->gradient_norm};
    if (s->seconds > 0)
        scalars[count++] = (iso_scalar){ISO_TAG_THROUGHPUT, (float)((double)s->images / s->seconds)};
    iso_event_scalars(out, time, s->step, scalars, count);
}

iso_status iso_export_tensorboard(iso_context *ctx, const char *directory, const char *folder) {
    iso_history h;
    iso_text out = iso_text_new(ctx);
    iso_status status = iso_history_read(ctx, directory, &h);
    double last = 0, first = 0;
    size_t next = 0;
    for (size_t i = 0; !status && i < h.step_count && first == 0; i++)
        first = last = isnan(h.steps[i].time) ? 0 : h.steps[i].time;
    if (!status)
        iso_event_version(&out, first);
    for (size_t i = 0; !status && i < h.step_count; i++) {
        write_step_events(&out, &h.steps[i], time_or(h.steps[i].time, &last));
        for (; next < h.eval_count && h.evals[next].step <= h.steps[i].step; next++) {
            const iso_history_eval *e = &h.evals[next];
            const iso_scalar scalars[] = {{ISO_TAG_TEST_LOSS, e->loss},
                                          {ISO_TAG_TEST_ACCURACY, (float)((double)e->correct / (double)e->count)}};
            iso_event_scalars(&out, time_or(e->time, &last), e->step, scalars, 2);
        }
    }
    char name[64];
    snprintf(name, sizeof name, "events.out.tfevents.%010lld.isobit", (long long)first);
    char *path = iso_path_join(ctx, folder, name);
    iso_slice slice = {out.data, out.size};
    if (!status && (!path || !iso_text_ok(&out)))
        status = ISO_ENOMEM;
    if (!status)
        status = iso_file_make_directories(ctx, folder);
    if (!status)
        status = iso_file_write_atomic(ctx, path, &slice, 1);
    iso_free(ctx, path);
    iso_text_free(&out);
    iso_history_free(&h);
    return status;
}

/* ---- Weights ---- */

static iso_status write_weights(iso_context *ctx, const iso_safetensors *file, const char *path) {
    uint8_t digest[ISO_BLAKE3_SIZE];
    int64_t size;
    iso_state *state;
    iso_status status = iso_state_new(ctx, &state);
    for (size_t i = 0; i < file->count && !status; i++)
        if (!strchr(file->names[i], '/'))
            status = iso_state_add(state, file->names[i], file->tensors[i]);
    if (!status)
        status = iso_safetensors_write(ctx, path, state, digest, &size);
    iso_state_free(state);
    return status;
}

/* The newest checkpoint's line, or that of a step. */
static iso_status find_checkpoint(iso_ledger *l, int64_t step, const char *directory, size_t *at) {
    *at = l->count;
    for (size_t i = 0; i < l->count; i++)
        if (iso_ledger_is(l, i, "ckpt") && (step < 0 || l->lines[i].step == step))
            *at = i;
    if (*at < l->count)
        return ISO_OK;
    return step < 0 ? iso_fail(l->ctx, ISO_EINVAL, "%s has no checkpoint yet, expected a run that has begun", directory)
                    : iso_fail(l->ctx, ISO_EINVAL, "%s has no checkpoint of step %lld, expected the step of one of its files",
                               directory, (long long)step);
}

iso_status iso_export_safetensors(iso_context *ctx, const char *directory, int64_t step, const char *out) {
    iso_ledger *ledger;
    iso_safetensors *file = NULL;
    iso_json line = {.kind = ISO_JSON_NULL};
    size_t at;
    char name[64];
    uint8_t digest[ISO_BLAKE3_SIZE];
    iso_status status = iso_ledger_open(ctx, directory, ISO_LEDGER_READ, &ledger);
    if (status)
        return status == ISO_DIFFER ? iso_fail_at(ctx, ISO_EINVAL, "the run is damaged (isobit verify tells more)") : status;
    status = find_checkpoint(ledger, step, directory, &at);
    if (!status)
        status = iso_ledger_parse(ledger, at, &line);
    if (!status)
        iso_checkpoint_name(ledger->lines[at].step, name);
    char *path = status ? NULL : iso_path_join(ctx, directory, name);
    if (!status)
        status = path ? iso_safetensors_read(ctx, path, &file) : ISO_ENOMEM;
    if (!status && (!iso_hex_bytes(iso_json_string(&line, "digest"), digest, sizeof digest) ||
                    memcmp(digest, file->digest, sizeof digest) != 0))
        status = iso_fail(ctx, ISO_EINVAL, "%s is not what the ledger says: it was changed or damaged", path);
    if (!status)
        status = write_weights(ctx, file, out);
    iso_safetensors_free(file);
    iso_json_free(ctx, &line);
    iso_free(ctx, path);
    iso_ledger_close(ledger);
    return status;
}
