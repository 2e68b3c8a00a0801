/* Where two runs part, from what was recorded: the first line, and the first tensor, tile and element of two states or of the
 * nearest checkpoints. Why they part (headers) and what the step itself computes (re-execution) is audit/diff.c's. */
#ifndef ISO_LEDGER_DIFF_H
#define ISO_LEDGER_DIFF_H

#include "ledger/ledger.h"
#include "ledger/safetensors.h"

/* The first line in which two ledgers differ, "prev" left out: lines belong together by kind and step, so that runs with other
 * checkpoint schedules can be compared. at[i] is its index, or the count of ledger i where it has no such line: that run has
 * ended. False if there is none; the headers are not compared. */
bool iso_diff_lines(const iso_ledger *a, const iso_ledger *b, size_t at[2]);

/* What stands around an element, in both tensors: a piece of the tensor seen as rows of `row` elements, which are its last
 * dimension or, where that is short, its last ones together. */
#define ISO_DIFF_WINDOW_ROWS    9
#define ISO_DIFF_WINDOW_COLUMNS 17
typedef struct iso_diff_window {
    int rows, columns; /* 0: there is nothing to see */
    int64_t row, first_row, first_column;
    uint64_t bits[2][ISO_DIFF_WINDOW_ROWS * ISO_DIFF_WINDOW_COLUMNS];
} iso_diff_window;

/* Two values of one tensor. */
typedef struct iso_tensor_difference {
    char tensor[160]; /* "" if no tensor differs */
    bool missing[2];  /* a or b has no such tensor */
    bool other_shape; /* or another type */
    int64_t tile;     /* of 64 KiB; -1: unknown, or the tensor is one tile */
    int64_t element;  /* in row-major order; -1: unknown, or another shape */
    iso_dtype dtype;
    uint64_t bits[2];         /* of the element */
    iso_diff_window window;   /* around it */
    int64_t differing, total; /* tensors that differ, and tensors of a */
    int64_t step;             /* of the checkpoint it was found in; -1: none */
    bool
        damaged[2]; /* the checkpoint's file is missing or is not what its line says: only the tensor's name and tile are known */
} iso_tensor_difference;

/* The first element of one tensor on both sides. False if they are equal. */
bool iso_diff_tensors(const char *name, const iso_tensor *a, const iso_tensor *b, iso_tensor_difference *difference);
/* Two states, tensor by tensor in the order of their names. False if they are equal. */
bool iso_diff_states(const iso_state *a, const iso_state *b, iso_tensor_difference *difference);
/* The first checkpoint at or behind `step` that both runs have and whose tensors differ, from the lines and, where they are
 * sound, the files. ISO_OK also if there is none: then difference->tensor is "". */
iso_status iso_diff_checkpoints(iso_context *ctx, const char *const directories[2], const iso_ledger *const ledgers[2],
                                int64_t step, iso_tensor_difference *difference);

/* The bits of an element. */
uint64_t iso_tensor_element(const iso_tensor *tensor, int64_t index);
/* The distance of two binary32 numbers, given as bits: how many numbers one passes on the way. */
uint64_t iso_ulp_distance(uint32_t a, uint32_t b);
/* "[2, 0, 7]": the place of an element in a tensor of this shape. */
void iso_write_index(iso_text *out, int dims, const int64_t *shape, int64_t element);
/* "0.1 (3dcccccd)", or an integer. */
void iso_write_element(iso_text *out, iso_dtype dtype, uint64_t bits);

#endif
