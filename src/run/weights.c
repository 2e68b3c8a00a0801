#include "run/weights.h"

#include <stdio.h>
#include <string.h>

#include "isobit/run.h"
#include "nn/module.h"

/* A tensor as messages name it: "F32 (64, 3, 7, 7)". */
static const char *kind_text(const iso_tensor *tensor, char buffer[112]) {
    char shape[96];
    snprintf(buffer, 112, "%s %s", iso_dtype_name(tensor->dtype), iso_shape_text(tensor->dims, tensor->shape, shape));
    return buffer;
}

static bool same_kind(const iso_tensor *a, const iso_tensor *b) {
    return a->dtype == b->dtype && a->dims == b->dims && memcmp(a->shape, b->shape, sizeof *a->shape * (size_t)a->dims) == 0;
}

static bool is_of_checkpoint(const char *name) {
    return strncmp(name, "optimizer/", 10) == 0 || strncmp(name, "isobit/", 7) == 0;
}

/* The first tensor of the file that the model has not; NULL if there is none. */
static const char *first_extra(const iso_module *module, const iso_safetensors *file) {
    for (size_t i = 0; i < file->count; i++)
        if (!is_of_checkpoint(file->names[i]) && !iso_module_find(module, file->names[i]).tensor)
            return file->names[i];
    return NULL;
}

iso_status iso_weights_check(const iso_module *module, const iso_safetensors *file, const char *path) {
    size_t count = iso_module_state_count(module);
    char expected[112], got[112];
    const char *extra = first_extra(module, file);
    for (size_t i = 0; i < count; i++) {
        iso_named_tensor to = iso_module_state(module, i);
        const iso_tensor *from = iso_safetensors_find(file, to.name);
        if (!from)
            return iso_fail(module->ctx, ISO_EINVAL, "%s: tensor '%s' is missing, expected %s%s%.200s%s", path, to.name,
                            kind_text(to.tensor, expected), extra ? "; the file has '" : "", extra ? extra : "",
                            extra ? "', which the model has not" : "");
        if (!same_kind(from, to.tensor))
            return iso_fail(module->ctx, ISO_EINVAL, "%s: tensor '%s' is %s, but the model's is %s", path, to.name,
                            kind_text(from, got), kind_text(to.tensor, expected));
    }
    return extra ? iso_fail(module->ctx, ISO_EINVAL, "%s: the model has no tensor '%.200s'", path, extra) : ISO_OK;
}

void iso_weights_take(iso_module *module, const iso_safetensors *file) {
    size_t count = iso_module_state_count(module);
    for (size_t i = 0; i < count; i++) {
        iso_named_tensor to = iso_module_state(module, i);
        memcpy(to.tensor->data, iso_safetensors_find(file, to.name)->data, iso_tensor_bytes(to.tensor));
    }
    module->ready = true;
}

iso_status iso_module_load_weights(iso_module *module, const char *path) {
    iso_safetensors *file;
    iso_status status = iso_safetensors_read(module->ctx, path, &file);
    if (!status && !(status = iso_weights_check(module, file, path)))
        iso_weights_take(module, file);
    iso_safetensors_free(file);
    return status;
}
