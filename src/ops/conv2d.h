/* conv2d: docs/contract.md#conv2d.
 * Activations are NHWC; weights and their gradients are PyTorch's [co][c / groups][kh][kw]. */
#ifndef ISO_OPS_CONV2D_H
#define ISO_OPS_CONV2D_H

#include "ops/exec.h"

typedef struct iso_conv2d_shape {
    int64_t n, h, w, c;             /* input: n x h x w x c */
    int64_t co, oh, ow;             /* output: n x oh x ow x co */
    int64_t kh, kw;                 /* kernel */
    int64_t sh, sw, ph, pw, dh, dw; /* stride, padding, dilation */
    int64_t groups;
} iso_conv2d_shape;

/* Is this one of the convolutions that the contract defines by Winograd's tiles, and not as a sum over taps? `backward`: the
 * gradient of the input, which is decided by itself. */
static inline bool iso_conv2d_is_winograd(const iso_conv2d_shape *s, bool backward) {
    return s->kh == 3 && s->kw == 3 && s->sh == 1 && s->sw == 1 && s->dh == 1 && s->dw == 1 && s->groups == 1 && s->ph <= 2 &&
           s->pw <= 2 && s->c >= 64 && s->co >= 64 && (backward ? s->h : s->oh) >= 4 && (backward ? s->w : s->ow) >= 4;
}

/* bias may be NULL. */
void iso_ref_conv2d(const iso_conv2d_shape *s, const float *x, const float *weight, const float *bias, float *y);
void iso_ref_conv2d_backward_input(const iso_conv2d_shape *s, const float *dy, const float *weight, float *dx);
void iso_ref_conv2d_backward_weight(const iso_conv2d_shape *s, const float *x, const float *dy, float *dweight);
void iso_ref_conv2d_backward_bias(const iso_conv2d_shape *s, const float *dy, float *dbias);

/* The same bits, fast. x->scratch must hold what the matching *_scratch function says, in bytes. */
void iso_cpu_conv2d(const iso_exec *e, const iso_conv2d_shape *s, const float *x, const float *weight, const float *bias,
                    float *y);
void iso_cpu_conv2d_backward_input(const iso_exec *e, const iso_conv2d_shape *s, const float *dy, const float *weight, float *dx);
void iso_cpu_conv2d_backward_weight(const iso_exec *e, const iso_conv2d_shape *s, const float *x, const float *dy,
                                    float *dweight);
void iso_cpu_conv2d_backward_bias(const iso_exec *e, const iso_conv2d_shape *s, const float *dy, float *dbias);
size_t iso_cpu_conv2d_scratch(const iso_exec *e, const iso_conv2d_shape *s);
size_t iso_cpu_conv2d_backward_input_scratch(const iso_exec *e, const iso_conv2d_shape *s);
size_t iso_cpu_conv2d_backward_weight_scratch(const iso_exec *e, const iso_conv2d_shape *s);
size_t iso_cpu_conv2d_backward_bias_scratch(const iso_exec *e, const iso_conv2d_shape *s);

#endif
