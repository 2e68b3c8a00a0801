/* Affine maps of images; the source of the definition is Pillow's Geometry.c. */
#include <math.h>
#include <string.h>

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

/* Narrows low .. high - 1 to the i where start + i * step lies in 0 .. limit - 1. */
static void narrow(int64_t start, int64_t step, int64_t limit, int64_t *low, int64_t *high) {
    if (step < 0) { /* the same from the other end of the limits */
        start = limit - 1 - start;
        step = -step;
    }
    int64_t first = 0, end = INT64_MAX;
    if (step == 0)
        end = start >= 0 && start < limit ? INT64_MAX : 0;
    else {
        first = start < 0 ? (-start + step - 1) / step : 0;
        end = start < limit ? (limit - start + step - 1) / step : 0;
    }
    *low = iso_max64(*low, first);
    *high = iso_min64(*high, end);
}

#define BLOCK 64 /* pixels whose places are computed before they are moved: that runs over lanes, and moving does not */

/* One row of three channels: pixels low .. high - 1, all from inside. Four bytes move at once; the fourth is the next pixel's,
 * and set with it. */
static inline __attribute__((always_inline)) void copy_row_lanes(const iso_image *in, int32_t px, int32_t py, int32_t a,
                                                                 int32_t d, int64_t low, int64_t high, uint8_t *to) {
    int32_t stride = (int32_t)in->w * 3, at[BLOCK];
    for (int64_t x = low; x < high; x += BLOCK) {
        int32_t count = (int32_t)iso_min64(BLOCK, high - x), first_x = (int32_t)(px + x * a), first_y = (int32_t)(py + x * d);
        for (int32_t i = 0; i < count; i++)
            at[i] = ((first_y + i * d) >> 16) * stride + ((first_x + i * a) >> 16) * 3;
        for (int32_t i = 0; i < count - 1; i++)
            memcpy(to + 3 * (x + i), in->pixels + at[i], 4); /* NOLINT: set above */
        memcpy(to + 3 * (x + count - 1), in->pixels + at[count - 1], 3);
    }
}

static void copy_row(const iso_image *in, int32_t px, int32_t py, int32_t a, int32_t d, int64_t low, int64_t high, uint8_t *to) {
    copy_row_lanes(in, px, py, a, d, low, high, to);
}

#ifdef __x86_64__
static __attribute__((target("avx2"))) void copy_row_avx2(const iso_image *in, int32_t px, int32_t py, int32_t a, int32_t d,
                                                          int64_t low, int64_t high, uint8_t *to) {
    copy_row_lanes(in, px, py, a, d, low, high, to);
}
#endif

/* 16.16 fixed point. No position leaves 32 bits: fits_fixed_point. */
static void nearest_fixed(iso_isa isa, const iso_affine *m, const iso_image *in, const iso_box *part, iso_image *out) {
    void (*move)(const iso_image *, int32_t, int32_t, int32_t, int32_t, int64_t, int64_t, uint8_t *) = copy_row;
#ifdef __x86_64__
    if (isa == ISO_ISA_AVX2 || isa == ISO_ISA_AVX512)
        move = copy_row_avx2;
#endif
    (void)isa;
    int64_t a = fixed(m->a), b = fixed(m->b), d = fixed(m->d), e = fixed(m->e);
    int64_t c = fixed(m->c + m->a * 0.5 + m->b * 0.5), f = fixed(m->f + m->d * 0.5 + m->e * 0.5);
    for (int64_t y = part->y0; y < part->y1; y++) {
        int64_t px = c + y * b, py = f + y * e, low = part->x0, high = part->x1;
        narrow(px, a, in->w << 16, &low, &high);
        narrow(py, d, in->h << 16, &low, &high);
        if (in->channels == 3)
            move(in, (int32_t)px, (int32_t)py, (int32_t)a, (int32_t)d, low, high, iso_image_row(out, y));
        else
            for (int64_t x = low; x < high; x++)
                copy_pixel(iso_image_row(out, y) + x * in->channels, in, (px + x * a) >> 16, (py + x * d) >> 16);
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

static void smooth(const iso_affine *m, const iso_image *in, const iso_box *part, iso_image *out, bool is_cubic) {
    struct position p;
    for (int64_t y = part->y0; y < part->y1; y++) {
        uint8_t *to = iso_image_row(out, y) + part->x0 * in->channels;
        for (int64_t x = part->x0; x < part->x1; x++, to += in->channels)
            if (!locate(m, in, x, y, &p))
                continue;
            else if (is_cubic)
                bicubic_pixel(in, &p, to);
            else
                bilinear_pixel(in, &p, to);
    }
}

iso_box iso_affine_source(const iso_affine *m, const iso_box *part, int64_t w, int64_t h) {
    const double margin = 3; /* of the widest filter, and of rounding */
    double low[2] = {INFINITY, INFINITY}, high[2] = {-INFINITY, -INFINITY};
    for (int corner = 0; corner < 4; corner++) {
        double x = (double)(corner & 1 ? part->x1 : part->x0), y = (double)(corner & 2 ? part->y1 : part->y0);
        double p[2] = {m->a * x + m->b * y + m->c, m->d * x + m->e * y + m->f};
        for (int j = 0; j < 2; j++) {
            low[j] = fmin(low[j], p[j] - margin);
            high[j] = fmax(high[j], p[j] + margin);
        }
    }
    iso_box box = {0, 0, w, h};
    if (low[0] > 0)
        box.x0 = low[0] < (double)w ? (int64_t)low[0] : w;
    if (low[1] > 0)
        box.y0 = low[1] < (double)h ? (int64_t)low[1] : h;
    if (high[0] < (double)w)
        box.x1 = high[0] > 0 ? (int64_t)ceil(high[0]) : 0;
    if (high[1] < (double)h)
        box.y1 = high[1] > 0 ? (int64_t)ceil(high[1]) : 0;
    return box;
}

static void fill_row(uint8_t *to, int64_t pixels, int channels, const uint8_t fill[3]) {
    if (channels == 1 || (fill[0] == fill[1] && fill[1] == fill[2])) {
        memset(to, fill[0], (size_t)(pixels * channels));
        return;
    }
    for (int64_t x = 0; x < pixels; x++)
        for (int c = 0; c < channels; c++)
            *to++ = fill[c];
}

bool iso_image_affine(iso_context *ctx, const iso_image *in, const iso_affine *m, iso_interpolation filter, const uint8_t fill[3],
                      const iso_box *part, iso_image *out, iso_worker_error *error) {
    if (!iso_image_resize(ctx, out, m->w, m->h, in->channels, error))
        return false;
    iso_box whole = {0, 0, m->w, m->h};
    if (!part)
        part = &whole;
    for (int64_t y = part->y0; y < part->y1; y++)
        fill_row(iso_image_row(out, y) + part->x0 * in->channels, part->x1 - part->x0, in->channels, fill);
    if (filter != ISO_NEAREST)
        smooth(m, in, part, out, filter == ISO_BICUBIC);
    else if (m->b == 0 && m->d == 0)
        nearest_straight(m, in, out);
    else if (fits_fixed_point(m))
        nearest_fixed(ctx->isa, m, in, part, out);
    else
        nearest_large(m, in, out);
    return true;
}
