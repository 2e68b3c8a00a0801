/* square_sum: docs/contract.md#square_sum. What the gradient's norm is made of; it is in no digest. */
#ifndef ISO_OPS_NORM_H
#define ISO_OPS_NORM_H

#include "ops/exec.h"

#define ISO_SQUARE_BLOCK 4096
#define ISO_SQUARE_LANES 16

/* The sum of x[i]^2, in binary64. */
double iso_ref_square_sum(int64_t count, const float *x);
/* e->scratch: iso_square_sum_scratch(count) bytes. */
double iso_cpu_square_sum(const iso_exec *e, int64_t count, const float *x);

static inline size_t iso_square_sum_scratch(int64_t count) {
    return (size_t)((count + ISO_SQUARE_BLOCK - 1) / ISO_SQUARE_BLOCK) * sizeof(double);
}

#endif
