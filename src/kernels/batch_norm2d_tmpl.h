/* Pixel sums and batch_norm2d's elementwise parts: docs/contract.md#pixel-sum. Lanes run over channels, a block of which keeps
 * its eight chains in the first-level cache: 16 channels (a cache line) where there are as many, then a vector of them, then the
 * rest. */

#define CHANNEL_BLOCK 16

#define FOLD8(chain, i)                                                                                                          \
    (((chain[0][i] + chain[4][i]) + (chain[2][i] + chain[6][i])) + ((chain[1][i] + chain[5][i]) + (chain[3][i] + chain[7][i])))

/* STEP(at, c, chain): `chain` continued by the vector of x[at ...], channels c ...; ONE: the same for one number. */
#define PIXEL_BLOCKS(LENGTH, STEP)                                                                                               \
    for (; channels - c0 >= (LENGTH); c0 += (LENGTH)) {                                                                          \
        float chains[8][LENGTH] = {{0}};                                                                                         \
        for (int64_t pixel = 0; pixel < pixels; pixel++)                                                                         \
            for (int64_t i = 0; i < (LENGTH); i += WIDTH) {                                                                      \
                float *chain = &chains[pixel & 7][i];                                                                            \
                vec_store(chain, STEP(pixel *channels + c0 + i, c0 + i, vec_load(chain)));                                       \
            }                                                                                                                    \
        for (int64_t i = 0; i < (LENGTH); i++)                                                                                   \
            sum[c0 + i] = FOLD8(chains, i);                                                                                      \
    }
#define PIXEL_CHAINS(STEP, ONE)                                                                                                  \
    int64_t c0 = 0;                                                                                                              \
    PIXEL_BLOCKS(CHANNEL_BLOCK, STEP)                                                                                            \
    PIXEL_BLOCKS(WIDTH, STEP)                                                                                                    \
    if (c0 < channels) {                                                                                                         \
        float chains[8][WIDTH] = {{0}};                                                                                          \
        int64_t rest = channels - c0;                                                                                            \
        for (int64_t pixel = 0; pixel < pixels; pixel++) {                                                                       \
            float *restrict chain = chains[pixel & 7];                                                                           \
            for (int64_t i = 0; i < rest; i++)                                                                                   \
                chain[i] = ONE(pixel * channels + c0 + i, c0 + i, chain[i]);                                                     \
        }                                                                                                                        \
        for (int64_t i = 0; i < rest; i++)                                                                                       \
            sum[c0 + i] = FOLD8(chains, i);                                                                                      \
    }

static void ISA(pixel_sum)(int64_t pixels, int64_t channels, const float *x, float *sum) {
#define STEP(at, c, chain) ((chain) + vec_load(x + (at)))
#define ONE(at, c, chain)  ((chain) + x[at])
    PIXEL_CHAINS(STEP, ONE)
#undef STEP
#undef ONE
}

static inline vec ISA(square_step)(vec d, vec chain) {
    return vec_fma(d, d, chain);
}
static inline float ISA(square_one)(float d, float chain) {
    return iso_fmaf(d, d, chain);
}

static void ISA(pixel_squares)(int64_t pixels, int64_t channels, const float *x, const float *mean, float *sum) {
#define STEP(at, c, chain) ISA(square_step)(vec_load(x + (at)) - vec_load(mean + (c)), chain)
#define ONE(at, c, chain)  ISA(square_one)(x[at] - mean[c], chain)
    PIXEL_CHAINS(STEP, ONE)
#undef STEP
#undef ONE
}

static void ISA(pixel_products)(int64_t pixels, int64_t channels, const float *x, const float *dy, const float *mean,
                                const float *invstd, float *sum) {
#define STEP(at, c, chain)                                                                                                       \
    vec_fma(vec_load(dy + (at)), (vec_load(x + (at)) - vec_load(mean + (c))) * vec_load(invstd + (c)), chain)
#define ONE(at, c, chain) iso_fmaf(dy[at], (x[at] - mean[c]) * invstd[c], chain)
    PIXEL_CHAINS(STEP, ONE)
#undef STEP
#undef ONE
}

static void ISA(normalise)(int64_t pixels, int64_t channels, const float *restrict x, const float *restrict mean,
                           const float *restrict invstd, const float *restrict weight, const float *restrict bias,
                           float *restrict y) {
    for (int64_t pixel = 0; pixel < pixels; pixel++, x += channels, y += channels) {
        int64_t c = 0;
        for (; c + WIDTH <= channels; c += WIDTH) {
            vec xhat = (vec_load(x + c) - vec_load(mean + c)) * vec_load(invstd + c);
            vec_store(y + c, weight ? vec_fma(xhat, vec_load(weight + c), vec_load(bias + c)) : xhat);
        }
        for (; c < channels; c++) {
            float xhat = (x[c] - mean[c]) * invstd[c];
            y[c] = weight ? iso_fmaf(xhat, weight[c], bias[c]) : xhat;
        }
    }
}

static void ISA(normalise_backward)(int64_t pixels, int64_t channels, bool training, const float *restrict x,
                                    const float *restrict dy, const float *restrict mean, const float *restrict invstd,
                                    const float *restrict k, const float *restrict a, const float *restrict b,
                                    float *restrict dx) {
    for (int64_t pixel = 0; pixel < pixels; pixel++, x += channels, dy += channels, dx += channels) {
        int64_t c = 0;
        for (; c + WIDTH <= channels; c += WIDTH) {
            vec d = vec_load(dy + c), factor = vec_load(k + c),
                xhat = (vec_load(x + c) - vec_load(mean + c)) * vec_load(invstd + c);
            vec_store(dx + c, training ? factor * vec_fma(-xhat, vec_load(b + c), d - vec_load(a + c)) : d * factor);
        }
        for (; c < channels; c++) {
            float xhat = (x[c] - mean[c]) * invstd[c];
            dx[c] = training ? k[c] * iso_fmaf(-xhat, b[c], dy[c] - a[c]) : dy[c] * k[c];
        }
    }
}

#undef PIXEL_BLOCKS
#undef PIXEL_CHAINS
#undef FOLD8
#undef CHANNEL_BLOCK
