/* square_sum: docs/contract.md#square_sum. Blocks are independent, lanes are what vectors are made of. Memory is the limit, so
 * all instruction sets share this loop. */
#include "ops/norm.h"

#include "kernels/parallel.h"

_Static_assert(ISO_RANGE % ISO_SQUARE_BLOCK == 0, "a task takes whole blocks");

static double block_sum(int64_t count, const float *restrict x) {
    double lane[ISO_SQUARE_LANES] = {0};
    int64_t i = 0;
    for (; i + ISO_SQUARE_LANES <= count; i += ISO_SQUARE_LANES)
        for (int j = 0; j < ISO_SQUARE_LANES; j++)
            lane[j] += (double)x[i + j] * (double)x[i + j];
    for (int j = 0; i < count; i++, j++)
        lane[j] += (double)x[i] * (double)x[i];
    for (int half = ISO_SQUARE_LANES / 2; half > 0; half /= 2)
        for (int j = 0; j < half; j++)
            lane[j] += lane[j + half];
    return lane[0];
}

struct squares {
    const float *x;
    double *blocks;
};

static void sum_range(void *argument, int64_t first, int64_t count) {
    const struct squares *s = argument;
    for (int64_t i = 0; i < count; i += ISO_SQUARE_BLOCK)
        s->blocks[(first + i) / ISO_SQUARE_BLOCK] = block_sum(iso_min64(ISO_SQUARE_BLOCK, count - i), s->x + first + i);
}

double iso_cpu_square_sum(const iso_exec *e, int64_t count, const float *x) {
    double *blocks = e->scratch, sum = 0;
    iso_parallel_ranges(e, count, sum_range, &(struct squares){x, blocks});
    for (int64_t i = 0; i < iso_ceil_div(count, ISO_SQUARE_BLOCK); i++)
        sum += blocks[i];
    return sum;
}
