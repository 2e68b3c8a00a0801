/* What NumPy's legacy functions and its Generator draw in the same way, inside the random room; and the form of the rest. */
#ifndef ISO_RANDOM_NUMPY_DISTRIBUTIONS_H
#define ISO_RANDOM_NUMPY_DISTRIBUTIONS_H

#include "random/numpy_bits.h"

/* What both families give their own standard normal, standard exponential and so on to. */
typedef struct iso_np_source {
    iso_np_bits *bits;
    void *state; /* of the functions below */
    double (*normal)(void *state);
    double (*exponential)(void *state);
} iso_np_source;

/* Those that need a normal or an exponential number: each family's own. */
double iso_np_standard_gamma_from(const iso_np_source *s, double shape);
double iso_np_beta_from(const iso_np_source *s, double a, double b);

/* Those that need uniform numbers only. */
int64_t iso_np_binomial_one(iso_np_bits *bits, int64_t n, double p);
int64_t iso_np_poisson_one(iso_np_bits *bits, double lam);
int64_t iso_np_geometric_one(iso_np_bits *bits, double p);
double iso_np_laplace_one(iso_np_bits *bits, double loc, double scale);
double iso_np_gumbel_one(iso_np_bits *bits, double loc, double scale);
double iso_np_logistic_one(iso_np_bits *bits, double loc, double scale);
double iso_np_rayleigh_one(iso_np_bits *bits, double scale);
double iso_np_triangular_one(iso_np_bits *bits, double left, double mode, double right);

/* log of the gamma function as NumPy computes it. */
double iso_np_log_gamma(double x);
/* The sum with which NumPy checks probabilities (Kahan's compensated summation). */
double iso_np_sum(const double *values, size_t n);

/* A number from 0 to max, by masking and rejecting: what shuffles draw. */
uint64_t iso_np_interval(iso_np_bits *bits, uint64_t max);

#endif
