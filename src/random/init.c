#include "isobit/random/init.h"
#include "core/compiler.h"

#include <math.h>
#include <string.h>

static size_t numel(int dims, const int64_t *shape) {
    size_t n = 1;
    for (int i = 0; i < dims; i++)
        n *= (size_t)shape[i];
    return n;
}

void iso_init_fans(int dims, const int64_t *shape, int64_t *fan_in, int64_t *fan_out) {
    int64_t kernel = 1;
    for (int i = 2; i < dims; i++)
        kernel *= shape[i];
    *fan_in = shape[1] * kernel;
    *fan_out = shape[0] * kernel;
}

bool iso_init_gain(const char *nonlinearity, double slope, double *gain) {
    static const char *const linear[] = {"linear",           "conv1d",           "conv2d",           "conv3d",
                                         "conv_transpose1d", "conv_transpose2d", "conv_transpose3d", "sigmoid"};
    for (size_t i = 0; i < ISO_COUNTOF(linear); i++)
        if (strcmp(nonlinearity, linear[i]) == 0) {
            *gain = 1;
            return true;
        }
    if (strcmp(nonlinearity, "tanh") == 0)
        *gain = 5.0 / 3.0;
    else if (strcmp(nonlinearity, "relu") == 0)
        *gain = sqrt(2.0);
    else if (strcmp(nonlinearity, "leaky_relu") == 0)
        *gain = sqrt(2.0 / (1.0 + slope * slope));
    else if (strcmp(nonlinearity, "selu") == 0)
        *gain = 3.0 / 4.0;
    else
        return false;
    return true;
}

double iso_init_xavier_std(int dims, const int64_t *shape, double gain) {
    int64_t fan_in, fan_out;
    iso_init_fans(dims, shape, &fan_in, &fan_out);
    return gain * sqrt(2.0 / (double)(fan_in + fan_out));
}

void iso_init_xavier_uniform(iso_torch_generator *g, float *tensor, int dims, const int64_t *shape, double gain) {
    double bound = sqrt(3.0) * iso_init_xavier_std(dims, shape, gain);
    iso_torch_uniform(g, tensor, numel(dims, shape), -bound, bound);
}

void iso_init_xavier_normal(iso_torch_generator *g, float *tensor, int dims, const int64_t *shape, double gain) {
    iso_torch_normal(g, tensor, numel(dims, shape), 0, iso_init_xavier_std(dims, shape, gain));
}

bool iso_init_kaiming_std(int dims, const int64_t *shape, double a, iso_fan_mode mode, const char *nonlinearity, double *std) {
    int64_t fan_in, fan_out;
    double gain;
    iso_init_fans(dims, shape, &fan_in, &fan_out);
    if (!iso_init_gain(nonlinearity, a, &gain))
        return false;
    *std = gain / sqrt((double)(mode == ISO_FAN_IN ? fan_in : fan_out));
    return true;
}

bool iso_init_kaiming_uniform(iso_torch_generator *g, float *tensor, int dims, const int64_t *shape, double a, iso_fan_mode mode,
                              const char *nonlinearity) {
    double std;
    if (!iso_init_kaiming_std(dims, shape, a, mode, nonlinearity, &std))
        return false;
    double bound = sqrt(3.0) * std;
    iso_torch_uniform(g, tensor, numel(dims, shape), -bound, bound);
    return true;
}

bool iso_init_kaiming_normal(iso_torch_generator *g, float *tensor, int dims, const int64_t *shape, double a, iso_fan_mode mode,
                             const char *nonlinearity) {
    double std;
    if (!iso_init_kaiming_std(dims, shape, a, mode, nonlinearity, &std))
        return false;
    iso_torch_normal(g, tensor, numel(dims, shape), 0, std);
    return true;
}

bool iso_init_named(const char *function, iso_torch_generator *g, float *tensor, int dims, const int64_t *shape) {
    if (strcmp(function, "xavier_uniform_") == 0)
        iso_init_xavier_uniform(g, tensor, dims, shape, 1);
    else if (strcmp(function, "xavier_normal_") == 0)
        iso_init_xavier_normal(g, tensor, dims, shape, 1);
    else if (strcmp(function, "kaiming_uniform_") == 0)
        return iso_init_kaiming_uniform(g, tensor, dims, shape, 0, ISO_FAN_IN, "leaky_relu");
    else if (strcmp(function, "kaiming_normal_") == 0)
        return iso_init_kaiming_normal(g, tensor, dims, shape, 0, ISO_FAN_IN, "leaky_relu");
    else
        return false;
    return true;
}

void iso_init_conv_or_linear(iso_torch_generator *g, float *weight, int dims, const int64_t *shape, float *bias) {
    iso_init_kaiming_uniform(g, weight, dims, shape, sqrt(5.0), ISO_FAN_IN, "leaky_relu");
    if (!bias)
        return;
    int64_t fan_in, fan_out;
    iso_init_fans(dims, shape, &fan_in, &fan_out);
    double bound = fan_in > 0 ? 1.0 / sqrt((double)fan_in) : 0;
    iso_torch_uniform(g, bias, (size_t)shape[0], -bound, bound);
}

static void fill(float *out, int64_t n, float value) {
    for (int64_t i = 0; out && i < n; i++)
        out[i] = value;
}

void iso_init_batch_norm(int64_t channels, float *weight, float *bias, float *running_mean, float *running_var) {
    fill(weight, channels, 1);
    fill(bias, channels, 0);
    fill(running_mean, channels, 0);
    fill(running_var, channels, 1);
}
