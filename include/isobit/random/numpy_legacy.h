/* isobit/random/numpy_legacy.h: numpy.random.seed, rand, randn, randint, ... : NumPy's RandomState, bit for bit, after NumPy's
 * mtrand.pyx, legacy-distributions.c and _bounded_integers.pyx of releases 1.21 to 2.5, which differ in multinomial and, far
 * beyond 2^53, in binomial and poisson.
 *
 * A plain struct that the caller owns; copy it to fork a stream. Nothing is allocated. An array call of NumPy (size = ...) is one
 * call here, a call without size one of n = 1.
 *
 * false means that NumPy raises an exception: nothing was drawn and nothing written. Parameters with which NumPy would search for
 * ever (a NaN as the shape of a gamma, zipf from 1025 on, ...) are refused as well.
 *
 * random_sample, uniform, randint and its kind, permutations, choice, bytes and triangular are exact arithmetic, or rounded
 * operations and sqrt only, and so the same on every machine. All others are as good as the log, log1p, exp, pow, cos and acos
 * of the C library that Isobit runs on: with the one that NumPy runs on they are NumPy's bits. */
#ifndef ISOBIT_RANDOM_NUMPY_LEGACY_H
#define ISOBIT_RANDOM_NUMPY_LEGACY_H

#include "isobit/random/numpy.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What the last pair (n, p) of a binomial came to. NumPy keeps it too, and across functions: in 2.4 it can be told by the bits.
 */
typedef struct iso_np_legacy_binomial_setup {
    bool filled;
    int64_t n, m;
    double p, r, q, fm, p1, xm, xl, xr, c, laml, lamr, p2, p3, p4;
} iso_np_legacy_binomial_setup;

/* numpy.random.RandomState. Begin with `iso_np_random_state rs = {.release = 204}` and a seed, or with .bits = any bit generator.
 */
typedef struct iso_np_random_state {
    iso_np_bits bits;
    bool has_gauss; /* the second of the last pair of normals is waiting */
    double gauss;
    int release; /* 100 * major + minor of the NumPy to follow: 121 for 1.21 up to 205; 0: the newest */
    iso_np_legacy_binomial_setup binomial;
} iso_np_random_state;

/* np.random.seed(seed), and np.random.seed([words]): an empty array is refused. The engine becomes MT19937; the cached normal is
 * dropped, release and binomial stay. */
ISO_API void iso_np_legacy_seed(iso_np_random_state *rs, uint32_t seed);
ISO_API bool iso_np_legacy_seed_array(iso_np_random_state *rs, const uint32_t *words, size_t count);

/* get_state() and set_state(): the parts of the tuple ('MT19937', key, pos, has_gauss, cached_gaussian). Refused: an engine other
 * than MT19937, a pos outside 0 .. 624, and a key that can only give zeros. */
ISO_API bool iso_np_legacy_get_state(const iso_np_random_state *rs, uint32_t key[624], int *pos, int *has_gauss, double *gauss);
ISO_API bool iso_np_legacy_set_state(iso_np_random_state *rs, const uint32_t key[624], int pos, int has_gauss, double gauss);

/* The words that PyTorch's DataLoader passes to np.random.seed in worker `worker_id` of an iteration with this base_seed
 * (_generate_state of torch/utils/data/_utils/worker.py). */
ISO_API void iso_np_worker_state(uint64_t base_seed, uint32_t worker_id, uint32_t words[4]);

/* random_sample = rand = random = ranf = sample: n float64 in [0, 1). */
ISO_API void iso_np_legacy_random_sample(iso_np_random_state *rs, double *out, size_t n);
/* low + (high - low) u; high - low must be finite. */
ISO_API bool iso_np_legacy_uniform(iso_np_random_state *rs, double *out, size_t n, double low, double high);
/* randn = standard_normal: the polar method, in pairs of which the second waits for the next call. */
ISO_API void iso_np_legacy_standard_normal(iso_np_random_state *rs, double *out, size_t n);
ISO_API bool iso_np_legacy_normal(iso_np_random_state *rs, double *out, size_t n, double loc, double scale);
ISO_API bool iso_np_legacy_lognormal(iso_np_random_state *rs, double *out, size_t n, double mean, double sigma);
ISO_API void iso_np_legacy_standard_exponential(iso_np_random_state *rs, double *out, size_t n);
ISO_API bool iso_np_legacy_exponential(iso_np_random_state *rs, double *out, size_t n, double scale);
ISO_API bool iso_np_legacy_standard_gamma(iso_np_random_state *rs, double *out, size_t n, double shape);
ISO_API bool iso_np_legacy_gamma(iso_np_random_state *rs, double *out, size_t n, double shape, double scale);
ISO_API bool iso_np_legacy_beta(iso_np_random_state *rs, double *out, size_t n, double a, double b);
ISO_API bool iso_np_legacy_chisquare(iso_np_random_state *rs, double *out, size_t n, double df);
ISO_API bool iso_np_legacy_noncentral_chisquare(iso_np_random_state *rs, double *out, size_t n, double df, double nonc);
ISO_API bool iso_np_legacy_f(iso_np_random_state *rs, double *out, size_t n, double dfnum, double dfden);
ISO_API bool iso_np_legacy_noncentral_f(iso_np_random_state *rs, double *out, size_t n, double dfnum, double dfden, double nonc);
ISO_API void iso_np_legacy_standard_cauchy(iso_np_random_state *rs, double *out, size_t n);
ISO_API bool iso_np_legacy_standard_t(iso_np_random_state *rs, double *out, size_t n, double df);
ISO_API bool iso_np_legacy_vonmises(iso_np_random_state *rs, double *out, size_t n, double mu, double kappa);
ISO_API bool iso_np_legacy_pareto(iso_np_random_state *rs, double *out, size_t n, double a);
ISO_API bool iso_np_legacy_weibull(iso_np_random_state *rs, double *out, size_t n, double a);
ISO_API bool iso_np_legacy_power(iso_np_random_state *rs, double *out, size_t n, double a);
ISO_API bool iso_np_legacy_laplace(iso_np_random_state *rs, double *out, size_t n, double loc, double scale);
ISO_API bool iso_np_legacy_gumbel(iso_np_random_state *rs, double *out, size_t n, double loc, double scale);
ISO_API bool iso_np_legacy_logistic(iso_np_random_state *rs, double *out, size_t n, double loc, double scale);
ISO_API bool iso_np_legacy_rayleigh(iso_np_random_state *rs, double *out, size_t n, double scale);
ISO_API bool iso_np_legacy_wald(iso_np_random_state *rs, double *out, size_t n, double mean, double scale);
ISO_API bool iso_np_legacy_triangular(iso_np_random_state *rs, double *out, size_t n, double left, double mode, double right);
/* out is n rows of k float64. */
ISO_API bool iso_np_legacy_dirichlet(iso_np_random_state *rs, double *out, size_t n, const double *alpha, size_t k);

/* randint(low, last + 1, size = n, dtype): whole numbers from low to last, both included (so that every range of a type can be
 * told); low > last is refused. randint without a dtype, and random_integers(low, last), is the one of int64. */
ISO_API bool iso_np_legacy_randint_bool(iso_np_random_state *rs, bool *out, size_t n, bool low, bool last);
ISO_API bool iso_np_legacy_randint_int8(iso_np_random_state *rs, int8_t *out, size_t n, int8_t low, int8_t last);
ISO_API bool iso_np_legacy_randint_uint8(iso_np_random_state *rs, uint8_t *out, size_t n, uint8_t low, uint8_t last);
ISO_API bool iso_np_legacy_randint_int16(iso_np_random_state *rs, int16_t *out, size_t n, int16_t low, int16_t last);
ISO_API bool iso_np_legacy_randint_uint16(iso_np_random_state *rs, uint16_t *out, size_t n, uint16_t low, uint16_t last);
ISO_API bool iso_np_legacy_randint_int32(iso_np_random_state *rs, int32_t *out, size_t n, int32_t low, int32_t last);
ISO_API bool iso_np_legacy_randint_uint32(iso_np_random_state *rs, uint32_t *out, size_t n, uint32_t low, uint32_t last);
ISO_API bool iso_np_legacy_randint_int64(iso_np_random_state *rs, int64_t *out, size_t n, int64_t low, int64_t last);
ISO_API bool iso_np_legacy_randint_uint64(iso_np_random_state *rs, uint64_t *out, size_t n, uint64_t low, uint64_t last);
/* tomaxint: 63 bits each. */
ISO_API void iso_np_legacy_tomaxint(iso_np_random_state *rs, int64_t *out, size_t n);
/* bytes(n); n = 0 takes a word as well. */
ISO_API void iso_np_legacy_bytes(iso_np_random_state *rs, uint8_t *out, size_t n);

/* Counts: np.random.binomial(trials, p, n) and so on, NumPy's argument names. False: a parameter is out of its range. */
ISO_API bool iso_np_legacy_binomial(iso_np_random_state *rs, int64_t *out, size_t n, int64_t trials, double p);
ISO_API bool iso_np_legacy_negative_binomial(iso_np_random_state *rs, int64_t *out, size_t n, double successes, double p);
ISO_API bool iso_np_legacy_poisson(iso_np_random_state *rs, int64_t *out, size_t n, double lam);
ISO_API bool iso_np_legacy_geometric(iso_np_random_state *rs, int64_t *out, size_t n, double p);
ISO_API bool iso_np_legacy_hypergeometric(iso_np_random_state *rs, int64_t *out, size_t n, int64_t good, int64_t bad,
                                          int64_t sample);
ISO_API bool iso_np_legacy_zipf(iso_np_random_state *rs, int64_t *out, size_t n, double a);
ISO_API bool iso_np_legacy_logseries(iso_np_random_state *rs, int64_t *out, size_t n, double p);
/* out is n rows of d counts, which sum to `trials`. */
ISO_API bool iso_np_legacy_multinomial(iso_np_random_state *rs, int64_t *out, size_t n, int64_t trials, const double *pvals,
                                       size_t d);

/* shuffle(x) of n items of `size` bytes each: a 1-D array or a list, and the rows of an array of more dimensions. */
ISO_API void iso_np_legacy_shuffle(iso_np_random_state *rs, void *items, size_t n, size_t size);
/* permutation(n): out = 0 .. n-1, shuffled. */
ISO_API void iso_np_legacy_permutation(iso_np_random_state *rs, int64_t *out, size_t n);

/* choice(population, n): indices, with replacement. Refused: population < 1, unless n is 0. */
ISO_API bool iso_np_legacy_choice(iso_np_random_state *rs, int64_t *out, size_t n, int64_t population);
/* choice(population, n, p = p). Probabilities must not be negative or NaN and must sum to 1 within 2^-26. scratch: `population`
 * doubles. */
ISO_API bool iso_np_legacy_choice_weighted(iso_np_random_state *rs, int64_t *out, size_t n, const double *p, size_t population,
                                           double *scratch);
/* choice(population, n, replace = False), n <= population. scratch: `population` int64. */
ISO_API bool iso_np_legacy_choice_distinct(iso_np_random_state *rs, int64_t *out, size_t n, size_t population, int64_t *scratch);
/* choice(population, n, replace = False, p = p); n of the probabilities must be positive. scratch: 2 * population doubles. */
ISO_API bool iso_np_legacy_choice_distinct_weighted(iso_np_random_state *rs, int64_t *out, size_t n, const double *p,
                                                    size_t population, double *scratch);

#ifdef __cplusplus
}
#endif
#endif
