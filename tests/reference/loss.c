#include "ops/loss.h"

#include "near.h"

ISO_TEST(cross_entropy_is_near_binary64) {
    for (int round = 0; round < 60; round++) {
        int64_t n = iso_test_between(1, 12), k = round % 10 ? iso_test_between(1, 200) : 9000;
        iso_cross_entropy_shape s = {n, k, round & 1 ? ISO_REDUCTION_SUM : ISO_REDUCTION_MEAN, -100, round % 3 ? 0 : 0.1};
        float *x = tame(n * k), *dx = tame(n * k), loss;
        int64_t *target = zeroed(n, sizeof *target), counted = 0;
        exact total = {0, 0};
        for (int64_t i = 0; i < n * k; i++)
            x[i] *= 10;
        for (int64_t i = 0; i < n; i++) {
            target[i] = i > 0 && iso_test_random() % 5 == 0 ? -100 : iso_test_between(0, k - 1);
            counted += target[i] >= 0;
        }
        iso_ref_cross_entropy(&s, x, target, &loss, dx);
        double g = s.reduction == ISO_REDUCTION_MEAN ? 1.0 / (double)counted : 1, eps = s.label_smoothing;
        for (int64_t r = 0; r < n; r++) {
            const float *row = x + r * k;
            if (target[r] < 0) {
                for (int64_t i = 0; i < k; i++)
                    CHECK(bits_of(dx[r * k + i]) == 0);
                continue;
            }
            double sum = 0; /* no maximum is taken out: binary64 holds exp(10) */
            for (int64_t i = 0; i < k; i++)
                sum += exp((double)row[i]);
            for (int64_t i = 0; i < k; i++) {
                double p = exp((double)row[i]) / sum, q = (1 - eps) * (i == target[r]) + eps / (double)k;
                if (q != 0)
                    exact_add(&total, q * (log(sum) - (double)row[i]));
                /* exp of a rounded difference of up to 20: 20 units, and the sum of K / 64 lanes */
                CHECK_NEAR(dx[r * k + i], (p - q) * g, (p * 20 + q) * g, 8 + (double)(k < 4096 ? k : 4096) / 64 + 6);
            }
        }
        CHECK_NEAR(loss, total.sum * g, (total.magnitude + 20 * (double)n) * g, 16 + (double)(k < 4096 ? k : 4096) / 32 + 6);
        FREE_ALL(x, dx, target);
    }
}

ISO_TEST(cross_entropy_of_special_rows) {
    iso_cross_entropy_shape s = {1, 4, ISO_REDUCTION_MEAN, -100, 0};
    float loss, dx[4];
    /* Equal logits: probability 1/4 exactly, whatever their size. */
    const float equal[] = {3e38f, 3e38f, 3e38f, 3e38f}, quarter[] = {0.25f, -0.75f, 0.25f, 0.25f};
    iso_ref_cross_entropy(&s, equal, (int64_t[]){1}, &loss, dx);
    CHECK(loss == 0x1.62e43p+0f); /* log 4, correctly rounded */
    CHECK_BITS(quarter, dx, 4);
    /* One logit above all: no loss at all, no NaN. */
    const float far[] = {-1e30f, 50, -INFINITY, -200}, none[] = {0, 0, 0, 0};
    iso_ref_cross_entropy(&s, far, (int64_t[]){1}, &loss, dx);
    CHECK(bits_of(loss) == 0);
    CHECK_BITS(none, dx, 4);
    iso_ref_cross_entropy(&s, far, (int64_t[]){3}, &loss, dx);
    CHECK(loss == 250 && dx[1] == 1 && dx[3] == -1);
    /* Nothing counts: the mean of nothing is a NaN, as in PyTorch; the sum is 0. */
    iso_ref_cross_entropy(&s, far, (int64_t[]){-100}, &loss, dx);
    CHECK(isnan(loss));
    CHECK_BITS(none, dx, 4);
    s.reduction = ISO_REDUCTION_SUM;
    iso_ref_cross_entropy(&s, far, (int64_t[]){-100}, &loss, NULL);
    CHECK(bits_of(loss) == 0);
    const float wrong[] = {1, NAN, 2, 3};
    iso_ref_cross_entropy(&s, wrong, (int64_t[]){0}, &loss, NULL);
    CHECK(isnan(loss));
}

/* The losses of the samples meet in the tree, so halves of a batch of 8 add up to the whole. */
ISO_TEST(losses_join_in_the_tree) {
    float *x = tame(8 * 10), *t = tame(8 * 10), whole, left, right;
    int64_t target[] = {0, 1, 2, 3, 4, 5, 6, 7};
    iso_cross_entropy_shape s = {8, 10, ISO_REDUCTION_SUM, -100, 0}, half = {4, 10, ISO_REDUCTION_SUM, -100, 0};
    iso_ref_cross_entropy(&s, x, target, &whole, NULL);
    iso_ref_cross_entropy(&half, x, target, &left, NULL);
    iso_ref_cross_entropy(&half, x + 40, target + 4, &right, NULL);
    left = left + right;
    CHECK_BITS(&left, &whole, 1);
    iso_mse_shape m = {8, 10, ISO_REDUCTION_SUM}, n = {4, 10, ISO_REDUCTION_SUM};
    iso_ref_mse_loss(&m, x, t, &whole, NULL);
    iso_ref_mse_loss(&n, x, t, &left, NULL);
    iso_ref_mse_loss(&n, x + 40, t + 40, &right, NULL);
    left = left + right;
    CHECK_BITS(&left, &whole, 1);
    FREE_ALL(x, t);
}

ISO_TEST(mse_loss_is_near_binary64) {
    for (int round = 0; round < 30; round++) {
        iso_mse_shape s = {iso_test_between(1, 9), iso_test_between(1, 300), round & 1 ? ISO_REDUCTION_SUM : ISO_REDUCTION_MEAN};
        int64_t count = s.n * s.k;
        float *x = tame(count), *t = tame(count), *dx = tame(count), loss;
        exact e = {0, 0};
        iso_ref_mse_loss(&s, x, t, &loss, dx);
        double d = s.reduction == ISO_REDUCTION_MEAN ? (double)count : 1;
        for (int64_t i = 0; i < count; i++) {
            double difference = (double)x[i] - (double)t[i];
            exact_add(&e, difference * difference / d);
            CHECK_NEAR(dx[i], 2 * difference / d, fabs(2 * difference / d), 4);
        }
        CHECK_NEAR(loss, e.sum, e.magnitude, 3 + s.k / 64 + 1 + 6 + 4 + 1);
        FREE_ALL(x, t, dx);
    }
}
