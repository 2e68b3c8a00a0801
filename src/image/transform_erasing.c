/* RandomErasing. */
#include <math.h>
#include <string.h>

#include "image/transforms.h"
#include "random/torch_math.h"
#include "random/torch_variant.h"

static iso_status read_value(iso_context *ctx, const iso_arg *arg, iso_transform *t) {
    const iso_expr *e = arg->expr;
    bool list = iso_is_sequence(e);
    size_t count = list ? e->count : 1;
    t->noise = e && e->kind == ISO_EXPR_STRING && strcmp(e->text, "random") == 0;
    t->value_count = t->noise ? 0 : count;
    if (!e || t->noise)
        return ISO_OK;
    bool ok = count == 1 || count == 3;
    for (size_t i = 0; i < 3 && ok; i++) {
        const iso_expr *item = list ? e->items[i % count] : e;
        ok = item->kind == ISO_EXPR_INT || item->kind == ISO_EXPR_FLOAT;
        t->value[i] = (float)item->number;
    }
    return ok ? ISO_OK : iso_fail(ctx, ISO_EINVAL, "RandomErasing: value must be one number, one per channel, or 'random'");
}

static iso_status configure_erasing(iso_context *ctx, iso_transform *t, const iso_arg *a) {
    t->p = a[0].f[0];
    for (int i = 0; i < 2; i++) {
        t->scale[i] = a[1].f[i];
        t->ratio[i] = a[2].f[i];
    }
    if ((a[1].given && !iso_is_sequence(a[1].expr)) || t->scale[0] > t->scale[1])
        return iso_fail(ctx, ISO_EINVAL, "RandomErasing: scale must be a pair of numbers between 0 and 1 in ascending order");
    if ((a[2].given && !iso_is_sequence(a[2].expr)) || !(t->ratio[0] > 0 && t->ratio[0] <= t->ratio[1]))
        return iso_fail(ctx, ISO_EINVAL, "RandomErasing: ratio must be a pair of positive numbers in ascending order");
    return read_value(ctx, &a[3], t);
}

static iso_status check_erasing(iso_context *ctx, const iso_transform *t, iso_form *form) {
    if (t->value_count > 1 && t->value_count != (size_t)form->channels)
        return iso_fail(ctx, ISO_EINVAL, "RandomErasing: value has %zu numbers, but the images have %d channel%s", t->value_count,
                        form->channels, form->channels == 1 ? "" : "s");
    return ISO_OK;
}

/* torch.rand(1) < p; then up to ten times an area and an aspect, until the rectangle is smaller than the image both ways; the
 * noise, if it is asked for; the corner, the row first. After ten failures the image stays. */
static iso_image_size draw_erasing(const iso_transform *t, iso_torch_generator *g, iso_image_size in, iso_draw *draw) {
    double area = (double)(in.h * in.w);
    float low = iso_torch_logf(g->variant, (float)t->ratio[0]), high = iso_torch_logf(g->variant, (float)t->ratio[1]);
    iso_draw_chance(t, g, in, draw);
    for (int attempt = 0; draw->apply && attempt < 10; attempt++) {
        double target = area * iso_draw_uniform(g, t->scale[0], t->scale[1]);
        double aspect = iso_torch_expf(g->variant, (float)iso_draw_uniform(g, low, high));
        draw->h = (int64_t)nearbyint(sqrt(target * aspect));
        draw->w = (int64_t)nearbyint(sqrt(target / aspect));
        if (draw->h >= in.h || draw->w >= in.w)
            continue;
        if (t->noise) {
            *draw->noise = *g;
            iso_torch_skip_normal(g, (size_t)(t->in.channels * draw->h * draw->w));
        }
        iso_torch_randint(g, &draw->top, 1, 0, in.h - draw->h + 1);
        iso_torch_randint(g, &draw->left, 1, 0, in.w - draw->w + 1);
        return in;
    }
    draw->apply = false;
    return in;
}

static bool apply_erasing(const iso_transform *t, const iso_draw *draw, iso_image_scratch *s, float *x, iso_image_size size,
                          iso_worker_error *error) {
    size_t area = (size_t)(draw->h * draw->w), count = (size_t)t->in.channels * area;
    bool bytes = t->in.kind == ISO_FORM_BYTES;
    if (!draw->apply)
        return true;
    if (t->noise) {
        iso_torch_generator g = *draw->noise;
        if (!iso_image_scratch_reserve(s, count * sizeof(float), error))
            return false;
        iso_torch_normal(&g, s->coefficients, count, 0, 1);
    }
    const float *noise = s->coefficients;
    for (int c = 0; c < t->in.channels; c++, x += size.w * size.h)
        for (int64_t i = 0; i < draw->h; i++)
            for (int64_t j = 0; j < draw->w; j++) {
                float v = t->noise ? *noise++ : t->value[c];
                x[(draw->top + i) * size.w + draw->left + j] = bytes ? iso_float_to_byte(v) : v;
            }
    return true;
}

static const iso_param erasing_params[] = {
    {"p", ISO_ARG_FLOAT, "0.5", 0, 1, false},
    {"scale", ISO_ARG_FLOAT2, "(0.02, 0.33)", 0, 1, false},
    {"ratio", ISO_ARG_FLOAT2, "(0.3, 3.3)", 0, 1e6, false},
    {"value", ISO_ARG_ANY, "0", 0, 0, false, "a number, one per channel, or 'random'"},
    {"inplace", ISO_ARG_BOOL, "False", 0, 0, false},
};
static const iso_signature erasing_signature = {"RandomErasing", erasing_params, ISO_COUNTOF(erasing_params)};
const iso_transform_class iso_random_erasing_class = {.signature = &erasing_signature,
                                                      .stage = ISO_ON_TENSOR,
                                                      .random = true,
                                                      .configure = configure_erasing,
                                                      .check = check_erasing,
                                                      .draw = draw_erasing,
                                                      .apply_tensor = apply_erasing};
