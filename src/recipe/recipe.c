#include "recipe/recipe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "core/text.h"
#include "recipe/loader.h"
#include "recipe/write.h"

#define MAX_RECIPE (1u << 20)

/* Where an error stands: "file:line:column: key: "; a value from --set has no line. */
static iso_status fail_at(const iso_recipe *recipe, int line, int column, const char *where, iso_status status) {
    if (line > 0)
        return iso_fail_at(recipe->ctx, status, "%s:%d:%d: %s", recipe->name, line, column, where);
    return iso_fail_at(recipe->ctx, status, "%s, --set: %s", recipe->name, where);
}

iso_status iso_recipe_fail_at(const iso_recipe *recipe, const iso_located *located, int column, iso_status status) {
    return fail_at(recipe, located->line, located->column + column, located->where, status);
}

static iso_status bad(const iso_recipe *recipe, const iso_yaml *node, const char *where, const char *format, ...)
    ISO_PRINTF(4, 5);
static iso_status bad(const iso_recipe *recipe, const iso_yaml *node, const char *where, const char *format, ...) {
    char message[512];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    iso_fail(recipe->ctx, ISO_EINVAL, "%s", message);
    return fail_at(recipe, node->line, node->column, where, ISO_EINVAL);
}

/* ---- Values ---- */

static iso_status want_scalar(const iso_recipe *recipe, const iso_yaml *node, const char *where, const char *expected) {
    return node->kind == ISO_YAML_SCALAR
               ? ISO_OK
               : bad(recipe, node, where, "is a %s, expected %s", node->kind == ISO_YAML_LIST ? "list" : "map", expected);
}

static iso_status read_int(const iso_recipe *recipe, const iso_yaml *node, const char *where, int64_t low, int64_t high,
                           int64_t *out) {
    iso_status status = want_scalar(recipe, node, where, "a whole number");
    if (status)
        return status;
    char *end;
    long long value = strtoll(node->text, &end, 10);
    if (end != node->text && !*end && value > high)
        return bad(recipe, node, where, "is '%s', expected a whole number of %lld at most", node->text, (long long)high);
    if (end == node->text || *end || value < low)
        return bad(recipe, node, where, "is '%s', expected a whole number of %lld or more", node->text, (long long)low);
    *out = value;
    return ISO_OK;
}

/* torch.manual_seed's range: -2^63 to 2^64 - 1, negative numbers reinterpreted. */
static iso_status read_seed(iso_recipe *recipe, const iso_yaml *node) {
    iso_status status = want_scalar(recipe, node, "seed", "a whole number");
    if (status)
        return status;
    const char *text = node->text, *digits = text + (*text == '-');
    size_t length = strspn(digits, "0123456789");
    uint64_t value = 0;
    bool fits = length > 0 && digits[length] == 0;
    for (size_t i = 0; i < length && fits; i++)
        fits = !__builtin_mul_overflow(value, (uint64_t)10, &value) &&
               !__builtin_add_overflow(value, (uint64_t)(digits[i] - '0'), &value);
    if (!fits || (digits != text && value > (uint64_t)1 << 63))
        return bad(recipe, node, "seed", "is '%s', expected a whole number from -2^63 to 2^64 - 1", text);
    recipe->seed = digits != text ? 0 - value : value;
    recipe->seed_magnitude = value;
    return ISO_OK;
}

static iso_status read_expr(const iso_recipe *recipe, const iso_yaml *node, const char *where, const char *expected,
                            iso_located *out) {
    iso_status status = want_scalar(recipe, node, where, expected);
    if (status)
        return status;
    int column = 0;
    *out = (iso_located){.line = node->line, .column = node->column};
    snprintf(out->where, sizeof out->where, "%s", where);
    if ((status = iso_expr_parse(recipe->ctx, node->text, &out->expr, &column)))
        return fail_at(recipe, node->line, node->column + column, where, status);
    return ISO_OK;
}

static iso_status read_list(const iso_recipe *recipe, const iso_yaml *node, const char *where, iso_located_list *list) {
    if (node->kind != ISO_YAML_LIST)
        return bad(recipe, node, where, "expected a list, one call an item");
    for (size_t i = 0; i < node->count; i++) {
        char item[64];
        snprintf(item, sizeof item, "%s[%zu]", where, i);
        iso_status status =
            iso_grow(recipe->ctx, &list->items, &list->capacity, list->count, list->count + 1, sizeof *list->items);
        if (!status)
            status = read_expr(recipe, node->items[i], item, "a call; in a [list] a call with commas needs \"quotes\"",
                               &list->items[list->count]);
        if (status)
            return status;
        list->count++;
    }
    return ISO_OK;
}

/* Text of a path stays a text: paths are no expressions. Something like FashionMNIST(...) is a call. */
static iso_status read_source(const iso_recipe *recipe, const iso_yaml *node, const char *where, iso_located *out) {
    iso_status status = want_scalar(recipe, node, where, "a folder of images or a data set");
    if (status)
        return status;
    size_t size = strlen(node->text),
           name = strspn(node->text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.");
    if (!node->quoted && name > 0 && node->text[name] == '(' && node->text[size - 1] == ')')
        return read_expr(recipe, node, where, "a data set", out);
    *out = (iso_located){.line = node->line, .column = node->column};
    snprintf(out->where, sizeof out->where, "%s", where);
    return (out->path = iso_strdup(recipe->ctx, node->text)) ? ISO_OK : ISO_ENOMEM;
}

iso_status iso_recipe_bind(const iso_recipe *recipe, const iso_located *located, const iso_expr *e,
                           const iso_signature *signatures, size_t count, const char *kind, size_t *which, iso_arg *args) {
    const char *names[16];
    bool callable = e->kind == ISO_EXPR_CALL || e->kind == ISO_EXPR_NAME;
    for (*which = 0; callable && *which < count; ++*which) {
        names[*which] = signatures[*which].name;
        if (strcmp(iso_last_name(e->text), signatures[*which].name) == 0) {
            int column = 0;
            iso_status status = iso_bind(recipe->ctx, &signatures[*which], e, args, &column);
            return status ? iso_recipe_fail_at(recipe, located, column, status) : ISO_OK;
        }
    }
    const char *nearest = callable ? iso_nearest(iso_last_name(e->text), names, count) : NULL;
    if (!callable)
        iso_fail(recipe->ctx, ISO_EINVAL, "expected a %s, such as %s(...)", kind, signatures[0].name);
    else
        iso_fail(recipe->ctx, ISO_EINVAL,
                 nearest ? "unknown %s '%s'; did you mean '%s'?" : "unknown %s '%s'; isobit help recipe lists what there is",
                 kind, e->text, nearest);
    return iso_recipe_fail_at(recipe, located, e->column, ISO_EINVAL);
}

/* ---- Keys ---- */

static iso_status read_loader(iso_recipe *recipe, const iso_yaml *node) {
    iso_status status = read_expr(recipe, node, "data.loader", "DataLoader(...)", &recipe->loader);
    return status ? status : iso_recipe_read_loader(recipe);
}
static iso_status read_split(iso_recipe *recipe, const iso_yaml *node) {
    iso_status status = read_expr(recipe, node, "data.split", "random_split(...)", &recipe->split.located);
    return status ? status : iso_recipe_read_split(recipe);
}

static const iso_param cross_entropy_params[] = {
    {"ignore_index", ISO_ARG_INT, "-100", -1e9, 1e9},
    {"reduction", ISO_ARG_STRING, "mean", 0, 0, false, "'mean' or 'sum'"},
    {"label_smoothing", ISO_ARG_FLOAT, "0.0", 0, 1},
};
static const iso_param mse_params[] = {{"reduction", ISO_ARG_STRING, "mean", 0, 0, false, "'mean' or 'sum'"}};
const iso_signature iso_loss_signatures[] = {
    {"CrossEntropyLoss", cross_entropy_params, ISO_COUNTOF(cross_entropy_params)},
    {"MSELoss", mse_params, ISO_COUNTOF(mse_params)},
};
const size_t iso_loss_signature_count = ISO_COUNTOF(iso_loss_signatures);

static iso_status read_loss(iso_recipe *recipe, const iso_yaml *node) {
    iso_located located = {0};
    size_t which = 0;
    iso_arg args[ISO_MAX_PARAMS];
    iso_status status = read_expr(recipe, node, "loss", "CrossEntropyLoss() or MSELoss()", &located);
    if (!status)
        status =
            iso_recipe_bind(recipe, &located, located.expr, iso_loss_signatures, iso_loss_signature_count, "loss", &which, args);
    if (!status) {
        const iso_arg *reduction = &args[which == 0 ? 1 : 0];
        recipe->loss.kind = which == 0 ? ISO_CROSS_ENTROPY : ISO_MSE;
        recipe->loss.sum = strcmp(reduction->text, "sum") == 0; /* NOLINT: bound, so all are set */
        if (which == 0) {
            recipe->loss.has_ignore_index = true;
            recipe->loss.ignore_index = args[0].i[0];
            recipe->loss.label_smoothing = args[2].f[0];
        }
        if (strcmp(reduction->text, "sum") != 0 && strcmp(reduction->text, "mean") != 0) {
            iso_fail(recipe->ctx, ISO_EINVAL, "reduction is '%s', expected 'mean' or 'sum'", reduction->text);
            status = iso_recipe_fail_at(recipe, &located, 0, ISO_EINVAL);
        }
        if (!status && which == 1) {
            iso_fail(recipe->ctx, ISO_EINVAL,
                     "MSELoss needs targets of the output's shape; folders of images give classes, "
                     "so a recipe takes CrossEntropyLoss (MSELoss is there in C)");
            status = iso_recipe_fail_at(recipe, &located, 0, ISO_EINVAL);
        }
    }
    iso_expr_free(recipe->ctx, located.expr);
    return status;
}

static iso_status read_train(iso_recipe *r, const iso_yaml *node) {
    return read_source(r, node, "data.train", &r->train);
}
static iso_status read_test(iso_recipe *r, const iso_yaml *node) {
    return read_source(r, node, "data.test", &r->test);
}
static iso_status read_transforms(iso_recipe *r, const iso_yaml *node) {
    return read_list(r, node, "data.transforms", &r->transforms);
}
static iso_status read_test_transforms(iso_recipe *r, const iso_yaml *node) {
    return read_list(r, node, "data.test_transforms", &r->test_transforms);
}
static iso_status read_model(iso_recipe *r, const iso_yaml *node) {
    if (node->kind == ISO_YAML_LIST)
        return read_list(r, node, "model", &r->model);
    if (node->kind != ISO_YAML_SCALAR)
        return bad(r, node, "model", "is a map, expected a list of layers, or one call such as resnet18(num_classes=10)");
    iso_status status = iso_grow(r->ctx, &r->model.items, &r->model.capacity, 0, 1, sizeof *r->model.items);
    if (!status)
        status = read_expr(r, node, "model", "a call, such as resnet18(num_classes=10)", &r->model.items[0]);
    r->model.count = status ? 0 : 1;
    r->model_is_call = true;
    return status;
}
static iso_status read_optimizer(iso_recipe *r, const iso_yaml *node) {
    return read_expr(r, node, "optimizer", "SGD(...), Adam(...) or AdamW(...)", &r->optimizer);
}
static iso_status read_epochs(iso_recipe *r, const iso_yaml *node) {
    return read_int(r, node, "epochs", 1, 1 << 30, &r->epochs);
}
static iso_status read_checkpoint(iso_recipe *r, const iso_yaml *node) {
    return read_int(r, node, "checkpoint", 0, 1 << 30, &r->checkpoint);
}
static iso_status read_digest_every(iso_recipe *r, const iso_yaml *node) {
    return read_int(r, node, "digest_every", 0, 1 << 30, &r->digest_every);
}
static iso_status read_micro_batch(iso_recipe *r, const iso_yaml *node) {
    return read_int(r, node, "micro_batch", 1, 1 << 30, &r->micro_batch);
}

static iso_status read_word(const iso_recipe *recipe, const iso_yaml *node, const char *where, const char *const *words,
                            size_t count, size_t *which) {
    iso_status status = want_scalar(recipe, node, where, "a word");
    if (status)
        return status;
    for (*which = 0; *which < count; ++*which)
        if (strcmp(node->text, words[*which]) == 0)
            return ISO_OK;
    char all[160] = "";
    for (size_t i = 0; i < count; i++)
        snprintf(all + strlen(all), sizeof all - strlen(all), "%s'%s'", i ? i + 1 == count ? " or " : ", " : "", words[i]);
    return bad(recipe, node, where, "is '%s', expected %s", node->text, all);
}

static iso_status read_stream(iso_recipe *recipe, const iso_yaml *node) {
    if (node->kind == ISO_YAML_SCALAR && iso_torch_variant_from_name(node->text, &recipe->variant))
        return ISO_OK;
    return bad(recipe, node, "stream", "is '%s', expected torch[==1.13 or ==2.6][+mkl][/scalar], such as 'torch' or 'torch+mkl'",
               node->kind == ISO_YAML_SCALAR ? node->text : "no text");
}

static iso_status read_init(iso_recipe *recipe, const iso_yaml *node) {
    static const char *const words[] = {"default", "xavier_normal_", "xavier_uniform_", "kaiming_normal_", "kaiming_uniform_"};
    size_t which;
    iso_status status = read_word(recipe, node, "init", words, ISO_COUNTOF(words), &which);
    if (status || which == 0)
        return status;
    return (recipe->init = iso_strdup(recipe->ctx, words[which])) ? ISO_OK : ISO_ENOMEM;
}

static iso_status read_weights(iso_recipe *recipe, const iso_yaml *node) {
    iso_status status = want_scalar(recipe, node, "weights", "the path of a safetensors file");
    if (status)
        return status;
    recipe->weights = (iso_located){.line = node->line, .column = node->column, .where = "weights"};
    return (recipe->weights.path = iso_strdup(recipe->ctx, node->text)) ? ISO_OK : ISO_ENOMEM;
}

static iso_status read_keys(iso_recipe *recipe, const iso_yaml *map, const char *where, const iso_recipe_key *keys,
                            size_t count) {
    const char *names[16];
    char path[64];
    for (size_t i = 0; i < count; i++)
        names[i] = keys[i].name;
    if (map->kind != ISO_YAML_MAP)
        return bad(recipe, map, where[0] ? where : "recipe", "expected keys and values");
    for (size_t i = 0; i < map->count; i++) {
        const char *name = map->keys[i]->text, *nearest = iso_nearest(name, names, count);
        size_t which = 0;
        while (which < count && strcmp(keys[which].name, name) != 0)
            which++;
        snprintf(path, sizeof path, "%s%s%.40s", where, where[0] ? "." : "", name);
        if (which == count)
            return bad(recipe, map->keys[i], path,
                       nearest ? "unknown key; did you mean '%s'?" : "unknown key; isobit help recipe lists what there is",
                       nearest);
        iso_status status = keys[which].read(recipe, map->items[i]);
        if (status)
            return status;
    }
    for (size_t i = 0; i < count; i++)
        if (!keys[i].fallback && !iso_yaml_get(map, keys[i].name)) {
            snprintf(path, sizeof path, "%s%s%s", where, where[0] ? "." : "", keys[i].name);
            return bad(recipe, map, path, "is missing, expected %s", keys[i].value);
        }
    return ISO_OK;
}

static iso_status read_on_bad_image(iso_recipe *recipe, const iso_yaml *node) {
    static const char *const words[] = {"stop", "skip"};
    size_t which;
    iso_status status = read_word(recipe, node, "data.on_bad_image", words, ISO_COUNTOF(words), &which);
    recipe->skip_bad_images = !status && which == 1;
    return status;
}

#define FOLDER "a folder of class folders with images, or a data set"
const iso_recipe_key iso_recipe_data_keys[] = {
    {"train", read_train, FOLDER, NULL, "what is trained on"},
    {"test", read_test, FOLDER, "none", "what the accuracy is measured on at the end of each epoch"},
    {"transforms", read_transforms, "a list of transforms", NULL, "from an image to the numbers that training sees"},
    {"test_transforms", read_test_transforms, "a list of transforms", "those of training that are not random",
     "the same for testing; by default RandomResizedCrop(s) becomes Resize(s) and CenterCrop(s)"},
    {"loader", read_loader, "DataLoader(...)", NULL, "batch size, order, workers"},
    {"split", read_split, "random_split(lengths)", "none",
     "parts of data.train for training and for testing, instead of data.test"},
    {"on_bad_image", read_on_bad_image, "stop or skip", "stop",
     "what a damaged image does: stop the run before it begins, with a list of all of them, or be left out"},
};
const size_t iso_recipe_data_key_count = ISO_COUNTOF(iso_recipe_data_keys);

static iso_status read_data(iso_recipe *recipe, const iso_yaml *node) {
    iso_status status = read_keys(recipe, node, "data", iso_recipe_data_keys, iso_recipe_data_key_count);
    if (!status && recipe->split.located.expr && (recipe->test.path || recipe->test.expr))
        return bad(recipe, iso_yaml_get(node, "split"), "data.split",
                   "takes the test images from data.train; expected no data.test beside it");
    return status;
}

const iso_recipe_key iso_recipe_keys[] = {
    {"seed", read_seed, "a whole number, -2^63 to 2^64 - 1", NULL,
     "what all random numbers follow from, as torch.manual_seed takes it"},
    {"stream", read_stream, "torch[==1.13 or ==2.6][+mkl][/scalar]", "torch",
     "whose random numbers: which release and build of PyTorch"},
    {"data", read_data, "a map", NULL, "images and how they are loaded; its keys are below"},
    {"model", read_model, "a list of layers, or one call such as resnet18(num_classes=10)", NULL, "the network"},
    {"init", read_init, "default, xavier_normal_, xavier_uniform_, kaiming_normal_ or kaiming_uniform_", "default",
     "how parameters of two or more dimensions begin"},
    {"weights", read_weights, "the path of a safetensors file", "none", "what the model starts from instead of initial values"},
    {"loss", read_loss, "CrossEntropyLoss(...)", "CrossEntropyLoss()", "what is made small"},
    {"optimizer", read_optimizer, "SGD(...), Adam(...) or AdamW(...)", NULL, "how parameters change"},
    {"epochs", read_epochs, "a whole number from 1", NULL, "how often all training images are seen"},
    {"checkpoint", read_checkpoint, "a whole number", "0", "steps between checkpoints; 0: at the end of each epoch"},
    {"digest_every", read_digest_every, "a whole number", "0",
     "steps between digests of the whole state in the ledger; 0: each, or every few where a digest costs more than about 1 % of "
     "a step"},
    {"micro_batch", read_micro_batch, "a whole number from 1", "the batch",
     "compute a batch in blocks of so many samples, at most, for less memory; the same digest"},
};
const size_t iso_recipe_key_count = ISO_COUNTOF(iso_recipe_keys);

/* ---- The whole ---- */

/* One "key=value" of --set; the value is YAML. */
static iso_status apply_set(iso_context *ctx, iso_yaml *root, const char *set) {
    const char *equals = strchr(set, '=');
    if (!equals || equals == set)
        return iso_fail(ctx, ISO_EINVAL, "--set '%s': expected key=value", set);
    char *path = iso_strndup(ctx, set, (size_t)(equals - set));
    iso_yaml *value = NULL;
    iso_status status = path ? iso_yaml_parse(ctx, "--set", (const uint8_t *)equals + 1, strlen(equals + 1), &value) : ISO_ENOMEM;
    if (!status) {
        value->line = 0;
        for (size_t i = 0; i < value->count; i++)
            value->items[i]->line = 0;
        status = iso_yaml_set(ctx, root, path, value);
    }
    iso_free(ctx, path);
    return status;
}

static void free_list(iso_context *ctx, iso_located_list *list) {
    for (size_t i = 0; i < list->count; i++)
        iso_expr_free(ctx, list->items[i].expr);
    iso_free(ctx, list->items);
}

void iso_recipe_free(iso_recipe *recipe) {
    if (!recipe)
        return;
    iso_context *ctx = recipe->ctx;
    iso_free(ctx, recipe->name);
    iso_free(ctx, recipe->directory);
    iso_expr_free(ctx, recipe->train.expr);
    iso_expr_free(ctx, recipe->test.expr);
    iso_free(ctx, recipe->train.path);
    iso_free(ctx, recipe->test.path);
    free_list(ctx, &recipe->transforms);
    free_list(ctx, &recipe->test_transforms);
    free_list(ctx, &recipe->model);
    iso_expr_free(ctx, recipe->loader.expr);
    iso_expr_free(ctx, recipe->split.located.expr);
    iso_free(ctx, recipe->sampler_memory);
    iso_free(ctx, recipe->init);
    iso_free(ctx, recipe->weights.path);
    iso_expr_free(ctx, recipe->optimizer.expr);
    iso_free(ctx, recipe->normalised);
    iso_free(ctx, recipe->experiment);
    iso_free(ctx, recipe);
}

iso_status iso_recipe_parse(iso_context *ctx, const char *name, const char *directory, const uint8_t *data, size_t size,
                            const char *const *sets, size_t set_count, iso_recipe **out) {
    *out = NULL;
    iso_yaml *root = NULL;
    iso_status status = iso_yaml_parse(ctx, name, data, size, &root);
    for (size_t i = 0; i < set_count && !status; i++)
        status = apply_set(ctx, root, sets[i]);
    iso_recipe *recipe = status ? NULL : iso_calloc(ctx, 1, sizeof *recipe);
    if (!status && !recipe)
        status = ISO_ENOMEM;
    if (!status) {
        recipe->ctx = ctx;
        recipe->name = iso_strdup(ctx, name);
        recipe->directory = iso_strdup(ctx, directory);
        status = recipe->name && recipe->directory ? ISO_OK : ISO_ENOMEM;
    }
    if (!status)
        status = read_keys(recipe, root, "", iso_recipe_keys, iso_recipe_key_count);
    if (!status)
        status = iso_recipe_write(recipe);
    iso_yaml_free(ctx, root);
    if (status) {
        iso_recipe_free(recipe);
        return status;
    }
    *out = recipe;
    return ISO_OK;
}

iso_status iso_recipe_load(iso_context *ctx, const char *path, const char *const *sets, size_t set_count, iso_recipe **recipe) {
    uint8_t *data;
    size_t size;
    *recipe = NULL;
    iso_status status = iso_file_read(ctx, path, MAX_RECIPE, &data, &size);
    if (status)
        return status;
    char *directory = iso_path_directory(ctx, path);
    status = directory ? iso_recipe_parse(ctx, path, directory, data, size, sets, set_count, recipe) : ISO_ENOMEM;
    iso_free(ctx, directory);
    iso_free(ctx, data);
    return status;
}
