#include <string.h>

#include "audit/diff.h"

const char iso_diff_side_name[2] = {'A', 'B'};

/* ---- For people ---- */

static void write_index(iso_text *out, const iso_diff_findings *f) {
    iso_text_puts(out, "  index  ");
    iso_write_index(out, f->dims, f->shape, f->tensor.element);
    iso_text_puts(out, " of shape [");
    for (int i = 0; i < f->dims; i++)
        iso_text_printf(out, i ? ", %lld" : "%lld", (long long)f->shape[i]);
    iso_text_puts(out, "]\n");
}

void iso_diff_write_tensor(iso_text *out, const iso_diff_findings *f) {
    const iso_tensor_difference *t = &f->tensor;
    if (f->operation[0])
        iso_text_printf(out, "  op     %s\n", f->operation);
    iso_text_printf(out, "  tensor %s", t->tensor);
    if (t->element >= 0) {
        iso_text_printf(out, ", element %lld: ", (long long)t->element);
        iso_write_element(out, t->dtype, t->bits[0]);
        iso_text_puts(out, " in A, ");
        iso_write_element(out, t->dtype, t->bits[1]);
        iso_text_puts(out, " in B");
        if (t->dtype == ISO_FLOAT32)
            iso_text_printf(out, ", %llu ULP apart",
                            (unsigned long long)iso_ulp_distance((uint32_t)t->bits[0], (uint32_t)t->bits[1]));
    } else if (t->missing[0] || t->missing[1])
        iso_text_printf(out, ", which %c does not have", iso_diff_side_name[t->missing[1]]);
    else if (t->other_shape)
        iso_text_puts(out, ", which has another shape");
    else if (t->tile >= 0)
        iso_text_printf(out, ", within its bytes %lld to %lld", (long long)t->tile * ISO_TILE_BYTES,
                        (long long)(t->tile + 1) * ISO_TILE_BYTES - 1);
    if (t->step >= 0)
        iso_text_printf(out, ", at the checkpoints of step %lld", (long long)t->step);
    iso_text_puts(out, "\n");
    if (t->element >= 0 && f->dims > 1)
        write_index(out, f);
    if (t->total)
        iso_text_printf(out, "  count  %lld of %lld tensors differ\n", (long long)t->differing, (long long)t->total);
}

static void write_head(iso_text *out, const iso_diff_side *side) {
    iso_text_puts(out, "head ");
    iso_text_hex(out, side->head, sizeof side->head);
    if (side->ledger)
        iso_text_printf(out, ", %zu lines\n", side->ledger->count);
    else
        iso_text_puts(out, "\n");
}

static void write_step(iso_text *out, const iso_diff_findings *f) {
    iso_text_printf(out, "  step   %lld, first in the %s line", (long long)f->step, f->kind);
    if (f->line_step != f->step)
        iso_text_printf(out, " of step %lld", (long long)f->line_step);
    iso_text_printf(out, "%s%s\n", f->member[0] ? ": " : "", f->member);
}

void iso_diff_write_text(iso_text *out, const iso_diff_findings *f) {
    for (int i = 0; i < 2; i++)
        if (f->side[i].damaged[0])
            iso_text_printf(out, "%c is damaged: %s\n", iso_diff_side_name[i], f->side[i].damaged);
    if (f->step < 0 && !f->cause.kind) {
        if (!f->side[0].damaged[0] && !f->side[1].damaged[0]) {
            iso_text_puts(out, "equal: both runs have the digest ");
            iso_text_hex(out, f->side[0].head, sizeof f->side[0].head);
            iso_text_puts(out, "\n");
        }
        return;
    }
    iso_text_printf(out, "the runs differ\n  A      %s\n  B      %s\n", f->side[0].directory, f->side[1].directory);
    if (f->cause.kind)
        iso_text_printf(out, "  cause  %s: %s\n", f->cause.kind, f->cause.detail);
    else
        iso_text_puts(out, "  cause  recipe, seed, stream, data and program are equal\n");
    if (f->environment[0])
        iso_text_printf(out, "  may differ, and does: %s\n", f->environment);
    if (f->step >= 0)
        write_step(out, f);
    if (f->tensor.tensor[0])
        iso_diff_write_tensor(out, f);
    for (int i = 0; i < 2; i++)
        if (f->side[i].fault[0])
            iso_text_printf(out, "  fault  %s\n", f->side[i].fault);
    if (f->note[0])
        iso_text_printf(out, "  note   %s\n", f->note);
    for (int i = 0; i < 2; i++) {
        iso_text_printf(out, "  %c      ", iso_diff_side_name[i]);
        write_head(out, &f->side[i]);
    }
    iso_text_printf(out, "  isobit %s, contract %d\n", ISO_VERSION, ISO_CONTRACT_VERSION);
}

/* ---- For machines ---- */

static void json_text(iso_text *out, const char *key, const char *value) {
    if (!value[0])
        return;
    iso_text_printf(out, ", \"%s\": ", key);
    iso_text_json(out, value, strlen(value));
}

static void json_tensor(iso_text *out, const iso_diff_findings *f) {
    const iso_tensor_difference *t = &f->tensor;
    json_text(out, "op", f->operation);
    json_text(out, "tensor", t->tensor);
    iso_text_printf(out, ", \"tensor_step\": %lld", (long long)(t->step >= 0 ? t->step : f->step));
    if (t->tile >= 0)
        iso_text_printf(out, ", \"tile\": %lld", (long long)t->tile);
    if (t->element >= 0) {
        iso_text_printf(out, ", \"element\": %lld, \"bits_a\": \"%llx\", \"bits_b\": \"%llx\"", (long long)t->element,
                        (unsigned long long)t->bits[0], (unsigned long long)t->bits[1]);
        if (f->dims) {
            iso_text_puts(out, ", \"shape\": [");
            for (int i = 0; i < f->dims; i++)
                iso_text_printf(out, i ? ", %lld" : "%lld", (long long)f->shape[i]);
            iso_text_puts(out, "]");
        }
        if (t->dtype == ISO_FLOAT32)
            iso_text_printf(out, ", \"ulp\": %llu",
                            (unsigned long long)iso_ulp_distance((uint32_t)t->bits[0], (uint32_t)t->bits[1]));
    }
    if (t->total)
        iso_text_printf(out, ", \"differing\": %lld, \"tensors\": %lld", (long long)t->differing, (long long)t->total);
}

void iso_diff_write_json(iso_text *out, const iso_diff_findings *f, bool equal) {
    iso_text_printf(out, "{\"equal\": %s", equal ? "true" : "false");
    json_text(out, "damaged_a", f->side[0].damaged);
    json_text(out, "damaged_b", f->side[1].damaged);
    if (f->cause.kind) {
        json_text(out, "cause", f->cause.kind);
        json_text(out, "detail", f->cause.detail);
    }
    json_text(out, "environment", f->environment);
    if (f->step >= 0)
        iso_text_printf(out, ", \"step\": %lld", (long long)f->step);
    json_text(out, "line", f->kind);
    if (f->step >= 0 && f->line_step != f->step)
        iso_text_printf(out, ", \"line_step\": %lld", (long long)f->line_step);
    json_text(out, "member", f->member);
    if (f->tensor.tensor[0])
        json_tensor(out, f);
    json_text(out, "fault_a", f->side[0].fault);
    json_text(out, "fault_b", f->side[1].fault);
    json_text(out, "note", f->note);
    iso_text_puts(out, "}\n");
}
