/* Resizing by two passes of fixed-point sums, horizontal first; the source of the definition is Pillow's Resample.c. */
#include <math.h>
#include <string.h>

#include "image/resample.h"
#include "image/resize_passes.h"

void iso_image_scratch_free(iso_image_scratch *scratch) {
    iso_image_free(scratch->ctx, &scratch->passed);
    iso_free(scratch->ctx, scratch->coefficients);
    scratch->coefficients = NULL;
    scratch->coefficients_size = 0;
}

static double bilinear(double x) {
    x = fabs(x);
    return x < 1.0 ? 1.0 - x : 0.0;
}

static double bicubic(double x) {
    const double a = -0.5;
    x = fabs(x);
    if (x < 1.0)
        return ((a + 2.0) * x - (a + 3.0)) * x * x + 1;
    if (x < 2.0)
        return (((x - 5) * x + 8) * x - 4) * a;
    return 0.0;
}

bool iso_image_scratch_reserve(iso_image_scratch *scratch, size_t size, iso_worker_error *error) {
    if (size <= scratch->coefficients_size)
        return true;
    iso_free(scratch->ctx, scratch->coefficients);
    scratch->coefficients_size = 0;
    if (!(scratch->coefficients = iso_try_alloc(scratch->ctx, size)))
        return iso_worker_fail(error, ISO_ENOMEM, "out of memory");
    scratch->coefficients_size = size;
    return true;
}

/* How outputs are weighted. */
struct kernel {
    double scale, support, inverse;
    double (*f)(double x);
};

static iso_resize_window window_of(const struct kernel *kernel, int64_t in, int64_t i) {
    double centre = ((double)i + 0.5) * kernel->scale;
    int64_t first = (int64_t)(centre - kernel->support + 0.5), last = (int64_t)(centre + kernel->support + 0.5);
    first = first < 0 ? 0 : first;
    last = last > in ? in : last;
    return (iso_resize_window){(int32_t)first, (int32_t)(last - first)};
}

/* The coefficients of output i, `most` of them; w is room for as many. Those behind the window, or before it where it would else
 * reach behind the image, are 0. */
static void weigh(const struct kernel *kernel, int64_t in, int64_t i, int64_t most, double *w, iso_resize_window *window,
                  int32_t *k) {
    double centre = ((double)i + 0.5) * kernel->scale, sum = 0.0;
    for (int64_t j = 0; j < window->count; j++) {
        w[j] = kernel->f(((double)(j + window->first) - centre + 0.5) * kernel->inverse);
        sum += w[j];
    }
    int32_t shift = (int32_t)iso_max64(0, window->first - iso_max64(0, in - most));
    for (int64_t j = 0; j < most; j++)
        k[j] = 0;
    for (int64_t j = 0; j < window->count; j++) {
        double weight = sum != 0.0 ? w[j] / sum : w[j];
        k[shift + j] = (int32_t)(weight * (1 << ISO_RESIZE_PRECISION) + (weight < 0 ? -0.5 : 0.5));
    }
    window->first -= shift;
    window->count += shift;
}

static bool prepare(iso_image_scratch *scratch, int64_t in, int64_t out, iso_interpolation filter, iso_resize_axis *axis,
                    iso_worker_error *error) {
    double scale = (double)(float)in / (double)out, stretch = scale < 1.0 ? 1.0 : scale;
    struct kernel kernel = {scale, (filter == ISO_BICUBIC ? 2.0 : 1.0) * stretch, 1.0 / stretch,
                            filter == ISO_BICUBIC ? bicubic : bilinear};
    int64_t widest = 1;
    for (int64_t i = 0; i < out; i++)
        widest = iso_max64(widest, window_of(&kernel, in, i).count);
    axis->out = out;
    axis->most = iso_ceil_div(widest, ISO_RESIZE_GROUP) * ISO_RESIZE_GROUP;
    axis->inside = axis->most <= in;
    size_t weights_size = sizeof(double) * (size_t)axis->most, windows_size = sizeof(iso_resize_window) * (size_t)out;
    if (!iso_image_scratch_reserve(scratch, weights_size + windows_size + sizeof(int32_t) * (size_t)(axis->most * out), error))
        return false;
    double *w = scratch->coefficients;
    axis->windows = (iso_resize_window *)((uint8_t *)scratch->coefficients + weights_size);
    axis->k = (int32_t *)((uint8_t *)axis->windows + windows_size);
    for (int64_t i = 0; i < out; i++) {
        axis->windows[i] = window_of(&kernel, in, i);
        weigh(&kernel, in, i, axis->most, w, &axis->windows[i], axis->k + i * axis->most);
    }
    return true;
}

/* Nearest is another routine: running sums of the step, rows and columns alike. */
static void resize_nearest(const iso_image_view *in, iso_image *out) {
    double step_x = (double)in->w / (double)out->w, step_y = (double)in->h / (double)out->h, y = step_y * 0.5;
    for (int64_t oy = 0; oy < out->h; oy++, y += step_y) {
        const uint8_t *row = in->pixels + iso_min64((int64_t)y, in->h - 1) * in->stride;
        uint8_t *to = iso_image_row(out, oy);
        double x = step_x * 0.5;
        for (int64_t ox = 0; ox < out->w; ox++, x += step_x)
            for (int c = 0; c < in->channels; c++)
                *to++ = row[iso_min64((int64_t)x, in->w - 1) * in->channels + c];
    }
}

static void copy(const iso_image_view *in, iso_image *out) {
    for (int64_t y = 0; y < in->h; y++)
        memcpy(iso_image_row(out, y), in->pixels + y * in->stride, (size_t)(in->w * in->channels));
}

static iso_image_view view_of(const iso_image *in, const iso_box *part) {
    iso_box whole = {0, 0, in->w, in->h};
    if (!part)
        part = &whole;
    return (iso_image_view){iso_image_row(in, part->y0) + part->x0 * in->channels, in->w * in->channels, part->x1 - part->x0,
                            part->y1 - part->y0, in->channels};
}

bool iso_image_resample(iso_image_scratch *scratch, const iso_image *in, const iso_box *part, int64_t w, int64_t h,
                        iso_interpolation filter, iso_image *out, iso_worker_error *error) {
    iso_context *ctx = scratch->ctx;
    iso_image_view from = view_of(in, part);
    bool wide = w != from.w, high = h != from.h;
    iso_resize_axis axis;
    if ((!wide && !high) || filter == ISO_NEAREST) {
        if (!iso_image_resize(ctx, out, w, h, in->channels, error))
            return false;
        if (wide || high)
            resize_nearest(&from, out);
        else
            copy(&from, out);
        return true;
    }
    if (wide) {
        iso_image *passed = high ? &scratch->passed : out;
        if (!prepare(scratch, from.w, w, filter, &axis, error) || !iso_image_resize(ctx, passed, w, from.h, in->channels, error))
            return false;
        iso_resize_horizontal(ctx->isa, &axis, &from, passed);
        from = view_of(passed, NULL);
    }
    if (high) {
        if (!prepare(scratch, from.h, h, filter, &axis, error) || !iso_image_resize(ctx, out, w, h, in->channels, error))
            return false;
        iso_resize_vertical(ctx->isa, &axis, &from, out);
    }
    return true;
}
