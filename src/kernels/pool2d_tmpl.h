/* max_pool2d, avg_pool2d, adaptive_avg_pool2d: docs/contract.md. Lanes run over channels. */

/* Lanes of whole numbers, as masks are. */
typedef int32_t ISA(lanes) __attribute__((vector_size(4 * WIDTH)));

/* The part of a window of one axis that lies in the image: taps first .. end - 1. */
static inline void ISA(taps_inside)(int64_t start, int64_t kernel, int64_t dilation, int64_t size, int64_t *first, int64_t *end) {
    *first = start < 0 ? (-start + dilation - 1) / dilation : 0;
    *end = size - start > 0 ? (size - start + dilation - 1) / dilation : 0;
    *end = *end < kernel ? *end : kernel;
}

/* Windows of 2 x 2 side by side, the usual ones, all inside of the image. */
static inline bool ISA(quarters)(const iso_pool2d_shape *s) {
    return s->kh == 2 && s->kw == 2 && s->sh == 2 && s->sw == 2 && s->ph == 0 && s->pw == 0 && s->dh == 1 && s->dw == 1 &&
           2 * s->oh <= s->h && 2 * s->ow <= s->w && s->c % WIDTH == 0;
}

/* Takes x, element `at`, if it is greater or the first NaN. */
static inline void ISA(take)(vec x, int32_t at, vec *best, ISA(lanes) * where) {
    const ISA(lanes) replace = (ISA(lanes))(x > *best) | ((ISA(lanes))(x != x) & (ISA(lanes))(*best == *best));
    *best = (vec)((replace & (ISA(lanes))x) | (~replace & (ISA(lanes)) * best));
    *where = (replace & at) | (~replace & *where);
}

static void ISA(max_pool2d_quarters)(const iso_pool2d_shape *s, const float *restrict image, int64_t top, int64_t oh,
                                     float *restrict y, int32_t *restrict index) {
    const int64_t c = s->c, row = s->w * c;
    const float *x = image + (2 * oh - top) * row;
    for (int64_t ow = 0, at = 2 * oh * s->w; ow < s->ow; ow++, at += 2, x += 2 * c, y += c, index += c)
        for (int64_t i = 0; i < c; i += WIDTH) {
            vec best = vec_load(x + i);
            ISA(lanes) where = (ISA(lanes)){0} + (int32_t)at;
            ISA(take)(vec_load(x + c + i), (int32_t)(at + 1), &best, &where);
            ISA(take)(vec_load(x + row + i), (int32_t)(at + s->w), &best, &where);
            ISA(take)(vec_load(x + row + c + i), (int32_t)(at + s->w + 1), &best, &where);
            vec_store(y + i, best);
            memcpy(index + i, &where, sizeof where);
        }
}

/* One output row: y and index are ow x c, image is the image's rows from `top` on. The first element of a window is taken
 * whatever it is, then every greater one, and the first NaN. */
static void ISA(max_pool2d)(const iso_pool2d_shape *s, const float *restrict image, int64_t top, int64_t oh, float *restrict y,
                            int32_t *restrict index) {
    if (ISA(quarters)(s)) {
        ISA(max_pool2d_quarters)(s, image, top, oh, y, index);
        return;
    }
    const int64_t c = s->c, full = c / WIDTH * WIDTH, h0 = oh * s->sh - s->ph;
    int64_t kh0, kh1, kw0, kw1;
    ISA(taps_inside)(h0, s->kh, s->dh, s->h, &kh0, &kh1);
    for (int64_t ow = 0; ow < s->ow; ow++, y += c, index += c) {
        const int64_t w0 = ow * s->sw - s->pw;
        ISA(taps_inside)(w0, s->kw, s->dw, s->w, &kw0, &kw1);
        if (kh0 >= kh1 || kw0 >= kw1) {
            for (int64_t i = 0; i < c; i++) {
                y[i] = -__builtin_inff();
                index[i] = -1;
            }
            continue;
        }
        const int64_t first = (h0 + kh0 * s->dh) * s->w + w0 + kw0 * s->dw, start = top * s->w;
        for (int64_t i = 0; i < full; i += WIDTH) {
            vec best = vec_load(image + (first - start) * c + i);
            ISA(lanes) where = (ISA(lanes)){0} + (int32_t)first;
            for (int64_t kh = kh0; kh < kh1; kh++)
                for (int64_t kw = kw0; kw < kw1; kw++) {
                    const int64_t at = (h0 + kh * s->dh) * s->w + w0 + kw * s->dw;
                    ISA(take)(vec_load(image + (at - start) * c + i), (int32_t)at, &best, &where);
                }
            vec_store(y + i, best);
            memcpy(index + i, &where, sizeof where);
        }
        for (int64_t i = full; i < c; i++) {
            y[i] = image[(first - start) * c + i];
            index[i] = (int32_t)first;
            for (int64_t kh = kh0; kh < kh1; kh++)
                for (int64_t kw = kw0; kw < kw1; kw++) {
                    const int64_t at = (h0 + kh * s->dh) * s->w + w0 + kw * s->dw;
                    const float x = image[(at - start) * c + i];
                    if (x > y[i] || (x != x && y[i] == y[i])) {
                        y[i] = x;
                        index[i] = (int32_t)at;
                    }
                }
        }
    }
}

/* Each element belongs to one window at most, so that every row is written once. */
static void ISA(max_pool2d_backward_quarters)(const iso_pool2d_shape *s, const float *restrict dy, const int32_t *restrict index,
                                              int64_t top, int64_t end, float *restrict dx) {
    const int64_t c = s->c, row = s->w * c;
    for (int64_t oh = top / 2; 2 * oh < end; oh++, dx += 2 * row) {
        if (oh == s->oh) { /* a last row without windows */
            memset(dx, 0, sizeof *dx * (size_t)row);
            break;
        }
        const float *d = dy + oh * s->ow * c;
        const int32_t *winners = index + oh * s->ow * c;
        float *to = dx;
        for (int64_t ow = 0, at = 2 * oh * s->w; ow < s->ow; ow++, at += 2, to += 2 * c, d += c, winners += c)
            for (int64_t i = 0; i < c; i += WIDTH) {
                const ISA(lanes) sum = (ISA(lanes))(vec_all(0) + vec_load(d + i));
                ISA(lanes) winner;
                memcpy(&winner, winners + i, sizeof winner);
                vec_store(to + i, (vec)((ISA(lanes))(winner == (int32_t)at) & sum));
                vec_store(to + c + i, (vec)((ISA(lanes))(winner == (int32_t)(at + 1)) & sum));
                vec_store(to + row + i, (vec)((ISA(lanes))(winner == (int32_t)(at + s->w)) & sum));
                vec_store(to + row + c + i, (vec)((ISA(lanes))(winner == (int32_t)(at + s->w + 1)) & sum));
            }
        if (2 * s->ow < s->w) { /* a last column without windows */
            memset(to, 0, sizeof *to * (size_t)c);
            memset(to + row, 0, sizeof *to * (size_t)c);
        }
    }
}

/* Rows top .. end - 1 of an image: dx is (end - top) x w x c. Windows ascending, as the contract adds them. */
static void ISA(max_pool2d_backward)(const iso_pool2d_shape *s, const float *dy, const int32_t *index, int64_t top, int64_t end,
                                     float *dx) {
    if (ISA(quarters)(s) && top % 2 == 0 && (end % 2 == 0 || end == s->h)) {
        ISA(max_pool2d_backward_quarters)(s, dy, index, top, end, dx);
        return;
    }
    const int64_t c = s->c, full = c / WIDTH * WIDTH, start = top * s->w;
    memset(dx, 0, sizeof *dx * (size_t)((end - top) * s->w * c));
    for (int64_t oh = 0; oh < s->oh; oh++) {
        const int64_t h0 = oh * s->sh - s->ph;
        int64_t kh0, kh1, kw0, kw1;
        ISA(taps_inside)(h0 - top, s->kh, s->dh, end - top, &kh0, &kh1);
        for (int64_t ow = 0; kh0 < kh1 && ow < s->ow; ow++) {
            const int64_t w0 = ow * s->sw - s->pw, window = (oh * s->ow + ow) * c;
            ISA(taps_inside)(w0, s->kw, s->dw, s->w, &kw0, &kw1);
            /* dy where the window's element won, and +0, which changes nothing, elsewhere. */
            for (int64_t i = 0; i < full; i += WIDTH) {
                const vec d = vec_load(dy + window + i);
                ISA(lanes) winner;
                memcpy(&winner, index + window + i, sizeof winner);
                for (int64_t kh = kh0; kh < kh1; kh++)
                    for (int64_t kw = kw0; kw < kw1; kw++) {
                        const int64_t at = (h0 + kh * s->dh) * s->w + w0 + kw * s->dw;
                        float *to = dx + (at - start) * c + i;
                        vec_store(to, vec_load(to) + (vec)((ISA(lanes))(winner == (int32_t)at) & (ISA(lanes))d));
                    }
            }
            for (int64_t i = full; i < c; i++) {
                const int64_t at = index[window + i], row = at / s->w;
                if (at >= 0 && row >= top && row < end)
                    dx[(at - start) * c + i] = dx[(at - start) * c + i] + dy[window + i];
            }
        }
    }
}

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
