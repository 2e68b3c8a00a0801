/* Linear: https://pytorch.org/docs/stable/generated/torch.nn.Linear.html */
#include "ops/linear.h"

#include "reference/sums.h"

#define LEAF ISO_LINEAR_LEAF

/* x: (n, in), weight: (out, in), bias: (out), y: (n, out) */
void iso_ref_linear(const iso_linear_shape *s, const float *x, const float *weight, const float *bias, float *y) {
    for (int64_t n = 0; n < s->n; n++)
        for (int64_t o = 0; o < s->out; o++) {
            iso_panel_sum sum = iso_panel_sum_new(ISO_PANEL);
            for (int64_t i = 0; i < s->in; i++)
                iso_panel_product(&sum, x[n * s->in + i], weight[o * s->in + i]);
            float total = iso_panel_total(&sum);
            y[n * s->out + o] = bias ? total + bias[o] : total;
        }
}

/* dy: (n, out), dx: (n, in) */
void iso_ref_linear_backward_input(const iso_linear_shape *s, const float *dy, const float *weight, float *dx) {
    for (int64_t n = 0; n < s->n; n++)
        for (int64_t i = 0; i < s->in; i++) {
            iso_panel_sum sum = iso_panel_sum_new(ISO_PANEL);
            for (int64_t o = 0; o < s->out; o++)
                iso_panel_product(&sum, dy[n * s->out + o], weight[o * s->in + i]);
            dx[n * s->in + i] = iso_panel_total(&sum);
        }
}

/* dweight: (out, in) */
void iso_ref_linear_backward_weight(const iso_linear_shape *s, const float *x, const float *dy, float *dweight) {
    for (int64_t o = 0; o < s->out; o++)
        for (int64_t i = 0; i < s->in; i++) {
            iso_tree tree = iso_tree_new();
            for (int64_t first = 0; first < s->n; first += LEAF) {
                float chain = 0;
                for (int64_t n = first; n < iso_min64(first + LEAF, s->n); n++)
                    chain = iso_fmaf(dy[n * s->out + o], x[n * s->in + i], chain);
                iso_tree_add(&tree, chain);
            }
            dweight[o * s->in + i] = iso_tree_total(&tree);
        }
}

/* dbias: (out) */
void iso_ref_linear_backward_bias(const iso_linear_shape *s, const float *dy, float *dbias) {
    for (int64_t o = 0; o < s->out; o++) {
        iso_tree tree = iso_tree_new();
        for (int64_t first = 0; first < s->n; first += LEAF) {
            float chain = 0;
            for (int64_t n = first; n < iso_min64(first + LEAF, s->n); n++)
                chain = chain + dy[n * s->out + o];
            iso_tree_add(&tree, chain);
        }
        dbias[o] = iso_tree_total(&tree);
    }
}
