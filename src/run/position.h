/* Where in a run a trainer stands: put there from a checkpoint, or from the start, and taken on to a step without recording
 * anything. */
#ifndef ISO_RUN_POSITION_H
#define ISO_RUN_POSITION_H

#include "ledger/ledger.h"
#include "run/trainer.h"

/* What the checkpoint of a ledger's line is found to be. */
typedef enum iso_checkpoint_state { ISO_CHECKPOINT_SOUND, ISO_CHECKPOINT_MISSING, ISO_CHECKPOINT_DAMAGED } iso_checkpoint_state;

/* Reads the file that ckpt line `index` names. *file, to be freed, only if it is sound. ISO_ENOMEM, or ISO_DIFFER: malformed
 * line. */
iso_status iso_checkpoint_read(iso_context *ctx, const char *directory, const iso_ledger *ledger, size_t index,
                               iso_checkpoint_state *state, iso_safetensors **file);

/* Loads the newest sound checkpoint that is not behind `step`; without one it starts the run. *line: that of the checkpoint; 0:
 * none. What had to be passed over is told to `progress`, which may be NULL. */
iso_status iso_position_newest(iso_trainer *trainer, const char *directory, const iso_ledger *ledger, int64_t step,
                               iso_progress_function *progress, void *user, size_t *line);

/* Takes the steps up to `step`; behind the last of an epoch also its end, so that the next step may follow. *record: of the last
 * step, or step 0. ISO_EINTERRUPT at a step border. */
iso_status iso_position_advance(iso_trainer *trainer, int64_t step, iso_step_record *record);

#endif
