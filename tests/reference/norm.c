#include "ops/norm.h"

#include <math.h>

#include "harness/test.h"

/* Against the plain sum in long double; squares of the largest numbers do not overflow. */
ISO_TEST(square_sum_is_the_sum_of_squares) {
    float x[10000];
    iso_test_tame_floats(x, 10000);
    long double exact = 0;
    for (int i = 0; i < 10000; i++)
        exact += (long double)x[i] * x[i];
    CHECK(fabsl((long double)iso_ref_square_sum(10000, x) - exact) < 1e-12L * exact);
    x[0] = 3.4e38f;
    CHECK(isfinite(iso_ref_square_sum(10000, x)) && sqrt(iso_ref_square_sum(10000, x)) >= 3.39e38);
    CHECK(iso_ref_square_sum(0, x) == 0);
}
