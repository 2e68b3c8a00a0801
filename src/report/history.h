/* A run as it was recorded: the lines of its ledger, what metrics.jsonl tells beside them, and every start from run.env. */
#ifndef ISO_REPORT_HISTORY_H
#define ISO_REPORT_HISTORY_H

#include "ledger/ledger.h"
#include "run/metrics.h"

typedef struct iso_history_step {
    size_t line; /* of the ledger */
    int64_t step, epoch;
    float loss;
    double lr;
    /* From metrics.jsonl; NaN and 0 where it has nothing. */
    double gradient_norm, seconds, time;
    int64_t images;
} iso_history_step;

typedef struct iso_history_eval {
    int64_t step, epoch, count, correct;
    float loss;
    double time; /* NaN: unknown */
} iso_history_eval;

typedef struct iso_history_checkpoint {
    size_t line;
    int64_t step, size, tensors;
    char file[64], digest[2 * ISO_BLAKE3_SIZE + 1];
} iso_history_checkpoint;

/* The norms of all parameters' gradients at one step. */
typedef struct iso_history_gradients {
    int64_t step;
    const char *norms; /* as of iso_metric; in `metrics` */
    size_t norms_size;
} iso_history_gradients;

typedef struct iso_history {
    iso_context *ctx;
    const char *directory; /* borrowed */
    iso_ledger *ledger;
    iso_json header;
    uint8_t head[ISO_BLAKE3_SIZE];
    iso_history_step *steps;
    iso_history_eval *evals;
    iso_history_checkpoint *checkpoints;
    iso_history_gradients *gradients;
    size_t step_count, eval_count, checkpoint_count, gradients_count;
    size_t capacity[4];
    bool ended;       /* with the last step */
    int64_t nan_step; /* 0: no NaN stopped it */
    char nan_tensor[160];
    int64_t nan_index;
    iso_json *starts; /* run.env: one object each */
    size_t start_count, start_capacity;
    uint8_t *metrics; /* the file; NULL: the run has none */
} iso_history;

/* ISO_EIO: the ledger cannot be read; ISO_EINVAL: it is damaged. A torn tail is passed over, and so is what is damaged in the
 * files that nothing protects. Free with iso_history_free, whatever it returned. */
iso_status iso_history_read(iso_context *ctx, const char *directory, iso_history *history);
void iso_history_free(iso_history *history);

int64_t iso_history_steps(const iso_history *history);  /* of the whole run, planned */
int64_t iso_history_epochs(const iso_history *history); /* recorded */
/* Images per second over the middle of the steps: their median; NaN: unknown. */
double iso_history_throughput(const iso_history *history);
double iso_history_seconds(const iso_history *history); /* of all steps; 0: unknown */
/* The state root of step number i of `steps`; "" if it has none, or on failure. */
void iso_history_state(const iso_history *history, size_t i, char hex[2 * ISO_BLAKE3_SIZE + 1]);

/* One "NAME":NORM of `norms`, moving *at; false behind the last. The name is still escaped as in JSON. */
bool iso_history_next_norm(const iso_history_gradients *gradients, size_t *at, const char **name, size_t *name_size,
                           double *norm);

#endif
