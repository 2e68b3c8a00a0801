/* Pixel sums and batch_norm2d's elementwise parts: docs/contract.md#pixel-sum. Lanes run over channels, a block of which keeps its eight
 * chains in registers. */

#define CHANNEL_BLOCK 16

static inline float ISA(fold8)(const float chain[8][CHANNEL_BLOCK], int64_t i) {
    float t0 = chain[0][i] + chain[4][i], t1 = chain[1][i] + chain[5][i], t2 = chain[2][i] + chain[6][i],
          t3 = chain[3][i] + chain[7][i];
    float u0 = t0 + t2, u1 = t1 + t3;
    return u0 + u1;
}

/* Runs STEP(chain, pixel, i) for every pixel and the channels of a block; full blocks have a constant length. */
#define PIXEL_CHAINS(STEP)                                                                                                  \
    for (int64_t c0 = 0; c0 < channels; c0 += CHANNEL_BLOCK) {                                                              \
        float chain[8][CHANNEL_BLOCK] = {{0}};                                                                              \
        int64_t block = channels - c0 < CHANNEL_BLOCK ? channels - c0 : CHANNEL_BLOCK;                                      \
        if (block == CHANNEL_BLOCK)                                                                                         \
            for (int64_t pixel = 0; pixel < pixels; pixel++)                                                                \
                for (int64_t i = 0; i < CHANNEL_BLOCK; i++)                                                                 \
                    STEP(chain[pixel & 7], pixel * channels + c0 + i, c0 + i, i)                                            \
        else                                                                                                                \
            for (int64_t pixel = 0; pixel < pixels; pixel++)                                                                \
                for (int64_t i = 0; i < block; i++)                                                                         \
                    STEP(chain[pixel & 7], pixel * channels + c0 + i, c0 + i, i)                                            \
        for (int64_t i = 0; i < block; i++)                                                                                 \
            sum[c0 + i] = ISA(fold8)((const float(*)[CHANNEL_BLOCK])chain, i);                                              \
    }

static void ISA(pixel_sum)(int64_t pixels, int64_t channels, const float *x, float *sum) {
#define STEP(chain, at, c, i) chain[i] = chain[i] + x[at];
    PIXEL_CHAINS(STEP)
#undef STEP
}

static void ISA(pixel_squares)(int64_t pixels, int64_t channels, const float *x, const float *mean, float *sum) {
#define STEP(chain, at, c, i)                                                                                               \
    {                                                                                                                       \
        float d = x[at] - mean[c];                                                                                          \
        chain[i] = iso_fmaf(d, d, chain[i]);                                                                               \
    }
    PIXEL_CHAINS(STEP)
#undef STEP
}

static void ISA(pixel_products)(int64_t pixels, int64_t channels, const float *x, const float *dy, const float *mean,
                                const float *invstd, float *sum) {
#define STEP(chain, at, c, i) chain[i] = iso_fmaf(dy[at], (x[at] - mean[c]) * invstd[c], chain[i]);
    PIXEL_CHAINS(STEP)
#undef STEP
}

static void ISA(normalise)(int64_t pixels, int64_t channels, const float *x, const float *mean, const float *invstd,
                           const float *weight, const float *bias, float *y) {
    for (int64_t pixel = 0; pixel < pixels; pixel++, x += channels, y += channels) {
        if (weight)
            for (int64_t c = 0; c < channels; c++)
                y[c] = iso_fmaf((x[c] - mean[c]) * invstd[c], weight[c], bias[c]);
        else
            for (int64_t c = 0; c < channels; c++)
                y[c] = (x[c] - mean[c]) * invstd[c];
    }
}

static void ISA(normalise_backward)(int64_t pixels, int64_t channels, bool training, const float *x, const float *dy,
                                    const float *mean, const float *invstd, const float *k, const float *a, const float *b,
                                    float *dx) {
    for (int64_t pixel = 0; pixel < pixels; pixel++, x += channels, dy += channels, dx += channels) {
        if (training)
            for (int64_t c = 0; c < channels; c++)
                dx[c] = k[c] * iso_fmaf(-((x[c] - mean[c]) * invstd[c]), b[c], dy[c] - a[c]);
        else
            for (int64_t c = 0; c < channels; c++)
                dx[c] = dy[c] * k[c];
    }
}

#undef PIXEL_CHAINS
#undef CHANNEL_BLOCK
