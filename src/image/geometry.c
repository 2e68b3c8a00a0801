/* Crops, pads and flips: moves of pixels. */
#include <string.h>

#include "image/resample.h"

bool iso_image_crop(iso_context *ctx, const iso_image *in, int64_t top, int64_t left, int64_t h, int64_t w, iso_image *out,
                    iso_worker_error *error) {
    if (!iso_image_resize(ctx, out, w, h, in->channels, error))
        return false;
    int64_t x0 = iso_max64(left, 0), x1 = iso_min64(left + w, in->w);
    for (int64_t y = 0; y < h; y++) {
        uint8_t *to = iso_image_row(out, y);
        bool inside = top + y >= 0 && top + y < in->h && x0 < x1;
        if (!inside || x0 > left || x1 < left + w)
            memset(to, 0, (size_t)(w * in->channels));
        if (inside)
            memcpy(to + (x0 - left) * in->channels, iso_image_row(in, top + y) + x0 * in->channels,
                   (size_t)((x1 - x0) * in->channels));
    }
    return true;
}

int64_t iso_padding_index(iso_padding mode, int64_t i, int64_t n) {
    if (i >= 0 && i < n)
        return i;
    if (mode == ISO_PAD_CONSTANT)
        return -1;
    if (mode == ISO_PAD_EDGE || n == 1)
        return i < 0 ? 0 : n - 1;
    int64_t period = mode == ISO_PAD_REFLECT ? 2 * (n - 1) : 2 * n;
    i = (i % period + period) % period;
    return i < n ? i : mode == ISO_PAD_REFLECT ? period - i : period - 1 - i;
}

bool iso_image_gather(iso_context *ctx, const iso_image *in, const int64_t *rows, int64_t h, const int64_t *columns, int64_t w,
                      const uint8_t fill[3], iso_image *out, iso_worker_error *error) {
    int channels = in->channels;
    if (!iso_image_resize(ctx, out, w, h, channels, error))
        return false;
    for (int64_t y = 0; y < h; y++) {
        uint8_t *to = iso_image_row(out, y);
        for (int64_t x = 0; x < w; x++, to += channels) {
            bool inside = rows[y] >= 0 && columns[x] >= 0;
            const uint8_t *from = inside ? iso_image_row(in, rows[y]) + columns[x] * channels : fill;
            for (int c = 0; c < channels; c++)
                to[c] = from[c];
        }
    }
    return true;
}

static inline void swap_bytes(uint8_t *a, uint8_t *b, int64_t bytes) {
    for (int64_t i = 0; i < bytes; i++) {
        uint8_t keep = a[i];
        a[i] = b[i];
        b[i] = keep;
    }
}

/* A row of three channels, by moves of a known size. */
static void mirror_colours(uint8_t *row, int64_t w) {
    uint8_t keep[3];
    for (uint8_t *a = row, *b = row + 3 * (w - 1); a < b; a += 3, b -= 3) {
        memcpy(keep, a, 3);
        memcpy(a, b, 3);
        memcpy(b, keep, 3);
    }
}

void iso_image_flip_horizontal(iso_image *image, int64_t y0, int64_t y1) {
    int channels = image->channels;
    for (int64_t y = y0; y < y1; y++) {
        uint8_t *row = iso_image_row(image, y);
        if (channels == 3)
            mirror_colours(row, image->w);
        else
            for (int64_t x = 0; x < image->w / 2; x++)
                swap_bytes(row + x * channels, row + (image->w - 1 - x) * channels, channels);
    }
}

void iso_image_flip_vertical(iso_image *image) {
    for (int64_t y = 0; y < image->h / 2; y++)
        swap_bytes(iso_image_row(image, y), iso_image_row(image, image->h - 1 - y), image->w * image->channels);
}
