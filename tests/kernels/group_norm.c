#include "ops/group_norm.h"

#include "kernels/cases.h"

struct norm {
    iso_group_norm_shape shape;
    int64_t count;              /* elements of an activation */
    const float *weight, *bias; /* both, or NULLs */
};

static struct norm random_norm(cases *c) {
    static const double epsilons[] = {1e-5, 1e-5, 1e-3, 0, 1};
    /* Some are so large that their outputs go past the caches. */
    bool huge = case_once_in(2000);
    int64_t most = huge ? 3000000 : case_once_in(50) ? 60000 : 4000, groups = iso_test_between(0, 1) ? case_size(8) : 1;
    int64_t channels = huge ? 16 * groups : groups * case_size(140 / groups);
    int64_t hw = huge ? most / channels / 3 : case_size(iso_max64(most / channels, 1)),
            n = huge ? 3 : case_size(iso_max64(most / channels / hw, 1));
    struct norm o = {{n, hw, channels, groups, epsilons[iso_test_between(0, 4)]}, n * hw * channels};
    if (iso_test_between(0, 3)) {
        o.weight = case_operand(c, channels);
        o.bias = case_operand(c, channels);
    }
    case_shape(c, "n %lld hw %lld c %lld groups %lld eps %g%s", (long long)n, (long long)hw, (long long)channels,
               (long long)groups, o.shape.eps, o.weight ? "" : ", not affine");
    return o;
}

CASES(group_norm, 4) {
    struct norm o = random_norm(c);
    int64_t statistics = o.shape.n * o.shape.groups;
    const float *x = case_operand(c, o.count);
    case_output mean = case_floats(c, "mean", statistics), invstd = case_floats(c, "invstd", statistics),
                y = case_floats(c, "y", o.count);
    iso_ref_group_norm(&o.shape, x, o.weight, o.bias, mean.expected, invstd.expected, y.expected);
    while (case_next(c)) {
        case_scratch(c, iso_cpu_group_norm_scratch(&c->exec, &o.shape));
        iso_cpu_group_norm(&c->exec, &o.shape, x, o.weight, o.bias, mean.actual, invstd.actual, y.actual);
    }
}

CASES(group_norm_backward, 4) {
    struct norm o = random_norm(c);
    int64_t statistics = o.shape.n * o.shape.groups;
    const float *x = case_operand(c, o.count), *dy = case_operand(c, o.count);
    float *mean = case_memory(c, statistics, sizeof *mean), *invstd = case_memory(c, statistics, sizeof *invstd);
    float *y = case_memory(c, o.count, sizeof *y);
    iso_ref_group_norm(&o.shape, x, o.weight, o.bias, mean, invstd, y);
    bool wanted = iso_test_between(0, 5);
    case_output dx = case_optional(c, "dx", o.count, iso_test_between(0, 5)), dw = case_optional(c, "dweight", o.shape.c, wanted),
                db = case_optional(c, "dbias", o.shape.c, wanted);
    iso_ref_group_norm_backward(&o.shape, x, dy, o.weight, mean, invstd, dx.expected, dw.expected, db.expected);
    while (case_next(c)) {
        case_scratch(c, iso_cpu_group_norm_backward_scratch(&c->exec, &o.shape));
        iso_cpu_group_norm_backward(&c->exec, &o.shape, x, dy, o.weight, mean, invstd, dx.actual, dw.actual, db.actual);
    }
}
