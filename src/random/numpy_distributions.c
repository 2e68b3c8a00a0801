/* Definitions: numpy/random/src/distributions/distributions.c. The binomial setup is computed anew for each number, which NumPy
 * keeps from call to call: the numbers are the same. */
#include "random/numpy_distributions.h"

#include <math.h>

/* ---- Gamma (Marsaglia and Tsang; Ahrens and Dieter below 1), beta (Johnk) ---- */

static double gamma_below_one(const iso_np_source *s, double shape) {
    for (;;) {
        double u = iso_np_next_double(s->bits), v = s->exponential(s->state), x;
        if (u <= 1.0 - shape) {
            x = pow(u, 1. / shape);
            if (x <= v)
                return x;
        } else {
            double y = -log((1 - u) / shape);
            x = pow(1.0 - shape + shape * y, 1. / shape);
            if (x <= v + y)
                return x;
        }
    }
}

double iso_np_standard_gamma_from(const iso_np_source *s, double shape) {
    if (shape == 1.0)
        return s->exponential(s->state);
    if (shape == 0.0)
        return 0.0;
    if (shape < 1.0)
        return gamma_below_one(s, shape);
    double b = shape - 1. / 3., c = 1. / sqrt(9 * b);
    for (;;) {
        double x, v;
        do {
            x = s->normal(s->state);
            v = 1.0 + c * x;
        } while (v <= 0.0);
        v = v * v * v;
        double u = iso_np_next_double(s->bits);
        if (u < 1.0 - 0.0331 * (x * x) * (x * x) || log(u) < 0.5 * x * x + b * (1. - v + log(v)))
            return b * v;
    }
}

static double beta_of_logarithms(double u, double v, double a, double b) {
    double x = log(u) / a, y = log(v) / b, larger = x > y ? x : y;
    x -= larger;
    y -= larger;
    return exp(x - log(exp(x) + exp(y)));
}

double iso_np_beta_from(const iso_np_source *s, double a, double b) {
    if (a > 1.0 || b > 1.0) {
        double first = iso_np_standard_gamma_from(s, a), second = iso_np_standard_gamma_from(s, b);
        return first / (first + second);
    }
    for (;;) {
        double u = iso_np_next_double(s->bits), v = iso_np_next_double(s->bits), x = pow(u, 1.0 / a), y = pow(v, 1.0 / b),
               sum = x + y;
        if (sum > 1.0 || u + v == 0)
            continue;
        return x > 0 && y > 0 ? x / sum : beta_of_logarithms(u, v, a, b);
    }
}

/* ---- Poisson (Hoermann's transformed rejection from 10 on) ---- */

/* The asymptotic series (Zhang and Jin, "Computation of Special Functions", 1996), from x >= 7 carried down. */
double iso_np_log_gamma(double x) {
    static const double series[] = {8.333333333333333e-02, -2.777777777777778e-03, 7.936507936507937e-04, -5.952380952380952e-04,
                                    8.417508417508418e-04, -1.917526917526918e-03, 6.410256410256410e-03, -2.955065359477124e-02,
                                    1.796443723688307e-01, -1.39243221690590e+00};
    if (x == 1.0 || x == 2.0)
        return 0.0;
    int64_t shift = x < 7.0 ? (int64_t)(7 - x) : 0;
    double at = x + (double)shift, inverse = (1.0 / at) * (1.0 / at), sum = series[9];
    for (int i = 8; i >= 0; i--)
        sum = sum * inverse + series[i];
    double result = sum / at + 0.5 * 1.8378770664093453 + (at - 0.5) * log(at) - at;
    for (int64_t i = 1; i <= shift; i++) {
        result -= log(at - 1.0);
        at -= 1.0;
    }
    return result;
}

static int64_t poisson_by_products(iso_np_bits *bits, double lam) {
    double limit = exp(-lam), product = 1.0;
    for (int64_t count = 0;; count++) {
        product *= iso_np_next_double(bits);
        if (!(product > limit))
            return count;
    }
}

static int64_t poisson_by_rejection(iso_np_bits *bits, double lam) {
    double root = sqrt(lam), logarithm = log(lam), b = 0.931 + 2.53 * root, a = -0.059 + 0.02483 * b,
           inverse_alpha = 1.1239 + 1.1328 / (b - 3.4), vr = 0.9277 - 3.6224 / (b - 2);
    for (;;) {
        double u = iso_np_next_double(bits) - 0.5, v = iso_np_next_double(bits), us = 0.5 - fabs(u);
        int64_t k = (int64_t)floor((2 * a / us + b) * u + lam + 0.43);
        if (us >= 0.07 && v <= vr)
            return k;
        if (k < 0 || (us < 0.013 && v > us))
            continue;
        if (log(v) + log(inverse_alpha) - log(a / (us * us) + b) <=
            -lam + (double)k * logarithm - iso_np_log_gamma((double)(k + 1)))
            return k;
    }
}

int64_t iso_np_poisson_one(iso_np_bits *bits, double lam) {
    return lam >= 10 ? poisson_by_rejection(bits, lam) : lam == 0 ? 0 : poisson_by_products(bits, lam);
}

/* ---- Binomial (inversion, and BTPE of Kachitvichyanukul and Schmeiser) ---- */

static int64_t binomial_by_inversion(iso_np_bits *bits, int64_t n, double p) {
    double q = 1.0 - p, first = exp((double)n * log(q)), mean = (double)n * p, limit = mean + 10.0 * sqrt(mean * q + 1);
    int64_t bound = (int64_t)((double)n < limit ? (double)n : limit), x = 0;
    double share = first, u = iso_np_next_double(bits);
    while (u > share) {
        x++;
        if (x > bound) {
            x = 0;
            share = first;
            u = iso_np_next_double(bits);
        } else {
            u -= share;
            share = ((double)(n - x + 1) * p * share) / ((double)x * q);
        }
    }
    return x;
}

typedef struct btpe {
    double r, q, fm, p1, xm, xl, xr, c, laml, lamr, p2, p3, p4, nrq;
    int64_t n, m;
} btpe;

static void btpe_init(btpe *t, int64_t n, double p) {
    double count = (double)n, a;
    t->n = n;
    t->r = p < 1.0 - p ? p : 1.0 - p;
    t->q = 1.0 - t->r;
    t->fm = count * t->r + t->r;
    t->m = (int64_t)floor(t->fm);
    t->p1 = floor(2.195 * sqrt(count * t->r * t->q) - 4.6 * t->q) + 0.5;
    t->xm = (double)t->m + 0.5;
    t->xl = t->xm - t->p1;
    t->xr = t->xm + t->p1;
    t->c = 0.134 + 20.5 / (15.3 + (double)t->m);
    a = (t->fm - t->xl) / (t->fm - t->xl * t->r);
    t->laml = a * (1.0 + a / 2.0);
    a = (t->xr - t->fm) / (t->xr * t->q);
    t->lamr = a * (1.0 + a / 2.0);
    t->p2 = t->p1 * (1.0 + 2.0 * t->c);
    t->p3 = t->p2 + t->c / t->laml;
    t->p4 = t->p3 + t->c / t->lamr;
    t->nrq = count * t->r * t->q;
}

/* A candidate y with its height v; false to try anew. *accepted where no test is needed. */
static bool btpe_propose(const btpe *t, iso_np_bits *bits, int64_t *y, double *v, bool *accepted) {
    double u = iso_np_next_double(bits) * t->p4;
    *v = iso_np_next_double(bits);
    *accepted = u <= t->p1;
    if (*accepted) {
        *y = (int64_t)floor(t->xm - t->p1 * *v + u);
        return true;
    }
    if (u <= t->p2) {
        double x = t->xl + (u - t->p1) / t->c;
        *v = *v * t->c + 1.0 - fabs((double)t->m - x + 0.5) / t->p1;
        if (*v > 1.0)
            return false;
        *y = (int64_t)floor(x);
        return true;
    }
    if (*v == 0.0)
        return false;
    bool left = u <= t->p3;
    *y = (int64_t)floor(left ? t->xl + log(*v) / t->laml : t->xr - log(*v) / t->lamr);
    if (left ? *y < 0 : *y > t->n)
        return false;
    *v = left ? *v * (u - t->p2) * t->laml : *v * (u - t->p3) * t->lamr;
    return true;
}

static double stirling(double x) {
    double x2 = x * x;
    return (13680. - (462. - (132. - (99. - 140. / x2) / x2) / x2) / x2) / x / 166320.;
}

static bool btpe_accept(const btpe *t, int64_t y, double v) {
    int64_t m = t->m, n = t->n, k = y > m ? y - m : m - y;
    double distance = (double)k;
    if (!(k > 20 && distance < t->nrq / 2.0 - 1)) {
        double s = t->r / t->q, a = s * (double)(n + 1), f = 1.0;
        for (int64_t i = m + 1; i <= y; i++)
            f *= a / (double)i - s;
        for (int64_t i = y + 1; i <= m; i++)
            f /= a / (double)i - s;
        return v <= f;
    }
    double rho = (distance / t->nrq) * ((distance * (distance / 3.0 + 0.625) + 0.16666666666666666) / t->nrq + 0.5);
    double middle = (double)(-k * k) / (2 * t->nrq), height = log(v);
    if (height < middle - rho)
        return true;
    if (height > middle + rho)
        return false;
    double x1 = (double)(y + 1), f1 = (double)(m + 1), z = (double)(n + 1 - m), w = (double)(n - y + 1);
    return !(height > t->xm * log(f1 / x1) + ((double)(n - m) + 0.5) * log(z / w) +
                          (double)(y - m) * log(w * t->r / (x1 * t->q)) + stirling(f1) + stirling(z) + stirling(x1) +
                          stirling(w));
}

static int64_t binomial_by_btpe(iso_np_bits *bits, int64_t n, double p) {
    btpe t;
    int64_t y = 0;
    double v;
    bool accepted = false;
    btpe_init(&t, n, p);
    while (!btpe_propose(&t, bits, &y, &v, &accepted) || (!accepted && !btpe_accept(&t, y, v)))
        ;
    return p > 0.5 ? n - y : y;
}

int64_t iso_np_binomial_one(iso_np_bits *bits, int64_t n, double p) {
    bool mirrored = p > 0.5;
    double q = mirrored ? 1.0 - p : p;
    int64_t x = q * (double)n <= 30.0 ? binomial_by_inversion(bits, n, q) : binomial_by_btpe(bits, n, q);
    return mirrored ? n - x : x;
}

/* ---- Inversions ---- */

int64_t iso_np_geometric_one(iso_np_bits *bits, double p) {
    if (p < 0.333333333333333333333333)
        return (int64_t)ceil(log(1.0 - iso_np_next_double(bits)) / log(1.0 - p));
    double sum = p, share = p, q = 1.0 - p, u = iso_np_next_double(bits);
    int64_t x = 1;
    for (; u > sum; x++) {
        share *= q;
        sum += share;
    }
    return x;
}

double iso_np_laplace_one(iso_np_bits *bits, double loc, double scale) {
    double u;
    do
        u = iso_np_next_double(bits);
    while (u == 0.0);
    return u >= 0.5 ? loc - scale * log(2.0 - u - u) : loc + scale * log(u + u);
}

double iso_np_gumbel_one(iso_np_bits *bits, double loc, double scale) {
    double u;
    do
        u = 1.0 - iso_np_next_double(bits);
    while (u == 1.0);
    return loc - scale * log(-log(u));
}

double iso_np_logistic_one(iso_np_bits *bits, double loc, double scale) {
    double u;
    do
        u = iso_np_next_double(bits);
    while (u == 0.0);
    return loc + scale * log(u / (1.0 - u));
}

double iso_np_rayleigh_one(iso_np_bits *bits, double scale) {
    return scale * sqrt(-2.0 * log(1.0 - iso_np_next_double(bits)));
}

double iso_np_triangular_one(iso_np_bits *bits, double left, double mode, double right) {
    double base = right - left, left_base = mode - left, ratio = left_base / base, left_product = left_base * base,
           right_product = (right - mode) * base, u = iso_np_next_double(bits);
    return u <= ratio ? left + sqrt(u * left_product) : right - sqrt((1.0 - u) * right_product);
}

/* ---- Whole numbers ---- */

uint64_t iso_np_interval(iso_np_bits *bits, uint64_t max) {
    uint64_t mask = max, value;
    if (max == 0)
        return 0;
    for (int shift = 1; shift < 64; shift *= 2)
        mask |= mask >> shift;
    do
        value = (max <= UINT32_MAX ? iso_np_next32(bits) : iso_np_next64(bits)) & mask;
    while (value > max);
    return value;
}
