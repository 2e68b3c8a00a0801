/* Colour; the sources of the definitions are Pillow's Blend.c, Convert.c, Filter.c, ImageEnhance.py and ImageOps.py. */
#include "image/colour.h"

#include <math.h>
#include <string.h>

static int64_t pixels_of(const iso_image *image) {
    return image->w * image->h;
}

static uint8_t gray_of(const uint8_t *rgb) {
    return (uint8_t)((19595u * rgb[0] + 38470u * rgb[1] + 7471u * rgb[2] + 32768u) >> 16);
}

/* ImagingBlend: from `a` (factor 0) by way of `b` (factor 1) and beyond. */
static inline uint8_t blend(uint8_t a, uint8_t b, float factor) {
    float v = (float)a + factor * (float)(b - a);
    return (uint8_t)(v <= 0 ? 0 : v >= 255 ? 255 : v);
}

/* ---- Tables: what becomes of each value of each channel ---- */

typedef uint8_t channel_table[256];

static void look_up(iso_image *image, channel_table tables[3]) {
    uint8_t *at = image->pixels;
    for (int64_t i = pixels_of(image); i > 0; i--)
        for (int c = 0; c < image->channels; c++, at++)
            *at = tables[c][*at];
}

static void look_up_all(iso_image *image, const channel_table table) {
    int64_t bytes = pixels_of(image) * image->channels;
    for (int64_t i = 0; i < bytes; i++)
        image->pixels[i] = table[image->pixels[i]];
}

static void blend_with(iso_image *image, uint8_t colour, double factor) {
    channel_table table;
    for (int v = 0; v < 256; v++)
        table[v] = blend(colour, (uint8_t)v, (float)factor);
    look_up_all(image, table);
}

void iso_image_brightness(iso_image *image, double factor) {
    blend_with(image, 0, factor);
}

void iso_image_contrast(iso_image *image, double factor) {
    int64_t sum = 0, pixels = pixels_of(image);
    const uint8_t *at = image->pixels;
    for (int64_t i = 0; i < pixels; i++, at += image->channels)
        sum += image->channels == 3 ? gray_of(at) : *at;
    blend_with(image, (uint8_t)((double)sum / (double)pixels + 0.5), factor);
}

void iso_image_invert(iso_image *image) {
    int64_t bytes = pixels_of(image) * image->channels;
    for (int64_t i = 0; i < bytes; i++)
        image->pixels[i] = (uint8_t)(255 - image->pixels[i]);
}

void iso_image_posterize(iso_image *image, int bits) {
    channel_table table;
    for (int v = 0; v < 256; v++)
        table[v] = (uint8_t)(v & ~((1 << (8 - bits)) - 1));
    look_up_all(image, table);
}

void iso_image_solarize(iso_image *image, double threshold) {
    channel_table table;
    for (int v = 0; v < 256; v++)
        table[v] = (uint8_t)(v < threshold ? v : 255 - v);
    look_up_all(image, table);
}

/* ---- Tables from histograms ---- */

static void count_values(const iso_image *image, int64_t counts[3][256]) {
    memset(counts, 0, sizeof(int64_t[3][256]));
    const uint8_t *at = image->pixels;
    for (int64_t i = pixels_of(image); i > 0; i--)
        for (int c = 0; c < image->channels; c++)
            counts[c][*at++]++;
}

void iso_image_autocontrast(iso_image *image) {
    int64_t counts[3][256];
    channel_table tables[3];
    count_values(image, counts);
    for (int c = 0; c < image->channels; c++) {
        int low = 0, high = 255;
        while (low < 255 && !counts[c][low])
            low++;
        while (high > 0 && !counts[c][high])
            high--;
        double scale = high > low ? 255.0 / (high - low) : 1.0, offset = high > low ? -low * scale : 0.0;
        for (int v = 0; v < 256; v++) {
            double to = v * scale + offset;
            tables[c][v] = (uint8_t)(to < 0 ? 0 : to > 255 ? 255 : to);
        }
    }
    look_up(image, tables);
}

/* The pixels of all values but the highest, in 255 steps. */
static void equalizing_table(const int64_t counts[256], channel_table table) {
    int64_t sum = 0, last = 0;
    for (int v = 0; v < 256; v++) {
        sum += counts[v];
        last = counts[v] ? counts[v] : last;
    }
    int64_t step = (sum - last) / 255, n = step / 2;
    for (int v = 0; v < 256; v++) {
        table[v] = (uint8_t)(step ? iso_min64(n / step, 255) : v);
        n += counts[v];
    }
}

void iso_image_equalize(iso_image *image) {
    int64_t counts[3][256];
    channel_table tables[3];
    count_values(image, counts);
    for (int c = 0; c < image->channels; c++)
        equalizing_table(counts[c], tables[c]);
    look_up(image, tables);
}

/* ---- Gray ---- */

void iso_image_saturation(iso_image *image, double factor) {
    if (image->channels != 3)
        return;
    uint8_t *at = image->pixels;
    for (int64_t i = pixels_of(image); i > 0; i--, at += 3) {
        uint8_t gray = gray_of(at);
        for (int c = 0; c < 3; c++)
            at[c] = blend(gray, at[c], (float)factor);
    }
}

bool iso_image_gray(iso_context *ctx, const iso_image *in, int channels, iso_image *out, iso_worker_error *error) {
    if (!iso_image_resize(ctx, out, in->w, in->h, channels, error))
        return false;
    const uint8_t *from = in->pixels;
    uint8_t *to = out->pixels;
    for (int64_t i = pixels_of(in); i > 0; i--, from += in->channels) {
        uint8_t gray = in->channels == 3 ? gray_of(from) : *from;
        for (int c = 0; c < channels; c++)
            *to++ = gray;
    }
    return true;
}

/* ---- Sharpness ---- */

/* ImageFilter.SMOOTH at one byte: the row below first, `step` bytes between neighbours. */
static uint8_t smoothed(const uint8_t *at, int64_t stride, int step) {
    const float around = 1.0f / 13.0f, middle = 5.0f / 13.0f;
    float sum = 0.5f;
    for (int row = 1; row >= -1; row--) {
        const uint8_t *p = at + row * stride;
        sum += (float)p[-step] * around + (float)p[0] * (row ? around : middle) + (float)p[step] * around;
    }
    return (uint8_t)(sum >= 255 ? 255 : sum);
}

bool iso_image_sharpness(iso_context *ctx, const iso_image *in, double factor, iso_image *out, iso_worker_error *error) {
    int64_t stride = in->w * in->channels;
    if (!iso_image_resize(ctx, out, in->w, in->h, in->channels, error))
        return false;
    memcpy(out->pixels, in->pixels, (size_t)(stride * in->h)); /* the border stays */
    for (int64_t y = 1; y < in->h - 1; y++) {
        const uint8_t *from = iso_image_row(in, y);
        uint8_t *to = iso_image_row(out, y);
        for (int64_t i = in->channels; i < stride - in->channels; i++)
            to[i] = blend(smoothed(from + i, stride, in->channels), from[i], (float)factor);
    }
    return true;
}

/* ---- Hue ---- */

struct hsv {
    uint8_t h, s, v;
};

static struct hsv to_hsv(const uint8_t *rgb) {
    int r = rgb[0], g = rgb[1], b = rgb[2];
    int most = r > g ? r : g, least = r < g ? r : g;
    most = most > b ? most : b;
    least = least < b ? least : b;
    if (most == least)
        return (struct hsv){0, 0, (uint8_t)most};
    float range = (float)(most - least), s = range / (float)most, h;
    float rc = (float)(most - r) / range, gc = (float)(most - g) / range, bc = (float)(most - b) / range;
    if (r == most)
        h = bc - gc;
    else if (g == most)
        h = (float)(2.0 + rc - bc);
    else
        h = (float)(4.0 + gc - rc);
    h = (float)fmod(h / 6.0 + 1.0, 1.0);
    return (struct hsv){(uint8_t)(h * 255.0), (uint8_t)(s * 255.0), (uint8_t)most};
}

static void to_rgb(struct hsv hsv, uint8_t *rgb) {
    double turn = (float)hsv.h * 6.0 / 255.0, v = hsv.v;
    int sector = (int)floor(turn);
    float f = (float)(turn - (float)sector), s = (float)(hsv.s / 255.0);
    uint8_t p = (uint8_t)round(v * (1.0 - s)), q = (uint8_t)round(v * (1.0 - s * f)),
            t = (uint8_t)round(v * (1.0 - s * (1.0 - f)));
    const uint8_t sectors[6][3] = {{hsv.v, t, p}, {q, hsv.v, p}, {p, hsv.v, t}, {p, q, hsv.v}, {t, p, hsv.v}, {hsv.v, p, q}};
    memcpy(rgb, sectors[sector % 6], 3);
    if (hsv.s == 0)
        rgb[0] = rgb[1] = rgb[2] = hsv.v;
}

void iso_image_hue(iso_image *image, double factor) {
    if (image->channels != 3)
        return;
    uint8_t turn = (uint8_t)(int)(factor * 255);
    uint8_t *at = image->pixels;
    for (int64_t i = pixels_of(image); i > 0; i--, at += 3) {
        struct hsv hsv = to_hsv(at);
        hsv.h = (uint8_t)(hsv.h + turn);
        to_rgb(hsv, at);
    }
}
