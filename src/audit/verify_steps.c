/* Steps that are taken again. Each line is compared with the one that is recorded; where they part, the tensor is looked for: in
 * the trace of the step, if the run has one, or in the checkpoint behind it. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "ledger/diff.h"
#include "run/position.h"
#include "audit/verify.h"

int64_t iso_verify_recorded(const iso_ledger *l) {
    for (size_t i = l->count; i-- > 0;)
        if (l->lines[i].kind == ISO_LINE_STEP || l->lines[i].kind == ISO_LINE_NAN_STOP)
            return l->lines[i].step;
    return 0;
}

/* ---- Which tensor ---- */

/* The element of two tensors that is furthest apart, and how far, in units of the largest of the second; 0: they are equal. */
static double furthest(const iso_tensor *recorded, const iso_tensor *computed, int64_t *element) {
    double largest = 0, apart = 0;
    *element = 0;
    if (recorded->dtype != ISO_FLOAT32) {
        bool other = memcmp(recorded->data, computed->data, iso_tensor_bytes(computed)) != 0;
        size_t width = iso_dtype_size(computed->dtype);
        while (other && memcmp(iso_tensor_u8(recorded) + (size_t)*element * width,
                               iso_tensor_u8(computed) + (size_t)*element * width, width) == 0)
            ++*element;
        return other;
    }
    const float *x = iso_tensor_f32(recorded), *y = iso_tensor_f32(computed);
    for (int64_t i = 0; i < computed->numel; i++) {
        double distance = fabs((double)x[i] - (double)y[i]);
        if (memcmp(&x[i], &y[i], sizeof *x) != 0 && !(distance <= apart && apart > 0)) { /* a NaN is further than anything */
            apart = distance > 0 || distance != distance ? distance : 0x1p-1074;
            *element = i;
        }
        largest = fabs((double)y[i]) > largest ? fabs((double)y[i]) : largest;
    }
    return apart == 0 ? 0 : apart != apart ? INFINITY : apart / (largest > 0 ? largest : 1);
}

static bool same_shape(const iso_tensor *a, const iso_tensor *b) {
    return a->dtype == b->dtype && a->dims == b->dims && memcmp(a->shape, b->shape, sizeof *a->shape * (size_t)a->dims) == 0;
}

/* Of the tensors that differ, the parameter that differs most, or if none does whatever differs most: a bit that flipped in one
 * of them stands out of what followed from it in the others. */
static void name_by_values(struct verification *v, const iso_safetensors *file, char *out, size_t size) {
    const iso_trainer *t = v->trainer;
    double most = 0;
    bool of_parameter = false;
    int64_t differing = 0, at = 0;
    const iso_tensor *recorded = NULL, *computed = NULL;
    const char *name = NULL;
    for (size_t i = 0; i < t->state->count; i++) {
        const iso_state_entry *entry = &t->state->entries[i];
        const iso_tensor *tensor = iso_safetensors_find(file, entry->name);
        int64_t element = 0;
        double apart = tensor && same_shape(tensor, entry->tensor) ? furthest(tensor, entry->tensor, &element) : 0;
        if (!(apart > 0))
            continue;
        differing++;
        bool parameter = iso_module_find(t->model, entry->name).grad != NULL;
        if (parameter > of_parameter || (parameter == of_parameter && apart > most)) {
            of_parameter = parameter;
            most = apart;
            name = entry->name;
            at = element;
            recorded = tensor;
            computed = entry->tensor;
        }
    }
    if (!recorded)
        return;
    iso_text text = iso_text_new(v->ctx);
    iso_text_printf(&text, "%lld of %zu tensors differ, most %s, element %lld: ", (long long)differing, t->state->count, name,
                    (long long)at);
    iso_tensor pair[2] = {*recorded, *computed};
    uint64_t bits[2];
    for (int i = 0; i < 2; i++) {
        bits[i] = iso_tensor_element(&pair[i], at);
        iso_write_element(&text, pair[i].dtype, bits[i]);
        iso_text_puts(&text, i ? " by its own inputs" : " recorded, ");
    }
    if (recorded->dtype == ISO_FLOAT32)
        iso_text_printf(&text, ", %llu ULP apart", (unsigned long long)iso_ulp_distance((uint32_t)bits[0], (uint32_t)bits[1]));
    if (iso_text_ok(&text))
        snprintf(out, size, "%s", text.data);
    snprintf(v->result->tensor, sizeof v->result->tensor, "%s", name);
    iso_text_free(&text);
}

/* The digests of a ckpt line tell the tensor where its file is gone. */
static iso_status name_by_digests(struct verification *v, size_t index, char *out, size_t size) {
    iso_json line;
    iso_status status = iso_state_tiles(v->trainer->state);
    if (!status)
        status = iso_ledger_parse(v->ledger, index, &line);
    if (status)
        return status;
    const iso_json *tensors = iso_json_get(&line, "tensors");
    for (size_t i = 0; tensors && i < tensors->count; i++) {
        const iso_json *items = tensors->items[i].items;
        const iso_state_entry *entry = tensors->items[i].count == 3 ? iso_state_find(v->trainer->state, items[0].string) : NULL;
        uint8_t digest[ISO_BLAKE3_SIZE];
        if (!entry ||
            (iso_hex_bytes(items[1].string, digest, sizeof digest) && memcmp(digest, entry->digest, sizeof digest) == 0))
            continue;
        snprintf(out, size, "tensor %s differs", entry->name);
        snprintf(v->result->tensor, sizeof v->result->tensor, "%s", entry->name);
        break;
    }
    iso_json_free(v->ctx, &line);
    return ISO_OK;
}

/* Goes on to the next checkpoint, from the step as it should have been. */
static iso_status name_by_checkpoint(struct verification *v, char *out, size_t size) {
    const iso_ledger *l = v->ledger;
    size_t at = l->position;
    while (at < l->count && l->lines[at].kind != ISO_LINE_CKPT)
        at++;
    if (at == l->count) {
        snprintf(out, size, "no checkpoint behind it tells which tensor");
        return ISO_OK;
    }
    iso_step_record record;
    iso_checkpoint_state found;
    iso_safetensors *file;
    iso_status status = iso_position_advance(v->trainer, l->lines[at].step, &record);
    if (!status)
        status = iso_checkpoint_read(v->ctx, v->options->directory, l, at, &found, &file);
    if (status)
        return status;
    size_t used = (size_t)snprintf(out, size, "at the checkpoint of step %lld ", (long long)l->lines[at].step), start = used;
    if (file)
        name_by_values(v, file, out + used, size - used);
    else
        status = name_by_digests(v, at, out + used, size - used);
    iso_safetensors_free(file);
    if (out[start] == 0)
        snprintf(out, size, "at the checkpoint of step %lld all tensors are as they should be", (long long)l->lines[at].step);
    return status;
}

/* Where the numbers stopped, by the recorded line; re-execution may give no NaN at all. */
static iso_status name_by_nan(struct verification *v, char *out, size_t size) {
    iso_json line;
    iso_status status = iso_ledger_parse(v->ledger, v->ledger->position, &line);
    if (status)
        return status;
    const char *tensor = iso_json_string(&line, "tensor");
    snprintf(v->result->tensor, sizeof v->result->tensor, "%s", tensor ? tensor : "");
    snprintf(out, size, "the first NaN that the run saw is in %s, element %lld", v->result->tensor,
             (long long)iso_json_int(&line, "index", -1));
    iso_json_free(v->ctx, &line);
    return ISO_OK;
}

static void take_trace_finding(struct verification *v, const iso_session *session) {
    const char *tensor = strstr(session->trace_finding, ", tensor ");
    snprintf(v->result->tensor, sizeof v->result->tensor, "%s", tensor ? tensor + strlen(", tensor ") : "");
    v->result->step = session->trace_step;
}

/* The digest of an earlier step was as it should be; where none stands between, the fault may be of any step since. */
static void name_window(const struct verification *v, int64_t step, char *out, size_t size) {
    int64_t every = v->trainer->digest_every, since = (step - 1) / every * every;
    if (since + 1 < step)
        snprintf(out, size, " (or a step before it, from %lld on: digests every %lld steps)", (long long)since + 1,
                 (long long)every);
}

/* A line differs: says so, and where the difference comes from. */
static iso_status explain(struct verification *v, const iso_session *session) {
    char message[700], where[500] = "", window[120] = "";
    const iso_ledger_line *line = v->ledger->position < v->ledger->count ? &v->ledger->lines[v->ledger->position] : NULL;
    snprintf(message, sizeof message, "%s", iso_error(v->ctx));
    v->result->step = line ? line->step : iso_trainer_counter(v->trainer, ISO_COUNTER_STEP);
    if (session->trace_finding[0]) {
        snprintf(where, sizeof where, "first in %s", session->trace_finding);
        take_trace_finding(v, session);
    } else if (line && line->kind > ISO_LINE_HEADER && line->kind < ISO_LINE_END) {
        iso_status status =
            line->kind == ISO_LINE_NAN_STOP ? name_by_nan(v, where, sizeof where) : name_by_checkpoint(v, where, sizeof where);
        if (status == ISO_ENOMEM || status == ISO_EINTERRUPT)
            return status;
        if (!v->result->tensor[0] && (strcmp(v->ledger->differing, "batch") == 0 || strcmp(v->ledger->differing, "loss") == 0))
            snprintf(v->result->tensor, sizeof v->result->tensor, "%s", v->ledger->differing); /* and nothing came of it */
    }
    if (line && !session->trace_finding[0] && (line->kind == ISO_LINE_STEP || line->kind == ISO_LINE_NAN_STOP))
        name_window(v, line->step, window, sizeof window);
    return iso_verify_found(v, "%s/run.ledger, %s%s%s%s", v->options->directory, message, window, where[0] ? "; " : "", where);
}

/* ---- A segment ---- */

/* From the newest checkpoint before `from`. */
static iso_status go_to_start(struct verification *v, iso_session *session, int64_t from) {
    size_t line = 0;
    iso_status status = from > 1 ? iso_position_newest(v->trainer, v->options->directory, v->ledger, from - 1,
                                                       v->options->progress, v->options->user, &line)
                                 : iso_trainer_start(v->trainer);
    if (!status && line && v->ledger->lines[line].step > 0) {
        iso_ledger_seek(v->ledger, line + 1);
        return ISO_OK;
    }
    iso_ledger_seek(v->ledger, 0);
    if (!status && line) /* the first lines are compared as well */
        status = iso_trainer_start(v->trainer);
    if (!status)
        status = iso_session_header(session);
    return status ? status : iso_session_checkpoint(session);
}

iso_status iso_verify_segment(struct verification *v, int64_t from, int64_t to) {
    iso_ledger *l = v->ledger;
    iso_session session = {.ctx = v->ctx,
                           .directory = v->options->directory,
                           .trainer = v->trainer,
                           .ledger = l,
                           .until = to,
                           .progress = v->options->progress,
                           .user = v->options->user,
                           .recorded = v->recorded,
                           .trace = v->trace};
    iso_status status = go_to_start(v, &session, from);
    int64_t first = status ? 0 : iso_trainer_counter(v->trainer, ISO_COUNTER_STEP);
    size_t first_line = first ? l->position : 0;
    if (!status)
        status = iso_session_run(&session);
    if (status == ISO_ENAN && l->position == l->count)
        status = ISO_OK; /* the run stopped there as well */
    if (status == ISO_DIFFER && l->position == l->count && !l->finished)
        status = ISO_OK; /* the run was cut off between two lines */
    v->result->steps += iso_trainer_counter(v->trainer, ISO_COUNTER_STEP) - first;
    v->result->lines += (int64_t)(l->position - first_line);
    memcpy(v->result->digest, l->head, sizeof l->head);
    if (status == ISO_DIFFER)
        return explain(v, &session);
    if (!status && session.trace_finding[0]) {
        take_trace_finding(v, &session);
        return iso_verify_found(v,
                                "%s/" ISO_TRACE_FILE
                                ": step %lld: %s is not what its own inputs give, although the ledger's line is: a fault "
                                "without consequences, or the trace was changed",
                                v->options->directory, (long long)session.trace_step, session.trace_finding);
    }
    if (!status && l->position < l->count && to == iso_verify_recorded(l))
        return iso_verify_found(v, "%s/run.ledger:%zu: a line too many", v->options->directory, l->position + 1);
    return status;
}
