#include "ops/linear.h"

#include "kernels/cases.h"

static iso_linear_shape random_shape(cases *c) {
    int64_t most = case_once_in(50) ? 400000 : 30000;
    iso_linear_shape s = {.in = case_once_in(4) ? iso_test_between(255, 258) : case_size(600)};
    s.n = case_size(iso_min64(80, most / s.in));
    s.out = case_size(iso_min64(80, most / s.in / s.n));
    if (iso_test_random() & 1) { /* outputs are summed over in the gradient of the input */
        int64_t in = s.in;
        s.in = s.out;
        s.out = in;
    }
    case_shape(c, "n %lld in %lld out %lld", (long long)s.n, (long long)s.in, (long long)s.out);
    return s;
}

CASES(linear, 4) {
    iso_linear_shape s = random_shape(c);
    const float *x = case_operand(c, s.n * s.in), *w = case_operand(c, s.out * s.in);
    const float *bias = iso_test_between(0, 3) ? case_operand(c, s.out) : NULL;
    case_output y = case_floats(c, "y", s.n * s.out);
    iso_ref_linear(&s, x, w, bias, y.expected);
    while (case_next(c)) {
        case_scratch(c, iso_cpu_linear_scratch(&c->exec, &s));
        iso_cpu_linear(&c->exec, &s, x, w, bias, y.actual);
    }
}

CASES(linear_backward_input, 4) {
    iso_linear_shape s = random_shape(c);
    const float *dy = case_operand(c, s.n * s.out), *w = case_operand(c, s.out * s.in);
    case_output dx = case_floats(c, "dx", s.n * s.in);
    iso_ref_linear_backward_input(&s, dy, w, dx.expected);
    while (case_next(c)) {
        case_scratch(c, iso_cpu_linear_backward_input_scratch(&c->exec, &s));
        iso_cpu_linear_backward_input(&c->exec, &s, dy, w, dx.actual);
    }
}

CASES(linear_backward_weight, 4) {
    iso_linear_shape s = random_shape(c);
    const float *x = case_operand(c, s.n * s.in), *dy = case_operand(c, s.n * s.out);
    case_output dw = case_floats(c, "dw", s.out * s.in);
    iso_ref_linear_backward_weight(&s, x, dy, dw.expected);
    while (case_next(c)) {
        case_scratch(c, iso_cpu_linear_backward_weight_scratch(&c->exec, &s));
        iso_cpu_linear_backward_weight(&c->exec, &s, x, dy, dw.actual);
    }
}

CASES(linear_backward_bias, 2) {
    iso_linear_shape s = random_shape(c);
    const float *dy = case_operand(c, s.n * s.out);
    case_output db = case_floats(c, "db", s.out);
    iso_ref_linear_backward_bias(&s, dy, db.expected);
    while (case_next(c)) {
        case_scratch(c, iso_cpu_linear_backward_bias_scratch(&c->exec, &s));
        iso_cpu_linear_backward_bias(&c->exec, &s, dy, db.actual);
    }
}
