/* The functions in binary64 to a relative error below ISO_ESTIMATE_ERROR: what decides how nearly all results round. Written
 * once, for one number (estimate.h) and for an instruction set's vectors (kernels). The includer defines the types dvec and lvec
 * (as many uint64_t), ESTIMATE(name), and
 *
 *   d_all(c)  d_fma(a, b, c), rounded once or twice  d_bits  d_from_bits  d_abs  d_copysign(magnitude, sign)
 *   d_min(limit, x)  d_max(limit, x), of a NaN x: the NaN  d_select_less(a, b, x, y): a < b ? x : y
 *   d_rsqrt(x): 1 / sqrt(x), right to 2^-10  d_quotient(a, b): a / b, right to 2^-42, 2^-100 <= b <= 2^900
 *
 * There is no branch: arguments outside the domain of log, log1p, sin, cos and rsqrt that a comment gives make nonsense, and are
 * the caller's. A NaN gives a NaN.
 *
 * Errors: polynomials 2^-43 and below (scripts/math_coefficients.py); a power's exponent, at most 256 where the result does not
 * round to 0, 2^-45; a quotient 2^-42, which is the largest part of tanh, sigmoid and gelu_tanh, and which gelu doubles at most;
 * all roundings together 2^-48. The sums stay below 2^-40.
 *
 * The results differ between machines with and without fma. What is made of them does not, because the error is far below the
 * bound. */

#define EACH static inline __attribute__((always_inline))
#define POLYNOMIAL(name, x)                                                                                                      \
    ESTIMATE(polynomial)(iso_##name##_coefficients, (int)(sizeof iso_##name##_coefficients / sizeof(double)), x)

/* Even and odd powers apart: half as long a chain. */
EACH dvec ESTIMATE(polynomial)(const double *c, int count, dvec x) {
    dvec square = x * x, a = d_all(c[count - 1]), b = d_all(c[count - 2]);
#pragma GCC unroll 32
    for (int i = count - 3; i >= 0; i -= 2) {
        a = d_fma(a, square, d_all(c[i]));
        if (i > 0)
            b = d_fma(b, square, d_all(c[i - 1]));
    }
    return count % 2 ? d_fma(b, x, a) : d_fma(a, x, b);
}

/* 2^t = scale * (1 + the result). For -1000 <= t <= 1000. */
EACH dvec ESTIMATE(power)(dvec t, dvec *scale) {
    dvec shifted = t + d_all(0x1.8p52), r = t - (shifted - d_all(0x1.8p52));
    /* The exponent stands in the low bits of `shifted`; moved into the exponent's place they are its power. */
    *scale = d_from_bits((d_bits(shifted) + UINT64_C(1023)) << 52);
    return r * POLYNOMIAL(exp2, r);
}

EACH dvec ESTIMATE(exp)(dvec x) {
    dvec scale, m = ESTIMATE(power)(d_max(d_all(-105), d_min(d_all(90), x)) * d_all(ISO_INVERSE_LN2), &scale);
    return d_fma(scale, m, scale);
}

EACH dvec ESTIMATE(expm1)(dvec x) {
    dvec scale, m = ESTIMATE(power)(d_max(d_all(-40), d_min(d_all(90), x)) * d_all(ISO_INVERSE_LN2), &scale);
    return d_copysign(d_fma(scale, m, scale - d_all(1)), x); /* for -0 */
}

/* expm1(-2x) / -(expm1(-2x) + 2) of |x| */
EACH dvec ESTIMATE(tanh)(dvec x) {
    dvec scale, m = ESTIMATE(power)(d_min(d_all(20), d_abs(x)) * d_all(-2 * ISO_INVERSE_LN2), &scale);
    m = d_fma(scale, m, scale - d_all(1));
    return d_copysign(d_quotient(m, m + d_all(2)), x);
}

EACH dvec ESTIMATE(sigmoid)(dvec x) {
    dvec scale, m = ESTIMATE(power)(d_max(d_all(-105), d_min(d_all(40), x)) * d_all(-ISO_INVERSE_LN2), &scale);
    return d_quotient(d_all(1), d_fma(scale, m, scale) + d_all(1));
}

/* x = 2^e * (1 + f), sqrt(1/2) <= 1 + f < sqrt(2). */
EACH dvec ESTIMATE(split)(dvec x, dvec *e) {
    const uint64_t one = UINT64_C(0x3ff0000000000000), low = UINT64_C(0x3fe6a09e667f3bcd); /* sqrt(1/2) */
    lvec shifted = d_bits(x) + (one - low);
    *e = d_from_bits((shifted >> 52) | UINT64_C(0x4330000000000000)) - d_all(0x1p52 + 1023);
    return d_from_bits((shifted & UINT64_C(0xfffffffffffff)) + low) - d_all(1);
}

/* For 0 < x < infinity. */
EACH dvec ESTIMATE(log)(dvec x) {
    dvec e, f = ESTIMATE(split)(x, &e);
    return d_fma(e, d_all(ISO_LN2), f * POLYNOMIAL(log, f));
}

/* For -1 < x < infinity. Where 1 + x loses bits of x that matter, f is x. */
EACH dvec ESTIMATE(log1p)(dvec x) {
    dvec e, f = ESTIMATE(split)(x + d_all(1), &e);
    f = d_select_less(d_abs(e), d_all(0.5), x, f);
    return d_copysign(d_fma(e, d_all(ISO_LN2), f * POLYNOMIAL(log, f)), x); /* for -0 */
}

EACH dvec ESTIMATE(erf)(dvec x) {
    dvec z = d_min(d_all(4), d_abs(x)), w = d_fma(z * d_all(0.125), z, d_all(-1));
    return d_copysign(z * POLYNOMIAL(erf, w), x);
}

/* x * Phi(x), from Phi(-|x|) = exp(-x^2 / 2) times a smooth function. */
EACH dvec ESTIMATE(gelu)(dvec x) {
    x = d_max(d_all(-15), x);
    dvec z = d_min(d_all(15), d_abs(x)), scale, m = ESTIMATE(power)(z * z * d_all(-0.5 * ISO_INVERSE_LN2), &scale);
    dvec tail = POLYNOMIAL(tail, d_quotient(z - d_all(5), z + d_all(5)));
    tail = d_fma(scale, m, scale) * tail;
    return x * d_select_less(x, d_all(0), tail, d_all(1) - tail);
}

/* Phi(x) to an absolute error below ISO_PHI_ERROR, for |x| <= 4. */
EACH dvec ESTIMATE(phi)(dvec x) {
    return d_fma(x, POLYNOMIAL(phi, d_fma(x * d_all(0.125), x, d_all(-1))), d_all(0.5));
}

/* x / (1 + exp(-2u)), u = sqrt(2 / pi) (x + 0.044715 x^3) */
EACH dvec ESTIMATE(gelu_tanh)(dvec x) {
    x = d_max(d_all(-20), x);
    dvec t = x * d_fma(x * x, d_all(-ISO_INVERSE_LN2 * ISO_GELU_CUBIC), d_all(-ISO_INVERSE_LN2 * ISO_GELU_LINEAR));
    dvec scale, m = ESTIMATE(power)(d_max(d_all(-90), t), &scale);
    return d_quotient(x, d_fma(scale, m, scale) + d_all(1));
}

/* sin(r) of r = x - h * pi, |r| <= pi/2 and a little, for multiples h of 1/2 below 2^20: the products with the first two parts of
 * pi and the first difference are exact. The sign is that of an odd `shifted`. */
EACH dvec ESTIMATE(sin_reduced)(dvec x, dvec h, dvec shifted) {
    dvec r = ((x - h * d_all(ISO_PI_HIGH)) - h * d_all(ISO_PI_MIDDLE)) - h * d_all(ISO_PI_LOW);
    return d_from_bits(d_bits(r * POLYNOMIAL(sin, r * r)) ^ (d_bits(shifted) << 63));
}

/* For |x| < 2^20. */
EACH dvec ESTIMATE(sin)(dvec x) {
    dvec shifted = x * d_all(ISO_INVERSE_PI) + d_all(0x1.8p52), h = shifted - d_all(0x1.8p52);
    return ESTIMATE(sin_reduced)(x, h, shifted);
}

/* cos(x) = -(-1)^k sin(x - (k + 1/2) pi). For |x| < 2^20. */
EACH dvec ESTIMATE(cos)(dvec x) {
    dvec shifted = (x * d_all(ISO_INVERSE_PI) - d_all(0.5)) + d_all(0x1.8p52), h = (shifted - d_all(0x1.8p52)) + d_all(0.5);
    return ESTIMATE(sin_reduced)(x, h, shifted + d_all(1));
}

/* One step from y to y (1 - e)^(-1/2), e = 1 - x y^2, by the series to e^3. For 0 < x < infinity. */
EACH dvec ESTIMATE(rsqrt)(dvec x) {
    dvec y = d_rsqrt(x), e = d_all(1) - x * y * y;
    dvec p = d_fma(d_fma(d_all(0.3125), e, d_all(0.375)), e, d_all(0.5));
    return d_fma(y * e, p, y);
}

#undef EACH
#undef POLYNOMIAL
