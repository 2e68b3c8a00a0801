#include "run/metrics.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/file.h"
#include "expr/expr.h"
#include "ledger/tensorboard.h"
#include "nn/module.h"

#define MAX_METRICS ((size_t)1 << 36)

/* A file that grows by whole lines, or records. */
struct sink {
    int fd; /* -1: none */
    char *path;
    int64_t end;
};

struct iso_metrics {
    iso_context *ctx;
    iso_trainer *trainer; /* borrowed */
    struct sink lines, events;
    iso_text text; /* memory, kept from line to line */
};

double iso_metrics_clock(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static double wall_clock(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Microseconds are enough, and a fixed point needs no locale. */
static void fixed(iso_text *out, const char *key, double value, int digits) {
    int64_t unit = digits == 6 ? 1000000 : 1000, scaled = (int64_t)(value * (double)unit + 0.5);
    iso_text_printf(out, ",\"%s\":%lld.%0*lld", key, (long long)(scaled / unit), digits, (long long)(scaled % unit));
}

/* ---- Files ---- */

static iso_status open_sink(iso_context *ctx, struct sink *sink, int flags) {
    sink->fd = ctx->files.open(ctx->files.user, sink->path, O_WRONLY | O_APPEND | O_CREAT | flags, 0644);
    sink->end = sink->fd < 0 ? 0 : ctx->files.lseek(ctx->files.user, sink->fd, 0, SEEK_END);
    return sink->fd < 0 ? iso_fail(ctx, ISO_EIO, "%s: could not be opened: %s", sink->path, strerror(errno)) : ISO_OK;
}

/* Appends the text; of a failed write nothing stays. */
static iso_status flush(iso_metrics *m, struct sink *sink) {
    iso_context *ctx = m->ctx;
    if (!iso_text_ok(&m->text))
        return ISO_ENOMEM;
    iso_status status = iso_file_write_all(ctx, sink->fd, sink->path, m->text.data, m->text.size);
    if (!status)
        sink->end += (int64_t)m->text.size;
    else
        (void)ctx->files.ftruncate(ctx->files.user, sink->fd, sink->end);
    return status;
}

/* Keeps the whole lines of steps up to `step`. */
static iso_status trim(iso_context *ctx, const char *path, int64_t step) {
    uint8_t *data;
    size_t size, at = 0;
    if (!iso_file_exists(ctx, path))
        return ISO_OK;
    iso_status status = iso_file_read(ctx, path, MAX_METRICS, &data, &size);
    if (status)
        return status;
    iso_text kept = iso_text_new(ctx);
    while (at < size) {
        const char *line = (const char *)data + at, *end = memchr(line, '\n', size - at);
        iso_metric metric;
        if (!end)
            break;
        if (iso_metric_parse(line, (size_t)(end - line), &metric) && metric.step <= step)
            iso_text_append(&kept, line, (size_t)(end - line) + 1);
        at += (size_t)(end - line) + 1;
    }
    iso_slice slice = {kept.data, kept.size};
    if (!iso_text_ok(&kept))
        status = ISO_ENOMEM;
    else if (kept.size != size)
        status = iso_file_write_atomic(ctx, path, &slice, 1);
    iso_text_free(&kept);
    iso_free(ctx, data);
    return status;
}

static iso_status open_lines(iso_metrics *m, const char *directory, int64_t step) {
    if (!(m->lines.path = iso_path_join(m->ctx, directory, ISO_METRICS_FILE)))
        return ISO_ENOMEM;
    iso_status status = trim(m->ctx, m->lines.path, step);
    if (!status)
        status = open_sink(m->ctx, &m->lines, 0);
    if (status)
        return status;
    iso_text_clear(&m->text);
    iso_text_printf(&m->text, "{\"kind\":\"start\",\"format\":\"isobit-metrics-1\",\"step\":%lld", (long long)step);
    fixed(&m->text, "time", wall_clock(), 3);
    iso_text_puts(&m->text, "}\n");
    return flush(m, &m->lines);
}

/* Every start has a file of its own; TensorBoard reads them all, in the order of their names. */
static iso_status open_events(iso_metrics *m, const char *directory, int64_t step) {
    char host[128] = "", name[256];
    double now = wall_clock();
    gethostname(host, sizeof host - 1);
    snprintf(name, sizeof name, "events.out.tfevents.%010lld.%s.%d", (long long)now, host, (int)getpid());
    iso_status status = iso_file_make_directories(m->ctx, directory);
    if (!status && !(m->events.path = iso_path_join(m->ctx, directory, name)))
        status = ISO_ENOMEM;
    for (int i = 1; !status && iso_file_exists(m->ctx, m->events.path) && i < 1000;
         i++) { /* several runs of one program, within a second */
        iso_free(m->ctx, m->events.path);
        char *next = iso_sprintf(m->ctx, "%s/%s.%d", directory, name, i);
        if (!(m->events.path = next))
            status = ISO_ENOMEM;
    }
    if (!status)
        status = open_sink(m->ctx, &m->events, O_EXCL);
    if (status)
        return status;
    iso_text_clear(&m->text);
    iso_event_version(&m->text, now);
    iso_event_restart(&m->text, now, step + 1);
    return flush(m, &m->events);
}

/* Memory for the longest line, so that no step asks for any. */
static void reserve(iso_metrics *m) {
    size_t count = iso_module_state_count(m->trainer->model);
    iso_text_printf(&m->text, "%512s", "");
    for (size_t i = 0; i < count; i++) { /* a name, each byte of which may become six, and a number */
        iso_named_tensor entry = iso_module_state(m->trainer->model, i);
        for (size_t size = entry.grad ? 6 * strlen(entry.name) + 32 : 0; size > 0; size -= size < 32 ? size : 32)
            iso_text_printf(&m->text, "%32s", "");
    }
}

iso_status iso_metrics_open(const char *directory, const char *tensorboard, iso_trainer *trainer, iso_metrics **out) {
    iso_context *ctx = trainer->ctx;
    int64_t step = iso_trainer_counter(trainer, ISO_COUNTER_STEP);
    *out = NULL;
    iso_metrics *m = iso_calloc(ctx, 1, sizeof *m);
    if (!m)
        return ISO_ENOMEM;
    *m = (iso_metrics){.ctx = ctx, .trainer = trainer, .lines.fd = -1, .events.fd = -1, .text = iso_text_new(ctx)};
    iso_status status = iso_trainer_want_norms(trainer);
    reserve(m);
    if (!status && directory)
        status = open_lines(m, directory, step);
    if (!status && tensorboard)
        status = open_events(m, tensorboard, step);
    if (status)
        iso_metrics_close(m);
    else
        *out = m;
    return status;
}

void iso_metrics_close(iso_metrics *m) {
    if (!m)
        return;
    struct sink *sinks[] = {&m->lines, &m->events};
    for (int i = 0; i < 2; i++) {
        if (sinks[i]->fd >= 0)
            m->ctx->files.close(m->ctx->files.user, sinks[i]->fd);
        iso_free(m->ctx, sinks[i]->path);
    }
    iso_text_free(&m->text);
    iso_free(m->ctx, m);
}

/* ---- Writing ---- */

static void number(iso_text *out, const char *key, float value) {
    iso_text_printf(out, ",\"%s\":", key);
    if (isfinite(value))
        iso_write_repr_f32(out, value);
    else
        iso_text_puts(out, "null");
}

static void begin(iso_metrics *m, const char *kind, int64_t step, int64_t epoch) {
    iso_text_clear(&m->text);
    iso_text_printf(&m->text, "{\"kind\":\"%s\",\"step\":%lld,\"epoch\":%lld", kind, (long long)step, (long long)epoch);
}

static iso_status put(iso_metrics *m, double seconds, double time) {
    fixed(&m->text, "seconds", seconds, 6);
    fixed(&m->text, "time", time, 3);
    iso_text_puts(&m->text, "}\n");
    return flush(m, &m->lines);
}

static iso_status put_gradients(iso_metrics *m, const iso_step_record *r, double time) {
    const iso_trainer *t = m->trainer;
    size_t count = iso_module_state_count(t->model), at = 0;
    begin(m, "gradients", r->step, r->epoch);
    iso_text_puts(&m->text, ",\"norms\":{");
    for (size_t i = 0; i < count; i++) {
        iso_named_tensor entry = iso_module_state(t->model, i);
        if (!entry.grad)
            continue;
        iso_text_puts(&m->text, at ? "," : "");
        iso_text_json(&m->text, entry.name, strlen(entry.name));
        iso_text_puts(&m->text, ":");
        if (isfinite(t->norms[at]))
            iso_write_repr_f32(&m->text, t->norms[at]);
        else
            iso_text_puts(&m->text, "null");
        at++;
    }
    iso_text_puts(&m->text, "}");
    fixed(&m->text, "time", time, 3);
    iso_text_puts(&m->text, "}\n");
    return flush(m, &m->lines);
}

iso_status iso_metrics_step(iso_metrics *m, const iso_step_record *r, double seconds) {
    double time = wall_clock();
    iso_status status = ISO_OK;
    if (m->lines.fd >= 0) {
        begin(m, "step", r->step, r->epoch);
        number(&m->text, "loss", r->loss);
        iso_text_puts(&m->text, ",\"lr\":");
        iso_write_repr(&m->text, r->lr);
        number(&m->text, "gradient_norm", r->gradient_norm);
        iso_text_printf(&m->text, ",\"images\":%lld", (long long)r->samples);
        status = put(m, seconds, time);
        if (!status && iso_trainer_counter(m->trainer, ISO_COUNTER_BATCH) == m->trainer->steps_per_epoch)
            status = put_gradients(m, r, time);
    }
    if (!status && m->events.fd >= 0) {
        const iso_scalar scalars[] = {{ISO_TAG_LOSS, r->loss},
                                      {ISO_TAG_LR, (float)r->lr},
                                      {ISO_TAG_NORM, r->gradient_norm},
                                      {ISO_TAG_THROUGHPUT, seconds > 0 ? (float)((double)r->samples / seconds) : 0}};
        iso_text_clear(&m->text);
        iso_event_scalars(&m->text, time, r->step, scalars, ISO_COUNTOF(scalars));
        status = flush(m, &m->events);
    }
    return status;
}

iso_status iso_metrics_eval(iso_metrics *m, const iso_eval_record *r, double seconds) {
    double time = wall_clock(), accuracy = (double)r->correct / (double)r->count;
    iso_status status = ISO_OK;
    if (m->lines.fd >= 0) {
        begin(m, "eval", r->step, r->epoch);
        number(&m->text, "loss", r->loss);
        number(&m->text, "accuracy", (float)accuracy);
        iso_text_printf(&m->text, ",\"correct\":%lld,\"count\":%lld", (long long)r->correct, (long long)r->count);
        status = put(m, seconds, time);
    }
    if (!status && m->events.fd >= 0) {
        const iso_scalar scalars[] = {{ISO_TAG_TEST_LOSS, r->loss}, {ISO_TAG_TEST_ACCURACY, (float)accuracy}};
        iso_text_clear(&m->text);
        iso_event_scalars(&m->text, time, r->step, scalars, ISO_COUNTOF(scalars));
        status = flush(m, &m->events);
    }
    return status;
}

/* ---- Reading ---- */

struct cursor {
    const char *at, *end;
};

static bool word(struct cursor *c, const char *text) {
    size_t size = strlen(text);
    if ((size_t)(c->end - c->at) < size || memcmp(c->at, text, size) != 0)
        return false;
    c->at += size;
    return true;
}

static bool real(struct cursor *c, const char *key, double *value) {
    if (!word(c, ",\"") || !word(c, key) || !word(c, "\":"))
        return false;
    if (word(c, "null")) {
        *value = NAN;
        return true;
    }
    if (c->at >= c->end || (*c->at != '-' && (*c->at < '0' || *c->at > '9')))
        return false;
    const char *stop;
    *value = iso_read_double(c->at, &stop);
    bool ok = stop > c->at && stop <= c->end;
    c->at = stop;
    return ok;
}

static bool integer(struct cursor *c, const char *key, int64_t *value) {
    double number = 0;
    if (!real(c, key, &number) || !(number >= 0 && number < 0x1p53))
        return false;
    *value = (int64_t)number;
    return (double)*value == number;
}

/* To the brace that closes the object; names may hold braces. */
static bool object(struct cursor *c, const char *key, const char **first, size_t *size) {
    bool quoted = false;
    if (!word(c, ",\"") || !word(c, key) || !word(c, "\":{"))
        return false;
    *first = c->at;
    for (; c->at < c->end && (quoted || *c->at != '}'); c->at++) {
        if (quoted && *c->at == '\\')
            c->at++;
        else if (*c->at == '"')
            quoted = !quoted;
    }
    *size = (size_t)(c->at - *first);
    return c->at < c->end && word(c, "}");
}

bool iso_metric_parse(const char *line, size_t size, iso_metric *m) {
    struct cursor c = {line, line + size};
    int64_t epoch;
    double skipped;
    bool ok;
    *m = (iso_metric){.gradient_norm = NAN, .seconds = NAN};
    if (word(&c, "{\"kind\":\"step\"")) {
        m->kind = ISO_METRIC_STEP;
        ok = integer(&c, "step", &m->step) && integer(&c, "epoch", &epoch) && real(&c, "loss", &skipped) &&
             real(&c, "lr", &skipped) && real(&c, "gradient_norm", &m->gradient_norm) && integer(&c, "images", &m->images) &&
             real(&c, "seconds", &m->seconds);
    } else if (word(&c, "{\"kind\":\"eval\"")) {
        m->kind = ISO_METRIC_EVAL;
        ok = integer(&c, "step", &m->step) && integer(&c, "epoch", &epoch) && real(&c, "loss", &skipped) &&
             real(&c, "accuracy", &skipped) && integer(&c, "correct", &epoch) && integer(&c, "count", &m->images) &&
             real(&c, "seconds", &m->seconds);
    } else if (word(&c, "{\"kind\":\"gradients\"")) {
        m->kind = ISO_METRIC_GRADIENTS;
        ok = integer(&c, "step", &m->step) && integer(&c, "epoch", &epoch) && object(&c, "norms", &m->norms, &m->norms_size);
    } else if (word(&c, "{\"kind\":\"start\",\"format\":\"isobit-metrics-1\"")) {
        m->kind = ISO_METRIC_START;
        ok = integer(&c, "step", &m->step);
    } else
        return false;
    return ok && real(&c, "time", &m->time) && word(&c, "}") && c.at == c.end;
}
