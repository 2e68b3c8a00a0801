/* Compose and RandomApply: transforms that hold others. The first argument is the list; it is drawn and applied by chain.c. */
#include "image/transforms.h"

static const iso_param compose_params[] = {{"transforms", ISO_ARG_ANY, NULL, 0, 0, false}};
static const iso_signature compose_signature = {"Compose", compose_params, ISO_COUNTOF(compose_params)};
const iso_transform_class iso_compose_class = {.signature = &compose_signature, .stage = ISO_GROUP};

/* ---- RandomApply: not if p < torch.rand(1) ---- */

static iso_status configure_apply(iso_context *ctx, iso_transform *t, const iso_arg *a) {
    (void)ctx;
    t->p = a[1].f[0];
    return ISO_OK;
}

static iso_image_size draw_apply(const iso_transform *t, iso_torch_generator *g, iso_image_size in, iso_draw *draw) {
    draw->apply = !((float)t->p < iso_draw_uniform(g, 0, 1));
    return in;
}

static const iso_param apply_params[] = {{"transforms", ISO_ARG_ANY, NULL, 0, 0, false},
                                         {"p", ISO_ARG_FLOAT, "0.5", 0, 1, false}};
static const iso_signature apply_signature = {"RandomApply", apply_params, ISO_COUNTOF(apply_params)};
const iso_transform_class iso_random_apply_class = {
    .signature = &apply_signature, .stage = ISO_GROUP, .random = true, .configure = configure_apply, .draw = draw_apply};
