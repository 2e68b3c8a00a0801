#include "ops/elementwise.h"

#include "near.h"

ISO_TEST(relu_of_special_values) {
    const float x[] = {-0.0f, 0.0f, 1, -1, 0x1p-149f, -0x1p-149f, INFINITY, -INFINITY, NAN};
    const float expected[] = {0, 0, 1, 0, 0x1p-149f, 0, INFINITY, 0};
    const float gradient[] = {0, 0, 3, 0, 3, 0, 3, 0, 0};
    float y[9], dy[9], dx[9];
    for (int i = 0; i < 9; i++)
        dy[i] = 3;
    iso_ref_relu(9, x, y);
    CHECK_BITS(expected, y, 8);
    CHECK(y[8] != y[8]);
    iso_ref_relu_backward(9, y, dy, dx);
    CHECK_BITS(gradient, dx, 9);
}

ISO_TEST(add_and_dropout_round_once) {
    float a[] = {1, -0.0f, 0x1p24f, INFINITY}, b[] = {0x1p-24f, -0.0f, 1, 1}, sum[] = {1, -0.0f, 0x1p24f, INFINITY}, y[4];
    iso_ref_add(4, a, b, y);
    CHECK_BITS(sum, y, 4);
    /* p = 0.1: 1 - p is rounded to binary32, then divided once, then one multiplication. */
    const float x[] = {3, -3, 0, -2};
    const uint8_t keep[] = {1, 0, 1, 1}, none[] = {0, 0, 0, 0};
    float scale = 1.0f / 0.9f, expected[] = {3 * scale, -0.0f, 0, -2 * scale}, nothing[] = {0, -0.0f, 0, -0.0f};
    iso_ref_dropout(4, x, keep, 0.1, y);
    CHECK_BITS(expected, y, 4);
    iso_ref_dropout(4, x, none, 1, y);
    CHECK_BITS(nothing, y, 4);
    for (int round = 0; round < 100; round++) { /* a division by 0.9 would often be another number */
        float some, product;
        iso_test_tame_floats(&some, 1);
        iso_ref_dropout(1, &some, keep, 0.1, &product);
        CHECK(product == some * scale);
    }
}
