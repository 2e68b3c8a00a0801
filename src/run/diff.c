/* iso_diff: equal in one line, or the cause, the first step, and the first tensor and element at which two runs part. The step is found by comparing
 * the ledgers; the tensor by taking both runs to that step again, from their newest checkpoints before it, or where that does not show it
 * by comparing the next checkpoints' files. */
#include "run/diff.h"

#include <stdio.h>
#include <string.h>

#include "core/file.h"
#include "ledger/diff.h"

/* What has been found, for the report. */
struct findings {
    char damaged[2][1024];     /* A, B: not what its own ledger says; "" if sound */
    iso_diff_cause cause;
    int64_t step;              /* -1: the ledgers do not part */
    char kind[16], member[32]; /* of the line and its member */
    iso_tensor_difference tensor; /* tensor.tensor is "" if none was found */
    char note[512];            /* what could not be done, or is remarkable */
    uint8_t head[2][ISO_BLAKE3_SIZE];
};

static const char side_name[2] = {'A', 'B'};

/* ---- Lines ---- */

static iso_status describe_line(iso_context *ctx, const iso_diff_side *side, const size_t at[2], struct findings *f) {
    iso_json line[2];
    size_t sound = 0;
    iso_status status = ISO_OK;
    for (int i = 0; i < 2 && !status; i++) {
        if (at[i] >= side[i].ledger->count) {
            snprintf(f->note, sizeof f->note, "run %c has no such line: it stops at step %lld", side_name[i],
                     (long long)iso_ledger_step(side[i].ledger, side[i].ledger->count - 1));
            line[i] = (iso_json){.kind = ISO_JSON_NULL};
        } else
            status = iso_ledger_parse(side[i].ledger, at[i], &line[i]);
        sound += status == ISO_OK;
    }
    if (!status) {
        const iso_json *any = line[0].kind == ISO_JSON_OBJECT ? &line[0] : &line[1];
        const char *kind = iso_json_string(any, "kind"), *member = NULL;
        if (line[0].kind == line[1].kind)
            member = iso_ledger_first_difference(&line[0], &line[1]);
        f->step = iso_json_int(any, "step", 0);
        snprintf(f->kind, sizeof f->kind, "%s", kind ? kind : "?");
        snprintf(f->member, sizeof f->member, "%s", member ? member : "");
    }
    for (size_t i = 0; i < sound; i++)
        iso_json_free(ctx, &line[i]);
    return status;
}

/* ---- Tensors ---- */

/* The names that both states have, the model's before the optimiser's and the run's own. */
static void compare_states(const iso_trainer *a, const iso_trainer *b, struct findings *f) {
    size_t count = iso_module_state_count(a->model);
    for (size_t i = 0; i < count; i++) {
        iso_named_tensor entry = iso_module_state(a->model, i), other = iso_module_find(b->model, entry.name);
        if (other.tensor && iso_diff_tensors(entry.name, entry.tensor, other.tensor, &f->tensor))
            return;
    }
    for (size_t i = 0; i < a->state->count; i++) {
        const iso_state_entry *entry = &a->state->entries[i], *other = iso_state_find(b->state, entry->name);
        if (other && iso_diff_tensors(entry->name, entry->tensor, other->tensor, &f->tensor))
            return;
    }
}

/* ---- Replaying ---- */

struct replay {
    iso_recipe *recipe;
    iso_trainer *trainer;
};

static void end_replay(struct replay *r) {
    iso_trainer_free(r->trainer);
    iso_recipe_free(r->recipe);
}

static iso_status open_replay(iso_context *ctx, const iso_diff_side *side, struct replay *r) {
    char *root = NULL, *path = iso_path_join(ctx, side->directory, "recipe.yaml");
    iso_status status = path ? iso_environment_root(ctx, side->directory, &root) : ISO_ENOMEM;
    if (!status)
        status = iso_recipe_load(ctx, path, NULL, 0, &r->recipe);
    iso_free(ctx, path);
    if (status) {
        iso_free(ctx, root);
        return status;
    }
    iso_free(ctx, r->recipe->directory);
    r->recipe->directory = root;
    return iso_trainer_new(ctx, r->recipe, 0, NULL, NULL, &r->trainer);
}

/* Takes a run to the state behind `step`. *follows: that state is the one that its ledger records. */
static iso_status replay_to(iso_context *ctx, const iso_diff_side *side, int64_t step, struct replay *r, bool *follows) {
    const iso_ledger *l = side->ledger;
    iso_trainer *t = r->trainer;
    size_t start = 0;
    for (size_t i = 0; i < l->count; i++)
        if (iso_ledger_is(l, i, "ckpt") && iso_ledger_step(l, i) <= step && iso_ledger_step(l, i) > 0)
            start = i;
    iso_status status;
    if (start) {
        char name[64];
        iso_checkpoint_name(iso_ledger_step(l, start), name);
        char *path = iso_path_join(ctx, side->directory, name);
        status = path ? iso_trainer_load(t, path) : ISO_ENOMEM;
        iso_free(ctx, path);
    } else
        status = iso_trainer_start(t);
    iso_step_record record = {.step = 0};
    while (!status && iso_trainer_counter(t, ISO_COUNTER_STEP) < step) {
        iso_eval_record eval;
        status = iso_trainer_begin_epoch(t);
        while (!status && iso_trainer_counter(t, ISO_COUNTER_STEP) < step && iso_trainer_counter(t, ISO_COUNTER_BATCH) < t->steps_per_epoch)
            status = iso_trainer_step(t, &record);
        if (!status && iso_trainer_counter(t, ISO_COUNTER_STEP) < step)
            status = iso_trainer_end_epoch(t, &eval);
    }
    *follows = true;
    size_t at = iso_ledger_find(l, 0, "step", step);
    iso_json line;
    if (!status && record.step == step && at < l->count && iso_ledger_parse(l, at, &line) == ISO_OK) {
        uint8_t recorded[ISO_BLAKE3_SIZE];
        *follows = iso_hex_bytes(iso_json_string(&line, "state"), recorded, sizeof recorded) &&
                   memcmp(recorded, record.state, sizeof recorded) == 0;
        iso_json_free(ctx, &line);
    }
    return status;
}

static iso_status compare_batches(const iso_trainer *a, const iso_trainer *b, int64_t step, struct findings *f) {
    iso_tensor *x[2] = {NULL, NULL}, *labels[2] = {NULL, NULL};
    const iso_trainer *t[2] = {a, b};
    iso_status status = ISO_OK;
    for (int i = 0; i < 2 && !status; i++)
        status = iso_trainer_batch((iso_trainer *)t[i], (step - 1) / t[i]->steps_per_epoch, (step - 1) % t[i]->steps_per_epoch, &x[i], &labels[i]);
    if (!status && !iso_diff_tensors("x (the batch of images)", x[0], x[1], &f->tensor))
        iso_diff_tensors("target (the batch of labels)", labels[0], labels[1], &f->tensor);
    for (int i = 0; i < 2; i++) {
        iso_tensor_free(a->ctx, x[i]);
        iso_tensor_free(a->ctx, labels[i]);
    }
    return status;
}

static iso_status find_in_checkpoints(iso_context *ctx, const iso_diff_side *side, struct findings *f) {
    return iso_diff_checkpoints(ctx, (const char *const[]){side[0].directory, side[1].directory},
                                (const iso_ledger *const[]){side[0].ledger, side[1].ledger}, f->step, &f->tensor);
}

/* Names tensor and element; what stands in the way becomes a note. */
static iso_status find_tensor(iso_context *ctx, const iso_diff_side *side, struct findings *f) {
    struct replay r[2] = {{NULL, NULL}, {NULL, NULL}};
    bool follows[2] = {true, true};
    iso_status status = ISO_OK;
    for (int i = 0; i < 2 && !status; i++)
        status = open_replay(ctx, &side[i], &r[i]);
    if (!status && strcmp(f->member, "batch") == 0)
        status = compare_batches(r[0].trainer, r[1].trainer, f->step, f);
    else
        for (int i = 0; i < 2 && !status; i++)
            status = replay_to(ctx, &side[i], f->step, &r[i], &follows[i]);
    if (!status && !f->tensor.tensor[0])
        compare_states(r[0].trainer, r[1].trainer, f);
    for (int i = 0; i < 2; i++)
        end_replay(&r[i]);
    for (int i = 0; i < 2; i++)
        if (!status && !follows[i])
            snprintf(f->note, sizeof f->note,
                     "run %c's record of step %lld is not what its own inputs give: a hardware or disk fault, or another program",
                     side_name[i], (long long)f->step);
    if (status == ISO_ENOMEM || status == ISO_EINTERRUPT)
        return status;
    if (status)
        snprintf(f->note, sizeof f->note, "the step could not be taken again: %.400s", iso_error(ctx));
    if (f->tensor.tensor[0])
        return ISO_OK;
    return find_in_checkpoints(ctx, side, f);
}

/* ---- Report ---- */

static void write_tensor(iso_text *out, const iso_tensor_difference *t) {
    iso_text_printf(out, "  tensor %s", t->tensor);
    if (t->element >= 0) {
        iso_text_printf(out, ", element %lld: ", (long long)t->element);
        iso_write_element(out, t->dtype, t->bits[0]);
        iso_text_puts(out, " in A, ");
        iso_write_element(out, t->dtype, t->bits[1]);
        iso_text_puts(out, " in B");
        if (t->dtype == ISO_FLOAT32)
            iso_text_printf(out, ", %llu ULP apart", (unsigned long long)iso_ulp_distance((uint32_t)t->bits[0], (uint32_t)t->bits[1]));
    } else if (t->missing[0] || t->missing[1])
        iso_text_printf(out, ", which %c does not have", side_name[t->missing[1]]);
    else if (t->other_shape)
        iso_text_puts(out, ", which has another shape");
    else if (t->tile >= 0)
        iso_text_printf(out, ", within its bytes %lld to %lld", (long long)t->tile * ISO_TILE_BYTES,
                        (long long)(t->tile + 1) * ISO_TILE_BYTES - 1);
    if (t->step >= 0)
        iso_text_printf(out, ", at the checkpoints of step %lld (%lld of %lld tensors differ)", (long long)t->step,
                        (long long)t->differing, (long long)t->total);
    iso_text_puts(out, "\n");
}

static void write_text(iso_text *out, const iso_diff_side *side, const struct findings *f) {
    for (int i = 0; i < 2; i++)
        if (f->damaged[i][0])
            iso_text_printf(out, "%c is damaged: %s\n", side_name[i], f->damaged[i]);
    if (f->step < 0 && !f->cause.kind) {
        if (!f->damaged[0][0] && !f->damaged[1][0]) {
            iso_text_puts(out, "equal: both runs have the digest ");
            iso_text_hex(out, f->head[0], sizeof f->head[0]);
            iso_text_puts(out, "\n");
        }
        return;
    }
    iso_text_printf(out, "the runs differ\n  A      %s\n  B      %s\n", side[0].directory, side[1].directory);
    if (f->cause.kind)
        iso_text_printf(out, "  cause  %s: %s\n", f->cause.kind, f->cause.detail);
    else
        iso_text_puts(out, "  cause  recipe, seed, stream, data and program are equal\n");
    if (f->step >= 0)
        iso_text_printf(out, "  step   %lld, first in the %s line%s%s\n", (long long)f->step, f->kind, f->member[0] ? ": " : "", f->member);
    if (f->tensor.tensor[0])
        write_tensor(out, &f->tensor);
    if (f->note[0])
        iso_text_printf(out, "  note   %s\n", f->note);
}

static void json_text(iso_text *out, const char *key, const char *value) {
    iso_text_printf(out, ", \"%s\": ", key);
    iso_text_json(out, value, strlen(value));
}

static void write_json(iso_text *out, const struct findings *f, bool equal) {
    iso_text_printf(out, "{\"equal\": %s", equal ? "true" : "false");
    if (f->damaged[0][0])
        json_text(out, "damaged_a", f->damaged[0]);
    if (f->damaged[1][0])
        json_text(out, "damaged_b", f->damaged[1]);
    if (f->cause.kind) {
        json_text(out, "cause", f->cause.kind);
        json_text(out, "detail", f->cause.detail);
    }
    if (f->step >= 0) {
        iso_text_printf(out, ", \"step\": %lld", (long long)f->step);
        json_text(out, "line", f->kind);
        json_text(out, "member", f->member);
    }
    const iso_tensor_difference *t = &f->tensor;
    if (t->tensor[0]) {
        json_text(out, "tensor", t->tensor);
        iso_text_printf(out, ", \"tensor_step\": %lld", (long long)(t->step >= 0 ? t->step : f->step));
    }
    if (t->tensor[0] && t->tile >= 0)
        iso_text_printf(out, ", \"tile\": %lld", (long long)t->tile);
    if (t->tensor[0] && t->element >= 0) {
        iso_text_printf(out, ", \"element\": %lld, \"bits_a\": \"%llx\", \"bits_b\": \"%llx\"", (long long)t->element,
                        (unsigned long long)t->bits[0], (unsigned long long)t->bits[1]);
        if (t->dtype == ISO_FLOAT32)
            iso_text_printf(out, ", \"ulp\": %llu", (unsigned long long)iso_ulp_distance((uint32_t)t->bits[0], (uint32_t)t->bits[1]));
    }
    if (f->note[0])
        json_text(out, "note", f->note);
    iso_text_puts(out, "}\n");
}

/* ---- The whole ---- */

/* Opens a run. A broken chain is a finding, not a failure. */
static iso_status open_side(iso_context *ctx, const char *directory, iso_diff_side *side, char damaged[1024]) {
    side->directory = directory;
    iso_status status = iso_ledger_open(ctx, directory, ISO_LEDGER_READ, &side->ledger);
    if (!status && (side->ledger->count == 0 || !iso_ledger_is(side->ledger, 0, "header")))
        status = iso_fail(ctx, ISO_DIFFER, "run.ledger has no header line");
    if (!status)
        status = iso_ledger_parse(side->ledger, 0, &side->header);
    if (!status && side->ledger->torn)
        snprintf(damaged, 1024, "%s/run.ledger ends in the middle of a line", directory);
    if (status == ISO_DIFFER)
        snprintf(damaged, 1024, "%s", iso_error(ctx));
    return status == ISO_DIFFER ? ISO_OK : status;
}

static iso_status compare(iso_context *ctx, iso_diff_side *side, const char *const *directories, struct findings *f) {
    iso_status status = ISO_OK;
    for (int i = 0; i < 2 && !status; i++)
        status = open_side(ctx, directories[i], &side[i], f->damaged[i]);
    for (int i = 0; i < 2 && !status; i++) {
        if (!side[i].ledger || !side[i].ledger->count)
            continue;
        memcpy(f->head[i], side[i].ledger->lines[side[i].ledger->count - 1].digest, sizeof f->head[i]);
        if (!f->damaged[i][0])
            status = iso_verify_checkpoints(ctx, directories[i], side[i].ledger, f->damaged[i], sizeof f->damaged[i]);
        if (status == ISO_DIFFER)
            status = ISO_OK;
    }
    for (int i = 0; i < 2 && !status; i++)
        if (!side[i].ledger || !side[i].ledger->count)
            return ISO_OK; /* the damage is all there is to say */
    if (status || memcmp(f->head[0], f->head[1], sizeof f->head[0]) == 0)
        return status;
    iso_diff_find_cause(&side[0].header, &side[1].header, &f->cause);
    size_t line[2];
    if (!iso_diff_lines(side[0].ledger, side[1].ledger, line))
        return ISO_OK; /* only the headers differ, or the schedules of checkpoints */
    if ((status = describe_line(ctx, side, line, f)))
        return status;
    bool both = line[0] < side[0].ledger->count && line[1] < side[1].ledger->count;
    if (!both)
        return ISO_OK;
    return f->damaged[0][0] || f->damaged[1][0] ? find_in_checkpoints(ctx, side, f) : find_tensor(ctx, side, f);
}

iso_status iso_diff(iso_context *ctx, const char *directory_a, const char *directory_b, bool json, char **report) {
    iso_diff_side side[2] = {{.ledger = NULL}, {.ledger = NULL}};
    struct findings f = {.step = -1};
    *report = NULL;
    iso_status status = compare(ctx, side, (const char *const[]){directory_a, directory_b}, &f);
    bool equal = !f.cause.kind && f.step < 0 && !f.damaged[0][0] && !f.damaged[1][0];
    if (!status) {
        iso_text out = iso_text_new(ctx);
        if (json)
            write_json(&out, &f, equal);
        else
            write_text(&out, side, &f);
        if (iso_text_ok(&out))
            *report = out.data;
        status = !*report ? ISO_ENOMEM : equal ? ISO_OK : ISO_DIFFER;
    }
    for (int i = 0; i < 2; i++) {
        iso_json_free(ctx, &side[i].header);
        iso_ledger_close(side[i].ledger);
    }
    return status;
}
