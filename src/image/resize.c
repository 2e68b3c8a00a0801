/* Resizing by two passes of fixed-point sums, horizontal first; the source of the definition is Pillow's Resample.c. */
#include <math.h>
#include <string.h>
#ifdef __x86_64__
#include <immintrin.h>
#endif

#include "image/resample.h"

#define PRECISION 22 /* bits of a coefficient behind the point */

void iso_image_scratch_free(iso_image_scratch *scratch) {
    iso_image_free(scratch->ctx, &scratch->passed);
    iso_free(scratch->ctx, scratch->coefficients);
    scratch->coefficients = NULL;
    scratch->coefficients_size = 0;
}

/* One axis of a resize: output i is the sum of `count` inputs from `first` on. */
struct window {
    int32_t first, count;
};
struct axis {
    int64_t out, most; /* outputs; the largest count */
    struct window *windows;
    int32_t *k; /* most per output */
};

static double bilinear(double x) {
    x = fabs(x);
    return x < 1.0 ? 1.0 - x : 0.0;
}

static double bicubic(double x) {
    const double a = -0.5;
    x = fabs(x);
    if (x < 1.0)
        return ((a + 2.0) * x - (a + 3.0)) * x * x + 1;
    if (x < 2.0)
        return (((x - 5) * x + 8) * x - 4) * a;
    return 0.0;
}

bool iso_image_scratch_reserve(iso_image_scratch *scratch, size_t size, iso_worker_error *error) {
    if (size <= scratch->coefficients_size)
        return true;
    iso_free(scratch->ctx, scratch->coefficients);
    scratch->coefficients_size = 0;
    if (!(scratch->coefficients = iso_try_alloc(scratch->ctx, size)))
        return iso_worker_fail(error, ISO_ENOMEM, "out of memory");
    scratch->coefficients_size = size;
    return true;
}

static bool prepare(iso_image_scratch *scratch, int64_t in, int64_t out, iso_interpolation filter, struct axis *axis,
                    iso_worker_error *error) {
    double scale = (double)(float)in / (double)out, stretch = scale < 1.0 ? 1.0 : scale;
    double support = (filter == ISO_BICUBIC ? 2.0 : 1.0) * stretch, inverse = 1.0 / stretch;
    axis->out = out;
    axis->most = (int64_t)ceil(support) * 2 + 1;
    size_t weights_size = sizeof(double) * (size_t)axis->most, windows_size = sizeof(struct window) * (size_t)out;
    if (!iso_image_scratch_reserve(scratch, weights_size + windows_size + sizeof(int32_t) * (size_t)(axis->most * out), error))
        return false;
    double *w = scratch->coefficients;
    axis->windows = (struct window *)((uint8_t *)scratch->coefficients + weights_size);
    axis->k = (int32_t *)((uint8_t *)axis->windows + windows_size);
    for (int64_t i = 0; i < out; i++) {
        double centre = ((double)i + 0.5) * scale, sum = 0.0;
        int64_t first = (int64_t)(centre - support + 0.5), last = (int64_t)(centre + support + 0.5);
        first = first < 0 ? 0 : first;
        last = last > in ? in : last;
        for (int64_t j = 0; j < last - first; j++) {
            double x = ((double)(j + first) - centre + 0.5) * inverse;
            w[j] = filter == ISO_BICUBIC ? bicubic(x) : bilinear(x);
            sum += w[j];
        }
        axis->windows[i] = (struct window){(int32_t)first, (int32_t)(last - first)};
        for (int64_t j = 0; j < last - first; j++) {
            double weight = sum != 0.0 ? w[j] / sum : w[j];
            axis->k[i * axis->most + j] = (int32_t)(weight * (1 << PRECISION) + (weight < 0 ? -0.5 : 0.5));
        }
    }
    return true;
}

static inline uint8_t clip8(int32_t v) {
    v >>= PRECISION;
    return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
}

/* One output pixel of `channels` channels; the sums run side by side. */
static inline void gather(const uint8_t *from, const int32_t *k, int32_t count, int channels, uint8_t *to) {
    int32_t sum[3] = {1 << (PRECISION - 1), 1 << (PRECISION - 1), 1 << (PRECISION - 1)};
    for (int32_t j = 0; j < count; j++, from += channels)
        for (int c = 0; c < channels; c++)
            sum[c] += from[c] * k[j];
    for (int c = 0; c < channels; c++)
        to[c] = clip8(sum[c]);
}

static void horizontal_rows(const struct axis *axis, const iso_image *in, int64_t from, iso_image *out) {
    for (int64_t y = from; y < in->h; y++) {
        const uint8_t *row = iso_image_row(in, y);
        uint8_t *to = iso_image_row(out, y);
        const int32_t *k = axis->k;
        for (int64_t x = 0; x < axis->out; x++, k += axis->most) {
            struct window window = axis->windows[x];
            if (in->channels == 3)
                gather(row + 3 * window.first, k, window.count, 3, to + 3 * x);
            else
                gather(row + window.first, k, window.count, 1, to + x);
        }
    }
}

#define STRIP 32 /* bytes of a row whose sums fit into registers */

static inline __attribute__((always_inline)) void vertical_rows(const struct axis *axis, const iso_image *in, iso_image *out) {
    int64_t stride = in->w * in->channels;
    for (int64_t y = 0; y < axis->out; y++) {
        const int32_t *k = axis->k + y * axis->most;
        const uint8_t *rows = in->pixels + axis->windows[y].first * stride;
        uint8_t *to = iso_image_row(out, y);
        int32_t count = axis->windows[y].count;
        int64_t x = 0;
        for (; x + STRIP <= stride; x += STRIP) {
            int32_t sum[STRIP];
            for (int i = 0; i < STRIP; i++)
                sum[i] = 1 << (PRECISION - 1);
            for (int32_t j = 0; j < count; j++)
                for (int i = 0; i < STRIP; i++)
                    sum[i] += rows[j * stride + x + i] * k[j];
            for (int i = 0; i < STRIP; i++)
                to[x + i] = clip8(sum[i]);
        }
        for (; x < stride; x++) {
            int32_t sum = 1 << (PRECISION - 1);
            for (int32_t j = 0; j < count; j++)
                sum += rows[j * stride + x] * k[j];
            to[x] = clip8(sum);
        }
    }
}

#ifdef __x86_64__
#define AVX2 __attribute__((target("avx2")))

static inline AVX2 __m256i two_pixels(const uint8_t *upper, const uint8_t *lower) {
    int32_t a, b;
    memcpy(&a, upper, 4); /* the fourth byte is the next pixel's, or one of those behind the image */
    memcpy(&b, lower, 4);
    return _mm256_cvtepu8_epi32(_mm_insert_epi32(_mm_cvtsi32_si128(a), b, 1));
}

/* Three channels, two rows side by side, as the same sums of integers. Returns the first row that is left. */
static AVX2 int64_t horizontal_avx2(const struct axis *axis, const iso_image *in, iso_image *out) {
    int64_t y = 0;
    for (; y + 2 <= in->h; y += 2) {
        const uint8_t *upper = iso_image_row(in, y), *lower = iso_image_row(in, y + 1);
        uint8_t *to[2] = {iso_image_row(out, y), iso_image_row(out, y + 1)};
        const int32_t *k = axis->k;
        for (int64_t x = 0; x < axis->out; x++, k += axis->most) {
            int64_t first = 3 * (int64_t)axis->windows[x].first;
            __m256i sum = _mm256_set1_epi32(1 << (PRECISION - 1));
            for (int32_t j = 0; j < axis->windows[x].count; j++)
                sum = _mm256_add_epi32(
                    sum, _mm256_mullo_epi32(two_pixels(upper + first + 3 * j, lower + first + 3 * j), _mm256_set1_epi32(k[j])));
            sum = _mm256_srai_epi32(sum, PRECISION);
            sum = _mm256_packus_epi16(_mm256_packs_epi32(sum, sum), sum); /* clips to 0 .. 255 */
            int32_t a = _mm256_extract_epi32(sum, 0), b = _mm256_extract_epi32(sum, 4);
            memcpy(to[0] + 3 * x, &a, x + 1 < axis->out ? 4 : 3);
            memcpy(to[1] + 3 * x, &b, x + 1 < axis->out ? 4 : 3);
        }
    }
    return y;
}

static AVX2 void vertical_avx2(const struct axis *axis, const iso_image *in, iso_image *out) {
    vertical_rows(axis, in, out);
}
#endif

static void pass_horizontal(const struct axis *axis, const iso_image *in, iso_image *out, bool avx2) {
    int64_t y = 0;
#ifdef __x86_64__
    if (avx2 && in->channels == 3)
        y = horizontal_avx2(axis, in, out);
#endif
    (void)avx2;
    horizontal_rows(axis, in, y, out);
}

static void pass_vertical(const struct axis *axis, const iso_image *in, iso_image *out, bool avx2) {
#ifdef __x86_64__
    if (avx2) {
        vertical_avx2(axis, in, out);
        return;
    }
#endif
    (void)avx2;
    vertical_rows(axis, in, out);
}

/* Nearest is another routine: running sums of the step, rows and columns alike. */
static bool resize_nearest(iso_image_scratch *scratch, const iso_image *in, int64_t w, int64_t h, iso_image *out,
                           iso_worker_error *error) {
    if (!iso_image_resize(scratch->ctx, out, w, h, in->channels, error))
        return false;
    double step_x = (double)in->w / (double)w, step_y = (double)in->h / (double)h, y = step_y * 0.5;
    for (int64_t oy = 0; oy < h; oy++, y += step_y) {
        const uint8_t *row = iso_image_row(in, iso_min64((int64_t)y, in->h - 1));
        uint8_t *to = iso_image_row(out, oy);
        double x = step_x * 0.5;
        for (int64_t ox = 0; ox < w; ox++, x += step_x)
            for (int c = 0; c < in->channels; c++)
                *to++ = row[iso_min64((int64_t)x, in->w - 1) * in->channels + c];
    }
    return true;
}

static bool copy(iso_context *ctx, const iso_image *in, iso_image *out, iso_worker_error *error) {
    if (!iso_image_resize(ctx, out, in->w, in->h, in->channels, error))
        return false;
    memcpy(out->pixels, in->pixels, (size_t)(in->w * in->h * in->channels));
    return true;
}

bool iso_image_resample(iso_image_scratch *scratch, const iso_image *in, int64_t w, int64_t h, iso_interpolation filter,
                        iso_image *out, iso_worker_error *error) {
    iso_context *ctx = scratch->ctx;
    if (w == in->w && h == in->h)
        return copy(ctx, in, out, error);
    if (filter == ISO_NEAREST)
        return resize_nearest(scratch, in, w, h, out, error);
    struct axis axis;
    bool avx2 = ctx->isa == ISO_ISA_AVX2 || ctx->isa == ISO_ISA_AVX512;
    bool both = w != in->w && h != in->h;
    iso_image *passed = both ? &scratch->passed : out;
    const iso_image *from = in;
    if (w != in->w) {
        if (!prepare(scratch, in->w, w, filter, &axis, error) || !iso_image_resize(ctx, passed, w, in->h, in->channels, error))
            return false;
        pass_horizontal(&axis, in, passed, avx2);
        from = passed;
    }
    if (h != in->h) {
        if (!prepare(scratch, in->h, h, filter, &axis, error) || !iso_image_resize(ctx, out, w, h, in->channels, error))
            return false;
        pass_vertical(&axis, from, out, avx2);
    }
    return true;
}
