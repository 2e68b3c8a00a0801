/* ColorJitter, Grayscale, RandomGrayscale. */
#include "image/colour.h"
#include "image/transforms.h"

/* ---- ColorJitter: randperm(4), then a factor, one float32 uniform, for each of the four that is there ---- */

static const char *const jitter_names[4] = {"brightness", "contrast", "saturation", "hue"};

/* One number is the distance from 1 (hue: 0) on both sides, and not below 0; a pair is the range. */
static iso_status read_range(iso_context *ctx, const iso_arg *arg, int which, double range[2]) {
    bool pair = arg->given && arg->expr->kind != ISO_EXPR_INT && arg->expr->kind != ISO_EXPR_FLOAT, is_hue = which == 3;
    double centre = is_hue ? 0.0 : 1.0, low = is_hue ? -0.5 : 0.0, high = is_hue ? 0.5 : 1e6;
    range[0] = pair ? arg->f[0] : centre - arg->f[0];
    range[1] = pair ? arg->f[1] : centre + arg->f[0];
    if (!pair && !is_hue && range[0] < 0)
        range[0] = 0;
    if (arg->count != (pair ? 2 : 1) || (!pair && arg->f[0] < 0) || range[0] < low || range[1] > high || range[0] > range[1])
        return iso_fail(ctx, ISO_EINVAL,
                        "ColorJitter: %s must be a number of 0 or more%s, or a pair between %g and %g in ascending order",
                        jitter_names[which], is_hue ? " up to 0.5" : "", low, high);
    return ISO_OK;
}

static iso_status configure_jitter(iso_context *ctx, iso_transform *t, const iso_arg *a) {
    for (int i = 0; i < 4; i++) {
        iso_status status = read_range(ctx, &a[i], i, t->jitter[i]);
        if (status)
            return status;
    }
    return ISO_OK;
}

static bool has_jitter(const iso_transform *t, int which) {
    double centre = which == 3 ? 0.0 : 1.0;
    return t->jitter[which][0] != centre || t->jitter[which][1] != centre;
}

static iso_image_size draw_jitter(const iso_transform *t, iso_torch_generator *g, iso_image_size in, iso_draw *draw) {
    int64_t order[4];
    iso_torch_randperm(g, order, 4);
    for (int i = 0; i < 4; i++)
        draw->order[i] = (uint8_t)order[i];
    for (int i = 0; i < 4; i++)
        if (has_jitter(t, i))
            draw->factor[i] = iso_draw_uniform(g, t->jitter[i][0], t->jitter[i][1]);
    return in;
}

static bool apply_jitter(const iso_transform *t, const iso_draw *draw, iso_image_scratch *s, iso_image *in, iso_image *out,
                         bool *moved, iso_worker_error *error) {
    static void (*const operations[4])(iso_image *, double) = {iso_image_brightness, iso_image_contrast, iso_image_saturation,
                                                               iso_image_hue};
    (void)s, (void)out, (void)moved, (void)error;
    for (int i = 0; i < 4; i++)
        if (has_jitter(t, draw->order[i]))
            operations[draw->order[i]](in, draw->factor[draw->order[i]]);
    return true;
}

static const iso_param jitter_params[] = {{"brightness", ISO_ARG_FLOATS, "0", 0, 0, false},
                                          {"contrast", ISO_ARG_FLOATS, "0", 0, 0, false},
                                          {"saturation", ISO_ARG_FLOATS, "0", 0, 0, false},
                                          {"hue", ISO_ARG_FLOATS, "0", 0, 0, false}};
static const iso_signature jitter_signature = {"ColorJitter", jitter_params, ISO_COUNTOF(jitter_params)};
const iso_transform_class iso_color_jitter_class = {.signature = &jitter_signature,
                                                    .stage = ISO_ON_IMAGE,
                                                    .random = true,
                                                    .configure = configure_jitter,
                                                    .draw = draw_jitter,
                                                    .apply = apply_jitter};

/* ---- Grayscale ---- */

static iso_status configure_grayscale(iso_context *ctx, iso_transform *t, const iso_arg *a) {
    t->channels = (size_t)a[0].i[0];
    return t->channels == 1 || t->channels == 3 ? ISO_OK
                                                : iso_fail(ctx, ISO_EINVAL, "Grayscale: num_output_channels must be 1 or 3");
}

static iso_status check_grayscale(iso_context *ctx, const iso_transform *t, iso_form *form) {
    (void)ctx;
    form->channels = (int)t->channels;
    return ISO_OK;
}

static bool apply_grayscale(const iso_transform *t, const iso_draw *draw, iso_image_scratch *s, iso_image *in, iso_image *out,
                            bool *moved, iso_worker_error *error) {
    (void)draw;
    *moved = true;
    return iso_image_gray(s->ctx, in, (int)t->channels, out, error);
}

static const iso_param grayscale_params[] = {{"num_output_channels", ISO_ARG_INT, "1", 1, 3, false}};
static const iso_signature grayscale_signature = {"Grayscale", grayscale_params, ISO_COUNTOF(grayscale_params)};
const iso_transform_class iso_grayscale_class = {.signature = &grayscale_signature,
                                                 .stage = ISO_ON_IMAGE,
                                                 .configure = configure_grayscale,
                                                 .check = check_grayscale,
                                                 .apply = apply_grayscale};

/* ---- RandomGrayscale: torch.rand(1) < p; the channels stay as many as they were ---- */

static bool apply_random_grayscale(const iso_transform *t, const iso_draw *draw, iso_image_scratch *s, iso_image *in,
                                   iso_image *out, bool *moved, iso_worker_error *error) {
    (void)t;
    *moved = draw->apply;
    return !draw->apply || iso_image_gray(s->ctx, in, in->channels, out, error);
}

static const iso_param random_grayscale_params[] = {{"p", ISO_ARG_FLOAT, "0.1", 0, 1, false}};
static const iso_signature random_grayscale_signature = {"RandomGrayscale", random_grayscale_params,
                                                         ISO_COUNTOF(random_grayscale_params)};
const iso_transform_class iso_random_grayscale_class = {.signature = &random_grayscale_signature,
                                                        .stage = ISO_ON_IMAGE,
                                                        .random = true,
                                                        .configure = iso_configure_chance,
                                                        .draw = iso_draw_chance,
                                                        .apply = apply_random_grayscale};
