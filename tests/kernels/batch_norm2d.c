#include "ops/batch_norm2d.h"

#include "kernels/each.h"

static void compare(each *it, const iso_batch_norm2d_shape *s, bool affine, bool tame) {
    int64_t n = s->n * s->hw * s->c, c = s->c;
    float *x = random_floats(n, tame), *dy = random_floats(n, tame), *w = random_floats(c, tame), *b = random_floats(c, tame);
    float *mean = floats(c), *invstd = floats(c), *rm = floats(c), *rv = floats(c), *y = floats(n), *dw = floats(c),
          *db = floats(c), *dx = floats(n);
    float *mean2 = floats(c), *invstd2 = floats(c), *rm2 = floats(c), *rv2 = floats(c), *y2 = floats(n), *dw2 = floats(c),
          *db2 = floats(c);
    const float *weight = affine ? w : NULL, *bias = affine ? b : NULL;
    for (it->next = 0; each_next(it);) {
        for (int64_t i = 0; i < c; i++) {
            rm[i] = rm2[i] = 0.25f;
            rv[i] = rv2[i] = 1.5f;
        }
        iso_ref_batch_norm2d(s, x, weight, bias, 0.1f, rm, rv, mean, invstd, y);
        each_scratch(it, iso_cpu_batch_norm2d_scratch(&it->exec, s, NULL));
        iso_cpu_batch_norm2d(&it->exec, s, x, weight, bias, 0.1f, rm2, rv2, mean2, invstd2, NULL, y2);
        CHECK_BITS(mean, mean2, c);
        CHECK_BITS(invstd, invstd2, c);
        CHECK_BITS(rm, rm2, c);
        CHECK_BITS(rv, rv2, c);
        CHECK_BITS(y, y2, n);
        for (int training = 0; training < 2; training++) {
            iso_ref_batch_norm2d_backward(s, training, x, dy, weight, mean, invstd, dw, db, dx);
            each_scratch(it, iso_cpu_batch_norm2d_backward_scratch(&it->exec, s, NULL));
            iso_cpu_batch_norm2d_backward(&it->exec, s, training, x, dy, weight, mean, invstd, NULL, dw2, db2, y2);
            CHECK_BITS(dw, dw2, c);
            CHECK_BITS(db, db2, c);
            CHECK_BITS(dx, y2, n);
        }
        iso_ref_batch_norm2d_eval(s, x, weight, bias, rm, rv, invstd, y);
        iso_cpu_batch_norm2d_eval(&it->exec, s, x, weight, bias, rm, rv, invstd2, NULL, y2);
        CHECK_BITS(invstd, invstd2, c);
        CHECK_BITS(y, y2, n);
    }
    float *all[] = {x, dy, w, b, mean, invstd, rm, rv, y, dw, db, dx, mean2, invstd2, rm2, rv2, y2, dw2, db2};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
}

ISO_TEST(batch_norm2d_equals_reference) {
    static const int64_t channels[] = {1, 3, 10, 16, 17, 64};
    each it;
    CHECK(each_start(&it));
    for (int i = 0; i < (iso_test_long() ? 600 : 36); i++)
        compare(&it,
                &(iso_batch_norm2d_shape){iso_test_between(1, 6), i % 4 ? iso_test_between(2, 60) : 49, channels[i % 6], 1e-5},
                i % 5 != 0, i % 2);
    each_end(&it);
}
