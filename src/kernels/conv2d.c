/* conv2d, forward and gradient of the input: docs/contract.md#conv2d. Both are the same walk: rows of pixels against packed weights, where the
 * products of one pixel lie in a few contiguous runs of its (padded) input, and the panels of the sum cut across the runs.
 * The gradient of the input with stride s is s * s such walks over dy, one for each class of pixels that the same taps reach. */
#include "kernels/tile.h"
#include "ops/conv2d.h"

#define STRIP_BYTES (192 * 1024) /* of padded input per task */

/* One walk: a class of output pixels (all of them, in the forward direction). Counted in the units of the source image. */
struct walk {
    int64_t taps_h, taps_w;      /* taps of one pixel */
    int64_t first_h, first_w;    /* source position of the first tap of the class's first pixel; may be negative */
    int64_t tap_h, tap_w;        /* source distance from tap to tap */
    int64_t step_h, step_w;      /* source distance from pixel to pixel */
    int64_t rows, columns;       /* pixels of the class */
    int64_t out_h, out_w;        /* target position of the class's first pixel */
    int64_t out_step_h, out_step_w;
    int64_t panel_size;          /* taps_h * taps_w * depth, the positions of the sum */
    float *packed;               /* weights, one block per group */
};

struct conv {
    const iso_kernels *k;
    const iso_conv2d_shape *s;
    const float *source, *bias;
    float *target;
    int64_t source_h, source_w, source_c; /* of the source image; depth: channels of one group */
    int64_t target_h, target_w, target_c, depth, width; /* width: target channels of one group */
    float *strips;               /* one per thread */
    int64_t strip_floats;
    struct walk walk;
    int64_t strip_rows;          /* pixel rows per task */
    const float *weight;
    bool backward;
};

/* ---- Geometry ---- */

static int64_t strip_height(const struct walk *w, int64_t rows) { return (rows - 1) * w->step_h + (w->taps_h - 1) * w->tap_h + 1; }
static int64_t strip_width(const struct walk *w) { return (w->columns - 1) * w->step_w + (w->taps_w - 1) * w->tap_w + 1; }

static int64_t rows_per_strip(const struct walk *w, int64_t channels) {
    int64_t rows = 1;
    while (rows < w->rows && strip_height(w, rows + 1) * strip_width(w) * channels * 4 <= STRIP_BYTES)
        rows++;
    return rows;
}

static int64_t weights_size(const iso_kernels *k, const struct walk *w, int64_t width) {
    return iso_packed_columns(k, width) * w->panel_size;
}

static struct conv forward_conv(const iso_kernels *k, const iso_conv2d_shape *s) {
    struct conv c = {.k = k, .s = s, .source_h = s->h, .source_w = s->w, .source_c = s->c, .target_h = s->oh, .target_w = s->ow,
                     .target_c = s->co, .depth = s->c / s->groups, .width = s->co / s->groups};
    c.walk = (struct walk){.taps_h = s->kh, .taps_w = s->kw, .first_h = -s->ph, .first_w = -s->pw, .tap_h = s->dh, .tap_w = s->dw,
                           .step_h = s->sh, .step_w = s->sw, .rows = s->oh, .columns = s->ow, .out_step_h = 1, .out_step_w = 1,
                           .panel_size = s->kh * s->kw * c.depth};
    return c;
}

/* The taps of one axis that reach pixels = residue (mod stride): the first (highest) tap and how many, and how they lie in dy. */
static void class_axis(int64_t residue, int64_t in, int64_t kernel, int64_t stride, int64_t padding, int64_t dilation,
                       int64_t *taps, int64_t *first, int64_t *tap, int64_t *pixels) {
    int64_t highest = -1, lowest = -1, second = -1;
    *taps = 0;
    for (int64_t k = kernel - 1; k >= 0; k--) {
        if ((residue + padding - k * dilation) % stride != 0)
            continue;
        if (highest < 0)
            highest = k;
        else if (second < 0)
            second = k;
        lowest = k;
        ++*taps;
    }
    (void)lowest;
    *pixels = residue < in ? (in - 1 - residue) / stride + 1 : 0;
    *first = *taps ? (residue + padding - highest * dilation) / stride : 0;
    *tap = *taps > 1 ? (highest - second) * dilation / stride : 1;
}

static struct conv backward_conv(const iso_kernels *k, const iso_conv2d_shape *s, int64_t class_h, int64_t class_w) {
    struct conv c = {.k = k, .s = s, .source_h = s->oh, .source_w = s->ow, .source_c = s->co, .target_h = s->h, .target_w = s->w,
                     .target_c = s->c, .depth = s->co / s->groups, .width = s->c / s->groups, .backward = true};
    struct walk *w = &c.walk;
    class_axis(class_h, s->h, s->kh, s->sh, s->ph, s->dh, &w->taps_h, &w->first_h, &w->tap_h, &w->rows);
    class_axis(class_w, s->w, s->kw, s->sw, s->pw, s->dw, &w->taps_w, &w->first_w, &w->tap_w, &w->columns);
    w->step_h = w->step_w = 1;
    w->out_h = class_h;
    w->out_w = class_w;
    w->out_step_h = s->sh;
    w->out_step_w = s->sw;
    w->panel_size = w->taps_h * w->taps_w * c.depth;
    return c;
}

/* ---- Weights ---- */

/* The kernel row (column) of tap number `tap` of the class. */
static int64_t kernel_position(const struct conv *c, bool vertical, int64_t tap) {
    const iso_conv2d_shape *s = c->s;
    if (!c->backward)
        return tap;
    int64_t residue = (vertical ? c->walk.out_h : c->walk.out_w) + (vertical ? s->ph : s->pw), seen = 0;
    int64_t dilation = vertical ? s->dh : s->dw, stride = vertical ? s->sh : s->sw;
    for (int64_t k = (vertical ? s->kh : s->kw) - 1; k >= 0; k--)
        if ((residue - k * dilation) % stride == 0 && seen++ == tap)
            return k;
    return 0;
}

/* Packs the weights of one group: position (tap_h, tap_w, source channel), column target channel. */
static void pack_weights(void *argument, int64_t task, int thread) {
    (void)thread;
    const struct conv *c = argument;
    const iso_conv2d_shape *s = c->s;
    int64_t panels = iso_column_panels(c->k, c->width), group = task / panels, j = task % panels;
    int64_t columns = (int64_t)iso_panel_vectors(c->k, c->width, j) * c->k->width, first = j * iso_full_columns(c->k);
    int64_t cg = s->c / s->groups, kernel = s->kh * s->kw;
    float *to = c->walk.packed + group * weights_size(c->k, &c->walk, c->width) + first * c->walk.panel_size;
    for (int64_t th = 0; th < c->walk.taps_h; th++)
        for (int64_t tw = 0; tw < c->walk.taps_w; tw++) {
            int64_t at = kernel_position(c, true, th) * s->kw + kernel_position(c, false, tw);
            for (int64_t d = 0; d < c->depth; d++, to += columns)
                for (int64_t column = 0; column < columns; column++) {
                    int64_t t = first + column;
                    int64_t co = group * (s->co / s->groups) + (c->backward ? d : t), ci = c->backward ? t : d;
                    to[column] = t < c->width ? c->weight[(co * cg + ci) * kernel + at] : 0;
                }
        }
}

/* ---- Walking ---- */

/* The input that `rows` pixel rows from row `first` need, padded with zeros, or the image itself where nothing is to be padded. */
static const float *load_strip(const struct conv *c, int64_t n, int64_t first, int64_t rows, float *strip) {
    const struct walk *w = &c->walk;
    int64_t height = strip_height(w, rows), width = strip_width(w), channels = c->source_c;
    int64_t h0 = w->first_h + first * w->step_h, w0 = w->first_w;
    const float *image = c->source + n * c->source_h * c->source_w * channels;
    int64_t left = iso_min64(iso_max64(-w0, 0), width), right = iso_max64(iso_min64(c->source_w - w0, width), left);
    for (int64_t y = 0; y < height; y++) {
        float *to = strip + y * width * channels;
        int64_t h = h0 + y;
        if (h < 0 || h >= c->source_h || left == right) {
            memset(to, 0, sizeof *to * (size_t)(width * channels));
            continue;
        }
        memset(to, 0, sizeof *to * (size_t)(left * channels));
        memcpy(to + left * channels, image + (h * c->source_w + w0 + left) * channels, sizeof *to * (size_t)((right - left) * channels));
        memset(to + right * channels, 0, sizeof *to * (size_t)((width - right) * channels));
    }
    return strip;
}

/* One tile: `height` pixels of a row from `a` on (source of the first pixel's first tap) against a panel of columns. */
static void sum_tile(const struct conv *c, const float *a, int64_t pixel_stride, int64_t strip_row, const float *b, int64_t height,
                     int vectors, float *sum) {
    const struct walk *w = &c->walk;
    const iso_kernels *k = c->k;
    int64_t columns = (int64_t)vectors * k->width, count = height * columns;
    /* Taps side by side are one run if all channels take part. */
    bool joined = w->tap_w == 1 && c->depth == c->source_c;
    int64_t runs_per_row = joined ? 1 : w->taps_w, run = joined ? w->taps_w * c->depth : c->depth, left = ISO_PANEL;
    _Alignas(64) float p[ISO_TILE_FLOATS];
    iso_tile tile = {.k2 = 1, .a_row = pixel_stride, .a_k1 = 1, .b = b, .p = p};
    iso_tile_function *multiply = k->by_row[height - 1][vectors - 1];
    iso_tile_clear(sum, count);
    iso_tile_clear(p, count);
    for (int64_t th = 0; th < w->taps_h; th++)
        for (int64_t r = 0; r < runs_per_row; r++) {
            tile.a = a + th * w->tap_h * strip_row + r * w->tap_w * c->source_c;
            for (int64_t rest = run; rest > 0; rest -= tile.k1) {
                tile.k1 = iso_min64(rest, left);
                multiply(&tile);
                tile.a += tile.k1;
                tile.b += tile.k1 * columns;
                left -= tile.k1;
                if (left == 0) {
                    iso_tile_add(sum, p, count);
                    iso_tile_clear(p, count);
                    left = ISO_PANEL;
                }
            }
        }
    if (left != ISO_PANEL)
        iso_tile_add(sum, p, count);
}

static void store_tile(const struct conv *c, const float *sum, int64_t height, int64_t columns, int64_t valid, int64_t channel, float *to) {
    int64_t stride = c->walk.out_step_w * c->target_c;
    for (int64_t i = 0; i < height; i++, to += stride, sum += columns) {
        if (!c->bias)
            memcpy(to, sum, sizeof *to * (size_t)valid);
        else
            for (int64_t j = 0; j < valid; j++)
                to[j] = sum[j] + c->bias[channel + j];
    }
}

/* One strip of pixel rows of one image, all groups and columns. */
static void walk_strip(void *argument, int64_t task, int thread) {
    const struct conv *c = argument;
    const struct walk *w = &c->walk;
    const iso_kernels *k = c->k;
    int64_t strips = iso_ceil_div(w->rows, c->strip_rows), n = task / strips, first = task % strips * c->strip_rows;
    int64_t rows = iso_min64(c->strip_rows, w->rows - first), strip_row = strip_width(w) * c->source_c;
    const float *strip = load_strip(c, n, first, rows, c->strips + thread * c->strip_floats);
    int64_t pixel_stride = w->step_w * c->source_c;
    _Alignas(64) float sum[ISO_TILE_FLOATS];
    for (int64_t group = 0; group < c->s->groups; group++)
        for (int64_t j = 0; j < iso_column_panels(k, c->width); j++) {
            int vectors = iso_panel_vectors(k, c->width, j);
            int64_t columns = (int64_t)vectors * k->width, column = j * iso_full_columns(k), valid = iso_min64(columns, c->width - column);
            int64_t channel = group * c->width + column;
            const float *b = w->packed + group * weights_size(k, w, c->width) + column * w->panel_size;
            for (int64_t y = 0; y < rows; y++) {
                const float *a = strip + y * w->step_h * strip_row + group * c->depth;
                int64_t out_row = (n * c->target_h + w->out_h + (first + y) * w->out_step_h) * c->target_w + w->out_w;
                for (int64_t x = 0; x < w->columns; x += k->rows) {
                    int64_t height = iso_min64(k->rows, w->columns - x);
                    sum_tile(c, a + x * pixel_stride, pixel_stride, strip_row, b, height, vectors, sum);
                    store_tile(c, sum, height, columns, valid, channel,
                               c->target + (out_row + x * w->out_step_w) * c->target_c + channel);
                }
            }
        }
}

/* Pixels that no tap reaches. */
static void clear_class(const struct conv *c) {
    const struct walk *w = &c->walk;
    for (int64_t n = 0; n < c->s->n; n++)
        for (int64_t y = 0; y < w->rows; y++)
            for (int64_t x = 0; x < w->columns; x++)
                memset(c->target + ((n * c->target_h + w->out_h + y * w->out_step_h) * c->target_w + w->out_w + x * w->out_step_w) * c->target_c,
                       0, sizeof(float) * (size_t)c->target_c);
}

static size_t conv_scratch(const struct conv *c, int threads) {
    int64_t strip = strip_height(&c->walk, rows_per_strip(&c->walk, c->source_c)) * strip_width(&c->walk) * c->source_c + 32;
    return (size_t)(c->s->groups * weights_size(c->k, &c->walk, c->width) + threads * (strip + 16) + 64) * sizeof(float);
}

static void run_conv(const iso_exec *e, struct conv *c) {
    if (c->walk.rows == 0 || c->walk.columns == 0)
        return;
    if (c->walk.panel_size == 0) {
        clear_class(c);
        return;
    }
    int64_t packed = (c->s->groups * weights_size(c->k, &c->walk, c->width) + 15) / 16 * 16;
    c->walk.packed = e->scratch;
    c->strips = c->walk.packed + packed;
    c->strip_rows = rows_per_strip(&c->walk, c->source_c);
    c->strip_floats = (strip_height(&c->walk, c->strip_rows) * strip_width(&c->walk) * c->source_c + 47) / 16 * 16;
    iso_pool_run(e->pool, c->s->groups * iso_column_panels(c->k, c->width), pack_weights, c);
    iso_pool_run(e->pool, c->s->n * iso_ceil_div(c->walk.rows, c->strip_rows), walk_strip, c);
}

static bool pads(const iso_conv2d_shape *s) { return s->ph || s->pw; }
static int64_t weight_count(const iso_conv2d_shape *s) { return s->co * (s->c / s->groups) * s->kh * s->kw; }

/* ---- Forward ---- */

size_t iso_cpu_conv2d_scratch(const iso_exec *e, const iso_conv2d_shape *s) {
    struct conv c = forward_conv(iso_kernels_of(e->isa), s);
    return conv_scratch(&c, iso_exec_threads(e));
}

void iso_cpu_conv2d(const iso_exec *e, const iso_conv2d_shape *s, const float *x, const float *weight, const float *bias, float *y) {
    /* Padding is multiplied here, and absent in the contract: the same for finite weights only. */
    if (pads(s) && !iso_all_finite(weight_count(s), weight)) {
        iso_ref_conv2d(s, x, weight, bias, y);
        return;
    }
    struct conv c = forward_conv(iso_kernels_of(e->isa), s);
    c.source = x;
    c.weight = weight;
    c.bias = bias;
    c.target = y;
    run_conv(e, &c);
}

/* ---- Gradient of the input ---- */

size_t iso_cpu_conv2d_backward_input_scratch(const iso_exec *e, const iso_conv2d_shape *s) {
    size_t largest = 0;
    for (int64_t class_h = 0; class_h < s->sh; class_h++)
        for (int64_t class_w = 0; class_w < s->sw; class_w++) {
            struct conv c = backward_conv(iso_kernels_of(e->isa), s, class_h, class_w);
            size_t size = c.walk.rows && c.walk.columns && c.walk.panel_size ? conv_scratch(&c, iso_exec_threads(e)) : 0;
            largest = size > largest ? size : largest;
        }
    return largest;
}

void iso_cpu_conv2d_backward_input(const iso_exec *e, const iso_conv2d_shape *s, const float *dy, const float *weight, float *dx) {
    if (!iso_all_finite(weight_count(s), weight)) {
        iso_ref_conv2d_backward_input(s, dy, weight, dx);
        return;
    }
    for (int64_t class_h = 0; class_h < s->sh; class_h++)
        for (int64_t class_w = 0; class_w < s->sw; class_w++) {
            struct conv c = backward_conv(iso_kernels_of(e->isa), s, class_h, class_w);
            c.source = dy;
            c.weight = weight;
            c.target = dx;
            run_conv(e, &c);
        }
}
