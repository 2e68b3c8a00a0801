/* Crops, flips and rotation; the source of the definitions is Pillow's Geometry.c and Image.py. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "expr/expr.h"
#include "image/resample.h"

#define PI 3.14159265358979323846

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

static void swap_pixels(uint8_t *a, uint8_t *b, int64_t bytes) {
    for (int64_t i = 0; i < bytes; i++) {
        uint8_t keep = a[i];
        a[i] = b[i];
        b[i] = keep;
    }
}

void iso_image_flip_horizontal(iso_image *image) {
    int channels = image->channels;
    for (int64_t y = 0; y < image->h; y++) {
        uint8_t *row = iso_image_row(image, y);
        for (int64_t x = 0; x < image->w / 2; x++)
            swap_pixels(row + x * channels, row + (image->w - 1 - x) * channels, channels);
    }
}

void iso_image_flip_vertical(iso_image *image) {
    for (int64_t y = 0; y < image->h / 2; y++)
        swap_pixels(iso_image_row(image, y), iso_image_row(image, image->h - 1 - y), image->w * image->channels);
}

/* ---- Rotation ---- */

/* round(x, 15) as Python computes it: to decimal digits and back. This is also what makes the matrix independent of the C library's
 * sine and cosine. */
static double round15(double x) {
    char digits[40];
    const char *end;
    snprintf(digits, sizeof digits, "%.15f", x);
    for (char *c = digits; *c; c++)
        if (*c == ',')
            *c = '.'; /* a locale's decimal point */
    return iso_read_double(digits, &end);
}

static double positive_angle(double angle) {
    angle = fmod(angle, 360.0);
    return angle < 0 ? angle + 360.0 : angle;
}

/* The map from output to source: x' = a x + b y + c, y' = d x + e y + f. */
struct affine {
    double a, b, c, d, e, f;
    int64_t w, h; /* of the output */
};

static struct affine rotation(int64_t w, int64_t h, double angle, bool expand) {
    double t = -(angle * (PI / 180.0)), cx = (double)w / 2.0, cy = (double)h / 2.0;
    struct affine m = {.a = round15(cos(t)), .b = round15(sin(t)), .d = round15(-sin(t)), .e = round15(cos(t)), .w = w, .h = h};
    m.c = m.a * -cx + m.b * -cy + 0.0 + cx;
    m.f = m.d * -cx + m.e * -cy + 0.0 + cy;
    if (!expand)
        return m;
    double corners[4][2] = {{0, 0}, {(double)w, 0}, {(double)w, (double)h}, {0, (double)h}}, low[2], high[2];
    for (int i = 0; i < 4; i++) {
        double p[2] = {m.a * corners[i][0] + m.b * corners[i][1] + m.c, m.d * corners[i][0] + m.e * corners[i][1] + m.f};
        for (int j = 0; j < 2; j++) {
            low[j] = i == 0 || p[j] < low[j] ? p[j] : low[j];
            high[j] = i == 0 || p[j] > high[j] ? p[j] : high[j];
        }
    }
    m.w = (int64_t)(ceil(high[0]) - floor(low[0]));
    m.h = (int64_t)(ceil(high[1]) - floor(low[1]));
    double qx = -(double)(m.w - w) / 2.0, qy = -(double)(m.h - h) / 2.0, c = m.c, f = m.f;
    m.c = m.a * qx + m.b * qy + c;
    m.f = m.d * qx + m.e * qy + f;
    return m;
}

/* A quarter turn that Pillow answers with a transposition; -1 if it does not. */
static int quarter_turns(double angle, int64_t w, int64_t h, bool expand) {
    if (angle == 0)
        return 0;
    if (angle == 180)
        return 2;
    if ((angle == 90 || angle == 270) && (expand || w == h))
        return angle == 90 ? 1 : 3;
    return -1;
}

void iso_image_rotated_size(int64_t w, int64_t h, double angle, int64_t *out_w, int64_t *out_h) {
    angle = positive_angle(angle);
    int turns = quarter_turns(angle, w, h, true);
    struct affine m = rotation(w, h, angle, true);
    *out_w = turns < 0 ? m.w : turns % 2 ? h : w;
    *out_h = turns < 0 ? m.h : turns % 2 ? w : h;
}

static bool turn(iso_context *ctx, const iso_image *in, int turns, iso_image *out, iso_worker_error *error) {
    bool side = turns % 2;
    if (!iso_image_resize(ctx, out, side ? in->h : in->w, side ? in->w : in->h, in->channels, error))
        return false;
    for (int64_t y = 0; y < out->h; y++)
        for (int64_t x = 0; x < out->w; x++) {
            int64_t sx = turns == 0 ? x : turns == 1 ? in->w - 1 - y : turns == 2 ? in->w - 1 - x : y;
            int64_t sy = turns == 0 ? y : turns == 1 ? x : turns == 2 ? in->h - 1 - y : in->h - 1 - x;
            memcpy(iso_image_row(out, y) + x * in->channels, iso_image_row(in, sy) + sx * in->channels, (size_t)in->channels);
        }
    return true;
}

static int32_t fixed(double v) { return (int32_t)floor(v * 65536.0 + 0.5); }

/* Nearest in 16.16 fixed point. */
static void rotate_nearest(const struct affine *m, const iso_image *in, iso_image *out) {
    int32_t a = fixed(m->a), b = fixed(m->b), d = fixed(m->d), e = fixed(m->e);
    int32_t c = fixed(m->c + m->a * 0.5 + m->b * 0.5), f = fixed(m->f + m->d * 0.5 + m->e * 0.5);
    for (int64_t y = 0; y < out->h; y++) {
        uint32_t px = (uint32_t)c + (uint32_t)y * (uint32_t)b, py = (uint32_t)f + (uint32_t)y * (uint32_t)e;
        uint8_t *to = iso_image_row(out, y);
        for (int64_t x = 0; x < out->w; x++, px += (uint32_t)a, py += (uint32_t)d, to += in->channels) {
            int32_t sx = (int32_t)px >> 16, sy = (int32_t)py >> 16;
            if (sx >= 0 && sx < in->w && sy >= 0 && sy < in->h)
                memcpy(to, iso_image_row(in, sy) + sx * in->channels, (size_t)in->channels);
        }
    }
}

/* Beyond 32,767 pixels fixed point does not reach: the same in binary64 with running sums. */
static void rotate_nearest_large(const struct affine *m, const iso_image *in, iso_image *out) {
    double start_x = m->c + m->b * 0.5 + m->a * 0.5, start_y = m->f + m->e * 0.5 + m->d * 0.5;
    for (int64_t y = 0; y < out->h; y++, start_x += m->b, start_y += m->e) {
        uint8_t *to = iso_image_row(out, y);
        double px = start_x, py = start_y;
        for (int64_t x = 0; x < out->w; x++, px += m->a, py += m->d, to += in->channels) {
            int64_t sx = px < 0 ? -1 : (int64_t)px, sy = py < 0 ? -1 : (int64_t)py;
            if (sx >= 0 && sx < in->w && sy >= 0 && sy < in->h)
                memcpy(to, iso_image_row(in, sy) + sx * in->channels, (size_t)in->channels);
        }
    }
}

static void rotate_bilinear(const struct affine *m, const iso_image *in, iso_image *out) {
    int channels = in->channels;
    for (int64_t oy = 0; oy < out->h; oy++) {
        uint8_t *to = iso_image_row(out, oy);
        for (int64_t ox = 0; ox < out->w; ox++, to += channels) {
            double x = m->a * ((double)ox + 0.5) + m->b * ((double)oy + 0.5) + m->c;
            double y = m->d * ((double)ox + 0.5) + m->e * ((double)oy + 0.5) + m->f;
            if (!(x >= 0 && x < (double)in->w && y >= 0 && y < (double)in->h))
                continue;
            x -= 0.5;
            y -= 0.5;
            int64_t ix = (int64_t)floor(x), iy = (int64_t)floor(y);
            double dx = x - (double)ix, dy = y - (double)iy;
            int64_t x0 = iso_max64(ix, 0), x1 = iso_min64(ix + 1, in->w - 1);
            const uint8_t *upper = iso_image_row(in, iso_max64(iy, 0));
            const uint8_t *lower = iy + 1 >= 0 && iy + 1 < in->h ? iso_image_row(in, iy + 1) : upper;
            for (int c = 0; c < channels; c++) {
                int p = upper[x0 * channels + c], q = upper[x1 * channels + c];
                double v1 = p + (q - p) * dx;
                p = lower[x0 * channels + c];
                q = lower[x1 * channels + c];
                double v2 = p + (q - p) * dx;
                to[c] = (uint8_t)(v1 + (v2 - v1) * dy);
            }
        }
    }
}

static bool fits_fixed_point(const struct affine *m) {
    for (int corner = 0; corner < 4; corner++) {
        double x = corner & 1 ? (double)m->w : 0, y = corner & 2 ? (double)m->h : 0;
        if (fabs(m->a * x + m->b * y + m->c) >= 32768 || fabs(m->d * x + m->e * y + m->f) >= 32768)
            return false;
    }
    return true;
}

bool iso_image_rotate(iso_context *ctx, const iso_image *in, double angle, iso_interpolation filter, bool expand,
                      const uint8_t fill[3], iso_image *out, iso_worker_error *error) {
    angle = positive_angle(angle);
    int turns = quarter_turns(angle, in->w, in->h, expand);
    if (turns >= 0)
        return turn(ctx, in, turns, out, error);
    struct affine m = rotation(in->w, in->h, angle, expand);
    if (!iso_image_resize(ctx, out, m.w, m.h, in->channels, error))
        return false;
    for (int64_t i = 0; i < m.w * m.h * in->channels; i++)
        out->pixels[i] = fill[i % in->channels];
    if (filter == ISO_BILINEAR)
        rotate_bilinear(&m, in, out);
    else if (fits_fixed_point(&m))
        rotate_nearest(&m, in, out);
    else
        rotate_nearest_large(&m, in, out);
    return true;
}
