/* Compose, RandomApply and RandomChoice: transforms that hold others. The first argument is the list; it is drawn and applied by
 * chain.c. */
#include "image/transforms.h"

static const iso_param compose_params[] = {{"transforms", ISO_ARG_ANY, NULL, 0, 0, false, "a list of transforms"}};
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

static const iso_param apply_params[] = {{"transforms", ISO_ARG_ANY, NULL, 0, 0, false, "a list of transforms"},
                                         {"p", ISO_ARG_FLOAT, "0.5", 0, 1, false}};
static const iso_signature apply_signature = {"RandomApply", apply_params, ISO_COUNTOF(apply_params)};
const iso_transform_class iso_random_apply_class = {
    .signature = &apply_signature, .stage = ISO_GROUP, .random = true, .configure = configure_apply, .draw = draw_apply};

/* ---- RandomChoice: one number of Python's random ---- */

static iso_status configure_choice(iso_context *ctx, iso_transform *t, const iso_arg *a) {
    const iso_arg *p = &a[1];
    bool ok = p->is_none || iso_is_sequence(p->expr);
    t->weight_count = p->is_none ? 0 : p->count;
    for (size_t i = 0; i < t->weight_count; i++)
        ok = ok && p->f[i] >= 0 && p->f[i] <= 1e300;
    if (t->weight_count)
        iso_py_accumulate(t->weights, p->f, t->weight_count);
    if (!ok || (t->weight_count && !(t->weights[t->weight_count - 1] > 0)))
        return iso_fail(ctx, ISO_EINVAL, "RandomChoice: p must be a list of weights of 0 or more, not all 0, one per transform");
    return ISO_OK;
}

static const iso_param choice_params[] = {{"transforms", ISO_ARG_ANY, NULL, 0, 0, false, "a list of transforms"},
                                          {"p", ISO_ARG_FLOATS, "None", 0, 0, false}};
static const iso_signature choice_signature = {"RandomChoice", choice_params, ISO_COUNTOF(choice_params)};
const iso_transform_class iso_random_choice_class = {
    .signature = &choice_signature, .stage = ISO_GROUP, .random = true, .configure = configure_choice};
