/* RandAugment, TrivialAugmentWide, and the transforms that are one of their operations: RandomInvert, RandomPosterize,
 * RandomSolarize, RandomAdjustSharpness, RandomAutocontrast, RandomEqualize. */
#include <math.h>

#include "image/colour.h"
#include "image/transforms.h"
#include "random/torch_math.h"

#define PI 3.14159265358979323846

/* torchvision's operations in its order; the augmentations choose among the first OPERATIONS. */
enum operation {
    IDENTITY,
    SHEAR_X,
    SHEAR_Y,
    TRANSLATE_X,
    TRANSLATE_Y,
    ROTATE,
    BRIGHTNESS,
    COLOR,
    CONTRAST,
    SHARPNESS,
    POSTERIZE,
    SOLARIZE,
    AUTOCONTRAST,
    EQUALIZE,
    OPERATIONS,
    INVERT = OPERATIONS
};

/* What a magnitude means: its range, and whether a draw decides about its sign. */
struct magnitudes {
    double first, last;
    bool is_signed;
};

/* ---- Applying ---- */

static bool warp(const iso_transform *t, const iso_affine_parameters *p, const double *center, iso_image_scratch *s,
                 const iso_image *in, iso_image *out, iso_worker_error *error) {
    iso_affine map = iso_affine_map(in->w, in->h, center, p);
    return iso_image_affine(s->ctx, in, &map, t->filter, t->fill, NULL, out, error);
}

/* The operations that give another image. Shearing is about the upper left corner; the amount is the tangent. */
static bool move(const iso_transform *t, enum operation operation, double amount, iso_image_scratch *s, const iso_image *in,
                 iso_image *out, iso_worker_error *error) {
    static const double corner[2] = {0, 0};
    double degrees = atan(amount) * (180.0 / PI);
    int64_t pixels = (int64_t)amount;
    switch (operation) {
    case SHEAR_X:
        return warp(t, &(iso_affine_parameters){.scale = 1, .shear = {degrees, 0}}, corner, s, in, out, error);
    case SHEAR_Y:
        return warp(t, &(iso_affine_parameters){.scale = 1, .shear = {0, degrees}}, corner, s, in, out, error);
    case TRANSLATE_X:
        return warp(t, &(iso_affine_parameters){.scale = 1, .translate = {pixels, 0}}, NULL, s, in, out, error);
    case TRANSLATE_Y:
        return warp(t, &(iso_affine_parameters){.scale = 1, .translate = {0, pixels}}, NULL, s, in, out, error);
    case ROTATE:
        return iso_image_rotate(s->ctx, in, &(iso_rotation){.angle = amount, .filter = t->filter, .fill = t->fill}, NULL, out,
                                error);
    default:
        return iso_image_sharpness(s->ctx, in, amount, out, error);
    }
}

static bool operate(const iso_transform *t, enum operation operation, double amount, iso_image_scratch *s, iso_image *in,
                    iso_image *out, bool *moved, iso_worker_error *error) {
    switch (operation) {
    case IDENTITY:
        return true;
    case BRIGHTNESS:
        iso_image_brightness(in, amount);
        return true;
    case COLOR:
        iso_image_saturation(in, amount);
        return true;
    case CONTRAST:
        iso_image_contrast(in, amount);
        return true;
    case POSTERIZE:
        iso_image_posterize(in, (int)amount);
        return true;
    case SOLARIZE:
        iso_image_solarize(in, amount);
        return true;
    case AUTOCONTRAST:
        iso_image_autocontrast(in);
        return true;
    case EQUALIZE:
        iso_image_equalize(in);
        return true;
    case INVERT:
        iso_image_invert(in);
        return true;
    default:
        *moved = true;
        return move(t, operation, amount, s, in, out, error);
    }
}

static bool apply_drawn(const iso_transform *t, const iso_draw *draw, iso_image_scratch *s, iso_image *in, iso_image *out,
                        bool *moved, iso_worker_error *error) {
    return operate(t, (enum operation)draw->choice, draw->factor[0], s, in, out, moved, error);
}

static bool apply_given(const iso_transform *t, const iso_draw *draw, iso_image_scratch *s, iso_image *in, iso_image *out,
                        bool *moved, iso_worker_error *error) {
    return !draw->apply || operate(t, (enum operation)t->operation, t->amount, s, in, out, moved, error);
}

/* ---- Magnitudes ---- */

static double posterize_bits(int64_t bins, int64_t i, double range) {
    return 8 - (double)rintf((float)i / (float)((double)(bins - 1) / range));
}

/* The amount of an operation at magnitude i of `bins`. ImageEnhance's factors lie about 1. */
static double amount_of(iso_torch_generator *g, enum operation operation, const struct magnitudes *m, int64_t bins, int64_t i) {
    if (operation == POSTERIZE)
        return posterize_bits(bins, i, m->last);
    double magnitude = (double)iso_torch_linspace(g->variant, (float)m->first, (float)m->last, bins, i), sign = 1;
    if (m->is_signed) {
        int64_t negative;
        iso_torch_randint(g, &negative, 1, 0, 2);
        sign = negative ? -1 : 1;
    }
    return operation >= BRIGHTNESS && operation <= SHARPNESS ? 1.0 + sign * magnitude : sign * magnitude;
}

static bool has_magnitude(enum operation operation) {
    return operation != IDENTITY && operation != AUTOCONTRAST && operation != EQUALIZE;
}

static enum operation draw_operation(iso_torch_generator *g) {
    int64_t operation;
    iso_torch_randint(g, &operation, 1, 0, OPERATIONS);
    return (enum operation)operation;
}

static iso_status configure_augment(iso_context *ctx, iso_transform *t, const iso_arg *interpolation, const iso_arg *fill,
                                    const char *where) {
    iso_status status = iso_read_interpolation(ctx, interpolation, where, &t->filter);
    return status ? status : iso_read_fill(ctx, fill, where, t);
}

/* ---- RandAugment: per operation randint(14), and randint(2) for the sign if it has one ---- */

static iso_status configure_rand(iso_context *ctx, iso_transform *t, const iso_arg *a) {
    t->copies = a[0].i[0];
    t->magnitude = a[1].i[0];
    t->bins = a[2].i[0];
    if (t->magnitude >= t->bins)
        return iso_fail(ctx, ISO_EINVAL, "RandAugment: magnitude must be below num_magnitude_bins");
    return configure_augment(ctx, t, &a[3], &a[4], "RandAugment");
}

static iso_image_size draw_rand(const iso_transform *t, iso_torch_generator *g, iso_image_size in, iso_draw *draw) {
    const struct magnitudes space[OPERATIONS] = {
        [SHEAR_X] = {0, 0.3, true},
        [SHEAR_Y] = {0, 0.3, true},
        [TRANSLATE_X] = {0, 150.0 / 331.0 * (double)in.w, true},
        [TRANSLATE_Y] = {0, 150.0 / 331.0 * (double)in.h, true},
        [ROTATE] = {0, 30, true},
        [BRIGHTNESS] = {0, 0.9, true},
        [COLOR] = {0, 0.9, true},
        [CONTRAST] = {0, 0.9, true},
        [SHARPNESS] = {0, 0.9, true},
        [POSTERIZE] = {0, 4, false},
        [SOLARIZE] = {255, 0, false},
    };
    enum operation operation = draw_operation(g);
    draw->choice = (int)operation;
    if (has_magnitude(operation))
        draw->factor[0] = amount_of(g, operation, &space[operation], t->bins, t->magnitude);
    return in;
}

static const iso_param rand_params[] = {
    {"num_ops", ISO_ARG_INT, "2", 0, 64, false},
    {"magnitude", ISO_ARG_INT, "9", 0, 1 << 15, false},
    {"num_magnitude_bins", ISO_ARG_INT, "31", 2, 1 << 15, false},
    {"interpolation", ISO_ARG_ANY, "None", 0, 0, false, "'nearest', 'bilinear', 'bicubic', or InterpolationMode.BILINEAR, ..."},
    {"fill", ISO_ARG_FLOATS, "None", 0, 0, false}};
static const iso_signature rand_signature = {"RandAugment", rand_params, ISO_COUNTOF(rand_params)};
static const iso_transform_class rand_operation_class = {
    .signature = &rand_signature, .stage = ISO_ON_IMAGE, .random = true, .draw = draw_rand, .apply = apply_drawn};
const iso_transform_class iso_rand_augment_class = {
    .signature = &rand_signature, .stage = ISO_GROUP, .random = true, .configure = configure_rand, .held = &rand_operation_class};

/* ---- TrivialAugmentWide: randint(14), then randint(bins), then the sign ---- */

static iso_status configure_trivial(iso_context *ctx, iso_transform *t, const iso_arg *a) {
    t->bins = a[0].i[0];
    return configure_augment(ctx, t, &a[1], &a[2], "TrivialAugmentWide");
}

static iso_image_size draw_trivial(const iso_transform *t, iso_torch_generator *g, iso_image_size in, iso_draw *draw) {
    static const struct magnitudes space[OPERATIONS] = {
        [SHEAR_X] = {0, 0.99, true},   [SHEAR_Y] = {0, 0.99, true},  [TRANSLATE_X] = {0, 32, true},
        [TRANSLATE_Y] = {0, 32, true}, [ROTATE] = {0, 135, true},    [BRIGHTNESS] = {0, 0.99, true},
        [COLOR] = {0, 0.99, true},     [CONTRAST] = {0, 0.99, true}, [SHARPNESS] = {0, 0.99, true},
        [POSTERIZE] = {0, 6, false},   [SOLARIZE] = {255, 0, false},
    };
    enum operation operation = draw_operation(g);
    draw->choice = (int)operation;
    if (has_magnitude(operation)) {
        int64_t magnitude;
        iso_torch_randint(g, &magnitude, 1, 0, t->bins);
        draw->factor[0] = amount_of(g, operation, &space[operation], t->bins, magnitude);
    }
    return in;
}

static const iso_param trivial_params[] = {
    {"num_magnitude_bins", ISO_ARG_INT, "31", 2, 1 << 15, false},
    {"interpolation", ISO_ARG_ANY, "None", 0, 0, false, "'nearest', 'bilinear', 'bicubic', or InterpolationMode.BILINEAR, ..."},
    {"fill", ISO_ARG_FLOATS, "None", 0, 0, false}};
static const iso_signature trivial_signature = {"TrivialAugmentWide", trivial_params, ISO_COUNTOF(trivial_params)};
const iso_transform_class iso_trivial_augment_wide_class = {.signature = &trivial_signature,
                                                            .stage = ISO_ON_IMAGE,
                                                            .random = true,
                                                            .configure = configure_trivial,
                                                            .draw = draw_trivial,
                                                            .apply = apply_drawn};

/* ---- One operation: torch.rand(1).item() < p, compared as binary64 ---- */

static iso_image_size draw_item_chance(const iso_transform *t, iso_torch_generator *g, iso_image_size in, iso_draw *draw) {
    draw->apply = iso_draw_uniform(g, 0, 1) < t->p;
    return in;
}

#define P                                                                                                                        \
    { "p", ISO_ARG_FLOAT, "0.5", 0, 1, false }
static const iso_param chance_params[] = {P};
static const iso_param posterize_params[] = {{"bits", ISO_ARG_INT, NULL, 0, 8, false}, P};
static const iso_param solarize_params[] = {{"threshold", ISO_ARG_FLOAT, NULL, -1e6, 1e6, false}, P};
static const iso_param sharpness_params[] = {{"sharpness_factor", ISO_ARG_FLOAT, NULL, -1e6, 1e6, false}, P};

static const struct one {
    enum operation operation;
    iso_signature signature;
} ones[] = {
    {INVERT, {"RandomInvert", chance_params, 1}},
    {POSTERIZE, {"RandomPosterize", posterize_params, 2}},
    {SOLARIZE, {"RandomSolarize", solarize_params, 2}},
    {SHARPNESS, {"RandomAdjustSharpness", sharpness_params, 2}},
    {AUTOCONTRAST, {"RandomAutocontrast", chance_params, 1}},
    {EQUALIZE, {"RandomEqualize", chance_params, 1}},
};

/* p alone, or the amount and then p. */
static iso_status configure_one(iso_context *ctx, iso_transform *t, const iso_arg *a) {
    (void)ctx;
    const iso_signature *signature = t->class_->signature;
    for (size_t i = 0; i < ISO_COUNTOF(ones); i++)
        if (signature == &ones[i].signature)
            t->operation = (int)ones[i].operation;
    t->amount = signature->count == 1 ? 0 : t->operation == POSTERIZE ? (double)a[0].i[0] : a[0].f[0];
    t->p = a[signature->count - 1].f[0];
    return ISO_OK;
}

#define ONE(i)                                                                                                                   \
    {                                                                                                                            \
        .signature = &ones[i].signature, .stage = ISO_ON_IMAGE, .random = true, .configure = configure_one,                      \
        .draw = draw_item_chance, .apply = apply_given                                                                           \
    }
const iso_transform_class iso_random_invert_class = ONE(0);
const iso_transform_class iso_random_posterize_class = ONE(1);
const iso_transform_class iso_random_solarize_class = ONE(2);
const iso_transform_class iso_random_adjust_sharpness_class = ONE(3);
const iso_transform_class iso_random_autocontrast_class = ONE(4);
const iso_transform_class iso_random_equalize_class = ONE(5);
