/* max_pool2d, avg_pool2d, adaptive_avg_pool2d: docs/contract.md. Lanes run over channels. */

/* One output row: y and index are ow x c, image is h x w x c. */
static void ISA(max_pool2d)(const iso_pool2d_shape *s, const float *restrict image, int64_t oh, float *restrict y,
                            int32_t *restrict index) {
    const int64_t c = s->c;
    for (int64_t ow = 0; ow < s->ow; ow++, y += c, index += c) {
        bool any = false;
        for (int64_t kh = 0; kh < s->kh; kh++)
            for (int64_t kw = 0; kw < s->kw; kw++) {
                int64_t ih = oh * s->sh - s->ph + kh * s->dh, iw = ow * s->sw - s->pw + kw * s->dw;
                if (ih < 0 || ih >= s->h || iw < 0 || iw >= s->w)
                    continue;
                const float *x = image + (ih * s->w + iw) * c;
                const int32_t at = (int32_t)(ih * s->w + iw);
                if (!any) {
                    for (int64_t i = 0; i < c; i++) {
                        y[i] = x[i];
                        index[i] = at;
                    }
                    any = true;
                    continue;
                }
                for (int64_t i = 0; i < c; i++) {
                    /* greater, or the first NaN; bitwise, so that the loop has no branch */
                    int replace = (x[i] > y[i]) | ((x[i] != x[i]) & (y[i] == y[i]));
                    y[i] = replace ? x[i] : y[i];
                    index[i] = replace ? at : index[i];
                }
            }
        for (int64_t i = 0; !any && i < c; i++) {
            y[i] = -__builtin_inff();
            index[i] = -1;
        }
    }
}

/* One image: dx is h x w x c. */
static void ISA(max_pool2d_backward)(const iso_pool2d_shape *s, const float *dy, const int32_t *index, float *dx) {
    const int64_t c = s->c, windows = s->oh * s->ow;
    memset(dx, 0, sizeof *dx * (size_t)(s->h * s->w * c));
    for (int64_t window = 0; window < windows; window++, dy += c, index += c)
        for (int64_t i = 0; i < c; i++)
            if (index[i] >= 0) {
                float *to = &dx[index[i] * c + i];
                *to = *to + dy[i];
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
