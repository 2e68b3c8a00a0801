/* The trainer: an experiment in motion. It owns everything that a recipe describes (data, loaders, model, optimiser) and the
 * position in it, and knows how to take one step, evaluate, save and load. What is done with the steps (recording them,
 * comparing them) is the caller's: run.c and verify.c. */
#ifndef ISO_RUN_TRAINER_H
#define ISO_RUN_TRAINER_H

#include "data/dataset.h"
#include "data/loader.h"
#include "image/transforms.h"
#include "isobit/run.h"
#include "ledger/state.h"
#include "run/recipe.h"

typedef struct iso_trainer {
    iso_context *ctx;
    const iso_recipe *recipe; /* borrowed */
    iso_dataset *train, *test; /* test may be NULL */
    iso_transforms *transforms, *test_transforms;
    iso_loader *loader, *test_loader;
    iso_module *model;
    iso_optimizer *optimizer;

    /* The state that determines every later step, as named tensors for digests and checkpoints. */
    iso_state *state;
    iso_tensor *counters;                          /* int64: step, epoch, batches done in the epoch */
    iso_tensor *generator, *epoch_generator;       /* uint8: torch's 5056 bytes, now and at the start of the epoch */
    int64_t steps_per_epoch, steps;                /* steps: of the whole run */
    int64_t draws_per_sample;                      /* 64-bit random numbers that a training step takes, per sample */
} iso_trainer;

enum { ISO_COUNTER_STEP, ISO_COUNTER_EPOCH, ISO_COUNTER_BATCH, ISO_COUNTERS };

/* What one step was, for the ledger. */
typedef struct iso_step_record {
    int64_t step, epoch; /* step from 1, epoch from 1 */
    int64_t samples;
    uint8_t batch[ISO_DIGEST_SIZE]; /* of the images and the labels */
    float loss;
    double lr;
    uint8_t state[ISO_DIGEST_SIZE]; /* root over the whole state behind the step */
    /* A NaN in the loss ("loss") or in the state stops the run: its place; NULL if there is none. */
    const char *nan_tensor;
    int64_t nan_index;
} iso_step_record;

typedef struct iso_eval_record {
    int64_t step, epoch, count, correct;
    float loss;
} iso_eval_record;

/* Reads and checks the data, builds model and optimiser, checks every shape; draws nothing. `workers`: threads that
 * prepare batches, -1 for the default. */
iso_status iso_trainer_new(iso_context *ctx, const iso_recipe *recipe, int workers, iso_progress_function *progress,
                           void *user, iso_trainer **trainer);
void iso_trainer_free(iso_trainer *trainer);

/* Step 0: seeds and draws the initial values. */
iso_status iso_trainer_start(iso_trainer *trainer);
/* Takes over the state of a checkpoint file and the position in the data. */
iso_status iso_trainer_load(iso_trainer *trainer, const char *path);
iso_status iso_trainer_save(iso_trainer *trainer, const char *path, uint8_t file_digest[ISO_DIGEST_SIZE]);

int64_t iso_trainer_step_count(const iso_trainer *trainer);
/* Batches are left in the running epoch. */
bool iso_trainer_in_epoch(const iso_trainer *trainer);
/* Begins the next epoch, or (after a load) joins the one that runs. */
iso_status iso_trainer_begin_epoch(iso_trainer *trainer);
/* One batch: forward, backward, optimiser, digests. */
iso_status iso_trainer_step(iso_trainer *trainer, iso_step_record *record);
/* Ends the epoch: evaluates on the test images if there are any. */
iso_status iso_trainer_end_epoch(iso_trainer *trainer, iso_eval_record *record, bool *evaluated);

#endif
