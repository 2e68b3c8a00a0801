/* Both runs are taken to the step at which they part, from their newest checkpoints before it, and through it with every tensor
 * digested. Where a run recorded a trace of that step, the trace counts, and what its own inputs give is compared with it: a
 * fault of the machine that computed it does not come back. */
#include <stdio.h>
#include <string.h>

#include "core/file.h"
#include "audit/diff.h"
#include "run/position.h"

struct replay {
    iso_recipe *recipe;
    iso_trainer *trainer;
    iso_trace *trace;
    iso_tensor **before; /* copies of the state's tensors before the step */
    iso_step_record record;
    bool taken; /* through the step: `trace` and `record` are those of it */
};

static void end_replay(iso_context *ctx, struct replay *r) {
    for (size_t i = 0; r->before && i < r->trainer->state->count; i++)
        iso_tensor_free(ctx, r->before[i]);
    iso_free(ctx, r->before);
    iso_trace_free(r->trace);
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
    const char *recorded = iso_json_string(&side->header, "recipe");
    if (!recorded || strcmp(recorded, r->recipe->experiment) != 0)
        return iso_fail(ctx, ISO_EINVAL, "%s/recipe.yaml is not the recipe that the ledger records", side->directory);
    status = iso_trace_new(ctx, &r->trace);
    return status ? status : iso_trainer_new(ctx, r->recipe, 0, NULL, NULL, &r->trainer);
}

static iso_status advance(const iso_diff_side *side, struct replay *r, int64_t step) {
    size_t line;
    iso_status status = iso_position_newest(r->trainer, side->directory, side->ledger, step, NULL, NULL, &line);
    return status ? status : iso_position_advance(r->trainer, step, &r->record);
}

static iso_status copy_state(iso_context *ctx, struct replay *r) {
    const iso_state *state = r->trainer->state;
    if (!(r->before = iso_calloc(ctx, state->count, sizeof *r->before)))
        return ISO_ENOMEM;
    for (size_t i = 0; i < state->count; i++) {
        const iso_tensor *from = state->entries[i].tensor;
        if (!(r->before[i] = iso_tensor_new(ctx, from->dtype, from->dims, from->shape)))
            return ISO_ENOMEM;
        memcpy(r->before[i]->data, from->data, iso_tensor_bytes(from));
    }
    return ISO_OK;
}

/* Takes the step from the state before it, traced, any number of times. The two trainers share the context's generators, so each
 * time begins with those of the state. */
static iso_status take_step(struct replay *r, int64_t capture) {
    iso_trainer *t = r->trainer;
    for (size_t i = 0; i < t->state->count; i++)
        memcpy(t->state->entries[i].tensor->data, r->before[i]->data, iso_tensor_bytes(r->before[i]));
    iso_status status = iso_trainer_restored(t, "the state before the step");
    if (!status)
        status = iso_trainer_begin_epoch(t);
    r->trace->capture = capture;
    t->trace = r->trace;
    if (!status)
        status = iso_trainer_step(t, &r->record);
    t->trace = NULL;
    r->taken = !status && !r->trace->status;
    return status ? status : r->trace->status;
}

/* Is the recorded step the one that was computed? */
static bool follows(const iso_diff_side *side, const struct replay *r, int64_t step) {
    size_t at = iso_ledger_find(side->ledger, 0, "step", step);
    uint8_t recorded[ISO_BLAKE3_SIZE];
    char loss[16];
    iso_json line;
    if (at == side->ledger->count || iso_ledger_parse(side->ledger, at, &line))
        return true; /* a nan-stop has no state */
    const char *state = iso_json_string(&line, "state"), *recorded_loss = iso_json_string(&line, "loss");
    uint32_t bits;
    memcpy(&bits, &r->record.loss, sizeof bits);
    snprintf(loss, sizeof loss, "%08x", bits);
    bool same = recorded_loss && strcmp(recorded_loss, loss) == 0;
    if (same && state)
        same = iso_hex_bytes(state, recorded, sizeof recorded) && memcmp(recorded, r->record.state, sizeof recorded) == 0;
    iso_json_free(side->ledger->ctx, &line);
    return same;
}

/* ---- The step ---- */

static void note_faults(iso_diff_findings *f, const struct replay r[2]) {
    for (int i = 0; i < 2; i++) {
        iso_diff_side *side = &f->side[i];
        const iso_trace_step *recorded = iso_trace_find(side->trace, f->step);
        int64_t at = recorded && r[i].taken ? iso_trace_difference(recorded, &r[i].trace->step) : -1;
        char place[400] = "";
        if (!r[i].taken || (at < 0 && follows(side, &r[i], f->step)))
            continue;
        if (at >= 0 && (size_t)at < recorded->count) {
            size_t size = (size_t)snprintf(place, sizeof place, ", first in ");
            iso_trace_describe(&recorded->entries[at], place + size, sizeof place - size);
        }
        char step[64];
        if (at < 0 && f->since < f->step - 1)
            snprintf(step, sizeof step, "one of the steps %lld to %lld", (long long)f->since + 1, (long long)f->step);
        else
            snprintf(step, sizeof step, "step %lld", (long long)f->step);
        snprintf(side->fault, sizeof side->fault,
                 "%s of %c is not what its own inputs give%s: a hardware or disk fault, or another program", step,
                 iso_diff_side_name[i], place);
    }
}

/* Where not each step is digested, the runs may part before their lines do: from the last step with equal digests on both are
 * taken again, and their states compared behind each step. */
static iso_status find_step(iso_diff_findings *f, struct replay r[2]) {
    int64_t count = f->line_step - 1 - f->since;
    if (count <= 0)
        return ISO_OK;
    uint8_t(*roots)[ISO_BLAKE3_SIZE] = iso_alloc_array(f->ctx, 2 * (size_t)count, sizeof *roots);
    iso_status status = roots ? ISO_OK : ISO_ENOMEM;
    for (int i = 0; i < 2 && !status; i++) {
        status = advance(&f->side[i], &r[i], f->since);
        for (int64_t k = 0; k < count && !status; k++) {
            status = iso_position_advance(r[i].trainer, f->since + 1 + k, &r[i].record);
            if (!status)
                status = iso_state_root(r[i].trainer->state, roots[i * count + k]);
        }
    }
    for (int64_t k = count; k-- > 0 && !status;)
        if (memcmp(roots[k], roots[count + k], sizeof *roots) != 0)
            f->step = f->since + 1 + k;
    iso_free(f->ctx, roots);
    return status;
}

/* The tensor itself, where both runs' values come back. */
static iso_status compare_values(iso_diff_findings *f, struct replay r[2], const iso_trace_step *const steps[2], int64_t at) {
    for (int i = 0; i < 2; i++) {
        if (!r[i].taken || (size_t)at >= r[i].trace->step.count || (size_t)at >= steps[i]->count)
            return ISO_OK;
        if (memcmp(r[i].trace->step.entries[at].digest, steps[i]->entries[at].digest, ISO_BLAKE3_SIZE) != 0) {
            snprintf(f->note, sizeof f->note,
                     "what %c had there does not come back when the step is taken again: only its digest is known",
                     iso_diff_side_name[i]);
            return ISO_OK;
        }
    }
    iso_status status = ISO_OK;
    for (int i = 0; i < 2 && !status; i++)
        status = take_step(&r[i], at);
    iso_tensor_difference found;
    if (!status && iso_diff_tensors(f->tensor.tensor, r[0].trace->captured, r[1].trace->captured, &found) && !found.other_shape) {
        f->tensor.element = found.element;
        f->tensor.tile = found.tile;
        memcpy(f->tensor.bits, found.bits, sizeof found.bits);
        f->tensor.window = found.window;
    }
    return status;
}

static iso_status compare_step(iso_diff_findings *f, struct replay r[2], iso_status status) {
    if (!status)
        status = find_step(f, r);
    for (int i = 0; i < 2 && !status; i++) {
        status = advance(&f->side[i], &r[i], f->step - 1);
        if (!status)
            status = copy_state(f->ctx, &r[i]);
        if (!status)
            status = take_step(&r[i], -1);
    }
    if (status == ISO_ENOMEM)
        return status;
    note_faults(f, r);
    const iso_trace_step *steps[2];
    for (int i = 0; i < 2; i++) {
        steps[i] = iso_trace_find(f->side[i].trace, f->step);
        if (!steps[i] && r[i].taken)
            steps[i] = &r[i].trace->step;
    }
    int64_t at = steps[0] && steps[1] ? iso_diff_traced_step(f, steps[0], steps[1]) : -1;
    if (at >= 0 && !f->tensor.other_shape && !f->tensor.missing[0] && !f->tensor.missing[1] && !status)
        status = compare_values(f, r, steps, at);
    return status;
}

/* ---- The state behind a step, for lines that are not a step's ---- */

static void compare_states(const iso_trainer *a, const iso_trainer *b, iso_diff_findings *f) {
    size_t count = iso_module_state_count(a->model);
    for (size_t i = 0; i < count; i++) {
        iso_named_tensor entry = iso_module_state(a->model, i), other = iso_module_find(b->model, entry.name);
        if (other.tensor && iso_diff_tensors(entry.name, entry.tensor, other.tensor, &f->tensor)) {
            f->dims = entry.tensor->dims;
            memcpy(f->shape, entry.tensor->shape, sizeof f->shape);
            return;
        }
    }
    for (size_t i = 0; i < a->state->count; i++) {
        const iso_state_entry *entry = &a->state->entries[i], *other = iso_state_find(b->state, entry->name);
        if (other && iso_diff_tensors(entry->name, entry->tensor, other->tensor, &f->tensor))
            return;
    }
}

static iso_status compare_behind(iso_diff_findings *f, struct replay r[2], iso_status status) {
    for (int i = 0; i < 2 && !status; i++)
        status = advance(&f->side[i], &r[i], f->step);
    if (!status)
        compare_states(r[0].trainer, r[1].trainer, f);
    return status;
}

/* ---- The whole ---- */

iso_status iso_diff_find_tensor(iso_diff_findings *f) {
    struct replay r[2] = {{.recipe = NULL}, {.recipe = NULL}};
    bool step = strcmp(f->kind, "step") == 0 || strcmp(f->kind, "nan-stop") == 0;
    iso_status status = ISO_OK;
    for (int i = 0; i < 2 && !status; i++)
        status = open_replay(f->ctx, &f->side[i], &r[i]);
    status = step ? compare_step(f, r, status) : compare_behind(f, r, status);
    for (int i = 0; i < 2; i++)
        end_replay(f->ctx, &r[i]);
    if (status == ISO_ENOMEM || status == ISO_EINTERRUPT)
        return status;
    if (status)
        snprintf(f->note, sizeof f->note, "the step could not be taken again: %.400s", iso_error(f->ctx));
    if (f->tensor.tensor[0])
        return ISO_OK;
    return iso_diff_checkpoints(f->ctx, (const char *const[]){f->side[0].directory, f->side[1].directory},
                                (const iso_ledger *const[]){f->side[0].ledger, f->side[1].ledger}, f->step, &f->tensor);
}
