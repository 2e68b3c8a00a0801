#include "ops/conv2d.h"

#include "near.h"
#include "ops/gemm.h"

static iso_conv2d_shape some_shape(void) {
    for (;;) {
        iso_conv2d_shape s = {.n = iso_test_between(1, 5),
                              .h = iso_test_between(1, 12),
                              .w = iso_test_between(1, 12),
                              .kh = iso_test_between(1, 4),
                              .kw = iso_test_between(1, 4),
                              .sh = iso_test_between(1, 3),
                              .sw = iso_test_between(1, 3),
                              .ph = iso_test_between(0, 3),
                              .pw = iso_test_between(0, 3),
                              .dh = iso_test_between(1, 2),
                              .dw = iso_test_between(1, 2),
                              .groups = iso_test_between(1, 2)};
        s.c = s.groups * iso_test_between(1, 40);
        s.co = s.groups * iso_test_between(1, 5);
        int64_t h = s.h + 2 * s.ph - s.dh * (s.kh - 1) - 1, w = s.w + 2 * s.pw - s.dw * (s.kw - 1) - 1;
        if (h < 0 || w < 0)
            continue;
        s.oh = h / s.sh + 1;
        s.ow = w / s.sw + 1;
        return s;
    }
}

/* One that is defined by Winograd's tiles, both ways. */
static iso_conv2d_shape winograd_shape(void) {
    iso_conv2d_shape s = {.n = 1,
                          .h = iso_test_between(5, 8),
                          .w = iso_test_between(5, 8),
                          .c = iso_test_between(64, 90),
                          .co = iso_test_between(64, 90),
                          .kh = 3,
                          .kw = 3,
                          .sh = 1,
                          .sw = 1,
                          .ph = iso_test_between(1, 2),
                          .pw = iso_test_between(1, 2),
                          .dh = 1,
                          .dw = 1,
                          .groups = 1};
    s.oh = s.h + 2 * s.ph - 2;
    s.ow = s.w + 2 * s.pw - 2;
    return s;
}

struct sizes {
    int64_t x, w, y;
};
static struct sizes sizes_of(const iso_conv2d_shape *s) {
    return (struct sizes){s->n * s->h * s->w * s->c, s->co * (s->c / s->groups) * s->kh * s->kw, s->n * s->oh * s->ow * s->co};
}

/* All four at once: every product of the convolution is scattered to y, dx and dw. */
ISO_TEST(conv2d_is_near_binary64) {
    for (int round = 0; round < 60; round++) {
        iso_conv2d_shape s = some_shape();
        struct sizes z = sizes_of(&s);
        float *x = tame(z.x), *w = tame(z.w), *bias = tame(s.co), *dy = tame(z.y);
        float *y = tame(z.y), *dx = tame(z.x), *dw = tame(z.w), *db = tame(s.co);
        exact *ey = zeroed(z.y, sizeof *ey), *edx = zeroed(z.x, sizeof *edx), *edw = zeroed(z.w, sizeof *edw),
              *edb = zeroed(s.co, sizeof *edb);
        int64_t cg = s.c / s.groups, og = s.co / s.groups;
        for (int64_t out = 0; out < z.y; out++) {
            int64_t co = out % s.co, ow = out / s.co % s.ow, oh = out / s.co / s.ow % s.oh, n = out / s.co / s.ow / s.oh;
            exact_add(&ey[out], (double)bias[co]);
            exact_add(&edb[co], (double)dy[out]);
            for (int64_t t = 0; t < cg * s.kh * s.kw; t++) {
                int64_t kw = t % s.kw, kh = t / s.kw % s.kh, ci = t / s.kw / s.kh;
                int64_t ih = oh * s.sh + kh * s.dh - s.ph, iw = ow * s.sw + kw * s.dw - s.pw;
                if (ih < 0 || iw < 0 || ih >= s.h || iw >= s.w)
                    continue;
                int64_t in = ((n * s.h + ih) * s.w + iw) * s.c + co / og * cg + ci, weight = co * cg * s.kh * s.kw + t;
                exact_add(&ey[out], (double)x[in] * (double)w[weight]);
                exact_add(&edx[in], (double)dy[out] * (double)w[weight]);
                exact_add(&edw[weight], (double)dy[out] * (double)x[in]);
            }
        }
        iso_ref_conv2d(&s, x, w, bias, y);
        iso_ref_conv2d_backward_input(&s, dy, w, dx);
        iso_ref_conv2d_backward_weight(&s, x, dy, dw);
        iso_ref_conv2d_backward_bias(&s, dy, db);
        for (int64_t i = 0; i < z.y; i++)
            CHECK_NEAR(y[i], ey[i].sum, ey[i].magnitude, cg * s.kh * s.kw + 2);
        for (int64_t i = 0; i < z.x; i++)
            CHECK_NEAR(dx[i], edx[i].sum, edx[i].magnitude, og * s.kh * s.kw + 2);
        for (int64_t i = 0; i < z.w; i++)
            CHECK_NEAR(dw[i], edw[i].sum, edw[i].magnitude, s.oh * s.ow + 4);
        for (int64_t i = 0; i < s.co; i++)
            CHECK_NEAR(db[i], edb[i].sum, edb[i].magnitude, s.oh * s.ow / 8 + 1 + 3 + 3);
        FREE_ALL(x, w, bias, dy, y, dx, dw, db, ey, edx, edw, edb);
    }
}

/* What the transforms add up to in absolute values, which bounds the error: down the columns, then along the rows. */
static void magnitude_of_taps(const double g[9], double u[16]) {
    double t[12];
    for (int k = 0; k < 3; k++)
        t[k] = g[k], t[3 + k] = t[6 + k] = (g[k] + g[3 + k] + g[6 + k]) / 2, t[9 + k] = g[6 + k];
    for (int i = 0; i < 4; i++)
        u[4 * i] = t[3 * i], u[4 * i + 1] = u[4 * i + 2] = (t[3 * i] + t[3 * i + 1] + t[3 * i + 2]) / 2,
              u[4 * i + 3] = t[3 * i + 2];
}
static void magnitude_of_pixels(const double d[16], double v[16]) {
    static const int pair[4][2] = {{0, 2}, {1, 2}, {1, 2}, {1, 3}};
    for (int i = 0; i < 4; i++)
        for (int k = 0; k < 4; k++)
            v[4 * i + k] = d[4 * pair[i][0] + pair[k][0]] + d[4 * pair[i][0] + pair[k][1]] + d[4 * pair[i][1] + pair[k][0]] +
                           d[4 * pair[i][1] + pair[k][1]];
}

/* A pixel goes through 4 roundings, a tap through 6, a product through c and those of its panels, a sum through 4. */
ISO_TEST(conv2d_by_tiles_is_near_binary64) {
    for (int round = 0; round < 6; round++) {
        iso_conv2d_shape s = winograd_shape();
        struct sizes z = sizes_of(&s);
        float *x = tame(z.x), *w = tame(z.w), *y = tame(z.y);
        CHECK(iso_conv2d_is_winograd(&s, false) && iso_conv2d_is_winograd(&s, true));
        iso_ref_conv2d(&s, x, w, NULL, y);
        for (int64_t out = 0; out < z.y; out++) {
            int64_t co = out % s.co, ow = out / s.co % s.ow, oh = out / s.co / s.ow, top = oh / 2 * 2 - s.ph,
                    left = ow / 2 * 2 - s.pw;
            exact e = {0, 0};
            double m[16] = {0}, magnitude = 0;
            for (int64_t c = 0; c < s.c; c++) {
                double d[16], g[9], u[16], v[16];
                for (int i = 0; i < 16; i++) {
                    int64_t h = top + i / 4, l = left + i % 4;
                    d[i] = h < 0 || l < 0 || h >= s.h || l >= s.w ? 0 : fabs((double)x[(h * s.w + l) * s.c + c]);
                }
                for (int t = 0; t < 9; t++) {
                    int64_t h = oh - s.ph + t / 3, l = ow - s.pw + t % 3;
                    double weight = (double)w[(co * s.c + c) * 9 + t];
                    g[t] = fabs(weight);
                    if (h >= 0 && l >= 0 && h < s.h && l < s.w)
                        exact_add(&e, (double)x[(h * s.w + l) * s.c + c] * weight);
                }
                magnitude_of_pixels(d, v);
                magnitude_of_taps(g, u);
                for (int i = 0; i < 16; i++)
                    m[i] += u[i] * v[i];
            }
            for (int i = 0; i < 9; i++) /* each output is made of three by three of them */
                magnitude += m[4 * (oh % 2 + i / 3) + ow % 2 + i % 3];
            CHECK_NEAR(y[out], e.sum, magnitude, 4 + 6 + s.c + 2 + 4);
        }
        FREE_ALL(x, w, y);
    }
}

/* The flattened index (kh, kw, ci) and its panels: im2col, padding written as zeros, and a matrix product give the same bits. */
ISO_TEST(conv2d_is_im2col_and_gemm) {
    for (int round = 0; round < 40; round++) {
        iso_conv2d_shape s = some_shape();
        s.groups = 1;
        struct sizes z = sizes_of(&s);
        int64_t rows = s.n * s.oh * s.ow, k = s.kh * s.kw * s.c;
        float *x = tame(z.x), *w = tame(z.w), *y = tame(z.y), *columns = zeroed(rows * k, sizeof *columns), *turned = tame(z.w),
              *expected = tame(z.y);
        for (int64_t i = 0; i < rows * k; i++) {
            int64_t c = i % s.c, kw = i / s.c % s.kw, kh = i / s.c / s.kw % s.kh, row = i / k;
            int64_t ih = row / s.ow % s.oh * s.sh - s.ph + kh * s.dh, iw = row % s.ow * s.sw - s.pw + kw * s.dw;
            if (ih >= 0 && iw >= 0 && ih < s.h && iw < s.w)
                columns[i] = x[((row / s.ow / s.oh * s.h + ih) * s.w + iw) * s.c + c];
        }
        for (int64_t i = 0; i < k * s.co; i++) { /* [co][ci][kh][kw] -> [kh][kw][ci][co] */
            int64_t co = i % s.co, c = i / s.co % s.c, tap = i / s.co / s.c;
            turned[i] = w[(co * s.c + c) * s.kh * s.kw + tap];
        }
        iso_ref_gemm(&(iso_gemm_shape){rows, s.co, k, k, 1, s.co, 1, s.co}, columns, turned, expected);
        iso_ref_conv2d(&s, x, w, NULL, y);
        CHECK_BITS(expected, y, z.y);
        FREE_ALL(x, w, y, columns, turned, expected);
    }
}

/* With stride 1 the gradient of the input is the convolution of dy with the weight turned round, bit for bit. */
ISO_TEST(conv2d_backward_input_is_a_convolution) {
    for (int round = 0; round < 40; round++) {
        iso_conv2d_shape s = round % 10 ? some_shape() : winograd_shape();
        s.sh = s.sw = s.groups = 1;
        s.ph = iso_min64(s.ph, s.dh * (s.kh - 1));
        s.pw = iso_min64(s.pw, s.dw * (s.kw - 1));
        s.oh = s.h + 2 * s.ph - s.dh * (s.kh - 1);
        s.ow = s.w + 2 * s.pw - s.dw * (s.kw - 1);
        if (s.oh < 1 || s.ow < 1)
            continue;
        iso_conv2d_shape back = {.n = s.n,
                                 .h = s.oh,
                                 .w = s.ow,
                                 .c = s.co,
                                 .co = s.c,
                                 .oh = s.h,
                                 .ow = s.w,
                                 .kh = s.kh,
                                 .kw = s.kw,
                                 .sh = 1,
                                 .sw = 1,
                                 .ph = s.dh * (s.kh - 1) - s.ph,
                                 .pw = s.dw * (s.kw - 1) - s.pw,
                                 .dh = s.dh,
                                 .dw = s.dw,
                                 .groups = 1};
        struct sizes z = sizes_of(&s);
        float *dy = tame(z.y), *w = tame(z.w), *turned = tame(z.w), *dx = tame(z.x), *expected = tame(z.x);
        for (int64_t co = 0; co < s.co; co++)
            for (int64_t c = 0; c < s.c; c++)
                for (int64_t t = 0; t < s.kh * s.kw; t++)
                    turned[(c * s.co + co) * s.kh * s.kw + t] = w[(co * s.c + c) * s.kh * s.kw + s.kh * s.kw - 1 - t];
        iso_ref_conv2d(&back, dy, turned, NULL, expected);
        iso_ref_conv2d_backward_input(&s, dy, w, dx);
        CHECK_BITS(expected, dx, z.x);
        FREE_ALL(dy, w, turned, dx, expected);
    }
}

/* One group after another, each a convolution of its own. */
ISO_TEST(conv2d_groups_are_convolutions_of_their_own) {
    iso_conv2d_shape s = {.n = 2,
                          .h = 5,
                          .w = 6,
                          .c = 6,
                          .co = 4,
                          .oh = 5,
                          .ow = 6,
                          .kh = 3,
                          .kw = 3,
                          .sh = 1,
                          .sw = 1,
                          .ph = 1,
                          .pw = 1,
                          .dh = 1,
                          .dw = 1,
                          .groups = 2},
                     one = s;
    one.groups = 1;
    one.c = 3;
    one.co = 2;
    struct sizes z = sizes_of(&s), half = sizes_of(&one);
    float *x = tame(z.x), *w = tame(z.w), *y = tame(z.y), *x_half = tame(half.x), *y_half = tame(half.y);
    iso_ref_conv2d(&s, x, w, NULL, y);
    for (int g = 0; g < 2; g++) {
        for (int64_t i = 0; i < half.x; i++)
            x_half[i] = x[i / 3 * 6 + g * 3 + i % 3];
        iso_ref_conv2d(&one, x_half, w + g * half.w, NULL, y_half);
        for (int64_t i = 0; i < half.y; i++)
            CHECK_BITS(&y_half[i], &y[i / 2 * 4 + g * 2 + i % 2], 1);
    }
    FREE_ALL(x, w, y, x_half, y_half);
}

/* The gradient of the weight: whole output rows, as few as hold 256 pixels, are a panel; samples meet in the tree. */
ISO_TEST(conv2d_backward_weight_has_panels_of_rows) {
    iso_conv2d_shape s = {.n = 3,
                          .h = 40,
                          .w = 37,
                          .c = 1,
                          .co = 1,
                          .oh = 40,
                          .ow = 37,
                          .kh = 1,
                          .kw = 1,
                          .sh = 1,
                          .sw = 1,
                          .dh = 1,
                          .dw = 1,
                          .groups = 1};
    int64_t pixels = 40 * 37;
    for (int round = 0; round < 10; round++) { /* sums of other panels are sometimes equal */
        float *x = tame(3 * pixels), *dy = tame(3 * pixels), leaf[3], dw;
        for (int n = 0; n < 3; n++) {
            leaf[n] = 0;
            for (int first = 0; first < 40; first += 7) { /* 7 rows of 37 are 259 pixels, 6 would be 222 */
                float p = 0;
                for (int i = first * 37; i < iso_min64(first + 7, 40) * 37; i++)
                    p = fmaf(x[n * pixels + i], dy[n * pixels + i], p);
                leaf[n] += p;
            }
        }
        float expected = (leaf[0] + leaf[1]) + leaf[2];
        iso_ref_conv2d_backward_weight(&s, x, dy, &dw);
        CHECK_BITS(&expected, &dw, 1);
        FREE_ALL(x, dy);
    }
}
