/* From the recipe's data section to data sets, transforms and loaders. */
#include <string.h>

#include "core/file.h"
#include "core/text.h"
#include "run/trainer.h"

#define KEEP_IMAGES     ((size_t)1 << 30) /* bytes of decoded images that stay in memory */
#define DEFAULT_WORKERS 2

static const iso_param torchvision_params[] = {
    {"root", ISO_ARG_STRING, NULL, 0, 0, false},
    {"train", ISO_ARG_BOOL, "True", 0, 0, false},
};
static const iso_param numpy_params[] = {
    {"root", ISO_ARG_STRING, NULL, 0, 0, false},     {"images", ISO_ARG_STRING, NULL, 0, 0, false},
    {"labels", ISO_ARG_STRING, "None", 0, 0, false}, {"x", ISO_ARG_STRING, "x", 0, 0, false},
    {"y", ISO_ARG_STRING, "y", 0, 0, false},         {"num_classes", ISO_ARG_INT, "None", 1, 1 << 16, false},
};
#define TORCHVISION(name)                                                                                                        \
    { name, torchvision_params, ISO_COUNTOF(torchvision_params) }
const iso_signature iso_data_set_signatures[] = {
    TORCHVISION("FashionMNIST"),
    TORCHVISION("MNIST"),
    TORCHVISION("CIFAR10"),
    TORCHVISION("CIFAR100"),
    {"NumpyArrays", numpy_params, ISO_COUNTOF(numpy_params)},
};
const size_t iso_data_set_signature_count = ISO_COUNTOF(iso_data_set_signatures);
enum { CIFAR = 2, NUMPY_ARRAYS = 4 };

/* Binds a data set's call; *which is its signature. */
static iso_status bind_source(const iso_recipe *recipe, const iso_located *source, size_t *which, iso_arg *args) {
    iso_context *ctx = recipe->ctx;
    const char *name = iso_last_name(source->expr->text), *names[ISO_COUNTOF(iso_data_set_signatures)];
    for (*which = 0; *which < ISO_COUNTOF(iso_data_set_signatures); ++*which) {
        int column = 0;
        names[*which] = iso_data_set_signatures[*which].name;
        if (strcmp(name, names[*which]) == 0) {
            iso_status status = iso_bind(ctx, &iso_data_set_signatures[*which], source->expr, args, &column);
            return status ? iso_recipe_fail_at(recipe, source, column, status) : ISO_OK;
        }
    }
    const char *nearest = iso_nearest(name, names, ISO_COUNTOF(names));
    iso_fail(ctx, ISO_EINVAL, "unknown data set '%s'; %s%s%s", name,
             nearest ? "did you mean '" : "expected a folder, FashionMNIST, MNIST, CIFAR10, CIFAR100 or NumpyArrays",
             nearest ? nearest : "", nearest ? "'?" : "");
    return iso_recipe_fail_at(recipe, source, 0, ISO_EINVAL);
}

char *iso_recipe_data_path(const iso_recipe *recipe, const iso_located *source) {
    size_t which;
    iso_arg args[ISO_MAX_PARAMS];
    if (source->path)
        return iso_path_join(recipe->ctx, recipe->directory, source->path);
    return bind_source(recipe, source, &which, args) ? NULL : iso_path_join(recipe->ctx, recipe->directory, args[0].text);
}

struct progress {
    iso_progress_function *function;
    void *user;
};

static void report_reading(void *user, int64_t done, int64_t total) {
    const struct progress *p = user;
    if (p->function)
        p->function(p->user, &(iso_progress){.kind = ISO_PROGRESS_READING, .done = done, .total = total});
}

static iso_status open_call(iso_context *ctx, size_t which, const char *root, const iso_arg *args, iso_dataset **dataset) {
    if (which < CIFAR)
        return iso_idx_open(ctx, root, iso_data_set_signatures[which].name, args[1].i[0], dataset);
    if (which < NUMPY_ARRAYS)
        return iso_cifar_open(ctx, root, iso_data_set_signatures[which].name, args[1].i[0], dataset);
    return iso_numpy_open(ctx, root,
                          &(iso_npy_source){.images = args[1].text,
                                            .labels = args[2].is_none ? NULL : args[2].text,
                                            .x = args[3].text,
                                            .y = args[4].text,
                                            .num_classes = args[5].is_none ? 0 : args[5].i[0]},
                          dataset);
}

static iso_status open_source(iso_trainer *t, const iso_located *source, struct progress *progress, iso_dataset **dataset) {
    const iso_recipe *recipe = t->recipe;
    char *path = iso_recipe_data_path(recipe, source);
    if (!path)
        return iso_failure(t->ctx);
    iso_status status;
    size_t which = 0;
    iso_arg args[ISO_MAX_PARAMS];
    if (source->path)
        status = iso_image_folder_open(
            t->ctx, path,
            &(iso_folder_options){
                .keep = KEEP_IMAGES, .skip_bad = recipe->skip_bad_images, .progress = report_reading, .user = progress},
            dataset);
    else if (!(status = bind_source(recipe, source, &which, args)))
        status = open_call(t->ctx, which, path, args, dataset);
    iso_free(t->ctx, path);
    return status ? iso_recipe_fail_at(recipe, source, 0, status) : ISO_OK;
}

static iso_status build_chain(iso_trainer *t, const iso_located_list *list, int channels, iso_transforms **transforms) {
    const iso_expr **calls = iso_alloc_array(t->ctx, list->count, sizeof *calls);
    if (!calls)
        return ISO_ENOMEM;
    for (size_t i = 0; i < list->count; i++)
        calls[i] = list->items[i].expr;
    size_t bad = 0;
    int column = 0;
    iso_status status = iso_transforms_new(t->ctx, calls, list->count, channels, &bad, &column, transforms);
    if (status && list->count)
        iso_recipe_fail_at(t->recipe, &list->items[bad], column, status);
    iso_free(t->ctx, calls);
    return status;
}

/* The classes of both sets must be the same, in the same order: labels are positions. */
static iso_status check_classes(iso_trainer *t) {
    for (size_t i = 0; i < t->train->class_count || i < t->test->class_count; i++) {
        const char *a = i < t->train->class_count ? t->train->classes[i] : NULL;
        const char *b = i < t->test->class_count ? t->test->classes[i] : NULL;
        if (!a || !b || strcmp(a, b) != 0) {
            iso_fail(t->ctx, ISO_EINVAL,
                     "class %zu is '%s' here, but '%s' in data.train; expected the same class folders in both", i,
                     b ? b : "(none)", a ? a : "(none)");
            return iso_recipe_fail_at(t->recipe, &t->recipe->test, 0, ISO_EINVAL);
        }
    }
    return ISO_OK;
}

/* random_split of data.train. Without a generator of its own it draws behind the seed, before the model's initial values. */
static iso_status split_data(iso_trainer *t) {
    const iso_split *split = &t->recipe->split;
    iso_torch_generator own = {.variant = t->recipe->variant};
    int64_t counts[ISO_MAX_FLOATS], samples = (int64_t)t->train->count;
    t->whole = t->train;
    t->train = NULL;
    iso_torch_manual_seed(&own, split->generator.seed);
    int64_t *indices = iso_alloc_array(t->ctx, t->whole->count, sizeof *indices);
    iso_status status = indices ? iso_random_split(t->ctx, split->lengths, split->parts, samples,
                                                   split->generator.given ? &own : &t->seeded, indices, counts)
                                : ISO_ENOMEM;
    if (status)
        iso_recipe_fail_at(t->recipe, &split->located, split->items->column, status);
    if (!status)
        status = iso_dataset_subset(t->whole, indices, counts[0], &t->train);
    if (!status)
        status = iso_dataset_subset(t->whole, indices + counts[0], counts[1], &t->test);
    iso_free(t->ctx, indices);
    return status;
}

/* What dropout takes in one step, so that the loader can draw ahead of it. */
static void skip_model_draws(void *user, iso_torch_generator *g, int64_t batch_size) {
    const iso_trainer *t = user;
    for (int64_t i = 0; i < batch_size * t->draws_per_sample; i++)
        iso_torch_random64(g);
}

iso_status iso_trainer_open_data(iso_trainer *t, int workers, iso_progress_function *function, void *user) {
    const iso_recipe *r = t->recipe;
    struct progress progress = {function, user};
    bool has_test = r->test.path || r->test.expr;
    iso_status status = open_source(t, &r->train, &progress, &t->train);
    if (!status && has_test && !(status = open_source(t, &r->test, &progress, &t->test)))
        status = check_classes(t);
    t->seeded.variant = r->variant;
    iso_torch_manual_seed(&t->seeded, r->seed);
    if (!status && r->split.located.expr)
        status = split_data(t);
    if (!status && (status = iso_sampler_check(t->ctx, &r->sampler, (int64_t)t->train->count)))
        iso_recipe_fail_at(r, &r->loader, r->sampler_items ? r->sampler_items->column : 0, status);
    if (!status)
        status = build_chain(t, &r->transforms, t->train->channels, &t->transforms);
    if (!status && t->test)
        status = r->test_transforms.count ? build_chain(t, &r->test_transforms, t->test->channels, &t->test_transforms)
                                          : iso_transforms_for_test(t->transforms, t->test->channels, &t->test_transforms);
    int threads = workers < 0 ? DEFAULT_WORKERS : workers;
    iso_loader_options options = {.batch_size = r->batch_size,
                                  .shuffle = r->shuffle,
                                  .drop_last = r->drop_last,
                                  .num_workers = r->num_workers,
                                  .persistent_workers = r->persistent_workers,
                                  .sampler = r->sampler,
                                  .generator = r->generator,
                                  .model_draws = skip_model_draws,
                                  .user = t,
                                  .threads = threads,
                                  .prefetch = (int)r->prefetch_factor * threads};
    if (!status)
        status = iso_loader_new(t->ctx, t->train, t->transforms, &options, &t->loader);
    options.shuffle = options.drop_last = false; /* the same loader without what decides on the order */
    options.sampler = (iso_sampler){0};
    options.generator = (iso_given_generator){0};
    options.model_draws = NULL;
    if (!status && t->test)
        status = iso_loader_new(t->ctx, t->test, t->test_transforms, &options, &t->test_loader);
    return status;
}
