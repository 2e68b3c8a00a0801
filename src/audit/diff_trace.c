#include <stdio.h>
#include <string.h>

#include "audit/diff.h"

/* "conv2d of layer 0, tensor y" without the tensor. */
static void describe_operation(const iso_trace_entry *entry, char *out, size_t size) {
    iso_trace_describe(entry, out, size);
    char *tensor = strstr(out, ", tensor ");
    if (tensor)
        *tensor = 0;
}

static int64_t count_differing(const iso_trace_step *a, const iso_trace_step *b) {
    int64_t count = 0;
    for (size_t i = 0; i < a->count || i < b->count; i++)
        count += i >= a->count || i >= b->count || !iso_trace_same_place(&a->entries[i], &b->entries[i]) ||
                 memcmp(a->entries[i].digest, b->entries[i].digest, ISO_BLAKE3_SIZE) != 0; /* NOLINT: i is below both counts */
    return count;
}

int64_t iso_diff_traced_step(iso_diff_findings *f, const iso_trace_step *a, const iso_trace_step *b) {
    int64_t at = iso_trace_difference(a, b);
    iso_tensor_difference *t = &f->tensor;
    if (at < 0)
        return at;
    const iso_trace_entry *x = (size_t)at < a->count ? &a->entries[at] : NULL,
                          *y = (size_t)at < b->count ? &b->entries[at] : NULL;
    const iso_trace_entry *named = x ? x : &b->entries[at];
    *t = (iso_tensor_difference){.tile = -1, .element = -1, .step = -1, .dtype = named->dtype};
    describe_operation(named, f->operation, sizeof f->operation);
    snprintf(t->tensor, sizeof t->tensor, "%s", named->tensor);
    f->dims = named->dims;
    memcpy(f->shape, named->shape, sizeof f->shape);
    t->differing = count_differing(a, b);
    t->total = (int64_t)(a->count > b->count ? a->count : b->count);
    if (!x || !y || strcmp(x->op, y->op) != 0 || strcmp(x->module, y->module) != 0 || strcmp(x->tensor, y->tensor) != 0) {
        char other[400] = "nothing";
        if (x && y)
            iso_trace_describe(y, other, sizeof other);
        t->missing[!x ? 0 : 1] = true;
        snprintf(f->note, sizeof f->note, "the operations differ: there %c has %s", iso_diff_side_name[x ? 1 : 0], other);
    } else if (!iso_trace_same_place(x, y))
        t->other_shape = true;
    else
        t->tile = iso_trace_tile(x, y);
    return at;
}

static void write_steps(iso_text *out, size_t count, int64_t only[2]) {
    iso_text_printf(out, "%zu step%s", count, count == 1 ? "" : "s");
    if (only[0] || only[1])
        iso_text_printf(out, " (%lld more only in A, %lld only in B)", (long long)only[0], (long long)only[1]);
}

static void write_differing(iso_text *out, const iso_diff_findings *f, const char *const paths[2],
                            const iso_trace_step *const steps[2], int64_t at) {
    iso_text_printf(out, "the traces differ\n  A      %s\n  B      %s\n  step   %lld\n", paths[0], paths[1],
                    (long long)steps[0]->step);
    iso_diff_write_tensor(out, f);
    for (int i = 0; i < 2; i++)
        if ((size_t)at < steps[i]->count) {
            iso_text_puts(out, "  digest ");
            iso_text_hex(out, steps[i]->entries[at].digest, ISO_BLAKE3_SIZE);
            iso_text_printf(out, " in %c\n", iso_diff_side_name[i]);
        }
    if (at == 0)
        iso_text_puts(out, "  note   the runs part before this step\n");
    else if (f->note[0])
        iso_text_printf(out, "  note   %s\n", f->note);
}

iso_status iso_diff_traces(iso_context *ctx, const char *path_a, const char *path_b, bool json, iso_text *out) {
    const char *const paths[2] = {path_a, path_b};
    iso_diff_findings f = {.ctx = ctx, .step = -1};
    iso_trace_file *files[2] = {NULL, NULL};
    iso_status status = ISO_OK;
    for (int i = 0; i < 2 && !status; i++) {
        status = iso_trace_read(ctx, paths[i], &files[i]);
        if (status == ISO_DIFFER) {
            snprintf(f.side[i].damaged, sizeof f.side[i].damaged, "%s", iso_error(ctx));
            status = ISO_OK;
        }
    }
    size_t common = 0;
    int64_t at = -1, only[2] = {0, 0};
    const iso_trace_step *steps[2] = {NULL, NULL};
    bool sound = !status && files[0] && files[1];
    for (size_t i = 0; sound && i < files[0]->count && at < 0; i++) {
        steps[0] = &files[0]->steps[i];
        steps[1] = iso_trace_find(files[1], steps[0]->step);
        if (steps[1] && common++ < SIZE_MAX)
            at = iso_diff_traced_step(&f, steps[0], steps[1]);
    }
    if (sound && at < 0)
        for (int i = 0; i < 2; i++)
            only[i] = (int64_t)(files[i]->count - common);
    if (sound && !common)
        status = iso_fail(ctx, ISO_EINVAL, "%s and %s have no step in common", path_a, path_b);
    bool equal = sound && at < 0;
    f.step = f.line_step = at < 0 ? -1 : steps[0]->step;
    if (!status && json)
        iso_diff_write_json(out, &f, equal);
    else if (!status && !sound)
        iso_diff_write_text(out, &f);
    else if (!status && equal) {
        iso_text_puts(out, "equal: both traces have the same tensors in ");
        write_steps(out, common, only);
        iso_text_puts(out, "\n");
    } else if (!status)
        write_differing(out, &f, paths, steps, at);
    iso_trace_file_free(files[0]);
    iso_trace_file_free(files[1]);
    return status ? status : equal ? ISO_OK : ISO_DIFFER;
}
