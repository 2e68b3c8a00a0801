/* exponential_, geometric_, cauchy_, log_normal_ and multinomial. Definitions: ATen/core/TransformationHelper.h and
 * native/Distributions.cpp of PyTorch 2.13; what 1.13 did otherwise was found by comparing with it. */
#include <math.h>

#include "random/torch_variant.h"

static double unit(iso_torch_generator *g) {
    double u;
    iso_torch_uniform_f64(g, &u, 1, 0, 1);
    return u;
}

/* log(1 - u) */
static double log_of_rest(const iso_torch_generator *g, double u) {
    return g->variant & ISO_TORCH_1_13 ? log(1.0 - u) : log1p(-u);
}

void iso_torch_exponential(iso_torch_generator *g, double *out, size_t n, double lambda) {
    double scale = -1.0 / lambda;
    for (size_t i = 0; i < n; i++)
        out[i] = scale * log_of_rest(g, unit(g));
}

void iso_torch_geometric(iso_torch_generator *g, double *out, size_t n, double p) {
    double divisor = log_of_rest(g, p);
    for (size_t i = 0; i < n; i++)
        out[i] = ceil(log(unit(g)) / divisor);
}

void iso_torch_cauchy(iso_torch_generator *g, double *out, size_t n, double median, double sigma) {
    for (size_t i = 0; i < n; i++) {
        double tangent = tan(3.14159265358979323846 * (unit(g) - 0.5));
        out[i] = g->variant & ISO_TORCH_SCALAR ? median + sigma * tangent : fma(sigma, tangent, median);
    }
}

void iso_torch_log_normal(iso_torch_generator *g, double *out, size_t n, double mean, double std) {
    for (size_t i = 0; i < n; i++)
        out[i] = exp(iso_torch_small_normal(g, mean, std));
}

/* ---- multinomial ---- */

#define NUMBER         float
#define NAME(stem)     stem
#define EXPONENTIAL(x) (float)(x)
#include "random/torch_multinomial.h"
#undef NUMBER
#undef NAME
#undef EXPONENTIAL

#define NUMBER         double
#define NAME(stem)     stem##_f64
#define EXPONENTIAL(x) (x)
#include "random/torch_multinomial.h"
