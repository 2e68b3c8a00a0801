#include "ops/linear.h"

#include "kernels/each.h"

static void compare(each *it, const iso_linear_shape *s) {
    int64_t nx = s->n * s->in, nw = s->in * s->out, ny = s->n * s->out;
    float *x = random_floats(nx, false), *w = random_floats(nw, false), *bias = random_floats(s->out, false), *dy = random_floats(ny, false);
    float *y = floats(ny), *dx = floats(nx), *dw = floats(nw), *db = floats(s->out), *out = floats(nx + nw + ny + s->out);
    iso_ref_linear(s, x, w, bias, y);
    iso_ref_linear_backward_input(s, dy, w, dx);
    iso_ref_linear_backward_weight(s, x, dy, dw);
    iso_ref_linear_backward_bias(s, dy, db);
    for (it->next = 0; each_next(it);) {
        bool ok = true;
        each_scratch(it, iso_cpu_linear_scratch(&it->exec, s));
        iso_cpu_linear(&it->exec, s, x, w, bias, out);
        ok = iso_test_bits(y, out, ny, __FILE__, __LINE__) && ok;
        each_scratch(it, iso_cpu_linear_backward_input_scratch(&it->exec, s));
        iso_cpu_linear_backward_input(&it->exec, s, dy, w, out);
        ok = iso_test_bits(dx, out, nx, __FILE__, __LINE__) && ok;
        each_scratch(it, iso_cpu_linear_backward_weight_scratch(&it->exec, s));
        iso_cpu_linear_backward_weight(&it->exec, s, x, dy, out);
        ok = iso_test_bits(dw, out, nw, __FILE__, __LINE__) && ok;
        each_scratch(it, iso_cpu_linear_backward_bias_scratch(&it->exec, s));
        iso_cpu_linear_backward_bias(&it->exec, s, dy, out);
        ok = iso_test_bits(db, out, s->out, __FILE__, __LINE__) && ok;
        if (!ok)
            fprintf(stderr, "  linear n %lld in %lld out %lld, %s, %d threads\n", (long long)s->n, (long long)s->in, (long long)s->out,
                    EACH_CONTEXT(*it));
    }
    float *all[] = {x, w, bias, dy, y, dx, dw, db, out};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
}

ISO_TEST(linear_equals_reference) {
    each it;
    CHECK(each_start(&it));
    compare(&it, &(iso_linear_shape){64, 300, 10});
    compare(&it, &(iso_linear_shape){1, 513, 10});
    for (int i = 0; i < (iso_test_long() ? 1000 : 40); i++)
        compare(&it, &(iso_linear_shape){iso_test_between(1, 40), iso_test_between(1, i % 3 ? 60 : 530), iso_test_between(1, 50)});
    each_end(&it);
}
