/* The recipe: one experiment, read from YAML, checked key by key. Everything in it is part of the experiment, but for
 * micro_batch, which says how much memory a step may take and changes no bit, and for the loader's prefetch_factor; what else is
 * execution only (threads, workers, instruction set) has no place here. docs/recipes.md lists the keys. */
#ifndef ISO_RECIPE_RECIPE_H
#define ISO_RECIPE_RECIPE_H

#include <string.h>

#include "data/sampler.h"
#include "expr/signature.h"
#include "isobit/nn.h"
#include "recipe/yaml.h"

/* An expression of the recipe, and where it stands, for messages. */
typedef struct iso_located {
    iso_expr *expr;
    char *path; /* a data source that is a folder: its path, and expr is NULL */
    int line, column;
    char where[64]; /* "model[3]" */
} iso_located;

typedef struct iso_located_list {
    iso_located *items;
    size_t count, capacity;
} iso_located_list;

/* data.split: random_split(lengths, generator). The first part is for training, the second for testing; more are left out. */
typedef struct iso_split {
    iso_located located; /* expr NULL: there is none */
    double lengths[ISO_MAX_FLOATS];
    size_t parts;
    const iso_expr *items; /* the lengths as written */
    iso_given_generator generator;
} iso_split;

typedef struct iso_recipe {
    iso_context *ctx;
    char *name;                    /* of the file, for messages */
    char *directory;               /* that relative paths start from */
    uint64_t seed, seed_magnitude; /* for torch.manual_seed, and without its sign, as random.seed takes it */
    iso_torch_variant variant;
    iso_located train, test; /* a folder of images (path) or a call such as FashionMNIST(...) (expr); test may have neither */
    iso_located_list transforms, test_transforms; /* the latter empty: derived from the former */
    bool skip_bad_images;                         /* data.on_bad_image: skip, not stop */
    iso_split split;                              /* of data.train, in which case there is no data.test */
    iso_located loader;
    int64_t batch_size, num_workers;
    bool shuffle, drop_last, persistent_workers;
    int64_t prefetch_factor; /* execution only; 0: not given */
    iso_sampler sampler;
    void *sampler_memory;          /* what the sampler borrows */
    const iso_expr *sampler_items; /* its indices or weights as written */
    iso_given_generator generator;
    iso_located_list model; /* layers one behind the other; or, with model_is_call, one call that is the whole model */
    bool model_is_call;
    char *init;          /* NULL: PyTorch's defaults */
    iso_located weights; /* path: the safetensors file that the model starts from; NULL: none */
    iso_loss loss;
    iso_located optimizer;
    int64_t epochs;
    int64_t checkpoint;   /* steps between checkpoints; 0: at the end of each epoch */
    int64_t digest_every; /* steps from one digest of batch and state to the next; 0: what the ledger may cost decides */
    int64_t micro_batch;  /* samples of a block, at most; 0: the whole batch */
    char *normalised;     /* one text for all spellings of the same recipe, as it stands in the run directory */
    char *experiment;     /* the same without the paths of the data, as it stands in the ledger (files are known by digest), and
                             without what is execution only */
} iso_recipe;

/* One key: how it is read, and what people are told of it. */
typedef struct iso_recipe_key {
    const char *name;
    iso_status (*read)(iso_recipe *recipe, const iso_yaml *node);
    const char *value;    /* what it takes */
    const char *fallback; /* NULL: it is required */
    const char *text;
} iso_recipe_key;
extern ISO_FOR_PROGRAM const iso_recipe_key iso_recipe_keys[];
extern ISO_FOR_PROGRAM const size_t iso_recipe_key_count;
extern ISO_FOR_PROGRAM const iso_recipe_key iso_recipe_data_keys[]; /* those below `data` */
extern ISO_FOR_PROGRAM const size_t iso_recipe_data_key_count;
extern const iso_signature iso_loss_signatures[];
extern const size_t iso_loss_signature_count;

/* Reads a recipe. `sets` are "key=value" texts of --set, applied in order. */
iso_status iso_recipe_load(iso_context *ctx, const char *path, const char *const *sets, size_t set_count, iso_recipe **recipe);
/* The same from memory. */
iso_status iso_recipe_parse(iso_context *ctx, const char *name, const char *directory, const uint8_t *data, size_t size,
                            const char *const *sets, size_t set_count, iso_recipe **recipe);
void iso_recipe_free(iso_recipe *recipe);

/* Puts "file:line:column: where: " in front of the failure that has just been set. `column` is within the expression. */
iso_status iso_recipe_fail_at(const iso_recipe *recipe, const iso_located *located, int column, iso_status status);

/* Binds a call within `located` to one of several signatures; *which tells which. `kind` says in messages what they are. */
iso_status iso_recipe_bind(const iso_recipe *recipe, const iso_located *located, const iso_expr *call,
                           const iso_signature *signatures, size_t count, const char *kind, size_t *which, iso_arg *args);

/* What follows the last dot of a name: nn.Conv2d and torch.nn.Conv2d are Conv2d. */
static inline const char *iso_last_name(const char *name) {
    const char *dot = strrchr(name, '.');
    return dot ? dot + 1 : name;
}

/* Builds the model that the recipe describes. */
iso_status iso_recipe_build_model(const iso_recipe *recipe, iso_module **model);
iso_status iso_recipe_build_optimizer(const iso_recipe *recipe, iso_module *model, iso_optimizer **optimizer);

#endif
