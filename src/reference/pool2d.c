/* MaxPool2d, AvgPool2d, AdaptiveAvgPool2d: https://pytorch.org/docs/stable/generated/torch.nn.MaxPool2d.html,
 * torch.nn.AvgPool2d.html, torch.nn.AdaptiveAvgPool2d.html */
#include "ops/pool2d.h"

#include <math.h>
#include <string.h>

#include "reference/sums.h"

/* x[n][ih][iw][c], y[n][oh][ow][c] */
static int64_t at(int64_t n, int64_t h, int64_t w, int64_t c, int64_t height, int64_t width, int64_t channels) {
    return ((n * height + h) * width + w) * channels + c;
}

/* ---- Max ---- */

static void max_window(const iso_pool2d_shape *s, const float *x, int64_t n, int64_t oh, int64_t ow, int64_t c, float *y,
                       int32_t *index) {
    *y = -INFINITY;
    *index = -1;
    for (int64_t kh = 0; kh < s->kh; kh++)
        for (int64_t kw = 0; kw < s->kw; kw++) {
            int64_t ih = oh * s->sh - s->ph + kh * s->dh, iw = ow * s->sw - s->pw + kw * s->dw;
            if (ih < 0 || ih >= s->h || iw < 0 || iw >= s->w)
                continue;
            float value = x[at(n, ih, iw, c, s->h, s->w, s->c)];
            if (*index < 0 || value > *y || (value != value && *y == *y)) {
                *y = value;
                *index = (int32_t)(ih * s->w + iw);
            }
        }
}

void iso_ref_max_pool2d(const iso_pool2d_shape *s, const float *x, float *y, int32_t *index) {
    for (int64_t n = 0; n < s->n; n++)
        for (int64_t oh = 0; oh < s->oh; oh++)
            for (int64_t ow = 0; ow < s->ow; ow++)
                for (int64_t c = 0; c < s->c; c++)
                    max_window(s, x, n, oh, ow, c, y++, index++);
}

void iso_ref_max_pool2d_backward(const iso_pool2d_shape *s, const float *dy, const int32_t *index, float *dx) {
    memset(dx, 0, sizeof *dx * (size_t)(s->n * s->h * s->w * s->c));
    for (int64_t n = 0; n < s->n; n++)
        for (int64_t oh = 0; oh < s->oh; oh++)
            for (int64_t ow = 0; ow < s->ow; ow++)
                for (int64_t c = 0; c < s->c; c++, index++, dy++) {
                    if (*index < 0)
                        continue;
                    float *to = &dx[at(n, 0, *index, c, s->h, s->w, s->c)];
                    *to = *to + *dy;
                }
}

/* ---- Average ---- */

typedef iso_window window_of(const iso_pool2d_shape *s, int64_t oh, int64_t ow);

static float average(const iso_pool2d_shape *s, const iso_window *v, const float *x, int64_t n, int64_t c, bool long_windows) {
    bool chains = long_windows && (v->h1 - v->h0) * (v->w1 - v->w0) > ISO_LONG_WINDOW;
    iso_pixel_sum pixels = iso_pixel_sum_new();
    float sum = 0;
    for (int64_t h = v->h0; h < v->h1; h++)
        for (int64_t w = v->w0; w < v->w1; w++) {
            float value = x[at(n, h, w, c, s->h, s->w, s->c)];
            if (chains)
                iso_pixel_sum_add(&pixels, value);
            else
                sum = sum + value;
        }
    return (chains ? iso_pixel_sum_total(&pixels) : sum) / v->divisor;
}

static void forward(const iso_pool2d_shape *s, window_of *window, bool long_windows, const float *x, float *y) {
    for (int64_t n = 0; n < s->n; n++)
        for (int64_t oh = 0; oh < s->oh; oh++)
            for (int64_t ow = 0; ow < s->ow; ow++) {
                iso_window v = window(s, oh, ow);
                for (int64_t c = 0; c < s->c; c++)
                    *y++ = average(s, &v, x, n, c, long_windows);
            }
}

static void backward(const iso_pool2d_shape *s, window_of *window, const float *dy, float *dx) {
    memset(dx, 0, sizeof *dx * (size_t)(s->n * s->h * s->w * s->c));
    for (int64_t n = 0; n < s->n; n++)
        for (int64_t oh = 0; oh < s->oh; oh++)
            for (int64_t ow = 0; ow < s->ow; ow++) {
                iso_window v = window(s, oh, ow);
                for (int64_t c = 0; c < s->c; c++) {
                    float share = *dy++ / v.divisor;
                    for (int64_t h = v.h0; h < v.h1; h++)
                        for (int64_t w = v.w0; w < v.w1; w++) {
                            float *to = &dx[at(n, h, w, c, s->h, s->w, s->c)];
                            *to = *to + share;
                        }
                }
            }
}

void iso_ref_avg_pool2d(const iso_pool2d_shape *s, const float *x, float *y) {
    forward(s, iso_avg_window, false, x, y);
}
void iso_ref_avg_pool2d_backward(const iso_pool2d_shape *s, const float *dy, float *dx) {
    backward(s, iso_avg_window, dy, dx);
}
void iso_ref_adaptive_avg_pool2d(const iso_pool2d_shape *s, const float *x, float *y) {
    forward(s, iso_adaptive_avg_window, true, x, y);
}
void iso_ref_adaptive_avg_pool2d_backward(const iso_pool2d_shape *s, const float *dy, float *dx) {
    backward(s, iso_adaptive_avg_window, dy, dx);
}
