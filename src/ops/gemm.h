/* gemm: docs/contract.md#gemm. C (m x n) = A (m x k) . B (k x n), panel sums of 256. Any strides: element (i, j) of A
 * is a[i * a_row + j * a_col]. */
#ifndef ISO_OPS_GEMM_H
#define ISO_OPS_GEMM_H

#include "ops/exec.h"

typedef struct iso_gemm_shape {
    int64_t m, n, k;
    int64_t a_row, a_col, b_row, b_col; /* strides in elements */
    int64_t c_row;                      /* columns of C are contiguous */
} iso_gemm_shape;

#define ISO_PANEL 256

void iso_ref_gemm(const iso_gemm_shape *s, const float *a, const float *b, float *c);
void iso_cpu_gemm(const iso_exec *e, const iso_gemm_shape *s, const float *a, const float *b, float *c);
/* The same with a rounded addition of bias (n numbers) to each finished row; NULL: none. */
void iso_cpu_gemm_bias(const iso_exec *e, const iso_gemm_shape *s, const float *a, const float *b, const float *bias, float *c);
/* In bytes, for both. */
size_t iso_cpu_gemm_scratch(const iso_exec *e, const iso_gemm_shape *s);

#endif
