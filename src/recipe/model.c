/* From the recipe's calls to modules and an optimiser. */
#include <string.h>

#include "core/text.h"
#include "nn/module.h"
#include "nn/optimizer.h"
#include "recipe/recipe.h"

static iso_module *build_layer(const iso_recipe *recipe, const iso_located *located, const iso_expr *e);

/* Sequential(layer, layer, ...) */
static iso_module *build_sequential(const iso_recipe *recipe, const iso_located *located, iso_expr *const *items, size_t count) {
    iso_module **modules = iso_alloc_array(recipe->ctx, count, sizeof(iso_module *));
    size_t built = 0;
    while (modules && built < count && (modules[built] = build_layer(recipe, located, items[built])))
        built++;
    iso_module *sequential = modules && built == count ? iso_sequential_with(recipe->ctx, count, modules) : NULL;
    if (built < count)
        while (built > 0)
            iso_module_free(modules[--built]);
    iso_free(recipe->ctx, modules);
    return sequential;
}

static iso_module *fail_at(const iso_recipe *recipe, const iso_located *located, int column) {
    iso_recipe_fail_at(recipe, located, column, iso_failure(recipe->ctx));
    return NULL;
}

static iso_module *build_layer(const iso_recipe *recipe, const iso_located *located, const iso_expr *e) {
    iso_context *ctx = recipe->ctx;
    const char *names[32];
    if (e->kind != ISO_EXPR_CALL && e->kind != ISO_EXPR_NAME) {
        iso_fail(ctx, ISO_EINVAL, "expected a layer, such as Conv2d(3, 16, kernel_size=3)");
        return fail_at(recipe, located, e->column);
    }
    const char *name = iso_last_name(e->text);
    if (strcmp(name, "Sequential") == 0)
        return build_sequential(recipe, located, e->items, e->kind == ISO_EXPR_CALL ? e->count : 0);
    for (size_t i = 0; i < iso_module_class_count; i++) {
        const iso_module_class *class_ = iso_module_classes[i];
        names[i] = class_->signature->name;
        if (strcmp(names[i], name) != 0)
            continue;
        iso_arg args[ISO_MAX_PARAMS];
        int column = 0;
        if (iso_bind(ctx, class_->signature, e, args, &column))
            return fail_at(recipe, located, column);
        iso_module *module = class_->from_args(ctx, args);
        return module ? module : fail_at(recipe, located, e->column);
    }
    const char *nearest = iso_nearest(name, names, iso_module_class_count);
    iso_fail(ctx, ISO_EINVAL,
             nearest ? "unknown layer '%s'; did you mean '%s'?" : "unknown layer '%s'; isobit help recipe lists what there is",
             name, nearest);
    return fail_at(recipe, located, e->column);
}

iso_status iso_recipe_build_model(const iso_recipe *recipe, iso_module **out) {
    iso_context *ctx = recipe->ctx;
    size_t count = recipe->model.count, built = 0;
    if (recipe->model_is_call) {
        *out = build_layer(recipe, &recipe->model.items[0], recipe->model.items[0].expr);
        return *out ? ISO_OK : iso_failure(ctx);
    }
    iso_module **modules = iso_alloc_array(ctx, count, sizeof(iso_module *));
    *out = NULL;
    if (!modules)
        return ISO_ENOMEM;
    while (built < count && (modules[built] = build_layer(recipe, &recipe->model.items[built], recipe->model.items[built].expr)))
        built++;
    if (built == count)
        *out = iso_sequential_with(ctx, count, modules);
    else
        while (built > 0)
            iso_module_free(modules[--built]);
    iso_free(ctx, modules);
    return *out ? ISO_OK : iso_failure(ctx);
}

iso_status iso_recipe_build_optimizer(const iso_recipe *recipe, iso_module *model, iso_optimizer **out) {
    iso_context *ctx = recipe->ctx;
    const iso_located *located = &recipe->optimizer;
    const iso_expr *e = located->expr;
    const char *names[8], *name = e->kind == ISO_EXPR_CALL || e->kind == ISO_EXPR_NAME ? iso_last_name(e->text) : "";
    *out = NULL;
    for (size_t i = 0; i < iso_optimizer_signature_count; i++) {
        names[i] = iso_optimizer_signatures[i].name;
        if (strcmp(names[i], name) != 0)
            continue;
        iso_arg args[ISO_MAX_PARAMS];
        int column = 0;
        iso_status status = iso_bind(ctx, &iso_optimizer_signatures[i], e, args, &column);
        if (!status && !(*out = iso_optimizer_from_args(model, i, args)))
            status = iso_failure(ctx);
        return status ? iso_recipe_fail_at(recipe, located, column, status) : ISO_OK;
    }
    const char *nearest = iso_nearest(name, names, iso_optimizer_signature_count);
    iso_fail(ctx, ISO_EINVAL, "unknown optimizer '%s'; %s%s%s", name, nearest ? "did you mean '" : "expected SGD, Adam or AdamW",
             nearest ? nearest : "", nearest ? "'?" : "");
    return iso_recipe_fail_at(recipe, located, e->column, ISO_EINVAL);
}
