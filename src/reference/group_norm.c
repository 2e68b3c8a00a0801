/* GroupNorm: https://pytorch.org/docs/stable/generated/torch.nn.GroupNorm.html */
#include "ops/group_norm.h"

#include "reference/sums.h"

/* x[n][pixel][c]; the sums are over the pixels of one sample and the channels of one group: pixel sums, joined by the batch
 * tree's rule over the group's channels. */

static int64_t at(const iso_group_norm_shape *s, int64_t n, int64_t pixel, int64_t c) {
    return (n * s->hw + pixel) * s->c + c;
}

static float mean_of(const iso_group_norm_shape *s, const float *x, int64_t n, int64_t first, int64_t channels) {
    iso_tree tree = iso_tree_new();
    for (int64_t c = first; c < first + channels; c++) {
        iso_pixel_sum sum = iso_pixel_sum_new();
        for (int64_t p = 0; p < s->hw; p++)
            iso_pixel_sum_add(&sum, x[at(s, n, p, c)]);
        iso_tree_add(&tree, iso_pixel_sum_total(&sum));
    }
    return iso_tree_total(&tree) / (float)(channels * s->hw);
}

static float variance_of(const iso_group_norm_shape *s, const float *x, int64_t n, int64_t first, int64_t channels, float mean) {
    iso_tree tree = iso_tree_new();
    for (int64_t c = first; c < first + channels; c++) {
        iso_pixel_sum sum = iso_pixel_sum_new();
        for (int64_t p = 0; p < s->hw; p++) {
            float d = x[at(s, n, p, c)] - mean;
            iso_pixel_sum_product(&sum, d, d);
        }
        iso_tree_add(&tree, iso_pixel_sum_total(&sum));
    }
    return iso_tree_total(&tree) / (float)(channels * s->hw);
}

void iso_ref_group_norm(const iso_group_norm_shape *s, const float *x, const float *weight, const float *bias, float *mean,
                        float *invstd, float *y) {
    int64_t channels = s->c / s->groups;
    for (int64_t n = 0; n < s->n; n++)
        for (int64_t g = 0; g < s->groups; g++) {
            int64_t first = g * channels, i = n * s->groups + g;
            mean[i] = mean_of(s, x, n, first, channels);
            invstd[i] = 1.0f / iso_sqrtf(variance_of(s, x, n, first, channels, mean[i]) + (float)s->eps);
            for (int64_t c = first; c < first + channels; c++)
                for (int64_t p = 0; p < s->hw; p++) {
                    float xhat = (x[at(s, n, p, c)] - mean[i]) * invstd[i];
                    y[at(s, n, p, c)] = weight ? iso_fmaf(xhat, weight[c], bias[c]) : xhat;
                }
        }
}

/* The pixel sums of dy, and of products (dy, xhat), of one sample and channel. */
static void sums_of(const iso_group_norm_shape *s, const float *x, const float *dy, int64_t n, int64_t c, float mean,
                    float invstd, float *sum, float *product) {
    iso_pixel_sum sums = iso_pixel_sum_new(), products = iso_pixel_sum_new();
    for (int64_t p = 0; p < s->hw; p++) {
        iso_pixel_sum_add(&sums, dy[at(s, n, p, c)]);
        iso_pixel_sum_product(&products, dy[at(s, n, p, c)], (x[at(s, n, p, c)] - mean) * invstd);
    }
    *sum = iso_pixel_sum_total(&sums);
    *product = iso_pixel_sum_total(&products);
}

static void input_gradient(const iso_group_norm_shape *s, const float *x, const float *dy, const float *weight, int64_t n,
                           int64_t first, int64_t channels, float mean, float invstd, float *dx) {
    iso_tree sums = iso_tree_new(), products = iso_tree_new();
    for (int64_t c = first; c < first + channels; c++) {
        float sum, product, w = weight ? weight[c] : 1;
        sums_of(s, x, dy, n, c, mean, invstd, &sum, &product);
        iso_tree_add(&sums, sum * w);
        iso_tree_add(&products, product * w);
    }
    float count = (float)(channels * s->hw), a = iso_tree_total(&sums) / count, b = iso_tree_total(&products) / count;
    for (int64_t c = first; c < first + channels; c++)
        for (int64_t p = 0; p < s->hw; p++) {
            float xhat = (x[at(s, n, p, c)] - mean) * invstd, w = weight ? weight[c] : 1;
            dx[at(s, n, p, c)] = invstd * iso_fmaf(-xhat, b, iso_fmaf(dy[at(s, n, p, c)], w, -a));
        }
}

void iso_ref_group_norm_backward(const iso_group_norm_shape *s, const float *x, const float *dy, const float *weight,
                                 const float *mean, const float *invstd, float *dx, float *dweight, float *dbias) {
    int64_t channels = s->c / s->groups;
    for (int64_t c = 0; c < s->c && dweight; c++) {
        iso_tree sums = iso_tree_new(), products = iso_tree_new();
        for (int64_t n = 0; n < s->n; n++) {
            float sum, product;
            int64_t i = n * s->groups + c / channels;
            sums_of(s, x, dy, n, c, mean[i], invstd[i], &sum, &product);
            iso_tree_add(&sums, sum);
            iso_tree_add(&products, product);
        }
        dbias[c] = iso_tree_total(&sums);
        dweight[c] = iso_tree_total(&products);
    }
    for (int64_t i = 0; i < s->n * s->groups && dx; i++)
        input_gradient(s, x, dy, weight, i / s->groups, i % s->groups * channels, channels, mean[i], invstd[i], dx);
}
