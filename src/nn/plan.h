/* The plan: a graph with every value's place in memory, ready to run any number of times without allocating.
 *
 * A root module keeps one plan per input shape, mode and loss; all of them share one arena, as large as the largest needs.
 * How a plan lays out memory, and in which of the allowed orders it runs, can never change a bit. */
#ifndef ISO_NN_PLAN_H
#define ISO_NN_PLAN_H

#include "isobit/nn.h"
#include "nn/blocks.h"
#include "nn/graph.h"

typedef struct iso_plans iso_plans;

/* What a plan is made for. */
typedef struct iso_plan_key {
    bool training;  /* the module's mode */
    bool gradients; /* with the backward pass */
    bool has_loss;
    bool plain;          /* every operation by itself, as the reference needs it */
    int64_t micro_batch; /* samples of a block, at most; 0: the whole batch */
    uint64_t seed;       /* not 0: what the plan is free to choose is drawn from it, for tests */
    iso_loss loss;
    int dims;
    int64_t shape[4]; /* of x */
} iso_plan_key;

typedef struct iso_plan {
    iso_plan_key key;
    iso_graph graph;
    iso_value_id x, y, loss;
    iso_schedule schedule;
    size_t arena_size, scratch_size;
    struct iso_plan *next;
} iso_plan;

/* The plan for the key, built at the first call. */
iso_status iso_plan_get(iso_module *root, const iso_plan_key *key, iso_plan **plan);
/* Runs it; x and target are the caller's memory, target NULL without a loss. `reference`: with the contract's scalar code, on a
 * plain plan without a micro_batch. */
void iso_plan_run(iso_module *root, const iso_plan *plan, const iso_tensor *x, const iso_tensor *target,
                  iso_torch_generator *generator, bool reference);
/* The same, calling `after` behind every operation: for profiles and traces. */
void iso_plan_run_observed(iso_module *root, const iso_plan *plan, const iso_tensor *x, const iso_tensor *target,
                           iso_torch_generator *generator, bool reference, iso_node_observer *after, void *user);
/* After a run: the output, in PyTorch's order, to `y` (numel floats); the loss. */
void iso_plan_output(iso_module *root, const iso_plan *plan, float *y);
float iso_plan_loss(iso_module *root, const iso_plan *plan);

void iso_plans_free(iso_context *ctx, iso_plans *plans);

/* The memory of all plans of a module: arena and scratch, in bytes. */
size_t iso_module_memory(const iso_module *module);

#endif
