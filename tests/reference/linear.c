#include "ops/linear.h"

#include "near.h"
#include "ops/gemm.h"

/* Three of the four are the matrix product with other strides, bit for bit; the gradient of the weight is so for up to 8 rows. */
ISO_TEST(linear_is_gemm) {
    for (int i = 0; i < 30; i++) {
        iso_linear_shape s = {iso_test_between(1, 8), iso_test_between(1, 600), iso_test_between(1, 300)};
        if (i % 3)
            s = (iso_linear_shape){iso_test_between(1, 8), iso_test_between(1, 40), iso_test_between(1, 40)};
        float *x = tame(s.n * s.in), *w = tame(s.out * s.in), *bias = tame(s.out), *dy = tame(s.n * s.out);
        int64_t most = s.n * (s.in + s.out) + s.in * s.out;
        float *expected = zeroed(most, sizeof *expected), *got = zeroed(most, sizeof *got);
        iso_ref_gemm(&(iso_gemm_shape){s.n, s.out, s.in, s.in, 1, 1, s.in, s.out}, x, w, expected);
        iso_ref_linear(&s, x, w, NULL, got);
        CHECK_BITS(expected, got, s.n * s.out);
        iso_ref_linear(&s, x, w, bias, got);
        for (int64_t j = 0; j < s.n * s.out; j++)
            expected[j] = expected[j] + bias[j % s.out];
        CHECK_BITS(expected, got, s.n * s.out);
        iso_ref_gemm(&(iso_gemm_shape){s.n, s.in, s.out, s.out, 1, s.in, 1, s.in}, dy, w, expected);
        iso_ref_linear_backward_input(&s, dy, w, got);
        CHECK_BITS(expected, got, s.n * s.in);
        iso_ref_gemm(&(iso_gemm_shape){s.out, s.in, s.n, 1, s.out, s.in, 1, s.in}, dy, x, expected);
        iso_ref_linear_backward_weight(&s, x, dy, got);
        CHECK_BITS(expected, got, s.out * s.in);
        FREE_ALL(x, w, bias, dy, expected, got);
    }
}

/* Leaves of 8 rows, joined as a tree: three leaves of a batch of 21 are (0 + 1) + 2. */
ISO_TEST(linear_gradients_join_leaves_of_8_rows) {
    iso_linear_shape all = {21, 5, 4};
    float *x = tame(21 * 5), *dy = tame(21 * 4), dw[4 * 5], db[4], part[3][4 * 5], part_bias[3][4];
    iso_ref_linear_backward_weight(&all, x, dy, dw);
    iso_ref_linear_backward_bias(&all, dy, db);
    for (int l = 0; l < 3; l++) {
        iso_linear_shape leaf = {l == 2 ? 5 : 8, 5, 4};
        iso_ref_linear_backward_weight(&leaf, x + l * 8 * 5, dy + l * 8 * 4, part[l]);
        iso_ref_linear_backward_bias(&leaf, dy + l * 8 * 4, part_bias[l]);
    }
    for (int i = 0; i < 4 * 5; i++)
        part[0][i] = (part[0][i] + part[1][i]) + part[2][i];
    for (int o = 0; o < 4; o++)
        part_bias[0][o] = (part_bias[0][o] + part_bias[1][o]) + part_bias[2][o];
    CHECK_BITS(part[0], dw, 4 * 5);
    CHECK_BITS(part_bias[0], db, 4);
    for (int o = 0; o < 4; o++) {
        exact e = {0, 0};
        for (int n = 0; n < 21; n++)
            exact_add(&e, (double)dy[n * 4 + o]);
        CHECK_NEAR(db[o], e.sum, e.magnitude, 8 + 2);
    }
    FREE_ALL(x, dy);
}
