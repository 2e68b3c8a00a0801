/* max_pool2d, avg_pool2d, adaptive_avg_pool2d: docs/contract.md. Activations are NHWC. */
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

/* index: n x oh x ow x c, the winner's ih * w + iw, or -1 where no tap of the window lies inside the image (y is -inf there). */
void iso_ref_max_pool2d(const iso_pool2d_shape *s, const float *x, float *y, int32_t *index);
void iso_ref_max_pool2d_backward(const iso_pool2d_shape *s, const float *dy, const int32_t *index, float *dx);
void iso_ref_avg_pool2d(const iso_pool2d_shape *s, const float *x, float *y);
void iso_ref_avg_pool2d_backward(const iso_pool2d_shape *s, const float *dy, float *dx);
/* Uses n, h, w, c, oh, ow only. */
void iso_ref_adaptive_avg_pool2d(const iso_pool2d_shape *s, const float *x, float *y);
void iso_ref_adaptive_avg_pool2d_backward(const iso_pool2d_shape *s, const float *dy, float *dx);

void iso_cpu_max_pool2d(const iso_exec *e, const iso_pool2d_shape *s, const float *x, float *y, int32_t *index);
void iso_cpu_max_pool2d_backward(const iso_exec *e, const iso_pool2d_shape *s, const float *dy, const int32_t *index,
                                 float *dx);
void iso_cpu_avg_pool2d(const iso_exec *e, const iso_pool2d_shape *s, const float *x, float *y);
void iso_cpu_avg_pool2d_backward(const iso_exec *e, const iso_pool2d_shape *s, const float *dy, float *dx);
void iso_cpu_adaptive_avg_pool2d(const iso_exec *e, const iso_pool2d_shape *s, const float *x, float *y);
void iso_cpu_adaptive_avg_pool2d_backward(const iso_exec *e, const iso_pool2d_shape *s, const float *dy, float *dx);

#endif
