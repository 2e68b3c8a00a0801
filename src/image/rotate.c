/* Rotation; the source of the definition is Pillow's Image.py. */
#include <math.h>
#include <string.h>

#include "image/resample.h"

#define PI 3.14159265358979323846

/* round(x, 15) as Python computes it, for |x| <= 1: to the nearest decimal of 15 places, ties to even, and back to the nearest
 * double. The product is exact in two parts, and 10^15 is a double, so the division rounds correctly. This step is also what
 * makes the matrix independent of the C library's sine and cosine. */
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

static iso_affine map_of(int64_t w, int64_t h, const iso_rotation *r) {
    double t = -(positive_angle(r->angle) * (PI / 180.0));
    double cx = r->center ? r->center[0] : (double)w / 2.0, cy = r->center ? r->center[1] : (double)h / 2.0;
    iso_affine m = {.a = round15(cos(t)), .b = round15(sin(t)), .d = round15(-sin(t)), .e = round15(cos(t)), .w = w, .h = h};
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
    iso_affine m = map_of(w, h, r);
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

iso_box iso_image_rotate_source(int64_t w, int64_t h, const iso_rotation *r, const iso_box *part) {
    if (quarter_turns(w, h, r) >= 0)
        return (iso_box){0, 0, w, h};
    iso_affine m = map_of(w, h, r);
    return iso_affine_source(&m, part, w, h);
}

bool iso_image_rotate(iso_context *ctx, const iso_image *in, const iso_rotation *r, const iso_box *part, iso_image *out,
                      iso_worker_error *error) {
    int turns = quarter_turns(in->w, in->h, r);
    if (turns >= 0)
        return turn(ctx, in, turns, out, error);
    iso_affine m = map_of(in->w, in->h, r);
    return iso_image_affine(ctx, in, &m, r->filter, r->fill, part, out, error);
}
