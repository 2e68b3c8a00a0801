#include "ops/batch_norm2d.h"

#include "math/math.h"
#include "near.h"

/* All in binary64, from the textbook's formulas; gradients through the derivative written as a sum, not as the reference has it.
 */
ISO_TEST(batch_norm2d_is_near_binary64) {
    for (int round = 0; round < 40; round++) {
        iso_batch_norm2d_shape s = {iso_test_between(1, 7), iso_test_between(2, 60), iso_test_between(1, 5), 1e-5};
        int64_t m = s.n * s.hw, count = m * s.c;
        bool affine = round % 3 != 0;
        float *x = tame(count), *dy = tame(count), *w = tame(s.c), *b = tame(s.c), *y = tame(count), *dx = tame(count);
        float *mean = tame(s.c), *invstd = tame(s.c), *dw = tame(s.c), *db = tame(s.c), *rm = tame(s.c), *rv = tame(s.c);
        float *rm0 = zeroed(s.c, sizeof *rm0), *rv0 = zeroed(s.c, sizeof *rv0);
        for (int64_t i = 0; i < count; i++)
            x[i] += (float)(i % s.c) * 3; /* channels of different means */
        memcpy(rm0, rm, sizeof *rm * (size_t)s.c);
        memcpy(rv0, rv, sizeof *rv * (size_t)s.c);
        iso_ref_batch_norm2d(&s, x, affine ? w : NULL, affine ? b : NULL, 0.25f, rm, rv, mean, invstd, y);
        iso_ref_batch_norm2d_backward(&s, true, x, dy, affine ? w : NULL, mean, invstd, dw, db, dx);
        for (int64_t c = 0; c < s.c; c++) {
            double sum = 0, squares = 0, sum_dy = 0, sum_dy_xhat = 0, scale = affine ? (double)w[c] : 1,
                   shift = affine ? (double)b[c] : 0;
            for (int64_t i = c; i < count; i += s.c)
                sum += (double)x[i];
            double mu = sum / (double)m;
            for (int64_t i = c; i < count; i += s.c)
                squares += ((double)x[i] - mu) * ((double)x[i] - mu);
            double variance = squares / (double)m, inverse = 1 / sqrt(variance + 1e-5);
            for (int64_t i = c; i < count; i += s.c) {
                sum_dy += (double)dy[i];
                sum_dy_xhat += (double)dy[i] * ((double)x[i] - mu) * inverse;
            }
            /* Chains of m / 8 / n additions and a tree; one more magnitude for the mean's own error, scaled by 1 / sigma. */
            double chain = (double)s.hw / 8 + 3 + 4, big = fabs(mu) + 1, blown = big * inverse;
            CHECK_NEAR(mean[c], mu, big, chain);
            CHECK_NEAR(invstd[c], inverse, inverse * (1 + big * big / (variance + 1e-5) * 0x1p-20), 2 * chain);
            CHECK_NEAR(rm[c], 0.75 * (double)rm0[c] + 0.25 * mu, big, chain);
            CHECK_NEAR(rv[c], 0.75 * (double)rv0[c] + 0.25 * squares / (double)(m - 1), 4, 4 * chain);
            CHECK_NEAR(db[c], sum_dy, (double)m, chain);
            CHECK_NEAR(dw[c], sum_dy_xhat, (double)m * blown, 4 * chain);
            for (int64_t i = c; i < count; i += s.c) {
                double xhat = ((double)x[i] - mu) * inverse;
                CHECK_NEAR(y[i], xhat * scale + shift, blown * (1 + fabs(xhat)), 4 * chain);
                /* d y[j] / d x[i], summed over j */
                double d = scale * inverse / (double)m * ((double)m * (double)dy[i] - sum_dy - xhat * sum_dy_xhat);
                CHECK_NEAR(dx[i], d, fabs(scale) * inverse * (2 + fabs(xhat)) * (1 + blown) * (1 + fabs(xhat)), 8 * chain);
            }
        }
        iso_ref_batch_norm2d_backward(&s, false, x, dy, affine ? w : NULL, mean, invstd, dw, db, dx);
        for (int64_t i = 0; i < count; i++) {
            double scale = (affine ? (double)w[i % s.c] : 1) * (double)invstd[i % s.c];
            CHECK_NEAR(dx[i], (double)dy[i] * scale, fabs(scale), 2);
        }
        FREE_ALL(x, dy, w, b, y, dx, mean, invstd, dw, db, rm, rv, rm0, rv0);
    }
}

/* No cancellation: the variance of numbers around 1000 that differ in the last bits only. */
ISO_TEST(batch_norm2d_subtracts_the_mean_first) {
    iso_batch_norm2d_shape s = {1, 4, 1, 0};
    const float x[] = {1000, 1000 + 0x1p-13f, 1000, 1000 + 0x1p-13f};
    float mean, invstd, y[4];
    iso_ref_batch_norm2d(&s, x, NULL, NULL, 0.1f, NULL, NULL, &mean, &invstd, y);
    CHECK(mean == 1000 + 0x1p-14f && invstd == 0x1p14f);
    const float expected[] = {-1, 1, -1, 1};
    CHECK_BITS(expected, y, 4);
}

ISO_TEST(batch_norm2d_of_a_constant_channel) {
    iso_batch_norm2d_shape s = {3, 5, 2, 1e-5};
    float x[30], w[] = {2, 3}, b[] = {0.5f, -0.25f}, mean[2], invstd[2], y[30], running_mean[] = {0, 0}, running_var[] = {1, 1};
    for (int i = 0; i < 30; i++)
        x[i] = i % 2 ? -7.25f : 0.5f;
    iso_ref_batch_norm2d(&s, x, w, b, 0.1f, running_mean, running_var, mean, invstd, y);
    const float means[] = {0.5f, -7.25f};
    CHECK_BITS(means, mean, 2);
    for (int i = 0; i < 30; i++)
        CHECK(y[i] == b[i % 2]);
    CHECK(invstd[0] == invstd[1] && invstd[0] == 1.0f / iso_sqrtf(1e-5f));
    CHECK(running_var[0] == 1.0f - 0.1f && running_mean[0] == 0.1f * 0.5f);
    iso_ref_batch_norm2d_eval(&s, x, w, b, running_mean, running_var, invstd, y);
    for (int i = 0; i < 30; i++)
        CHECK(y[i] == fmaf((x[i] - running_mean[i % 2]) * invstd[i % 2], w[i % 2], b[i % 2]));
}
