/* isobit/random/numpy_generator.h: numpy.random.Generator (default_rng), bit for bit, on any of NumPy's bit generators:
 *
 *     iso_np_seed_sequence seed;
 *     iso_np_bits rng;
 *     iso_np_seed_sequence_init(&seed, (uint32_t[]){42}, 1, NULL, 0, 4);
 *     iso_np_bits_seed(&rng, ISO_NP_PCG64, &seed);          // rng = np.random.default_rng(42)
 *
 * An array call of NumPy (size = ...) is one call here, a call without size one of n = 1. False means that NumPy raises an
 * exception; then nothing was drawn. Definitions: numpy/random/_generator.pyx, _bounded_integers.pyx and src/distributions of
 * NumPy 1.24 to 2.4, which agree in all of this but beta numbers of parameters so small that both powers underflow (here as 2.4
 * draws them).
 *
 * random, uniform, integers, shuffles, permutations and choice are exact arithmetic, and so is 99 in 100 of the ziggurats'
 * numbers (standard_normal, standard_exponential); the rest, and the other distributions, call the C library's log, log1p, exp,
 * expm1 and pow, and are NumPy's bits with the library that NumPy runs on. */
#ifndef ISOBIT_RANDOM_NUMPY_GENERATOR_H
#define ISOBIT_RANDOM_NUMPY_GENERATOR_H

#include "isobit/random/numpy.h"

#ifdef __cplusplus
extern "C" {
#endif

/* random(n) is iso_np_random of numpy.h; and with dtype=float32. */
ISO_API void iso_np_random_f32(iso_np_bits *rng, float *out, size_t n);
ISO_API bool iso_np_uniform(iso_np_bits *rng, double *out, size_t n, double low, double high);

/* rng.standard_normal(n), with dtype=float32, rng.normal(loc, scale, n), rng.lognormal(mean, sigma, n). False: a negative scale
 * or sigma. */
ISO_API void iso_np_standard_normal(iso_np_bits *rng, double *out, size_t n);
ISO_API void iso_np_standard_normal_f32(iso_np_bits *rng, float *out, size_t n);
ISO_API bool iso_np_normal(iso_np_bits *rng, double *out, size_t n, double loc, double scale);
ISO_API bool iso_np_lognormal(iso_np_bits *rng, double *out, size_t n, double mean, double sigma);

/* method='zig', and method='inv'. */
ISO_API void iso_np_standard_exponential(iso_np_bits *rng, double *out, size_t n);
ISO_API void iso_np_standard_exponential_f32(iso_np_bits *rng, float *out, size_t n);
ISO_API void iso_np_standard_exponential_inv(iso_np_bits *rng, double *out, size_t n);
ISO_API void iso_np_standard_exponential_inv_f32(iso_np_bits *rng, float *out, size_t n);
ISO_API bool iso_np_exponential(iso_np_bits *rng, double *out, size_t n, double scale);

/* rng.standard_gamma(shape, n), with dtype=float32, gamma, beta, chisquare, f, standard_cauchy, standard_t, pareto, weibull,
 * power, laplace, gumbel, logistic, rayleigh, triangular: NumPy's argument names. False: one of them is out of its range. */
ISO_API bool iso_np_standard_gamma(iso_np_bits *rng, double *out, size_t n, double shape);
ISO_API bool iso_np_standard_gamma_f32(iso_np_bits *rng, float *out, size_t n, float shape);
ISO_API bool iso_np_gamma(iso_np_bits *rng, double *out, size_t n, double shape, double scale);
ISO_API bool iso_np_beta(iso_np_bits *rng, double *out, size_t n, double a, double b);
ISO_API bool iso_np_chisquare(iso_np_bits *rng, double *out, size_t n, double df);
ISO_API bool iso_np_f(iso_np_bits *rng, double *out, size_t n, double dfnum, double dfden);
ISO_API void iso_np_standard_cauchy(iso_np_bits *rng, double *out, size_t n);
ISO_API bool iso_np_standard_t(iso_np_bits *rng, double *out, size_t n, double df);
ISO_API bool iso_np_pareto(iso_np_bits *rng, double *out, size_t n, double a);
ISO_API bool iso_np_weibull(iso_np_bits *rng, double *out, size_t n, double a);
ISO_API bool iso_np_power(iso_np_bits *rng, double *out, size_t n, double a);
ISO_API bool iso_np_laplace(iso_np_bits *rng, double *out, size_t n, double loc, double scale);
ISO_API bool iso_np_gumbel(iso_np_bits *rng, double *out, size_t n, double loc, double scale);
ISO_API bool iso_np_logistic(iso_np_bits *rng, double *out, size_t n, double loc, double scale);
ISO_API bool iso_np_rayleigh(iso_np_bits *rng, double *out, size_t n, double scale);
ISO_API bool iso_np_triangular(iso_np_bits *rng, double *out, size_t n, double left, double mode, double right);

/* rng.poisson(lam, n), binomial(trials, p, n), negative_binomial(successes, p, n), geometric(p, n). False: a parameter is out of
 * its range. */
ISO_API bool iso_np_poisson(iso_np_bits *rng, int64_t *out, size_t n, double lam);
ISO_API bool iso_np_binomial(iso_np_bits *rng, int64_t *out, size_t n, int64_t trials, double p);
ISO_API bool iso_np_negative_binomial(iso_np_bits *rng, int64_t *out, size_t n, double successes, double p);
ISO_API bool iso_np_geometric(iso_np_bits *rng, int64_t *out, size_t n, double p);

/* integers(low, last, size = n, dtype, endpoint=True): whole numbers from low to last of the type whose width in bits is given, 1
 * for bool: out holds n of them, uint8_t for bool. The bounds are two's complement in 64 bits; last - low must fit the width. */
ISO_API void iso_np_integers(iso_np_bits *rng, void *out, size_t n, int width, uint64_t low, uint64_t last);
/* bytes(n). */
ISO_API void iso_np_bytes(iso_np_bits *rng, uint8_t *out, size_t n);

/* shuffle(x) of n items of `size` bytes each: a list, a 1-D array, the rows of an array. permutation(n) is that of 0 .. n-1. */
ISO_API void iso_np_shuffle(iso_np_bits *rng, void *items, size_t n, size_t size);

/* choice(population, n): indices, with replacement; population >= 1 unless n is 0. */
ISO_API bool iso_np_choice(iso_np_bits *rng, int64_t *out, size_t n, int64_t population);
/* choice(population, n, p = p). Probabilities must not be negative or NaN and must sum to 1 within 2^-26. scratch: `population`
 * doubles. */
ISO_API bool iso_np_choice_weighted(iso_np_bits *rng, int64_t *out, size_t n, const double *p, size_t population,
                                    double *scratch);
/* choice(population, n, replace = False, shuffle = shuffle), n <= population. scratch: iso_np_choice_scratch(n, population)
 * int64. */
ISO_API size_t iso_np_choice_scratch(size_t n, int64_t population, bool shuffle);
ISO_API bool iso_np_choice_distinct(iso_np_bits *rng, int64_t *out, size_t n, int64_t population, bool shuffle, int64_t *scratch);
/* choice(population, n, replace = False, p = p); n of the probabilities must be positive. scratch: 2 * population doubles. */
ISO_API bool iso_np_choice_distinct_weighted(iso_np_bits *rng, int64_t *out, size_t n, const double *p, size_t population,
                                             double *scratch);

#ifdef __cplusplus
}
#endif
#endif
