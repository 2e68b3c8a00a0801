/* Pixel sums and batch_norm2d's elementwise parts: docs/contract.md#pixel-sum. Pixel after pixel, lanes over
 * channels, so that memory is read and written from front to back; what belongs to a channel, chains too, stays in the L1 cache.
 */

/* value where condition > 0, otherwise +0. */
static inline vec ISA(where_positive)(vec condition, vec value) {
    __auto_type mask = condition > vec_all(0);
    return (vec)(mask & (__typeof__(mask))value);
}
static inline vec ISA(vec_relu)(vec x) {
    __auto_type mask = x <= vec_all(0);
    return (vec)(~mask & (__typeof__(mask))x);
}

/* Pixel p of a run continues chain (first + p) mod 8. */
#define CHAIN(chains) ((chains) + ((first + p) & 7) * channels)

static void ISA(pixel_sum)(const iso_pixels *r) {
    const int64_t first = r->first;
    FOR_PIXELS(r) {
        const float *restrict x = r->x + at;
        float *restrict sum = CHAIN(r->sums);
        iso_fetch_ahead(r, x);
        FOR_VECTORS vec_store(sum + c, vec_load(sum + c) + vec_load(x + c));
        FOR_REST sum[c] = sum[c] + x[c];
    }
}

static void ISA(pixel_squares)(const iso_pixels *r) {
    const float *mean = r->mean;
    const int64_t first = r->first;
    FOR_PIXELS(r) {
        const float *restrict x = r->x + at;
        float *restrict sum = CHAIN(r->sums);
        iso_fetch_ahead(r, x);
        FOR_VECTORS {
            const vec d = vec_load(x + c) - vec_load(mean + c);
            vec_store(sum + c, vec_fma(d, d, vec_load(sum + c)));
        }
        FOR_REST {
            const float d = x[c] - mean[c];
            sum[c] = iso_fmaf(d, d, sum[c]);
        }
    }
}

/* `relu`, `from_y`: constants, so that each combination is compiled by itself. */
static inline __attribute__((always_inline)) void ISA(gradients)(const iso_pixels *r, bool relu, bool from_y) {
    const float *mean = r->mean, *invstd = r->invstd, *weight = r->weight, *bias = r->bias;
    const int64_t first = r->first;
    FOR_PIXELS(r) {
        const float *restrict x = r->x + at, *restrict dy = r->dy + at, *restrict y = from_y ? r->y + at : NULL;
        float *restrict sum = CHAIN(r->sums), *restrict product = CHAIN(r->products),
                        *restrict masked = from_y ? r->masked + at : NULL;
        iso_fetch_ahead(r, x);
        if (!r->strip)
            iso_fetch_ahead(r, dy);
        FOR_VECTORS {
            const vec xhat = (vec_load(x + c) - vec_load(mean + c)) * vec_load(invstd + c);
            vec d = vec_load(dy + c);
            if (relu)
                d = ISA(where_positive)(vec_fma(xhat, vec_load(weight + c), vec_load(bias + c)), d);
            if (from_y) {
                d = ISA(where_positive)(vec_load(y + c), d);
                vec_store(masked + c, d);
            }
            vec_store(sum + c, vec_load(sum + c) + d);
            vec_store(product + c, vec_fma(d, xhat, vec_load(product + c)));
        }
        FOR_REST {
            const float xhat = (x[c] - mean[c]) * invstd[c];
            float d = dy[c];
            if (relu)
                d = iso_fmaf(xhat, weight[c], bias[c]) > 0 ? d : 0;
            if (from_y)
                masked[c] = d = y[c] > 0 ? d : 0;
            sum[c] = sum[c] + d;
            product[c] = iso_fmaf(d, xhat, product[c]);
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

/* `stream`: around the caches. */
static inline __attribute__((always_inline)) void ISA(normalise_by)(const iso_pixels *r, bool affine, bool add, bool relu,
                                                                    bool stream) {
    const float *mean = r->mean, *invstd = r->invstd, *weight = r->weight, *bias = r->bias;
    FOR_PIXELS(r) {
        const float *restrict x = r->x + at, *restrict residual = add ? r->residual + at : NULL;
        float *restrict y = r->out + at;
        iso_fetch_ahead(r, x);
        FOR_VECTORS {
            vec v = (vec_load(x + c) - vec_load(mean + c)) * vec_load(invstd + c);
            if (affine)
                v = vec_fma(v, vec_load(weight + c), vec_load(bias + c));
            if (add)
                v = v + vec_load(residual + c);
            if (relu)
                v = ISA(vec_relu)(v);
            if (stream)
                vec_stream(y + c, v);
            else
                vec_store(y + c, v);
        }
        FOR_REST {
            float v = (x[c] - mean[c]) * invstd[c];
            v = affine ? iso_fmaf(v, weight[c], bias[c]) : v;
            v = add ? v + residual[c] : v;
            y[c] = relu && v <= 0 ? 0 : v;
        }
    }
    if (stream)
        vec_stream_end();
}

/* Lines of the output are written whole, and nobody will find them in a cache. */
static bool ISA(streams)(const iso_pixels *r) {
    return r->stream && (uintptr_t)r->out % 64 == 0 && r->channels % 16 == 0;
}

static void ISA(normalise)(const iso_pixels *r) {
    if (!r->weight)
        ISA(normalise_by)(r, false, r->residual != NULL, r->relu, false);
    else if (r->residual)
        ISA(normalise_by)(r, true, true, r->relu, false);
    else if (ISA(streams)(r))
        ISA(normalise_by)(r, true, false, r->relu, true);
    else if (r->relu)
        ISA(normalise_by)(r, true, false, true, false);
    else
        ISA(normalise_by)(r, true, false, false, false);
}

static inline __attribute__((always_inline)) void ISA(backward_by)(const iso_pixels *r, bool relu, bool training, bool stream) {
    const float *mean = r->mean, *invstd = r->invstd, *weight = r->weight, *bias = r->bias;
    const float *factor = r->factor, *a = r->a, *b = r->b;
    FOR_PIXELS(r) {
        const float *x = r->x + at, *dy = r->dy + at;
        float *dx = r->out + at; /* may be x */
        iso_fetch_ahead(r, x);
        if (!r->strip)
            iso_fetch_ahead(r, dy);
        FOR_VECTORS {
            const vec xhat = (vec_load(x + c) - vec_load(mean + c)) * vec_load(invstd + c);
            vec d = vec_load(dy + c);
            if (relu)
                d = ISA(where_positive)(vec_fma(xhat, vec_load(weight + c), vec_load(bias + c)), d);
            if (training)
                d = vec_fma(-xhat, vec_load(b + c), d - vec_load(a + c));
            d = vec_load(factor + c) * d;
            if (stream)
                vec_stream(dx + c, d);
            else
                vec_store(dx + c, d);
        }
        FOR_REST {
            const float xhat = (x[c] - mean[c]) * invstd[c];
            float d = dy[c];
            if (relu)
                d = iso_fmaf(xhat, weight[c], bias[c]) > 0 ? d : 0;
            dx[c] = training ? factor[c] * iso_fmaf(-xhat, b[c], d - a[c]) : d * factor[c];
        }
    }
    if (stream)
        vec_stream_end();
}

static void ISA(normalise_backward)(const iso_pixels *r) {
    if (!r->training)
        ISA(backward_by)(r, r->relu, false, false);
    else if (r->relu)
        ISA(streams)(r) ? ISA(backward_by)(r, true, true, true) : ISA(backward_by)(r, true, true, false);
    else
        ISA(streams)(r) ? ISA(backward_by)(r, false, true, true) : ISA(backward_by)(r, false, true, false);
}

#undef CHAIN
