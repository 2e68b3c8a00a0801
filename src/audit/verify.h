/* The parts of a verification: the files (verify_files.c), the images in them (verify_data.c), which segments (sample.c), the
 * steps (verify_steps.c), and the whole (verify.c). */
#ifndef ISO_AUDIT_VERIFY_H
#define ISO_AUDIT_VERIFY_H

#include "ledger/trace.h"
#include "run/session.h"

struct verification {
    iso_context *ctx;
    const iso_verify_options *options;
    iso_verify_result *result;
    iso_ledger *ledger;
    iso_json header;
    iso_recipe *recipe;
    bool copy_changed; /* recipe.yaml is not the file that the run wrote */
    iso_trainer *trainer;
    iso_trace_file *recorded; /* the run's trace; NULL: it has none */
    iso_trace *trace;
    int64_t missing;          /* checkpoints that have a line but no file, */
    char first_missing[1100]; /* and the first of them */
};

/* Notes the first finding and returns ISO_DIFFER. */
iso_status iso_verify_found(struct verification *v, const char *format, ...) ISO_PRINTF(2, 3);

/* ---- verify_files.c ---- */

iso_status iso_verify_recipe(struct verification *v);
iso_status iso_verify_split(struct verification *v, const char *split, const iso_located *source);
iso_status iso_verify_weights(struct verification *v);
/* The file of ckpt line `index`; one that is missing is only noted. */
iso_status iso_verify_checkpoint(struct verification *v, size_t index);

/* ---- verify_data.c ---- */

/* Decoded images, classes and order of the trainer's data sets, against the header. */
iso_status iso_verify_data(struct verification *v);

/* ---- verify_steps.c ---- */

/* The segment of steps from .. to, re-executed from the newest sound checkpoint before it; from 1 also the lines before the first
 * step. */
iso_status iso_verify_segment(struct verification *v, int64_t from, int64_t to);
/* The last step that was recorded. */
int64_t iso_verify_recorded(const iso_ledger *ledger);

/* ---- sample.c ---- */

/* The segments between checkpoints: the steps first[i] + 1 .. first[i + 1] for i below *count; to be freed. */
iso_status iso_segments(const iso_ledger *ledger, int64_t **first, size_t *count);
/* Which of `count` segments are drawn for a head and a beacon: `wanted` different numbers (all if there are fewer), ascending; to
 * be freed. */
iso_status iso_sample(iso_context *ctx, const uint8_t head[ISO_BLAKE3_SIZE], const uint8_t *beacon, size_t beacon_size,
                      size_t count, size_t *wanted, size_t **chosen);

/* Every checkpoint file of a run against its line; ISO_DIFFER with the file, step and tensor in `finding`. */
iso_status iso_verify_checkpoints(iso_context *ctx, const char *directory, iso_ledger *ledger, char *finding, size_t size);

#endif
