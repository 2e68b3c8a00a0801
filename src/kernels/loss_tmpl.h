/* Rows of cross_entropy and mse_loss: docs/contract.md#row-sum, #cross_entropy, #mse_loss. Lanes run over the 64 lanes of the row
 * sum. */

#define BLOCK 4096
#define LANES 64

static inline float ISA(fold64)(float *lane) {
    for (int half = LANES / 2; half >= 1; half /= 2)
        for (int j = 0; j < half; j++)
            lane[j] = lane[j] + lane[j + half];
    return lane[0];
}

/* The sum of one block, count <= BLOCK. */
static float ISA(block_sum)(int64_t count, const float *x) {
    float lane[LANES] = {0};
    int64_t i = 0;
    for (; i + LANES <= count; i += LANES)
        for (int j = 0; j < LANES; j++)
            lane[j] = lane[j] + x[i + j];
    for (int j = 0; i + j < count; j++)
        lane[j] = lane[j] + x[i + j];
    return ISA(fold64)(lane);
}

/* e[i] = exp(x[i] - max), with the next row announced: what is computed here takes as long as that is on its way. */
#define STRETCH 256
static void ISA(exp_block)(int64_t count, const float *x, float max, float *e, int64_t row) {
    for (int64_t first = 0, n; first < count; first += n, x += n, e += n) {
        n = iso_min64(STRETCH, count - first);
        for (int64_t i = 0; i < n; i += 16) {
            __builtin_prefetch(x + row + i);
            __builtin_prefetch(e + row + i, 1);
        }
        for (int64_t i = 0; i < n; i++)
            e[i] = x[i] - max;
        ISA(exp)(n, e, e);
    }
}

/* The largest element. Which of -0 and +0 is found makes no difference to x[i] - max other than a zero's sign, which exp and the
 * subtraction from the logarithm (never -0) lose. */
static float ISA(row_max)(int64_t count, const float *x) {
    const vec first = vec_all(x[0]); /* a NaN stays, others are passed over */
    vec best[4] = {first, first, first, first};
    float lane[WIDTH], max = x[0];
    int64_t i = 0;
    for (; i + 4 * WIDTH <= count; i += 4 * WIDTH)
        for (int j = 0; j < 4; j++)
            best[j] = vec_greater(vec_load(x + i + j * WIDTH), best[j]);
    for (int j = 1; j < 4; j++)
        best[0] = vec_greater(best[j], best[0]);
    vec_store(lane, best[0]);
    for (int j = 0; j < WIDTH; j++)
        max = lane[j] > max ? lane[j] : max;
    for (; i < count; i++)
        max = x[i] > max ? x[i] : max;
    return max;
}

/* As iso_ref_cross_entropy_row. */
static float ISA(cross_entropy_row)(const iso_cross_entropy_shape *s, const float *x, int64_t target, float g, float *dx) {
    const int64_t k = s->k;
    if (target == s->ignore_index) {
        if (dx)
            memset(dx, 0, sizeof *dx * (size_t)k);
        return 0;
    }
    float max = ISA(row_max)(k, x), block[BLOCK], levels[64];
    iso_tile_tree sums = {&ISA_TABLE, levels, 1, 0}, all = {&ISA_TABLE, levels, 1, 0};
    for (int64_t first = 0; first < k; first += BLOCK) {
        int64_t n = iso_min64(BLOCK, k - first);
        float *e = dx ? dx + first : block; /* the gradient is made of these in place */
        ISA(exp_block)(n, x + first, max, e, k);
        iso_tile_tree_push(&sums, (float[]){ISA(block_sum)(n, e)});
    }
    float total = *iso_tile_tree_total(&sums), log_total = iso_logf(total), loss = log_total - (x[target] - max);
    float spread = 0, hit = 1;
    if (s->label_smoothing != 0) {
        spread = (float)(s->label_smoothing / (double)k);
        hit = (float)((1 - s->label_smoothing) + s->label_smoothing / (double)k);
        for (int64_t first = 0; first < k; first += BLOCK) {
            int64_t n = iso_min64(BLOCK, k - first);
            for (int64_t i = 0; i < n; i++)
                block[i] = log_total - (x[first + i] - max);
            iso_tile_tree_push(&all, (float[]){ISA(block_sum)(n, block)});
        }
        loss = iso_fmaf((float)(1 - s->label_smoothing), loss, spread * *iso_tile_tree_total(&all));
    }
    if (dx) {
        float at_target = (dx[target] / total - hit) * g;
        for (int64_t i = 0; i < k; i++)
            dx[i] = (dx[i] / total - spread) * g;
        dx[target] = at_target;
    }
    return loss;
}

/* As iso_ref_mse_row. */
static float ISA(mse_row)(int64_t k, const float *restrict x, const float *restrict target, float c, float *restrict dx) {
    float levels[64];
    iso_tile_tree sums = {&ISA_TABLE, levels, 1, 0};
    for (int64_t first = 0; first < k; first += BLOCK) {
        float lane[LANES] = {0};
        int64_t i = first, end = iso_min64(first + BLOCK, k);
        for (; i + LANES <= end; i += LANES)
            for (int j = 0; j < LANES; j++) {
                float d = x[i + j] - target[i + j];
                lane[j] = lane[j] + d * d;
            }
        for (int j = 0; i + j < end; j++) {
            float d = x[i + j] - target[i + j];
            lane[j] = lane[j] + d * d;
        }
        iso_tile_tree_push(&sums, (float[]){ISA(fold64)(lane)});
    }
    for (int64_t i = 0; dx && i < k; i++)
        dx[i] = c * (x[i] - target[i]);
    return *iso_tile_tree_total(&sums);
}

#undef BLOCK
#undef LANES
#undef STRETCH
