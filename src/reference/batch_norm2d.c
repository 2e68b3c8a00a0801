/* BatchNorm2d: https://pytorch.org/docs/stable/generated/torch.nn.BatchNorm2d.html */
#include "ops/batch_norm2d.h"

#include "reference/sums.h"

/* x[n][pixel][c]; the sums are over all samples and pixels of one channel. */

static float value(const iso_batch_norm2d_shape *s, const float *x, int64_t n, int64_t pixel, int64_t c) {
    return x[(n * s->hw + pixel) * s->c + c];
}

/* sum of x */
static float sum_of(const iso_batch_norm2d_shape *s, const float *x, int64_t c) {
    iso_tree tree = iso_tree_new();
    for (int64_t n = 0; n < s->n; n++) {
        iso_pixel_sum sum = iso_pixel_sum_new();
        for (int64_t p = 0; p < s->hw; p++)
            iso_pixel_sum_add(&sum, value(s, x, n, p, c));
        iso_tree_add(&tree, iso_pixel_sum_total(&sum));
    }
    return iso_tree_total(&tree);
}

/* sum of products (x - mean, x - mean) */
static float sum_of_squares(const iso_batch_norm2d_shape *s, const float *x, int64_t c, float mean) {
    iso_tree tree = iso_tree_new();
    for (int64_t n = 0; n < s->n; n++) {
        iso_pixel_sum sum = iso_pixel_sum_new();
        for (int64_t p = 0; p < s->hw; p++) {
            float d = value(s, x, n, p, c) - mean;
            iso_pixel_sum_product(&sum, d, d);
        }
        iso_tree_add(&tree, iso_pixel_sum_total(&sum));
    }
    return iso_tree_total(&tree);
}

/* sum of products (dy, (x - mean) * invstd) */
static float sum_of_dy_xhat(const iso_batch_norm2d_shape *s, const float *x, const float *dy, int64_t c, float mean,
                            float invstd) {
    iso_tree tree = iso_tree_new();
    for (int64_t n = 0; n < s->n; n++) {
        iso_pixel_sum sum = iso_pixel_sum_new();
        for (int64_t p = 0; p < s->hw; p++)
            iso_pixel_sum_product(&sum, value(s, dy, n, p, c), (value(s, x, n, p, c) - mean) * invstd);
        iso_tree_add(&tree, iso_pixel_sum_total(&sum));
    }
    return iso_tree_total(&tree);
}

static void normalise(const iso_batch_norm2d_shape *s, const float *x, int64_t c, float mean, float invstd, const float *weight,
                      const float *bias, float *y) {
    for (int64_t i = 0; i < s->n * s->hw; i++) {
        float xhat = (x[i * s->c + c] - mean) * invstd;
        y[i * s->c + c] = weight ? iso_fmaf(xhat, weight[c], bias[c]) : xhat;
    }
}

static float inverse_deviation(float variance, double eps) {
    return 1.0f / iso_sqrtf(variance + (float)eps);
}

void iso_ref_batch_norm2d(const iso_batch_norm2d_shape *s, const float *x, const float *weight, const float *bias, float momentum,
                          float *running_mean, float *running_var, float *mean, float *invstd, float *y) {
    float count = (float)(s->n * s->hw), count_less_one = (float)(s->n * s->hw - 1);
    for (int64_t c = 0; c < s->c; c++) {
        mean[c] = sum_of(s, x, c) / count;
        float squares = sum_of_squares(s, x, c, mean[c]);
        invstd[c] = inverse_deviation(squares / count, s->eps);
        normalise(s, x, c, mean[c], invstd[c], weight, bias, y);
        if (running_mean) {
            float keep = 1.0f - momentum;
            running_mean[c] = iso_fmaf(momentum, mean[c], running_mean[c] * keep);
            running_var[c] = iso_fmaf(momentum, squares / count_less_one, running_var[c] * keep);
        }
    }
}

void iso_ref_batch_norm2d_eval(const iso_batch_norm2d_shape *s, const float *x, const float *weight, const float *bias,
                               const float *running_mean, const float *running_var, float *invstd, float *y) {
    for (int64_t c = 0; c < s->c; c++) {
        invstd[c] = inverse_deviation(running_var[c], s->eps);
        normalise(s, x, c, running_mean[c], invstd[c], weight, bias, y);
    }
}

void iso_ref_batch_norm2d_backward(const iso_batch_norm2d_shape *s, bool training, const float *x, const float *dy,
                                   const float *weight, const float *mean, const float *invstd, float *dweight, float *dbias,
                                   float *dx) {
    float count = (float)(s->n * s->hw);
    for (int64_t c = 0; c < s->c; c++) {
        dbias[c] = sum_of(s, dy, c);
        dweight[c] = sum_of_dy_xhat(s, x, dy, c, mean[c], invstd[c]);
        if (!dx)
            continue;
        float k = weight ? weight[c] * invstd[c] : invstd[c], a = dbias[c] / count, b = dweight[c] / count;
        for (int64_t i = 0; i < s->n * s->hw; i++) {
            float xhat = (x[i * s->c + c] - mean[c]) * invstd[c], d = dy[i * s->c + c];
            dx[i * s->c + c] = training ? k * iso_fmaf(-xhat, b, d - a) : d * k;
        }
    }
}
