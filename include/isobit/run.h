/* isobit/run.h: whole experiments: train a recipe into a run directory, verify a run, compare two runs.
 *
 * A run directory holds run.ledger (equal for equal runs: docs/ledger.md), run.env (host, threads, times: may differ),
 * recipe.yaml (the recipe in its normal form), checkpoint-NNNNNN.safetensors (state after step NNNNNN) and metrics.jsonl
 * (norms of gradients, times: docs/report.md). */
#ifndef ISOBIT_RUN_H
#define ISOBIT_RUN_H

#include <stdbool.h>

#include "isobit/context.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ISO_DIGEST_SIZE 32

/* What a long call tells meanwhile. */
typedef enum iso_progress_kind {
    ISO_PROGRESS_READING, /* data files read and checked: done of total */
    ISO_PROGRESS_STEP,    /* a training step is done */
    ISO_PROGRESS_EVAL,    /* a pass over the test images is done */
    ISO_PROGRESS_RESUMED, /* the run goes on behind `step` */
    ISO_PROGRESS_NOTE     /* `note` says what a person should know */
} iso_progress_kind;

typedef struct iso_progress {
    iso_progress_kind kind;
    int64_t done, total;   /* steps of the whole run, or files */
    int64_t epoch, epochs; /* epoch from 1 */
    int64_t samples;       /* in this step */
    float loss;
    double accuracy; /* ISO_PROGRESS_EVAL: share of right answers */
    const char *note;
} iso_progress;

typedef void iso_progress_function(void *user, const iso_progress *progress);

typedef struct iso_train_options {
    const char *recipe;      /* path of the YAML file; may be NULL with resume */
    const char *const *sets; /* "key=value": changes to the recipe */
    size_t set_count;
    const char *out;              /* the run directory; NULL: runs/NAME, the first that is free */
    bool resume;                  /* go on with the run in `out` */
    int workers;                  /* threads that prepare batches ahead; never changes a bit. -1: the default (2 at most) */
    int64_t micro_batch;          /* compute a batch in blocks of so many samples, at most, for less memory; never changes a bit.
                                     0: as the recipe says */
    int64_t trace_from, trace_to; /* steps whose every tensor is digested into the file `trace` (docs/ledger.md); 0: none. The
                                     operations of such a step run one by one, over the whole batch: slower, and the same bits */
    bool no_metrics; /* no metrics.jsonl (docs/report.md): the run directory holds the ledger, and no gradient norms or times */
    const char *tensorboard;         /* NULL, or a folder for event files of TensorBoard, written as the run goes */
    iso_progress_function *progress; /* may be NULL */
    void *user;
} iso_train_options;

typedef struct iso_train_result {
    uint8_t digest[ISO_DIGEST_SIZE]; /* the head of the ledger */
    char directory[1024];
    int64_t steps, epochs;
    float loss;                       /* of the last step */
    int64_t test_count, test_correct; /* of the last evaluation; count 0: none */
} iso_train_result;

/* Trains to the end, or to the next step border once iso_context_interrupt was called (ISO_EINTERRUPT: resume later).
 * Errors: ISO_EINVAL (recipe, data, an unfit or used run directory), ISO_EIO, ISO_ENAN (the run's ledger ends with the
 * place of the first NaN), ISO_DIFFER (on resume: a recorded line does not follow), ISO_ENOMEM. */
ISO_API iso_status iso_train(iso_context *context, const iso_train_options *options, iso_train_result *result);

typedef struct iso_verify_options {
    const char *directory; /* of the run */
    const char *root;      /* where the recipe's relative paths start; NULL: as recorded in run.env */
    int64_t from, to;      /* steps: re-executes from the newest sound checkpoint before `from` up to `to`; to 0: to the end */
    int64_t sample;        /* 0, or so many of the segments between checkpoints, drawn by the run's head and the beacon */
    const uint8_t *beacon; /* bytes that nobody knew before the run's head was */
    size_t beacon_size;    /* with sample: 1 or more */
    bool data;             /* only the data: every file's bytes, every image's pixels, classes and order; no step is executed */
    int workers;
    int64_t micro_batch; /* as for iso_train */
    iso_progress_function *progress;
    void *user;
} iso_verify_options;

typedef struct iso_verify_result {
    uint8_t digest[ISO_DIGEST_SIZE];
    int64_t steps, lines;  /* re-executed */
    int64_t segments;      /* with sample: how many there are, */
    char sampled[1024];    /* and the steps of those that were drawn: "4-6, 10-12" (a long list is cut off) */
    int64_t missing;       /* checkpoints that have a line and no file */
    int64_t files, images; /* with data: what was read, and decoded */
    char finding[1024];    /* ISO_DIFFER: what does not follow: file, step, tensor */
    int64_t step;          /* of a recorded step that is not what its own inputs give; 0: none, or other damage */
    char tensor[160];      /* the tensor, where it could be found */
} iso_verify_result;

/* Re-executes a run, a segment of it, or a sample of its segments, and compares every line of its ledger, every checkpoint and
 * every data file; of a sample, the checkpoints at the segments' ends; with `data` only what the run was fed. Reads the run
 * directory and the data only, and writes nothing. ISO_OK: all follows; ISO_DIFFER: result->finding says what does not; ISO_EIO
 * also if all follows but a checkpoint's file is missing (result->missing); otherwise as iso_train. */
ISO_API iso_status iso_verify(iso_context *context, const iso_verify_options *options, iso_verify_result *result);

/* Compares two runs: two run directories, or two files of traces. *report, to be freed with iso_string_free, is a text (or JSON)
 * of the first cause and the first step, operation, tensor and element at which they part; to find these, the step is taken
 * again. Runs of equal heads are equal; only small ones are also checked for damage. ISO_OK: equal, and no damage seen;
 * ISO_DIFFER; ISO_EINVAL, ISO_EIO: not a readable run. */
ISO_API iso_status iso_diff(iso_context *context, const char *directory_a, const char *directory_b, bool json, char **report);
ISO_API void iso_string_free(iso_context *context, char *string);

/* model.load_state_dict(safetensors.torch.load_file(path)): every tensor by its name, the batch norms' statistics and counters
 * too. The names, types and shapes must all be the model's; a difference is ISO_EINVAL with file, tensor, and what was expected,
 * and changes nothing. What only a checkpoint of a run holds beside the model (docs/ledger.md) is passed over. */
struct iso_module;
ISO_API iso_status iso_module_load_weights(struct iso_module *module, const char *path);

typedef struct iso_evaluate_options {
    const char *recipe; /* path of the YAML file */
    const char *const *sets;
    size_t set_count;
    int workers; /* as for iso_train */
    iso_progress_function *progress;
    void *user;
} iso_evaluate_options;

typedef struct iso_evaluate_result {
    int64_t count, correct; /* images, and right answers among them */
    float loss;
    struct iso_tensor *logits; /* (count, outputs) float32, in the order of the test images; to be freed with iso_tensor_free */
    uint8_t digest[ISO_DIGEST_SIZE]; /* of the logits, as in docs/ledger.md */
} iso_evaluate_result;

/* The model that a recipe starts from, with the recipe's `weights`, on the recipe's test images, in evaluation mode. Trains
 * nothing. ISO_EINVAL: the recipe, its weights or its data are wrong; ISO_EIO, ISO_ENOMEM. On failure result->logits is NULL. */
ISO_API iso_status iso_evaluate(iso_context *context, const iso_evaluate_options *options, iso_evaluate_result *result);

/* The tensors of one batch, exactly as training would see them: *x (n, c, h, w) float32 and *labels (n) int64, to be freed
 * with iso_tensor_free. epoch from 0, index from 0. ISO_EINVAL: recipe or data are wrong, or there is no such batch; ISO_EIO,
 * ISO_ENOMEM. */
struct iso_tensor;
ISO_API iso_status iso_recipe_batch(iso_context *context, const char *recipe, const char *const *sets, size_t set_count,
                                    int64_t epoch, int64_t index, struct iso_tensor **x, struct iso_tensor **labels);

/* The same batch as a picture, the file `png`, with the name of its class under each image. What Normalize does, as the last
 * transform, is taken back. Written atomically. ISO_EIO: it could not be written; otherwise as iso_recipe_batch. */
ISO_API iso_status iso_recipe_batch_png(iso_context *context, const char *recipe, const char *const *sets, size_t set_count,
                                        int64_t epoch, int64_t index, const char *png);

/* Writes a tensor as a NumPy .npy file, atomically. ISO_EIO: it could not be written; ISO_ENOMEM. */
ISO_API iso_status iso_tensor_write_npy(iso_context *context, const struct iso_tensor *tensor, const char *path);

/* A digest that must be the same on every machine: a small network is trained for a few steps on made-up data.
 * Fails only with ISO_ENOMEM: what the digest must be, the caller knows. */
ISO_API iso_status iso_selftest(iso_context *context, uint8_t digest[ISO_DIGEST_SIZE]);

/* A part of the self-test: what it computed on this machine, and what it computes on every machine. */
typedef struct iso_selftest_part {
    const char *name;
    uint8_t digest[ISO_DIGEST_SIZE], expected[ISO_DIGEST_SIZE];
} iso_selftest_part;

#define ISO_SELFTEST_PARTS 5

/* The self-test in parts, each within a fraction of a second: random streams, functions of one number, and three networks that
 * are trained for a few steps. The last part, "network", is that of iso_selftest. ISO_DIFFER: a part is not as expected; the
 * message names the first. With any other failure the parts are not valid. */
ISO_API iso_status iso_selftest_parts(iso_context *context, iso_selftest_part parts[ISO_SELFTEST_PARTS]);

typedef struct iso_stream_options {
    uint64_t seed;
    bool hex;           /* the raw bits instead of numbers */
    const char *torch;  /* which PyTorch: "torch", "torch==1.13", "torch+mkl", "torch/scalar", "torch-cuda/132x2048", ...
                           (docs/streams.md); NULL: "torch" */
    const char *python; /* which Python, "3.8" to "3.13"; NULL: "3.13" */
    const char *numpy;  /* which NumPy, "1.21" to "2.5"; NULL: the newest */
} iso_stream_options;

/* `isobit stream`: evaluates Python-like expressions in order after seeding every library, one line of text per expression.
 * *output is freed with iso_string_free. On a syntax or value error ISO_EINVAL, and *output holds the lines so far (never
 * NULL). */
ISO_API iso_status iso_stream_text(iso_context *context, const iso_stream_options *options, const char *const *expressions,
                                   size_t count, char **output);

#ifdef __cplusplus
}
#endif
#endif
