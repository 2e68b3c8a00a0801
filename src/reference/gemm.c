#include "ops/gemm.h"

#include "reference/sums.h"

/* a: (m, k), b: (k, n), c: (m, n). https://pytorch.org/docs/stable/generated/torch.mm.html */
void iso_ref_gemm(const iso_gemm_shape *s, const float *a, const float *b, float *c) {
    for (int64_t i = 0; i < s->m; i++)
        for (int64_t j = 0; j < s->n; j++) {
            iso_panel_sum sum = iso_panel_sum_new(ISO_PANEL);
            for (int64_t k = 0; k < s->k; k++)
                iso_panel_product(&sum, a[i * s->a_row + k * s->a_col], b[k * s->b_row + j * s->b_col]);
            c[i * s->c_row + j] = iso_panel_total(&sum);
        }
}
