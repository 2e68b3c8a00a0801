#include "report/history.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "expr/expr.h"

#define MAX_FILE ((size_t)1 << 36)

/* ---- The ledger ---- */

static uint64_t bits_of(const iso_json *line, const char *key, size_t size) {
    uint8_t bytes[8];
    uint64_t bits = 0;
    if (!iso_hex_bytes(iso_json_string(line, key), bytes, size))
        return 0;
    for (size_t i = 0; i < size; i++)
        bits = bits << 8 | bytes[i];
    return bits;
}

static float f32(const iso_json *line, const char *key) {
    uint32_t bits = (uint32_t)bits_of(line, key, 4);
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static double f64(const iso_json *line, const char *key) {
    uint64_t bits = bits_of(line, key, 8);
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static void copy_text(const iso_json *line, const char *key, char *to, size_t size) {
    const char *text = iso_json_string(line, key);
    snprintf(to, size, "%s", text ? text : "");
}

static iso_status take_line(iso_history *h, size_t at, const iso_json *line) {
    int64_t step = iso_json_int(line, "step", 0), epoch = iso_json_int(line, "epoch", 0);
    iso_status status = ISO_OK;
    switch (h->ledger->lines[at].kind) {
    case ISO_LINE_STEP:
        status = iso_grow(h->ctx, &h->steps, &h->capacity[0], h->step_count, h->step_count + 1, sizeof *h->steps);
        if (!status)
            h->steps[h->step_count++] = (iso_history_step){.line = at,
                                                           .step = step,
                                                           .epoch = epoch,
                                                           .loss = f32(line, "loss"),
                                                           .lr = f64(line, "lr"),
                                                           .gradient_norm = NAN,
                                                           .seconds = NAN,
                                                           .time = NAN};
        break;
    case ISO_LINE_EVAL:
        status = iso_grow(h->ctx, &h->evals, &h->capacity[1], h->eval_count, h->eval_count + 1, sizeof *h->evals);
        if (!status)
            h->evals[h->eval_count++] = (iso_history_eval){.step = step,
                                                           .epoch = epoch,
                                                           .count = iso_json_int(line, "count", 0),
                                                           .correct = iso_json_int(line, "correct", 0),
                                                           .loss = f32(line, "loss"),
                                                           .time = NAN};
        break;
    case ISO_LINE_CKPT:
        status = iso_grow(h->ctx, &h->checkpoints, &h->capacity[2], h->checkpoint_count, h->checkpoint_count + 1,
                          sizeof *h->checkpoints);
        if (!status) {
            const iso_json *tensors = iso_json_get(line, "tensors");
            iso_history_checkpoint *c = &h->checkpoints[h->checkpoint_count++];
            *c = (iso_history_checkpoint){.line = at,
                                          .step = step,
                                          .size = iso_json_int(line, "size", 0),
                                          .tensors = tensors ? (int64_t)tensors->count : 0};
            copy_text(line, "file", c->file, sizeof c->file);
            copy_text(line, "digest", c->digest, sizeof c->digest);
        }
        break;
    case ISO_LINE_NAN_STOP:
        h->nan_step = step;
        h->nan_index = iso_json_int(line, "index", 0);
        copy_text(line, "tensor", h->nan_tensor, sizeof h->nan_tensor);
        break;
    case ISO_LINE_END:
        h->ended = true;
        break;
    default:
        break;
    }
    return status;
}

static iso_status read_ledger(iso_history *h) {
    iso_status status = iso_ledger_open(h->ctx, h->directory, ISO_LEDGER_READ, &h->ledger);
    if (!status && h->ledger->count == 0)
        status = iso_fail(h->ctx, ISO_EINVAL, "%s/run.ledger has no line yet", h->directory);
    if (!status)
        status = iso_ledger_parse(h->ledger, 0, &h->header);
    for (size_t i = 1; !status && i < h->ledger->count; i++) {
        iso_json line;
        if (!(status = iso_ledger_parse(h->ledger, i, &line))) {
            status = take_line(h, i, &line);
            iso_json_free(h->ctx, &line);
        }
    }
    if (!status)
        memcpy(h->head, h->ledger->lines[h->ledger->count - 1].digest, sizeof h->head);
    return status == ISO_DIFFER ? iso_fail_at(h->ctx, ISO_EINVAL, "the run is damaged (isobit verify tells more)") : status;
}

/* ---- metrics.jsonl ---- */

static iso_history_step *find_step(const iso_history *h, int64_t step) {
    size_t low = 0, high = h->step_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (h->steps[middle].step < step)
            low = middle + 1;
        else
            high = middle;
    }
    return low < h->step_count && h->steps[low].step == step ? &h->steps[low] : NULL;
}

static iso_status take_metric(iso_history *h, const iso_metric *m) {
    iso_history_step *step = find_step(h, m->step);
    iso_status status = ISO_OK;
    if (m->kind == ISO_METRIC_STEP && step) {
        step->gradient_norm = m->gradient_norm;
        step->seconds = m->seconds;
        step->time = m->time;
        step->images = m->images;
    } else if (m->kind == ISO_METRIC_GRADIENTS && step) {
        status =
            iso_grow(h->ctx, &h->gradients, &h->capacity[3], h->gradients_count, h->gradients_count + 1, sizeof *h->gradients);
        if (!status)
            h->gradients[h->gradients_count++] = (iso_history_gradients){m->step, m->norms, m->norms_size};
    } else if (m->kind == ISO_METRIC_EVAL)
        for (size_t i = h->eval_count; i-- > 0 && h->evals[i].step >= m->step;)
            if (h->evals[i].step == m->step)
                h->evals[i].time = m->time;
    return status;
}

/* The lines of a file that anybody may have changed: those that can be read. */
static iso_status each_line(iso_history *h, const char *name, uint8_t **data,
                            iso_status (*take)(iso_history *h, const char *line, size_t size)) {
    size_t size;
    char message[512];
    iso_status status = iso_file_read_quietly(h->ctx, h->directory, name, MAX_FILE, data, &size, message, sizeof message);
    if (status)
        return status == ISO_ENOMEM ? iso_fail(h->ctx, status, "%s", message) : ISO_OK;
    for (size_t at = 0; at < size && !status;) {
        const char *line = (const char *)*data + at, *end = memchr(line, '\n', size - at);
        if (!end)
            break;
        status = take(h, line, (size_t)(end - line));
        at += (size_t)(end - line) + 1;
    }
    return status;
}

static iso_status take_metrics_line(iso_history *h, const char *line, size_t size) {
    iso_metric metric;
    return iso_metric_parse(line, size, &metric) ? take_metric(h, &metric) : ISO_OK;
}

static iso_status take_start(iso_history *h, const char *line, size_t size) {
    iso_json start;
    iso_status status = iso_json_parse(h->ctx, line, size, &start);
    if (status)
        return status == ISO_EINVAL ? ISO_OK : status;
    status = iso_grow(h->ctx, &h->starts, &h->start_capacity, h->start_count, h->start_count + 1, sizeof *h->starts);
    if (status)
        iso_json_free(h->ctx, &start);
    else
        h->starts[h->start_count++] = start;
    return status;
}

/* ---- The whole ---- */

iso_status iso_history_read(iso_context *ctx, const char *directory, iso_history *h) {
    uint8_t *environment = NULL;
    *h = (iso_history){.ctx = ctx, .directory = directory};
    iso_status status = read_ledger(h);
    if (!status)
        status = each_line(h, ISO_METRICS_FILE, &h->metrics, take_metrics_line);
    if (!status)
        status = each_line(h, "run.env", &environment, take_start);
    iso_free(ctx, environment);
    return status;
}

void iso_history_free(iso_history *h) {
    if (!h->ctx)
        return;
    for (size_t i = 0; i < h->start_count; i++)
        iso_json_free(h->ctx, &h->starts[i]);
    iso_free(h->ctx, h->starts);
    iso_free(h->ctx, h->steps);
    iso_free(h->ctx, h->evals);
    iso_free(h->ctx, h->checkpoints);
    iso_free(h->ctx, h->gradients);
    iso_free(h->ctx, h->metrics);
    iso_json_free(h->ctx, &h->header);
    iso_ledger_close(h->ledger);
    *h = (iso_history){.ctx = NULL};
}

int64_t iso_history_steps(const iso_history *h) {
    return iso_json_int(&h->header, "steps", 0);
}
int64_t iso_history_epochs(const iso_history *h) {
    return h->step_count ? h->steps[h->step_count - 1].epoch : 0;
}

static int compare_doubles(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double iso_history_throughput(const iso_history *h) {
    double *rates = iso_alloc_array(h->ctx, h->step_count, sizeof *rates), median = NAN;
    size_t count = 0;
    for (size_t i = 0; rates && i < h->step_count; i++)
        if (h->steps[i].seconds > 0)
            rates[count++] = (double)h->steps[i].images / h->steps[i].seconds;
    if (count) {
        qsort(rates, count, sizeof *rates, compare_doubles);
        median = rates[count / 2];
    }
    iso_free(h->ctx, rates);
    return median;
}

double iso_history_seconds(const iso_history *h) {
    double sum = 0;
    for (size_t i = 0; i < h->step_count; i++)
        sum += h->steps[i].seconds > 0 ? h->steps[i].seconds : 0;
    return sum;
}

void iso_history_state(const iso_history *h, size_t i, char hex[2 * ISO_BLAKE3_SIZE + 1]) {
    iso_json line;
    hex[0] = 0;
    if (iso_ledger_parse(h->ledger, h->steps[i].line, &line))
        return;
    copy_text(&line, "state", hex, 2 * ISO_BLAKE3_SIZE + 1);
    iso_json_free(h->ctx, &line);
}

bool iso_history_next_norm(const iso_history_gradients *g, size_t *at, const char **name, size_t *name_size, double *norm) {
    const char *start = g->norms + *at, *end = g->norms + g->norms_size;
    if (start < end && *start == ',')
        start++;
    if (start >= end || *start != '"')
        return false;
    *name = ++start;
    while (start < end && *start != '"')
        start += *start == '\\' ? 2 : 1;
    *name_size = (size_t)(start - *name);
    if (end - start < 3 || start[1] != ':')
        return false;
    const char *stop = start + 2;
    *norm = NAN;
    if (*stop == 'n')
        stop += 4;
    else
        *norm = iso_read_double(start + 2, &stop);
    if (stop <= start + 2 || stop > end)
        return false;
    *at = (size_t)(stop - g->norms);
    return true;
}
