/* The shapes that benchmarks name by a few numbers. */
#ifndef ISO_BENCH_SHAPES_H
#define ISO_BENCH_SHAPES_H

#include "ops/conv2d.h"

/* A square kernel over square images. */
static inline iso_conv2d_shape square_conv2d(int64_t n, int64_t c, int64_t size, int64_t co, int64_t kernel, int64_t stride,
                                             int64_t padding) {
    iso_conv2d_shape s = {.n = n, .c = c, .co = co, .groups = 1};
    s.h = s.w = size;
    s.kh = s.kw = kernel;
    s.sh = s.sw = stride;
    s.ph = s.pw = padding;
    s.dh = s.dw = 1;
    s.oh = s.ow = (size + 2 * padding - kernel) / stride + 1;
    return s;
}

#endif
