#include "ops/norm.h"

#include <math.h>

#include "kernels/cases.h"

/* The bits of a binary64 as two numbers; one NaN only. */
static void store(double value, int32_t *to) {
    if (value != value)
        value = NAN;
    memcpy(to, &value, sizeof value);
}

CASES(square_sum, 2) {
    int64_t count = case_count();
    case_shape(c, "count %lld", (long long)count);
    const float *x = case_operand(c, count);
    case_indices sum = case_whole_numbers(c, "sum", 2);
    store(iso_ref_square_sum(count, x), sum.expected);
    while (case_next(c)) {
        case_scratch(c, iso_square_sum_scratch(count));
        store(iso_cpu_square_sum(&c->exec, count, x), sum.actual);
    }
}
