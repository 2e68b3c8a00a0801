#include "ops/pool2d.h"

#include "near.h"

/* One channel, one image, windows of the whole of it. */
static float max_of(const float *x, int64_t count, int32_t *index) {
    float y;
    iso_ref_max_pool2d(
        &(iso_pool2d_shape){
            .n = 1, .h = 1, .w = count, .c = 1, .oh = 1, .ow = 1, .kh = 1, .kw = count, .sh = 1, .sw = 1, .dh = 1, .dw = 1},
        x, &y, index);
    return y;
}

ISO_TEST(max_pool2d_of_special_values) {
    int32_t index;
    CHECK(bits_of(max_of((float[]){-0.0f, 0.0f}, 2, &index)) == 0x80000000 && index == 0); /* not strictly greater */
    CHECK(bits_of(max_of((float[]){0.0f, -0.0f}, 2, &index)) == 0 && index == 0);
    CHECK(max_of((float[]){-INFINITY, -INFINITY}, 2, &index) == -INFINITY && index == 0);
    CHECK(isnan(max_of((float[]){1, NAN, INFINITY, NAN}, 4, &index)) && index == 1); /* the first NaN stays */
    CHECK(max_of((float[]){1, 5, 5, 2}, 4, &index) == 5 && index == 1);
}

static iso_pool2d_shape some_shape(bool dilated) {
    for (;;) {
        iso_pool2d_shape s = {.n = iso_test_between(1, 3),
                              .h = iso_test_between(1, 12),
                              .w = iso_test_between(1, 12),
                              .c = iso_test_between(1, 4),
                              .kh = iso_test_between(1, 4),
                              .kw = iso_test_between(1, 4),
                              .sh = iso_test_between(1, 3),
                              .sw = iso_test_between(1, 3),
                              .dh = 1,
                              .dw = 1};
        s.ph = iso_test_between(0, s.kh / 2);
        s.pw = iso_test_between(0, s.kw / 2);
        if (dilated) {
            s.dh = iso_test_between(1, 3);
            s.dw = iso_test_between(1, 3);
        }
        int64_t h = s.h + 2 * s.ph - s.dh * (s.kh - 1) - 1, w = s.w + 2 * s.pw - s.dw * (s.kw - 1) - 1;
        if (h < 0 || w < 0)
            continue;
        s.oh = h / s.sh + 1;
        s.ow = w / s.sw + 1;
        return s;
    }
}

/* Every tap of every window asks: are you greater than the winner, or as great and before it? */
ISO_TEST(max_pool2d_is_the_first_maximum) {
    for (int round = 0; round < 100; round++) {
        iso_pool2d_shape s = some_shape(true);
        int64_t nx = s.n * s.h * s.w * s.c, ny = s.n * s.oh * s.ow * s.c;
        float *x = tame(nx), *y = tame(ny), *dy = tame(ny), *dx = tame(nx);
        int32_t *index = zeroed(ny, sizeof *index);
        exact *e = zeroed(nx, sizeof *e);
        for (int64_t i = 0; i < nx; i++)
            x[i] = (float)(int)(x[i] * 4); /* many ties */
        iso_ref_max_pool2d(&s, x, y, index);
        for (int64_t out = 0; out < ny; out++) {
            int64_t c = out % s.c, ow = out / s.c % s.ow, oh = out / s.c / s.ow % s.oh, n = out / s.c / s.ow / s.oh, winner = -1;
            float best = -INFINITY;
            for (int64_t p = s.h * s.w - 1; p >= 0; p--) { /* from behind, over the whole image */
                int64_t h = p / s.w - (oh * s.sh - s.ph), w = p % s.w - (ow * s.sw - s.pw);
                bool inside = h >= 0 && w >= 0 && h % s.dh == 0 && w % s.dw == 0 && h / s.dh < s.kh && w / s.dw < s.kw;
                float value = x[(n * s.h * s.w + p) * s.c + c];
                if (inside && value >= best) {
                    best = value;
                    winner = p;
                }
            }
            CHECK(index[out] == winner);
            CHECK(y[out] == best);
            if (winner >= 0)
                exact_add(&e[(n * s.h * s.w + winner) * s.c + c], (double)dy[out]);
        }
        iso_ref_max_pool2d_backward(&s, dy, index, dx);
        for (int64_t i = 0; i < nx; i++)
            CHECK_NEAR(dx[i], e[i].sum, e[i].magnitude, s.kh * s.kw);
        FREE_ALL(x, y, dy, dx, index, e);
    }
}

ISO_TEST(avg_pool2d_is_near_binary64) {
    for (int round = 0; round < 100; round++) {
        iso_pool2d_shape s = some_shape(false);
        s.count_include_pad = round & 1;
        s.divisor_override = round % 5 == 0 ? 7 : 0;
        int64_t nx = s.n * s.h * s.w * s.c, ny = s.n * s.oh * s.ow * s.c;
        float *x = tame(nx), *y = tame(ny), *dy = tame(ny), *dx = tame(nx);
        exact *e = zeroed(nx, sizeof *e);
        iso_ref_avg_pool2d(&s, x, y);
        for (int64_t out = 0; out < ny; out++) {
            int64_t c = out % s.c, ow = out / s.c % s.ow, oh = out / s.c / s.ow % s.oh, n = out / s.c / s.ow / s.oh;
            int64_t inside = 0;
            exact sum = {0, 0};
            for (int pass = 0; pass < 2; pass++)
                for (int64_t t = 0; t < s.kh * s.kw; t++) {
                    int64_t ih = oh * s.sh - s.ph + t / s.kw, iw = ow * s.sw - s.pw + t % s.kw;
                    if (ih < 0 || iw < 0 || ih >= s.h || iw >= s.w)
                        continue;
                    int64_t in = ((n * s.h + ih) * s.w + iw) * s.c + c;
                    int64_t d = s.divisor_override ? s.divisor_override : s.count_include_pad ? s.kh * s.kw : inside;
                    if (pass) {
                        exact_add(&e[in], (double)dy[out] / (double)d);
                    } else {
                        exact_add(&sum, (double)x[in]);
                        inside++;
                    }
                }
            double d = (double)(s.divisor_override ? s.divisor_override : s.count_include_pad ? s.kh * s.kw : inside);
            CHECK_NEAR(y[out], sum.sum / d, sum.magnitude / d, s.kh * s.kw + 1);
        }
        iso_ref_avg_pool2d_backward(&s, dy, dx);
        for (int64_t i = 0; i < nx; i++)
            CHECK_NEAR(dx[i], e[i].sum, e[i].magnitude, s.kh * s.kw + 1);
        FREE_ALL(x, y, dy, dx, e);
    }
}

ISO_TEST(adaptive_avg_pool2d_is_near_binary64) {
    for (int round = 0; round < 60; round++) {
        iso_pool2d_shape s = {
            .n = iso_test_between(1, 3), .h = iso_test_between(1, 20), .w = iso_test_between(1, 20), .c = iso_test_between(1, 4)};
        s.oh = round % 4 == 0 ? 1 : iso_test_between(1, 9); /* also more outputs than inputs */
        s.ow = round % 4 == 0 ? 1 : iso_test_between(1, 9);
        int64_t nx = s.n * s.h * s.w * s.c, ny = s.n * s.oh * s.ow * s.c;
        float *x = tame(nx), *y = tame(ny), *dy = tame(ny), *dx = tame(nx);
        exact *e = zeroed(nx, sizeof *e);
        iso_ref_adaptive_avg_pool2d(&s, x, y);
        for (int64_t out = 0; out < ny; out++) {
            int64_t c = out % s.c, ow = out / s.c % s.ow, oh = out / s.c / s.ow % s.oh, n = out / s.c / s.ow / s.oh;
            int64_t h0 = (int64_t)floor((double)(oh * s.h) / (double)s.oh),
                    h1 = (int64_t)ceil((double)((oh + 1) * s.h) / (double)s.oh);
            int64_t w0 = (int64_t)floor((double)(ow * s.w) / (double)s.ow),
                    w1 = (int64_t)ceil((double)((ow + 1) * s.w) / (double)s.ow);
            double d = (double)((h1 - h0) * (w1 - w0));
            exact sum = {0, 0};
            for (int64_t ih = h0; ih < h1; ih++)
                for (int64_t iw = w0; iw < w1; iw++) {
                    int64_t in = ((n * s.h + ih) * s.w + iw) * s.c + c;
                    exact_add(&sum, (double)x[in]);
                    exact_add(&e[in], (double)dy[out] / d);
                }
            CHECK_NEAR(y[out], sum.sum / d, sum.magnitude / d, d > 64 ? d / 8 + 5 : d + 1);
        }
        iso_ref_adaptive_avg_pool2d_backward(&s, dy, dx);
        for (int64_t i = 0; i < nx; i++)
            CHECK_NEAR(dx[i], e[i].sum, e[i].magnitude, s.oh * s.ow + 1);
        FREE_ALL(x, y, dy, dx, e);
    }
}

/* A window of 64 elements is one chain of additions, one of 65 has eight chains. */
ISO_TEST(adaptive_avg_pool2d_has_chains_from_65_elements_on) {
    for (int round = 0; round < 20; round++)
        for (int64_t count = 64; count <= 65; count++) {
            iso_pool2d_shape s = {.n = 1, .h = 1, .w = count, .c = 1, .oh = 1, .ow = 1};
            float x[65], y, chain[8] = {0}, sum = 0;
            iso_test_tame_floats(x, count);
            iso_ref_adaptive_avg_pool2d(&s, x, &y);
            for (int64_t i = 0; i < count; i++) {
                sum = sum + x[i];
                chain[i % 8] = chain[i % 8] + x[i];
            }
            for (int half = 4; half; half /= 2)
                for (int j = 0; j < half; j++)
                    chain[j] = chain[j] + chain[j + half];
            float expected = (count == 64 ? sum : chain[0]) / (float)count;
            CHECK_BITS(&expected, &y, 1);
        }
}
