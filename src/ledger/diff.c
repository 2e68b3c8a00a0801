#include "ledger/diff.h"

#include <stdio.h>
#include <string.h>

/* ---- Lines ---- */

/* The line's bytes without its "prev": two lines may say the same after different pasts. */
static size_t body_size(const iso_ledger_line *line) {
    return line->size - (sizeof ",\"prev\":\"\"}" - 1 + 2 * ISO_BLAKE3_SIZE);
}

static bool same_line(const iso_ledger *a, const iso_ledger_line *x, const iso_ledger *b, const iso_ledger_line *y) {
    return body_size(x) == body_size(y) && memcmp(a->bytes + x->at, b->bytes + y->at, body_size(x)) == 0;
}

/* Lines in the order in which a run writes them: by step, then by this. */
static int rank(iso_line_kind kind) {
    static const int ranks[ISO_LINE_KINDS] = {[ISO_LINE_HEADER] = 0, [ISO_LINE_STEP] = 1, [ISO_LINE_NAN_STOP] = 1,
                                              [ISO_LINE_EVAL] = 2,   [ISO_LINE_CKPT] = 3, [ISO_LINE_END] = 4};
    return ranks[kind];
}

static int line_order(const iso_ledger_line *x, const iso_ledger_line *y) {
    if (x->step != y->step)
        return x->step < y->step ? -1 : 1;
    return rank(x->kind) - rank(y->kind);
}

/* A checkpoint that only one run wrote says nothing about the other, if that one goes on. */
static bool may_be_missing(const iso_ledger_line *line) {
    return line->kind == ISO_LINE_CKPT || line->kind == ISO_LINE_EVAL;
}

bool iso_diff_lines(const iso_ledger *a, const iso_ledger *b, size_t at[2]) {
    size_t i = 1, j = 1;
    while (i < a->count || j < b->count) {
        const iso_ledger_line *x = i < a->count ? &a->lines[i] : NULL, *y = j < b->count ? &b->lines[j] : NULL;
        int order = x && y ? line_order(x, y) : x ? -1 : 1;
        if (order == 0 && !same_line(a, x, b, y)) {
            at[0] = i;
            at[1] = j;
            return true;
        }
        if (order && !(x && y && may_be_missing(order < 0 ? x : y))) {
            at[0] = order < 0 ? i : a->count;
            at[1] = order < 0 ? b->count : j;
            return true;
        }
        i += order <= 0;
        j += order >= 0;
    }
    return false;
}

/* ---- Tensors ---- */

uint64_t iso_tensor_element(const iso_tensor *t, int64_t i) {
    uint64_t bits;
    uint32_t word;
    switch (t->dtype) {
    case ISO_FLOAT32:
        memcpy(&word, iso_tensor_f32(t) + i, sizeof word);
        return word;
    case ISO_UINT8:
        return iso_tensor_u8(t)[i];
    default:
        memcpy(&bits, iso_tensor_i64(t) + i, sizeof bits);
        return bits;
    }
}

static void name_it(iso_tensor_difference *d, const char *name) {
    snprintf(d->tensor, sizeof d->tensor, "%s", name);
}

static const iso_tensor_difference nothing = {.tile = -1, .element = -1, .step = -1};

/* Where a window of `size` begins that has `at` in its middle, as far as 0 .. count - 1 allows. */
static int64_t window_first(int64_t at, int64_t size, int64_t count) {
    int64_t first = at - size / 2;
    if (first > count - size)
        first = count - size;
    return first < 0 ? 0 : first;
}

static void look_around(const iso_tensor *a, const iso_tensor *b, int64_t element, iso_diff_window *w) {
    w->row = 1;
    for (int i = a->dims; i-- > 0 && w->row < 8;)
        w->row *= a->shape[i];
    int64_t rows = a->numel / w->row;
    w->rows = (int)(rows < ISO_DIFF_WINDOW_ROWS ? rows : ISO_DIFF_WINDOW_ROWS);
    w->columns = (int)(w->row < ISO_DIFF_WINDOW_COLUMNS ? w->row : ISO_DIFF_WINDOW_COLUMNS);
    w->first_row = window_first(element / w->row, w->rows, rows);
    w->first_column = window_first(element % w->row, w->columns, w->row);
    for (int i = 0; i < w->rows * w->columns; i++) {
        int64_t at = (w->first_row + i / w->columns) * w->row + w->first_column + i % w->columns;
        w->bits[0][i] = iso_tensor_element(a, at);
        w->bits[1][i] = iso_tensor_element(b, at);
    }
}

bool iso_diff_tensors(const char *name, const iso_tensor *a, const iso_tensor *b, iso_tensor_difference *d) {
    *d = nothing;
    d->dtype = a->dtype;
    if (a->dtype != b->dtype || a->dims != b->dims || memcmp(a->shape, b->shape, sizeof *a->shape * (size_t)a->dims) != 0) {
        name_it(d, name);
        d->other_shape = true;
        return true;
    }
    if (a->numel == 0 || memcmp(a->data, b->data, iso_tensor_bytes(a)) == 0)
        return false;
    int64_t i = 0;
    while (iso_tensor_element(a, i) == iso_tensor_element(b, i))
        i++;
    name_it(d, name);
    d->element = i;
    if (iso_tensor_bytes(a) > ISO_TILE_BYTES)
        d->tile = i * (int64_t)iso_dtype_size(a->dtype) / ISO_TILE_BYTES;
    d->bits[0] = iso_tensor_element(a, i);
    d->bits[1] = iso_tensor_element(b, i);
    look_around(a, b, i, &d->window);
    return true;
}

bool iso_diff_states(const iso_state *a, const iso_state *b, iso_tensor_difference *d) {
    size_t i = 0, j = 0;
    int64_t differing = 0;
    *d = nothing;
    while (i < a->count || j < b->count) { /* both are sorted by name */
        const iso_state_entry *x = i < a->count ? &a->entries[i] : NULL, *y = j < b->count ? &b->entries[j] : NULL;
        int order = x && y ? strcmp(x->name, y->name) : x ? -1 : 1;
        iso_tensor_difference here = nothing;
        bool differs = order != 0 || iso_diff_tensors(x->name, x->tensor, y->tensor, &here);
        if (order) {
            name_it(&here, order < 0 ? x->name : y->name); /* NOLINT: one of the two is there */
            here.missing[order < 0] = true;
        }
        if (differs && differing++ == 0)
            *d = here;
        i += order <= 0;
        j += order >= 0;
    }
    d->differing = differing;
    d->total = (int64_t)a->count;
    return differing > 0;
}

/* ---- Checkpoints ---- */

/* The tensor of a checkpoint's file, if the file is what its line says; the file is to be freed. */
static iso_status load_tensor(iso_context *ctx, const char *directory, const iso_json *line, const char *name,
                              iso_safetensors **file, const iso_tensor **tensor) {
    uint8_t digest[ISO_BLAKE3_SIZE] = {0};
    const char *file_name = iso_json_string(line, "file");
    *tensor = NULL;
    *file = NULL;
    if (!file_name || strchr(file_name, '/'))
        return ISO_OK;
    (void)iso_hex_bytes(iso_json_string(line, "digest"), digest, sizeof digest); /* it is one: the line was checked */
    char *path = iso_sprintf(ctx, "%s/%s", directory, file_name);
    iso_status status = path ? iso_safetensors_read(ctx, path, file) : ISO_ENOMEM;
    iso_free(ctx, path);
    if (!status && memcmp((*file)->digest, digest, sizeof digest) == 0)
        *tensor = iso_safetensors_find(*file, name);
    return status == ISO_ENOMEM ? status : ISO_OK;
}

static iso_status compare_files(iso_context *ctx, const char *const directories[2], const iso_json lines[2],
                                iso_tensor_difference *d) {
    iso_safetensors *files[2] = {NULL, NULL};
    const iso_tensor *tensors[2];
    iso_status status = load_tensor(ctx, directories[0], &lines[0], d->tensor, &files[0], &tensors[0]);
    if (!status)
        status = load_tensor(ctx, directories[1], &lines[1], d->tensor, &files[1], &tensors[1]);
    if (!status) {
        for (int i = 0; i < 2; i++)
            d->damaged[i] = !tensors[i] && !d->missing[i];
        iso_tensor_difference found;
        if (tensors[0] && tensors[1] && iso_diff_tensors(d->tensor, tensors[0], tensors[1], &found)) {
            d->other_shape = found.other_shape;
            d->dtype = found.dtype;
            d->element = found.element;
            d->tile = found.tile;
            memcpy(d->bits, found.bits, sizeof d->bits);
            d->window = found.window;
        }
    }
    iso_safetensors_free(files[0]);
    iso_safetensors_free(files[1]);
    return status;
}

/* Two lines of checkpoints of one step. */
static iso_status compare_checkpoint(iso_context *ctx, const char *const directories[2], const iso_ledger *const ledgers[2],
                                     size_t i, size_t j, iso_tensor_difference *d) {
    iso_json lines[2];
    iso_status status = iso_ledger_parse(ledgers[0], i, &lines[0]);
    if (status)
        return status;
    if ((status = iso_ledger_parse(ledgers[1], j, &lines[1]))) {
        iso_json_free(ctx, &lines[0]);
        return status;
    }
    iso_tensors_difference found = iso_line_tensors_difference(&lines[0], &lines[1]);
    if (found.tensor) {
        name_it(d, found.tensor);
        d->missing[0] = found.missing_a;
        d->missing[1] = found.missing_b;
        d->tile = found.tile;
        d->differing = found.differing;
        d->total = found.total;
        d->step = ledgers[0]->lines[i].step;
        status = compare_files(ctx, directories, lines, d);
    }
    iso_json_free(ctx, &lines[0]);
    iso_json_free(ctx, &lines[1]);
    return status;
}

iso_status iso_diff_checkpoints(iso_context *ctx, const char *const directories[2], const iso_ledger *const ledgers[2],
                                int64_t step, iso_tensor_difference *d) {
    iso_status status = ISO_OK;
    *d = nothing;
    for (size_t i = 0, j = 0; i < ledgers[0]->count && !d->tensor[0] && !status; i++) {
        const iso_ledger_line *x = &ledgers[0]->lines[i], *y;
        if (x->kind != ISO_LINE_CKPT || x->step < step)
            continue;
        j = iso_ledger_find(ledgers[1], j, "ckpt", x->step);
        if (j == ledgers[1]->count) {
            j = 0;
            continue;
        }
        y = &ledgers[1]->lines[j];
        if (!same_line(ledgers[0], x, ledgers[1], y))
            status = compare_checkpoint(ctx, directories, ledgers, i, j, d);
    }
    return status;
}

/* ---- Values ---- */

uint64_t iso_ulp_distance(uint32_t a, uint32_t b) {
    int64_t x = a & 0x80000000u ? -(int64_t)(a & 0x7fffffffu) : (int64_t)a;
    int64_t y = b & 0x80000000u ? -(int64_t)(b & 0x7fffffffu) : (int64_t)b;
    return (uint64_t)(x > y ? x - y : y - x);
}

void iso_write_index(iso_text *out, int dims, const int64_t *shape, int64_t element) {
    int64_t index[ISO_MAX_DIMS];
    for (int i = dims; i-- > 0;) {
        index[i] = shape[i] ? element % shape[i] : 0;
        element = shape[i] ? element / shape[i] : 0;
    }
    iso_text_puts(out, "[");
    for (int i = 0; i < dims; i++)
        iso_text_printf(out, i ? ", %lld" : "%lld", (long long)index[i]);
    iso_text_puts(out, "]");
}

void iso_write_element(iso_text *out, iso_dtype dtype, uint64_t bits) {
    if (dtype != ISO_FLOAT32) {
        iso_text_printf(out, "%lld", (long long)bits);
        return;
    }
    uint32_t word = (uint32_t)bits;
    float value;
    memcpy(&value, &word, sizeof value);
    iso_text_printf(out, "%.9g (%08x)", (double)value, word);
}
