/* For an instruction set's file of tests/prove that has included its kernels: measures their intervals, as widths.c says. */
#include <stdio.h>

#include "prove/formulas.h"
#include "prove/widths_of.h"

#ifdef vec_lookup32
#define CELLS                           32
#define MEASURE(name, NAME, f, times_x) measure(#name, iso_##name##_cells, f, times_x, ISO_##NAME##_WIDTH)
#else
#define CELLS                           16
#define MEASURE(name, NAME, f, times_x) measure(#name, iso_##name##16_cells, f, times_x, ISO_##NAME##16_WIDTH)
#endif
#define END (4 * (CELLS - 1.5f) / CELLS) /* the first number beyond the cells */

/* The pair's sign is that of x. */
static double sigmoid_of(double x) {
    return x < 0 ? -sigmoid_formula(x) : sigmoid_formula(x);
}

static void measure(const char *name, const float cells[][CELLS], double (*f)(double), bool times_x, float width) {
    double least = INFINITY, most = -INFINITY;
    for (uint64_t i = 0; i < UINT64_C(1) << 32; i += WIDTH) {
        uint32_t bits[WIDTH];
        float x[WIDTH], high[WIDTH], low[WIDTH];
        for (int j = 0; j < WIDTH; j++)
            bits[j] = (uint32_t)i + (uint32_t)j;
        memcpy(x, bits, sizeof x);
        if (!(fabsf(x[0]) < END && fabsf(x[WIDTH - 1]) >= 0x1p-100f)) /* all of one sign and magnitude */
            continue;
        vec l, z = vec_abs(vec_load(x)), h = ISA(half_and_odd)(cells, vec_load(x), z, &l);
        if (times_x)
            h = ISA(product_of_pair)(z, h, &l);
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

void ISA(widths)(void) {
    MEASURE(sigmoid, SIGMOID, sigmoid_of, false);
    MEASURE(phi, PHI, gelu_formula, true);
    MEASURE(gelu_tanh, GELU_TANH, gelu_tanh_formula, true);
}
