#include "ops/loss.h"

#include "kernels/cases.h"
#include "reference/sums.h"

/* Samples and what each has; seldom more than a block of the row sum. */
static int64_t random_rows(int64_t *n) {
    int64_t k = case_once_in(30) ? iso_test_between(1, 3) * 4096 + iso_test_between(-2, 2) : case_size(300);
    *n = case_size(iso_min64(70, iso_max64(4000 / k, 1)));
    return k;
}

CASES(cross_entropy, 4) {
    iso_cross_entropy_shape s = {.reduction = iso_test_random() & 1 ? ISO_REDUCTION_SUM : ISO_REDUCTION_MEAN};
    s.k = random_rows(&s.n);
    s.ignore_index = case_once_in(3) ? iso_test_between(0, s.k - 1) : -100;
    s.label_smoothing = case_once_in(3) ? iso_test_uniform() : case_once_in(3) ? 0.1 : 0;
    bool ignores = case_once_in(3), wanted = iso_test_between(0, 7);
    case_shape(c, "n %lld k %lld %s ignore_index %lld label_smoothing %.17g%s", (long long)s.n, (long long)s.k,
               s.reduction == ISO_REDUCTION_SUM ? "sum" : "mean", (long long)s.ignore_index, s.label_smoothing,
               wanted ? "" : ", without dx");
    float *x = case_operand(c, s.n * s.k);
    if (iso_test_random() & 1) /* logits, some of which have exponentials that are 0 */
        for (int64_t i = 0; i < s.n * s.k; i++)
            x[i] = x[i] * 40;
    int64_t *target = case_memory(c, s.n, sizeof *target);
    for (int64_t i = 0; i < s.n; i++)
        target[i] = ignores && (iso_test_random() & 1) ? s.ignore_index : iso_test_between(0, s.k - 1);
    case_output loss = case_floats(c, "loss", 1), dx = case_optional(c, "dx", s.n * s.k, wanted);
    iso_ref_cross_entropy(&s, x, target, loss.expected, dx.expected);
    while (case_next(c)) {
        case_scratch(c, iso_cpu_cross_entropy_scratch(&c->exec, &s));
        iso_cpu_cross_entropy(&c->exec, &s, x, target, loss.actual, dx.actual);
    }
}

/* Of a block: the sum, and the gradients with the factor of the whole batch. */
CASES(cross_entropy_sum, 2) {
    iso_cross_entropy_shape s = {.ignore_index = -100, .label_smoothing = case_once_in(3) ? 0.1 : 0};
    s.k = random_rows(&s.n);
    float g = (float)iso_test_uniform();
    case_shape(c, "n %lld k %lld label_smoothing %g g %a", (long long)s.n, (long long)s.k, s.label_smoothing, (double)g);
    const float *x = case_operand(c, s.n * s.k);
    int64_t *target = case_memory(c, s.n, sizeof *target);
    for (int64_t i = 0; i < s.n; i++)
        target[i] = case_once_in(4) ? s.ignore_index : iso_test_between(0, s.k - 1);
    case_output sum = case_floats(c, "sum", 1), dx = case_optional(c, "dx", s.n * s.k, iso_test_between(0, 7));
    iso_tree tree = iso_tree_new();
    for (int64_t i = 0; i < s.n; i++)
        iso_tree_add(&tree, iso_ref_cross_entropy_row(&s, x + i * s.k, target[i], g, dx.expected ? dx.expected + i * s.k : NULL));
    *sum.expected = iso_tree_total(&tree);
    while (case_next(c)) {
        case_scratch(c, iso_cpu_cross_entropy_scratch(&c->exec, &s));
        iso_cpu_cross_entropy_sum(&c->exec, &s, x, target, g, sum.actual, dx.actual);
    }
}

CASES(mse_loss_sum, 2) {
    iso_mse_shape s = {.reduction = ISO_REDUCTION_SUM};
    s.k = random_rows(&s.n);
    float factor = (float)iso_test_uniform();
    case_shape(c, "n %lld k %lld c %a", (long long)s.n, (long long)s.k, (double)factor);
    const float *x = case_operand(c, s.n * s.k), *target = case_operand(c, s.n * s.k);
    case_output sum = case_floats(c, "sum", 1), dx = case_optional(c, "dx", s.n * s.k, iso_test_between(0, 7));
    iso_tree tree = iso_tree_new();
    for (int64_t i = 0; i < s.n; i++)
        iso_tree_add(&tree,
                     iso_ref_mse_row(s.k, x + i * s.k, target + i * s.k, factor, dx.expected ? dx.expected + i * s.k : NULL));
    *sum.expected = iso_tree_total(&tree);
    while (case_next(c)) {
        case_scratch(c, iso_cpu_mse_loss_scratch(&c->exec, &s));
        iso_cpu_mse_loss_sum(&c->exec, &s, x, target, factor, sum.actual, dx.actual);
    }
}

CASES(mse_loss, 4) {
    iso_mse_shape s = {.reduction = iso_test_random() & 1 ? ISO_REDUCTION_SUM : ISO_REDUCTION_MEAN};
    s.k = random_rows(&s.n);
    bool wanted = iso_test_between(0, 7);
    case_shape(c, "n %lld k %lld %s%s", (long long)s.n, (long long)s.k, s.reduction == ISO_REDUCTION_SUM ? "sum" : "mean",
               wanted ? "" : ", without dx");
    const float *x = case_operand(c, s.n * s.k), *target = case_operand(c, s.n * s.k);
    case_output loss = case_floats(c, "loss", 1), dx = case_optional(c, "dx", s.n * s.k, wanted);
    iso_ref_mse_loss(&s, x, target, loss.expected, dx.expected);
    while (case_next(c)) {
        case_scratch(c, iso_cpu_mse_loss_scratch(&c->exec, &s));
        iso_cpu_mse_loss(&c->exec, &s, x, target, loss.actual, dx.actual);
    }
}
