/* sin and cos, correctly rounded, for arguments of any size. docs/contract.md#sin-cos */
#include "math/double_double.h"
#include "math/estimate.h"
#include "math/math.h"

/* 2 / pi, 32 bits a word, behind 32 zeros. */
static const uint32_t two_by_pi[] = {0,          0xa2f9836e, 0x4e441529, 0xfc2757d1, 0xf534ddc0, 0xdb629599,
                                     0x3c439041, 0xfe5163ab, 0xdebbc561, 0xb7246e3a, 0x424dd2e0, 0x06492eea};

/* x = n pi/2 + r, |r| <= pi/4; the result is r, right relative to itself, and *n modulo 4. Payne and Hanek's method: with x = m
 * 2^e, bits of 2 / pi that make multiples of 4 of the product are left out, and of the rest 192 are enough. For 2^-27 <= |x|. */
static iso_dd reduce(float x, int *n) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    int e = (int)(bits >> 23 & 0xff) - 150;
    uint64_t m = (bits & 0x7fffff) | 0x800000;
    int first = e - 2 + 32; /* of the table's bits */
    int word = first / 32, shift = first % 32;
    uint32_t product[6]; /* of x / 4 modulo 1, the highest word first */
    uint64_t carry = 0;
    for (int i = 5; i >= 0; i--) {
        uint64_t two = (uint64_t)two_by_pi[word + i] << 32 | two_by_pi[word + i + 1];
        carry += m * (uint32_t)(two << shift >> 32);
        product[i] = (uint32_t)carry;
        carry >>= 32;
    }
    *n = (int)(product[0] >> 30);
    product[0] &= 0x3fffffff;
    bool above = product[0] >> 29; /* the nearer multiple lies above: count from there */
    if (above) {
        *n = (*n + 1) & 3;
        carry = 1;
        for (int i = 5; i >= 0; i--) {
            carry += (uint32_t)~product[i];
            product[i] = (uint32_t)carry;
            carry >>= 32;
        }
        product[0] &= 0x3fffffff;
    }
    iso_dd f = {0, 0};
    double unit = 0x1p-190;
    for (int i = 5; i >= 0; i--, unit *= 0x1p32)
        f = iso_dd_add((iso_dd){product[i] * unit, 0}, f);
    f = iso_dd_multiply(f, (iso_dd){0x1.921fb54442d18p+0, 0x1.1a62633145c07p-54});
    if (above != (x < 0))
        f = iso_dd_negate(f);
    if (x < 0)
        *n = -*n & 3;
    return f;
}

/* sin(r + n pi/2), Taylor series to r^27. */
static float sin_accurate(iso_dd r, int n) {
    iso_dd square = iso_dd_multiply(r, r), sum = {1, 0};
    for (int i = n & 1 ? 26 : 27; i >= 2; i -= 2) {
        sum = iso_dd_divide(iso_dd_multiply(sum, square), -(double)(i * (i - 1)));
        sum = iso_dd_add((iso_dd){1, 0}, sum);
    }
    if (!(n & 1))
        sum = iso_dd_multiply(sum, r);
    return iso_dd_to_float(n & 2 ? iso_dd_negate(sum) : sum);
}

/* sin(x + shift pi/2) of a finite x that the estimate does not decide. */
static float shifted_sin(float x, int shift) {
    int n = 0;
    iso_dd r = {x, 0};
    if (__builtin_fabsf(x) > 0.5f)
        r = reduce(x, &n);
    return sin_accurate(r, n + shift);
}

float iso_sinf(float x) {
    float y;
    if (x - x != 0)
        return ISO_NAN;
    if (__builtin_fabsf(x) < 0x1p20f && iso_estimate_decides(iso_sin_estimate(x), &y))
        return y;
    return shifted_sin(x, 0);
}

float iso_cosf(float x) {
    float y;
    if (x - x != 0)
        return ISO_NAN;
    if (__builtin_fabsf(x) < 0x1p20f && iso_estimate_decides(iso_cos_estimate(x), &y))
        return y;
    return shifted_sin(x, 1);
}
