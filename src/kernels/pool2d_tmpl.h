/* max_pool2d: docs/contract.md#max_pool2d. Lanes run over channels. */

/* One output row: y and index are ow x c, image is h x w x c. */
static void ISA(max_pool2d)(const iso_pool2d_shape *s, const float *image, int64_t oh, float *y, int32_t *index) {
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
