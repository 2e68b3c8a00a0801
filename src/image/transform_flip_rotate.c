/* RandomHorizontalFlip, RandomVerticalFlip, RandomRotation. */
#include "image/transforms.h"

/* ---- Flips: torch.rand(1) < p ---- */

static bool apply_horizontal(const iso_transform *t, const iso_draw *draw, iso_image_scratch *s, iso_image *in, iso_image *out,
                             bool *moved, iso_worker_error *error) {
    (void)t, (void)out, (void)moved, (void)error;
    if (draw->apply)
        iso_image_flip_horizontal(in, s->ctx->isa, &draw->wanted);
    return true;
}

static iso_box horizontal_source(const iso_transform *t, const iso_draw *draw) {
    (void)t;
    iso_box b = draw->wanted;
    return draw->apply ? (iso_box){draw->in.w - b.x1, b.y0, draw->in.w - b.x0, b.y1} : b;
}

static iso_box vertical_source(const iso_transform *t, const iso_draw *draw) {
    (void)t;
    iso_box b = draw->wanted;
    return draw->apply ? (iso_box){b.x0, draw->in.h - b.y1, b.x1, draw->in.h - b.y0} : b;
}

static bool apply_vertical(const iso_transform *t, const iso_draw *draw, iso_image_scratch *s, iso_image *in, iso_image *out,
                           bool *moved, iso_worker_error *error) {
    (void)t, (void)s, (void)out, (void)moved, (void)error;
    if (draw->apply)
        iso_image_flip_vertical(in);
    return true;
}

static const iso_param flip_params[] = {{"p", ISO_ARG_FLOAT, "0.5", 0, 1, false}};
static const iso_signature horizontal_signature = {"RandomHorizontalFlip", flip_params, ISO_COUNTOF(flip_params)};
static const iso_signature vertical_signature = {"RandomVerticalFlip", flip_params, ISO_COUNTOF(flip_params)};
const iso_transform_class iso_random_horizontal_flip_class = {.signature = &horizontal_signature,
                                                              .stage = ISO_ON_IMAGE,
                                                              .random = true,
                                                              .configure = iso_configure_chance,
                                                              .draw = iso_draw_chance,
                                                              .source = horizontal_source,
                                                              .apply = apply_horizontal};
const iso_transform_class iso_random_vertical_flip_class = {.signature = &vertical_signature,
                                                            .stage = ISO_ON_IMAGE,
                                                            .random = true,
                                                            .configure = iso_configure_chance,
                                                            .draw = iso_draw_chance,
                                                            .source = vertical_source,
                                                            .apply = apply_vertical};

/* ---- RandomRotation: one float32 uniform over the degrees ---- */

static iso_status configure_rotation(iso_context *ctx, iso_transform *t, const iso_arg *a) {
    bool pair = iso_is_sequence(a[0].expr);
    t->degrees[0] = pair ? a[0].f[0] : -a[0].f[0];
    t->degrees[1] = a[0].f[pair ? 1 : 0];
    t->filter = ISO_NEAREST;
    t->expand = a[2].i[0];
    if (t->degrees[0] > t->degrees[1])
        return iso_fail(ctx, ISO_EINVAL, "RandomRotation: degrees must be a number of 0 or more, or a pair in ascending order");
    iso_status status = iso_read_center(ctx, &a[3], "RandomRotation", t);
    if (!status)
        status = iso_read_fill(ctx, &a[4], "RandomRotation", t);
    return status ? status : iso_read_interpolation(ctx, &a[1], "RandomRotation", &t->filter);
}

static iso_rotation rotation_of(const iso_transform *t, double angle) {
    return (iso_rotation){angle, t->filter, t->expand, t->has_center ? t->center : NULL, t->fill};
}

static iso_image_size draw_rotation(const iso_transform *t, iso_torch_generator *g, iso_image_size in, iso_draw *draw) {
    draw->angle = iso_draw_uniform(g, t->degrees[0], t->degrees[1]);
    iso_rotation rotation = rotation_of(t, draw->angle);
    if (t->expand)
        iso_image_rotated_size(in.w, in.h, &rotation, &in.w, &in.h);
    return in;
}

static bool apply_rotation(const iso_transform *t, const iso_draw *draw, iso_image_scratch *s, iso_image *in, iso_image *out,
                           bool *moved, iso_worker_error *error) {
    iso_rotation rotation = rotation_of(t, draw->angle);
    *moved = true;
    return iso_image_rotate(s->ctx, in, &rotation, &draw->wanted, out, error);
}

static iso_box rotation_source(const iso_transform *t, const iso_draw *draw) {
    iso_rotation rotation = rotation_of(t, draw->angle);
    return iso_image_rotate_source(draw->in.w, draw->in.h, &rotation, &draw->wanted);
}

static const iso_param rotation_params[] = {
    {"degrees", ISO_ARG_FLOAT2, NULL, -1e6, 1e6, false},
    {"interpolation", ISO_ARG_ANY, "None", 0, 0, false, "'nearest', 'bilinear', 'bicubic', or InterpolationMode.BILINEAR, ..."},
    {"expand", ISO_ARG_BOOL, "False", 0, 0, false},
    {"center", ISO_ARG_FLOAT2, "None", -1e6, 1e6, false},
    {"fill", ISO_ARG_FLOATS, "0", 0, 0, true},
};
static const iso_signature rotation_signature = {"RandomRotation", rotation_params, ISO_COUNTOF(rotation_params)};
const iso_transform_class iso_random_rotation_class = {.signature = &rotation_signature,
                                                       .stage = ISO_ON_IMAGE,
                                                       .random = true,
                                                       .configure = configure_rotation,
                                                       .draw = draw_rotation,
                                                       .source = rotation_source,
                                                       .apply = apply_rotation};
