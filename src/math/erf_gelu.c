/* erf and both forms of GELU, correctly rounded. docs/contract.md#erf-gelu */
#include "math/double_double.h"
#include "math/estimate.h"
#include "math/math.h"

static const iso_dd two_by_sqrt_pi = {0x1.20dd750429b6dp+0, 0x1.1ae3a914fed80p-56},
                    one_by_sqrt_2pi = {0x1.9884533d43651p-2, -0x1.cbc0d30ebfd15p-56};

/* exp(-q). */
static iso_dd exp_minus(double q) {
    double scale;
    iso_dd m = iso_dd_exp((iso_dd){-q, 0}, &scale);
    return iso_dd_scale(iso_dd_add((iso_dd){1, 0}, m), scale);
}

/* The sum of q^n / (1 * 3 * ... * (2n + 1)). All terms are positive. Then Phi(z) - 1/2 = z phi(z) odd_series(z^2), phi the
 * density. */
static iso_dd odd_series(double q) {
    iso_dd term = {1, 0}, sum = {1, 0};
    for (int n = 1; term.high > sum.high * 0x1p-110; n++) {
        term = iso_dd_divide(iso_dd_multiply(term, (iso_dd){q, 0}), 2 * n + 1);
        sum = iso_dd_add(sum, term);
    }
    return sum;
}

float iso_erff(float x) {
    float y;
    if (x != x)
        return ISO_NAN;
    if (iso_estimate_decides(iso_erf_estimate(x), &y))
        return y;
    double square = (double)x * (double)x;
    iso_dd p = iso_dd_multiply(iso_dd_multiply(two_by_sqrt_pi, (iso_dd){x, 0}), odd_series(2 * square));
    return iso_dd_to_float(iso_dd_multiply(p, exp_minus(square)));
}

/* Phi(-z), 0 <= z <= 15: 1/2 minus the series, which loses 10 bits at z = 3; from there Laplace's continued fraction
 * phi(z) / (z + 1 / (z + 2 / (z + 3 / ...))). */
static iso_dd lower_tail(double z) {
    iso_dd density = iso_dd_multiply(one_by_sqrt_2pi, exp_minus(z * z / 2));
    if (z < 4) {
        iso_dd p = iso_dd_multiply(iso_dd_multiply(density, (iso_dd){z, 0}), odd_series(z * z));
        return iso_dd_add((iso_dd){0.5, 0}, iso_dd_negate(p));
    }
    iso_dd f = {z, 0};
    for (int n = 300; n >= 1; n--)
        f = iso_dd_add((iso_dd){z, 0}, iso_dd_quotient((iso_dd){n, 0}, f));
    return iso_dd_quotient(density, f);
}

/* Half of a subnormal number and a little more. Both forms of GELU are x / 2 + x^2 times something below 1 for small x. */
static float small_gelu(float x) {
    return iso_dd_to_float((iso_dd){0.5 * (double)x, 0x1p-300});
}

float iso_geluf(float x) {
    float y;
    if (x != x)
        return ISO_NAN;
    if (iso_estimate_decides(iso_gelu_estimate(x), &y))
        return y;
    if (x > -0x1p-100f && x < 0x1p-100f)
        return small_gelu(x);
    iso_dd p = lower_tail(__builtin_fabs(x));
    if (x > 0)
        p = iso_dd_add((iso_dd){1, 0}, iso_dd_negate(p));
    return iso_dd_to_float(iso_dd_multiply(p, (iso_dd){x, 0}));
}

float iso_gelu_tanhf(float x) {
    static const iso_dd linear = {ISO_GELU_LINEAR, -0x1.cbc0d30ebfd15p-54}, cubic = {ISO_GELU_CUBIC, -0x1.6c843a29d1c70p-61};
    float y;
    if (x != x)
        return ISO_NAN;
    if (iso_estimate_decides(iso_gelu_tanh_estimate(x), &y))
        return y;
    if (x > -0x1p-100f && x < 0x1p-100f)
        return small_gelu(x);
    iso_dd square = {(double)x * (double)x, 0}, u = iso_dd_add(linear, iso_dd_multiply(cubic, square));
    double scale; /* x / (1 + exp(-2u)) */
    iso_dd m = iso_dd_exp(iso_dd_multiply(u, (iso_dd){-(double)x, 0}), &scale);
    m = iso_dd_add(iso_dd_scale(iso_dd_add((iso_dd){1, 0}, m), scale), (iso_dd){1, 0});
    return iso_dd_to_float(iso_dd_quotient((iso_dd){x, 0}, m));
}
