/* numpy.random.Generator: real numbers and counts. */
#include <math.h>

#include "random/numpy_distributions.h"
#include "random/numpy_generator.h"

/* The functions of numpy_distributions.h, on the ziggurats. */
static double normal_of(void *state) {
    return iso_np_normal_one(state);
}

static double exponential_of(void *state) {
    return iso_np_exponential_one(state);
}

static iso_np_source source(iso_np_bits *rng) {
    return (iso_np_source){rng, rng, normal_of, exponential_of};
}

/* What NumPy asks of parameters; NaN passes. */
static bool not_negative(double x) {
    return isnan(x) || !signbit(x);
}
static bool positive(double x) {
    return !(x <= 0);
}

#define FILL(expression)                                                                                                         \
    for (size_t i = 0; i < n; i++)                                                                                               \
    out[i] = (expression)

void iso_np_random_f32(iso_np_bits *rng, float *out, size_t n) {
    FILL(iso_np_float_one(rng));
}

bool iso_np_uniform(iso_np_bits *rng, double *out, size_t n, double low, double high) {
    double width = high - low;
    if (!isfinite(width) || signbit(width))
        return false;
    iso_np_random(rng, out, n);
    FILL(low + width * out[i]);
    return true;
}

void iso_np_standard_normal(iso_np_bits *rng, double *out, size_t n) {
    FILL(iso_np_normal_one(rng));
}

void iso_np_standard_normal_f32(iso_np_bits *rng, float *out, size_t n) {
    FILL(iso_np_normal_one_f32(rng));
}

bool iso_np_normal(iso_np_bits *rng, double *out, size_t n, double loc, double scale) {
    if (!not_negative(scale))
        return false;
    FILL(loc + scale * iso_np_normal_one(rng));
    return true;
}

bool iso_np_lognormal(iso_np_bits *rng, double *out, size_t n, double mean, double sigma) {
    if (!not_negative(sigma))
        return false;
    FILL(exp(mean + sigma * iso_np_normal_one(rng)));
    return true;
}

void iso_np_standard_exponential(iso_np_bits *rng, double *out, size_t n) {
    FILL(iso_np_exponential_one(rng));
}

void iso_np_standard_exponential_f32(iso_np_bits *rng, float *out, size_t n) {
    FILL(iso_np_exponential_one_f32(rng));
}

void iso_np_standard_exponential_inv(iso_np_bits *rng, double *out, size_t n) {
    FILL(-log1p(-iso_np_next_double(rng)));
}

void iso_np_standard_exponential_inv_f32(iso_np_bits *rng, float *out, size_t n) {
    FILL((float)-log1p(-(double)iso_np_float_one(rng)));
}

bool iso_np_exponential(iso_np_bits *rng, double *out, size_t n, double scale) {
    if (!not_negative(scale))
        return false;
    FILL(scale * iso_np_exponential_one(rng));
    return true;
}

/* ---- Gamma and what is made of it ---- */

static double gamma_one(iso_np_bits *rng, double shape) {
    iso_np_source s = source(rng);
    return iso_np_standard_gamma_from(&s, shape);
}

static double chisquare_one(iso_np_bits *rng, double df) {
    return 2.0 * gamma_one(rng, df / 2.0);
}

bool iso_np_standard_gamma(iso_np_bits *rng, double *out, size_t n, double shape) {
    if (!not_negative(shape) || isnan(shape))
        return false;
    FILL(gamma_one(rng, shape));
    return true;
}

bool iso_np_gamma(iso_np_bits *rng, double *out, size_t n, double shape, double scale) {
    if (!not_negative(shape) || isnan(shape) || !not_negative(scale))
        return false;
    FILL(scale * gamma_one(rng, shape));
    return true;
}

/* numpy_distributions.h's gamma, every step in float32. */
static float gamma_one_f32(iso_np_bits *rng, float shape) {
    if (shape == 1.0f)
        return iso_np_exponential_one_f32(rng);
    if (shape == 0.0f)
        return 0.0f;
    while (shape < 1.0f) {
        float u = iso_np_float_one(rng), v = iso_np_exponential_one_f32(rng);
        if (u <= 1.0f - shape) {
            float x = powf(u, 1.0f / shape);
            if (x <= v)
                return x;
        } else {
            float y = -logf((1.0f - u) / shape), x = powf(1.0f - shape + shape * y, 1.0f / shape);
            if (x <= v + y)
                return x;
        }
    }
    for (float b = shape - 1.0f / 3.0f, c = 1.0f / sqrtf(9.0f * b);;) {
        float x, v;
        do {
            x = iso_np_normal_one_f32(rng);
            v = 1.0f + c * x;
        } while (v <= 0.0f);
        v = v * v * v;
        float u = iso_np_float_one(rng);
        if (u < 1.0f - 0.0331f * (x * x) * (x * x) || logf(u) < 0.5f * x * x + b * (1.0f - v + logf(v)))
            return b * v;
    }
}

bool iso_np_standard_gamma_f32(iso_np_bits *rng, float *out, size_t n, float shape) {
    if (!not_negative(shape) || isnan(shape))
        return false;
    FILL(gamma_one_f32(rng, shape));
    return true;
}

bool iso_np_beta(iso_np_bits *rng, double *out, size_t n, double a, double b) {
    iso_np_source s = source(rng);
    if (!positive(a) || !positive(b) || isnan(a) || isnan(b))
        return false;
    FILL(iso_np_beta_from(&s, a, b));
    return true;
}

bool iso_np_chisquare(iso_np_bits *rng, double *out, size_t n, double df) {
    if (!positive(df) || isnan(df))
        return false;
    FILL(chisquare_one(rng, df));
    return true;
}

static double f_one(iso_np_bits *rng, double dfnum, double dfden) {
    double numerator = chisquare_one(rng, dfnum) * dfden;
    return numerator / (chisquare_one(rng, dfden) * dfnum);
}

bool iso_np_f(iso_np_bits *rng, double *out, size_t n, double dfnum, double dfden) {
    if (!positive(dfnum) || !positive(dfden) || isnan(dfnum) || isnan(dfden))
        return false;
    FILL(f_one(rng, dfnum, dfden));
    return true;
}

static double standard_t_one(iso_np_bits *rng, double df) {
    double normal = iso_np_normal_one(rng), gamma = gamma_one(rng, df / 2);
    return sqrt(df / 2) * normal / sqrt(gamma);
}

bool iso_np_standard_t(iso_np_bits *rng, double *out, size_t n, double df) {
    if (!positive(df) || isnan(df))
        return false;
    FILL(standard_t_one(rng, df));
    return true;
}

/* ---- Others ---- */

static double cauchy_one(iso_np_bits *rng) {
    double numerator = iso_np_normal_one(rng);
    return numerator / iso_np_normal_one(rng);
}

void iso_np_standard_cauchy(iso_np_bits *rng, double *out, size_t n) {
    FILL(cauchy_one(rng));
}

bool iso_np_pareto(iso_np_bits *rng, double *out, size_t n, double a) {
    if (!positive(a))
        return false;
    FILL(expm1(iso_np_exponential_one(rng) / a));
    return true;
}

bool iso_np_weibull(iso_np_bits *rng, double *out, size_t n, double a) {
    if (!not_negative(a))
        return false;
    FILL(a == 0.0 ? 0.0 : pow(iso_np_exponential_one(rng), 1. / a));
    return true;
}

bool iso_np_power(iso_np_bits *rng, double *out, size_t n, double a) {
    if (!positive(a))
        return false;
    FILL(pow(-expm1(-iso_np_exponential_one(rng)), 1. / a));
    return true;
}

bool iso_np_laplace(iso_np_bits *rng, double *out, size_t n, double loc, double scale) {
    if (!not_negative(scale))
        return false;
    FILL(iso_np_laplace_one(rng, loc, scale));
    return true;
}

bool iso_np_gumbel(iso_np_bits *rng, double *out, size_t n, double loc, double scale) {
    if (!not_negative(scale))
        return false;
    FILL(iso_np_gumbel_one(rng, loc, scale));
    return true;
}

bool iso_np_logistic(iso_np_bits *rng, double *out, size_t n, double loc, double scale) {
    if (!not_negative(scale))
        return false;
    FILL(iso_np_logistic_one(rng, loc, scale));
    return true;
}

bool iso_np_rayleigh(iso_np_bits *rng, double *out, size_t n, double scale) {
    if (!not_negative(scale))
        return false;
    FILL(scale * sqrt(2.0 * iso_np_exponential_one(rng)));
    return true;
}

bool iso_np_triangular(iso_np_bits *rng, double *out, size_t n, double left, double mode, double right) {
    if (left > mode || mode > right || left == right)
        return false;
    FILL(iso_np_triangular_one(rng, left, mode, right));
    return true;
}

/* ---- Counts ---- */

/* NumPy's bound of what a Poisson number of int64 can be drawn for. */
#define POISSON_MAX (9223372036854775807.0 - 3037000499.9760499 * 10)

bool iso_np_poisson(iso_np_bits *rng, int64_t *out, size_t n, double lam) {
    if (!(lam >= 0 && lam <= POISSON_MAX))
        return false;
    FILL(iso_np_poisson_one(rng, lam));
    return true;
}

bool iso_np_binomial(iso_np_bits *rng, int64_t *out, size_t n, int64_t trials, double p) {
    if (trials < 0 || !(p >= 0 && p <= 1))
        return false;
    FILL(trials == 0 || p == 0 ? 0 : iso_np_binomial_one(rng, trials, p));
    return true;
}

bool iso_np_negative_binomial(iso_np_bits *rng, int64_t *out, size_t n, double successes, double p) {
    if (!(successes > 0) || !(p > 0 && p <= 1))
        return false;
    FILL(iso_np_poisson_one(rng, (1 - p) / p * gamma_one(rng, successes)));
    return true;
}

/* By search where p is large; by inversion otherwise. */
static int64_t geometric_one(iso_np_bits *rng, double p) {
    if (p >= 0.333333333333333333333333)
        return iso_np_geometric_one(rng, p);
    double z = ceil(-iso_np_exponential_one(rng) / log1p(-p));
    return z >= 9.223372036854776e18 ? INT64_MAX : (int64_t)z;
}

bool iso_np_geometric(iso_np_bits *rng, int64_t *out, size_t n, double p) {
    if (!(p > 0 && p <= 1))
        return false;
    FILL(geometric_one(rng, p));
    return true;
}
