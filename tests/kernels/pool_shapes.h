/* Random shapes of pooling, alone (pool2d.c) and behind a normalisation (batch_norm2d.c). */
#ifndef ISO_TESTS_KERNELS_POOL_SHAPES_H
#define ISO_TESTS_KERNELS_POOL_SHAPES_H

#include "kernels/cases.h"
#include "ops/pool2d.h"

/* Windows of one axis; ceil: a last window that begins inside counts although it ends outside. */
static inline int64_t pool_length(int64_t in, int64_t kernel, int64_t stride, int64_t padding, int64_t dilation, bool ceil) {
    int64_t span = in + 2 * padding - dilation * (kernel - 1) - 1;
    if (span < 0)
        return 0;
    int64_t out = (span + (ceil ? stride - 1 : 0)) / stride + 1;
    return ceil && (out - 1) * stride >= in + padding ? out - 1 : out;
}

/* An input of about `most` elements or fewer; some of the dilated windows see nothing but padding. */
static inline iso_pool2d_shape pool_shape(int64_t most, bool dilated) {
    iso_pool2d_shape s = {.dh = 1, .dw = 1};
    do {
        s.c = case_size(iso_min64(most, case_once_in(4) ? 140 : 40));
        s.h = case_size(iso_max64(iso_min64(most / s.c, 20), 1));
        s.w = case_size(iso_max64(iso_min64(most / s.c / s.h, 20), 1));
        s.n = case_size(iso_max64(iso_min64(most / s.c / s.h / s.w, 6), 1));
        s.kh = iso_test_between(1, 4);
        s.kw = iso_test_between(1, 4);
        s.sh = iso_test_between(1, 3);
        s.sw = iso_test_between(1, 3);
        s.ph = iso_test_between(0, s.kh / 2);
        s.pw = iso_test_between(0, s.kw / 2);
        if (dilated && case_once_in(3)) {
            s.dh = iso_test_between(1, 6);
            s.dw = iso_test_between(1, 6);
        }
        if (case_once_in(5)) { /* the usual windows, over whole vectors */
            s.kh = s.kw = s.sh = s.sw = 2;
            s.ph = s.pw = 0;
            s.dh = s.dw = 1;
            s.c = iso_max64(s.c / 16 * 16, 16);
        }
        bool ceil = case_once_in(4);
        s.oh = pool_length(s.h, s.kh, s.sh, s.ph, s.dh, ceil);
        s.ow = pool_length(s.w, s.kw, s.sw, s.pw, s.dw, ceil);
    } while (s.oh < 1 || s.ow < 1);
    return s;
}

static inline int64_t pool_inputs(const iso_pool2d_shape *s) {
    return s->n * s->h * s->w * s->c;
}
static inline int64_t pool_outputs(const iso_pool2d_shape *s) {
    return s->n * s->oh * s->ow * s->c;
}

#define POOL_FORMAT "h %lld w %lld to %lld x %lld, k %lldx%lld s %lldx%lld p %lldx%lld d %lldx%lld"
#define POOL_LIST(s)                                                                                                             \
    (long long)(s).h, (long long)(s).w, (long long)(s).oh, (long long)(s).ow, (long long)(s).kh, (long long)(s).kw,              \
        (long long)(s).sh, (long long)(s).sw, (long long)(s).ph, (long long)(s).pw, (long long)(s).dh, (long long)(s).dw

#endif
