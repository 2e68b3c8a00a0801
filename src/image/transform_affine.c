/* RandomAffine. */
#include <math.h>

#include "image/transforms.h"

#define PI 3.14159265358979323846

static double radians(double degrees) {
    return degrees * (PI / 180.0);
}

/* Products and quotients one by one, as torchvision's Python computes them; sin, cos and tan are the C library's. */
iso_affine iso_affine_map(int64_t w, int64_t h, const double *center, const iso_affine_parameters *p) {
    double rot = radians(p->angle), sx = radians(p->shear[0]), sy = radians(p->shear[1]);
    double cx = center ? center[0] : (double)w * 0.5, cy = center ? center[1] : (double)h * 0.5;
    double tx = (double)p->translate[0], ty = (double)p->translate[1];
    double a = cos(rot - sy) / cos(sy), b = -cos(rot - sy) * tan(sx) / cos(sy) - sin(rot);
    double c = sin(rot - sy) / cos(sy), d = -sin(rot - sy) * tan(sx) / cos(sy) + cos(rot);
    iso_affine m = {.a = d / p->scale, .b = -b / p->scale, .d = -c / p->scale, .e = a / p->scale, .w = w, .h = h};
    m.c = m.a * (-cx - tx) + m.b * (-cy - ty) + cx;
    m.f = m.d * (-cx - tx) + m.e * (-cy - ty) + cy;
    return m;
}

/* A number stands for the range on both sides of 0. False if the numbers are too many or too few. */
static bool read_angles(const iso_arg *arg, size_t most, double *out) {
    bool list = iso_is_sequence(arg->expr);
    for (size_t i = 0; i < (list ? arg->count : 2) && i < most; i++)
        out[i] = list ? arg->f[i] : i ? arg->f[0] : -arg->f[0];
    return list ? arg->count == 2 || arg->count == most : arg->f[0] >= 0;
}

static iso_status configure_affine(iso_context *ctx, iso_transform *t, const iso_arg *a) {
    const iso_arg *translate = &a[1], *scale = &a[2], *shear = &a[3];
    t->has_translate = !translate->is_none;
    t->has_scale = !scale->is_none;
    t->shear_count = shear->is_none ? 0 : iso_is_sequence(shear->expr) ? (int)shear->count : 2;
    for (int i = 0; i < 2; i++) {
        t->translate[i] = translate->f[i];
        t->scale[i] = scale->f[i];
    }
    if (!read_angles(&a[0], 2, t->degrees) || t->degrees[0] > t->degrees[1])
        return iso_fail(ctx, ISO_EINVAL, "RandomAffine: degrees must be a number of 0 or more, or a pair in ascending order");
    if (t->has_translate && !iso_is_sequence(translate->expr))
        return iso_fail(ctx, ISO_EINVAL, "RandomAffine: translate must be a pair of numbers between 0 and 1");
    if (t->has_scale && (!iso_is_sequence(scale->expr) || !(t->scale[0] > 0 && t->scale[0] <= t->scale[1])))
        return iso_fail(ctx, ISO_EINVAL, "RandomAffine: scale must be a pair of positive numbers in ascending order");
    if (t->shear_count && (!read_angles(shear, 4, t->shear) || t->shear[0] > t->shear[1] || t->shear[2] > t->shear[3]))
        return iso_fail(
            ctx, ISO_EINVAL,
            "RandomAffine: shear must be a number of 0 or more, or two or four numbers, each pair in ascending order");
    iso_status status = iso_read_interpolation(ctx, &a[4], "RandomAffine", &t->filter);
    if (!status)
        status = iso_read_fill(ctx, &a[5], "RandomAffine", t);
    return status ? status : iso_read_center(ctx, &a[6], "RandomAffine", t);
}

/* Angle, x and y of the translation, scale, x and y of the shear; those that are asked for. */
static iso_image_size draw_affine(const iso_transform *t, iso_torch_generator *g, iso_image_size in, iso_draw *draw) {
    draw->angle = iso_draw_uniform(g, t->degrees[0], t->degrees[1]);
    double dx = t->translate[0] * (double)in.w, dy = t->translate[1] * (double)in.h;
    draw->left = t->has_translate ? (int64_t)nearbyint(iso_draw_uniform(g, -dx, dx)) : 0;
    draw->top = t->has_translate ? (int64_t)nearbyint(iso_draw_uniform(g, -dy, dy)) : 0;
    draw->scale = t->has_scale ? iso_draw_uniform(g, t->scale[0], t->scale[1]) : 1.0;
    draw->shear[0] = t->shear_count ? iso_draw_uniform(g, t->shear[0], t->shear[1]) : 0.0;
    draw->shear[1] = t->shear_count == 4 ? iso_draw_uniform(g, t->shear[2], t->shear[3]) : 0.0;
    return in;
}

static bool apply_affine(const iso_transform *t, const iso_draw *draw, iso_image_scratch *s, iso_image *in, iso_image *out,
                         bool *moved, iso_worker_error *error) {
    iso_affine_parameters p = {draw->angle, {draw->left, draw->top}, draw->scale, {draw->shear[0], draw->shear[1]}};
    iso_affine map = iso_affine_map(in->w, in->h, t->has_center ? t->center : NULL, &p);
    *moved = true;
    return iso_image_affine(s->ctx, in, &map, t->filter, t->fill, NULL, out, error);
}

static const iso_param affine_params[] = {
    {"degrees", ISO_ARG_FLOATS, NULL, -1e6, 1e6, false},
    {"translate", ISO_ARG_FLOAT2, "None", 0, 1, false},
    {"scale", ISO_ARG_FLOAT2, "None", 0, 1e6, false},
    {"shear", ISO_ARG_FLOATS, "None", -1e6, 1e6, false},
    {"interpolation", ISO_ARG_ANY, "None", 0, 0, false, "'nearest', 'bilinear', 'bicubic', or InterpolationMode.BILINEAR, ..."},
    {"fill", ISO_ARG_FLOATS, "0", 0, 0, true},
    {"center", ISO_ARG_FLOAT2, "None", -1e6, 1e6, false},
};
static const iso_signature affine_signature = {"RandomAffine", affine_params, ISO_COUNTOF(affine_params)};
const iso_transform_class iso_random_affine_class = {.signature = &affine_signature,
                                                     .stage = ISO_ON_IMAGE,
                                                     .random = true,
                                                     .configure = configure_affine,
                                                     .draw = draw_affine,
                                                     .apply = apply_affine};
