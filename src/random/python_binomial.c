/* Python's random: binomialvariate, and math.lgamma as CPython computes it. */
#include "random/python.h"

#include <math.h>

/* Lanczos' approximation by Boost's 13 terms for g = 6.0246...: the numerator's coefficients, the constant one first. The
 * denominator is x (x + 1) ... (x + 11). */
static const double NUMERATOR[13] = {
    23531376880.41076,  42919803642.6491,   35711959237.35567,  17921034426.03721,  6039542586.352028,
    1439720407.3117216, 248874557.86205417, 31426415.585400194, 2876370.6289353725, 186056.26539522348,
    8071.672002365816,  210.82427775157936, 2.5066282746310002,
};
static const double DENOMINATOR[13] = {
    0.0,       39916800.0, 120543840.0, 150917976.0, 105258076.0, 45995730.0, 13339535.0,
    2637558.0, 357423.0,   32670.0,     1925.0,      66.0,        1.0,
};
#define LANCZOS_G 6.024680040776729583740234375

/* Horner's scheme from the end that keeps the sums small. */
static double lanczos(double x) {
    double above = 0, below = 0;
    for (int i = 0; i < 13; i++) {
        above = x < 5.0 ? above * x + NUMERATOR[12 - i] : above / x + NUMERATOR[i];
        below = x < 5.0 ? below * x + DENOMINATOR[12 - i] : below / x + DENOMINATOR[i];
    }
    return above / below;
}

double iso_py_lgamma(double x) {
    if (x == 1 || x == 2)
        return 0;
    if (x < 1e-20)
        return -log(x);
    double r = log(lanczos(x)) - LANCZOS_G;
    return r + (x - 0.5) * (log(x + LANCZOS_G - 0.5) - 1);
}

/* Devroye: waits for successes, geometrically distributed; for n p < 10. */
static bool geometric(iso_py_random *g, int64_t *out, int64_t n, double p) {
    double c = log2(1.0 - p), trial = 0;
    uint64_t trials = 0;
    *out = 0;
    if (c == 0)
        return true;
    for (;; ++*out) {
        double u = iso_py_unit(g);
        if (u == 0)
            return false;
        trial = floor(log2(u) / c) + 1; /* at most 53 * 2^53 */
        trials += (uint64_t)trial;
        if (trials > (uint64_t)n)
            return true;
    }
}

/* The constants of Hörmann's rejection BTRS. */
struct btrs {
    int64_t n, mode;
    double a, b, c, vr, alpha, lpq, h;
};

static struct btrs btrs_for(int64_t n, double p) {
    double np = (double)n * p, spq = sqrt(np * (1.0 - p)), b = 1.15 + 2.53 * spq;
    struct btrs t = {.n = n, .mode = (int64_t)floor((double)((uint64_t)n + 1) * p), .b = b};
    t.a = -0.0873 + 0.0248 * b + 0.01 * p;
    t.c = np + 0.5;
    t.vr = 0.92 - 4.2 / b;
    t.alpha = (2.83 + 5.1 / b) * spq;
    t.lpq = log(p / (1.0 - p));
    t.h = iso_py_lgamma((double)(t.mode + 1)) + iso_py_lgamma((double)((uint64_t)(n - t.mode) + 1));
    return t;
}

static bool btrs(iso_py_random *g, int64_t *out, const struct btrs *t) {
    for (;;) {
        double u = iso_py_unit(g) - 0.5, us = 0.5 - fabs(u);
        if (us == 0)
            return false;
        double drawn = floor((2.0 * t->a / us + t->b) * u + t->c);
        if (drawn < 0 || drawn >= 0x1p63 || (int64_t)drawn > t->n)
            continue;
        int64_t k = *out = (int64_t)drawn;
        double v = iso_py_unit(g);
        if (us >= 0.07 && v <= t->vr)
            return true;
        v *= t->alpha / (t->a / (us * us) + t->b);
        if (v == 0)
            return false;
        double rest = t->h - iso_py_lgamma((double)((uint64_t)k + 1)) - iso_py_lgamma((double)((uint64_t)(t->n - k) + 1));
        if (log(v) <= rest + (double)(k - t->mode) * t->lpq)
            return true;
    }
}

static bool binomial(iso_py_random *g, int64_t *out, int64_t n, double p, const struct btrs *t) {
    if (n == 1) {
        *out = iso_py_unit(g) < p;
        return true;
    }
    return t != NULL ? btrs(g, out, t) : geometric(g, out, n, p);
}

bool iso_py_binomialvariate(iso_py_random *g, int64_t *out, size_t n, int64_t trials, double p) {
    bool certain = p == 0 || p == 1, mirror = trials != 1 && p > 0.5;
    if (iso_py_before(g, 312) || trials < 0 || !(p >= 0 && p <= 1))
        return false;
    p = mirror && !certain ? 1.0 - p : p;
    bool many = trials != 1 && !certain && !((double)trials * p < 10.0);
    struct btrs t = many ? btrs_for(trials, p) : (struct btrs){0};
    for (size_t i = 0; i < n; i++) {
        if (certain)
            out[i] = p == 1 ? trials : 0;
        else if (!binomial(g, &out[i], trials, p, many ? &t : NULL))
            return false;
        else if (mirror)
            out[i] = trials - out[i];
    }
    return true;
}
