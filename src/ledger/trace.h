/* A trace: the digest of every tensor that a step read, computed and left behind, in the order in which it did. Two traces of one
 * step part at the first operation whose result differs. Format: docs/ledger.md#traces. */
#ifndef ISO_LEDGER_TRACE_H
#define ISO_LEDGER_TRACE_H

#include "ledger/digest.h"

#define ISO_TRACE_FILE   "trace"
#define ISO_TRACE_FORMAT "isobit-trace-1"

/* The "operations" of a trace that are none of the network's. */
#define ISO_TRACE_START     "start"     /* the state before the step */
#define ISO_TRACE_BATCH     "batch"     /* images and labels */
#define ISO_TRACE_OPTIMIZER "optimizer" /* parameters and moments behind the step */
#define ISO_TRACE_END       "end"       /* the rest of the state behind it */

typedef struct iso_trace_entry {
    char op[48], module[96], tensor[160]; /* "conv2d", "0", "y" */
    iso_dtype dtype;
    int dims;
    int64_t shape[ISO_MAX_DIMS];
    uint8_t digest[ISO_BLAKE3_SIZE];
    uint8_t (*tiles)[ISO_BLAKE3_SIZE]; /* NULL for a tensor that is not larger than one */
    size_t tile_count;
} iso_trace_entry;

/* One step. */
typedef struct iso_trace_step {
    int64_t step;
    iso_trace_entry *entries;
    size_t count, capacity;
    size_t at, size; /* of its lines in the file it was read from */
    size_t line;     /* the first of them, from 1 */
} iso_trace_step;

/* ---- Recording ---- */

typedef struct iso_trace {
    iso_context *ctx;
    iso_digester *digester;
    iso_trace_step step;
    int64_t capture;      /* the tensor of this number is also copied, */
    iso_tensor *captured; /* here; -1: none */
    iso_status status;    /* the first failure; sticks until the next step */
} iso_trace;

iso_status iso_trace_new(iso_context *ctx, iso_trace **trace);
void iso_trace_free(iso_trace *trace);
/* Forgets the step before. */
void iso_trace_begin(iso_trace *trace, int64_t step);
void iso_trace_add(iso_trace *trace, const char *op, const char *module, const char *name, const iso_tensor *tensor);

/* ---- Files ---- */

typedef struct iso_trace_file {
    iso_context *ctx;
    iso_trace_step *steps; /* in the order of their numbers */
    size_t count, capacity;
    uint8_t *bytes;
    size_t size, end; /* `end`: behind the last whole step */
} iso_trace_file;

/* Reads and checks a trace. A step that was being written when the run died is left out. ISO_EIO; ISO_DIFFER: it is damaged, and
 * the message names the line. */
iso_status iso_trace_read(iso_context *ctx, const char *path, iso_trace_file **file);
void iso_trace_file_free(iso_trace_file *file);
/* NULL if the step was not traced. */
const iso_trace_step *iso_trace_find(const iso_trace_file *file, int64_t step);

/* Makes the file ready for the steps behind `done`: a new one, or what it has up to there. */
iso_status iso_trace_prepare(iso_context *ctx, const char *path, int64_t done);
/* Appends the step that was recorded. */
iso_status iso_trace_append(const iso_trace *trace, const char *path);

/* ---- Comparing ---- */

/* Is it the same tensor of the same operation? */
bool iso_trace_same_place(const iso_trace_entry *a, const iso_trace_entry *b);
/* The number of the first tensor in which two steps differ: by place or by digest, or because one ends there; -1: none. */
int64_t iso_trace_difference(const iso_trace_step *a, const iso_trace_step *b);
/* The first tile of a tensor that differs; -1: unknown. */
int64_t iso_trace_tile(const iso_trace_entry *a, const iso_trace_entry *b);
/* "conv2d of layer 0, tensor y", "the batch, tensor x", "0.weight before the step". */
void iso_trace_describe(const iso_trace_entry *entry, char *out, size_t size);

#endif
