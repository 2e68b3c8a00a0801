/* CrossEntropyLoss, MSELoss: https://pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html, torch.nn.MSELoss.html */
#include "ops/loss.h"

#include "reference/sums.h"

float iso_ref_cross_entropy_row(const iso_cross_entropy_shape *s, const float *x, int64_t target, float g, float *dx) {
    if (target == s->ignore_index) {
        for (int64_t i = 0; dx && i < s->k; i++)
            dx[i] = 0;
        return 0;
    }
    float max = x[0];
    for (int64_t i = 1; i < s->k; i++)
        if (x[i] > max)
            max = x[i];
    iso_row_sum exps = iso_row_sum_new();
    for (int64_t i = 0; i < s->k; i++)
        iso_row_sum_add(&exps, iso_expf(x[i] - max));
    float total = iso_row_sum_total(&exps), log_total = iso_logf(total);
    float loss = log_total - (x[target] - max);
    float keep = (float)(1 - s->label_smoothing), spread = (float)(s->label_smoothing / (double)s->k);
    bool smooth = s->label_smoothing != 0;
    if (smooth) {
        iso_row_sum all = iso_row_sum_new();
        for (int64_t i = 0; i < s->k; i++)
            iso_row_sum_add(&all, log_total - (x[i] - max));
        loss = iso_fmaf(keep, loss, spread * iso_row_sum_total(&all));
    }
    for (int64_t i = 0; dx && i < s->k; i++) {
        float p = iso_expf(x[i] - max) / total;
        float q = smooth ? (i == target ? (float)((1 - s->label_smoothing) + s->label_smoothing / (double)s->k) : spread)
                         : (i == target ? 1.0f : 0.0f);
        dx[i] = (p - q) * g;
    }
    return loss;
}

/* x: (n, k), target: (n), loss: (1), dx: (n, k) */
void iso_ref_cross_entropy(const iso_cross_entropy_shape *s, const float *x, const int64_t *target, float *loss, float *dx) {
    int64_t counted = 0;
    for (int64_t n = 0; n < s->n; n++)
        counted += target[n] != s->ignore_index;
    bool mean = s->reduction == ISO_REDUCTION_MEAN;
    float g = mean ? 1.0f / (float)counted : 1.0f;
    iso_tree tree = iso_tree_new();
    for (int64_t n = 0; n < s->n; n++)
        iso_tree_add(&tree, iso_ref_cross_entropy_row(s, x + n * s->k, target[n], g, dx ? dx + n * s->k : NULL));
    *loss = mean ? iso_tree_total(&tree) / (float)counted : iso_tree_total(&tree);
}

float iso_ref_mse_row(int64_t k, const float *x, const float *target, float c, float *dx) {
    iso_row_sum row = iso_row_sum_new();
    for (int64_t i = 0; i < k; i++) {
        float d = x[i] - target[i];
        iso_row_sum_add(&row, d * d);
        if (dx)
            dx[i] = c * d;
    }
    return iso_row_sum_total(&row);
}

/* x, target, dx: (n, k), loss: (1) */
void iso_ref_mse_loss(const iso_mse_shape *s, const float *x, const float *target, float *loss, float *dx) {
    bool mean = s->reduction == ISO_REDUCTION_MEAN;
    float count = (float)(s->n * s->k), c = mean ? 2.0f / count : 2.0f;
    iso_tree tree = iso_tree_new();
    for (int64_t n = 0; n < s->n; n++)
        iso_tree_add(&tree, iso_ref_mse_row(s->k, x + n * s->k, target + n * s->k, c, dx ? dx + n * s->k : NULL));
    *loss = mean ? iso_tree_total(&tree) / count : iso_tree_total(&tree);
}
