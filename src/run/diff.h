/* The parts of a comparison of two runs: causes (diff_cause.c), the first step, and the tensors at it (diff.c). */
#ifndef ISO_RUN_DIFF_H
#define ISO_RUN_DIFF_H

#include "run/session.h"

/* One run that is compared. */
typedef struct iso_diff_side {
    const char *directory;
    iso_ledger *ledger;
    iso_json header;
} iso_diff_side;

/* The first thing in the headers that differs, in the order in which it can be a cause: contract, program, recipe, seed, stream,
 * data. kind is NULL if nothing does. */
typedef struct iso_diff_cause {
    const char *kind; /* "recipe", "seed", "data", ... */
    char detail[512];
} iso_diff_cause;

void iso_diff_find_cause(const iso_json *a, const iso_json *b, iso_diff_cause *cause);

#endif
