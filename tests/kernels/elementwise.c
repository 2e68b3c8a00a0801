#include "ops/elementwise.h"

#include "kernels/cases.h"

static int64_t random_count(cases *c) {
    int64_t count = case_count();
    case_shape(c, "count %lld", (long long)count);
    return count;
}

CASES(relu, 2) {
    int64_t count = random_count(c);
    const float *x = case_operand(c, count);
    case_output y = case_floats(c, "y", count);
    c->exact_nan = true; /* passed through */
    iso_ref_relu(count, x, y.expected);
    while (case_next(c))
        iso_cpu_relu(&c->exec, count, x, y.actual);
}

CASES(relu_backward, 2) {
    int64_t count = random_count(c);
    const float *y = case_operand(c, count), *dy = case_operand(c, count);
    case_output dx = case_floats(c, "dx", count);
    c->exact_nan = true;
    iso_ref_relu_backward(count, y, dy, dx.expected);
    while (case_next(c))
        iso_cpu_relu_backward(&c->exec, count, y, dy, dx.actual);
}

CASES(add, 2) {
    int64_t count = random_count(c);
    const float *a = case_operand(c, count), *b = case_operand(c, count);
    case_output y = case_floats(c, "y", count);
    iso_ref_add(count, a, b, y.expected);
    while (case_next(c))
        iso_cpu_add(&c->exec, count, a, b, y.actual);
}

CASES(dropout, 2) {
    static const double ps[] = {0, 0.1, 0.37, 0.5, 0.9, 1 - 0x1p-53};
    int64_t count = case_count();
    double p = case_once_in(3) ? iso_test_uniform() : ps[iso_test_between(0, (int64_t)ISO_COUNTOF(ps) - 1)];
    case_shape(c, "count %lld p %.17g", (long long)count, p);
    const float *x = case_operand(c, count);
    uint8_t *keep = case_memory(c, count, sizeof *keep);
    for (int64_t i = 0; i < count; i++)
        keep[i] = iso_test_uniform() >= p;
    case_output y = case_floats(c, "y", count);
    iso_ref_dropout(count, x, keep, p, y.expected);
    while (case_next(c))
        iso_cpu_dropout(&c->exec, count, x, keep, p, y.actual);
}
