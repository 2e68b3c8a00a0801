/* Why two runs differ, by what they began with: the headers of their ledgers, and run.env. A run that is resumed with something
 * else, and a comparison of two runs, say the same of the same. */
#ifndef ISO_RUN_CAUSE_H
#define ISO_RUN_CAUSE_H

#include "core/json.h"

/* The first thing in the headers that differs, in the order in which it can be a cause: recipe, seed, stream, weights, data,
 * contract, program. kind is NULL if nothing does. */
typedef struct iso_diff_cause {
    const char *kind; /* "recipe", "seed", "data", ... */
    char detail[512];
} iso_diff_cause;

/* How the two sides are called: "in A", "in B". */
typedef struct iso_diff_names {
    const char *a, *b;
} iso_diff_names;
void iso_diff_find_cause(const iso_json *a, const iso_json *b, const iso_diff_names *in, iso_diff_cause *cause);
/* The same of two recipes as they stand in a ledger; false: they are equal. Not `whole`: but for seed and stream. */
bool iso_diff_recipes(const char *a, const char *b, bool whole, const iso_diff_names *in, iso_diff_cause *cause);
/* From the last lines of run.env; a run without one has nothing to say. */
void iso_diff_environment(iso_context *ctx, const char *const directories[2], char *out, size_t size);

#endif
