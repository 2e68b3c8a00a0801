#include "ledger/trace.h"

#include <fcntl.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/file.h"
#include "core/json.h"
#include "core/text.h"

#define MAX_TRACE ISO_BYTES(40)

static void free_entries(iso_context *ctx, iso_trace_step *step) {
    for (size_t i = 0; i < step->count; i++)
        iso_free(ctx, step->entries[i].tiles);
    step->count = 0;
}

static void free_step(iso_context *ctx, iso_trace_step *step) {
    free_entries(ctx, step);
    iso_free(ctx, step->entries);
}

static iso_trace_entry *new_entry(iso_context *ctx, iso_trace_step *step) {
    if (iso_grow(ctx, &step->entries, &step->capacity, step->count, step->count + 1, sizeof *step->entries))
        return NULL;
    iso_trace_entry *entry = &step->entries[step->count++];
    memset(entry, 0, sizeof *entry);
    return entry;
}

/* ---- Recording ---- */

iso_status iso_trace_new(iso_context *ctx, iso_trace **out) {
    iso_trace *trace = *out = iso_calloc(ctx, 1, sizeof *trace);
    if (!trace)
        return ISO_ENOMEM;
    trace->ctx = ctx;
    trace->capture = -1;
    iso_status status = iso_digester_new(ctx, &trace->digester);
    if (status) {
        iso_trace_free(trace);
        *out = NULL;
    }
    return status;
}

void iso_trace_free(iso_trace *trace) {
    if (!trace)
        return;
    free_step(trace->ctx, &trace->step);
    iso_digester_free(trace->digester);
    iso_tensor_free(trace->ctx, trace->captured);
    iso_free(trace->ctx, trace);
}

void iso_trace_begin(iso_trace *trace, int64_t step) {
    free_entries(trace->ctx, &trace->step);
    trace->step.step = step;
    trace->status = ISO_OK;
}

static iso_status capture(iso_trace *trace, const iso_tensor *tensor) {
    iso_tensor_free(trace->ctx, trace->captured);
    trace->captured = iso_tensor_new(trace->ctx, tensor->dtype, tensor->dims, tensor->shape);
    if (!trace->captured)
        return ISO_ENOMEM;
    memcpy(trace->captured->data, tensor->data, iso_tensor_bytes(tensor));
    return ISO_OK;
}

void iso_trace_add(iso_trace *trace, const char *op, const char *module, const char *name, const iso_tensor *tensor) {
    if (trace->status)
        return;
    iso_state_entry result = {.tensor = tensor};
    trace->status = iso_digest_tensors(trace->digester, &result, 1, true);
    iso_trace_entry *entry = trace->status ? NULL : new_entry(trace->ctx, &trace->step);
    if (!entry) {
        trace->status = ISO_ENOMEM;
        return;
    }
    snprintf(entry->op, sizeof entry->op, "%s", op);
    snprintf(entry->module, sizeof entry->module, "%s", module);
    snprintf(entry->tensor, sizeof entry->tensor, "%s", name);
    entry->dtype = tensor->dtype;
    entry->dims = tensor->dims;
    memcpy(entry->shape, tensor->shape, sizeof *tensor->shape * (size_t)tensor->dims);
    memcpy(entry->digest, result.digest, sizeof entry->digest);
    if (result.tile_count) {
        if (!(entry->tiles = iso_alloc_array(trace->ctx, result.tile_count, sizeof *entry->tiles))) {
            trace->status = ISO_ENOMEM;
            return;
        }
        memcpy(entry->tiles, result.tiles, result.tile_count * sizeof *entry->tiles);
        entry->tile_count = result.tile_count;
    }
    if (trace->capture == (int64_t)trace->step.count - 1)
        trace->status = capture(trace, tensor);
}

/* ---- Writing ---- */

#define TEXT_OF(macro) TEXT_OF_(macro)
#define TEXT_OF_(text) #text
static const char header[] = "{\"kind\":\"trace\",\"format\":\"" ISO_TRACE_FORMAT
                             "\",\"digest\":\"blake3-256\",\"contract\":" TEXT_OF(ISO_CONTRACT_VERSION) "}\n";

static void write_text(iso_text *out, const char *key, const char *value) {
    iso_text_printf(out, ",\"%s\":", key);
    iso_text_json(out, value, strlen(value));
}

static void write_entry(iso_text *out, int64_t step, const iso_trace_entry *entry) {
    iso_text_printf(out, "{\"kind\":\"tensor\",\"step\":%lld", (long long)step);
    write_text(out, "op", entry->op);
    write_text(out, "module", entry->module);
    write_text(out, "tensor", entry->tensor);
    iso_text_printf(out, ",\"type\":\"%s\",\"shape\":[", iso_dtype_name(entry->dtype));
    for (int i = 0; i < entry->dims; i++)
        iso_text_printf(out, i ? ",%lld" : "%lld", (long long)entry->shape[i]);
    iso_text_puts(out, "],\"digest\":\"");
    iso_text_hex(out, entry->digest, sizeof entry->digest);
    iso_text_puts(out, "\",\"tiles\":[");
    for (size_t i = 0; i < entry->tile_count; i++) {
        iso_text_puts(out, i ? ",\"" : "\"");
        iso_text_hex(out, entry->tiles[i], sizeof entry->tiles[i]);
        iso_text_puts(out, "\"");
    }
    iso_text_puts(out, "]}\n");
}

/* The line that closes a step: how many tensors, and the digest of their lines. */
static void write_close(iso_text *out, int64_t step, size_t count, const uint8_t digest[ISO_BLAKE3_SIZE]) {
    iso_text_printf(out, "{\"kind\":\"step\",\"step\":%lld,\"tensors\":%zu,\"digest\":\"", (long long)step, count);
    iso_text_hex(out, digest, ISO_BLAKE3_SIZE);
    iso_text_puts(out, "\"}\n");
}

iso_status iso_trace_append(const iso_trace *trace, const char *path) {
    iso_context *ctx = trace->ctx;
    iso_text text = iso_text_new(ctx);
    uint8_t digest[ISO_BLAKE3_SIZE];
    for (size_t i = 0; i < trace->step.count; i++)
        write_entry(&text, trace->step.step, &trace->step.entries[i]);
    iso_blake3(text.data, text.size, digest);
    write_close(&text, trace->step.step, trace->step.count, digest);
    iso_status status = trace->status ? trace->status : iso_text_ok(&text) ? ISO_OK : ISO_ENOMEM;
    int fd = status ? -1 : ctx->files.open(ctx->files.user, path, O_WRONLY | O_APPEND, 0644);
    if (!status && fd < 0)
        status = iso_fail(ctx, ISO_EIO, "%s: could not be opened: %s", path, strerror(errno));
    if (!status)
        status = iso_file_write_all(ctx, fd, path, text.data, text.size);
    if (fd >= 0)
        ctx->files.close(ctx->files.user, fd);
    iso_text_free(&text);
    return status;
}

iso_status iso_trace_prepare(iso_context *ctx, const char *path, int64_t done) {
    iso_trace_file *file = NULL;
    iso_status status = iso_file_exists(ctx, path) ? iso_trace_read(ctx, path, &file) : ISO_OK;
    if (status)
        return status == ISO_DIFFER ? iso_fail_at(ctx, ISO_EINVAL, "the trace cannot be continued") : status;
    size_t first = 0, kept = 0; /* of the file's bytes: the steps up to `done`, which follow one another */
    for (size_t i = 0; file && i < file->count && file->steps[i].step <= done; i++) {
        first = i ? first : file->steps[i].at;
        kept = file->steps[i].at + file->steps[i].size - first;
    }
    const iso_slice slices[2] = {{header, sizeof header - 1}, {file ? file->bytes + first : NULL, kept}};
    status = iso_file_write_atomic(ctx, path, slices, kept ? 2 : 1);
    iso_trace_file_free(file);
    return status;
}

/* ---- Reading ---- */

static bool copy_text(const iso_json *line, const char *key, char *out, size_t size) {
    const char *text = iso_json_string(line, key);
    return text && (size_t)snprintf(out, size, "%s", text) < size;
}

static bool read_shape(const iso_json *shape, iso_trace_entry *entry) {
    if (!shape || shape->kind != ISO_JSON_ARRAY || shape->count > ISO_MAX_DIMS)
        return false;
    entry->dims = (int)shape->count;
    for (size_t i = 0; i < shape->count; i++) {
        entry->shape[i] = shape->items[i].integer;
        if (shape->items[i].kind != ISO_JSON_INT || entry->shape[i] < 0)
            return false;
    }
    return true;
}

static bool read_dtype(const iso_json *line, iso_dtype *dtype) {
    static const iso_dtype all[] = {ISO_FLOAT32, ISO_INT64, ISO_UINT8};
    const char *name = iso_json_string(line, "type");
    for (size_t i = 0; i < ISO_COUNTOF(all) && name; i++)
        if (strcmp(name, iso_dtype_name(all[i])) == 0) {
            *dtype = all[i];
            return true;
        }
    return false;
}

/* False: the line is none of a tensor's. ISO_ENOMEM goes to *status. */
static bool read_entry(iso_context *ctx, const iso_json *line, iso_trace_step *step, iso_status *status) {
    iso_trace_entry *entry = new_entry(ctx, step);
    const iso_json *tiles = iso_json_get(line, "tiles");
    if (!entry || !tiles || tiles->kind != ISO_JSON_ARRAY) {
        *status = entry ? *status : ISO_ENOMEM;
        return false;
    }
    if (tiles->count && !(entry->tiles = iso_alloc_array(ctx, tiles->count, sizeof *entry->tiles))) {
        *status = ISO_ENOMEM;
        return false;
    }
    entry->tile_count = tiles->count;
    for (size_t i = 0; i < tiles->count; i++)
        if (tiles->items[i].kind != ISO_JSON_STRING || !iso_hex_bytes(tiles->items[i].string, entry->tiles[i], ISO_BLAKE3_SIZE))
            return false;
    return copy_text(line, "op", entry->op, sizeof entry->op) && copy_text(line, "module", entry->module, sizeof entry->module) &&
           copy_text(line, "tensor", entry->tensor, sizeof entry->tensor) && read_dtype(line, &entry->dtype) &&
           read_shape(iso_json_get(line, "shape"), entry) &&
           iso_hex_bytes(iso_json_string(line, "digest"), entry->digest, sizeof entry->digest);
}

/* What is wrong with a line; NULL: nothing. `step` is the one that is being read, with step.step 0 between two. */
static const char *take_line(iso_trace_file *file, const iso_json *line, size_t number, size_t at, size_t size,
                             iso_trace_step *step, iso_status *status) {
    const char *kind = iso_json_string(line, "kind");
    int64_t of = iso_json_int(line, "step", 0), last = file->count ? file->steps[file->count - 1].step : 0;
    if (number == 1)
        return size + 1 == sizeof header - 1 && memcmp(file->bytes, header, size) == 0
                   ? NULL
                   : "expected the first line of a trace of format " ISO_TRACE_FORMAT " and of this program's contract";
    if (!kind || of < 1 || (step->step && of != step->step) || of <= last)
        return "expected the next line of the step, or of one behind it";
    if (!step->step)
        *step = (iso_trace_step){.step = of, .at = at, .line = number};
    if (strcmp(kind, "tensor") == 0)
        return read_entry(file->ctx, line, step, status) ? NULL : "expected the line of a tensor";
    uint8_t recorded[ISO_BLAKE3_SIZE], digest[ISO_BLAKE3_SIZE];
    iso_blake3(file->bytes + step->at, at - step->at, digest);
    if (strcmp(kind, "step") != 0 || !iso_hex_bytes(iso_json_string(line, "digest"), recorded, sizeof recorded) ||
        iso_json_int(line, "tensors", -1) != (int64_t)step->count || memcmp(recorded, digest, sizeof digest) != 0)
        return "the step's lines were changed: their digest is another";
    step->size = at + size + 1 - step->at;
    *status = iso_grow(file->ctx, &file->steps, &file->capacity, file->count, file->count + 1, sizeof *file->steps);
    if (!*status) {
        file->steps[file->count++] = *step;
        file->end = at + size + 1;
        *step = (iso_trace_step){.step = 0};
    }
    return NULL;
}

static iso_status read_lines(iso_trace_file *file, const char *path) {
    iso_context *ctx = file->ctx;
    iso_trace_step step = {.step = 0};
    iso_status status = ISO_OK;
    const uint8_t *end;
    size_t number = 1;
    for (size_t at = 0; !status && at < file->size && (end = memchr(file->bytes + at, '\n', file->size - at)); number++) {
        size_t size = (size_t)(end - file->bytes) - at;
        iso_json line;
        const char *problem = "no JSON";
        iso_status parsed = iso_json_parse(ctx, (const char *)file->bytes + at, size, &line);
        if (!parsed) {
            problem = take_line(file, &line, number, at, size, &step, &status);
            iso_json_free(ctx, &line);
        } else if (parsed == ISO_ENOMEM)
            status = parsed;
        if (!status && problem)
            status = iso_fail(ctx, ISO_DIFFER, "%s:%zu: %s", path, number, problem);
        at += size + 1;
    }
    free_step(ctx, &step); /* torn */
    return status || number > 1 ? status : iso_fail(ctx, ISO_DIFFER, "%s: not a trace", path);
}

iso_status iso_trace_read(iso_context *ctx, const char *path, iso_trace_file **out) {
    *out = NULL;
    iso_trace_file *file = iso_calloc(ctx, 1, sizeof *file);
    if (!file)
        return ISO_ENOMEM;
    file->ctx = ctx;
    iso_status status = iso_file_read(ctx, path, MAX_TRACE, &file->bytes, &file->size);
    if (!status)
        status = read_lines(file, path);
    if (status) {
        iso_trace_file_free(file);
        return status;
    }
    *out = file;
    return ISO_OK;
}

void iso_trace_file_free(iso_trace_file *file) {
    if (!file)
        return;
    for (size_t i = 0; i < file->count; i++)
        free_step(file->ctx, &file->steps[i]);
    iso_free(file->ctx, file->steps);
    iso_free(file->ctx, file->bytes);
    iso_free(file->ctx, file);
}

const iso_trace_step *iso_trace_find(const iso_trace_file *file, int64_t step) {
    for (size_t i = 0; file && i < file->count; i++)
        if (file->steps[i].step == step)
            return &file->steps[i];
    return NULL;
}

/* ---- Comparing ---- */

bool iso_trace_same_place(const iso_trace_entry *a, const iso_trace_entry *b) {
    return strcmp(a->op, b->op) == 0 && strcmp(a->module, b->module) == 0 && strcmp(a->tensor, b->tensor) == 0 &&
           a->dtype == b->dtype && a->dims == b->dims && memcmp(a->shape, b->shape, sizeof *a->shape * (size_t)a->dims) == 0;
}

int64_t iso_trace_difference(const iso_trace_step *a, const iso_trace_step *b) {
    size_t i = 0;
    while (i < a->count && i < b->count && iso_trace_same_place(&a->entries[i], &b->entries[i]) &&
           memcmp(a->entries[i].digest, b->entries[i].digest, ISO_BLAKE3_SIZE) == 0)
        i++;
    return i < a->count || i < b->count ? (int64_t)i : -1;
}

int64_t iso_trace_tile(const iso_trace_entry *a, const iso_trace_entry *b) {
    for (size_t i = 0; i < a->tile_count && a->tile_count == b->tile_count; i++)
        if (memcmp(a->tiles[i], b->tiles[i], ISO_BLAKE3_SIZE) != 0)
            return (int64_t)i;
    return -1;
}

void iso_trace_describe(const iso_trace_entry *e, char *out, size_t size) {
    if (strcmp(e->op, ISO_TRACE_START) == 0)
        snprintf(out, size, "the state before the step, tensor %s", e->tensor);
    else if (strcmp(e->op, ISO_TRACE_BATCH) == 0)
        snprintf(out, size, "the batch, tensor %s", e->tensor);
    else if (strcmp(e->op, ISO_TRACE_OPTIMIZER) == 0)
        snprintf(out, size, "the optimiser's step, tensor %s", e->tensor);
    else if (strcmp(e->op, ISO_TRACE_END) == 0)
        snprintf(out, size, "the state behind the step, tensor %s", e->tensor);
    else if (e->module[0])
        snprintf(out, size, "%s of layer %s, tensor %s", e->op, e->module, e->tensor);
    else
        snprintf(out, size, "%s, tensor %s", e->op, e->tensor);
}
