/* max_pool2d, avg_pool2d, adaptive_avg_pool2d: docs/contract.md. Lanes run over channels. */

#define POOL_BLOCK 16

/* `block` channels of one window: their largest numbers so far, and where they stand; `at` in the image, x there. */
static inline __attribute__((always_inline)) void ISA(take_larger)(int64_t block, const float *restrict x, int32_t at,
                                                                   float *restrict best, int32_t *restrict where) {
    for (int64_t i = 0; i < block; i++) {
        /* greater, or the first NaN; bitwise, so that the loop has no branch */
        int replace = (x[i] > best[i]) | ((x[i] != x[i]) & (best[i] == best[i]));
        best[i] = replace ? x[i] : best[i];
        where[i] = replace ? at : where[i];
    }
}

/* The part of a window of one axis that lies in the image: taps first .. end - 1. */
static inline void ISA(taps_inside)(int64_t start, int64_t kernel, int64_t dilation, int64_t size, int64_t *first, int64_t *end) {
    *first = start < 0 ? (-start + dilation - 1) / dilation : 0;
    *end = size - start > 0 ? (size - start + dilation - 1) / dilation : 0;
    *end = *end < kernel ? *end : kernel;
}

/* One output row: y and index are ow x c, image is the image's rows from `top` on. */
static void ISA(max_pool2d)(const iso_pool2d_shape *s, const float *restrict image, int64_t top, int64_t oh, float *restrict y,
                            int32_t *restrict index) {
    const int64_t c = s->c, h0 = oh * s->sh - s->ph;
    int64_t kh0, kh1, kw0, kw1;
    ISA(taps_inside)(h0, s->kh, s->dh, s->h, &kh0, &kh1);
    for (int64_t ow = 0; ow < s->ow; ow++, y += c, index += c) {
        const int64_t w0 = ow * s->sw - s->pw;
        ISA(taps_inside)(w0, s->kw, s->dw, s->w, &kw0, &kw1);
        for (int64_t i = 0; i < c; i += POOL_BLOCK) {
            const int64_t block = iso_min64(POOL_BLOCK, c - i);
            float best[POOL_BLOCK];
            int32_t where[POOL_BLOCK];
            for (int j = 0; j < POOL_BLOCK; j++) {
                best[j] = -__builtin_inff();
                where[j] = -1;
            }
            for (int64_t kh = kh0; kh < kh1; kh++)
                for (int64_t kw = kw0; kw < kw1; kw++) {
                    const int64_t ih = h0 + kh * s->dh, iw = w0 + kw * s->dw;
                    const float *x = image + ((ih - top) * s->w + iw) * c + i;
                    const int32_t at = (int32_t)(ih * s->w + iw);
                    if (kh == kh0 && kw == kw0)
                        for (int64_t j = 0; j < block; j++) { /* the first is taken whatever it is */
                            best[j] = x[j];
                            where[j] = at;
                        }
                    else if (block == POOL_BLOCK)
                        ISA(take_larger)(POOL_BLOCK, x, at, best, where);
                    else
                        ISA(take_larger)(block, x, at, best, where);
                }
            memcpy(y + i, best, sizeof *y * (size_t)block);
            memcpy(index + i, where, sizeof *index * (size_t)block);
        }
    }
}

/* What one window gives to one element: dy where it won, and +0, which changes nothing, elsewhere. */
static inline __attribute__((always_inline)) void ISA(give_winners)(int64_t channels, const float *restrict dy,
                                                                    const int32_t *restrict index, int32_t at, float *restrict dx) {
    for (int64_t i = 0; i < channels; i++)
        dx[i] = dx[i] + (index[i] == at ? dy[i] : 0);
}

/* Rows top .. end - 1 of an image: dx is (end - top) x w x c. Windows ascending, as the contract adds them. */
static void ISA(max_pool2d_backward)(const iso_pool2d_shape *s, const float *dy, const int32_t *index, int64_t top, int64_t end,
                                     float *dx) {
    const int64_t c = s->c;
    memset(dx, 0, sizeof *dx * (size_t)((end - top) * s->w * c));
    for (int64_t oh = 0; oh < s->oh; oh++) {
        const int64_t h0 = oh * s->sh - s->ph;
        int64_t kh0, kh1, kw0, kw1;
        ISA(taps_inside)(h0 - top, s->kh, s->dh, end - top, &kh0, &kh1);
        for (int64_t ow = 0; kh0 < kh1 && ow < s->ow; ow++) {
            const int64_t w0 = ow * s->sw - s->pw, window = (oh * s->ow + ow) * c;
            ISA(taps_inside)(w0, s->kw, s->dw, s->w, &kw0, &kw1);
            for (int64_t kh = kh0; kh < kh1; kh++)
                for (int64_t kw = kw0; kw < kw1; kw++) {
                    const int64_t ih = h0 + kh * s->dh, iw = w0 + kw * s->dw;
                    ISA(give_winners)(c, dy + window, index + window, (int32_t)(ih * s->w + iw), dx + ((ih - top) * s->w + iw) * c);
                }
        }
    }
}

#undef POOL_BLOCK

/* ---- Average ---- */

#define CHANNEL_BLOCK 64

/* The window's sums of up to CHANNEL_BLOCK channels, one chain each. x: the image at the first of these channels. */
static void ISA(window_chain)(const iso_pool2d_shape *s, const iso_window *v, int64_t block, const float *x, float *sum) {
    float chain[CHANNEL_BLOCK] = {0};
    for (int64_t ih = v->h0; ih < v->h1; ih++)
        for (int64_t iw = v->w0; iw < v->w1; iw++) {
            const float *at = x + (ih * s->w + iw) * s->c;
            if (block == CHANNEL_BLOCK)
                for (int64_t i = 0; i < CHANNEL_BLOCK; i++)
                    chain[i] = chain[i] + at[i];
            else
                for (int64_t i = 0; i < block; i++)
                    chain[i] = chain[i] + at[i];
        }
    memcpy(sum, chain, sizeof *sum * (size_t)block);
}

/* The same by the pixel sum. */
static void ISA(window_pixel_sum)(const iso_pool2d_shape *s, const iso_window *v, int64_t block, const float *x, float *sum) {
    float chain[8][CHANNEL_BLOCK] = {{0}};
    int64_t p = 0;
    for (int64_t ih = v->h0; ih < v->h1; ih++)
        for (int64_t iw = v->w0; iw < v->w1; iw++, p++) {
            const float *at = x + (ih * s->w + iw) * s->c;
            float *mine = chain[p & 7];
            for (int64_t i = 0; i < block; i++)
                mine[i] = mine[i] + at[i];
        }
    for (int half = 4; half >= 1; half /= 2)
        for (int j = 0; j < half; j++)
            for (int64_t i = 0; i < block; i++)
                chain[j][i] = chain[j][i] + chain[j + half][i];
    memcpy(sum, chain[0], sizeof *sum * (size_t)block);
}

/* One output row: y is ow x c, image is h x w x c. */
static void ISA(avg_pool2d)(const iso_pool2d_shape *s, bool adaptive, const float *image, int64_t oh, float *y) {
    for (int64_t ow = 0; ow < s->ow; ow++, y += s->c) {
        iso_window v = adaptive ? iso_adaptive_avg_window(s, oh, ow) : iso_avg_window(s, oh, ow);
        bool chains = adaptive && (v.h1 - v.h0) * (v.w1 - v.w0) > ISO_LONG_WINDOW;
        for (int64_t c0 = 0; c0 < s->c; c0 += CHANNEL_BLOCK) {
            int64_t block = iso_min64(CHANNEL_BLOCK, s->c - c0);
            (chains ? ISA(window_pixel_sum) : ISA(window_chain))(s, &v, block, image + c0, y + c0);
        }
        for (int64_t i = 0; i < s->c; i++)
            y[i] = y[i] / v.divisor;
    }
}

/* One image: dx is h x w x c. */
static void ISA(avg_pool2d_backward)(const iso_pool2d_shape *s, bool adaptive, const float *dy, float *dx) {
    const int64_t c = s->c;
    memset(dx, 0, sizeof *dx * (size_t)(s->h * s->w * c));
    for (int64_t oh = 0; oh < s->oh; oh++)
        for (int64_t ow = 0; ow < s->ow; ow++, dy += c) {
            iso_window v = adaptive ? iso_adaptive_avg_window(s, oh, ow) : iso_avg_window(s, oh, ow);
            for (int64_t c0 = 0; c0 < c; c0 += CHANNEL_BLOCK) {
                int64_t block = iso_min64(CHANNEL_BLOCK, c - c0);
                float share[CHANNEL_BLOCK];
                for (int64_t i = 0; i < block; i++)
                    share[i] = dy[c0 + i] / v.divisor;
                for (int64_t ih = v.h0; ih < v.h1; ih++)
                    for (int64_t iw = v.w0; iw < v.w1; iw++) {
                        float *to = dx + (ih * s->w + iw) * c + c0;
                        for (int64_t i = 0; i < block; i++)
                            to[i] = to[i] + share[i];
                    }
            }
        }
}

#undef CHANNEL_BLOCK
