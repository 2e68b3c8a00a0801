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

/* ---- Winograd's F(2 x 2, 3 x 3): https://arxiv.org/abs/1509.09308 ---- */

/* Three taps become four, four pixels four, and four sums two: first down the columns, then along the rows. */
static void transform_taps(float a, float b, float c, float *to, int64_t step) {
    float ends = a + c;
    to[0] = a;
    to[step] = (ends + b) * 0.5f;
    to[2 * step] = (ends - b) * 0.5f;
    to[3 * step] = c;
}
static void transform_pixels(const float *from, int64_t step, float *to) {
    float a = from[0], b = from[step], c = from[2 * step], d = from[3 * step];
    to[0] = a - c;
    to[step] = b + c;
    to[2 * step] = c - b;
    to[3 * step] = b - d;
}
static void transform_sums(const float *from, int64_t step, float *to, int64_t to_step) {
    float a = from[0], b = from[step], c = from[2 * step], d = from[3 * step];
    to[0] = (a + b) + c;
    to[to_step] = (b - c) - d;
}

/* The forward walk, or that of the gradient of the input: the same with dy for x and the weights turned by half a turn. */
struct tiles {
    const iso_conv2d_shape *s;
    bool backward;
    const float *source, *weight;
    int64_t h, w, c, ph, pw; /* of the source */
    int64_t oh, ow, co;      /* of the target */
};

static float tile_weight(const struct tiles *t, int64_t co, int64_t ci, int64_t kh, int64_t kw) {
    return t->backward ? tap(t->s, t->weight, ci, co, 2 - kh, 2 - kw) : tap(t->s, t->weight, co, ci, kh, kw);
}

/* Four outputs of one channel, before the bias: rows oh, oh + 1, columns ow, ow + 1. */
static void winograd_tile(const struct tiles *t, int64_t n, int64_t co, int64_t oh, int64_t ow, float y[4]) {
    iso_panel_sum sums[16];
    for (int i = 0; i < 16; i++)
        sums[i] = iso_panel_sum_new(ISO_PANEL);
    for (int64_t ci = 0; ci < t->c; ci++) {
        float d[16], e[16], v[16], g[12], u[16];
        for (int i = 0; i < 4; i++)
            for (int k = 0; k < 4; k++) {
                int64_t ih = oh - t->ph + i, iw = ow - t->pw + k;
                bool inside = ih >= 0 && ih < t->h && iw >= 0 && iw < t->w;
                d[4 * i + k] = inside ? t->source[((n * t->h + ih) * t->w + iw) * t->c + ci] : 0;
            }
        for (int k = 0; k < 4; k++)
            transform_pixels(d + k, 4, e + k);
        for (int i = 0; i < 4; i++)
            transform_pixels(e + 4 * i, 1, v + 4 * i);
        for (int k = 0; k < 3; k++)
            transform_taps(tile_weight(t, co, ci, 0, k), tile_weight(t, co, ci, 1, k), tile_weight(t, co, ci, 2, k), g + k, 3);
        for (int i = 0; i < 4; i++)
            transform_taps(g[3 * i], g[3 * i + 1], g[3 * i + 2], u + 4 * i, 1);
        for (int i = 0; i < 16; i++)
            iso_panel_product(&sums[i], v[i], u[i]);
    }
    float m[16], a[8];
    for (int i = 0; i < 16; i++)
        m[i] = iso_panel_total(&sums[i]);
    for (int k = 0; k < 4; k++)
        transform_sums(m + k, 4, a + k, 4);
    for (int i = 0; i < 2; i++)
        transform_sums(a + 4 * i, 1, y + 2 * i, 1);
}

static void winograd(const struct tiles *t, int64_t samples, const float *bias, float *target) {
    for (int64_t n = 0; n < samples; n++)
        for (int64_t oh = 0; oh < t->oh; oh += 2)
            for (int64_t ow = 0; ow < t->ow; ow += 2)
                for (int64_t co = 0; co < t->co; co++) {
                    float y[4];
                    winograd_tile(t, n, co, oh, ow, y);
                    for (int i = 0; i < 4; i++)
                        if (oh + i / 2 < t->oh && ow + i % 2 < t->ow)
                            target[((n * t->oh + oh + i / 2) * t->ow + ow + i % 2) * t->co + co] = bias ? y[i] + bias[co] : y[i];
                }
}

/* ---- Both definitions ---- */

void iso_ref_conv2d(const iso_conv2d_shape *s, const float *x, const float *weight, const float *bias, float *y) {
    if (iso_conv2d_is_winograd(s, false)) {
        winograd(&(struct tiles){s, false, x, weight, s->h, s->w, s->c, s->ph, s->pw, s->oh, s->ow, s->co}, s->n, bias, y);
        return;
    }
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
    if (iso_conv2d_is_winograd(s, true)) {
        winograd(&(struct tiles){s, true, dy, weight, s->oh, s->ow, s->co, 2 - s->ph, 2 - s->pw, s->h, s->w, s->c}, s->n, NULL,
                 dx);
        return;
    }
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
