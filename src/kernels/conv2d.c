/* conv2d, forward and gradient of the input: docs/contract.md#conv2d. Both are the same walk: rows of pixels against packed
 * weights, where the products of one pixel lie in a few contiguous runs of its (padded) input, and the panels of the sum cut
 * across the runs. The gradient of the input with stride s is s * s such walks over dy, one for each class of pixels that the
 * same taps reach. */
#include <stdatomic.h>

#include "kernels/conv2d_winograd.h"
#include "kernels/tile.h"
#include "ops/conv2d.h"

#define STRIP_BYTES   (192 * 1024) /* of input per strip */
#define MOST_STRIPS   64           /* of a task */
#define WEIGHTS_BYTES (256 * 1024)

/* One walk: a class of output pixels (all of them, in the forward direction). Counted in the units of the source image. */
struct walk {
    int64_t taps_h, taps_w;   /* taps of one pixel */
    int64_t first_h, first_w; /* source position of the first tap of the class's first pixel; may be negative */
    int64_t tap_h, tap_w;     /* source distance from tap to tap */
    int64_t step_h, step_w;   /* source distance from pixel to pixel */
    int64_t rows, columns;    /* pixels of the class */
    int64_t out_h, out_w;     /* target position of the class's first pixel */
    int64_t out_step_h, out_step_w;
    int64_t panel_size;    /* taps_h * taps_w * depth, the positions of the sum */
    float *packed;         /* weights, one block per group */
    iso_segments segments; /* the positions of the sum, as they lie in the source */
};

struct conv {
    const iso_kernels *k;
    const iso_conv2d_shape *s;
    const float *source, *bias;
    float *target;
    int64_t source_h, source_w, source_c;               /* of the source image; depth: channels of one group */
    int64_t target_h, target_w, target_c, depth, width; /* width: target channels of one group */
    struct walk walk;
    int64_t strips, strip_rows;  /* of an image; pixel rows of one at most */
    int64_t batch;               /* strips per task: as many as share the weights well */
    bool in_place;               /* the source needs no padding, and is read where it stands */
    int64_t pitch;               /* floats from source row to source row */
    float *padded, *padded_bias; /* room for one task's strips per thread */
    int64_t strip_floats;
    const float *weight;
    bool backward;
    atomic_bool not_finite; /* the weights: found while they are packed */
};

/* ---- Geometry ---- */

static int64_t strip_height(const struct walk *w, int64_t rows) {
    return (rows - 1) * w->step_h + (w->taps_h - 1) * w->tap_h + 1;
}
static int64_t strip_width(const struct walk *w) {
    return (w->columns - 1) * w->step_w + (w->taps_w - 1) * w->tap_w + 1;
}

static int64_t weights_size(const iso_kernels *k, const struct walk *w, int64_t width) {
    return iso_packed_columns(k, width) * w->panel_size;
}

static struct conv forward_conv(const iso_kernels *k, const iso_conv2d_shape *s) {
    struct conv c = {.k = k,
                     .s = s,
                     .source_h = s->h,
                     .source_w = s->w,
                     .source_c = s->c,
                     .target_h = s->oh,
                     .target_w = s->ow,
                     .target_c = s->co,
                     .depth = s->c / s->groups,
                     .width = s->co / s->groups};
    c.walk = (struct walk){.taps_h = s->kh,
                           .taps_w = s->kw,
                           .first_h = -s->ph,
                           .first_w = -s->pw,
                           .tap_h = s->dh,
                           .tap_w = s->dw,
                           .step_h = s->sh,
                           .step_w = s->sw,
                           .rows = s->oh,
                           .columns = s->ow,
                           .out_step_h = 1,
                           .out_step_w = 1,
                           .panel_size = s->kh * s->kw * c.depth};
    return c;
}

/* The taps of one axis that reach pixels = residue (mod stride): the first (highest) tap and how many, and how they lie in dy. */
static void class_axis(int64_t residue, int64_t in, int64_t kernel, int64_t stride, int64_t padding, int64_t dilation,
                       int64_t *taps, int64_t *first, int64_t *tap, int64_t *pixels) {
    int64_t highest = -1, second = -1;
    *taps = 0;
    for (int64_t k = kernel - 1; k >= 0; k--) {
        if ((residue + padding - k * dilation) % stride != 0)
            continue;
        if (highest < 0)
            highest = k;
        else if (second < 0)
            second = k;
        ++*taps;
    }
    *pixels = residue < in ? (in - 1 - residue) / stride + 1 : 0;
    *first = *taps ? (residue + padding - highest * dilation) / stride : 0;
    *tap = *taps > 1 ? (highest - second) * dilation / stride : 1;
}

static struct conv backward_conv(const iso_kernels *k, const iso_conv2d_shape *s, int64_t class_h, int64_t class_w) {
    struct conv c = {.k = k,
                     .s = s,
                     .source_h = s->oh,
                     .source_w = s->ow,
                     .source_c = s->co,
                     .target_h = s->h,
                     .target_w = s->w,
                     .target_c = s->c,
                     .depth = s->co / s->groups,
                     .width = s->c / s->groups,
                     .backward = true};
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

/* Packs one panel of one group: position (tap_h, tap_w, source channel), column target channel. In the weights either the
 * channels (forward) or the columns (backward) of a panel lie side by side, and the others far apart, often in the same few sets
 * of a cache; so a block of them is brought together first. */
#define BLOCK_FLOATS 8192
static void pack_weights(void *argument, int64_t task, int thread) {
    (void)thread;
    struct conv *c = argument;
    const iso_conv2d_shape *s = c->s;
    int64_t panels = iso_column_panels(c->k, c->width), group = task / panels, j = task % panels;
    int64_t columns = (int64_t)iso_panel_vectors(c->k, c->width, j) * c->k->width, first = j * iso_full_columns(c->k);
    int64_t cg = s->c / s->groups, kernel = s->kh * s->kw, valid = iso_min64(columns, c->width - first);
    float *panel = c->walk.packed + group * weights_size(c->k, &c->walk, c->width) + first * c->walk.panel_size;
    int64_t from_channel = c->backward ? cg * kernel : kernel, from_column = c->backward ? kernel : cg * kernel;
    const float *weight = c->weight + group * (s->co / s->groups) * cg * kernel + first * from_column;
    float block[BLOCK_FLOATS];
    int64_t most = iso_min64(BLOCK_FLOATS / (columns * kernel), c->depth);
    bool finite = true;
    if (valid < columns)
        memset(panel, 0, sizeof *panel * (size_t)(c->walk.panel_size * columns));
    for (int64_t d0 = 0, depth; d0 < c->depth; d0 += depth) {
        depth = iso_max64(iso_min64(most, c->depth - d0), 1);
        const float *from = weight + d0 * from_channel;
        int64_t far_step = c->backward ? from_channel : from_column, far = c->backward ? depth : valid;
        int64_t run = (c->backward ? valid : depth) * kernel, channel_step = from_channel, column_step = from_column;
        for (int64_t i = 0; i < far; i++) {
            const float *near = from + i * far_step;
            for (int64_t ahead = 0; ahead < run; ahead += 16) /* the next block: too many short runs for the machine to foresee */
                __builtin_prefetch(near + depth * from_channel + ahead);
            finite = finite && iso_all_finite(run, near);
            if (most > 0)
                memcpy(block + i * run, near, sizeof *block * (size_t)run);
        }
        if (most > 0) {
            from = block;
            channel_step = c->backward ? run : kernel;
            column_step = c->backward ? kernel : run;
        }
        for (int64_t th = 0; th < c->walk.taps_h; th++)
            for (int64_t tw = 0; tw < c->walk.taps_w; tw++) {
                const float *tap = from + kernel_position(c, true, th) * s->kw + kernel_position(c, false, tw);
                float *to = panel + ((th * c->walk.taps_w + tw) * c->depth + d0) * columns;
                for (int64_t d = 0; d < depth; d++, to += columns, tap += channel_step)
#pragma GCC unroll 8
                    for (int64_t column = 0; column < valid; column++)
                        to[column] = tap[column * column_step];
            }
    }
    if (!finite)
        atomic_store_explicit(&c->not_finite, true, memory_order_relaxed);
}

/* ---- Walking ---- */

/* Makes the plan of a walk: what a task is, how the source is read, and the segments of the sum. */
static void plan_walk(struct conv *c, int threads) {
    struct walk *w = &c->walk;
    int64_t width = strip_width(w), row_bytes = 4 * width * c->source_c;
    c->in_place = w->first_h >= 0 && w->first_w >= 0 && w->first_w + width <= c->source_w &&
                  w->first_h + strip_height(w, w->rows) <= c->source_h;
    c->pitch = (c->in_place ? c->source_w : width) * c->source_c;
    if (c->in_place && w->step_h * c->source_w == w->columns * w->step_w &&
        w->out_step_h * c->target_w == w->columns * w->out_step_w) {
        w->columns *= w->rows; /* the pixels of all rows lie evenly: one long row */
        w->rows = 1;
    }
    int64_t most = iso_max64((STRIP_BYTES / row_bytes - (w->taps_h - 1) * w->tap_h - 1) / w->step_h + 1, 1);
    c->strips = iso_ceil_div(w->rows, most);
    c->strip_rows = iso_ceil_div(w->rows, c->strips);
    c->strip_floats = c->in_place ? 0 : (strip_height(w, c->strip_rows) * width * c->source_c + 15) / 16 * 16;
    int64_t strip_bytes = iso_max64(strip_height(w, c->strip_rows) * row_bytes, 1);
    c->batch = iso_min64(iso_min64(2 * STRIP_BYTES / strip_bytes, c->s->n * c->strips / (4 * threads)), MOST_STRIPS);
    c->batch = c->strips > 1 ? 1 : iso_max64(c->batch, 1);
}

static int64_t runs(const struct conv *c, int64_t *length) {
    /* Taps side by side are one run if all channels take part. */
    bool joined = c->walk.tap_w == 1 && c->depth == c->source_c;
    *length = joined ? c->walk.taps_w * c->depth : c->depth;
    return joined ? 1 : c->walk.taps_w;
}

static void list_segments(struct conv *c) {
    struct walk *w = &c->walk;
    int64_t length, per_row = runs(c, &length), at = 0;
    w->segments.count = w->segments.filled = 0;
    for (int64_t th = 0; th < w->taps_h; th++)
        for (int64_t r = 0; r < per_row; r++, at += length)
            iso_segments_add(&w->segments, th * w->tap_h * c->pitch + r * w->tap_w * c->source_c, 1, at, length);
    iso_segments_close(&w->segments);
}

/* The input that `rows` pixel rows from row `first` need: in place, or a copy that is padded with zeros. */
static const float *load_strip(const struct conv *c, int64_t n, int64_t first, int64_t rows, float *strip) {
    const struct walk *w = &c->walk;
    int64_t height = strip_height(w, rows), width = strip_width(w), channels = c->source_c;
    int64_t h0 = w->first_h + first * w->step_h, w0 = w->first_w;
    const float *image = c->source + n * c->source_h * c->source_w * channels;
    if (c->in_place)
        return image + (h0 * c->source_w + w0) * channels;
    int64_t left = iso_min64(iso_max64(-w0, 0), width), right = iso_max64(iso_min64(c->source_w - w0, width), left);
    for (int64_t y = 0; y < height; y++) {
        float *to = strip + y * c->pitch;
        int64_t h = h0 + y;
        if (h < 0 || h >= c->source_h || left == right) {
            memset(to, 0, sizeof *to * (size_t)(width * channels));
            continue;
        }
        memset(to, 0, sizeof *to * (size_t)(left * channels));
        memcpy(to + left * channels, image + (h * c->source_w + w0 + left) * channels,
               sizeof *to * (size_t)((right - left) * channels));
        memset(to + right * channels, 0, sizeof *to * (size_t)((width - right) * channels));
    }
    return strip;
}

/* The pixels of one strip against one panel of columns: `count` segments of the sum from `first_segment` on. */
static void walk_panel(const struct conv *c, const float *strip, int64_t unit, int64_t group, int64_t j, int64_t first_segment,
                       int64_t count) {
    const struct walk *w = &c->walk;
    const iso_kernels *k = c->k;
    int64_t n = unit / c->strips, first = unit % c->strips * c->strip_rows, rows = iso_min64(c->strip_rows, w->rows - first);
    int vectors = iso_panel_vectors(k, c->width, j);
    int64_t columns = (int64_t)vectors * k->width, column = j * iso_full_columns(k), channel = group * c->width + column;
    int64_t tiles = iso_ceil_div(w->columns, k->rows), pixel = w->step_w * c->source_c;
    bool ends = first_segment + count == w->segments.count;
    iso_tile tile = {.segments = w->segments.list + first_segment,
                     .count = count,
                     .a_row = pixel,
                     .accumulate = first_segment > 0,
                     .b = w->packed + group * weights_size(k, w, c->width) + column * w->panel_size,
                     .b_step = columns,
                     .c_row = w->out_step_w * c->target_c,
                     .far = true,
                     .valid = iso_min64(columns, c->width - column),
                     .bias = c->bias && ends ? c->padded_bias + group * iso_packed_columns(k, c->width) + column : NULL};
    for (int64_t y = 0; y < rows; y++) {
        const float *a = strip + y * w->step_h * c->pitch + group * c->depth;
        int64_t out_row = (n * c->target_h + w->out_h + (first + y) * w->out_step_h) * c->target_w + w->out_w;
        for (int64_t t = 0; t < tiles; t++) {
            int64_t x = iso_tile_start(w->columns, tiles, t), height = iso_tile_start(w->columns, tiles, t + 1) - x;
            tile.a = a + x * pixel;
            tile.c = c->target + (out_row + x * w->out_step_w) * c->target_c + channel;
            k->by_row[height - 1][vectors - 1](&tile);
        }
    }
}

/* How many segments from `first` on make whole panels of about WEIGHTS_BYTES of packed weights: what is used again and again
 * while it is in cache. */
static int64_t segments_in_cache(const struct conv *c, int64_t first) {
    const iso_segments *s = &c->walk.segments;
    int64_t most = WEIGHTS_BYTES / (4 * iso_full_columns(c->k)), positions = 0, i = first;
    for (; i < s->count; i++) {
        positions += s->list[i].length;
        if (s->list[i].closes && positions >= most && s->count - i > 2)
            return i + 1 - first;
    }
    return s->count - first;
}

/* A few strips, so that each panel of weights serves them all while it is in cache. */
static void walk_strips(void *argument, int64_t task, int thread) {
    const struct conv *c = argument;
    int64_t first = task * c->batch, count = iso_min64(c->batch, c->s->n * c->strips - first);
    const float *strips[MOST_STRIPS];
    for (int64_t i = 0; i < count; i++) {
        int64_t unit = first + i, row = unit % c->strips * c->strip_rows;
        strips[i] = load_strip(c, unit / c->strips, row, iso_min64(c->strip_rows, c->walk.rows - row),
                               c->padded + (thread * c->batch + i) * c->strip_floats);
    }
    for (int64_t group = 0; group < c->s->groups; group++)
        for (int64_t j = 0; j < iso_column_panels(c->k, c->width); j++)
            for (int64_t segment = 0, segments; segment < c->walk.segments.count; segment += segments) {
                segments = segments_in_cache(c, segment);
                for (int64_t i = 0; i < count; i++)
                    walk_panel(c, strips[i], first + i, group, j, segment, segments);
            }
}

/* Where things lie in the scratch memory; returns its size in floats. */
static size_t place(struct conv *c, int threads, float *scratch) {
    int64_t at = 0, length, most = iso_segments_most(c->walk.taps_h * runs(c, &length), c->walk.panel_size);
    c->walk.packed = scratch;
    at += (c->s->groups * weights_size(c->k, &c->walk, c->width) + 15) / 16 * 16;
    c->padded_bias = scratch + at;
    at += c->s->groups * ((iso_packed_columns(c->k, c->width) + 15) / 16 * 16);
    c->walk.segments.list = (iso_segment *)(scratch + at);
    at += (most * (int64_t)(sizeof(iso_segment) / sizeof(float)) + 15) / 16 * 16;
    c->padded = scratch + at;
    return (size_t)(at + threads * c->batch * c->strip_floats);
}

static size_t conv_scratch(struct conv *c, int threads) {
    if (c->walk.rows == 0 || c->walk.columns == 0 || c->walk.panel_size == 0)
        return 0;
    plan_walk(c, threads);
    return (place(c, threads, NULL) + 16) * sizeof(float);
}

/* False if padding is in the way: it is multiplied here, and absent in the contract, which is the same for finite weights only.
 */
static bool run_conv(const iso_exec *e, struct conv *c, bool padded) {
    if (c->walk.rows == 0 || c->walk.columns == 0 || c->walk.panel_size == 0)
        return true;
    plan_walk(c, iso_exec_threads(e));
    place(c, iso_exec_threads(e), e->scratch);
    list_segments(c);
    for (int64_t group = 0; c->bias && group < c->s->groups; group++) {
        float *to = c->padded_bias + group * iso_packed_columns(c->k, c->width);
        memcpy(to, c->bias + group * c->width, sizeof *to * (size_t)c->width);
        iso_tile_clear(to + c->width, iso_packed_columns(c->k, c->width) - c->width);
    }
    iso_pool_run(e->pool, c->s->groups * iso_column_panels(c->k, c->width), pack_weights, c);
    if (padded && c->not_finite)
        return false;
    iso_pool_run(e->pool, iso_ceil_div(c->s->n * c->strips, c->batch), walk_strips, c);
    return true;
}

static bool pads(const iso_conv2d_shape *s) {
    return s->ph || s->pw;
}

/* ---- Forward ---- */

size_t iso_cpu_conv2d_scratch(const iso_exec *e, const iso_conv2d_shape *s) {
    if (iso_conv2d_is_winograd(s, false))
        return iso_winograd_scratch(e, s, false);
    struct conv c = forward_conv(iso_kernels_of(e->isa), s);
    return conv_scratch(&c, iso_exec_threads(e));
}

void iso_cpu_conv2d(const iso_exec *e, const iso_conv2d_shape *s, const float *x, const float *weight, const float *bias,
                    float *y) {
    if (iso_conv2d_is_winograd(s, false)) {
        iso_winograd(e, s, false, x, weight, bias, y);
        return;
    }
    struct conv c = forward_conv(iso_kernels_of(e->isa), s);
    c.source = x;
    c.weight = weight;
    c.bias = bias;
    c.target = y;
    if (!run_conv(e, &c, pads(s)))
        iso_ref_conv2d(s, x, weight, bias, y);
}

/* ---- Gradient of the input ---- */

size_t iso_cpu_conv2d_backward_input_scratch(const iso_exec *e, const iso_conv2d_shape *s) {
    if (iso_conv2d_is_winograd(s, true))
        return iso_winograd_scratch(e, s, true);
    size_t largest = 0;
    for (int64_t class_h = 0; class_h < s->sh; class_h++)
        for (int64_t class_w = 0; class_w < s->sw; class_w++) {
            struct conv c = backward_conv(iso_kernels_of(e->isa), s, class_h, class_w);
            size_t size = conv_scratch(&c, iso_exec_threads(e));
            largest = size > largest ? size : largest;
        }
    return largest;
}

/* Does a tap reach the rows (columns) of this class of pixels? */
static bool is_reached(const iso_conv2d_shape *s, bool vertical, int64_t residue) {
    int64_t taps, first, tap, pixels;
    if (vertical)
        class_axis(residue, s->h, s->kh, s->sh, s->ph, s->dh, &taps, &first, &tap, &pixels);
    else
        class_axis(residue, s->w, s->kw, s->sw, s->pw, s->dw, &taps, &first, &tap, &pixels);
    return taps > 0;
}

static bool all_reached(const iso_conv2d_shape *s) {
    bool all = true;
    for (int64_t h = 0; h < s->sh; h++)
        all = all && is_reached(s, true, h);
    for (int64_t w = 0; w < s->sw; w++)
        all = all && is_reached(s, false, w);
    return all;
}

struct gradient {
    const iso_conv2d_shape *s;
    float *dx;
};

/* The pixels of sample n that no tap reaches. */
static void clear_unreached(void *argument, int64_t n, int thread) {
    (void)thread;
    const struct gradient *g = argument;
    const iso_conv2d_shape *s = g->s;
    for (int64_t h = 0; h < s->h; h++) {
        float *row = g->dx + (n * s->h + h) * s->w * s->c;
        if (!is_reached(s, true, h % s->sh)) {
            memset(row, 0, sizeof *row * (size_t)(s->w * s->c));
            continue;
        }
        for (int64_t class_w = 0; class_w < s->sw; class_w++)
            for (int64_t w = is_reached(s, false, class_w) ? s->w : class_w; w < s->w; w += s->sw)
                memset(row + w * s->c, 0, sizeof *row * (size_t)s->c);
    }
}

void iso_cpu_conv2d_backward_input(const iso_exec *e, const iso_conv2d_shape *s, const float *dy, const float *weight,
                                   float *dx) {
    if (iso_conv2d_is_winograd(s, true)) {
        iso_winograd(e, s, true, dy, weight, NULL, dx);
        return;
    }
    if (!all_reached(s))
        iso_pool_run(e->pool, s->n, clear_unreached, &(struct gradient){s, dx});
    for (int64_t class_h = 0; class_h < s->sh; class_h++)
        for (int64_t class_w = 0; class_w < s->sw; class_w++) {
            struct conv c = backward_conv(iso_kernels_of(e->isa), s, class_h, class_w);
            c.source = dy;
            c.weight = weight;
            c.target = dx;
            if (!run_conv(e, &c, true)) {
                iso_ref_conv2d_backward_input(s, dy, weight, dx);
                return;
            }
        }
}
