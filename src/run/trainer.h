/* The trainer: an experiment in motion. It owns everything that a recipe describes (data, loaders, model, optimiser) and the
 * position in it, and knows how to take one step, evaluate, save and load. What is done with the steps, recording them or
 * comparing them, is session.h's. */
#ifndef ISO_RUN_TRAINER_H
#define ISO_RUN_TRAINER_H

#include "data/dataset.h"
#include "data/loader.h"
#include "image/transforms.h"
#include "isobit/run.h"
#include "ledger/safetensors.h"
#include "recipe/recipe.h"
#include "run/trace.h"

/* The counters of the state. */
enum { ISO_COUNTER_STEP, ISO_COUNTER_EPOCH, ISO_COUNTER_BATCH, ISO_COUNTERS };

typedef struct iso_trainer {
    iso_context *ctx;
    const iso_recipe *recipe;   /* borrowed */
    iso_dataset *train, *test;  /* test may be NULL */
    iso_dataset *whole;         /* what the two are split from; NULL: they are data sets of their own */
    iso_torch_generator seeded; /* behind the seed and, if it draws from the main generator, the split */
    iso_transforms *transforms, *test_transforms;
    iso_loader *loader, *test_loader;
    iso_module *model;
    iso_optimizer *optimizer;
    iso_safetensors *weights; /* the file that the model starts from; NULL: none */
    iso_tensor *output;       /* of one test batch */

    /* The state that determines every later step, as named tensors for digests and checkpoints. */
    iso_state *state;
    iso_tensor *counters;                    /* int64: steps done, epochs done, batches done in the running epoch */
    iso_tensor *generator, *epoch_generator; /* uint8: torch's 5056 bytes, now and at the start of the epoch */
    iso_tensor *loader_generators;           /* uint8: those of the loaders at the start of the epoch; NULL: they have none */
    iso_tensor *random, *epoch_random; /* int64: the words of Python's random.getstate(); NULL where nothing is drawn from it */
    int64_t steps_per_epoch, steps;    /* steps: of the whole run */
    int64_t draws_per_sample;          /* 64-bit random numbers that a training step takes, per sample */
    int64_t products;                  /* of inputs and weights, in the forward pass of a whole batch */
    int64_t digest_every;              /* steps from one digest to the next; an epoch's last step has one too */

    float *norms;         /* NULL, or the norm of each parameter's gradient in the last step, in the order of state_dict */
    double *norm_scratch; /* for the largest of them */

    iso_trace *trace; /* borrowed; NULL, or the next steps are traced: their operations run one by one, to the same bits */
    iso_node_observer *watcher; /* NULL, or called behind every operation of a step, before it is traced: where tests do harm */
    void *watcher_user;
} iso_trainer;

/* What one step was, for the ledger. */
typedef struct iso_step_record {
    int64_t step, epoch; /* from 1 */
    int64_t samples;
    bool digested;                  /* the step is one of those with digests: `batch` and `state` are set */
    uint8_t batch[ISO_DIGEST_SIZE]; /* of the images and the labels; set also where a NaN stops the run */
    float loss;
    double lr;
    float gradient_norm;            /* of all gradients together; NaN unless trainer->norms are wanted */
    uint8_t state[ISO_DIGEST_SIZE]; /* root over the whole state behind the step */
    char nan_tensor[160];           /* a NaN stops the run: its place; "" if there is none */
    int64_t nan_index;
} iso_step_record;

typedef struct iso_eval_record {
    int64_t step, epoch, count, correct;
    float loss;
} iso_eval_record;

/* Reads and checks the data, builds model and optimiser, checks every shape; draws nothing. `workers`: threads that prepare
 * batches, -1 for the default. */
iso_status iso_trainer_new(iso_context *ctx, const iso_recipe *recipe, int workers, iso_progress_function *progress, void *user,
                           iso_trainer **trainer);
void iso_trainer_free(iso_trainer *trainer);

/* From now on the gradients' norms are computed: docs/contract.md#square_sum. No step depends on them. */
iso_status iso_trainer_want_norms(iso_trainer *trainer);

/* The schedule of digests for a step that digests so many bytes and multiplies so often in its forward pass: such that they take
 * at most about a hundredth of the time. A function of the experiment alone. */
int64_t iso_digest_interval(int64_t bytes, int64_t products);

/* Step 0: seeds and draws the initial values. */
iso_status iso_trainer_start(iso_trainer *trainer);
/* Takes over the state of a checkpoint file; `where` is for messages. */
iso_status iso_trainer_take(iso_trainer *trainer, const iso_safetensors *file, const char *where);
/* The tensors of the state were written from outside: takes over what the context and the loaders keep of it. */
iso_status iso_trainer_restored(iso_trainer *trainer, const char *where);

static inline int64_t iso_trainer_counter(const iso_trainer *t, int which) {
    return iso_tensor_i64(t->counters)[which];
}

/* Begins the next epoch or, behind a load, joins the one that runs. */
iso_status iso_trainer_begin_epoch(iso_trainer *trainer);
/* One batch: forward, backward, optimiser, digests. */
iso_status iso_trainer_step(iso_trainer *trainer, iso_step_record *record);
/* Ends the epoch: evaluates on the test images; record->count is 0 if there are none. */
iso_status iso_trainer_end_epoch(iso_trainer *trainer, iso_eval_record *record);

/* One pass over the test images (there must be some) in evaluation mode: count, correct and loss of the record; logits NULL, or
 * room for those of all images, in their order. */
iso_status iso_trainer_evaluate(iso_trainer *trainer, float *logits, iso_eval_record *record);

/* Copies of the tensors of one batch, both counted from 0, from the start of the run: only draws are made for those before it.
 * tools.c */
iso_status iso_trainer_batch(iso_trainer *trainer, int64_t epoch, int64_t index, iso_tensor **x, iso_tensor **labels);

/* ---- trainer_data.c ---- */

/* Opens the data sets, builds transforms and loaders. */
iso_status iso_trainer_open_data(iso_trainer *trainer, int workers, iso_progress_function *progress, void *user);
/* The path of a data source, joined with the recipe's directory; to be freed. */
extern const iso_signature iso_data_set_signatures[];
extern const size_t iso_data_set_signature_count;
char *iso_recipe_data_path(const iso_recipe *recipe, const iso_located *source);

#endif
