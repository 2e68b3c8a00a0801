/* normal_: PyTorch has three algorithms. Fewer than 16 elements: pairs in float64. 16 and more: blocks of 16 float32 values,
 * computed by polynomials in the AVX2 build, and by the C library's logf, cosf and sinf elsewhere.
 * Source: native/cpu/DistributionTemplates.h, avx_mathfun.h. */
#include <math.h>
#include <string.h>

#include "math/math.h"
#include "random/torch.h"

#define TWO_PI 6.28318530717958647692

static float from_bits(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}
static uint32_t to_bits(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* ---- Fewer than 16 ---- */

/* Box-Muller in float64; log1p, cos and sin are the C library's, as in PyTorch itself. The second value of a pair waits in the
 * generator. */
static double small_normal(iso_torch_generator *g) {
    if (g->has_next_normal) {
        g->has_next_normal = false;
        double next = g->next_normal;
        g->next_normal = 0;
        return next;
    }
    double u1 = iso_torch_uniform53(g), u2 = iso_torch_uniform53(g);
    double r = sqrt(-2.0 * log1p(-u2)), theta = TWO_PI * u1;
    g->next_normal = r * sin(theta);
    g->has_next_normal = true;
    return r * cos(theta);
}

/* ---- Blocks of 16, AVX2 build ---- */

/* log by Cephes' polynomial, one lane of the vector code; where the compiler of PyTorch contracts there stands an fma. */
static float avx_log(float x) {
    if (x <= 0)
        return NAN;
    x = x < 0x1p-126f ? 0x1p-126f : x;
    uint32_t bits = to_bits(x);
    float e = (float)((int32_t)(bits >> 23) - 0x7f) + 1.0f;
    x = from_bits((bits & 0x807fffffu) | 0x3f000000u);
    float smaller = x < 0.707106781186547524f ? x : 0;
    if (x < 0.707106781186547524f)
        e = e - 1.0f;
    x = (x - 1.0f) + smaller;
    float z = x * x, y = 7.0376836292E-2f;
    static const float p[] = {-1.1514610310E-1f, 1.1676998740E-1f,  -1.2420140846E-1f, 1.4249322787E-1f,
                              -1.6668057665E-1f, 2.0000714765E-1f,  -2.4999993993E-1f, 3.3333331174E-1f};
    for (int i = 0; i < 8; i++)
        y = iso_fmaf(y, x, p[i]);
    y = y * x;
    y = iso_fmaf(y, z, e * -2.12194440e-4f);
    y = iso_fmaf(-z, 0.5f, y);
    x = x + y;
    return iso_fmaf(e, 0.693359375f, x);
}

/* sin and cos by Cephes' polynomials after reduction to an eighth of the circle; x >= 0. */
static void avx_sincos(float x, float *s, float *c) {
    int32_t octant = ((int32_t)(x * 1.27323954473516f) + 1) & ~1;
    float y = (float)octant;
    uint32_t sin_sign = (uint32_t)(octant & 4) << 29, cos_sign = (uint32_t)(~(octant - 2) & 4) << 29;
    bool straight = (octant & 2) == 0;
    x = iso_fmaf(y, -0.78515625f, x);
    x = iso_fmaf(y, -2.4187564849853515625e-4f, x);
    x = iso_fmaf(y, -3.77489497744594108e-8f, x);
    float z = x * x;
    float cosine = iso_fmaf(iso_fmaf(2.443315711809948E-005f, z, -1.388731625493765E-003f), z, 4.166664568298827E-002f);
    cosine = cosine * z;
    cosine = iso_fmaf(cosine, z, -(z * 0.5f)) + 1.0f;
    float sine = iso_fmaf(iso_fmaf(-1.9515295891E-4f, z, 8.3321608736E-3f), z, -1.6666654611E-1f);
    sine = iso_fmaf(sine * z, x, x);
    *s = from_bits(to_bits(straight ? sine : cosine) ^ sin_sign);
    *c = from_bits(to_bits(straight ? cosine : sine) ^ cos_sign);
}

static void avx_block(float *d, float mean, float std) {
    for (int j = 0; j < 8; j++) {
        float u1 = 1.0f - d[j], u2 = d[j + 8], s, c;
        float radius = iso_sqrtf(-2.0f * avx_log(u1)), theta = (float)TWO_PI * u2;
        avx_sincos(theta, &s, &c);
        d[j] = iso_fmaf(radius * c, std, mean);
        d[j + 8] = iso_fmaf(radius * s, std, mean);
    }
}

/* ---- Blocks of 16, elsewhere ---- */

/* logf, cosf and sinf are the C library's, as in PyTorch itself: with another library other bits. */
static void scalar_block(float *d, float mean, float std) {
    for (int j = 0; j < 8; j++) {
        float u1 = 1.0f - d[j], u2 = d[j + 8];
        float radius = sqrtf(-2.0f * logf(u1)), theta = (float)(TWO_PI * (double)u2);
        d[j] = iso_fmaf(radius * cosf(theta), std, mean);
        d[j + 8] = iso_fmaf(radius * sinf(theta), std, mean);
    }
}

void iso_torch_normal(iso_torch_generator *g, float *out, size_t n, double mean, double std) {
    if (n < 16) {
        for (size_t i = 0; i < n; i++)
            out[i] = (float)__builtin_fma(small_normal(g), std, mean);
        return;
    }
    void (*block)(float *, float, float) = g->variant == ISO_TORCH ? avx_block : scalar_block;
    iso_torch_uniform(g, out, n, 0, 1);
    for (size_t i = 0; i + 16 <= n; i += 16)
        block(out + i, (float)mean, (float)std);
    if (n % 16 != 0) { /* the last 16 values anew */
        iso_torch_uniform(g, out + n - 16, 16, 0, 1);
        block(out + n - 16, (float)mean, (float)std);
    }
}
