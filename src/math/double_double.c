#include "math/double_double.h"

#include "math/estimate.h"

/* ln 2 in pieces: the first has 32 bits, so that its product with an exponent is exact. */
#define ISO_LN2_HIGH   0x1.62e42fee00000p-1
#define ISO_LN2_MIDDLE 0x1.a39ef35793c76p-33
#define ISO_LN2_LOW    0x1.cc01f97b57a08p-87

float iso_dd_to_float(iso_dd a) {
    a = iso_two_sum(a.high, a.low);
    uint64_t bits = iso_double_bits(a.high);
    if (a.low != 0 && (bits & 1) == 0)
        bits += (a.low > 0) == (a.high > 0) ? 1 : (uint64_t)-1;
    return (float)iso_double_from_bits(bits);
}

/* Taylor series of expm1(r), |r| <= 0.35, to r^26. */
iso_dd iso_dd_exp(iso_dd x, double *scale) {
    double shifted = x.high * ISO_INVERSE_LN2 + 0x1.8p52, k = shifted - 0x1.8p52;
    iso_dd r = iso_dd_add(x, (iso_dd){-k * ISO_LN2_HIGH, 0});
    r = iso_dd_add(r, iso_two_product(-k, ISO_LN2_MIDDLE));
    r = iso_dd_add(r, (iso_dd){-k * ISO_LN2_LOW, 0});
    iso_dd sum = {1, 0};
    for (int n = 26; n >= 2; n--) {
        sum = iso_dd_divide(iso_dd_multiply(sum, r), n);
        sum = iso_dd_add((iso_dd){1, 0}, sum);
    }
    *scale = iso_double_from_bits((uint64_t)((int)k + 1023) << 52);
    return iso_dd_multiply(sum, r);
}

/* log(1 + f) = 2 atanh(s), s = f / (2 + f), to s^61. */
iso_dd iso_dd_log(iso_dd f, double e) {
    iso_dd s = iso_dd_quotient(f, iso_dd_add((iso_dd){2, 0}, f)), square = iso_dd_multiply(s, s), sum = {0, 0};
    for (int n = 61; n >= 1; n -= 2) {
        iso_dd term = iso_dd_divide((iso_dd){1, 0}, n);
        sum = iso_dd_add(iso_dd_multiply(sum, square), term);
    }
    sum = iso_dd_scale(iso_dd_multiply(sum, s), 2);
    iso_dd ln2 = iso_dd_add((iso_dd){e * ISO_LN2_HIGH, 0}, iso_two_product(e, ISO_LN2_MIDDLE));
    ln2 = iso_dd_add(ln2, (iso_dd){e * ISO_LN2_LOW, 0});
    return iso_dd_add(ln2, sum);
}
