#include "nn/module.h"

#include <stdio.h>
#include <string.h>

#include "nn/plan.h"
#include "isobit/random/init.h"

iso_torch_generator *iso_generator(iso_context *ctx) {
    return &ctx->generator;
}

iso_module *iso_module_new(iso_context *ctx, const iso_module_class *class_) {
    iso_module *module = iso_calloc(ctx, 1, class_->size);
    if (!module)
        return NULL;
    module->ctx = ctx;
    module->class_ = class_;
    module->training = true;
    module->path = iso_strdup(ctx, "");
    if (!module->path) {
        iso_module_free(module);
        return NULL;
    }
    return module;
}

void iso_module_free(iso_module *module) {
    if (!module)
        return;
    iso_context *ctx = module->ctx;
    iso_plans_free(ctx, module->plans);
    for (size_t i = 0; i < module->child_count; i++)
        iso_module_free(module->children[i]);
    iso_free(ctx, module->children);
    for (size_t i = 0; i < module->entry_count; i++) {
        iso_entry *entry = &module->entries[i];
        iso_free(ctx, entry->name);
        iso_free(ctx, entry->path);
        iso_tensor_free(ctx, entry->tensor);
        iso_tensor_free(ctx, entry->grad);
    }
    iso_free(ctx, module->path);
    iso_free(ctx, module);
}

iso_tensor *iso_module_add(iso_module *module, const char *name, bool parameter, iso_dtype dtype, int dims,
                           const int64_t *shape) {
    iso_context *ctx = module->ctx;
    iso_entry *entry = &module->entries[module->entry_count++];
    entry->name = iso_strdup(ctx, name);
    entry->path = iso_strdup(ctx, name);
    entry->tensor = iso_tensor_new(ctx, dtype, dims, shape);
    if (parameter)
        entry->grad = iso_tensor_new(ctx, dtype, dims, shape);
    return entry->name && entry->path && (entry->grad || !parameter) ? entry->tensor : NULL;
}

static const iso_entry *find_entry(const iso_module *module, const char *name) {
    for (size_t i = 0; i < module->entry_count; i++)
        if (strcmp(module->entries[i].name, name) == 0)
            return &module->entries[i];
    return NULL;
}

iso_tensor *iso_module_tensor(const iso_module *module, const char *name) {
    const iso_entry *entry = find_entry(module, name);
    return entry ? entry->tensor : NULL;
}

void iso_module_fill(iso_module *module, const char *name, float value) {
    iso_tensor *tensor = iso_module_tensor(module, name);
    for (int64_t i = 0; tensor && i < tensor->numel; i++)
        iso_tensor_f32(tensor)[i] = value;
}

iso_value_id iso_module_value(iso_module *module, iso_graph *graph, const char *name) {
    const iso_entry *entry = find_entry(module, name);
    return entry ? iso_graph_bound(graph, entry->tensor, graph->training ? entry->grad : NULL) : ISO_NO_VALUE;
}

const char *iso_shape_text(int dims, const int64_t *shape, char buffer[96]) {
    size_t used = (size_t)snprintf(buffer, 96, "(");
    for (int i = 0; i < dims && used < 80; i++)
        used += (size_t)snprintf(buffer + used, 96 - used, i ? ", %lld" : "%lld", (long long)shape[i]);
    snprintf(buffer + used, 96 - used, ")");
    return buffer;
}

iso_value_id iso_module_bad_input(iso_module *module, iso_graph *graph, iso_value_id x, const char *expected) {
    char shape[96];
    if (!graph->status)
        iso_graph_fail(graph, "layer %s (%s) expects an input of shape %s, but gets %s", module->path,
                       module->class_->signature->name, expected,
                       iso_shape_text(graph->values[x].dims, graph->values[x].shape, shape));
    return ISO_NO_VALUE;
}

void iso_pair_defaults(int64_t pair[2], int64_t fallback) {
    if (pair[0] == 0)
        pair[0] = fallback;
    if (pair[1] == 0)
        pair[1] = pair[0];
    else if (pair[1] == -1)
        pair[1] = 0;
}

iso_value_id iso_module_lower(iso_module *module, iso_graph *graph, iso_value_id x) {
    if (graph->status)
        return ISO_NO_VALUE;
    const char *outer = graph->module;
    graph->module = module->path;
    iso_value_id y = module->class_->lower(module, graph, x);
    graph->module = outer;
    return y;
}

iso_status iso_module_reset_parameters(iso_module *module, iso_torch_generator *generator) {
    iso_status status = iso_check_floats(module->ctx);
    if (status)
        return status;
    if (module->class_->reset)
        module->class_->reset(module, generator);
    else
        for (size_t i = 0; i < module->child_count; i++)
            iso_module_reset_parameters(module->children[i], generator);
    module->ready = true;
    return ISO_OK;
}

iso_status iso_module_init(iso_module *module, const char *function, iso_torch_generator *generator) {
    iso_status status = iso_check_floats(module->ctx);
    if (status)
        return status;
    size_t count = iso_module_state_count(module);
    for (size_t i = 0; i < count; i++) {
        iso_named_tensor entry = iso_module_state(module, i);
        if (!entry.grad || entry.tensor->dims < 2)
            continue;
        if (!iso_init_named(function, generator, iso_tensor_f32(entry.tensor), entry.tensor->dims, entry.tensor->shape))
            return iso_fail(module->ctx, ISO_EINVAL,
                            "init '%s' is unknown; expected xavier_normal_, xavier_uniform_, kaiming_normal_ or "
                            "kaiming_uniform_",
                            function);
    }
    return ISO_OK;
}

void iso_module_train(iso_module *module, bool training) {
    module->training = training;
    for (size_t i = 0; i < module->child_count; i++)
        iso_module_train(module->children[i], training);
}

iso_status iso_module_set_micro_batch(iso_module *module, int64_t samples) {
    if (samples < 0)
        return iso_fail(module->ctx, ISO_EINVAL, "micro_batch is %lld, expected 1 or more, or 0 for the whole batch",
                        (long long)samples);
    if (samples != module->micro_batch) { /* plans for the former one would keep their memory */
        iso_plans_free(module->ctx, module->plans);
        module->plans = NULL;
    }
    module->micro_batch = samples;
    return ISO_OK;
}

size_t iso_module_state_count(const iso_module *module) {
    size_t count = module->entry_count;
    for (size_t i = 0; i < module->child_count; i++)
        count += iso_module_state_count(module->children[i]);
    return count;
}

iso_named_tensor iso_module_state(const iso_module *module, size_t index) {
    if (index < module->entry_count) {
        const iso_entry *entry = &module->entries[index];
        return (iso_named_tensor){entry->path, entry->tensor, entry->grad};
    }
    index -= module->entry_count;
    for (size_t i = 0; i < module->child_count; i++) {
        size_t count = iso_module_state_count(module->children[i]);
        if (index < count)
            return iso_module_state(module->children[i], index);
        index -= count;
    }
    return (iso_named_tensor){"", NULL, NULL};
}

iso_named_tensor iso_module_find(const iso_module *module, const char *name) {
    size_t count = iso_module_state_count(module);
    for (size_t i = 0; i < count; i++) {
        iso_named_tensor entry = iso_module_state(module, i);
        if (strcmp(entry.name, name) == 0)
            return entry;
    }
    return (iso_named_tensor){name, NULL, NULL};
}

const iso_module_class *const iso_module_classes[] = {
    &iso_adaptive_avg_pool2d_class, &iso_avg_pool2d_class, &iso_basic_block_class, &iso_batch_norm1d_class,
    &iso_batch_norm2d_class,        &iso_conv2d_class,     &iso_dropout_class,     &iso_flatten_class,
    &iso_group_norm_class,          &iso_linear_class,     &iso_max_pool2d_class,  &iso_relu_class,
    &iso_sequential_class,          &iso_resnet18_class,
};
const size_t iso_module_class_count = ISO_COUNTOF(iso_module_classes);
