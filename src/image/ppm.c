/* PPM, PGM and PBM, plain and raw, as Pillow reads them: other maxima than 255 are scaled and rounded half to even, gray above 8
 * bits to 65535, and then clipped to 255. What Pillow accepts and the format does not (signs, underscores, text behind the last
 * number of a plain file) is damage here. */
#include <math.h>

#include "image/image.h"

struct reader {
    const uint8_t *data;
    size_t at, size;
    iso_worker_error *error;
};

static bool damaged(const struct reader *r, const char *what) {
    return iso_worker_fail(r->error, ISO_EINVAL, "damaged PPM: %s", what);
}

static bool is_space(uint8_t c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The next byte that is not part of a comment, which goes from # to the end of the line; -1 at the end of the file. */
static int next_byte(struct reader *r) {
    while (r->at < r->size && r->data[r->at] == '#') {
        while (r->at < r->size && r->data[r->at] != '\n' && r->data[r->at] != '\r')
            r->at++;
        r->at += r->at < r->size;
    }
    return r->at < r->size ? r->data[r->at++] : -1;
}

/* A number of at most 10 digits; the one byte of white space behind it is taken. */
static bool read_number(struct reader *r, int64_t *number) {
    int c = next_byte(r), digits = 0;
    while (c >= 0 && is_space((uint8_t)c))
        c = next_byte(r);
    *number = 0;
    for (; c >= '0' && c <= '9'; c = next_byte(r)) {
        *number = *number * 10 + (c - '0');
        if (++digits > 10)
            return damaged(r, "a number is too long");
    }
    if (digits == 0)
        return damaged(r, c < 0 ? "the file ends early" : "a number was expected");
    return c < 0 || is_space((uint8_t)c) || damaged(r, "a number was expected");
}

struct header {
    int kind; /* 1 to 6 */
    int64_t w, h, maximum;
    int channels;
};

static bool read_header(struct reader *r, struct header *header) {
    if (r->size < 3 || r->data[1] < '1' || r->data[1] > '6')
        return damaged(r, "it does not begin with P1 to P6");
    header->kind = r->data[1] - '0';
    header->channels = header->kind % 3 == 0 ? 3 : 1;
    header->maximum = 1;
    r->at = 3;
    if (!read_number(r, &header->w) || !read_number(r, &header->h))
        return false;
    if (header->kind % 3 != 1 && !read_number(r, &header->maximum))
        return false;
    if (header->maximum < 1 || header->maximum > 65535)
        return damaged(r, "the maximum is not between 1 and 65535");
    return iso_image_allow(header->w, header->h, r->error);
}

/* Python's round(v / maximum * all). */
static uint8_t scaled(const struct header *header, int64_t v) {
    bool wide = header->channels == 1 && header->maximum > 255;
    double to = nearbyint((double)v / (double)header->maximum * (wide ? 65535.0 : 255.0));
    return (uint8_t)(to > 255 ? 255 : to);
}

static void put(iso_image *image, int64_t sample, int channels, uint8_t v) {
    if (channels == 3)
        image->pixels[sample] = v;
    else
        image->pixels[3 * sample] = image->pixels[3 * sample + 1] = image->pixels[3 * sample + 2] = v;
}

static bool read_plain(struct reader *r, const struct header *header, iso_image *image) {
    int64_t samples = header->w * header->h * header->channels, v = 0;
    int c;
    for (int64_t i = 0; i < samples; i++) {
        if (header->kind == 1) { /* digits need no space between them */
            do
                c = next_byte(r);
            while (c >= 0 && is_space((uint8_t)c));
            if (c != '0' && c != '1')
                return damaged(r, c < 0 ? "the file ends early" : "0 or 1 was expected");
            put(image, i, 1, c == '0' ? 255 : 0);
            continue;
        }
        if (!read_number(r, &v))
            return false;
        if (v > header->maximum)
            return damaged(r, "a number is above the maximum");
        put(image, i, header->channels, scaled(header, v));
    }
    while ((c = next_byte(r)) >= 0)
        if (!is_space((uint8_t)c))
            return damaged(r, "text behind the last number");
    return true;
}

static void read_bits(const struct reader *r, const struct header *header, iso_image *image) {
    int64_t stride = (header->w + 7) / 8;
    for (int64_t y = 0; y < header->h; y++)
        for (int64_t x = 0; x < header->w; x++)
            put(image, y * header->w + x, 1, r->data[r->at + (size_t)(y * stride + x / 8)] >> (7 - x % 8) & 1 ? 0 : 255);
}

static void read_raw(const struct reader *r, const struct header *header, iso_image *image) {
    int64_t samples = header->w * header->h * header->channels;
    const uint8_t *from = r->data + r->at;
    for (int64_t i = 0; i < samples; i++) {
        int64_t v = header->maximum > 255 ? from[2 * i] << 8 | from[2 * i + 1] : from[i];
        put(image, i, header->channels, header->maximum == 255 ? (uint8_t)v : scaled(header, v));
    }
}

/* The bytes that the pixels take at least: so a short file is refused before anything is allocated for it. */
static size_t least_bytes(const struct header *header) {
    size_t samples = (size_t)(header->w * header->h * header->channels); /* NOLINT: read before */
    switch (header->kind) {
    case 1:
        return samples;
    case 4:
        return (size_t)((header->w + 7) / 8 * header->h);
    default:
        return header->kind < 4 ? 2 * samples - 1 : header->maximum > 255 ? 2 * samples : samples;
    }
}

bool iso_ppm_decode(iso_context *ctx, const uint8_t *data, size_t size, iso_image *image, iso_worker_error *error) {
    struct reader r = {data, 0, size, error};
    struct header header;
    if (!read_header(&r, &header))
        return false;
    if (r.size - r.at < least_bytes(&header))
        return damaged(&r, "the file ends early");
    if (!iso_image_resize(ctx, image, header.w, header.h, 3, error))
        return false;
    if (header.kind < 4)
        return read_plain(&r, &header, image);
    if (header.kind == 4)
        read_bits(&r, &header, image);
    else
        read_raw(&r, &header, image);
    return true;
}
