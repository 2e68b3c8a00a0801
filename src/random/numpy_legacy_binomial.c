/* NumPy's RandomState: binomial and multinomial. Inversion up to a mean of 30, BTPE (Kachitvichyanukul and Schmeiser) above it.
 */
#include "random/numpy_distributions.h"
#include "random/numpy_legacy.h"

#include <string.h>

/* Whether the setup is that of (n, p); if not, it becomes its. */
static bool is_set_up(iso_np_legacy_binomial_setup *s, int64_t n, double p) {
    if (s->filled && s->n == n && s->p == p)
        return true;
    s->filled = true;
    s->n = n;
    s->p = p;
    return false;
}

/* `fine`: the probability of 0 through log1p, as in the multinomial of 2.4. */
static int64_t inversion(iso_np_random_state *rs, int64_t n, double p, bool fine) {
    iso_np_legacy_binomial_setup *s = &rs->binomial;
    if (!is_set_up(s, n, p)) {
        s->q = 1.0 - p;
        s->r = exp((double)n * (fine ? log1p(-p) : log(s->q)));
        s->c = (double)n * p;
        double bound = s->c + 10.0 * sqrt(s->c * s->q + 1);
        s->m = iso_legacy_whole((double)n < bound ? (double)n : bound);
    }
    int64_t x = 0;
    double share = s->r, u = iso_legacy_unit(rs);
    while (u > share) {
        if (++x > s->m) {
            x = 0;
            share = s->r;
            u = iso_legacy_unit(rs);
        } else {
            u -= share;
            share = ((double)iso_legacy_plus(iso_legacy_minus(n, x), 1) * p * share) / ((double)x * s->q);
        }
    }
    return x;
}

static void set_up_btpe(iso_np_legacy_binomial_setup *s, int64_t n, double p) {
    s->r = p < 1.0 - p ? p : 1.0 - p;
    s->q = 1.0 - s->r;
    s->fm = (double)n * s->r + s->r;
    s->m = iso_legacy_whole(floor(s->fm));
    s->p1 = floor(2.195 * sqrt((double)n * s->r * s->q) - 4.6 * s->q) + 0.5;
    s->xm = (double)s->m + 0.5;
    s->xl = s->xm - s->p1;
    s->xr = s->xm + s->p1;
    s->c = 0.134 + 20.5 / (15.3 + (double)s->m);
    double a = (s->fm - s->xl) / (s->fm - s->xl * s->r);
    s->laml = a * (1.0 + a / 2.0);
    a = (s->xr - s->fm) / (s->xr * s->q);
    s->lamr = a * (1.0 + a / 2.0);
    s->p2 = s->p1 * (1.0 + 2.0 * s->c);
    s->p3 = s->p2 + s->c / s->laml;
    s->p4 = s->p3 + s->c / s->lamr;
}

/* A term of Stirling's series as NumPy's BTPE has it (its 13680 is a slip for 13860, as are two of the signs of the sum). */
static double stirling(double x) {
    double square = x * x;
    return (13680. - (462. - (132. - (99. - 140. / square) / square) / square) / square) / x / 166320.;
}

/* Whether log v lies above the logarithm of the density at y, in relation to that at the mode. */
static bool too_high(const iso_np_random_state *rs, int64_t n, int64_t y, double log_v) {
    const iso_np_legacy_binomial_setup *s = &rs->binomial;
    int64_t m = s->m;
    double x1, f1, z, w;
    if (iso_legacy_before(rs, 204)) { /* sums of whole numbers, rounded behind */
        x1 = (double)iso_legacy_plus(y, 1);
        f1 = (double)iso_legacy_plus(m, 1);
        z = (double)iso_legacy_minus(iso_legacy_plus(n, 1), m);
        w = (double)iso_legacy_plus(iso_legacy_minus(n, y), 1);
    } else {
        x1 = (double)y + 1;
        f1 = (double)m + 1;
        z = (double)n + 1 - (double)m;
        w = (double)n - (double)y + 1;
    }
    return log_v > s->xm * log(f1 / x1) + ((double)iso_legacy_minus(n, m) + 0.5) * log(z / w) +
                       (double)iso_legacy_minus(y, m) * log(w * s->r / (x1 * s->q)) + stirling(f1) + stirling(z) + stirling(x1) +
                       stirling(w);
}

/* Whether v under the envelope lies under the density at y. */
static bool is_accepted(const iso_np_random_state *rs, int64_t n, int64_t y, double v) {
    const iso_np_legacy_binomial_setup *s = &rs->binomial;
    int64_t m = s->m, difference = iso_legacy_minus(y, m), k = difference < 0 ? iso_legacy_minus(0, difference) : difference;
    double variance = (double)n * s->r * s->q;
    if (k <= 20 || !((double)k < variance / 2.0 - 1)) {
        double odds = s->r / s->q, a = odds * (double)iso_legacy_plus(n, 1), f = 1.0;
        for (int64_t i = m; i < y;)
            f *= a / (double)++i - odds;
        for (int64_t i = y; i < m;)
            f /= a / (double)++i - odds;
        return !(v > f);
    }
    double d = (double)k, rho = (d / variance) * ((d * (d / 3.0 + 0.625) + 0.16666666666666666) / variance + 0.5);
    double t = (double)(int64_t)(0 - (uint64_t)k * (uint64_t)k) / (2 * variance), log_v = log(v);
    if (log_v < t - rho)
        return true;
    return !(log_v > t + rho) && !too_high(rs, n, y, log_v);
}

/* One try; *sure where no further test is due. False: begin anew. */
static bool propose(iso_np_random_state *rs, int64_t n, int64_t *y, double *v, bool *sure) {
    const iso_np_legacy_binomial_setup *s = &rs->binomial;
    double u = iso_legacy_unit(rs) * s->p4;
    *v = iso_legacy_unit(rs);
    *sure = !(u > s->p1);
    if (*sure) { /* the triangle */
        *y = iso_legacy_whole(floor(s->xm - s->p1 * *v + u));
    } else if (!(u > s->p2)) { /* the parallelograms beside it */
        double x = s->xl + (u - s->p1) / s->c;
        *v = *v * s->c + 1.0 - fabs((double)s->m - x + 0.5) / s->p1;
        *y = iso_legacy_whole(floor(x));
        return !(*v > 1.0);
    } else if (!(u > s->p3)) { /* the left tail */
        *y = iso_legacy_whole(floor(s->xl + log(*v) / s->laml));
        if (*y < 0 || *v == 0.0)
            return false;
        *v = *v * (u - s->p2) * s->laml;
    } else { /* the right tail */
        *y = iso_legacy_whole(floor(s->xr - log(*v) / s->lamr));
        if (*y > n || *v == 0.0)
            return false;
        *v = *v * (u - s->p3) * s->lamr;
    }
    return true;
}

static int64_t btpe(iso_np_random_state *rs, int64_t n, double p) {
    int64_t y;
    double v;
    bool sure;
    if (!is_set_up(&rs->binomial, n, p))
        set_up_btpe(&rs->binomial, n, p);
    while (!propose(rs, n, &y, &v, &sure) || (!sure && !is_accepted(rs, n, y, v)))
        ;
    return p > 0.5 ? iso_legacy_minus(n, y) : y;
}

static int64_t binomial(iso_np_random_state *rs, int64_t n, double p, bool fine) {
    if (p <= 0.5)
        return p * (double)n <= 30.0 ? inversion(rs, n, p, fine) : btpe(rs, n, p);
    double q = 1.0 - p;
    return iso_legacy_minus(n, q * (double)n <= 30.0 ? inversion(rs, n, q, fine) : btpe(rs, n, q));
}

bool iso_np_legacy_binomial(iso_np_random_state *rs, int64_t *out, size_t n, int64_t trials, double p) {
    if (trials < 0 || !(p >= 0 && p <= 1))
        return false;
    for (size_t i = 0; i < n; i++)
        out[i] = binomial(rs, trials, p, false);
    return true;
}

/* Before 2.5 the multinomial drew its binomials as Generator did, which take nothing from the stream where n or p is 0, and
 * in 2.4 compute the probability of 0 more finely. */
static int64_t part(iso_np_random_state *rs, int64_t n, double p) {
    if (iso_legacy_before(rs, 205) && (n == 0 || p == 0))
        return 0;
    return binomial(rs, n, p, rs->release == 204);
}

bool iso_np_legacy_multinomial(iso_np_random_state *rs, int64_t *out, size_t n, int64_t trials, const double *pvals, size_t d) {
    for (size_t j = 0; j < d; j++)
        if (!(pvals[j] >= 0 && pvals[j] <= 1))
            return false;
    if (trials < 0 || (d > 0 && iso_np_sum(pvals, d - 1) > 1.0 + 1e-12))
        return false;
    for (size_t i = 0; i < n && d > 0; i++, out += d) {
        double remaining = 1.0;
        int64_t left = trials;
        memset(out, 0, d * sizeof *out);
        for (size_t j = 0; j + 1 < d; j++) {
            out[j] = part(rs, left, pvals[j] / remaining);
            left = iso_legacy_minus(left, out[j]);
            if (left <= 0)
                break;
            remaining -= pvals[j];
        }
        if (left > 0)
            out[d - 1] = left;
    }
    return true;
}
