/* What sigmoid's and GELU's intervals have to hold (src/kernels/math_functions_pairs.h): over all arguments of the cells, by how
 * many units of 2^-24 the rest of the function's value exceeds the kernel's. The numbers belong between 0 and the width that
 * scripts/math_coefficients.py gives; `make prove` shows that what is decided by that width is right.
 *
 *     make widths
 *
 * The value is that of the C library in binary64, whose error is a small part of a unit. */
#include "kernels/avx512.c" /* for its static functions */

#include <stdio.h>

#include "prove/formulas.h"

#ifdef __AVX512F__

/* The pair's sign is that of x. */
static double sigmoid_of(double x) {
    return x < 0 ? -sigmoid_formula(x) : sigmoid_formula(x);
}

static void measure(const char *name, const float cells[8][32], double (*f)(double), bool times_x, float width) {
    const float last = 61.0f / 16; /* the first number beyond the cells */
    double least = INFINITY, most = -INFINITY;
    for (uint64_t i = 0; i < UINT64_C(1) << 32; i += WIDTH) {
        uint32_t bits[WIDTH];
        float x[WIDTH], high[WIDTH], low[WIDTH];
        for (int j = 0; j < WIDTH; j++)
            bits[j] = (uint32_t)i + (uint32_t)j;
        memcpy(x, bits, sizeof x);
        if (!(fabsf(x[0]) < last && fabsf(x[WIDTH - 1]) >= 0x1p-100f)) /* all of one sign and magnitude */
            continue;
        vec l, z = vec_nearer(vec_load(x), 3.9f), h = half_and_odd_avx512(cells, vec_load(x), z, &l);
        if (times_x)
            h = product_of_pair_avx512(z, h, &l);
        vec_store(high, h);
        vec_store(low, l);
        for (int j = 0; j < WIDTH; j++) {
            double units = ((f(x[j]) - high[j]) / low[j] - 1) * 0x1p24;
            least = fmin(least, units);
            most = fmax(most, units);
        }
    }
    printf("%-10s %.2f to %.2f units, of 0 to %g\n", name, least, most, (width - 1) * 0x1p24);
}

int main(void) {
    if (!__builtin_cpu_supports("avx512dq")) {
        printf("widths: this CPU has no AVX-512\n");
        return 1;
    }
    measure("sigmoid", iso_sigmoid_cells, sigmoid_of, false, ISO_SIGMOID_WIDTH);
    measure("gelu", iso_phi_cells, gelu_formula, true, ISO_PHI_WIDTH);
    measure("gelu_tanh", iso_gelu_tanh_cells, gelu_tanh_formula, true, ISO_GELU_TANH_WIDTH);
    return 0;
}
#else
int main(void) {
    printf("widths: not built for AVX-512\n");
    return 1;
}
#endif
