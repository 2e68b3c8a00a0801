#include "ops/math_functions.h"

#include <math.h>

#include "kernels/each.h"
#include "math/math.h"

typedef void reference_function(int64_t count, const float *x, float *y);
typedef void kernel_function(const iso_exec *e, int64_t count, const float *x, float *y);

static const struct {
    reference_function *reference;
    kernel_function *kernel;
} functions[] = {
#define F(name) {iso_ref_##name, iso_cpu_##name},
    ISO_MATH_FUNCTIONS(F)
#undef F
};

/* Arguments of all sizes and, every other one, of the size of activations; the special values at the ends. */
static float *arguments(int64_t count) {
    float *x = random_floats(count, false);
    static const float special[] = {-0.0f, INFINITY, -INFINITY, NAN, 0x1p-149f, -0x1p-149f, -1, 0x1.fffffep127f};
    for (int64_t i = 0; i < count; i++)
        if (i & 1)
            x[i] = (float)(iso_test_uniform() * 16 - 8);
    for (int64_t i = 0; i < 8 && i < count / 2; i++)
        x[i] = x[count - 1 - i] = special[i];
    return x;
}

ISO_TEST(math_functions_equal_reference) {
    static const int64_t counts[] = {1, 3, 15, 16, 17, 49, 640, 16383, 16385, 40000};
    each it;
    CHECK(each_start(&it));
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        int64_t n = counts[i];
        float *x = arguments(n), *expected = floats(n), *actual = floats(n);
        for (size_t f = 0; f < sizeof functions / sizeof *functions; f++) {
            functions[f].reference(n, x, expected);
            for (it.next = 0; each_next(&it);) {
                functions[f].kernel(&it.exec, n, x, actual);
                CHECK_BITS(expected, actual, n);
                memcpy(actual, x, sizeof *x * (size_t)n);
                functions[f].kernel(&it.exec, n, actual, actual); /* in place */
                CHECK_BITS(expected, actual, n);
            }
        }
        free(x);
        free(expected);
        free(actual);
    }
    each_end(&it);
}
