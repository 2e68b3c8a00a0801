/* metrics.jsonl: what people plot of a run and the ledger does not hold, one JSON line per step, evaluation and start: norms of
 * gradients, and times. Nothing of it enters the ledger, and no step reads it. Format: docs/report.md. The same numbers as
 * TensorBoard's events. */
#ifndef ISO_RUN_METRICS_H
#define ISO_RUN_METRICS_H

#include "core/text.h"
#include "run/trainer.h"

#define ISO_METRICS_FILE "metrics.jsonl"

/* ---- Writing ---- */

typedef struct iso_metrics iso_metrics;

/* Goes on with the file of a run directory behind `step`: what it says of later steps, and what is no whole line, is dropped. The
 * trainer computes norms from here on. directory NULL: no such file. tensorboard: NULL, or the folder for event files. */
iso_status iso_metrics_open(const char *directory, const char *tensorboard, iso_trainer *trainer, iso_metrics **metrics);
void iso_metrics_close(iso_metrics *metrics);

/* Now, on a clock that only goes forward; for the difference of two. */
double iso_metrics_clock(void);
/* A line each, written when the call returns. `seconds`: what it took. The last step of an epoch also tells the norm of each
 * parameter's gradient. */
iso_status iso_metrics_step(iso_metrics *metrics, const iso_step_record *record, double seconds);
iso_status iso_metrics_eval(iso_metrics *metrics, const iso_eval_record *record, double seconds);

/* ---- Reading ---- */

/* A line. Numbers that were not finite are NaN. */
typedef struct iso_metric {
    enum { ISO_METRIC_START, ISO_METRIC_STEP, ISO_METRIC_EVAL, ISO_METRIC_GRADIENTS } kind;
    int64_t step;
    double time; /* since 1970, when it was written */
    double gradient_norm, seconds;
    int64_t images;
    const char *norms; /* GRADIENTS: "NAME":NORM,... as in the line */
    size_t norms_size;
} iso_metric;

/* False if the line is none that iso_metrics writes. It must be followed by a byte that belongs to no number. */
bool iso_metric_parse(const char *line, size_t size, iso_metric *metric);
/* The tags of TensorBoard's scalars. */
#define ISO_TAG_LOSS          "loss/train"
#define ISO_TAG_TEST_LOSS     "loss/test"
#define ISO_TAG_TEST_ACCURACY "accuracy/test"
#define ISO_TAG_LR            "learning_rate"
#define ISO_TAG_NORM          "gradient_norm"
#define ISO_TAG_THROUGHPUT    "images_per_second"

#endif
