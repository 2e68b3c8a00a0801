/* exp and log, correctly rounded. docs/contract.md#exp-log
 *
 * First binary64, with an error bound; where both ends of the error interval round to the same binary32 number, that is the
 * result. In the rare other cases (about one argument in 2^26) the value is computed again to about 100 bits, which decides:
 * `make prove` compares all 2^32 arguments with MPFR. */
#include <string.h>

#include "math/double_double.h"
#include "math/exp_estimate.h"
#include "math/math.h"

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
static float exp_accurate(double x) {
    double shifted = x * ISO_INVERSE_LN2 + 0x1.8p52, k = shifted - 0x1.8p52;
    iso_dd r = iso_two_sum(x - k * ISO_LN2_HIGH, 0), p = iso_two_product(-k, ISO_LN2_MIDDLE);
    r = iso_dd_add(r, p);
    r = iso_dd_add(r, (iso_dd){-k * ISO_LN2_LOW, 0});
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
    double y = iso_exp_estimate(x);
    float low = (float)(y - y * ISO_ESTIMATE_ERROR), high = (float)(y + y * ISO_ESTIMATE_ERROR);
    return low == high ? low : exp_accurate(x);
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
    iso_dd ln2 = iso_dd_add((iso_dd){e * ISO_LN2_HIGH, 0}, iso_two_product(e, ISO_LN2_MIDDLE));
    ln2 = iso_dd_add(ln2, (iso_dd){e * ISO_LN2_LOW, 0});
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
    double y = e * ISO_LN2_HIGH + (e * ISO_LN2_MIDDLE + (2 * s + 2 * s * z * p));
    float low = (float)(y - y * ISO_ESTIMATE_ERROR), high = (float)(y + y * ISO_ESTIMATE_ERROR);
    return low == high ? low : log_accurate(m, e);
}
