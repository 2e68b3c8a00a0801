/* What lies in the run directory and in the data, each file against the line or the header that records it. */
#include <stdio.h>
#include <string.h>

#include "core/file.h"
#include "run/position.h"
#include "audit/verify.h"

#define MAX_RECIPE    ((size_t)64 << 20)
#define MAX_DATA_FILE ISO_BYTES(33)

/* ---- Recipe ---- */

/* The copy's bytes are those that were written when the run began: their digest is in run.env, which has nothing to protect it.
 */
static iso_status check_copy(struct verification *v, const char *path) {
    uint8_t recorded[ISO_BLAKE3_SIZE], digest[ISO_BLAKE3_SIZE], *data;
    size_t size;
    bool known;
    iso_status status = iso_environment_recipe(v->ctx, v->options->directory, recorded, &known);
    if (status || !known)
        return status;
    if ((status = iso_file_read(v->ctx, path, MAX_RECIPE, &data, &size)))
        return status;
    iso_blake3(data, size, digest);
    iso_free(v->ctx, data);
    v->copy_changed = memcmp(digest, recorded, sizeof digest) != 0;
    return ISO_OK;
}

iso_status iso_verify_recipe(struct verification *v) {
    iso_context *ctx = v->ctx;
    const iso_verify_options *o = v->options;
    char *root = NULL, *path = iso_path_join(ctx, o->directory, "recipe.yaml");
    iso_status status = path ? ISO_OK : ISO_ENOMEM;
    if (!status && o->root)
        status = (root = iso_strdup(ctx, o->root)) ? ISO_OK : ISO_ENOMEM;
    else if (!status)
        status = iso_environment_root(ctx, o->directory, &root);
    if (!status)
        status = check_copy(v, path);
    iso_status loaded = status ? status : iso_recipe_load(ctx, path, NULL, 0, &v->recipe);
    iso_free(ctx, path);
    if (loaded) {
        iso_free(ctx, root);
        if (!status && (loaded == ISO_EINVAL || v->copy_changed))
            return iso_verify_found(v, "%s/recipe.yaml is not the recipe that the ledger records: %.600s", o->directory,
                                    iso_error(ctx));
        return loaded;
    }
    iso_free(ctx, v->recipe->directory);
    v->recipe->directory = root;
    const char *recorded = iso_json_string(&v->header, "recipe");
    if (!recorded || strcmp(recorded, v->recipe->experiment) != 0)
        return iso_verify_found(v, "%s/recipe.yaml is not the recipe that the ledger records", o->directory);
    if (v->copy_changed && !o->root) /* who gives another root may have had to give other paths, too */
        return iso_verify_found(v,
                                "%s/recipe.yaml was changed since the run, in the paths of the data, micro_batch or its "
                                "spelling, or its digest in run.env was; --root accepts that",
                                o->directory);
    return ISO_OK;
}

/* ---- Data files ---- */

/* The step of the first epoch that takes sample `index`, and its place in the batch; false if none does. Repeats what the loader
 * draws. */
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

/* A file against its digest: *problem says in what way it is another one, NULL if it is not. That there is none is an answer;
 * that it cannot be read is none. */
static iso_status compare_file(iso_context *ctx, const char *path, const uint8_t recorded[ISO_BLAKE3_SIZE],
                               const char **problem) {
    uint8_t digest[ISO_BLAKE3_SIZE], *data;
    size_t size;
    *problem = "is missing";
    if (!iso_file_exists(ctx, path))
        return ISO_OK;
    iso_status status = iso_file_read(ctx, path, MAX_DATA_FILE, &data, &size);
    if (status)
        return status;
    iso_blake3(data, size, digest);
    iso_free(ctx, data);
    *problem = memcmp(digest, recorded, sizeof digest) == 0 ? NULL : "has changed";
    return ISO_OK;
}

/* One file of the data, against its entry [name, size, digest] in the header. */
static iso_status check_data_file(struct verification *v, const char *root, const char *split, int64_t count, int64_t index,
                                  const iso_json *entry) {
    uint8_t recorded[ISO_BLAKE3_SIZE];
    if (entry->count != 3 || entry->items[0].kind != ISO_JSON_STRING ||
        !iso_hex_bytes(entry->items[2].string, recorded, sizeof recorded))
        return iso_verify_found(v, "%s/run.ledger:1: the entry of file %lld is malformed", v->options->directory,
                                (long long)index);
    char where[160] = "";
    const char *name = entry->items[0].string, *problem;
    char *path = iso_data_path(v->ctx, root, name);
    iso_status status = path ? compare_file(v->ctx, path, recorded, &problem) : ISO_ENOMEM;
    iso_free(v->ctx, path);
    if (status || !problem)
        return status;
    int64_t step, place;
    if (strcmp(split, "test") == 0)
        snprintf(where, sizeof where, "; it is used in every evaluation");
    else if (count > 2 && first_use(v, count, index, &step, &place))
        snprintf(where, sizeof where, "; it is first used in step %lld, tensor x, sample %lld of the batch", (long long)step,
                 (long long)place);
    return iso_verify_found(v, "data file %s/%s %s since the run%s", root, name, problem, where);
}

iso_status iso_verify_split(struct verification *v, const char *split, const iso_located *source) {
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

iso_status iso_verify_weights(struct verification *v) {
    uint8_t recorded[ISO_BLAKE3_SIZE];
    const char *text = iso_json_string(&v->header, "weights"), *name = v->recipe->weights.path, *problem;
    if (!text || !name ||
        !iso_hex_bytes(text, recorded, sizeof recorded)) /* one without the other: the header's line will differ */
        return ISO_OK;
    char *path = iso_path_join(v->ctx, v->recipe->directory, name);
    iso_status status = path ? compare_file(v->ctx, path, recorded, &problem) : ISO_ENOMEM;
    iso_free(v->ctx, path);
    if (status || !problem)
        return status;
    return iso_verify_found(v, "weights file %s %s since the run, which starts from it", name, problem);
}

/* ---- Checkpoints ---- */

/* Which tensor of a file that is not what its line says: the first whose digest, or tile, differs. */
static iso_status name_tensor(struct verification *v, const char *path, int64_t step, const iso_json *tensors,
                              const iso_safetensors *file) {
    for (size_t i = 0; tensors && i < tensors->count; i++) {
        const iso_json *entry = &tensors->items[i];
        uint8_t recorded[ISO_BLAKE3_SIZE], digest[ISO_BLAKE3_SIZE];
        if (entry->count != 3 || entry->items[0].kind != ISO_JSON_STRING ||
            !iso_hex_bytes(entry->items[1].string, recorded, sizeof recorded))
            continue;
        const char *name = entry->items[0].string;
        const iso_tensor *tensor = iso_safetensors_find(file, name);
        if (!tensor)
            return iso_verify_found(v, "checkpoint %s (step %lld): tensor %s is missing", path, (long long)step, name);
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
                return iso_verify_found(v, "checkpoint %s (step %lld): tensor %s is damaged, within bytes %zu to %zu of it", path,
                                        (long long)step, name, at, at + count - 1);
        }
        return iso_verify_found(v, "checkpoint %s (step %lld): tensor %s is damaged", path, (long long)step, name);
    }
    return iso_verify_found(v, "checkpoint %s (step %lld): the file's header is damaged; its tensors are what the ledger records",
                            path, (long long)step);
}

static void note_missing(struct verification *v, const char *name, int64_t step) {
    if (v->missing++ == 0)
        snprintf(v->first_missing, sizeof v->first_missing, "checkpoint %s/%s (step %lld)", v->options->directory, name,
                 (long long)step);
}

/* The bytes at `path` against a ckpt line. */
static iso_status check_checkpoint_file(struct verification *v, const char *path, int64_t step,
                                        const uint8_t recorded[ISO_BLAKE3_SIZE], const iso_json *line) {
    uint8_t digest[ISO_BLAKE3_SIZE], *data;
    size_t size;
    iso_safetensors *file;
    iso_status status = iso_file_read(v->ctx, path, MAX_DATA_FILE, &data, &size);
    if (status)
        return status;
    iso_blake3(data, size, digest);
    iso_free(v->ctx, data);
    if (memcmp(digest, recorded, sizeof digest) == 0)
        return ISO_OK;
    status = iso_safetensors_read(v->ctx, path, &file);
    if (status == ISO_EINVAL)
        return iso_verify_found(v, "checkpoint of step %lld is damaged: %s", (long long)step, iso_error(v->ctx));
    if (!status)
        status = name_tensor(v, path, step, iso_json_get(line, "tensors"), file);
    iso_safetensors_free(file);
    return status;
}

iso_status iso_verify_checkpoint(struct verification *v, size_t index) {
    iso_json line;
    iso_status status = iso_ledger_parse(v->ledger, index, &line);
    if (status)
        return status;
    const char *name = iso_json_string(&line, "file");
    int64_t step = iso_json_int(&line, "step", -1);
    uint8_t recorded[ISO_BLAKE3_SIZE];
    char *path = NULL;
    if (!name || strchr(name, '/') || !iso_hex_bytes(iso_json_string(&line, "digest"), recorded, sizeof recorded))
        status = iso_verify_found(v, "%s/run.ledger:%zu: malformed checkpoint line", v->options->directory, index + 1);
    else if (!(path = iso_sprintf(v->ctx, "%s/%s", v->options->directory, name)))
        status = ISO_ENOMEM;
    else if (!iso_file_exists(v->ctx, path))
        note_missing(v, name, step);
    else
        status = check_checkpoint_file(v, path, step, recorded, &line);
    iso_free(v->ctx, path);
    iso_json_free(v->ctx, &line);
    return status;
}
