#include "image/resize_passes.h"

#include <string.h>
#ifdef __x86_64__
#include <immintrin.h>
#endif

#define HALF (1 << (ISO_RESIZE_PRECISION - 1))

static inline uint8_t clip8(int32_t v) {
    v >>= ISO_RESIZE_PRECISION;
    return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
}

/* ---- Any CPU ---- */

/* One output pixel of `channels` channels; the sums run side by side. */
static inline void gather(const uint8_t *from, const int32_t *k, int32_t count, int channels, uint8_t *to) {
    int32_t sum[3] = {HALF, HALF, HALF};
    for (int32_t j = 0; j < count; j++, from += channels)
        for (int c = 0; c < channels; c++)
            sum[c] += from[c] * k[j];
    for (int c = 0; c < channels; c++)
        to[c] = clip8(sum[c]);
}

static void horizontal_rows(const iso_resize_axis *axis, const iso_image_view *in, int64_t from, iso_image *out) {
    for (int64_t y = from; y < in->h; y++) {
        const uint8_t *row = in->pixels + y * in->stride;
        uint8_t *to = iso_image_row(out, y);
        const int32_t *k = axis->k;
        for (int64_t x = 0; x < axis->out; x++, k += axis->most) {
            iso_resize_window window = axis->windows[x];
            if (in->channels == 3)
                gather(row + 3 * window.first, k, window.count, 3, to + 3 * x);
            else
                gather(row + window.first, k, window.count, 1, to + x);
        }
    }
}

#define STRIP 32 /* bytes of a row whose sums fit into registers */

/* One output row from byte x on. */
static void vertical_row(const uint8_t *rows, int64_t stride, const int32_t *k, int32_t count, int64_t x, int64_t bytes,
                         uint8_t *to) {
    for (; x + STRIP <= bytes; x += STRIP) {
        int32_t sum[STRIP];
        for (int i = 0; i < STRIP; i++)
            sum[i] = HALF;
        for (int32_t j = 0; j < count; j++)
            for (int i = 0; i < STRIP; i++)
                sum[i] += rows[j * stride + x + i] * k[j];
        for (int i = 0; i < STRIP; i++)
            to[x + i] = clip8(sum[i]);
    }
    for (; x < bytes; x++) {
        int32_t sum = HALF;
        for (int32_t j = 0; j < count; j++)
            sum += rows[j * stride + x] * k[j];
        to[x] = clip8(sum);
    }
}

/* ---- AVX2 and AVX-512: four pixels of a row at a time, times four coefficients; three channels ---- */

#ifdef __x86_64__
#define AVX2   __attribute__((target("avx2")))
#define AVX512 __attribute__((target("avx2,avx512f,avx512bw,avx512vl")))

/* r g b r g b ... to r g b 0 r g b 0 ... */
static inline AVX2 __m128i four_pixels(const uint8_t *from) {
    const __m128i spread = _mm_setr_epi8(0, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11, -1);
    return _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)from), spread);
}

/* Pixels 0 and 2 of each four in the lower half, 1 and 3 in the upper one. */
static inline AVX2 __m256i dot_avx2(const uint8_t *from, const int32_t *k, int64_t most) {
    __m256i sum = _mm256_setzero_si256();
    for (int64_t j = 0; j < most; j += 4) {
        __m128i p = four_pixels(from + 3 * j);
        __m256i k01 = _mm256_set_m128i(_mm_set1_epi32(k[j + 1]), _mm_set1_epi32(k[j]));
        __m256i k23 = _mm256_set_m128i(_mm_set1_epi32(k[j + 3]), _mm_set1_epi32(k[j + 2]));
        sum = _mm256_add_epi32(sum, _mm256_mullo_epi32(_mm256_cvtepu8_epi32(p), k01));
        sum = _mm256_add_epi32(sum, _mm256_mullo_epi32(_mm256_cvtepu8_epi32(_mm_unpackhi_epi64(p, p)), k23));
    }
    return sum;
}

static inline void put_pixel(uint8_t *to, uint32_t pixel, bool last) {
    if (!last) {
        memcpy(to, &pixel, 4); /* the fourth byte is the next pixel's, which is written behind it */
        return;
    }
    memcpy(to, &pixel, 2);
    to[2] = (uint8_t)(pixel >> 16);
}

#define INLINED inline __attribute__((always_inline))

/* Two rows side by side. Returns the first row that is left. */
static INLINED AVX2 int64_t pairs_avx2(const iso_resize_axis *axis, const iso_image_view *in, int64_t most, iso_image *out) {
    int64_t y = 0;
    for (; y + 2 <= in->h; y += 2) {
        const uint8_t *row = in->pixels + y * in->stride;
        uint8_t *to = iso_image_row(out, y);
        const int32_t *k = axis->k;
        for (int64_t x = 0; x < axis->out; x++, k += most) {
            const uint8_t *from = row + 3 * (int64_t)axis->windows[x].first;
            __m256i a = dot_avx2(from, k, most), b = dot_avx2(from + in->stride, k, most);
            __m256i sum = _mm256_add_epi32(_mm256_permute2x128_si256(a, b, 0x20), _mm256_permute2x128_si256(a, b, 0x31));
            sum = _mm256_srai_epi32(_mm256_add_epi32(sum, _mm256_set1_epi32(HALF)), ISO_RESIZE_PRECISION);
            sum = _mm256_packus_epi16(_mm256_packs_epi32(sum, sum), sum); /* clips to 0 .. 255 */
            put_pixel(to + 3 * x, (uint32_t)_mm256_extract_epi32(sum, 0), x + 1 == axis->out);
            put_pixel(to + 3 * (out->w + x), (uint32_t)_mm256_extract_epi32(sum, 4), x + 1 == axis->out);
        }
    }
    return y;
}

/* A known number of coefficients makes for a loop without branches; most axes have few. */
static AVX2 int64_t horizontal_avx2(const iso_resize_axis *axis, const iso_image_view *in, iso_image *out) {
    return axis->most == 4   ? pairs_avx2(axis, in, 4, out)
           : axis->most == 8 ? pairs_avx2(axis, in, 8, out)
                             : pairs_avx2(axis, in, axis->most, out);
}

/* 32 bytes of an output row at a time. */
static AVX2 int64_t vertical_avx2(const uint8_t *rows, int64_t stride, const int32_t *k, int32_t count, int64_t bytes,
                                  uint8_t *to) {
    int64_t x = 0;
    for (; x + 32 <= bytes; x += 32) {
        __m256i sum[4];
        for (int i = 0; i < 4; i++)
            sum[i] = _mm256_set1_epi32(HALF);
        for (int32_t j = 0; j < count; j++) {
            __m256i factor = _mm256_set1_epi32(k[j]);
            for (int i = 0; i < 4; i++) {
                __m256i v = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(rows + j * stride + x + 8 * i)));
                sum[i] = _mm256_add_epi32(sum[i], _mm256_mullo_epi32(v, factor));
            }
        }
        for (int i = 0; i < 4; i++)
            sum[i] = _mm256_srai_epi32(sum[i], ISO_RESIZE_PRECISION);
        __m256i low = _mm256_packs_epi32(sum[0], sum[1]), high = _mm256_packs_epi32(sum[2], sum[3]);
        __m256i all = _mm256_permutevar8x32_epi32(_mm256_packus_epi16(low, high), _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
        _mm256_storeu_si256((__m256i *)(to + x), all);
    }
    return x;
}

/* Pixel j of each four in quarter j. */
static inline AVX512 __m512i dot_avx512(const uint8_t *from, const int32_t *k, int64_t most) {
    const __m512i spread = _mm512_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3);
    __m512i sum = _mm512_setzero_si512();
    for (int64_t j = 0; j < most; j += 4) {
        __m512i factors = _mm512_permutexvar_epi32(spread, _mm512_castsi128_si512(_mm_loadu_si128((const __m128i *)(k + j))));
        sum = _mm512_add_epi32(sum, _mm512_mullo_epi32(_mm512_cvtepu8_epi32(four_pixels(from + 3 * j)), factors));
    }
    return sum;
}

static inline AVX512 __m128i clipped(__m512i sum) {
    return _mm512_cvtusepi32_epi8(_mm512_max_epi32(_mm512_srai_epi32(sum, ISO_RESIZE_PRECISION), _mm512_setzero_si512()));
}

/* Four rows side by side: their quarters are added across. */
static INLINED AVX512 int64_t fours_avx512(const iso_resize_axis *axis, const iso_image_view *in, int64_t most, iso_image *out) {
    int64_t y = 0, stride = in->stride, width = 3 * out->w;
    for (; y + 4 <= in->h; y += 4) {
        const uint8_t *row = in->pixels + y * stride;
        uint8_t *to = iso_image_row(out, y);
        const int32_t *k = axis->k;
        for (int64_t x = 0; x < axis->out; x++, k += most, to += 3) {
            const uint8_t *from = row + 3 * (int64_t)axis->windows[x].first;
            bool last = x + 1 == axis->out;
            __m512i a = dot_avx512(from, k, most), b = dot_avx512(from + stride, k, most);
            __m512i c = dot_avx512(from + 2 * stride, k, most), d = dot_avx512(from + 3 * stride, k, most);
            __m512i ab = _mm512_add_epi32(_mm512_shuffle_i32x4(a, b, 0x44), _mm512_shuffle_i32x4(a, b, 0xee));
            __m512i cd = _mm512_add_epi32(_mm512_shuffle_i32x4(c, d, 0x44), _mm512_shuffle_i32x4(c, d, 0xee));
            __m512i sum = _mm512_add_epi32(_mm512_shuffle_i32x4(ab, cd, 0x88), _mm512_shuffle_i32x4(ab, cd, 0xdd));
            __m128i pixels = clipped(_mm512_add_epi32(sum, _mm512_set1_epi32(HALF)));
            put_pixel(to, (uint32_t)_mm_extract_epi32(pixels, 0), last);
            put_pixel(to + width, (uint32_t)_mm_extract_epi32(pixels, 1), last);
            put_pixel(to + 2 * width, (uint32_t)_mm_extract_epi32(pixels, 2), last);
            put_pixel(to + 3 * width, (uint32_t)_mm_extract_epi32(pixels, 3), last);
        }
    }
    return y;
}

static AVX512 int64_t horizontal_avx512(const iso_resize_axis *axis, const iso_image_view *in, iso_image *out) {
    return axis->most == 4   ? fours_avx512(axis, in, 4, out)
           : axis->most == 8 ? fours_avx512(axis, in, 8, out)
                             : fours_avx512(axis, in, axis->most, out);
}

/* 64 bytes of an output row at a time. */
static AVX512 int64_t vertical_avx512(const uint8_t *rows, int64_t stride, const int32_t *k, int32_t count, int64_t bytes,
                                      uint8_t *to) {
    int64_t x = 0;
    for (; x + 64 <= bytes; x += 64) {
        __m512i sum[4];
        for (int i = 0; i < 4; i++)
            sum[i] = _mm512_set1_epi32(HALF);
        for (int32_t j = 0; j < count; j++) {
            __m512i factor = _mm512_set1_epi32(k[j]);
            for (int i = 0; i < 4; i++) {
                __m512i v = _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)(rows + j * stride + x + 16 * i)));
                sum[i] = _mm512_add_epi32(sum[i], _mm512_mullo_epi32(v, factor));
            }
        }
        for (int i = 0; i < 4; i++)
            _mm_storeu_si128((__m128i *)(to + x + 16 * i), clipped(sum[i]));
    }
    return x;
}
#endif

/* ---- Whichever ---- */

void iso_resize_horizontal(iso_isa isa, const iso_resize_axis *axis, const iso_image_view *in, iso_image *out) {
    int64_t y = 0;
#ifdef __x86_64__
    if (in->channels == 3 && axis->inside && isa == ISO_ISA_AVX512)
        y = horizontal_avx512(axis, in, out);
    else if (in->channels == 3 && axis->inside && isa == ISO_ISA_AVX2)
        y = horizontal_avx2(axis, in, out);
#endif
    (void)isa;
    horizontal_rows(axis, in, y, out);
}

void iso_resize_vertical(iso_isa isa, const iso_resize_axis *axis, const iso_image_view *in, iso_image *out) {
    for (int64_t y = 0; y < axis->out; y++) {
        const int32_t *k = axis->k + y * axis->most;
        const uint8_t *rows = in->pixels + axis->windows[y].first * in->stride;
        int64_t bytes = in->w * in->channels, x = 0;
        int32_t count = axis->windows[y].count;
#ifdef __x86_64__
        if (isa == ISO_ISA_AVX512)
            x = vertical_avx512(rows, in->stride, k, count, bytes, iso_image_row(out, y));
        else if (isa == ISO_ISA_AVX2)
            x = vertical_avx2(rows, in->stride, k, count, bytes, iso_image_row(out, y));
#endif
        (void)isa;
        vertical_row(rows, in->stride, k, count, x, bytes, iso_image_row(out, y));
    }
}
