/* NumPy's RandomState: the continuous distributions. */
#include "random/numpy_distributions.h"
#include "random/numpy_legacy.h"

#define PI 3.14159265358979323846

static double gauss_of(void *rs) {
    return iso_legacy_gauss(rs);
}

static double exponential_of(void *rs) {
    return iso_legacy_exponential(rs);
}

double iso_legacy_gamma(iso_np_random_state *rs, double shape) {
    return iso_np_standard_gamma_from(&(iso_np_source){&rs->bits, rs, gauss_of, exponential_of}, shape);
}

static double chisquare(iso_np_random_state *rs, double df) {
    return 2.0 * iso_legacy_gamma(rs, df / 2.0);
}

static double noncentral_chisquare(iso_np_random_state *rs, double df, double nonc) {
    if (nonc == 0)
        return chisquare(rs, df);
    if (1 < df) {
        double central = chisquare(rs, df - 1), shifted = iso_legacy_gauss(rs) + sqrt(nonc);
        return central + shifted * shifted;
    }
    uint64_t twice = 2 * (uint64_t)iso_legacy_poisson(rs, nonc / 2.0);
    double drawn = chisquare(rs, df + (double)(int64_t)twice);
    return isnan(nonc) ? nonc : drawn;
}

/* X = U^(1/a), Y = V^(1/b) until X + Y <= 1 (Johnk), or two gammas. */
static double beta(iso_np_random_state *rs, double a, double b) {
    if (a > 1.0 || b > 1.0) {
        double first = iso_legacy_gamma(rs, a), second = iso_legacy_gamma(rs, b);
        return first / (first + second);
    }
    for (;;) {
        double u = iso_legacy_unit(rs), v = iso_legacy_unit(rs);
        double x = pow(u, 1.0 / a), y = pow(v, 1.0 / b);
        if (x + y > 1.0)
            continue;
        if (x + y > 0)
            return x / (x + y);
        double log_x = log(u) / a, log_y = log(v) / b, most = log_x > log_y ? log_x : log_y;
        log_x -= most;
        log_y -= most;
        return exp(log_x - log(exp(log_x) + exp(log_y)));
    }
}

static double wald(iso_np_random_state *rs, double mean, double scale) {
    double half = mean / (2 * scale), y = iso_legacy_gauss(rs);
    y = mean * y * y;
    double x = mean + half * (y - sqrt(4 * scale * y + y * y)), u = iso_legacy_unit(rs);
    return u <= mean / (mean + x) ? x : mean * mean / x;
}

static double standard_t(iso_np_random_state *rs, double df) {
    double numerator = iso_legacy_gauss(rs), denominator = iso_legacy_gamma(rs, df / 2);
    return sqrt(df / 2) * numerator / sqrt(denominator);
}

static double cauchy(iso_np_random_state *rs) {
    double numerator = iso_legacy_gauss(rs);
    return numerator / iso_legacy_gauss(rs);
}

static double f_ratio(iso_np_random_state *rs, double dfnum, double dfden) {
    double numerator = chisquare(rs, dfnum) * dfden;
    return numerator / (chisquare(rs, dfden) * dfnum);
}

static double noncentral_f(iso_np_random_state *rs, double dfnum, double dfden, double nonc) {
    double numerator = noncentral_chisquare(rs, dfnum, nonc) * dfden;
    return numerator / (chisquare(rs, dfden) * dfnum);
}

static double weibull(iso_np_random_state *rs, double a) {
    return a == 0.0 ? 0.0 : pow(iso_legacy_exponential(rs), 1. / a);
}

/* ---- Von Mises (Best and Fisher) ---- */

/* The s of the wrapped Cauchy envelope. */
static double envelope(double kappa) {
    if (kappa < 1e-5)
        return 1. / kappa + kappa;
    double r = 1 + sqrt(1 + 4 * kappa * kappa), rho = (r - sqrt(2 * r)) / (2 * kappa);
    return (1 + rho * rho) / (2 * rho);
}

static double vonmises(iso_np_random_state *rs, double mu, double kappa, double s) {
    double w;
    if (isnan(kappa))
        return kappa;
    if (kappa < 1e-8)
        return PI * (2 * iso_legacy_unit(rs) - 1);
    for (;;) {
        double z = cos(PI * iso_legacy_unit(rs));
        w = (1 + s * z) / (s + z);
        double y = kappa * (s - w), v = iso_legacy_unit(rs);
        if (y * (2 - y) - v >= 0 || log(y / v) + 1 - y >= 0)
            break;
    }
    double u = iso_legacy_unit(rs), angle = acos(w);
    angle = (u < 0.5 ? -angle : angle) + mu;
    double wrapped = fmod(fabs(angle) + PI, 2 * PI) - PI;
    return angle < 0 ? -wrapped : wrapped;
}

bool iso_np_legacy_vonmises(iso_np_random_state *rs, double *out, size_t n, double mu, double kappa) {
    double s = envelope(kappa);
    if (!iso_legacy_not_negative(kappa) || (kappa >= 1e-8 && !(s > 1))) /* at s = 1 all is rejected */
        return false;
    for (size_t i = 0; i < n; i++)
        out[i] = vonmises(rs, mu, kappa, s);
    return true;
}

/* ---- The fills ---- */

#define FILL(value)                                                                                                              \
    for (size_t i = 0; i < n; i++)                                                                                               \
        out[i] = (value);
#define FILL_IF(condition, value)                                                                                                \
    if (!(condition))                                                                                                            \
        return false;                                                                                                            \
    FILL(value)                                                                                                                  \
    return true;

void iso_np_legacy_standard_exponential(iso_np_random_state *rs, double *out, size_t n) {
    FILL(iso_legacy_exponential(rs))
}

bool iso_np_legacy_exponential(iso_np_random_state *rs, double *out, size_t n, double scale) {
    FILL_IF(iso_legacy_not_negative(scale), scale * iso_legacy_exponential(rs))
}

/* A NaN for the shape would be rejected for ever. */
bool iso_np_legacy_standard_gamma(iso_np_random_state *rs, double *out, size_t n, double shape) {
    FILL_IF(!signbit(shape) && !isnan(shape), iso_legacy_gamma(rs, shape))
}

bool iso_np_legacy_gamma(iso_np_random_state *rs, double *out, size_t n, double shape, double scale) {
    FILL_IF(!signbit(shape) && !isnan(shape) && iso_legacy_not_negative(scale), scale * iso_legacy_gamma(rs, shape))
}

bool iso_np_legacy_beta(iso_np_random_state *rs, double *out, size_t n, double a, double b) {
    FILL_IF(a > 0 && b > 0, beta(rs, a, b))
}

bool iso_np_legacy_chisquare(iso_np_random_state *rs, double *out, size_t n, double df) {
    FILL_IF(df > 0, chisquare(rs, df))
}

bool iso_np_legacy_noncentral_chisquare(iso_np_random_state *rs, double *out, size_t n, double df, double nonc) {
    FILL_IF(df > 0 && iso_legacy_not_negative(nonc), noncentral_chisquare(rs, df, nonc))
}

bool iso_np_legacy_f(iso_np_random_state *rs, double *out, size_t n, double dfnum, double dfden) {
    FILL_IF(dfnum > 0 && dfden > 0, f_ratio(rs, dfnum, dfden))
}

bool iso_np_legacy_noncentral_f(iso_np_random_state *rs, double *out, size_t n, double dfnum, double dfden, double nonc) {
    FILL_IF(dfnum > 0 && dfden > 0 && iso_legacy_not_negative(nonc), noncentral_f(rs, dfnum, dfden, nonc))
}

void iso_np_legacy_standard_cauchy(iso_np_random_state *rs, double *out, size_t n) {
    FILL(cauchy(rs))
}

bool iso_np_legacy_standard_t(iso_np_random_state *rs, double *out, size_t n, double df) {
    FILL_IF(df > 0, standard_t(rs, df))
}

bool iso_np_legacy_pareto(iso_np_random_state *rs, double *out, size_t n, double a) {
    FILL_IF(iso_legacy_positive(a), exp(iso_legacy_exponential(rs) / a) - 1)
}

bool iso_np_legacy_weibull(iso_np_random_state *rs, double *out, size_t n, double a) {
    FILL_IF(iso_legacy_not_negative(a), weibull(rs, a))
}

bool iso_np_legacy_power(iso_np_random_state *rs, double *out, size_t n, double a) {
    FILL_IF(iso_legacy_positive(a), pow(1 - exp(-iso_legacy_exponential(rs)), 1. / a))
}

bool iso_np_legacy_laplace(iso_np_random_state *rs, double *out, size_t n, double loc, double scale) {
    FILL_IF(iso_legacy_not_negative(scale), iso_np_laplace_one(&rs->bits, loc, scale))
}

bool iso_np_legacy_gumbel(iso_np_random_state *rs, double *out, size_t n, double loc, double scale) {
    FILL_IF(iso_legacy_not_negative(scale), iso_np_gumbel_one(&rs->bits, loc, scale))
}

bool iso_np_legacy_logistic(iso_np_random_state *rs, double *out, size_t n, double loc, double scale) {
    FILL_IF(iso_legacy_not_negative(scale), iso_np_logistic_one(&rs->bits, loc, scale))
}

bool iso_np_legacy_rayleigh(iso_np_random_state *rs, double *out, size_t n, double scale) {
    FILL_IF(iso_legacy_not_negative(scale), scale * sqrt(-2.0 * log1p(-iso_legacy_unit(rs))))
}

bool iso_np_legacy_wald(iso_np_random_state *rs, double *out, size_t n, double mean, double scale) {
    FILL_IF(iso_legacy_positive(mean) && iso_legacy_positive(scale), wald(rs, mean, scale))
}

bool iso_np_legacy_triangular(iso_np_random_state *rs, double *out, size_t n, double left, double mode, double right) {
    FILL_IF(!(left > mode) && !(mode > right) && left != right, iso_np_triangular_one(&rs->bits, left, mode, right))
}

bool iso_np_legacy_dirichlet(iso_np_random_state *rs, double *out, size_t n, const double *alpha, size_t k) {
    for (size_t j = 0; j < k; j++)
        if (!(alpha[j] > 0))
            return false;
    for (size_t i = 0; i < n; i++, out += k) {
        double sum = 0.0;
        for (size_t j = 0; j < k; j++) {
            out[j] = iso_legacy_gamma(rs, alpha[j]);
            sum = sum + out[j];
        }
        double inverse = 1 / sum;
        for (size_t j = 0; j < k; j++)
            out[j] = out[j] * inverse;
    }
    return true;
}
