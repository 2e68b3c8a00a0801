#include "ops/pool2d.h"

#include <math.h>

#include "kernels/pool_shapes.h"

static iso_pool2d_shape random_shape(cases *c, bool dilated) {
    iso_pool2d_shape s = pool_shape(case_once_in(50) ? 30000 : 3000, dilated);
    s.count_include_pad = iso_test_random() & 1;
    s.divisor_override = case_once_in(4) ? iso_test_between(1, 9) : 0;
    case_shape(c, "n %lld c %lld " POOL_FORMAT "%s, divisor %lld", (long long)s.n, (long long)s.c, POOL_LIST(s),
               s.count_include_pad ? " with pad" : "", (long long)s.divisor_override);
    return s;
}

/* ---- Max ---- */

CASES(max_pool2d, 4) {
    iso_pool2d_shape s = random_shape(c, true);
    const float *x = case_operand(c, pool_inputs(&s));
    case_output y = case_floats(c, "y", pool_outputs(&s));
    case_indices index = case_whole_numbers(c, "index", pool_outputs(&s));
    c->exact_nan = true; /* a copy */
    iso_ref_max_pool2d(&s, x, y.expected, index.expected);
    while (case_next(c))
        iso_cpu_max_pool2d(&c->exec, &s, x, y.actual, index.actual);
}

CASES(max_pool2d_backward, 4) {
    iso_pool2d_shape s = random_shape(c, true);
    const float *x = case_operand(c, pool_inputs(&s)), *dy = case_operand(c, pool_outputs(&s));
    float *y = case_memory(c, pool_outputs(&s), sizeof *y);
    int32_t *index = case_memory(c, pool_outputs(&s), sizeof *index);
    iso_ref_max_pool2d(&s, x, y, index);
    case_output dx = case_floats(c, "dx", pool_inputs(&s));
    iso_ref_max_pool2d_backward(&s, dy, index, dx.expected);
    while (case_next(c))
        iso_cpu_max_pool2d_backward(&c->exec, &s, dy, index, dx.actual);
}

/* The chosen one: taps at -1 and 4 of 0 .. 3. */
ISO_TEST(max_pool2d_of_nothing_but_padding) {
    const iso_pool2d_shape s = {
        .n = 1, .h = 4, .w = 4, .c = 1, .oh = 1, .ow = 1, .kh = 2, .kw = 2, .sh = 1, .sw = 1, .ph = 1, .pw = 1, .dh = 5, .dw = 5};
    float x[16] = {1, 2, 3}, y[1];
    int32_t index[1];
    iso_ref_max_pool2d(&s, x, y, index);
    CHECK(index[0] == -1 && y[0] == -INFINITY);
}

/* ---- Average ---- */

typedef void reference_function(const iso_pool2d_shape *s, const float *from, float *to);
typedef void kernel_function(const iso_exec *e, const iso_pool2d_shape *s, const float *from, float *to);

static void compare(cases *c, const iso_pool2d_shape *s, bool backward, reference_function *reference, kernel_function *kernel) {
    int64_t inputs = pool_inputs(s), outputs = pool_outputs(s);
    const float *from = case_operand(c, backward ? outputs : inputs);
    case_output to = case_floats(c, backward ? "dx" : "y", backward ? inputs : outputs);
    reference(s, from, to.expected);
    while (case_next(c))
        kernel(&c->exec, s, from, to.actual);
}

CASES(avg_pool2d, 3) {
    iso_pool2d_shape s = random_shape(c, false);
    compare(c, &s, false, iso_ref_avg_pool2d, iso_cpu_avg_pool2d);
}
CASES(avg_pool2d_backward, 3) {
    iso_pool2d_shape s = random_shape(c, false);
    compare(c, &s, true, iso_ref_avg_pool2d_backward, iso_cpu_avg_pool2d_backward);
}

/* Mostly to fewer pixels, often to one; seldom to more. Long windows are summed in chains. */
static iso_pool2d_shape adaptive_shape(cases *c) {
    iso_pool2d_shape s = random_shape(c, false);
    s.oh = case_once_in(3) ? 1 : iso_test_between(1, case_once_in(8) ? 2 * s.h : s.h);
    s.ow = case_once_in(3) ? 1 : iso_test_between(1, case_once_in(8) ? 2 * s.w : s.w);
    case_shape(c, "n %lld c %lld, %lld x %lld to %lld x %lld", (long long)s.n, (long long)s.c, (long long)s.h, (long long)s.w,
               (long long)s.oh, (long long)s.ow);
    return s;
}
CASES(adaptive_avg_pool2d, 3) {
    iso_pool2d_shape s = adaptive_shape(c);
    compare(c, &s, false, iso_ref_adaptive_avg_pool2d, iso_cpu_adaptive_avg_pool2d);
}
CASES(adaptive_avg_pool2d_backward, 3) {
    iso_pool2d_shape s = adaptive_shape(c);
    compare(c, &s, true, iso_ref_adaptive_avg_pool2d_backward, iso_cpu_adaptive_avg_pool2d_backward);
}
