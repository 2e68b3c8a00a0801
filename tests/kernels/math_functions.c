#include "ops/math_functions.h"

#include "kernels/cases.h"

/* Of all numbers, or of the size of activations. */
static void compare(cases *c, void (*reference)(int64_t count, const float *x, float *y),
                    void (*kernel)(const iso_exec *e, int64_t count, const float *x, float *y)) {
    int64_t count = case_once_in(200) ? iso_test_between(1, 2) * 16384 + iso_test_between(-2, 2) : case_size(200);
    bool in_place = iso_test_random() & 1;
    case_shape(c, "count %lld%s", (long long)count, in_place ? ", in place" : "");
    float *x = case_operand(c, count);
    if (case_once_in(3))
        for (int64_t i = 0; i < count; i++)
            x[i] = (float)(iso_test_uniform() * 16 - 8);
    case_output y = case_updated(c, "y", count, in_place ? x : NULL);
    c->exact_nan = true;
    reference(count, x, y.expected);
    while (case_next(c))
        kernel(&c->exec, count, in_place ? y.actual : x, y.actual);
}

#define F(name)                                                                                                                  \
    CASES(name, 1) {                                                                                                             \
        compare(c, iso_ref_##name, iso_cpu_##name);                                                                              \
    }
ISO_MATH_FUNCTIONS(F)
