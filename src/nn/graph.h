/* The graph: one forward (and backward) pass as a list of contract operations on values.
 *
 * Modules append the forward operations (module.h), iso_graph_backward appends their derivatives, and a plan
 * (plan.h) gives every value its place in memory and runs the nodes in order. A value may feed any number of nodes:
 * gradients that arrive over several edges are added, so branches and residual additions need nothing more. */
#ifndef ISO_NN_GRAPH_H
#define ISO_NN_GRAPH_H

#include "core/context.h"
#include "isobit/tensor.h"
#include "nn/arena.h"
#include "ops/batch_norm2d.h"
#include "ops/conv2d.h"
#include "ops/elementwise.h"
#include "ops/group_norm.h"
#include "ops/linear.h"
#include "ops/loss.h"
#include "ops/pool2d.h"

typedef int iso_value_id; /* index into graph->values; ISO_NO_VALUE: none */
#define ISO_NO_VALUE (-1)

typedef struct iso_graph iso_graph;
typedef struct iso_node iso_node;
typedef struct iso_run iso_run;

/* What a value is backed by. */
typedef enum iso_storage {
    ISO_IN_ARENA, /* the plan's arena, for as long as it is used */
    ISO_BOUND,    /* memory that outlives the plan: parameters, buffers, their gradients */
    ISO_SLOT      /* memory that the caller brings to each run */
} iso_storage;

typedef enum iso_slot { ISO_SLOT_X, ISO_SLOT_TARGET, ISO_SLOT_COUNT } iso_slot;

/* Activations have logical shape (n, f) or (n, c, h, w), the latter lying as NHWC unless it is a slot. */
typedef struct iso_value {
    iso_storage storage;
    void *bound;
    iso_slot slot;
    int dims;
    int64_t shape[4];
    int64_t samples; /* of which shape and numel are a multiple; 0: not one part per sample (parameters, statistics, sums) */
    int64_t numel;
    size_t bytes;
    bool requires_grad;
    iso_tensor *grad_bound; /* a parameter's gradient tensor; NULL otherwise */
    bool keep;              /* lives to the end (results that the caller reads) */
    /* The plan's: */
    size_t offset;   /* in the arena */
    size_t stride;   /* bytes from sample to sample where a run has all samples of it, 0 where it has only those of a block */
    bool summed;     /* over blocks of samples: its second and further partial sums stand in the arena, */
    size_t partials; /* here, each on a border of its own */
} iso_value;

/* How an operation sees a batch. Outputs with samples are always computed sample by sample, except by ISO_WHOLE_BATCH. */
typedef enum iso_batching {
    ISO_WHOLE_BATCH, /* needs all samples at once */
    ISO_EACH_SAMPLE, /* every sample by itself */
    ISO_SAMPLE_SUM   /* outputs without samples are sums over them by the contract's batch tree, so those of a block are a subtree
                      */
} iso_batching;

/* An operation of the contract, or the derivative of one, as the graph sees it. */
typedef struct iso_op {
    const char *name;
    void (*run)(const iso_run *run, const iso_node *node);
    size_t (*scratch)(const iso_exec *exec, const iso_node *node); /* bytes; NULL: none */
    /* Appends the nodes that turn `grad`, the gradient of out[0], into the gradients of the inputs.
     * NULL: no gradient flows through this operation. */
    void (*backward)(iso_graph *graph, const iso_node *node, iso_value_id grad);
    iso_batching batching;
    int64_t leaf;    /* ISO_SAMPLE_SUM: samples in one leaf of the tree; 0: 1 */
    bool repeatable; /* ISO_EACH_SAMPLE: may be computed again where that saves memory (again.h) */
    int over; /* 0, or out[0] may lie where in[over - 1] lay if nobody reads that any more: element by element it is read first */
    int64_t (*products)(const iso_node *node); /* how many it sums up, where they outweigh its operands; NULL: 0 */
    /* ISO_SAMPLE_SUM: what comes behind the sum where blocks were added up; NULL: nothing. */
    void (*finish)(const iso_run *run, const iso_node *node);
    /* The contract's names of the tensors in out, for those who watch (observe.h): "y mean invstd"; "-": only a means, no tensor
     * of the contract. NULL: "y". */
    const char *outputs;
} iso_op;

#define ISO_MAX_OPERANDS 8

struct iso_node {
    const iso_op *op;
    const char *module;                                       /* which module made it: "3"; borrowed from the module */
    iso_value_id in[ISO_MAX_OPERANDS], out[ISO_MAX_OPERANDS]; /* ISO_NO_VALUE: operand absent */
    union {
        int64_t n; /* samples: the first member of all of these */
        iso_conv2d_shape conv2d;
        iso_linear_shape linear;
        iso_pool2d_shape pool2d;
        iso_group_norm_shape group_norm;
        struct {
            iso_batch_norm2d_shape shape;
            bool training;
            double momentum;
            bool cumulative;
            bool relu, pooled; /* fuse.c: what runs in the same passes */
            iso_pool2d_shape pool;
        } batch_norm2d;
        struct {
            int64_t n, c, pixels;
            double p;
        } dropout;
        struct {
            int64_t n, c, h, w; /* in the order of a shape */
        } layout;
        iso_cross_entropy_shape cross_entropy;
        iso_mse_shape mse;
    } u;
};

struct iso_graph {
    iso_context *ctx;
    bool training;
    const char *module; /* set on the nodes that are added */
    iso_value *values;
    size_t value_count, value_capacity;
    iso_node *nodes;
    size_t node_count, node_capacity;
    int64_t draws;     /* 64-bit random numbers that one run takes */
    int64_t products;  /* of inputs and weights, in one run forward */
    iso_status status; /* the first failure sticks; the functions below then do nothing */
    /* While differentiating: gradients that have arrived at a value, latest consumer first. */
    struct iso_grad_edge {
        iso_value_id value, grad;
    } * edges;
    size_t edge_count, edge_capacity;
};

/* What the nodes of a plan run with. */
struct iso_run {
    const iso_exec *exec;
    iso_torch_generator *generator;
    const iso_value *values;
    uint8_t *arena;
    void *slots[ISO_SLOT_COUNT];
    int64_t samples; /* of the whole batch */
    int64_t first;   /* the first sample of this run's block */
    int partial;     /* which of the partial sums a sum over samples is now */
    bool reference;  /* the contract's plain scalar code instead of the kernels: the same bits */
};

void iso_graph_init(iso_graph *graph, iso_context *ctx, bool training);
void iso_graph_free(iso_graph *graph);
/* Sets the message and makes the failure stick. */
void iso_graph_fail(iso_graph *graph, const char *format, ...) ISO_PRINTF(2, 3);

/* New values. After a failure they return ISO_NO_VALUE. */
iso_value_id iso_graph_activation(iso_graph *graph, int dims, const int64_t *shape, bool requires_grad);
/* `samples`: how many the value has a part for; 0: it is not one part per sample. */
iso_value_id iso_graph_bytes(iso_graph *graph, int64_t numel, size_t element_size, int64_t samples);
iso_value_id iso_graph_bound(iso_graph *graph, iso_tensor *tensor, iso_tensor *grad);
iso_value_id iso_graph_slot(iso_graph *graph, iso_slot slot, int dims, const int64_t *shape, size_t element_size);
/* A value like another one. */
iso_value_id iso_graph_like(iso_graph *graph, iso_value_id value);

/* A new node; the caller fills in u. Absent operands are ISO_NO_VALUE. NULL after a failure. */
iso_node *iso_graph_node(iso_graph *graph, const iso_op *op, const iso_value_id *in, size_t in_count, const iso_value_id *out,
                         size_t out_count);

/* ---- Differentiation ---- */

/* Appends the backward pass: `grad` is the gradient of `value`. */
iso_status iso_graph_backward(iso_graph *graph, iso_value_id value, iso_value_id grad);
/* For a node's backward: does anybody need the gradient of this value? */
bool iso_graph_wants_grad(const iso_graph *graph, iso_value_id value);
/* For a node's backward: appends `op`, which computes the gradient of `input` (an input of the forward node) from
 * up to three values, with the forward node's attributes. Appends nothing if nobody wants that gradient. */
void iso_graph_derive(iso_graph *graph, const iso_op *op, const iso_node *forward, iso_value_id input, iso_value_id a,
                      iso_value_id b, iso_value_id c);
/* The same by hand: a value to write the gradient to; ISO_NO_VALUE if nobody wants it. */
iso_value_id iso_graph_new_grad(iso_graph *graph, iso_value_id input);

/* For a node's backward: the gradient of `input` is `grad` itself. */
void iso_graph_pass_grad(iso_graph *graph, iso_value_id input, iso_value_id grad);

/* ---- Fusion ---- */

/* Joins batch_norm2d with the addition, relu and max pool behind it, and their derivatives, so that each passes over memory once.
 * The same bits, and fewer values. */
void iso_graph_fuse(iso_graph *graph);

/* Takes batch_norm2d and its derivative apart (batch_norm2d_parts.c): what belongs to each sample can then run in blocks. */
void iso_graph_split(iso_graph *graph);

/* ---- For run functions ---- */

static inline void *iso_data(const iso_run *run, iso_value_id id) {
    if (id == ISO_NO_VALUE)
        return NULL;
    const iso_value *value = &run->values[id];
    if (value->summed && run->partial)
        return run->arena + value->partials + (size_t)(run->partial - 1) * iso_arena_aligned(value->bytes);
    uint8_t *start = value->storage == ISO_IN_ARENA ? run->arena + value->offset
                     : value->storage == ISO_BOUND  ? value->bound
                                                    : run->slots[value->slot];
    return value->stride ? start + (size_t)run->first * value->stride : start;
}
static inline float *iso_in(const iso_run *run, const iso_node *node, int i) {
    return iso_data(run, node->in[i]);
}
static inline float *iso_out(const iso_run *run, const iso_node *node, int i) {
    return iso_data(run, node->out[i]);
}

#endif
