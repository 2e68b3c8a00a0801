/* Numbers of about 106 bits as the unevaluated sum of two doubles, for the few arguments where binary64 does not decide how
 * a result rounds. Error-free transformations by Knuth and Dekker; no fma, so that every machine computes the same. */
#ifndef ISO_MATH_DOUBLE_DOUBLE_H
#define ISO_MATH_DOUBLE_DOUBLE_H

#include "core/compiler.h"

typedef struct iso_dd {
    double high, low;
} iso_dd;

/* a + b exactly. */
static inline iso_dd iso_two_sum(double a, double b) {
    double s = a + b, t = s - a;
    return (iso_dd){s, (a - (s - t)) + (b - t)};
}

/* The upper half of a number's bits. */
static inline double iso_upper_half(double a) {
    double t = 134217729.0 * a; /* 2^27 + 1 */
    return t - (t - a);
}

/* a * b exactly. */
static inline iso_dd iso_two_product(double a, double b) {
    double p = a * b, ah = iso_upper_half(a), al = a - ah, bh = iso_upper_half(b), bl = b - bh;
    return (iso_dd){p, ((ah * bh - p) + ah * bl + al * bh) + al * bl};
}

static inline iso_dd iso_dd_add(iso_dd a, iso_dd b) {
    iso_dd s = iso_two_sum(a.high, b.high), t = iso_two_sum(a.low, b.low);
    s = iso_two_sum(s.high, s.low + t.high);
    return iso_two_sum(s.high, s.low + t.low);
}

static inline iso_dd iso_dd_multiply(iso_dd a, iso_dd b) {
    iso_dd p = iso_two_product(a.high, b.high);
    return iso_two_sum(p.high, p.low + (a.high * b.low + a.low * b.high));
}

/* a / b for a double b. */
static inline iso_dd iso_dd_divide(iso_dd a, double b) {
    double q = a.high / b;
    iso_dd p = iso_two_product(q, b);
    return iso_two_sum(q, ((a.high - p.high) - p.low + a.low) / b);
}

static inline iso_dd iso_dd_negate(iso_dd a) {
    return (iso_dd){-a.high, -a.low};
}

static inline iso_dd iso_dd_scale(iso_dd a, double power_of_two) {
    return (iso_dd){a.high * power_of_two, a.low * power_of_two};
}

/* a / b. */
static inline iso_dd iso_dd_quotient(iso_dd a, iso_dd b) {
    double q = a.high / b.high;
    iso_dd rest = iso_dd_add(a, iso_dd_negate(iso_dd_multiply((iso_dd){q, 0}, b)));
    double next = rest.high / b.high;
    rest = iso_dd_add(rest, iso_dd_negate(iso_dd_multiply((iso_dd){next, 0}, b)));
    return iso_dd_add(iso_two_sum(q, next), (iso_dd){rest.high / b.high, 0});
}

/* exp(x) = scale * (1 + the result), scale a power of two; the result is right relative to itself. For -600 <= x <= 600. */
iso_dd iso_dd_exp(iso_dd x, double *scale);

/* log(2^e * (1 + f)) for sqrt(1/2) <= 1 + f <= sqrt(2). */
iso_dd iso_dd_log(iso_dd f, double e);

/* high + low rounded once to binary32: rounding the sum to odd in binary64 first makes the second rounding harmless. */
float iso_dd_to_float(iso_dd a);

#endif
