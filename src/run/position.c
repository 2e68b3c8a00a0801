#include "run/position.h"

#include <stdio.h>
#include <string.h>

#include "core/file.h"

iso_status iso_checkpoint_read(iso_context *ctx, const char *directory, const iso_ledger *ledger, size_t index,
                               iso_checkpoint_state *state, iso_safetensors **file) {
    iso_json line;
    uint8_t digest[ISO_BLAKE3_SIZE];
    *file = NULL;
    *state = ISO_CHECKPOINT_DAMAGED;
    iso_status status = iso_ledger_parse(ledger, index, &line);
    if (status)
        return status;
    const char *name = iso_json_string(&line, "file");
    bool named = name && !strchr(name, '/') && iso_hex_bytes(iso_json_string(&line, "digest"), digest, sizeof digest);
    char *path = named ? iso_sprintf(ctx, "%s/%s", directory, name) : NULL;
    if (!named)
        status = iso_fail(ctx, ISO_DIFFER, "%s:%zu: malformed checkpoint line", ledger->path, index + 1);
    else if (!path)
        status = ISO_ENOMEM;
    else if (!iso_file_exists(ctx, path))
        *state = ISO_CHECKPOINT_MISSING;
    else if ((status = iso_safetensors_read(ctx, path, file)) == ISO_OK && memcmp((*file)->digest, digest, sizeof digest) == 0)
        *state = ISO_CHECKPOINT_SOUND;
    iso_free(ctx, path);
    iso_json_free(ctx, &line);
    if (*state != ISO_CHECKPOINT_SOUND) {
        iso_safetensors_free(*file);
        *file = NULL;
    }
    return status == ISO_ENOMEM || !named ? status : ISO_OK;
}

iso_status iso_position_newest(iso_trainer *t, const char *directory, const iso_ledger *l, int64_t step,
                               iso_progress_function *progress, void *user, size_t *line) {
    *line = 0;
    for (size_t i = l->count; i-- > 0;) {
        if (l->lines[i].kind != ISO_LINE_CKPT || l->lines[i].step > step)
            continue;
        iso_checkpoint_state state;
        iso_safetensors *file;
        iso_status status = iso_checkpoint_read(t->ctx, directory, l, i, &state, &file);
        if (!status && state == ISO_CHECKPOINT_SOUND) {
            status = iso_trainer_take(t, file, directory);
            iso_safetensors_free(file);
            *line = i;
            return status;
        }
        if (status == ISO_ENOMEM)
            return status;
        char text[512];
        snprintf(text, sizeof text, "%.300s/checkpoint-%06lld.safetensors is %s and is not used", directory,
                 (long long)l->lines[i].step, state == ISO_CHECKPOINT_MISSING ? "missing" : "damaged or unreadable");
        if (progress)
            progress(user, &(iso_progress){.kind = ISO_PROGRESS_NOTE, .note = text});
    }
    return iso_trainer_start(t); /* none is left: from the start, which gives the same bits */
}

iso_status iso_position_advance(iso_trainer *t, int64_t step, iso_step_record *record) {
    iso_status status = ISO_OK;
    record->step = 0;
    while (!status &&
           (iso_trainer_counter(t, ISO_COUNTER_STEP) < step || iso_trainer_counter(t, ISO_COUNTER_BATCH) == t->steps_per_epoch)) {
        iso_eval_record eval;
        status = iso_trainer_begin_epoch(t);
        while (!status && iso_trainer_counter(t, ISO_COUNTER_STEP) < step &&
               iso_trainer_counter(t, ISO_COUNTER_BATCH) < t->steps_per_epoch) {
            status = iso_trainer_step(t, record);
            if (!status && atomic_load(&t->ctx->interrupted))
                status = iso_fail(t->ctx, ISO_EINTERRUPT, "interrupted behind step %lld; nothing was changed",
                                  (long long)iso_trainer_counter(t, ISO_COUNTER_STEP));
        }
        if (!status && iso_trainer_counter(t, ISO_COUNTER_BATCH) == t->steps_per_epoch)
            status = iso_trainer_end_epoch(t, &eval);
    }
    return status;
}
