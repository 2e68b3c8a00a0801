/* Builds of PyTorch without MKL take both functions from SLEEF, here as they compute for AVX2 and AVX-512: every step in
 * binary32, with the fused multiply-adds written out. */
#include "random/torch_math.h"

#include <math.h>
#include <string.h>

#include "math/math.h"

static float sleef_exp(float x) {
    static const float c[] = {0.00139304355252534151077271f, 0.00833336077630519866943359f, 0.0416664853692054748535156f,
                              0.166666671633720397949219f, 0.5f};
    float q = nearbyintf(x * 1.442695040888963407f);
    float s = iso_fmaf(q, -0.693145751953125f, x);
    s = iso_fmaf(q, -1.428606765330187045e-06f, s);
    float u = 0.000198527617612853646278381f;
    for (int i = 0; i < 5; i++)
        u = iso_fmaf(u, s, c[i]);
    u = 1.0f + iso_fmaf(s * s, u, s);
    return ldexpf(u, (int)q);
}

/* A number as the unevaluated sum of two floats. */
struct pair {
    float high, low;
};

static struct pair add(float a, float b) {
    float sum = a + b, part = sum - a;
    return (struct pair){sum, (a - (sum - part)) + (b - part)};
}

static struct pair divide(struct pair n, struct pair d) {
    float inverse = 1.0f / d.high, q = n.high * inverse;
    float rest = iso_fmaf(inverse, n.high, -q), error = iso_fmaf(-d.low, inverse, iso_fmaf(-d.high, inverse, 1.0f));
    return (struct pair){q, iso_fmaf(q, error, iso_fmaf(n.low, inverse, rest))};
}

/* log x = e log 2 + 2 atanh((m - 1) / (m + 1)), x = m 2^e, m between 3/4 and 3/2. */
static float sleef_log(float x) {
    bool subnormal = x < 0x1p-126f;
    if (subnormal)
        x *= 0x1p64f;
    float scaled = x * (1.0f / 0.75f);
    uint32_t bits;
    memcpy(&bits, &scaled, sizeof bits);
    int exponent = (int)(bits >> 23 & 0xff) - 127;
    float m = ldexpf(x, -exponent), e = (float)(subnormal ? exponent - 64 : exponent);
    float ln2 = 0.69314718246459960938f * e;
    struct pair s = {ln2, iso_fmaf(-1.904654323148236017e-09f, e, iso_fmaf(0.69314718246459960938f, e, -ln2))};
    struct pair q = divide(add(-1.0f, m), add(1.0f, m));
    float square = q.high * q.high;
    float p = iso_fmaf(0.3027294874f, square, 0.3996108174f);
    p = iso_fmaf(p, square, 0.6666694880f);
    float sum = s.high + 2 * q.high, low = ((s.high - sum) + 2 * q.high) + s.low + 2 * q.low;
    float tail = square * q.high * p, all = sum + tail;
    return all + (((sum - all) + tail) + low);
}

float iso_torch_expf(iso_torch_variant variant, float x) {
    return variant & ISO_TORCH_SCALAR ? expf(x) : sleef_exp(x);
}

float iso_torch_logf(iso_torch_variant variant, float x) {
    return variant & ISO_TORCH_SCALAR ? logf(x) : sleef_log(x);
}

float iso_torch_linspace(iso_torch_variant variant, float start, float end, int64_t steps, int64_t i) {
    enum { LANES = 8 };
    float step = (end - start) / (float)(steps - 1);
    bool in_vectors = variant & ISO_TORCH_1_13 && i < steps / (2 * LANES) * (2 * LANES);
    int64_t base = in_vectors ? i / LANES * LANES : i;
    bool from_start = base < steps / 2;
    float k = (float)(from_start ? base : steps - base - 1), slope = from_start ? step : -step, origin = from_start ? start : end;
    float x = variant & ISO_TORCH_SCALAR ? origin + slope * k : iso_fmaf(slope, k, origin);
    return in_vectors ? x + (float)(i - base) * step : x;
}

#define NUMBER                float
#define NAME(stem)            stem
#define LOG                   logf
#define SQRT                  sqrtf
#define EXP                   expf
#define ERF                   erff
#define MULTIPLY_ADD(a, b, c) iso_fmaf(a, b, c)
#include "random/torch_erfinv.h"
#undef NUMBER
#undef NAME
#undef LOG
#undef SQRT
#undef EXP
#undef ERF
#undef MULTIPLY_ADD

#define NUMBER                double
#define NAME(stem)            stem##_f64
#define LOG                   log
#define SQRT                  sqrt
#define EXP                   exp
#define ERF                   erf
#define MULTIPLY_ADD(a, b, c) fma(a, b, c)
#include "random/torch_erfinv.h"
