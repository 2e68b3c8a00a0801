/* docs/contract.md#max_pool2d, docs/contract.md#avg_pool2d (adaptive_avg_pool2d too). Activations are NHWC. */
#ifndef ISO_OPS_POOL2D_H
#define ISO_OPS_POOL2D_H

#include "ops/exec.h"

typedef struct iso_pool2d_shape {
    int64_t n, h, w, c; /* input */
    int64_t oh, ow;     /* output: n x oh x ow x c */
    int64_t kh, kw, sh, sw, ph, pw;
    int64_t dh, dw;           /* max pooling only */
    bool count_include_pad;   /* average pooling only */
    int64_t divisor_override; /* average pooling only; 0: none */
} iso_pool2d_shape;

/* The taps of an average window that lie inside the image, h0 <= ih < h1 and w0 <= iw < w1, and what their sum is divided by. */
typedef struct iso_window {
    int64_t h0, h1, w0, w1;
    float divisor;
} iso_window;

static inline iso_window iso_avg_window(const iso_pool2d_shape *s, int64_t oh, int64_t ow) {
    int64_t h0 = oh * s->sh - s->ph, w0 = ow * s->sw - s->pw;
    int64_t h1 = iso_min64(h0 + s->kh, s->h + s->ph), w1 = iso_min64(w0 + s->kw, s->w + s->pw);
    int64_t padded = (h1 - h0) * (w1 - w0);
    iso_window v = {iso_max64(h0, 0), iso_min64(h1, s->h), iso_max64(w0, 0), iso_min64(w1, s->w), 0};
    int64_t inside = (v.h1 - v.h0) * (v.w1 - v.w0);
    v.divisor = (float)(s->divisor_override ? s->divisor_override : s->count_include_pad ? padded : inside);
    return v;
}

static inline iso_window iso_adaptive_avg_window(const iso_pool2d_shape *s, int64_t oh, int64_t ow) {
    iso_window v = {oh * s->h / s->oh, iso_ceil_div((oh + 1) * s->h, s->oh), ow * s->w / s->ow,
                    iso_ceil_div((ow + 1) * s->w, s->ow), 0};
    v.divisor = (float)((v.h1 - v.h0) * (v.w1 - v.w0));
    return v;
}

/* Windows of adaptive pooling with more elements are summed by the pixel sum. */
#define ISO_LONG_WINDOW 64

/* index: n x oh x ow x c, the winner's ih * w + iw, or -1 where no tap of the window lies inside the image (y is -inf there). */
void iso_ref_max_pool2d(const iso_pool2d_shape *s, const float *x, float *y, int32_t *index);
void iso_ref_max_pool2d_backward(const iso_pool2d_shape *s, const float *dy, const int32_t *index, float *dx);
void iso_ref_avg_pool2d(const iso_pool2d_shape *s, const float *x, float *y);
void iso_ref_avg_pool2d_backward(const iso_pool2d_shape *s, const float *dy, float *dx);
/* Uses n, h, w, c, oh, ow only. */
void iso_ref_adaptive_avg_pool2d(const iso_pool2d_shape *s, const float *x, float *y);
void iso_ref_adaptive_avg_pool2d_backward(const iso_pool2d_shape *s, const float *dy, float *dx);

void iso_cpu_max_pool2d(const iso_exec *e, const iso_pool2d_shape *s, const float *x, float *y, int32_t *index);
void iso_cpu_max_pool2d_backward(const iso_exec *e, const iso_pool2d_shape *s, const float *dy, const int32_t *index, float *dx);
void iso_cpu_avg_pool2d(const iso_exec *e, const iso_pool2d_shape *s, const float *x, float *y);
void iso_cpu_avg_pool2d_backward(const iso_exec *e, const iso_pool2d_shape *s, const float *dy, float *dx);
void iso_cpu_adaptive_avg_pool2d(const iso_exec *e, const iso_pool2d_shape *s, const float *x, float *y);
void iso_cpu_adaptive_avg_pool2d_backward(const iso_exec *e, const iso_pool2d_shape *s, const float *dy, float *dx);

#endif
