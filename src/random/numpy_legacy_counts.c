/* NumPy's RandomState: the discrete distributions. NumPy froze them, while those of its Generator change with the releases. */
#include "random/numpy_distributions.h"
#include "random/numpy_legacy.h"

/* x + 1 as a double: before 2.4 with one rounding behind the sum, from then on with one before it as well. */
static double next_of(const iso_np_random_state *rs, int64_t x) {
    return iso_legacy_before(rs, 204) ? (double)iso_legacy_plus(x, 1) : (double)x + 1;
}

/* ---- Poisson: products of uniforms below 10, Hoermann's transformed rejection from there on ---- */

static int64_t poisson_small(iso_np_random_state *rs, double lam) {
    double limit = exp(-lam), product = iso_legacy_unit(rs);
    int64_t count = 0;
    for (; product > limit; count++)
        product *= iso_legacy_unit(rs);
    return count;
}

static int64_t poisson_large(iso_np_random_state *rs, double lam) {
    double root = sqrt(lam), log_lam = log(lam), b = 0.931 + 2.53 * root, a = -0.059 + 0.02483 * b;
    double inverse_alpha = 1.1239 + 1.1328 / (b - 3.4), vr = 0.9277 - 3.6224 / (b - 2);
    for (;;) {
        double u = iso_legacy_unit(rs) - 0.5, v = iso_legacy_unit(rs), us = 0.5 - fabs(u);
        int64_t k = iso_legacy_whole(floor((2 * a / us + b) * u + lam + 0.43));
        if (us >= 0.07 && v <= vr)
            return k;
        if (k < 0 || (us < 0.013 && v > us))
            continue;
        if (log(v) + log(inverse_alpha) - log(a / (us * us) + b) <= -lam + (double)k * log_lam - iso_np_log_gamma(next_of(rs, k)))
            return k;
    }
}

int64_t iso_legacy_poisson(iso_np_random_state *rs, double lam) {
    return lam >= 10 ? poisson_large(rs, lam) : lam == 0 ? 0 : poisson_small(rs, lam);
}

bool iso_np_legacy_poisson(iso_np_random_state *rs, int64_t *out, size_t n, double lam) {
    if (!(lam >= 0 && lam <= 0x1p63 - sqrt(0x1p63) * 10))
        return false;
    for (size_t i = 0; i < n; i++)
        out[i] = iso_legacy_poisson(rs, lam);
    return true;
}

bool iso_np_legacy_negative_binomial(iso_np_random_state *rs, int64_t *out, size_t n, double successes, double p) {
    if (!(successes > 0 && p >= 0 && p <= 1))
        return false;
    for (size_t i = 0; i < n; i++)
        out[i] = iso_legacy_poisson(rs, (1 - p) / p * iso_legacy_gamma(rs, successes));
    return true;
}

/* ---- Geometric, zipf, logarithmic series ---- */

static int64_t geometric(iso_np_random_state *rs, double p) {
    double u = iso_legacy_unit(rs), sum = p, share = p, q = 1.0 - p;
    if (p < 0.333333333333333333333333)
        return iso_legacy_whole(ceil(log1p(-u) / log(1 - p)));
    int64_t count = 1;
    for (double before = 0; u > sum && sum > before; count++) { /* roundings may end the sum below u; NumPy adds on for ever */
        before = sum;
        share *= q;
        sum += share;
    }
    return count;
}

bool iso_np_legacy_geometric(iso_np_random_state *rs, int64_t *out, size_t n, double p) {
    if (!(p > 0 && p <= 1))
        return false;
    for (size_t i = 0; i < n; i++)
        out[i] = geometric(rs, p);
    return true;
}

static int64_t zipf(iso_np_random_state *rs, double a) {
    double power = a - 1.0, b = pow(2.0, power);
    for (;;) {
        double u = 1.0 - iso_legacy_unit(rs), v = iso_legacy_unit(rs), x = floor(pow(u, -1.0 / power));
        if (x > 0x1p63 || x < 1.0)
            continue;
        double t = pow(1.0 + 1.0 / x, power);
        if (v * x * (t - 1.0) / (b - 1.0) <= t / b)
            return iso_legacy_whole(x);
    }
}

bool iso_np_legacy_zipf(iso_np_random_state *rs, int64_t *out, size_t n, double a) {
    if (!(a > 1 && a < 1025)) /* from 1025 on b is infinite, and NumPy never returns */
        return false;
    for (size_t i = 0; i < n; i++)
        out[i] = zipf(rs, a);
    return true;
}

static int64_t logseries(iso_np_random_state *rs, double p) {
    double r = log(1.0 - p);
    for (;;) {
        double v = iso_legacy_unit(rs);
        if (v >= p)
            return 1;
        double q = 1.0 - exp(r * iso_legacy_unit(rs));
        if (v > q * q)
            return v >= q ? 1 : 2;
        int64_t result = iso_legacy_whole(floor(1 + log(v) / log(q)));
        if (result >= 1 && v != 0.0)
            return result;
    }
}

bool iso_np_legacy_logseries(iso_np_random_state *rs, int64_t *out, size_t n, double p) {
    if (!(p >= 0 && p < 1))
        return false;
    for (size_t i = 0; i < n; i++)
        out[i] = logseries(rs, p);
    return true;
}

/* ---- Hypergeometric: one item at a time up to a sample of 10, ratio of uniforms (HRUA) from there on ---- */

static int64_t hypergeometric_small(iso_np_random_state *rs, int64_t good, int64_t bad, int64_t sample) {
    int64_t rest = iso_legacy_minus(iso_legacy_plus(bad, good), sample), left = sample;
    double fewer = (double)(good < bad ? good : bad), y = fewer;
    while (y > 0.0) {
        double u = iso_legacy_unit(rs);
        y -= (double)iso_legacy_whole(floor(u + y / (double)iso_legacy_plus(rest, left)));
        if (--left == 0)
            break;
    }
    int64_t drawn = iso_legacy_whole(fewer - y);
    return good > bad ? iso_legacy_minus(sample, drawn) : drawn;
}

static double log_factorials(int64_t fewer, int64_t more, int64_t m, int64_t z) {
    return iso_np_log_gamma((double)iso_legacy_plus(z, 1)) +
           iso_np_log_gamma((double)iso_legacy_plus(iso_legacy_minus(fewer, z), 1)) +
           iso_np_log_gamma((double)iso_legacy_plus(iso_legacy_minus(m, z), 1)) +
           iso_np_log_gamma((double)iso_legacy_plus(iso_legacy_plus(iso_legacy_minus(more, m), z), 1));
}

static int64_t hypergeometric_large(iso_np_random_state *rs, int64_t good, int64_t bad, int64_t sample) {
    const double d1 = 1.7155277699214135, d2 = 0.8989161620588988; /* 2 sqrt(2 / e) and 3 - 2 sqrt(3 / e) */
    int64_t fewer = good < bad ? good : bad, more = good < bad ? bad : good, all = good + bad;
    int64_t m = sample < all - sample ? sample : all - sample, z;
    double share = (double)fewer / (double)all, other = 1.0 - share, middle = (double)m * share + 0.5;
    double deviation = sqrt((double)(all - m) * (double)sample * share * other / (double)(all - 1) + 0.5);
    double width = d1 * deviation + d2;
    int64_t mode = iso_legacy_whole(floor((double)(m + 1) * (double)iso_legacy_plus(fewer, 1) / (double)iso_legacy_plus(all, 2)));
    double most = log_factorials(fewer, more, m, mode);
    double end = (double)(m < fewer ? m : fewer) + 1.0, far = floor(middle + 16 * deviation);
    if (far < end)
        end = far;
    for (;;) {
        double x = iso_legacy_unit(rs), y = iso_legacy_unit(rs), w = middle + width * (y - 0.5) / x;
        if (w < 0.0 || w >= end)
            continue;
        z = iso_legacy_whole(floor(w));
        double t = most - log_factorials(fewer, more, m, z);
        if (x * (4.0 - x) - 3.0 <= t)
            break;
        if (x * (x - t) < 1 && 2.0 * log(x) <= t)
            break;
    }
    if (good > bad)
        z = iso_legacy_minus(m, z);
    return m < sample ? iso_legacy_minus(good, z) : z;
}

bool iso_np_legacy_hypergeometric(iso_np_random_state *rs, int64_t *out, size_t n, int64_t good, int64_t bad, int64_t sample) {
    if (good < 0 || bad < 0 || sample < 1 || good > INT64_MAX - bad || good + bad < sample)
        return false;
    for (size_t i = 0; i < n; i++)
        out[i] = sample > 10 ? hypergeometric_large(rs, good, bad, sample) : hypergeometric_small(rs, good, bad, sample);
    return true;
}
