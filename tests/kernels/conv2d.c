#include "ops/conv2d.h"

#include <math.h>

#include "kernels/each.h"

static int64_t out_length(int64_t in, int64_t kernel, int64_t stride, int64_t padding, int64_t dilation) {
    int64_t span = in + 2 * padding - dilation * (kernel - 1) - 1;
    return span < 0 ? 0 : span / stride + 1;
}

static bool fits(iso_conv2d_shape *s) {
    s->oh = out_length(s->h, s->kh, s->sh, s->ph, s->dh);
    s->ow = out_length(s->w, s->kw, s->sw, s->pw, s->dw);
    return s->oh > 0 && s->ow > 0;
}

/* All four functions on one shape; `wild` puts infinities and NaNs among the operands. */
static void compare(each *it, const iso_conv2d_shape *s, bool wild) {
    int64_t nx = s->n * s->h * s->w * s->c, nw = s->co * (s->c / s->groups) * s->kh * s->kw, ny = s->n * s->oh * s->ow * s->co;
    float *x = random_floats(nx, false), *w = random_floats(nw, false), *bias = random_floats(s->co, false), *dy = random_floats(ny, false);
    if (wild) {
        w[iso_test_between(0, nw - 1)] = INFINITY;
        dy[iso_test_between(0, ny - 1)] = -INFINITY;
        x[iso_test_between(0, nx - 1)] = INFINITY;
    }
    float *y = floats(ny), *dx = floats(nx), *dw = floats(nw), *db = floats(s->co), *out = floats(nx + nw + ny + s->co);
    iso_ref_conv2d(s, x, w, bias, y);
    iso_ref_conv2d_backward_input(s, dy, w, dx);
    iso_ref_conv2d_backward_weight(s, x, dy, dw);
    iso_ref_conv2d_backward_bias(s, dy, db);
    /* The sign and payload of a NaN are nobody's: one NaN in digests. */
#define CANONICAL(a, count)                                                                                                 \
    for (int64_t i_ = 0; wild && i_ < (count); i_++)                                                                        \
        if ((a)[i_] != (a)[i_])                                                                                             \
            (a)[i_] = NAN;
    CANONICAL(y, ny) CANONICAL(dx, nx) CANONICAL(dw, nw) CANONICAL(db, s->co)
    for (it->next = 0; each_next(it);) {
        bool ok = true;
        each_scratch(it, iso_cpu_conv2d_scratch(&it->exec, s));
        iso_cpu_conv2d(&it->exec, s, x, w, bias, out);
        CANONICAL(out, ny)
        ok = iso_test_bits(y, out, ny, __FILE__, __LINE__) && ok;
        each_scratch(it, iso_cpu_conv2d_backward_input_scratch(&it->exec, s));
        memset(out, 0xff, sizeof *out * (size_t)nx);
        iso_cpu_conv2d_backward_input(&it->exec, s, dy, w, out);
        CANONICAL(out, nx)
        ok = iso_test_bits(dx, out, nx, __FILE__, __LINE__) && ok;
        each_scratch(it, iso_cpu_conv2d_backward_weight_scratch(&it->exec, s));
        iso_cpu_conv2d_backward_weight(&it->exec, s, x, dy, out);
        CANONICAL(out, nw)
        ok = iso_test_bits(dw, out, nw, __FILE__, __LINE__) && ok;
        each_scratch(it, iso_cpu_conv2d_backward_bias_scratch(&it->exec, s));
        iso_cpu_conv2d_backward_bias(&it->exec, s, dy, out);
        CANONICAL(out, s->co)
        ok = iso_test_bits(db, out, s->co, __FILE__, __LINE__) && ok;
        if (!ok)
            fprintf(stderr,
                    "  conv2d n %lld h %lld w %lld c %lld co %lld k %lldx%lld s %lldx%lld p %lldx%lld d %lldx%lld groups %lld, %s, %d threads\n",
                    (long long)s->n, (long long)s->h, (long long)s->w, (long long)s->c, (long long)s->co, (long long)s->kh,
                    (long long)s->kw, (long long)s->sh, (long long)s->sw, (long long)s->ph, (long long)s->pw, (long long)s->dh,
                    (long long)s->dw, (long long)s->groups, EACH_CONTEXT(*it));
    }
    float *all[] = {x, w, bias, dy, y, dx, dw, db, out};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
}

/* The shapes that people use, and those that break kernels. */
ISO_TEST(conv2d_equals_reference_on_chosen_shapes) {
    static const iso_conv2d_shape shapes[] = {
        {.n = 3, .h = 9, .w = 17, .c = 3, .co = 16, .kh = 3, .kw = 3, .sh = 1, .sw = 1, .ph = 1, .pw = 1, .dh = 1, .dw = 1, .groups = 1},
        {.n = 5, .h = 7, .w = 7, .c = 40, .co = 33, .kh = 1, .kw = 1, .sh = 1, .sw = 1, .ph = 0, .pw = 0, .dh = 1, .dw = 1, .groups = 1},
        {.n = 1, .h = 7, .w = 7, .c = 64, .co = 10, .kh = 3, .kw = 3, .sh = 1, .sw = 1, .ph = 1, .pw = 1, .dh = 1, .dw = 1, .groups = 1},
        {.n = 2, .h = 23, .w = 21, .c = 3, .co = 20, .kh = 7, .kw = 7, .sh = 2, .sw = 2, .ph = 3, .pw = 3, .dh = 1, .dw = 1, .groups = 1},
        {.n = 5, .h = 14, .w = 14, .c = 17, .co = 18, .kh = 1, .kw = 1, .sh = 2, .sw = 2, .ph = 0, .pw = 0, .dh = 1, .dw = 1, .groups = 1},
        {.n = 2, .h = 18, .w = 40, .c = 5, .co = 6, .kh = 3, .kw = 3, .sh = 1, .sw = 1, .ph = 1, .pw = 1, .dh = 1, .dw = 1, .groups = 1},
        {.n = 3, .h = 8, .w = 8, .c = 8, .co = 8, .kh = 3, .kw = 3, .sh = 1, .sw = 1, .ph = 1, .pw = 1, .dh = 1, .dw = 1, .groups = 8},
        {.n = 1, .h = 10, .w = 11, .c = 4, .co = 6, .kh = 3, .kw = 2, .sh = 3, .sw = 1, .ph = 2, .pw = 4, .dh = 2, .dw = 3, .groups = 2},
        {.n = 33, .h = 4, .w = 4, .c = 3, .co = 4, .kh = 2, .kw = 2, .sh = 1, .sw = 1, .ph = 0, .pw = 0, .dh = 1, .dw = 1, .groups = 1},
    };
    each it;
    CHECK(each_start(&it));
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        iso_conv2d_shape s = shapes[i];
        CHECK(fits(&s));
        compare(&it, &s, false);
    }
    each_end(&it);
}

ISO_TEST(conv2d_equals_reference) {
    each it;
    CHECK(each_start(&it));
    for (int i = 0; i < (iso_test_long() ? 3000 : 60);) {
        int64_t groups = iso_test_between(0, 3) ? 1 : iso_test_between(1, 4);
        iso_conv2d_shape s = {.n = iso_test_between(1, 6), .h = iso_test_between(1, 16), .w = iso_test_between(1, 20),
                              .c = groups * iso_test_between(1, 24), .co = groups * iso_test_between(1, 36),
                              .kh = iso_test_between(1, 4), .kw = iso_test_between(1, 4), .sh = iso_test_between(1, 3),
                              .sw = iso_test_between(1, 3), .ph = iso_test_between(0, 3), .pw = iso_test_between(0, 3),
                              .dh = iso_test_between(1, 2), .dw = iso_test_between(1, 2), .groups = groups};
        if (!fits(&s))
            continue;
        compare(&it, &s, i % 8 == 0);
        i++;
    }
    each_end(&it);
}
