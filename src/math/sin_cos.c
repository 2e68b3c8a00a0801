/* sin and cos, correctly rounded, for arguments of any size. docs/contract.md#sin-cos */
#include "math/double_double.h"
#include "math/estimate.h"
#include "math/math.h"

/* 2 / pi, 32 bits a word, behind 32 zeros. */
static const uint32_t two_by_pi[] = {0,          0xa2f9836e, 0x4e441529, 0xfc2757d1, 0xf534ddc0, 0xdb629599,
                                     0x3c439041, 0xfe5163ab, 0xdebbc561, 0xb7246e3a, 0x424dd2e0, 0x06492eea};

/* |x| = n pi/2 + r, |r| <= pi/4. Payne and Hanek's method: with x = m 2^e, bits of 2 / pi that make multiples of 4 of the product
 * are left out, and of the rest 192 are enough. For 0.5 <= |x|. */
struct reduced {
    int n;         /* modulo 4 */
    bool negative; /* r */
    uint32_t f[6]; /* |r| / (pi/2), the highest word first, the lowest bit 2^-190 */
};

static struct reduced reduce(float x) {
    struct reduced r;
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    int e = (int)(bits >> 23 & 0xff) - 150;
    uint64_t m = (bits & 0x7fffff) | 0x800000;
    int first = e - 2 + 32; /* of the table's bits */
    int word = first / 32, shift = first % 32;
    uint64_t carry = 0; /* of the product, x / 4 modulo 1 */
    for (int i = 5; i >= 0; i--) {
        uint64_t two = (uint64_t)two_by_pi[word + i] << 32 | two_by_pi[word + i + 1];
        carry += m * (uint32_t)(two << shift >> 32);
        r.f[i] = (uint32_t)carry;
        carry >>= 32;
    }
    r.n = (int)(r.f[0] >> 30);
    r.negative = r.f[0] >> 29 & 1; /* the nearer multiple lies above: count from there */
    if (r.negative) {
        r.n++;
        carry = 1;
        for (int i = 5; i >= 0; i--) {
            carry += (uint32_t)~r.f[i];
            r.f[i] = (uint32_t)carry;
            carry >>= 32;
        }
    }
    r.f[0] &= 0x3fffffff;
    return r;
}

/* r to 2^-50 relative to itself, and to about 100 bits. */
static double reduced_estimate(const struct reduced *r) {
    double f = r->f[0] * 0x1p-30 + (r->f[1] * 0x1p-62 + (r->f[2] * 0x1p-94 + r->f[3] * 0x1p-126));
    return (r->negative ? -f : f) * 0x1.921fb54442d18p+0;
}

static iso_dd reduced_accurate(const struct reduced *r) {
    iso_dd f = {0, 0};
    double unit = 0x1p-190;
    for (int i = 5; i >= 0; i--, unit *= 0x1p32)
        f = iso_dd_add((iso_dd){r->f[i] * unit, 0}, f);
    f = iso_dd_multiply(f, (iso_dd){0x1.921fb54442d18p+0, 0x1.1a62633145c07p-54});
    return r->negative ? iso_dd_negate(f) : f;
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

/* sin(x) or cos(x) of a finite x that the estimate of x itself does not decide. */
static float of_reduced(float x, bool cosine) {
    bool negative = x < 0 && !cosine; /* of |x| and with this sign */
    if (__builtin_fabsf(x) < 0.5f)
        return sin_accurate((iso_dd){x, 0}, cosine);
    struct reduced r = reduce(x);
    int n = r.n + cosine + (negative ? 2 : 0);
    double rough = reduced_estimate(&r), y = n & 1 ? iso_cos_estimate(rough) : iso_sin_estimate(rough);
    float result;
    if (iso_estimate_decides(n & 2 ? -y : y, &result))
        return result;
    return sin_accurate(reduced_accurate(&r), n);
}

float iso_sinf(float x) {
    float y;
    if (x - x != 0)
        return ISO_NAN;
    if (__builtin_fabsf(x) < 0x1p20f && iso_estimate_decides(iso_sin_estimate(x), &y))
        return y;
    return of_reduced(x, false);
}

float iso_cosf(float x) {
    float y;
    if (x - x != 0)
        return ISO_NAN;
    if (__builtin_fabsf(x) < 0x1p20f && iso_estimate_decides(iso_cos_estimate(x), &y))
        return y;
    return of_reduced(x, true);
}
