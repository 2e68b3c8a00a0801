/* Affine maps of images; the source of the definition is Pillow's Geometry.c. */
#include <math.h>

#include "image/resample.h"

/* ---- Nearest ---- */

static int32_t fixed(double v) {
    return (int32_t)floor(v * 65536.0 + 0.5);
}

static inline void copy_pixel(uint8_t *to, const iso_image *in, int64_t x, int64_t y) {
    if (x < 0 || x >= in->w || y < 0 || y >= in->h)
        return;
    const uint8_t *from = iso_image_row(in, y) + x * in->channels;
    for (int c = 0; c < in->channels; c++)
        to[c] = from[c];
}

/* 16.16 fixed point. */
static void nearest_fixed(const iso_affine *m, const iso_image *in, iso_image *out) {
    int32_t a = fixed(m->a), b = fixed(m->b), d = fixed(m->d), e = fixed(m->e);
    int32_t c = fixed(m->c + m->a * 0.5 + m->b * 0.5), f = fixed(m->f + m->d * 0.5 + m->e * 0.5);
    for (int64_t y = 0; y < out->h; y++) {
        uint32_t px = (uint32_t)c + (uint32_t)y * (uint32_t)b, py = (uint32_t)f + (uint32_t)y * (uint32_t)e;
        uint8_t *to = iso_image_row(out, y);
        for (int64_t x = 0; x < out->w; x++, px += (uint32_t)a, py += (uint32_t)d, to += in->channels)
            copy_pixel(to, in, (int32_t)px >> 16, (int32_t)py >> 16);
    }
}

static int64_t truncated(double v) {
    return v < 0.0 ? -1 : v > 1e9 ? INT32_MAX : (int64_t)v;
}

/* Where fixed point does not reach, beyond 32,767 pixels: the same in binary64 with running sums. */
static void nearest_large(const iso_affine *m, const iso_image *in, iso_image *out) {
    double start_x = m->c + m->b * 0.5 + m->a * 0.5, start_y = m->f + m->e * 0.5 + m->d * 0.5;
    for (int64_t y = 0; y < out->h; y++, start_x += m->b, start_y += m->e) {
        uint8_t *to = iso_image_row(out, y);
        double px = start_x, py = start_y;
        for (int64_t x = 0; x < out->w; x++, px += m->a, py += m->d, to += in->channels)
            copy_pixel(to, in, truncated(px), truncated(py));
    }
}

/* No rotation is left in the matrix (0 or 180 degrees about a given centre): columns and rows by running sums. */
static void nearest_straight(const iso_affine *m, const iso_image *in, iso_image *out) {
    double py = m->f + m->e * 0.5;
    for (int64_t y = 0; y < out->h; y++, py += m->e) {
        uint8_t *to = iso_image_row(out, y);
        double px = m->c + m->a * 0.5;
        for (int64_t x = 0; x < out->w; x++, px += m->a, to += in->channels)
            copy_pixel(to, in, truncated(px), truncated(py));
    }
}

static bool fits_fixed_point(const iso_affine *m) {
    for (int corner = 0; corner < 4; corner++) {
        double x = corner & 1 ? (double)m->w : 0, y = corner & 2 ? (double)m->h : 0;
        if (!(fabs(m->a * x + m->b * y + m->c) < 32768 && fabs(m->d * x + m->e * y + m->f) < 32768))
            return false;
    }
    return true;
}

/* ---- Bilinear and bicubic ---- */

/* Where an output pixel comes from: whole part and fraction of the source position; false if that lies outside. */
struct position {
    int64_t x, y;
    double dx, dy;
};
static bool locate(const iso_affine *m, const iso_image *in, int64_t ox, int64_t oy, struct position *p) {
    double x = m->a * ((double)ox + 0.5) + m->b * ((double)oy + 0.5) + m->c;
    double y = m->d * ((double)ox + 0.5) + m->e * ((double)oy + 0.5) + m->f;
    if (!(x >= 0 && x < (double)in->w && y >= 0 && y < (double)in->h))
        return false;
    x -= 0.5;
    y -= 0.5;
    p->x = (int64_t)floor(x);
    p->y = (int64_t)floor(y);
    p->dx = x - (double)p->x;
    p->dy = y - (double)p->y;
    return true;
}

static int64_t clamp(int64_t i, int64_t n) {
    return i < 0 ? 0 : i < n ? i : n - 1;
}

static void bilinear_pixel(const iso_image *in, const struct position *p, uint8_t *to) {
    int channels = in->channels;
    int64_t x0 = clamp(p->x, in->w) * channels, x1 = clamp(p->x + 1, in->w) * channels;
    const uint8_t *upper = iso_image_row(in, clamp(p->y, in->h));
    const uint8_t *lower = p->y + 1 >= 0 && p->y + 1 < in->h ? iso_image_row(in, p->y + 1) : upper;
    for (int c = 0; c < channels; c++) {
        double v1 = upper[x0 + c] + (upper[x1 + c] - upper[x0 + c]) * p->dx;
        double v2 = lower[x0 + c] + (lower[x1 + c] - lower[x0 + c]) * p->dx;
        to[c] = (uint8_t)(v1 + (v2 - v1) * p->dy);
    }
}

static double cubic(double v1, double v2, double v3, double v4, double d) {
    double p1 = v2, p2 = -v1 + v3, p3 = 2 * (v1 - v2) + v3 - v4, p4 = -v1 + v2 - v3 + v4;
    return p1 + d * (p2 + d * (p3 + d * p4));
}

static void bicubic_pixel(const iso_image *in, const struct position *p, uint8_t *to) {
    int channels = in->channels;
    int64_t x[4];
    for (int i = 0; i < 4; i++)
        x[i] = clamp(p->x - 1 + i, in->w) * channels;
    for (int c = 0; c < channels; c++) {
        double v[4];
        for (int i = 0; i < 4; i++) {
            int64_t y = p->y - 1 + i;
            if (i > 0 && (y < 0 || y >= in->h)) { /* outside: what the row before gave */
                v[i] = v[i - 1];
                continue;
            }
            const uint8_t *row = iso_image_row(in, clamp(y, in->h)) + c;
            v[i] = cubic(row[x[0]], row[x[1]], row[x[2]], row[x[3]], p->dx);
        }
        double value = cubic(v[0], v[1], v[2], v[3], p->dy);
        to[c] = value <= 0.0 ? 0 : value >= 255.0 ? 255 : (uint8_t)value;
    }
}

static void smooth(const iso_affine *m, const iso_image *in, iso_image *out, bool is_cubic) {
    struct position p;
    for (int64_t y = 0; y < out->h; y++) {
        uint8_t *to = iso_image_row(out, y);
        for (int64_t x = 0; x < out->w; x++, to += in->channels)
            if (!locate(m, in, x, y, &p))
                continue;
            else if (is_cubic)
                bicubic_pixel(in, &p, to);
            else
                bilinear_pixel(in, &p, to);
    }
}

bool iso_image_affine(iso_context *ctx, const iso_image *in, const iso_affine *m, iso_interpolation filter, const uint8_t fill[3],
                      iso_image *out, iso_worker_error *error) {
    if (!iso_image_resize(ctx, out, m->w, m->h, in->channels, error))
        return false;
    uint8_t *to = out->pixels;
    for (int64_t i = 0; i < m->w * m->h; i++)
        for (int c = 0; c < in->channels; c++)
            *to++ = fill[c];
    if (filter != ISO_NEAREST)
        smooth(m, in, out, filter == ISO_BICUBIC);
    else if (m->b == 0 && m->d == 0)
        nearest_straight(m, in, out);
    else if (fits_fixed_point(m))
        nearest_fixed(m, in, out);
    else
        nearest_large(m, in, out);
    return true;
}
