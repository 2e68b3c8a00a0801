/* Tracing a step of the trainer: what it starts from, its batch, every operation's results, and what it leaves. */
#ifndef ISO_RUN_TRACE_H
#define ISO_RUN_TRACE_H

#include "data/loader.h"
#include "ledger/trace.h"
#include "nn/observe.h"

struct iso_trainer;

/* The parts of a step, in this order; iso_trainer_step calls them when trainer->trace is set. */
void iso_trace_start_of(const struct iso_trainer *trainer);
void iso_trace_batch_of(const struct iso_trainer *trainer, const iso_batch *batch);
/* The observer of a step's operations; `user`: the trainer. */
void iso_trace_node(void *user, const iso_run *run, const iso_node *node);
void iso_trace_end_of(const struct iso_trainer *trainer);

#endif
