#include "ops/pool2d.h"

#include <math.h>

#include "kernels/each.h"

/* Dilated windows, some of which see nothing but padding. */
ISO_TEST(dilated_max_pool2d_equals_reference) {
    each it;
    CHECK(each_start(&it));
    int nothing = 0;
    for (int i = 0; i < (iso_test_long() ? 2000 : 100); i++) {
        iso_pool2d_shape s = {.n = iso_test_between(1, 3),
                              .h = iso_test_between(1, 12),
                              .w = iso_test_between(1, 12),
                              .c = iso_test_between(1, 20),
                              .kh = iso_test_between(1, 3),
                              .kw = iso_test_between(1, 3),
                              .sh = iso_test_between(1, 2),
                              .sw = iso_test_between(1, 2),
                              .dh = iso_test_between(1, 6),
                              .dw = iso_test_between(1, 6)};
        if (i == 0) /* taps at -1 and 4 of 0 .. 3 */
            s.h = s.w = 4, s.kh = s.kw = 2, s.dh = s.dw = 5;
        s.ph = s.kh / 2;
        s.pw = s.kw / 2;
        s.oh = (s.h + 2 * s.ph - s.dh * (s.kh - 1) - 1) / s.sh + 1;
        s.ow = (s.w + 2 * s.pw - s.dw * (s.kw - 1) - 1) / s.sw + 1;
        if (s.h + 2 * s.ph <= s.dh * (s.kh - 1) || s.w + 2 * s.pw <= s.dw * (s.kw - 1))
            continue;
        int64_t nx = s.n * s.h * s.w * s.c, ny = s.n * s.oh * s.ow * s.c;
        float *x = random_floats(nx, false), *dy = random_floats(ny, false), *y = floats(ny), *dx = floats(nx),
              *out = floats(nx + ny);
        int32_t *index = calloc((size_t)ny, sizeof *index), *index_out = calloc((size_t)ny, sizeof *index);
        iso_ref_max_pool2d(&s, x, y, index);
        iso_ref_max_pool2d_backward(&s, dy, index, dx);
        for (int64_t j = 0; j < ny; j++) {
            CHECK((index[j] < 0) == (y[j] == -INFINITY));
            nothing += index[j] < 0;
        }
        for (it.next = 0; each_next(&it);) {
            iso_cpu_max_pool2d(&it.exec, &s, x, out, index_out);
            CHECK_BITS(y, out, ny);
            CHECK(memcmp(index, index_out, sizeof *index * (size_t)ny) == 0);
            iso_cpu_max_pool2d_backward(&it.exec, &s, dy, index, out);
            CHECK_BITS(dx, out, nx);
        }
        float *all[] = {x, dy, y, dx, out};
        for (size_t j = 0; j < sizeof all / sizeof *all; j++)
            free(all[j]);
        free(index);
        free(index_out);
    }
    CHECK(nothing > 0);
    each_end(&it);
}

ISO_TEST(pool2d_equals_reference) {
    each it;
    CHECK(each_start(&it));
    for (int i = 0; i < (iso_test_long() ? 2000 : 60); i++) {
        iso_pool2d_shape s = {.n = iso_test_between(1, 5),
                              .h = iso_test_between(1, 15),
                              .w = iso_test_between(1, 15),
                              .c = iso_test_between(1, i % 4 ? 20 : 140),
                              .kh = iso_test_between(1, 3),
                              .kw = iso_test_between(1, 3),
                              .sh = iso_test_between(1, 3),
                              .sw = iso_test_between(1, 3),
                              .dh = 1,
                              .dw = 1,
                              .count_include_pad = i & 1,
                              .divisor_override = i % 5 == 0 ? 3 : 0};
        s.ph = s.kh / 2 ? iso_test_between(0, s.kh / 2) : 0;
        s.pw = s.kw / 2 ? iso_test_between(0, s.kw / 2) : 0;
        if (s.h + 2 * s.ph < s.kh || s.w + 2 * s.pw < s.kw)
            continue;
        s.oh = (s.h + 2 * s.ph - s.kh) / s.sh + 1;
        s.ow = (s.w + 2 * s.pw - s.kw) / s.sw + 1;
        int64_t nx = s.n * s.h * s.w * s.c, ny = s.n * s.oh * s.ow * s.c;
        float *x = random_floats(nx, false), *dy = random_floats(ny, false), *y = floats(ny), *out = floats(nx + ny),
              *dx = floats(nx);
        int32_t *index = calloc((size_t)ny, sizeof *index), *index_out = calloc((size_t)ny, sizeof *index);
        x[iso_test_between(0, nx - 1)] = NAN;
        x[iso_test_between(0, nx - 1)] = -INFINITY;
        iso_ref_max_pool2d(&s, x, y, index);
        iso_ref_max_pool2d_backward(&s, dy, index, dx);
        for (it.next = 0; each_next(&it);) {
            iso_cpu_max_pool2d(&it.exec, &s, x, out, index_out);
            CHECK_BITS(y, out, ny);
            CHECK(memcmp(index, index_out, sizeof *index * (size_t)ny) == 0);
            iso_cpu_max_pool2d_backward(&it.exec, &s, dy, index, out);
            CHECK_BITS(dx, out, nx);
        }
        for (int64_t j = 0; j < nx; j++)
            x[j] = isfinite(x[j]) ? x[j] : 1;
        iso_ref_avg_pool2d(&s, x, y);
        iso_ref_avg_pool2d_backward(&s, dy, dx);
        for (it.next = 0; each_next(&it);) {
            iso_cpu_avg_pool2d(&it.exec, &s, x, out);
            CHECK_BITS(y, out, ny);
            iso_cpu_avg_pool2d_backward(&it.exec, &s, dy, out);
            CHECK_BITS(dx, out, nx);
        }
        s.oh = iso_test_between(1, s.oh);
        s.ow = iso_test_between(1, s.ow);
        iso_ref_adaptive_avg_pool2d(&s, x, y);
        iso_ref_adaptive_avg_pool2d_backward(&s, dy, dx);
        for (it.next = 0; each_next(&it);) {
            iso_cpu_adaptive_avg_pool2d(&it.exec, &s, x, out);
            CHECK_BITS(y, out, s.n * s.oh * s.ow * s.c);
            iso_cpu_adaptive_avg_pool2d_backward(&it.exec, &s, dy, out);
            CHECK_BITS(dx, out, nx);
        }
        float *all[] = {x, dy, y, out, dx};
        for (size_t j = 0; j < sizeof all / sizeof *all; j++)
            free(all[j]);
        free(index);
        free(index_out);
    }
    each_end(&it);
}
