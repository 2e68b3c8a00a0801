#include "ops/gemm.h"

#include "near.h"

ISO_TEST(gemm_is_near_binary64) {
    for (int i = 0; i < 20; i++) {
        int64_t m = iso_test_between(1, 9), n = iso_test_between(1, 9), k = iso_test_between(0, 700);
        bool turned = i & 1; /* A stored by columns */
        iso_gemm_shape s = {m, n, k, turned ? 1 : k, turned ? m : 1, n, 1, n};
        float *a = tame(m * k), *b = tame(k * n), *c = tame(m * n);
        iso_ref_gemm(&s, a, b, c);
        for (int64_t r = 0; r < m; r++)
            for (int64_t q = 0; q < n; q++) {
                exact e = {0, 0};
                for (int64_t p = 0; p < k; p++)
                    exact_add(&e, (double)a[turned ? p * m + r : r * k + p] * (double)b[p * n + q]);
                CHECK_NEAR(c[r * n + q], e.sum, e.magnitude, iso_min64(k, ISO_PANEL) + k / ISO_PANEL + 1);
            }
        FREE_ALL(a, b, c);
    }
}
