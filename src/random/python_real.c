/* Python's random: the continuous distributions. Each returns false where Python raises; what cannot raise is not checked. */
#include "random/python.h"

#include <math.h>

/* 2 pi, e, 4 exp(-0.5) / sqrt(2), log(4), 1 + log(4.5): as Python has them. */
#define PI               0x1.921fb54442d18p+1
#define TWO_PI           0x1.921fb54442d18p+2
#define E                0x1.5bf0a8b145769p+1
#define NORMAL_CONSTANT  0x1.b72cd3f331398p+0
#define LOG_4            0x1.62e42fefa39efp+0
#define ONE_PLUS_LOG_4_5 0x1.40859baee748fp+1

/* x / y, math.log, math.exp and x ** y: false where Python raises. */
static bool divide(double *out, double x, double y) {
    *out = x / y;
    return y != 0;
}

static bool logarithm(double *out, double x) {
    *out = log(x);
    return !(x <= 0);
}

static bool exponential(double *out, double x) {
    *out = exp(x);
    return !isinf(*out) || isinf(x);
}

static bool power(double *out, double x, double y) {
    *out = pow(x, y);
    if (!isfinite(x) || !isfinite(y))
        return true;
    return isfinite(*out); /* not: 0 to a negative power, a complex root, an overflow */
}

void iso_py_uniform(iso_py_random *g, double *out, size_t n, double a, double b) {
    iso_py_random_fill(g, out, n);
    for (size_t i = 0; i < n; i++)
        out[i] = a + (b - a) * out[i];
}

static double triangular(double u, double low, double high, const double *mode) {
    if (mode != NULL && high - low == 0)
        return low;
    double c = mode == NULL ? 0.5 : (*mode - low) / (high - low);
    if (u > c)
        return high + (low - high) * sqrt((1.0 - u) * (1.0 - c));
    return low + (high - low) * sqrt(u * c);
}

void iso_py_triangular(iso_py_random *g, double *out, size_t n, double low, double high, const double *mode) {
    for (size_t i = 0; i < n; i++)
        out[i] = triangular(iso_py_unit(g), low, high, mode);
}

static double gauss(iso_py_random *g) {
    double z = g->gauss_next;
    if (!g->has_gauss) {
        double angle = iso_py_unit(g) * TWO_PI, radius = sqrt(-2.0 * log(1.0 - iso_py_unit(g)));
        z = cos(angle) * radius;
        g->gauss_next = sin(angle) * radius;
    } else
        g->gauss_next = 0;
    g->has_gauss = !g->has_gauss;
    return z;
}

void iso_py_gauss(iso_py_random *g, double *out, size_t n, double mu, double sigma) {
    for (size_t i = 0; i < n; i++)
        out[i] = mu + gauss(g) * sigma;
}

/* Kinderman and Monahan's ratio of uniforms. */
static double normal(iso_py_random *g) {
    for (;;) {
        double u1 = iso_py_unit(g), u2 = 1.0 - iso_py_unit(g), z = NORMAL_CONSTANT * (u1 - 0.5) / u2;
        if (z * z / 4.0 <= -log(u2))
            return z;
    }
}

void iso_py_normalvariate(iso_py_random *g, double *out, size_t n, double mu, double sigma) {
    for (size_t i = 0; i < n; i++)
        out[i] = mu + normal(g) * sigma;
}

bool iso_py_lognormvariate(iso_py_random *g, double *out, size_t n, double mu, double sigma) {
    for (size_t i = 0; i < n; i++)
        if (!exponential(&out[i], mu + normal(g) * sigma))
            return false;
    return true;
}

bool iso_py_expovariate(iso_py_random *g, double *out, size_t n, double lambd) {
    for (size_t i = 0; i < n; i++)
        if (!divide(&out[i], -log(1.0 - iso_py_unit(g)), lambd))
            return false;
    return true;
}

/* Python's x % y for y > 0. */
static double modulo(double x, double y) {
    double rest = fmod(x, y);
    if (rest == 0)
        return 0;
    return rest < 0 ? rest + y : rest;
}

/* Best and Fisher's rejection from a wrapped Cauchy distribution, r its parameter. */
static bool vonmises(iso_py_random *g, double *out, double mu, double r) {
    double z, d, u2, limit, f;
    do {
        z = cos(PI * iso_py_unit(g));
        if (!divide(&d, z, r + z))
            return false;
        u2 = iso_py_unit(g);
        if (u2 < 1.0 - d * d)
            break;
        if (!exponential(&limit, d))
            return false;
    } while (!(u2 <= (1.0 - d) * limit));
    double q = 1.0 / r;
    if (!divide(&f, q + z, 1.0 + q * z))
        return false;
    bool right = iso_py_unit(g) > 0.5;
    if (fabs(f) > 1)
        return false;
    *out = modulo(right ? mu + acos(f) : mu - acos(f), TWO_PI);
    return true;
}

bool iso_py_vonmisesvariate(iso_py_random *g, double *out, size_t n, double mu, double kappa) {
    double s = 0.5 / kappa, r = s + sqrt(1.0 + s * s);
    if (isnan(kappa))
        return false;
    for (size_t i = 0; i < n; i++)
        if (kappa <= 1e-6)
            out[i] = TWO_PI * iso_py_unit(g);
        else if (!vonmises(g, &out[i], mu, r))
            return false;
    return true;
}

/* alpha > 1: Cheng's rejection from a log-logistic distribution. */
static double gamma_above_one(iso_py_random *g, double alpha) {
    double ainv = sqrt(2.0 * alpha - 1.0), bbb = alpha - LOG_4, ccc = alpha + ainv;
    for (;;) {
        double u1 = iso_py_unit(g);
        if (!(1e-7 < u1 && u1 < 0.9999999))
            continue;
        double u2 = 1.0 - iso_py_unit(g), v = log(u1 / (1.0 - u1)) / ainv, x = alpha * exp(v), z = u1 * u1 * u2;
        double r = bbb + ccc * v - x;
        if (r + ONE_PLUS_LOG_4_5 - 4.5 * z >= 0.0 || r >= log(z))
            return x;
    }
}

/* alpha < 1: Ahrens and Dieter's rejection from two pieces. */
static bool gamma_below_one(iso_py_random *g, double *out, double alpha) {
    for (;;) {
        double b = (E + alpha) / E, p = b * iso_py_unit(g), x, limit;
        if (p <= 1.0 ? !power(&x, p, 1.0 / alpha) : !logarithm(&x, (b - p) / alpha))
            return false;
        x = p <= 1.0 ? x : -x;
        double u1 = iso_py_unit(g);
        if (p > 1.0 ? !power(&limit, x, alpha - 1.0) : !exponential(&limit, -x))
            return false;
        *out = x;
        if (u1 <= limit)
            return true;
    }
}

/* gammavariate(alpha, 1.0). */
static bool gamma_of(iso_py_random *g, double *out, double alpha) {
    if (!(alpha > 0) || !isfinite(2.0 * alpha))
        return false;
    if (alpha < 1.0)
        return gamma_below_one(g, out, alpha);
    *out = alpha > 1.0 ? gamma_above_one(g, alpha) : -log(1.0 - iso_py_unit(g));
    return true;
}

bool iso_py_gammavariate(iso_py_random *g, double *out, size_t n, double alpha, double beta) {
    if (!(alpha > 0) || !isfinite(2.0 * alpha) || beta <= 0)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (!gamma_of(g, &out[i], alpha))
            return false;
        out[i] *= beta;
    }
    return true;
}

static bool beta_of(iso_py_random *g, double *out, double alpha, double beta) {
    double x, y;
    if (!gamma_of(g, &y, alpha))
        return false;
    *out = 0;
    if (y == 0)
        return true;
    return gamma_of(g, &x, beta) && divide(out, y, y + x);
}

bool iso_py_betavariate(iso_py_random *g, double *out, size_t n, double alpha, double beta) {
    for (size_t i = 0; i < n; i++)
        if (!beta_of(g, &out[i], alpha, beta))
            return false;
    return true;
}

static bool pareto(iso_py_random *g, double *out, double alpha) {
    double u = 1.0 - iso_py_unit(g), exponent;
    if (iso_py_before(g, 310))
        return divide(&exponent, 1.0, alpha) && power(out, u, exponent) && divide(out, 1.0, *out);
    return divide(&exponent, -1.0, alpha) && power(out, u, exponent);
}

bool iso_py_paretovariate(iso_py_random *g, double *out, size_t n, double alpha) {
    for (size_t i = 0; i < n; i++)
        if (!pareto(g, &out[i], alpha))
            return false;
    return true;
}

bool iso_py_weibullvariate(iso_py_random *g, double *out, size_t n, double alpha, double beta) {
    for (size_t i = 0; i < n; i++) {
        double x = -log(1.0 - iso_py_unit(g)), exponent;
        if (!divide(&exponent, 1.0, beta) || !power(&out[i], x, exponent))
            return false;
        out[i] *= alpha;
    }
    return true;
}
