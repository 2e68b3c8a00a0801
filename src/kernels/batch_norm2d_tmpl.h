/* Pixel sums and batch_norm2d's elementwise parts: docs/contract.md#pixel-sum. Pixel after pixel, lanes over channels. */

/* value where condition > 0, otherwise +0. */
static inline vec ISA(where_positive)(vec condition, vec value) {
    __auto_type mask = condition > vec_all(0);
    return (vec)(mask & (__typeof__(mask))value);
}
static inline vec ISA(vec_relu)(vec x) {
    __auto_type mask = x <= vec_all(0);
    return (vec)(~mask & (__typeof__(mask))x);
}

/* Announces what the block after next will read of one or two operands. */
#define CHAINED 1024
#define AHEAD   1024 /* floats */
static inline void ISA(announce)(const float *x, const float *other, int64_t from, int64_t count, int64_t end) {
    count = iso_min64(count, end - from);
    for (int64_t i = 0; i < count; i += 16)
        __builtin_prefetch(x + from + i);
    for (int64_t i = 0; other && i < count; i += 16)
        __builtin_prefetch(other + from + i);
}

/* The run in blocks of pixels, and each vector of channels through a block by itself, so that what belongs to the channels stays
 * in registers; blocks are small (about so many floats), so that memory is still read from front to back. Names for the body:
 * `c`, the vector's first channel; `start`, the block's first element; `block`, its pixels. */
#define FOR_BLOCKS(r, other, floats)                                                                                             \
    const int64_t channels = (r)->channels, pixels = (r)->pixels, full = channels / WIDTH * WIDTH;                               \
    const int64_t most = iso_max64((floats) / channels / 8 * 8, 8);                                                              \
    for (int64_t done = 0, start = 0, block = iso_min64(most, pixels); done < pixels; done += block, start += block * channels,  \
                 block = iso_min64(most, pixels - done),                                                                         \
                 ISA(announce)(x, other, start + AHEAD, block * channels, pixels * channels))

#define FOR_VECTORS for (int64_t c = 0; c < full; c += WIDTH)
#define FOR_REST    for (int64_t c = full; c < channels; c++)

/* Pixel p of a run continues chain (first + p) mod 8; a block starts with a multiple of 8 of the run's pixels. */
#define CHAIN(k) ((first + (k)) & 7) * channels + c
/* STEP(k) for each pixel of the block, k its number mod 8; `at` is its element. */
#define FOR_CHAINS(STEP)                                                                                                         \
    for (int64_t p = 0; p < block; p += 8) {                                                                                     \
        const float *restrict const x8 = x + start + p * channels + c;                                                           \
        const int64_t offset = start + p * channels + c;                                                                         \
        (void)offset;                                                                                                            \
        if (p + 8 <= block)                                                                                                      \
            UNROLL for (int k = 0; k < 8; k++) STEP(k, x8 + k * channels, offset + k * channels);                                \
        else                                                                                                                     \
            UNROLL for (int k = 0; k < 8; k++) if (p + k < block) STEP(k, x8 + k * channels, offset + k * channels);             \
    }

static void ISA(pixel_sum)(const iso_pixels *r) {
    const float *x = r->x;
    float *sums = r->sums;
    const int64_t first = r->first;
#define STEP(k, from, at) s[k] = s[k] + vec_load(from)
    FOR_BLOCKS(r, NULL, CHAINED) {
        FOR_VECTORS {
            vec s[8];
            UNROLL for (int k = 0; k < 8; k++) s[k] = vec_load(sums + CHAIN(k));
            FOR_CHAINS(STEP)
            UNROLL for (int k = 0; k < 8; k++) vec_store(sums + CHAIN(k), s[k]);
        }
        for (int64_t p = 0; full < channels && p < block; p++)
            FOR_REST {
                float *chain = sums + CHAIN(p);
                *chain = *chain + x[start + p * channels + c];
            }
    }
#undef STEP
}

static void ISA(pixel_squares)(const iso_pixels *r) {
    const float *x = r->x, *mean = r->mean;
    float *sums = r->sums;
    const int64_t first = r->first;
#define STEP(k, from, at)                                                                                                        \
    do {                                                                                                                         \
        const vec d = vec_load(from) - m;                                                                                        \
        s[k] = vec_fma(d, d, s[k]);                                                                                              \
    } while (0)
    FOR_BLOCKS(r, NULL, CHAINED) {
        FOR_VECTORS {
            const vec m = vec_load(mean + c);
            vec s[8];
            UNROLL for (int k = 0; k < 8; k++) s[k] = vec_load(sums + CHAIN(k));
            FOR_CHAINS(STEP)
            UNROLL for (int k = 0; k < 8; k++) vec_store(sums + CHAIN(k), s[k]);
        }
        for (int64_t p = 0; full < channels && p < block; p++)
            FOR_REST {
                float *chain = sums + CHAIN(p), d = x[start + p * channels + c] - mean[c];
                *chain = iso_fmaf(d, d, *chain);
            }
    }
#undef STEP
}

/* `relu`, `from_y`: constants, so that each combination is compiled by itself. */
static inline __attribute__((always_inline)) void ISA(gradients)(const iso_pixels *r, bool relu, bool from_y) {
    const float *x = r->x, *dy = r->dy, *mean = r->mean, *invstd = r->invstd, *weight = r->weight, *bias = r->bias, *y = r->y;
    float *sums = r->sums, *products = r->products, *masked = r->masked;
    const int64_t first = r->first;
#define STEP(k, from, at)                                                                                                        \
    do {                                                                                                                         \
        vec d = vec_load(dy + (at)), xhat = (vec_load(from) - m) * v;                                                            \
        if (relu)                                                                                                                \
            d = ISA(where_positive)(vec_fma(xhat, w, b), d);                                                                     \
        if (from_y) {                                                                                                            \
            d = ISA(where_positive)(vec_load(y + (at)), d);                                                                      \
            vec_store(masked + (at), d);                                                                                         \
        }                                                                                                                        \
        s[k] = s[k] + d;                                                                                                         \
        q[k] = vec_fma(d, xhat, q[k]);                                                                                           \
    } while (0)
    FOR_BLOCKS(r, dy, 512) {
        FOR_VECTORS {
            const vec m = vec_load(mean + c), v = vec_load(invstd + c);
            const vec w = relu ? vec_load(weight + c) : m, b = relu ? vec_load(bias + c) : m;
            vec s[8], q[8];
            UNROLL for (int k = 0; k < 8; k++) {
                s[k] = vec_load(sums + CHAIN(k));
                q[k] = vec_load(products + CHAIN(k));
            }
            FOR_CHAINS(STEP)
            UNROLL for (int k = 0; k < 8; k++) {
                vec_store(sums + CHAIN(k), s[k]);
                vec_store(products + CHAIN(k), q[k]);
            }
        }
        for (int64_t p = 0; full < channels && p < block; p++)
            FOR_REST {
                const int64_t at = start + p * channels + c;
                float d = dy[at], *sum = sums + CHAIN(p), *product = products + CHAIN(p);
                const float xhat = (x[at] - mean[c]) * invstd[c];
                if (relu)
                    d = iso_fmaf(xhat, weight[c], bias[c]) > 0 ? d : 0;
                if (from_y) {
                    d = y[at] > 0 ? d : 0;
                    masked[at] = d;
                }
                *sum = *sum + d;
                *product = iso_fmaf(d, xhat, *product);
            }
    }
#undef STEP
}

static void ISA(pixel_gradients)(const iso_pixels *r) {
    if (r->relu)
        ISA(gradients)(r, true, false);
    else if (r->y)
        ISA(gradients)(r, false, true);
    else
        ISA(gradients)(r, false, false);
}

static inline __attribute__((always_inline)) void ISA(normalise_by)(const iso_pixels *r, bool affine, bool add, bool relu) {
    const float *x = r->x, *mean = r->mean, *invstd = r->invstd, *weight = r->weight, *bias = r->bias, *residual = r->residual;
    float *y = r->out;
    FOR_BLOCKS(r, residual, 512) {
        FOR_VECTORS {
            const vec m = vec_load(mean + c), s = vec_load(invstd + c);
            const vec w = affine ? vec_load(weight + c) : m, b = affine ? vec_load(bias + c) : m;
            for (int64_t p = 0, at = start + c; p < block; p++, at += channels) {
                vec v = (vec_load(x + at) - m) * s;
                if (affine)
                    v = vec_fma(v, w, b);
                if (add)
                    v = v + vec_load(residual + at);
                if (relu)
                    v = ISA(vec_relu)(v);
                vec_store(y + at, v);
            }
        }
        for (int64_t p = 0; full < channels && p < block; p++)
            FOR_REST {
                const int64_t at = start + p * channels + c;
                float v = (x[at] - mean[c]) * invstd[c];
                v = affine ? iso_fmaf(v, weight[c], bias[c]) : v;
                v = add ? v + residual[at] : v;
                y[at] = relu && v <= 0 ? 0 : v;
            }
    }
}

static void ISA(normalise)(const iso_pixels *r) {
    if (!r->weight)
        ISA(normalise_by)(r, false, r->residual != NULL, r->relu);
    else if (r->residual)
        ISA(normalise_by)(r, true, true, r->relu);
    else if (r->relu)
        ISA(normalise_by)(r, true, false, true);
    else
        ISA(normalise_by)(r, true, false, false);
}

static inline __attribute__((always_inline)) void ISA(backward_by)(const iso_pixels *r, bool relu, bool training) {
    const float *x = r->x, *dy = r->dy, *mean = r->mean, *invstd = r->invstd, *weight = r->weight, *bias = r->bias;
    const float *factor = r->factor, *a = r->a, *b = r->b;
    float *dx = r->out;
    FOR_BLOCKS(r, dy, 512) {
        FOR_VECTORS {
            const vec m = vec_load(mean + c), v = vec_load(invstd + c), f = vec_load(factor + c);
            const vec w = relu ? vec_load(weight + c) : m, h = relu ? vec_load(bias + c) : m;
            const vec fa = training ? vec_load(a + c) : m, fb = training ? vec_load(b + c) : m;
            for (int64_t p = 0, at = start + c; p < block; p++, at += channels) {
                vec d = vec_load(dy + at), xhat = (vec_load(x + at) - m) * v;
                if (relu)
                    d = ISA(where_positive)(vec_fma(xhat, w, h), d);
                if (training)
                    d = vec_fma(-xhat, fb, d - fa);
                vec_store(dx + at, f * d);
            }
        }
        for (int64_t p = 0; full < channels && p < block; p++)
            FOR_REST {
                const int64_t at = start + p * channels + c;
                float d = dy[at];
                const float xhat = (x[at] - mean[c]) * invstd[c];
                if (relu)
                    d = iso_fmaf(xhat, weight[c], bias[c]) > 0 ? d : 0;
                dx[at] = training ? factor[c] * iso_fmaf(-xhat, b[c], d - a[c]) : d * factor[c];
            }
    }
}

static void ISA(normalise_backward)(const iso_pixels *r) {
    if (r->relu && r->training)
        ISA(backward_by)(r, true, true);
    else if (r->training)
        ISA(backward_by)(r, false, true);
    else
        ISA(backward_by)(r, r->relu, false);
}

#undef FOR_BLOCKS
#undef AHEAD
#undef CHAINED
#undef FOR_VECTORS
#undef FOR_REST
#undef FOR_CHAINS
#undef CHAIN
