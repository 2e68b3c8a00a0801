/* CrossEntropyLoss, MSELoss: https://pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html, torch.nn.MSELoss.html */
#include "ops/loss.h"

#include "reference/sums.h"

/* The loss of one row of k logits; dx (k) receives its gradient times g. */
static float cross_entropy_row(const iso_cross_entropy_shape *s, const float *x, int64_t target, float g, float *dx) {
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
    for (int64_t n = 0; n < s->n; n++) {
        float *row = dx ? dx + n * s->k : NULL;
        if (target[n] != s->ignore_index)
            iso_tree_add(&tree, cross_entropy_row(s, x + n * s->k, target[n], g, row));
        else {
            iso_tree_add(&tree, 0);
            for (int64_t i = 0; row && i < s->k; i++)
                row[i] = 0;
        }
    }
    *loss = mean ? iso_tree_total(&tree) / (float)counted : iso_tree_total(&tree);
}

/* x, target, dx: (n, k), loss: (1) */
void iso_ref_mse_loss(const iso_mse_shape *s, const float *x, const float *target, float *loss, float *dx) {
    bool mean = s->reduction == ISO_REDUCTION_MEAN;
    float count = (float)(s->n * s->k), c = mean ? 2.0f / count : 2.0f;
    iso_tree tree = iso_tree_new();
    for (int64_t n = 0; n < s->n; n++) {
        iso_row_sum row = iso_row_sum_new();
        for (int64_t i = 0; i < s->k; i++) {
            float d = x[n * s->k + i] - target[n * s->k + i];
            iso_row_sum_add(&row, d * d);
            if (dx)
                dx[n * s->k + i] = c * d;
        }
        iso_tree_add(&tree, iso_row_sum_total(&row));
    }
    *loss = mean ? iso_tree_total(&tree) / count : iso_tree_total(&tree);
}
