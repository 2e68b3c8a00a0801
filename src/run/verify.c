/* iso_verify: does everything in a run directory follow from its recipe, seed and data? The files are checked first, each against the line that
 * records it, so that damage is named where it is; then the steps are taken again. */
#include <stdio.h>
#include <string.h>

#include "core/file.h"
#include "run/position.h"
#include "run/session.h"

#define MAX_DATA_FILE ((size_t)1 << 33)

struct verification {
    iso_context *ctx;
    const iso_verify_options *options;
    iso_verify_result *result;
    iso_ledger *ledger;
    iso_json header;
    iso_recipe *recipe;
    iso_trainer *trainer;
};

/* Notes the first finding. */
static iso_status found(struct verification *v, const char *format, ...) ISO_PRINTF(2, 3);
static iso_status found(struct verification *v, const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(v->result->finding, sizeof v->result->finding, format, args);
    va_end(args);
    return ISO_DIFFER;
}

/* ---- Recipe ---- */

static iso_status load_recipe(struct verification *v) {
    iso_context *ctx = v->ctx;
    const iso_verify_options *o = v->options;
    char *root = NULL, *path = iso_path_join(ctx, o->directory, "recipe.yaml");
    iso_status status = path ? ISO_OK : ISO_ENOMEM;
    if (!status && o->root)
        status = (root = iso_strdup(ctx, o->root)) ? ISO_OK : ISO_ENOMEM;
    else if (!status)
        status = iso_environment_root(ctx, o->directory, &root);
    if (!status)
        status = iso_recipe_load(ctx, path, NULL, 0, &v->recipe);
    iso_free(ctx, path);
    if (status) {
        iso_free(ctx, root);
        return status;
    }
    iso_free(ctx, v->recipe->directory);
    v->recipe->directory = root;
    const char *recorded = iso_json_string(&v->header, "recipe");
    if (!recorded || strcmp(recorded, v->recipe->experiment) != 0)
        return found(v, "%s/recipe.yaml is not the recipe that the ledger records", o->directory);
    return ISO_OK;
}

/* ---- Data files ---- */

/* The step of the first epoch that takes sample `index`, and its place in the batch; false if none does. Repeats what the loader draws. */
static bool first_use(const struct verification *v, int64_t count, int64_t index, int64_t *step, int64_t *place) {
    iso_safetensors *file;
    const iso_recipe *recipe = v->recipe;
    const iso_sampler *sampler = &recipe->sampler;
    if (recipe->split.located.expr || (sampler->kind == ISO_WEIGHTED_RANDOM_SAMPLER && !sampler->weights))
        return false; /* which images there are, and of which class, is not known here */
    char *path = iso_path_join(v->ctx, v->options->directory, "checkpoint-000000.safetensors");
    bool ok = path && iso_safetensors_read(v->ctx, path, &file) == ISO_OK;
    iso_free(v->ctx, path);
    if (!ok)
        return false;
    const iso_tensor *state = iso_safetensors_find(file, "isobit/generator");
    iso_torch_generator g = {.variant = recipe->variant};
    iso_sampling *sampling = NULL;
    ok = state && state->numel == ISO_TORCH_STATE_SIZE && iso_torch_set_state(&g, iso_tensor_u8(state)) &&
         iso_sampling_new(v->ctx, sampler, recipe->shuffle, recipe->generator, count, NULL, &sampling) == ISO_OK;
    if (ok) {
        int64_t base_seed, at = 0;
        iso_sampling_draw(sampling, &g, &base_seed);
        while (at < sampling->length && sampling->order[at] != index)
            at++;
        *step = at / recipe->batch_size + 1;
        *place = at % recipe->batch_size;
        ok = at < sampling->length;
    }
    iso_sampling_free(sampling);
    iso_safetensors_free(file);
    return ok;
}

/* One file of the data, against its entry [name, size, digest] in the header. */
static iso_status check_data_file(struct verification *v, const char *root, const char *split, int64_t count, int64_t index,
                                  const iso_json *entry) {
    uint8_t recorded[ISO_BLAKE3_SIZE], digest[ISO_BLAKE3_SIZE], *data;
    size_t size;
    if (entry->count != 3 || entry->items[0].kind != ISO_JSON_STRING || !iso_hex_bytes(entry->items[2].string, recorded, sizeof recorded))
        return found(v, "%s/run.ledger:1: the entry of file %lld is malformed", v->options->directory, (long long)index);
    char where[160] = "";
    const char *name = entry->items[0].string;
    const char *problem = "has changed";
    bool same = false;
    char *path = iso_data_path(v->ctx, root, name);
    if (!path)
        return ISO_ENOMEM;
    if (iso_file_read(v->ctx, path, MAX_DATA_FILE, &data, &size))
        problem = "is missing or cannot be read";
    else {
        iso_blake3(data, size, digest);
        same = memcmp(digest, recorded, sizeof digest) == 0;
        iso_free(v->ctx, data);
    }
    iso_free(v->ctx, path);
    if (same)
        return ISO_OK;
    int64_t step, place;
    if (strcmp(split, "test") == 0)
        snprintf(where, sizeof where, "; it is used in every evaluation");
    else if (count > 2 && first_use(v, count, index, &step, &place))
        snprintf(where, sizeof where, "; it is first used in step %lld, tensor x, sample %lld of the batch", (long long)step, (long long)place);
    return found(v, "data file %s/%s %s since the run%s", root, name, problem, where);
}

static iso_status check_split(struct verification *v, const char *split, const iso_located *source) {
    const iso_json *files = iso_json_get(iso_json_get(&v->header, split), "files");
    if (!files || files->kind != ISO_JSON_ARRAY)
        return ISO_OK;
    char *root = iso_recipe_data_path(v->recipe, source);
    if (!root)
        return ISO_ENOMEM;
    iso_status status = ISO_OK;
    for (size_t i = 0; i < files->count && !status; i++)
        status = check_data_file(v, root, split, (int64_t)files->count, (int64_t)i, &files->items[i]);
    iso_free(v->ctx, root);
    return status;
}

static iso_status check_weights(struct verification *v) {
    uint8_t recorded[ISO_BLAKE3_SIZE], digest[ISO_BLAKE3_SIZE], *data;
    const char *text = iso_json_string(&v->header, "weights"), *name = v->recipe->weights.path, *problem = "has changed";
    size_t size;
    if (!text || !name || !iso_hex_bytes(text, recorded, sizeof recorded)) /* one without the other: the header's line will differ */
        return ISO_OK;
    char *path = iso_path_join(v->ctx, v->recipe->directory, name);
    iso_status status = path ? iso_file_read(v->ctx, path, MAX_DATA_FILE, &data, &size) : ISO_ENOMEM;
    iso_free(v->ctx, path);
    if (status == ISO_ENOMEM)
        return status;
    if (status)
        problem = "is missing or cannot be read";
    else {
        iso_blake3(data, size, digest);
        iso_free(v->ctx, data);
        if (memcmp(digest, recorded, sizeof digest) == 0)
            return ISO_OK;
    }
    return found(v, "weights file %s %s since the run, which starts from it", name, problem);
}

/* ---- Checkpoints ---- */

/* Which tensor of a file that is not what its line says: the first whose digest, or tile, differs. */
static iso_status name_tensor(struct verification *v, const char *path, int64_t step, const iso_json *tensors, const iso_safetensors *file) {
    for (size_t i = 0; tensors && i < tensors->count; i++) {
        const iso_json *entry = &tensors->items[i];
        uint8_t recorded[ISO_BLAKE3_SIZE], digest[ISO_BLAKE3_SIZE];
        if (entry->count != 3 || entry->items[0].kind != ISO_JSON_STRING || !iso_hex_bytes(entry->items[1].string, recorded, sizeof recorded))
            continue;
        const char *name = entry->items[0].string;
        const iso_tensor *tensor = iso_safetensors_find(file, name);
        if (!tensor)
            return found(v, "checkpoint %s (step %lld): tensor %s is missing", path, (long long)step, name);
        iso_status status = iso_tensor_digest(v->ctx, tensor, digest);
        if (status)
            return status;
        if (memcmp(digest, recorded, sizeof digest) == 0)
            continue;
        const iso_json *tiles = &entry->items[2];
        size_t size = (size_t)tensor->numel * iso_dtype_size(tensor->dtype);
        for (size_t t = 0; t < tiles->count; t++) {
            size_t at = t * ISO_TILE_BYTES, count = size - at < ISO_TILE_BYTES ? size - at : ISO_TILE_BYTES;
            if (at >= size || !iso_hex_bytes(tiles->items[t].string, recorded, sizeof recorded))
                break;
            iso_blake3((const uint8_t *)tensor->data + at, count, digest);
            if (memcmp(digest, recorded, sizeof digest) != 0)
                return found(v, "checkpoint %s (step %lld): tensor %s is damaged, within bytes %zu to %zu of it", path, (long long)step,
                             name, at, at + count - 1);
        }
        return found(v, "checkpoint %s (step %lld): tensor %s is damaged", path, (long long)step, name);
    }
    return found(v, "checkpoint %s (step %lld): the file's header is damaged; its tensors are what the ledger records", path,
                 (long long)step);
}

static iso_status check_checkpoint(struct verification *v, size_t index) {
    iso_json line;
    iso_status status = iso_ledger_parse(v->ledger, index, &line);
    if (status)
        return status;
    const char *name = iso_json_string(&line, "file");
    int64_t step = iso_json_int(&line, "step", -1);
    uint8_t recorded[ISO_BLAKE3_SIZE], digest[ISO_BLAKE3_SIZE], *data;
    size_t size;
    char message[512];
    if (!name || strchr(name, '/') || !iso_hex_bytes(iso_json_string(&line, "digest"), recorded, sizeof recorded))
        status = found(v, "%s/run.ledger:%zu: malformed checkpoint line", v->options->directory, index + 1);
    else if (iso_file_read_quietly(v->ctx, v->options->directory, name, MAX_DATA_FILE, &data, &size, message, sizeof message))
        status = found(v, "checkpoint of step %lld: %s", (long long)step, message);
    else {
        iso_blake3(data, size, digest);
        iso_free(v->ctx, data);
        if (memcmp(digest, recorded, sizeof digest) != 0) {
            iso_safetensors *file;
            char *path = iso_path_join(v->ctx, v->options->directory, name);
            iso_status read = path ? iso_safetensors_read(v->ctx, path, &file) : ISO_ENOMEM;
            if (read == ISO_OK) {
                status = name_tensor(v, path, step, iso_json_get(&line, "tensors"), file);
                iso_safetensors_free(file);
            } else
                status = found(v, "checkpoint of step %lld is damaged: %s", (long long)step, iso_error(v->ctx));
            iso_free(v->ctx, path);
        }
    }
    iso_json_free(v->ctx, &line);
    return status;
}

iso_status iso_verify_checkpoints(iso_context *ctx, const char *directory, iso_ledger *ledger, char *finding, size_t size) {
    iso_verify_options options = {.directory = directory};
    iso_verify_result result = {.finding = ""};
    struct verification v = {.ctx = ctx, .options = &options, .result = &result, .ledger = ledger};
    iso_status status = ISO_OK;
    for (size_t i = 0; i < ledger->count && !status; i++)
        if (iso_ledger_is(ledger, i, "ckpt"))
            status = check_checkpoint(&v, i);
    snprintf(finding, size, "%s", result.finding);
    return status;
}

/* ---- Steps ---- */

/* From the newest checkpoint that is not behind `from`. */
static iso_status go_to_start(struct verification *v, iso_session *session) {
    size_t line = 0;
    iso_status status = v->options->from > 1 ? iso_position_newest(v->trainer, v->options->directory, v->ledger, v->options->from - 1,
                                                                   v->options->progress, v->options->user, &line)
                                             : iso_trainer_start(v->trainer);
    if (line && v->ledger->lines[line].step > 0) {
        iso_ledger_seek(v->ledger, line + 1);
        return status;
    }
    if (!status && line) /* the first lines are compared as well */
        status = iso_trainer_start(v->trainer);
    if (!status)
        status = iso_session_header(session);
    return status ? status : iso_session_checkpoint(session);
}

static iso_status verify_steps(struct verification *v) {
    iso_ledger *l = v->ledger;
    iso_session session = {.ctx = v->ctx, .directory = v->options->directory, .trainer = v->trainer, .ledger = l,
                           .progress = v->options->progress, .user = v->options->user};
    /* A run that stopped early has fewer steps than its recipe asks for. */
    int64_t recorded = 0;
    for (size_t i = 0; i < l->count; i++)
        if (iso_ledger_is(l, i, "step") || iso_ledger_is(l, i, "nan-stop"))
            recorded = iso_ledger_step(l, i);
    session.until = v->options->to && v->options->to < recorded ? v->options->to : recorded;
    if (v->options->from > recorded)
        return iso_fail(v->ctx, ISO_EINVAL, "--from %lld: the run has %lld steps", (long long)v->options->from, (long long)recorded);
    iso_status status = go_to_start(v, &session);
    int64_t first = status ? 0 : iso_trainer_counter(v->trainer, ISO_COUNTER_STEP);
    size_t first_line = l->position;
    if (!status)
        status = iso_session_run(&session);
    if (status == ISO_ENAN && l->position == l->count)
        status = ISO_OK; /* the run stopped there as well */
    if (status == ISO_DIFFER && l->position == l->count && !l->finished)
        status = ISO_OK; /* the run was cut off between two lines */
    v->result->steps = iso_trainer_counter(v->trainer, ISO_COUNTER_STEP) - first;
    v->result->lines = (int64_t)(l->position - (first ? first_line : 0));
    memcpy(v->result->digest, l->head, sizeof l->head);
    if (status == ISO_DIFFER)
        return found(v, "%s/run.ledger, %s", v->options->directory, iso_error(v->ctx));
    if (!status && l->position < l->count && session.until == recorded)
        return found(v, "%s/run.ledger:%zu: a line too many", v->options->directory, l->position + 1);
    return status;
}

static iso_status verify(struct verification *v) {
    const iso_verify_options *o = v->options;
    iso_status status = iso_ledger_open(v->ctx, o->directory, ISO_LEDGER_READ, &v->ledger);
    if (status == ISO_DIFFER)
        return found(v, "%s", iso_error(v->ctx));
    if (status)
        return status;
    if (v->ledger->count == 0 || !iso_ledger_is(v->ledger, 0, "header"))
        return found(v, "%s/run.ledger has no header line", o->directory);
    if (v->ledger->torn)
        return found(v, "%s/run.ledger ends in the middle of a line", o->directory);
    if ((status = iso_ledger_parse(v->ledger, 0, &v->header)))
        return status == ISO_DIFFER ? found(v, "%s", iso_error(v->ctx)) : status;
    if (iso_json_int(&v->header, "contract", -1) != ISO_CONTRACT_VERSION)
        return iso_fail(v->ctx, ISO_EINVAL, "%s is a run under contract %lld; this program computes contract %d", o->directory,
                        (long long)iso_json_int(&v->header, "contract", -1), ISO_CONTRACT_VERSION);
    if ((status = load_recipe(v)) || (status = check_split(v, "train", &v->recipe->train)) ||
        (status = check_split(v, "test", &v->recipe->test)) || (status = check_weights(v)))
        return status;
    if ((status = iso_verify_checkpoints(v->ctx, o->directory, v->ledger, v->result->finding, sizeof v->result->finding)))
        return status;
    if (o->micro_batch)
        v->recipe->micro_batch = o->micro_batch;
    status = iso_trainer_new(v->ctx, v->recipe, o->workers, o->progress, o->user, &v->trainer);
    return status ? status : verify_steps(v);
}

iso_status iso_verify(iso_context *ctx, const iso_verify_options *options, iso_verify_result *result) {
    struct verification v = {.ctx = ctx, .options = options, .result = result};
    memset(result, 0, sizeof *result);
    iso_status status = verify(&v);
    iso_trainer_free(v.trainer);
    iso_recipe_free(v.recipe);
    iso_json_free(ctx, &v.header);
    iso_ledger_close(v.ledger);
    return status;
}
