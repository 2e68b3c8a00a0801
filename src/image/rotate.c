/* Rotation; the source of the definition is Pillow's Image.py and Geometry.c. */
#include <math.h>
#include <string.h>

#include "image/resample.h"

#define PI 3.14159265358979323846

/* round(x, 15) as Python computes it, for |x| <= 1: to the nearest decimal of 15 places, ties to even, and back to the nearest double.
 * The product is exact in two parts, and 10^15 is a double, so the division rounds correctly. This step is also what makes the
 * matrix independent of the C library's sine and cosine. */
static double round15(double x) {
    double product = x * 1e15, rest = fma(x, 1e15, -product), nearest = rint(product);
    double off = (product - nearest) + rest;
    if (off > 0.5)
        nearest += 1.0;
    else if (off < -0.5)
        nearest -= 1.0;
    return nearest / 1e15;
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

static struct affine map_of(int64_t w, int64_t h, const iso_rotation *r) {
    double t = -(positive_angle(r->angle) * (PI / 180.0));
    double cx = r->center ? r->center[0] : (double)w / 2.0, cy = r->center ? r->center[1] : (double)h / 2.0;
    struct affine m = {.a = round15(cos(t)), .b = round15(sin(t)), .d = round15(-sin(t)), .e = round15(cos(t)), .w = w, .h = h};
    m.c = m.a * -cx + m.b * -cy + 0.0 + cx;
    m.f = m.d * -cx + m.e * -cy + 0.0 + cy;
    if (!r->expand)
        return m;
    double corners[4][2] = {{0, 0}, {(double)w, 0}, {(double)w, (double)h}, {0, (double)h}}, low[2] = {0, 0}, high[2] = {0, 0};
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

/* The quarter turns that Pillow answers by moving pixels; -1 if it does not. */
static int quarter_turns(int64_t w, int64_t h, const iso_rotation *r) {
    double angle = positive_angle(r->angle);
    if (r->center)
        return -1;
    if (angle == 0)
        return 0;
    if (angle == 180)
        return 2;
    if ((angle == 90 || angle == 270) && (r->expand || w == h))
        return angle == 90 ? 1 : 3;
    return -1;
}

void iso_image_rotated_size(int64_t w, int64_t h, const iso_rotation *r, int64_t *out_w, int64_t *out_h) {
    int turns = quarter_turns(w, h, r);
    struct affine m = map_of(w, h, r);
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

/* ---- Nearest ---- */

static int32_t fixed(double v) { return (int32_t)floor(v * 65536.0 + 0.5); }

static inline void copy_pixel(uint8_t *to, const iso_image *in, int64_t x, int64_t y) {
    if (x < 0 || x >= in->w || y < 0 || y >= in->h)
        return;
    const uint8_t *from = iso_image_row(in, y) + x * in->channels;
    for (int c = 0; c < in->channels; c++)
        to[c] = from[c];
}

/* 16.16 fixed point. */
static void nearest_fixed(const struct affine *m, const iso_image *in, iso_image *out) {
    int32_t a = fixed(m->a), b = fixed(m->b), d = fixed(m->d), e = fixed(m->e);
    int32_t c = fixed(m->c + m->a * 0.5 + m->b * 0.5), f = fixed(m->f + m->d * 0.5 + m->e * 0.5);
    for (int64_t y = 0; y < out->h; y++) {
        uint32_t px = (uint32_t)c + (uint32_t)y * (uint32_t)b, py = (uint32_t)f + (uint32_t)y * (uint32_t)e;
        uint8_t *to = iso_image_row(out, y);
        for (int64_t x = 0; x < out->w; x++, px += (uint32_t)a, py += (uint32_t)d, to += in->channels)
            copy_pixel(to, in, (int32_t)px >> 16, (int32_t)py >> 16);
    }
}

static int64_t truncated(double v) { return v < 0.0 ? -1 : v > 1e9 ? INT32_MAX : (int64_t)v; }

/* Where fixed point does not reach, beyond 32,767 pixels: the same in binary64 with running sums. */
static void nearest_large(const struct affine *m, const iso_image *in, iso_image *out) {
    double start_x = m->c + m->b * 0.5 + m->a * 0.5, start_y = m->f + m->e * 0.5 + m->d * 0.5;
    for (int64_t y = 0; y < out->h; y++, start_x += m->b, start_y += m->e) {
        uint8_t *to = iso_image_row(out, y);
        double px = start_x, py = start_y;
        for (int64_t x = 0; x < out->w; x++, px += m->a, py += m->d, to += in->channels)
            copy_pixel(to, in, truncated(px), truncated(py));
    }
}

/* No rotation is left in the matrix (0 or 180 degrees about a given centre): columns and rows by running sums. */
static void nearest_straight(const struct affine *m, const iso_image *in, iso_image *out) {
    double py = m->f + m->e * 0.5;
    for (int64_t y = 0; y < out->h; y++, py += m->e) {
        uint8_t *to = iso_image_row(out, y);
        double px = m->c + m->a * 0.5;
        for (int64_t x = 0; x < out->w; x++, px += m->a, to += in->channels)
            copy_pixel(to, in, truncated(px), truncated(py));
    }
}

static bool fits_fixed_point(const struct affine *m) {
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
static bool locate(const struct affine *m, const iso_image *in, int64_t ox, int64_t oy, struct position *p) {
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

static int64_t clamp(int64_t i, int64_t n) { return i < 0 ? 0 : i < n ? i : n - 1; }

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

static void smooth(const struct affine *m, const iso_image *in, iso_image *out, bool is_cubic) {
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

bool iso_image_rotate(iso_context *ctx, const iso_image *in, const iso_rotation *r, iso_image *out, iso_worker_error *error) {
    int turns = quarter_turns(in->w, in->h, r);
    if (turns >= 0)
        return turn(ctx, in, turns, out, error);
    struct affine m = map_of(in->w, in->h, r);
    if (!iso_image_resize(ctx, out, m.w, m.h, in->channels, error))
        return false;
    uint8_t *to = out->pixels;
    for (int64_t i = 0; i < m.w * m.h; i++)
        for (int c = 0; c < in->channels; c++)
            *to++ = r->fill[c];
    if (r->filter != ISO_NEAREST)
        smooth(&m, in, out, r->filter == ISO_BICUBIC);
    else if (m.b == 0 && m.d == 0)
        nearest_straight(&m, in, out);
    else if (fits_fixed_point(&m))
        nearest_fixed(&m, in, out);
    else
        nearest_large(&m, in, out);
    return true;
}
