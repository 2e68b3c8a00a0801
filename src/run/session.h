/* A session: a trainer and a ledger that go through the same steps. Training appends what the trainer does, verification compares
 * it; a resumed run does first the one and then the other. */
#ifndef ISO_RUN_SESSION_H
#define ISO_RUN_SESSION_H

#include "ledger/ledger.h"
#include "run/metrics.h"
#include "run/trainer.h"

typedef struct iso_session {
    iso_context *ctx;
    const char *directory; /* of the run; borrowed */
    iso_trainer *trainer;  /* borrowed */
    iso_ledger *ledger;    /* borrowed */
    bool writes;           /* writes checkpoints; otherwise compares them with their lines only */
    int64_t until;         /* the last step */
    iso_progress_function *progress;
    void *user;
    iso_metrics *metrics; /* NULL, or what the steps tell beside the ledger: borrowed */
    iso_trace *trace;     /* NULL, or the steps trace_from .. trace_to are traced: borrowed */
    int64_t trace_from, trace_to;
    const iso_trace_file *recorded; /* NULL, or the steps that it has are traced too, and compared */
    char trace_finding[400];        /* the first tensor that is not as recorded there; "" if there is none */
    int64_t trace_step;             /* and its step */
    float loss;                     /* of the last step */
    iso_eval_record eval;           /* the last evaluation */
} iso_session;

/* The first line: everything that defines the experiment. */
iso_status iso_session_header(iso_session *session);
/* Its members, but for the first and the last, into a line that has been begun. */
iso_status iso_session_write_header(iso_session *session, iso_text *line);
/* Its member for a data set, with the comma before it. */
void iso_session_write_data(iso_text *line, const char *key, const iso_dataset *dataset);
/* The line of the checkpoint of the present state; writes the file if the session writes and the line is new. */
iso_status iso_session_checkpoint(iso_session *session);
/* Steps, evaluations and checkpoints from the trainer's position to `until`, and the last line if that is the run's end.
 * ISO_ENAN: the numbers stopped, and the ledger says where. ISO_DIFFER: a line differs. ISO_EINTERRUPT. */
iso_status iso_session_run(iso_session *session);

/* "checkpoint-000050.safetensors" */
void iso_checkpoint_name(int64_t step, char name[64]);

/* run.env: what may differ between equal runs. With `recipe` NULL a line is added, as at every start; otherwise the file is begun
 * anew, with the digest of recipe.yaml, of these bytes, in its first line. */
iso_status iso_environment_append(iso_context *ctx, const char *directory, const char *root, int workers, int64_t micro_batch,
                                  const char *recipe);
/* The digest of recipe.yaml in run.env. *known: there is one. */
iso_status iso_environment_recipe(iso_context *ctx, const char *directory, uint8_t digest[ISO_BLAKE3_SIZE], bool *known);
/* The folder that the recipe's paths start from, as the last line of run.env records it; to be freed. */
iso_status iso_environment_root(iso_context *ctx, const char *directory, char **root);

#endif
