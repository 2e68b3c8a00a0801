/* A module from inside: parameters and buffers under PyTorch's names, and how it lowers itself to graph nodes. */
#ifndef ISO_NN_MODULE_H
#define ISO_NN_MODULE_H

#include "expr/signature.h"
#include "isobit/nn.h"
#include "nn/blocks.h"
#include "nn/graph.h"

/* One kind of layer: what the recipe's parser, the errors and the constructors need to know about it. */
typedef struct iso_module_class {
    const iso_signature *signature;
    size_t size; /* of the struct that starts with iso_module */
    /* Builds one from bound arguments (the recipe's way in); NULL with a message on failure. */
    iso_module *(*from_args)(iso_context *ctx, const iso_arg *args);
    /* Appends the nodes for input x and returns the output. */
    iso_value_id (*lower)(iso_module *module, iso_graph *graph, iso_value_id x);
    /* Draws the default initial values, of the modules below it too; NULL: those of its children, in order. */
    void (*reset)(iso_module *module, iso_torch_generator *generator);
} iso_module_class;

/* A parameter or buffer. */
typedef struct iso_entry {
    char *name;                /* within its module: "weight" */
    char *path;                /* within the root: "0.weight"; set by the container */
    iso_tensor *tensor, *grad; /* grad NULL: a buffer */
} iso_entry;

#define ISO_MAX_ENTRIES 5

struct iso_module {
    iso_context *ctx;
    const iso_module_class *class_;
    bool training;
    bool ready; /* initial values have been drawn or loaded */
    char *path; /* within the root: "0"; "" for the root */
    iso_entry entries[ISO_MAX_ENTRIES];
    size_t entry_count;
    iso_module **children;
    size_t child_count;
    struct iso_plans *plans;  /* the root's: one plan per input shape and mode */
    int64_t micro_batch;      /* the root's; 0: none */
    iso_node_observer *after; /* the root's, observe.h; NULL: nobody watches */
    void *after_user;
    bool plain; /* while somebody watches: every operation by itself, on the whole batch */
};

/* A zeroed module of the class, in training mode. */
iso_module *iso_module_new(iso_context *ctx, const iso_module_class *class_);
/* Adds a zeroed parameter or buffer; NULL on failure. */
iso_tensor *iso_module_add(iso_module *module, const char *name, bool parameter, iso_dtype dtype, int dims, const int64_t *shape);
/* The tensor of that name within this module, as a graph value; ISO_NO_VALUE if the module has none. */
iso_value_id iso_module_value(iso_module *module, iso_graph *graph, const char *name);
iso_tensor *iso_module_tensor(const iso_module *module, const char *name);
/* Sets all its elements, if the module has it. */
void iso_module_fill(iso_module *module, const char *name, float value);

/* Fails the graph: the layer expected an input of other dimensions or channels. `expected` in words: "(n, 3, h, w)". */
iso_value_id iso_module_bad_input(iso_module *module, iso_graph *graph, iso_value_id x, const char *expected);
/* A shape for messages: "(64, 3, 32, 32)". */
const char *iso_shape_text(int dims, const int64_t *shape, char buffer[96]);

/* Fills in a pair of options: a 0 first number is `fallback`, a 0 second one is the first, -1 is a real 0. */
void iso_pair_defaults(int64_t pair[2], int64_t fallback);

iso_value_id iso_module_lower(iso_module *module, iso_graph *graph, iso_value_id x);

/* A module of the class with these children, in state_dict's order. names NULL: "0", "1", ... Takes ownership of the modules,
 * also on failure, as iso_sequential_with does. */
iso_module *iso_container(iso_context *ctx, const iso_module_class *class_, size_t count, const char *const *names,
                          iso_module *const *modules);
/* One child behind the other. */
iso_value_id iso_sequential_lower(iso_module *module, iso_graph *graph, iso_value_id x);

/* All layers, for the recipe: sorted by name. */
extern const iso_module_class *const iso_module_classes[];
extern const size_t iso_module_class_count;

extern const iso_module_class iso_conv2d_class, iso_linear_class, iso_relu_class, iso_flatten_class, iso_dropout_class,
    iso_max_pool2d_class, iso_avg_pool2d_class, iso_adaptive_avg_pool2d_class, iso_batch_norm1d_class, iso_batch_norm2d_class,
    iso_group_norm_class, iso_sequential_class, iso_basic_block_class, iso_resnet18_class;

#endif
