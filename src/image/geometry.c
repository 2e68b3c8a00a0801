/* Crops, pads and flips: moves of pixels. */
#include <string.h>
#ifdef __x86_64__
#include <immintrin.h>
#endif

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

/* A row of three channels: exchanges pixels from .. end - 1 with their mirror images, end <= w / 2. */
static void mirror_colours(uint8_t *row, int64_t w, int64_t from, int64_t end) {
    uint8_t keep[3];
    for (uint8_t *a = row + 3 * from, *b = row + 3 * (w - 1 - from); from < end; from++, a += 3, b -= 3) {
        memcpy(keep, a, 3);
        memcpy(a, b, 3);
        memcpy(b, keep, 3);
    }
}

#ifdef __x86_64__
/* Five pixels at a time; the sixteenth byte is the neighbour's, and stays. Returns the first pixel that is left. */
static __attribute__((target("ssse3,sse4.1"))) int64_t mirror_fives(uint8_t *row, int64_t w, int64_t from, int64_t end) {
    const __m128i to_left = _mm_setr_epi8(13, 14, 15, 10, 11, 12, 7, 8, 9, 4, 5, 6, 1, 2, 3, -1);
    const __m128i to_right = _mm_setr_epi8(-1, 12, 13, 14, 9, 10, 11, 6, 7, 8, 3, 4, 5, 0, 1, 2);
    const __m128i last = _mm_setr_epi32(0, 0, 0, (int)0xff000000u), first = _mm_setr_epi32(255, 0, 0, 0);
    uint8_t *left = row + 3 * from, *right = row + 3 * (w - from - 5) - 1;
    if (from + 5 > end || right - left < 16)
        return from;
    __m128i a = _mm_loadu_si128((const __m128i *)left), b = _mm_loadu_si128((const __m128i *)right);
    for (;;) { /* the next ones are loaded before these are stored, which meet them in a byte */
        bool more = from + 10 <= end && right - left >= 46;
        __m128i next_a = _mm_loadu_si128((const __m128i *)(more ? left + 15 : left));
        __m128i next_b = _mm_loadu_si128((const __m128i *)(more ? right - 15 : right));
        _mm_storeu_si128((__m128i *)left, _mm_blendv_epi8(_mm_shuffle_epi8(b, to_left), a, last));
        _mm_storeu_si128((__m128i *)right, _mm_blendv_epi8(_mm_shuffle_epi8(a, to_right), b, first));
        from += 5;
        if (!more)
            return from;
        a = next_a;
        b = next_b;
        left += 15;
        right -= 15;
    }
}
#endif

void iso_image_flip_horizontal(iso_image *image, iso_isa isa, const iso_box *part) {
    int channels = image->channels;
    int64_t w = image->w, start = iso_min64(part->x0, w - part->x1), end = iso_min64(iso_max64(part->x1, w - part->x0), w / 2);
    for (int64_t y = part->y0; y < part->y1; y++) {
        uint8_t *row = iso_image_row(image, y);
        int64_t from = start;
#ifdef __x86_64__
        if (channels == 3 && (isa == ISO_ISA_AVX2 || isa == ISO_ISA_AVX512))
            from = mirror_fives(row, w, from, end);
#endif
        (void)isa;
        if (channels == 3)
            mirror_colours(row, w, from, end);
        else
            for (int64_t x = from; x < end; x++)
                swap_bytes(row + x, row + w - 1 - x, 1);
    }
}

void iso_image_flip_vertical(iso_image *image) {
    for (int64_t y = 0; y < image->h / 2; y++)
        swap_bytes(iso_image_row(image, y), iso_image_row(image, image->h - 1 - y), image->w * image->channels);
}
