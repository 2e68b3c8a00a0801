#include "ops/loss.h"

#include "kernels/each.h"

ISO_TEST(loss_equals_reference) {
    each it;
    CHECK(each_start(&it));
    for (int i = 0; i < (iso_test_long() ? 500 : 30); i++) {
        int64_t n = iso_test_between(1, 70), k = i % 7 ? iso_test_between(1, 130) : 5000;
        float *x = random_floats(n * k, i % 5 != 0), *t = random_floats(n * k, i % 5 != 0), *dx = floats(n * k),
              *out = floats(n * k), loss, loss2;
        int64_t *target = calloc((size_t)n, sizeof *target);
        for (int64_t j = 0; j < n * k; j++)
            x[j] *= 20;
        for (int64_t j = 0; j < n; j++)
            target[j] = i % 3 == 0 && j % 4 == 1 ? -100 : iso_test_between(0, k - 1);
        iso_reduction reduction = i & 1 ? ISO_REDUCTION_SUM : ISO_REDUCTION_MEAN;
        iso_cross_entropy_shape s = {n, k, reduction, -100, i % 4 == 0 ? 0.1 : 0};
        iso_mse_shape m = {n, k, reduction};
        for (it.next = 0; each_next(&it);) {
            iso_ref_cross_entropy(&s, x, target, &loss, dx);
            each_scratch(&it, iso_cpu_cross_entropy_scratch(&it.exec, &s));
            iso_cpu_cross_entropy(&it.exec, &s, x, target, &loss2, out);
            CHECK_BITS(&loss, &loss2, 1);
            CHECK_BITS(dx, out, n * k);
            iso_ref_mse_loss(&m, x, t, &loss, dx);
            each_scratch(&it, iso_cpu_mse_loss_scratch(&it.exec, &m));
            iso_cpu_mse_loss(&it.exec, &m, x, t, &loss2, out);
            CHECK_BITS(&loss, &loss2, 1);
            CHECK_BITS(dx, out, n * k);
        }
        free(x);
        free(t);
        free(dx);
        free(out);
        free(target);
    }
    each_end(&it);
}
