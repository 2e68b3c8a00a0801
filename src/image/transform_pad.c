/* Pad and RandomCrop. Both are a map of indices per axis: pads one behind the other, then a crop. */
#include <math.h>
#include <string.h>

#include "image/transforms.h"

static iso_status read_padding(iso_context *ctx, const iso_arg *arg, const char *where, iso_transform *t) {
    if (arg->is_none)
        return ISO_OK;
    if (arg->count != 1 && arg->count != 2 && arg->count != 4)
        return iso_fail(ctx, ISO_EINVAL, "%s: padding must be one, two (left/right, top/bottom) or four numbers", where);
    for (int side = 0; side < 4; side++) {
        double value = arg->f[arg->count == 1 ? 0 : arg->count == 2 ? side % 2 : side];
        if (!(value >= 0 && value <= 1 << 15) || value != floor(value))
            return iso_fail(ctx, ISO_EINVAL, "%s: padding must be whole numbers of 0 or more", where);
        t->padding[side] = (int64_t)value;
    }
    return ISO_OK;
}

static iso_status read_mode(iso_context *ctx, const iso_arg *arg, const char *where, iso_transform *t) {
    static const char *const modes[] = {"constant", "edge", "reflect", "symmetric"};
    for (int i = 0; i < 4; i++)
        if (strcmp(arg->text, modes[i]) == 0) {
            t->padding_mode = (iso_padding)i;
            return ISO_OK;
        }
    return iso_fail(ctx, ISO_EINVAL, "%s: padding_mode must be 'constant', 'edge', 'reflect' or 'symmetric'", where);
}

/* One axis: the lengths before and behind the first pad, and what pad_if_needed then adds on both sides. */
struct axis {
    int64_t in, before, padded, more, all;
};

static struct axis pad_axis(const iso_transform *t, int64_t in, bool vertical) {
    int64_t wanted = t->size[vertical ? 0 : 1];
    struct axis a = {.in = in, .before = t->padding[vertical ? 1 : 0]};
    a.padded = in + a.before + t->padding[vertical ? 3 : 2];
    a.more = t->pad_if_needed && a.padded < wanted ? wanted - a.padded : 0;
    a.all = a.padded + 2 * a.more;
    return a;
}

/* Where position i of the padded axis comes from; -1: the fill. */
static int64_t source_index(const struct axis *a, iso_padding mode, int64_t i) {
    int64_t inner = iso_padding_index(mode, i - a->more, a->padded);
    return inner < 0 ? -1 : iso_padding_index(mode, inner - a->before, a->in);
}

static bool apply_pad(const iso_transform *t, const iso_draw *draw, iso_image_scratch *s, iso_image *in, iso_image *out,
                      bool *moved, iso_worker_error *error) {
    if (!iso_image_scratch_reserve(s, (size_t)(draw->h + draw->w) * sizeof(int64_t), error))
        return false;
    int64_t *rows = s->coefficients, *columns = rows + draw->h;
    struct axis v = pad_axis(t, in->h, true), h = pad_axis(t, in->w, false);
    for (int64_t i = 0; i < draw->h; i++)
        rows[i] = source_index(&v, t->padding_mode, draw->top + i);
    for (int64_t i = 0; i < draw->w; i++)
        columns[i] = source_index(&h, t->padding_mode, draw->left + i);
    *moved = true;
    return iso_image_gather(s->ctx, in, rows, draw->h, columns, draw->w, t->fill, out, error);
}

/* ---- Pad ---- */

static iso_status configure_pad(iso_context *ctx, iso_transform *t, const iso_arg *a) {
    iso_status status = read_padding(ctx, &a[0], "Pad", t);
    if (!status)
        status = iso_read_fill(ctx, &a[1], "Pad", t);
    return status ? status : read_mode(ctx, &a[2], "Pad", t);
}

static iso_image_size draw_pad(const iso_transform *t, iso_torch_generator *g, iso_image_size in, iso_draw *draw) {
    (void)g;
    draw->top = draw->left = 0;
    draw->h = pad_axis(t, in.h, true).all;
    draw->w = pad_axis(t, in.w, false).all;
    return (iso_image_size){draw->w, draw->h};
}

static const iso_param pad_params[] = {
    {"padding", ISO_ARG_FLOATS, NULL, 0, 0, false},
    {"fill", ISO_ARG_FLOATS, "0", 0, 0, false},
    {"padding_mode", ISO_ARG_STRING, "constant", 0, 0, false, "'constant', 'edge', 'reflect' or 'symmetric'"},
};
static const iso_signature pad_signature = {"Pad", pad_params, ISO_COUNTOF(pad_params)};
const iso_transform_class iso_pad_class = {
    .signature = &pad_signature, .stage = ISO_ON_IMAGE, .configure = configure_pad, .draw = draw_pad, .apply = apply_pad};

/* ---- RandomCrop ---- */

static iso_status configure_random_crop(iso_context *ctx, iso_transform *t, const iso_arg *a) {
    iso_read_size(t, &a[0], false);
    t->pad_if_needed = a[2].i[0];
    iso_status status = read_padding(ctx, &a[1], "RandomCrop", t);
    if (!status)
        status = iso_read_fill(ctx, &a[3], "RandomCrop", t);
    return status ? status : read_mode(ctx, &a[4], "RandomCrop", t);
}

/* Draws the corner, the row first; nothing if the crop is the whole of it. */
static iso_image_size draw_random_crop(const iso_transform *t, iso_torch_generator *g, iso_image_size in, iso_draw *draw) {
    int64_t h = pad_axis(t, in.h, true).all, w = pad_axis(t, in.w, false).all;
    draw->h = t->size[0];
    draw->w = t->size[1];
    draw->top = draw->left = 0;
    if (h < draw->h || w < draw->w)
        return (iso_image_size){0, 0};
    if (h != draw->h || w != draw->w) {
        iso_torch_randint(g, &draw->top, 1, 0, h - draw->h + 1);
        iso_torch_randint(g, &draw->left, 1, 0, w - draw->w + 1);
    }
    return (iso_image_size){draw->w, draw->h};
}

static const iso_param random_crop_params[] = {
    {"size", ISO_ARG_INT2, NULL, 1, 1 << 15, false},
    {"padding", ISO_ARG_FLOATS, "None", 0, 0, false},
    {"pad_if_needed", ISO_ARG_BOOL, "False", 0, 0, false},
    {"fill", ISO_ARG_FLOATS, "0", 0, 0, false},
    {"padding_mode", ISO_ARG_STRING, "constant", 0, 0, false, "'constant', 'edge', 'reflect' or 'symmetric'"},
};
static const iso_signature random_crop_signature = {"RandomCrop", random_crop_params, ISO_COUNTOF(random_crop_params)};
const iso_transform_class iso_random_crop_class = {.signature = &random_crop_signature,
                                                   .stage = ISO_ON_IMAGE,
                                                   .random = true,
                                                   .configure = configure_random_crop,
                                                   .draw = draw_random_crop,
                                                   .apply = apply_pad};
