/* exp and log, correctly rounded. docs/contract.md#exp-log
 *
 * First binary64, with an error bound; where both ends of the error interval round to the same binary32 number, that is the
 * result. In the rare other cases (about one argument in 2^26) the value is computed again to about 100 bits, which decides:
 * `make prove` compares all 2^32 arguments with MPFR. */
#include <string.h>

#include "math/double_double.h"
#include "math/math.h"

/* ln 2 in pieces: the first has 32 bits, so that its product with an exponent is exact. */
#define LN2_HIGH    0x1.62e42fee00000p-1
#define LN2_MIDDLE  0x1.a39ef35793c76p-33
#define LN2_LOW     0x1.cc01f97b57a08p-87
#define INVERSE_LN2 0x1.71547652b82fep+0

/* Relative error bound of the first evaluation; the observed error is below 2^-51. */
#define ERROR 0x1p-49

static float from_bits(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static double power_of_two(int k) {
    uint64_t bits = (uint64_t)(k + 1023) << 52;
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

float iso_dd_to_float(iso_dd a) {
    a = iso_two_sum(a.high, a.low);
    uint64_t bits;
    memcpy(&bits, &a.high, sizeof bits);
    if (a.low != 0 && (bits & 1) == 0) {
        bits += (a.low > 0) == (a.high > 0) ? 1 : (uint64_t)-1;
        memcpy(&a.high, &bits, sizeof bits);
    }
    return (float)a.high;
}

/* ---- exp ---- */

/* Taylor series in about 100 bits: exp(r) * 2^k, |r| <= 0.35. */
static float exp_accurate(double x, double k) {
    iso_dd r = iso_two_sum(x - k * LN2_HIGH, 0), p = iso_two_product(-k, LN2_MIDDLE);
    r = iso_dd_add(r, p);
    r = iso_dd_add(r, (iso_dd){-k * LN2_LOW, 0});
    iso_dd sum = {1, 0};
    for (int n = 26; n >= 1; n--) {
        sum = iso_dd_divide(iso_dd_multiply(sum, r), n);
        sum = iso_dd_add((iso_dd){1, 0}, sum);
    }
    double scale = power_of_two((int)k);
    return iso_dd_to_float((iso_dd){sum.high * scale, sum.low * scale});
}

float iso_expf(float x) {
    if (x != x)
        return from_bits(0x7fc00000);
    if (x > 0x1.62e42ep+6f) /* log(2^128) */
        return from_bits(0x7f800000);
    if (x < -0x1.9fe36ap+6f) /* log(2^-150): rounds to 0 */
        return 0;
    double shifted = (double)x * INVERSE_LN2 + 0x1.8p52, k = shifted - 0x1.8p52;
    double r = ((double)x - k * LN2_HIGH) - k * LN2_MIDDLE;
    double p = 1.0 / 6227020800.0; /* 1 / 13! */
    p = p * r + 1.0 / 479001600.0;
    p = p * r + 1.0 / 39916800.0;
    p = p * r + 1.0 / 3628800.0;
    p = p * r + 1.0 / 362880.0;
    p = p * r + 1.0 / 40320.0;
    p = p * r + 1.0 / 5040.0;
    p = p * r + 1.0 / 720.0;
    p = p * r + 1.0 / 120.0;
    p = p * r + 1.0 / 24.0;
    p = p * r + 1.0 / 6.0;
    p = p * r + 0.5;
    p = p * r + 1.0;
    p = p * r + 1.0;
    double y = p * power_of_two((int)k);
    float low = (float)(y - y * ERROR), high = (float)(y + y * ERROR);
    return low == high ? low : exp_accurate(x, k);
}

/* ---- log ---- */

/* log(m) = 2 atanh(s), s = (m - 1) / (m + 1), in about 100 bits. */
static float log_accurate(double m, double e) {
    iso_dd s = iso_dd_divide((iso_dd){m - 1, 0}, m + 1), square = iso_dd_multiply(s, s), sum = {0, 0};
    for (int n = 61; n >= 1; n -= 2) {
        iso_dd term = iso_dd_divide((iso_dd){1, 0}, n);
        sum = iso_dd_add(iso_dd_multiply(sum, square), term);
    }
    sum = iso_dd_multiply(sum, s);
    sum = (iso_dd){2 * sum.high, 2 * sum.low};
    iso_dd ln2 = iso_dd_add((iso_dd){e * LN2_HIGH, 0}, iso_two_product(e, LN2_MIDDLE));
    ln2 = iso_dd_add(ln2, (iso_dd){e * LN2_LOW, 0});
    return iso_dd_to_float(iso_dd_add(ln2, sum));
}

float iso_logf(float x) {
    if (x != x || x < 0)
        return from_bits(0x7fc00000);
    if (x == 0)
        return from_bits(0xff800000);
    if (x == from_bits(0x7f800000))
        return x;
    /* x = m * 2^e with m between sqrt(1/2) and sqrt(2); every binary32 number is normal in binary64. */
    double m = x;
    uint64_t bits;
    memcpy(&bits, &m, sizeof bits);
    int exponent = (int)(bits >> 52) - 1023;
    bits = (bits & 0xfffffffffffffu) | 0x3ff0000000000000u;
    memcpy(&m, &bits, sizeof m);
    if (m > 0x1.6a09e667f3bcdp+0) {
        m *= 0.5;
        exponent++;
    }
    double e = exponent, s = (m - 1) / (m + 1), z = s * s;
    double p = 1.0 / 25.0;
    p = p * z + 1.0 / 23.0;
    p = p * z + 1.0 / 21.0;
    p = p * z + 1.0 / 19.0;
    p = p * z + 1.0 / 17.0;
    p = p * z + 1.0 / 15.0;
    p = p * z + 1.0 / 13.0;
    p = p * z + 1.0 / 11.0;
    p = p * z + 1.0 / 9.0;
    p = p * z + 1.0 / 7.0;
    p = p * z + 1.0 / 5.0;
    p = p * z + 1.0 / 3.0;
    double y = e * LN2_HIGH + (e * LN2_MIDDLE + (2 * s + 2 * s * z * p));
    float low = (float)(y - y * ERROR), high = (float)(y + y * ERROR);
    return low == high ? low : log_accurate(m, e);
}
