#include "run/catalogue.h"

#include <string.h>

#include "image/transforms.h"
#include "nn/module.h"
#include "nn/optimizer.h"
#include "recipe/loader.h"
#include "run/trainer.h"

static size_t layer_count(void) {
    return iso_module_class_count;
}
static const iso_signature *layer(size_t i) {
    return iso_module_classes[i]->signature;
}
static size_t transform_count(void) {
    return iso_transform_class_count;
}
static const iso_signature *transform(size_t i) {
    return iso_transform_classes[i]->signature;
}
static size_t optimizer_count(void) {
    return iso_optimizer_signature_count;
}
static const iso_signature *optimizer(size_t i) {
    return &iso_optimizer_signatures[i];
}
static size_t loss_count(void) {
    return iso_loss_signature_count;
}
static const iso_signature *loss(size_t i) {
    return &iso_loss_signatures[i];
}
static size_t data_set_count(void) {
    return iso_data_set_signature_count;
}
static const iso_signature *data_set(size_t i) {
    return &iso_data_set_signatures[i];
}
static size_t loading_count(void) {
    return 2;
}
static const iso_signature *loading(size_t i) {
    return i == 0 ? &iso_loader_signature : &iso_split_signature;
}
static size_t sampler_count(void) {
    return iso_sampler_signature_count;
}
static const iso_signature *sampler(size_t i) {
    return &iso_sampler_signatures[i];
}

const iso_call_group iso_call_groups[] = {
    {"layers", "layer", "model", layer_count, layer},
    {"losses", "loss", "loss", loss_count, loss},
    {"optimizers", "optimizer", "optimizer", optimizer_count, optimizer},
    {"transforms", "transform", "data.transforms", transform_count, transform},
    {"datasets", "data set", "data.train, data.test", data_set_count, data_set},
    {"loading", "loader", "data.loader, data.split", loading_count, loading},
    {"samplers", "sampler", "DataLoader's sampler", sampler_count, sampler},
};
const size_t iso_call_group_count = ISO_COUNTOF(iso_call_groups);

const iso_signature *iso_find_call(const char *name, const iso_call_group **group) {
    for (size_t g = 0; g < iso_call_group_count; g++)
        for (size_t i = 0; i < iso_call_groups[g].count(); i++) {
            const iso_signature *signature = iso_call_groups[g].signature(i);
            if (strcmp(signature->name, iso_last_name(name)) == 0) {
                *group = &iso_call_groups[g];
                return signature;
            }
        }
    return NULL;
}
