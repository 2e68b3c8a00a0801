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

/* For each pixel of the run, VECTORS for every full vector of its channels c and REST for the ones behind; `at` counts from the
 * run's start, CHAIN is where the pixel's chains start. */
#define FOR_PIXELS(r)                                                                                                            \
    const int64_t channels = (r)->channels, full = channels / WIDTH * WIDTH;                                                     \
    for (int64_t pixel = 0, at = 0; pixel < (r)->pixels; pixel++, at += channels)
#define VECTORS for (int64_t c = 0; c < full; c += WIDTH)
#define REST    for (int64_t c = full; c < channels; c++)
#define CHAIN   (((r->first + pixel) & 7) * channels)

static void ISA(pixel_sum)(const iso_pixels *r) {
    const float *x = r->x;
    float *sums = r->sums;
    FOR_PIXELS(r) {
        VECTORS {
            vec_store(sums + CHAIN + c, vec_load(sums + CHAIN + c) + vec_load(x + at + c));
        }
        REST {
            sums[CHAIN + c] = sums[CHAIN + c] + x[at + c];
        }
    }
}

static void ISA(pixel_squares)(const iso_pixels *r) {
    const float *x = r->x, *mean = r->mean;
    float *sums = r->sums;
    FOR_PIXELS(r) {
        VECTORS {
            vec d = vec_load(x + at + c) - vec_load(mean + c);
            vec_store(sums + CHAIN + c, vec_fma(d, d, vec_load(sums + CHAIN + c)));
        }
        REST {
            float d = x[at + c] - mean[c];
            sums[CHAIN + c] = iso_fmaf(d, d, sums[CHAIN + c]);
        }
    }
}

/* `relu`, `from_y`: constants, so that each combination is compiled by itself. */
static inline __attribute__((always_inline)) void ISA(gradients)(const iso_pixels *r, bool relu, bool from_y) {
    const float *x = r->x, *dy = r->dy, *mean = r->mean, *invstd = r->invstd, *weight = r->weight, *bias = r->bias, *y = r->y;
    float *sums = r->sums, *products = r->products, *masked = r->masked;
    FOR_PIXELS(r) {
        VECTORS {
            vec d = vec_load(dy + at + c), xhat = (vec_load(x + at + c) - vec_load(mean + c)) * vec_load(invstd + c);
            if (relu)
                d = ISA(where_positive)(vec_fma(xhat, vec_load(weight + c), vec_load(bias + c)), d);
            if (from_y) {
                d = ISA(where_positive)(vec_load(y + at + c), d);
                vec_store(masked + at + c, d);
            }
            vec_store(sums + CHAIN + c, vec_load(sums + CHAIN + c) + d);
            vec_store(products + CHAIN + c, vec_fma(d, xhat, vec_load(products + CHAIN + c)));
        }
        REST {
            float d = dy[at + c];
            float xhat = (x[at + c] - mean[c]) * invstd[c];
            if (relu)
                d = iso_fmaf(xhat, weight[c], bias[c]) > 0 ? d : 0;
            if (from_y) {
                d = y[at + c] > 0 ? d : 0;
                masked[at + c] = d;
            }
            sums[CHAIN + c] = sums[CHAIN + c] + d;
            products[CHAIN + c] = iso_fmaf(d, xhat, products[CHAIN + c]);
        }
    }
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
    FOR_PIXELS(r) {
        VECTORS {
            vec v = (vec_load(x + at + c) - vec_load(mean + c)) * vec_load(invstd + c);
            if (affine)
                v = vec_fma(v, vec_load(weight + c), vec_load(bias + c));
            if (add)
                v = v + vec_load(residual + at + c);
            if (relu)
                v = ISA(vec_relu)(v);
            vec_store(y + at + c, v);
        }
        REST {
            float v = (x[at + c] - mean[c]) * invstd[c];
            v = affine ? iso_fmaf(v, weight[c], bias[c]) : v;
            v = add ? v + residual[at + c] : v;
            y[at + c] = relu && v <= 0 ? 0 : v;
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
    FOR_PIXELS(r) {
        VECTORS {
            vec d = vec_load(dy + at + c), xhat = (vec_load(x + at + c) - vec_load(mean + c)) * vec_load(invstd + c);
            if (relu)
                d = ISA(where_positive)(vec_fma(xhat, vec_load(weight + c), vec_load(bias + c)), d);
            vec f = vec_load(factor + c);
            if (training)
                d = vec_fma(-xhat, vec_load(b + c), d - vec_load(a + c));
            vec_store(dx + at + c, f * d);
        }
        REST {
            float d = dy[at + c];
            float xhat = (x[at + c] - mean[c]) * invstd[c];
            if (relu)
                d = iso_fmaf(xhat, weight[c], bias[c]) > 0 ? d : 0;
            dx[at + c] = training ? factor[c] * iso_fmaf(-xhat, b[c], d - a[c]) : d * factor[c];
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

#undef FOR_PIXELS
#undef VECTORS
#undef REST
#undef CHAIN
