#include "ops/elementwise.h"

#include <math.h>

#include "kernels/each.h"

ISO_TEST(elementwise_equals_reference) {
    static const int64_t counts[] = {1, 3, 7, 15, 16, 17, 49, 640, 16383, 16384, 16385, 40000};
    each it;
    CHECK(each_start(&it));
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        int64_t n = counts[i];
        float *a = random_floats(n, false), *b = random_floats(n, false), *expected = floats(n), *actual = floats(n);
        uint8_t *keep = malloc((size_t)n);
        for (int64_t j = 0; j < n; j++)
            keep[j] = iso_test_random() & 1;
        a[0] = -0.0f;
        a[n - 1] = INFINITY;
        for (it.next = 0; each_next(&it);) {
            iso_ref_relu(n, a, expected);
            iso_cpu_relu(&it.exec, n, a, actual);
            CHECK_BITS(expected, actual, n);
            iso_ref_relu_backward(n, a, b, expected);
            iso_cpu_relu_backward(&it.exec, n, a, b, actual);
            CHECK_BITS(expected, actual, n);
            iso_ref_add(n, a, b, expected);
            iso_cpu_add(&it.exec, n, a, b, actual);
            CHECK_BITS(expected, actual, n);
            iso_ref_dropout(n, b, keep, 0.37, expected);
            iso_cpu_dropout(&it.exec, n, b, keep, 0.37, actual);
            CHECK_BITS(expected, actual, n);
        }
        free(a);
        free(b);
        free(expected);
        free(actual);
        free(keep);
    }
    each_end(&it);
}
