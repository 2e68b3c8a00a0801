#include "ops/group_norm.h"

#include "math/math.h"
#include "near.h"
#include "ops/batch_norm2d.h"

/* One group of one sample, from the textbook's formulas in binary64; the gradient of x as the derivative written as a sum. */
static void check_group(const iso_group_norm_shape *s, int64_t n, int64_t g, const float *x, const float *dy, const float *w,
                        const float *b, const float *mean, const float *invstd, const float *y, const float *dx) {
    int64_t each = s->c / s->groups, m = each * s->hw, start = n * s->hw * s->c + g * each;
    double sum = 0, squares = 0, sum_d = 0, sum_d_xhat = 0, largest = 0;
    for (int64_t i = 0; i < m; i++)
        sum += (double)x[start + i / each * s->c + i % each];
    double mu = sum / (double)m;
    for (int64_t i = 0; i < m; i++) {
        double d = (double)x[start + i / each * s->c + i % each] - mu;
        squares += d * d;
    }
    double variance = squares / (double)m, inverse = 1 / sqrt(variance + s->eps), big = fabs(mu) + 1, blown = big * inverse;
    for (int64_t i = 0; i < m; i++) {
        int64_t at = start + i / each * s->c + i % each;
        double d = (double)dy[at] * (w ? (double)w[g * each + i % each] : 1);
        sum_d += d;
        sum_d_xhat += d * ((double)x[at] - mu) * inverse;
        largest = fmax(largest, w ? fabs((double)w[g * each + i % each]) : 1);
    }
    double chain = (double)s->hw / 8 + 3 + 3;
    CHECK_NEAR(mean[n * s->groups + g], mu, big, chain);
    CHECK_NEAR(invstd[n * s->groups + g], inverse, inverse * (1 + big * big / (variance + s->eps) * 0x1p-20), 2 * chain);
    for (int64_t i = 0; i < m; i++) {
        int64_t at = start + i / each * s->c + i % each, c = g * each + i % each;
        double xhat = ((double)x[at] - mu) * inverse, scale = w ? (double)w[c] : 1;
        CHECK_NEAR(y[at], xhat * scale + (w ? (double)b[c] : 0), blown * (1 + fabs(xhat)), 4 * chain);
        double d = inverse / (double)m * ((double)m * (double)dy[at] * scale - sum_d - xhat * sum_d_xhat);
        CHECK_NEAR(dx[at], d, largest * inverse * (2 + fabs(xhat)) * (1 + blown) * (1 + fabs(xhat)), 8 * chain);
    }
}

ISO_TEST(group_norm_is_near_binary64) {
    for (int round = 0; round < 40; round++) {
        int64_t groups = iso_test_between(1, 4);
        iso_group_norm_shape s = {iso_test_between(1, 5), iso_test_between(2, 60), groups * iso_test_between(1, 6), groups, 1e-5};
        int64_t count = s.n * s.hw * s.c, statistics = s.n * groups;
        bool affine = round % 3 != 0;
        float *x = tame(count), *dy = tame(count), *w = tame(s.c), *b = tame(s.c), *y = tame(count), *dx = tame(count),
              *dw = tame(s.c), *db = tame(s.c), *mean = tame(statistics), *invstd = tame(statistics);
        for (int64_t i = 0; i < count; i++)
            x[i] += (float)(i % s.c / (s.c / groups)) * 3; /* groups of different means */
        iso_ref_group_norm(&s, x, affine ? w : NULL, affine ? b : NULL, mean, invstd, y);
        iso_ref_group_norm_backward(&s, x, dy, affine ? w : NULL, mean, invstd, dx, dw, db);
        for (int64_t i = 0; i < statistics; i++)
            check_group(&s, i / groups, i % groups, x, dy, affine ? w : NULL, b, mean, invstd, y, dx);
        for (int64_t c = 0; c < s.c; c++) {
            exact bias = {0}, weight = {0};
            for (int64_t i = c; i < count; i += s.c) {
                int64_t group = i / s.c / s.hw * groups + c / (s.c / groups);
                exact_add(&bias, (double)dy[i]);
                exact_add(&weight, (double)dy[i] * ((double)x[i] - (double)mean[group]) * (double)invstd[group]);
            }
            double chain = (double)s.hw / 8 + 3 + 4;
            CHECK_NEAR(db[c], bias.sum, bias.magnitude, chain);
            CHECK_NEAR(dw[c], weight.sum, weight.magnitude, chain + 2);
        }
        FREE_ALL(x, dy, w, b, y, dx, dw, db, mean, invstd);
    }
}

/* With one channel a group, and one sample, GroupNorm is BatchNorm: the same statistics, and the same y, in every bit. */
ISO_TEST(group_norm_of_single_channels_is_batch_norm_of_one_sample) {
    iso_group_norm_shape s = {1, 37, 5, 5, 1e-5};
    iso_batch_norm2d_shape batch = {1, 37, 5, 1e-5};
    float *x = tame(185), *w = tame(5), *b = tame(5), y[185], y_batch[185], mean[5], mean_batch[5], invstd[5], invstd_batch[5];
    iso_ref_group_norm(&s, x, w, b, mean, invstd, y);
    iso_ref_batch_norm2d(&batch, x, w, b, 0.1f, NULL, NULL, mean_batch, invstd_batch, y_batch);
    CHECK_BITS(mean_batch, mean, 5);
    CHECK_BITS(invstd_batch, invstd, 5);
    CHECK_BITS(y_batch, y, 185);
    FREE_ALL(x, w, b);
}

/* The tree over three channels is (a + b) + c, whatever stands beside the group. */
ISO_TEST(group_norm_joins_channels_in_the_batch_tree) {
    iso_group_norm_shape s = {1, 1, 6, 2, 0};
    const float x[] = {0x1p24f, 1, 1, -0x1p24f, 1, 0x1p24f};
    float mean[2], invstd[2], y[6];
    iso_ref_group_norm(&s, x, NULL, NULL, mean, invstd, y);
    CHECK(mean[0] == (0x1p24f + 1.0f) / 3 && mean[1] == ((-0x1p24f + 1.0f) + 0x1p24f) / 3);
}
