/* Blocks: a batch in parts that fit in memory (micro-batches), with the bits of the whole batch.
 *
 * Every sum over samples in the contract is a left-complete binary tree, so the samples of an aligned block of 2^k are a subtree:
 * its sum is computed as for a batch of that size, and the sums of the blocks are joined by the same tree. The schedule takes the
 * graph's nodes in stages: in one of blocks all its nodes run for the first block of samples, then all for the next. What is
 * written and read inside one such stage needs memory for a block only. A stage ends where a node needs a result of all samples.
 */
#ifndef ISO_NN_BLOCKS_H
#define ISO_NN_BLOCKS_H

#include "nn/graph.h"

/* Nodes first .. end - 1. Not `blocks`: each runs once, over all samples. */
typedef struct iso_schedule_stage {
    int first, end;
    bool blocks;
} iso_schedule_stage;

/* The graph as a number of samples sees it. */
typedef struct iso_view {
    iso_value *values;
    iso_node *nodes;
} iso_view;

typedef struct iso_schedule {
    int64_t samples, block; /* of the batch; of a block, 0: there are none */
    iso_schedule_stage *stages;
    size_t stage_count, stage_capacity;
    iso_view full, rest; /* a block; what is left behind the last full one, if anything is */
} iso_schedule;

/* The samples of a block: the largest power of two that is not above micro_batch; 0 if that is the whole batch (as is micro_batch
 * 0). */
int64_t iso_block_samples(int64_t samples, int64_t micro_batch);

/* Cuts the graph into stages, whose order its nodes then have. `block`: of iso_block_samples. */
iso_status iso_schedule_make(iso_graph *graph, int64_t samples, int64_t block, iso_schedule *schedule);
/* Gives every value in the arena its place (seed: iso_arena_place) and makes the views. *size: of the arena. */
iso_status iso_schedule_place(iso_graph *graph, iso_schedule *schedule, uint64_t seed, size_t *size);
void iso_schedule_free(iso_context *ctx, iso_schedule *schedule);

/* The most memory that all values need at one time, in bytes; 0 on failure. */
size_t iso_schedule_peak(iso_graph *graph, const iso_schedule *schedule);

/* Runs all stages. `run` has everything but the blocks' members. `after`: NULL, or called behind every operation with the node in
 * the graph. */
typedef void iso_node_observer(void *user, const iso_run *run, const iso_node *node);
void iso_schedule_run(const iso_graph *graph, const iso_schedule *schedule, iso_run run, iso_node_observer *after, void *user);

/* Scratch of the largest node, in bytes. */
size_t iso_schedule_scratch(const iso_graph *graph, const iso_schedule *schedule, const iso_exec *exec);

#endif
