#include "random/init.h"

#include <math.h>
#include <string.h>

void iso_init_fans(int dims, const int64_t *shape, int64_t *fan_in, int64_t *fan_out) {
    int64_t field = 1;
    for (int i = 2; i < dims; i++)
        field *= shape[i];
    *fan_in = shape[1] * field;
    *fan_out = shape[0] * field;
}

static size_t numel(int dims, const int64_t *shape) {
    int64_t count = 1;
    for (int i = 0; i < dims; i++)
        count *= shape[i];
    return (size_t)count;
}

/* All arithmetic in float64, operation by operation as Python does it. */
bool iso_init_named(const char *function, iso_torch_generator *g, float *weight, int dims, const int64_t *shape) {
    int64_t fan_in, fan_out;
    iso_init_fans(dims, shape, &fan_in, &fan_out);
    size_t n = numel(dims, shape);
    if (strcmp(function, "xavier_uniform_") == 0) {
        double std = 1.0 * sqrt(2.0 / (double)(fan_in + fan_out)), bound = sqrt(3.0) * std;
        iso_torch_uniform(g, weight, n, -bound, bound);
    } else if (strcmp(function, "xavier_normal_") == 0)
        iso_torch_normal(g, weight, n, 0, 1.0 * sqrt(2.0 / (double)(fan_in + fan_out)));
    else if (strcmp(function, "kaiming_uniform_") == 0) { /* a=0, mode='fan_in', nonlinearity='leaky_relu' */
        double std = sqrt(2.0) / sqrt((double)fan_in), bound = sqrt(3.0) * std;
        iso_torch_uniform(g, weight, n, -bound, bound);
    } else if (strcmp(function, "kaiming_normal_") == 0)
        iso_torch_normal(g, weight, n, 0, sqrt(2.0) / sqrt((double)fan_in));
    else
        return false;
    return true;
}

void iso_init_conv_or_linear(iso_torch_generator *g, float *weight, int dims, const int64_t *shape, float *bias) {
    int64_t fan_in, fan_out;
    iso_init_fans(dims, shape, &fan_in, &fan_out);
    double a = sqrt(5.0), gain = sqrt(2.0 / (1 + a * a));
    double std = gain / sqrt((double)fan_in), bound = sqrt(3.0) * std;
    iso_torch_uniform(g, weight, numel(dims, shape), -bound, bound);
    if (bias) {
        bound = 1 / sqrt((double)fan_in);
        iso_torch_uniform(g, bias, (size_t)shape[0], -bound, bound);
    }
}
