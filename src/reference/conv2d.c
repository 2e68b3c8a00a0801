/* Conv2d: https://pytorch.org/docs/stable/generated/torch.nn.Conv2d.html */
#include "ops/conv2d.h"

#include "reference/sums.h"

/* x[n][ih][iw][ci], weight[co][ci][kh][kw], y[n][oh][ow][co] */
static const float *pixel(const iso_conv2d_shape *s, const float *x, int64_t n, int64_t ih, int64_t iw) {
    return x + ((n * s->h + ih) * s->w + iw) * s->c;
}
static const float *out_pixel(const iso_conv2d_shape *s, const float *y, int64_t n, int64_t oh, int64_t ow) {
    return y + ((n * s->oh + oh) * s->ow + ow) * s->co;
}
static float tap(const iso_conv2d_shape *s, const float *weight, int64_t co, int64_t ci, int64_t kh, int64_t kw) {
    return weight[((co * (s->c / s->groups) + ci) * s->kh + kh) * s->kw + kw];
}

/* One output element before the bias. */
static float forward(const iso_conv2d_shape *s, const float *x, const float *weight, int64_t n, int64_t co, int64_t oh,
                     int64_t ow) {
    int64_t cg = s->c / s->groups, first = co / (s->co / s->groups) * cg;
    iso_panel_sum sum = iso_panel_sum_new(ISO_PANEL);
    for (int64_t kh = 0; kh < s->kh; kh++)
        for (int64_t kw = 0; kw < s->kw; kw++) {
            int64_t ih = oh * s->sh - s->ph + kh * s->dh, iw = ow * s->sw - s->pw + kw * s->dw;
            bool inside = ih >= 0 && ih < s->h && iw >= 0 && iw < s->w;
            for (int64_t ci = 0; ci < cg; ci++)
                if (inside)
                    iso_panel_product(&sum, pixel(s, x, n, ih, iw)[first + ci], tap(s, weight, co, ci, kh, kw));
                else
                    iso_panel_absent(&sum);
        }
    return iso_panel_total(&sum);
}

void iso_ref_conv2d(const iso_conv2d_shape *s, const float *x, const float *weight, const float *bias, float *y) {
    for (int64_t n = 0; n < s->n; n++)
        for (int64_t oh = 0; oh < s->oh; oh++)
            for (int64_t ow = 0; ow < s->ow; ow++)
                for (int64_t co = 0; co < s->co; co++) {
                    float sum = forward(s, x, weight, n, co, oh, ow);
                    *y++ = bias ? sum + bias[co] : sum;
                }
}

/* One element of dx: the taps that hit the stride grid, kh and kw descending, so that oh and ow ascend. */
static float backward_input(const iso_conv2d_shape *s, const float *dy, const float *weight, int64_t n, int64_t c, int64_t ih,
                            int64_t iw) {
    int64_t cg = s->c / s->groups, og = s->co / s->groups, group = c / cg;
    iso_panel_sum sum = iso_panel_sum_new(ISO_PANEL);
    for (int64_t kh = s->kh - 1; kh >= 0; kh--) {
        int64_t h = ih + s->ph - kh * s->dh;
        if (h % s->sh != 0)
            continue;
        for (int64_t kw = s->kw - 1; kw >= 0; kw--) {
            int64_t w = iw + s->pw - kw * s->dw;
            if (w % s->sw != 0)
                continue;
            bool inside = h >= 0 && h / s->sh < s->oh && w >= 0 && w / s->sw < s->ow;
            for (int64_t o = 0; o < og; o++)
                if (inside)
                    iso_panel_product(&sum, out_pixel(s, dy, n, h / s->sh, w / s->sw)[group * og + o],
                                      tap(s, weight, group * og + o, c % cg, kh, kw));
                else
                    iso_panel_absent(&sum);
        }
    }
    return iso_panel_total(&sum);
}

void iso_ref_conv2d_backward_input(const iso_conv2d_shape *s, const float *dy, const float *weight, float *dx) {
    for (int64_t n = 0; n < s->n; n++)
        for (int64_t ih = 0; ih < s->h; ih++)
            for (int64_t iw = 0; iw < s->w; iw++)
                for (int64_t c = 0; c < s->c; c++)
                    *dx++ = backward_input(s, dy, weight, n, c, ih, iw);
}

/* One element of dweight, from one sample: a panel is as few whole output rows as hold 256 pixels. */
static float backward_weight(const iso_conv2d_shape *s, const float *x, const float *dy, int64_t n, int64_t co, int64_t ci,
                             int64_t kh, int64_t kw) {
    int64_t first = co / (s->co / s->groups) * (s->c / s->groups);
    iso_panel_sum sum = iso_panel_sum_new(iso_ceil_div(ISO_PANEL, s->ow) * s->ow);
    for (int64_t oh = 0; oh < s->oh; oh++)
        for (int64_t ow = 0; ow < s->ow; ow++) {
            int64_t ih = oh * s->sh - s->ph + kh * s->dh, iw = ow * s->sw - s->pw + kw * s->dw;
            if (ih >= 0 && ih < s->h && iw >= 0 && iw < s->w)
                iso_panel_product(&sum, pixel(s, x, n, ih, iw)[first + ci], out_pixel(s, dy, n, oh, ow)[co]);
            else
                iso_panel_absent(&sum);
        }
    return iso_panel_total(&sum);
}

void iso_ref_conv2d_backward_weight(const iso_conv2d_shape *s, const float *x, const float *dy, float *dweight) {
    for (int64_t co = 0; co < s->co; co++)
        for (int64_t ci = 0; ci < s->c / s->groups; ci++)
            for (int64_t kh = 0; kh < s->kh; kh++)
                for (int64_t kw = 0; kw < s->kw; kw++) {
                    iso_tree tree = iso_tree_new();
                    for (int64_t n = 0; n < s->n; n++)
                        iso_tree_add(&tree, backward_weight(s, x, dy, n, co, ci, kh, kw));
                    *dweight++ = iso_tree_total(&tree);
                }
}

void iso_ref_conv2d_backward_bias(const iso_conv2d_shape *s, const float *dy, float *dbias) {
    for (int64_t co = 0; co < s->co; co++) {
        iso_tree tree = iso_tree_new();
        for (int64_t n = 0; n < s->n; n++) {
            iso_pixel_sum sum = iso_pixel_sum_new();
            for (int64_t oh = 0; oh < s->oh; oh++)
                for (int64_t ow = 0; ow < s->ow; ow++)
                    iso_pixel_sum_add(&sum, out_pixel(s, dy, n, oh, ow)[co]);
            iso_tree_add(&tree, iso_pixel_sum_total(&sum));
        }
        dbias[co] = iso_tree_total(&tree);
    }
}
