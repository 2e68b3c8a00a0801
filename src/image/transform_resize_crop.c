/* Resize, CenterCrop, RandomResizedCrop. */
#include <math.h>
#include <string.h>

#include "random/torch_math.h"
#include "image/transforms.h"

/* Python's round(): half to even. */
static int64_t round_half_even(double x) {
    return (int64_t)nearbyint(x);
}

/* ---- Resize ---- */

static iso_status configure_resize(iso_context *ctx, iso_transform *t, const iso_arg *a) {
    iso_read_size(t, &a[0], true);
    t->filter = ISO_BILINEAR;
    t->max_size = a[2].is_none ? 0 : a[2].i[0];
    if (t->max_size && t->size[1])
        return iso_fail(ctx, ISO_EINVAL, "Resize: max_size goes with one number for size, not with (h, w)");
    if (t->max_size && t->max_size <= t->size[0])
        return iso_fail(ctx, ISO_EINVAL, "Resize: max_size must be greater than size");
    return iso_read_interpolation(ctx, &a[1], "Resize", &t->filter);
}

static iso_image_size draw_resize(const iso_transform *t, iso_torch_generator *g, iso_image_size in, iso_draw *draw) {
    (void)g;
    iso_image_size out = {t->size[1], t->size[0]};
    if (t->size[1] == 0) {
        int64_t s = t->size[0], l = (int64_t)((double)(s * iso_max64(in.w, in.h)) / (double)iso_min64(in.w, in.h));
        if (t->max_size && l > t->max_size) {
            s = (int64_t)((double)(t->max_size * s) / (double)l);
            l = t->max_size;
        }
        out = in.w <= in.h ? (iso_image_size){s, l} : (iso_image_size){l, s};
    }
    draw->w = out.w;
    draw->h = out.h;
    return out;
}

static bool apply_resize(const iso_transform *t, const iso_draw *draw, iso_image_scratch *s, iso_image *in, iso_image *out,
                         bool *moved, iso_worker_error *error) {
    *moved = true;
    return iso_image_resample(s, in, NULL, draw->w, draw->h, t->filter, out, error);
}

static const iso_param resize_params[] = {
    {"size", ISO_ARG_INT2, NULL, 1, 1 << 15, false},
    {"interpolation", ISO_ARG_ANY, "None", 0, 0, false, "'nearest', 'bilinear', 'bicubic', or InterpolationMode.BILINEAR, ..."},
    {"max_size", ISO_ARG_INT, "None", 1, 1 << 15, false},
    {"antialias", ISO_ARG_ANY, "True", 0, 0, false,
     "anything: it is always on for 8-bit images"}, /* always on for 8-bit images, whatever it says */
};
static const iso_signature resize_signature = {"Resize", resize_params, ISO_COUNTOF(resize_params)};
const iso_transform_class iso_resize_class = {.signature = &resize_signature,
                                              .stage = ISO_ON_IMAGE,
                                              .configure = configure_resize,
                                              .draw = draw_resize,
                                              .apply = apply_resize};

/* ---- CenterCrop ---- */

static iso_status configure_center_crop(iso_context *ctx, iso_transform *t, const iso_arg *a) {
    (void)ctx;
    iso_read_size(t, &a[0], false);
    return ISO_OK;
}

/* A smaller image is padded with black first, its centre lying as torchvision puts it. */
static int64_t crop_start(int64_t in, int64_t crop) {
    if (in >= crop)
        return round_half_even((double)(in - crop) / 2.0);
    return -((crop - in) / 2);
}

static iso_image_size draw_center_crop(const iso_transform *t, iso_torch_generator *g, iso_image_size in, iso_draw *draw) {
    (void)g;
    draw->h = t->size[0];
    draw->w = t->size[1];
    draw->top = crop_start(in.h, draw->h);
    draw->left = crop_start(in.w, draw->w);
    return (iso_image_size){draw->w, draw->h};
}

static bool apply_crop(const iso_transform *t, const iso_draw *draw, iso_image_scratch *s, iso_image *in, iso_image *out,
                       bool *moved, iso_worker_error *error) {
    (void)t;
    *moved = true;
    return iso_image_crop(s->ctx, in, draw->top, draw->left, draw->h, draw->w, out, error);
}

/* The part of the image that the crop takes. */
static iso_box crop_source(const iso_transform *t, const iso_draw *draw) {
    (void)t;
    return (iso_box){iso_min64(iso_max64(draw->left, 0), draw->in.w), iso_min64(iso_max64(draw->top, 0), draw->in.h),
                     iso_min64(draw->left + draw->w, draw->in.w), iso_min64(draw->top + draw->h, draw->in.h)};
}

static const iso_param center_crop_params[] = {{"size", ISO_ARG_INT2, NULL, 1, 1 << 15, false}};
static const iso_signature center_crop_signature = {"CenterCrop", center_crop_params, ISO_COUNTOF(center_crop_params)};
const iso_transform_class iso_center_crop_class = {.signature = &center_crop_signature,
                                                   .stage = ISO_ON_IMAGE,
                                                   .configure = configure_center_crop,
                                                   .draw = draw_center_crop,
                                                   .source = crop_source,
                                                   .apply = apply_crop};

/* ---- RandomResizedCrop ---- */

static iso_status configure_resized_crop(iso_context *ctx, iso_transform *t, const iso_arg *a) {
    iso_read_size(t, &a[0], false);
    for (int i = 0; i < 2; i++) {
        t->scale[i] = a[1].given ? a[1].f[i] : i ? 1.0 : 0.08;
        t->ratio[i] = a[2].given ? a[2].f[i] : i ? 4.0 / 3.0 : 3.0 / 4.0;
    }
    if (t->scale[0] > t->scale[1] || t->ratio[0] > t->ratio[1] || t->scale[0] < 0 || t->ratio[0] <= 0)
        return iso_fail(ctx, ISO_EINVAL,
                        "RandomResizedCrop: scale and ratio must be pairs of positive numbers in ascending order");
    t->filter = ISO_BILINEAR;
    return iso_read_interpolation(ctx, &a[3], "RandomResizedCrop", &t->filter);
}

/* After ten failures: the largest central crop whose shape lies within the ratio. */
static void fall_back(const iso_transform *t, iso_image_size in, iso_draw *draw) {
    double ratio = (double)in.w / (double)in.h;
    draw->w = in.w;
    draw->h = in.h;
    if (ratio < t->ratio[0])
        draw->h = round_half_even((double)draw->w / t->ratio[0]);
    else if (ratio > t->ratio[1])
        draw->w = round_half_even((double)draw->h * t->ratio[1]);
    draw->top = (in.h - draw->h) / 2;
    draw->left = (in.w - draw->w) / 2;
}

static iso_image_size draw_resized_crop(const iso_transform *t, iso_torch_generator *g, iso_image_size in, iso_draw *draw) {
    iso_image_size out = {t->size[1], t->size[0]};
    double area = (double)(in.h * in.w);
    float low = iso_torch_logf(g->variant, (float)t->ratio[0]), high = iso_torch_logf(g->variant, (float)t->ratio[1]);
    for (int attempt = 0; attempt < 10; attempt++) {
        double target = area * iso_draw_uniform(g, t->scale[0], t->scale[1]);
        double aspect = iso_torch_expf(g->variant, (float)iso_draw_uniform(g, low, high));
        draw->w = round_half_even(sqrt(target * aspect));
        draw->h = round_half_even(sqrt(target / aspect));
        if (draw->w > 0 && draw->w <= in.w && draw->h > 0 && draw->h <= in.h) {
            iso_torch_randint(g, &draw->top, 1, 0, in.h - draw->h + 1);
            iso_torch_randint(g, &draw->left, 1, 0, in.w - draw->w + 1);
            return out;
        }
    }
    fall_back(t, in, draw);
    return draw->w > 0 && draw->h > 0 ? out : (iso_image_size){0, 0};
}

static bool apply_resized_crop(const iso_transform *t, const iso_draw *draw, iso_image_scratch *s, iso_image *in, iso_image *out,
                               bool *moved, iso_worker_error *error) {
    iso_box crop = {draw->left, draw->top, draw->left + draw->w, draw->top + draw->h};
    *moved = true;
    return iso_image_resample(s, in, &crop, t->size[1], t->size[0], t->filter, out, error);
}

static const iso_param resized_crop_params[] = {
    {"size", ISO_ARG_INT2, NULL, 1, 1 << 15, false},
    {"scale", ISO_ARG_FLOAT2, "(0.08, 1.0)", 0, 0, false},
    {"ratio", ISO_ARG_FLOAT2, "(0.75, 1.3333333333333333)", 0, 0, false},
    {"interpolation", ISO_ARG_ANY, "None", 0, 0, false, "'nearest', 'bilinear', 'bicubic', or InterpolationMode.BILINEAR, ..."},
    {"antialias", ISO_ARG_ANY, "True", 0, 0, false, "anything: it is always on for 8-bit images"},
};
static const iso_signature resized_crop_signature = {"RandomResizedCrop", resized_crop_params, ISO_COUNTOF(resized_crop_params)};
const iso_transform_class iso_random_resized_crop_class = {.signature = &resized_crop_signature,
                                                           .stage = ISO_ON_IMAGE,
                                                           .random = true,
                                                           .configure = configure_resized_crop,
                                                           .draw = draw_resized_crop,
                                                           .source = crop_source,
                                                           .apply = apply_resized_crop};
