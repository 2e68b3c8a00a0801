#include <stdio.h>
#include <string.h>

#include "nn/module.h"

/* Puts "prefix." in front of the paths of a module and all below it. */
static iso_status set_prefix(iso_module *module, const char *prefix) {
    iso_context *ctx = module->ctx;
    char *path = module->path[0] ? iso_sprintf(ctx, "%s.%s", prefix, module->path) : iso_strdup(ctx, prefix);
    if (!path)
        return ISO_ENOMEM;
    iso_free(ctx, module->path);
    module->path = path;
    for (size_t i = 0; i < module->entry_count; i++) {
        iso_entry *entry = &module->entries[i];
        if (!(path = iso_sprintf(ctx, "%s.%s", prefix, entry->path)))
            return ISO_ENOMEM;
        iso_free(ctx, entry->path);
        entry->path = path;
    }
    for (size_t i = 0; i < module->child_count; i++)
        if (set_prefix(module->children[i], prefix))
            return ISO_ENOMEM;
    return ISO_OK;
}

iso_module *iso_container(iso_context *ctx, const iso_module_class *class_, size_t count, const char *const *names,
                          iso_module *const *modules) {
    bool complete = true;
    for (size_t i = 0; i < count; i++)
        complete = complete && modules[i];
    iso_module *module = complete ? iso_module_new(ctx, class_) : NULL;
    iso_module **children = module ? iso_alloc_array(ctx, count, sizeof(iso_module *)) : NULL;
    if (!children) {
        for (size_t i = 0; i < count; i++)
            iso_module_free(modules[i]);
        iso_module_free(module);
        return NULL;
    }
    if (count)
        memcpy(children, modules, count * sizeof(iso_module *));
    module->children = children;
    module->child_count = count;
    for (size_t i = 0; i < count; i++) {
        char number[24];
        snprintf(number, sizeof number, "%zu", i);
        if (set_prefix(children[i], names ? names[i] : number)) {
            iso_module_free(module);
            return NULL;
        }
    }
    return module;
}

iso_module *iso_sequential_with(iso_context *ctx, size_t count, iso_module *const *modules) {
    return iso_container(ctx, &iso_sequential_class, count, NULL, modules);
}

iso_value_id iso_sequential_lower(iso_module *module, iso_graph *graph, iso_value_id x) {
    for (size_t i = 0; i < module->child_count; i++)
        x = iso_module_lower(module->children[i], graph, x);
    return x;
}

/* The recipe's parser builds the children itself (recipe_model.c), so nothing is bound here. */
static const iso_signature signature = {"Sequential", NULL, 0};
const iso_module_class iso_sequential_class = {&signature, sizeof(iso_module), NULL, iso_sequential_lower, NULL};
