#include "recipe/loader.h"

/* The failure at an argument that is given. */
#define BAD(recipe, located, expression, ...)                                                                                    \
    (iso_fail((recipe)->ctx, ISO_EINVAL, __VA_ARGS__), iso_recipe_fail_at((recipe), (located), (expression)->column, ISO_EINVAL))

/* ---- Generators ---- */

static bool is_call(const iso_expr *e, const char *name, size_t arguments) {
    return e->kind == ISO_EXPR_CALL && strcmp(iso_last_name(e->text), name) == 0 && e->count == arguments;
}

/* Generator() or Generator().manual_seed(7). */
static iso_status read_generator(const iso_recipe *recipe, const iso_located *located, const iso_arg *arg,
                                 iso_given_generator *out) {
    const iso_expr *e = arg->expr;
    if (arg->is_none)
        return ISO_OK;
    *out = (iso_given_generator){true, ISO_DEFAULT_GENERATOR_SEED};
    if (is_call(e, "Generator", 0) && !e->object)
        return ISO_OK;
    if (!is_call(e, "manual_seed", 1) || !e->object || !is_call(e->object, "Generator", 0) || e->object->object)
        return BAD(recipe, located, e, "generator must be Generator().manual_seed(SEED)");
    const iso_expr *seed = e->items[0];
    if (seed->kind != ISO_EXPR_INT || seed->big)
        return BAD(recipe, located, seed, "generator: manual_seed expects a whole number from -2^63 to 2^64 - 1");
    out->seed = (uint64_t)seed->integer;
    return ISO_OK;
}

/* ---- Samplers ---- */

static const iso_param random_params[] = {
    {"replacement", ISO_ARG_BOOL, "False", 0, 0, false},
    {"num_samples", ISO_ARG_INT, "None", 1, 1 << 30, false},
    {"generator", ISO_ARG_ANY, "None", 0, 0, false, "Generator().manual_seed(SEED)"},
};
static const iso_param subset_params[] = {
    {"indices", ISO_ARG_ANY, NULL, 0, 0, false, "a list of whole numbers, or range(start, stop, step)"},
    {"generator", ISO_ARG_ANY, "None", 0, 0, false, "Generator().manual_seed(SEED)"},
};
static const iso_param weighted_params[] = {
    {"weights", ISO_ARG_ANY, NULL, 0, 0, false, "a list of numbers, one for each image, or 'balanced'"},
    {"num_samples", ISO_ARG_INT, "None", 1, 1 << 30, false},
    {"replacement", ISO_ARG_BOOL, "True", 0, 0, false},
    {"generator", ISO_ARG_ANY, "None", 0, 0, false, "Generator().manual_seed(SEED)"},
};
const iso_signature iso_sampler_signatures[] = {
    /* in the order of iso_sampler_kind */
    {"SequentialSampler", NULL, 0},
    {"RandomSampler", random_params, ISO_COUNTOF(random_params)},
    {"SubsetRandomSampler", subset_params, ISO_COUNTOF(subset_params)},
    {"WeightedRandomSampler", weighted_params, ISO_COUNTOF(weighted_params)},
};
const size_t iso_sampler_signature_count = ISO_COUNTOF(iso_sampler_signatures);

static bool is_whole(const iso_expr *e) {
    return e->kind == ISO_EXPR_INT && !e->is_unsigned && !e->big;
}

/* range(stop), range(start, stop) or range(start, stop, step). */
static iso_status read_range(const iso_recipe *recipe, const iso_located *located, const iso_expr *e, iso_sampler *sampler,
                             int64_t **out) {
    int64_t values[3] = {0, 0, 1};
    bool ok = e->count >= 1 && e->count <= 3 && e->positional == e->count;
    for (size_t i = 0; ok && i < e->count; i++) {
        ok = is_whole(e->items[i]) && e->items[i]->integer >= -(1 << 30) && e->items[i]->integer <= 1 << 30;
        values[e->count == 1 ? 1 : i] = e->items[i]->integer;
    }
    int64_t start = values[0], stop = values[1], step = values[2];
    if (!ok || step == 0)
        return BAD(recipe, located, e, "range expects one to three whole numbers: range(stop) or range(start, stop, step)");
    int64_t count = step > 0 ? iso_ceil_div(iso_max64(stop - start, 0), step) : iso_ceil_div(iso_max64(start - stop, 0), -step);
    int64_t *indices = *out = iso_alloc_array(recipe->ctx, (size_t)count + 1, sizeof *indices);
    if (!indices)
        return ISO_ENOMEM;
    for (int64_t i = 0; i < count; i++)
        indices[i] = start + i * step;
    sampler->count = (size_t)count;
    return ISO_OK;
}

static iso_status read_indices(iso_recipe *recipe, const iso_located *located, const iso_expr *e) {
    iso_sampler *sampler = &recipe->sampler;
    int64_t *indices = NULL;
    iso_status status = ISO_OK;
    if (e->kind == ISO_EXPR_CALL && strcmp(e->text, "range") == 0)
        status = read_range(recipe, located, e, sampler, &indices);
    else if (e->kind != ISO_EXPR_LIST && e->kind != ISO_EXPR_TUPLE)
        return BAD(recipe, located, e, "SubsetRandomSampler: indices must be a list of whole numbers or a range(...)");
    else if (!(indices = iso_alloc_array(recipe->ctx, e->count + 1, sizeof *indices)))
        return ISO_ENOMEM;
    else
        for (sampler->count = 0; sampler->count < e->count && !status; sampler->count++) {
            const iso_expr *item = e->items[sampler->count];
            if (!is_whole(item))
                status = BAD(recipe, located, item, "SubsetRandomSampler: index %zu must be a whole number", sampler->count);
            indices[sampler->count] = item->integer;
        }
    sampler->indices = recipe->sampler_memory = indices;
    return status;
}

static iso_status read_weights(iso_recipe *recipe, const iso_located *located, const iso_expr *e) {
    iso_sampler *sampler = &recipe->sampler;
    if (e->kind == ISO_EXPR_STRING && strcmp(e->text, "balanced") == 0)
        return ISO_OK;
    if (e->kind != ISO_EXPR_LIST && e->kind != ISO_EXPR_TUPLE)
        return BAD(recipe, located, e, "WeightedRandomSampler: weights must be a list of numbers, one per image, or 'balanced'");
    double *weights = recipe->sampler_memory = iso_alloc_array(recipe->ctx, e->count + 1, sizeof *weights);
    if (!weights)
        return ISO_ENOMEM;
    for (; sampler->count < e->count; sampler->count++) {
        const iso_expr *item = e->items[sampler->count];
        if (item->kind != ISO_EXPR_INT && item->kind != ISO_EXPR_FLOAT)
            return BAD(recipe, located, item, "WeightedRandomSampler: weight %zu must be a number", sampler->count);
        weights[sampler->count] = item->number;
    }
    sampler->weights = weights;
    return ISO_OK;
}

static iso_status read_sampler(iso_recipe *recipe, const iso_expr *e) {
    const iso_located *located = &recipe->loader;
    iso_sampler *sampler = &recipe->sampler;
    iso_arg args[ISO_MAX_PARAMS];
    size_t which;
    iso_status status =
        iso_recipe_bind(recipe, located, e, iso_sampler_signatures, iso_sampler_signature_count, "sampler", &which, args);
    if (status)
        return status;
    sampler->kind = (iso_sampler_kind)which;
    switch (sampler->kind) {
    case ISO_SEQUENTIAL_SAMPLER:
        return ISO_OK;
    case ISO_RANDOM_SAMPLER:
        sampler->replacement = args[0].i[0];
        sampler->num_samples = args[1].i[0];
        return read_generator(recipe, located, &args[2], &sampler->generator);
    case ISO_SUBSET_RANDOM_SAMPLER:
        recipe->sampler_items = args[0].expr;
        status = read_indices(recipe, located, args[0].expr);
        return status ? status : read_generator(recipe, located, &args[1], &sampler->generator);
    default: /* ISO_WEIGHTED_RANDOM_SAMPLER */
        recipe->sampler_items = args[0].expr;
        sampler->num_samples = args[1].i[0];
        sampler->replacement = args[2].i[0];
        status = read_weights(recipe, located, args[0].expr);
        return status ? status : read_generator(recipe, located, &args[3], &sampler->generator);
    }
}

/* ---- DataLoader ---- */

enum { BATCH_SIZE, SHUFFLE, NUM_WORKERS, PIN_MEMORY, DROP_LAST, SAMPLER, GENERATOR, PREFETCH_FACTOR, PERSISTENT_WORKERS };

/* pin_memory, pin_memory_device and timeout say where a batch lies and how long to wait for it, not what is in it. */
static const iso_param loader_params[] = {
    {"batch_size", ISO_ARG_INT, "1", 1, 1 << 20, false},
    {"shuffle", ISO_ARG_BOOL, "False", 0, 0, true},
    {"num_workers", ISO_ARG_INT, "0", 0, 1 << 10, false},
    {"pin_memory", ISO_ARG_BOOL, "False", 0, 0, false},
    {"drop_last", ISO_ARG_BOOL, "False", 0, 0, false},
    {"sampler", ISO_ARG_ANY, "None", 0, 0, false, "a sampler"},
    {"generator", ISO_ARG_ANY, "None", 0, 0, false, "Generator().manual_seed(SEED)"},
    {"prefetch_factor", ISO_ARG_INT, "None", 1, 1 << 10, false},
    {"persistent_workers", ISO_ARG_BOOL, "False", 0, 0, false},
    {"timeout", ISO_ARG_FLOAT, "0", 0, 1e9, false},
    {"pin_memory_device", ISO_ARG_STRING, "", 0, 0, false},
};
const iso_signature iso_loader_signature = {"DataLoader", loader_params, ISO_COUNTOF(loader_params)};

iso_status iso_recipe_read_loader(iso_recipe *recipe) {
    const iso_located *located = &recipe->loader;
    iso_arg args[ISO_MAX_PARAMS];
    size_t which;
    iso_status status = iso_recipe_bind(recipe, located, located->expr, &iso_loader_signature, 1, "loader", &which, args);
    if (status)
        return status;
    recipe->batch_size = args[BATCH_SIZE].i[0];
    recipe->shuffle = args[SHUFFLE].i[0];
    recipe->num_workers = args[NUM_WORKERS].i[0];
    recipe->drop_last = args[DROP_LAST].i[0];
    recipe->prefetch_factor = args[PREFETCH_FACTOR].i[0];
    recipe->persistent_workers = args[PERSISTENT_WORKERS].i[0];
    if (recipe->persistent_workers && !recipe->num_workers)
        return BAD(recipe, located, args[PERSISTENT_WORKERS].expr,
                   "DataLoader: persistent_workers=True needs num_workers above 0");
    if (recipe->prefetch_factor && !recipe->num_workers)
        return BAD(recipe, located, args[PREFETCH_FACTOR].expr, "DataLoader: prefetch_factor needs num_workers above 0");
    if (recipe->shuffle && !args[SAMPLER].is_none)
        return BAD(recipe, located, args[SAMPLER].expr, "DataLoader: expected either shuffle=True or a sampler, not both");
    if (!args[SAMPLER].is_none && (status = read_sampler(recipe, args[SAMPLER].expr)))
        return status;
    return read_generator(recipe, located, &args[GENERATOR], &recipe->generator);
}

/* ---- random_split ---- */

static const iso_param split_params[] = {
    {"lengths", ISO_ARG_FLOATS, NULL, 0, 0, false},
    {"generator", ISO_ARG_ANY, "None", 0, 0, false, "Generator().manual_seed(SEED)"},
};
const iso_signature iso_split_signature = {"random_split", split_params, ISO_COUNTOF(split_params)};

iso_status iso_recipe_read_split(iso_recipe *recipe) {
    iso_split *split = &recipe->split;
    iso_arg args[ISO_MAX_PARAMS];
    size_t which;
    iso_status status =
        iso_recipe_bind(recipe, &split->located, split->located.expr, &iso_split_signature, 1, "split", &which, args);
    if (status)
        return status;
    split->parts = args[0].count;
    memcpy(split->lengths, args[0].f, sizeof split->lengths);
    split->items = args[0].expr;
    if (split->parts < 2)
        return BAD(recipe, &split->located, args[0].expr,
                   "random_split: expected at least two lengths: those of training and testing");
    return read_generator(recipe, &split->located, &args[1], &split->generator);
}
