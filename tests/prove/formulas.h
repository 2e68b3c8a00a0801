/* sigmoid and both forms of GELU in binary64, of the C library's functions. */
#ifndef ISO_TESTS_FORMULAS_H
#define ISO_TESTS_FORMULAS_H

#include <math.h>

static inline double sigmoid_formula(double x) {
    return 1 / (1 + exp(-x));
}
static inline double gelu_formula(double x) {
    return x * (0.5 * erfc(-0x1.6a09e667f3bcdp-1 * x));
}
static inline double gelu_tanh_formula(double x) {
    return x / (1 + exp(-2 * 0x1.9884533d43651p-1 * (x + 0.044715 * x * x * x)));
}

#endif
