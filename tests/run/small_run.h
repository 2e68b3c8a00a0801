/* A run that is small enough to be done a thousand times: 13 made pictures, every kind of layer, 8 steps in two epochs. */
#ifndef TESTS_RUN_SMALL_RUN_H
#define TESTS_RUN_SMALL_RUN_H

#include "isobit/run.h"
#include "ledger/ledger_test.h"

#define SMALL_STEPS 8

/* The recipe's file, written (with its pictures) at the first call. Borrowed. */
const char *small_recipe(iso_context *ctx);
/* Trains it into a directory of this name below the test directory, which is returned (borrowed for some calls); NULL on failure,
 * with the message on the context. `options`: NULL, or what else iso_train is asked for. `set`: one key=value; NULL: those of the
 * options. */
const char *small_run(iso_context *ctx, const char *name, const char *set, const iso_train_options *options);

#endif
