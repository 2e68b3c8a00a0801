/* conv2d, gradients of weight and bias: docs/contract.md#conv2d.
 *
 * A tile is some input channels of one tap by a panel of output channels; its sum runs over the pixels of a sample, and the
 * samples are joined by the batch tree. Work is cut so that what the tiles of one unit read stays in cache: small images are
 * taken several samples at a time, a unit of channels after the other; large ones one sample and a few panels of rows at a time.
 * The channels of a unit are brought together where pixels are so many channels apart that those of a unit would meet in a few
 * sets of the cache. */
#include "kernels/tile.h"
#include "ops/conv2d.h"

#define CACHE_BYTES (iso_level2_bytes() / 8 * 5) /* what the tiles of a unit may read */

#define UNIT_TILES    36                          /* of a unit, about: so often is read what has been brought together */
#define FAR_FLOATS(k) ((k)->rows > 8 ? 256 : 128) /* pixels so far apart meet; and of their lines low tiles read little */

/* The pixels that tiles read: x, or a unit's channels of it, at the places that taps reach. */
struct pixels {
    int64_t h, w, sh, sw; /* image, and stride of the output in it */
    int64_t step;         /* floats from pixel to pixel */
};

struct wgrad {
    const iso_kernels *k;
    const iso_conv2d_shape *s;
    const float *x, *dy;
    float *dweight, *results, *work;
    int64_t depth, width;         /* channels of one group: input, output */
    bool copied;                  /* few channels: the rows of a tile are those of a whole kernel row, in a padded copy of x */
    int64_t taps, row_floats;     /* taps, or kernel rows; rows of the gradient that belong to one */
    int64_t unit_rows, row_units; /* rows of a tap that one unit takes; units of a tap's rows */
    int64_t unit_tiles, units;    /* tiles of one unit: of all its taps; units: of groups, row units and column panels */
    int64_t tile_floats;          /* room for the largest tile */
    int64_t panel_rows;           /* output rows of a panel */
    int64_t group_rows, samples;  /* output rows and samples that are taken at a time */
    struct pixels pixels;
    bool gathers, gathers_dy; /* a unit's channels of x, and of dy, are brought together */
    int64_t strip_width, strip_floats, packed_floats;
    int64_t blocks, block_samples, parts, part_units; /* tasks: blocks of samples x parts of the units */
    int64_t levels, work_floats;
};

/* ---- Plan ---- */

/* Bytes that the tiles of one unit read for one sample's `rows` output rows. */
static int64_t unit_bytes(const struct wgrad *g, int64_t rows) {
    const iso_conv2d_shape *s = g->s;
    int64_t pixels = ((rows - 1) * g->pixels.sh + s->kh) * g->pixels.w, line = g->copied ? s->c : (g->unit_rows + 23) / 16 * 16;
    return 4 * (pixels * line + rows * s->ow * iso_full_columns(g->k));
}

static struct wgrad plan(const iso_exec *e, const iso_conv2d_shape *s) {
    struct wgrad g = {.k = iso_kernels_of(e->isa), .s = s, .depth = s->c / s->groups, .width = s->co / s->groups};
    int64_t threads = iso_exec_threads(e), panels = iso_column_panels(g.k, g.width);
    g.copied = g.depth < 8 && s->dw == 1 && s->groups == 1;
    g.taps = g.copied ? s->kh : s->kh * s->kw;
    g.row_floats = g.copied ? s->kw * g.depth : g.depth;
    g.panel_rows = iso_min64(iso_ceil_div(ISO_PANEL, s->ow), s->oh);
    g.group_rows = s->oh;
    g.samples = 1;
    g.pixels = (struct pixels){s->h, s->w, s->sh, s->sw, s->c};
    bool points = s->kh == 1 && s->kw == 1 && s->ph == 0 && s->pw == 0; /* only one pixel in sh * sw is read */
    if (points && !g.copied)
        g.pixels = (struct pixels){s->oh, s->ow, 1, 1, s->c};
    g.unit_rows = iso_min64(iso_max64(UNIT_TILES / g.taps, 4) * g.k->rows, g.row_floats);
    while (g.unit_rows > g.k->rows && unit_bytes(&g, s->oh) > CACHE_BYTES / 4)
        g.unit_rows = iso_max64(g.unit_rows / 2, g.k->rows);
    g.gathers = !g.copied && unit_bytes(&g, s->oh) <= CACHE_BYTES && (s->c >= FAR_FLOATS(g.k) || (points && s->sh * s->sw > 1));
    if (!g.gathers)
        g.pixels = (struct pixels){s->h, s->w, s->sh, s->sw, s->c};
    if (g.copied || unit_bytes(&g, s->oh) > CACHE_BYTES) {
        g.unit_rows = g.copied ? g.row_floats : iso_min64(16 * g.k->rows, g.row_floats);
        while (g.group_rows > g.panel_rows && unit_bytes(&g, g.group_rows) > CACHE_BYTES)
            g.group_rows = iso_max64((g.group_rows / 2 + g.panel_rows - 1) / g.panel_rows * g.panel_rows, g.panel_rows);
    } else
        while (g.samples < s->n && unit_bytes(&g, s->oh) * 2 * g.samples <= CACHE_BYTES)
            g.samples *= 2;
    g.row_units = iso_ceil_div(g.row_floats, g.unit_rows);
    g.unit_rows = iso_ceil_div(g.row_floats, g.row_units);
    g.unit_tiles = g.taps * iso_ceil_div(g.unit_rows, g.k->rows);
    g.units = s->groups * g.row_units * panels;
    g.tile_floats = iso_min64(g.k->rows, g.unit_rows) * iso_min64(iso_full_columns(g.k), iso_packed_columns(g.k, g.width));
    g.tile_floats = (g.tile_floats + 15) / 16 * 16;
    /* A small weight: the samples are shared out, in blocks of a power of two, so that each is a whole subtree. A large one: its
     * units. */
    bool large = g.units * g.unit_tiles * g.tile_floats * 4 > 1 << 20;
    g.block_samples = 1;
    while (large ? g.block_samples < s->n : iso_ceil_div(s->n, g.block_samples) > 4 * threads)
        g.block_samples *= 2;
    g.samples = iso_min64(g.samples, g.block_samples);
    g.blocks = iso_ceil_div(s->n, g.block_samples);
    g.parts = large ? iso_min64(4 * threads, g.units) : 1;
    g.part_units = iso_ceil_div(g.units, g.parts);
    g.levels = iso_tile_tree_levels(iso_ceil_div(g.block_samples, g.samples));
    g.strip_width = (s->ow - 1) * s->sw + (s->kw - 1) * s->dw + 1;
    g.strip_floats =
        g.copied ? (((g.group_rows - 1) * s->sh + (s->kh - 1) * s->dh + 1) * g.strip_width * s->c + 47) / 16 * 16 : 0;
    if (g.gathers) {
        g.pixels.step = (g.unit_rows + 15) / 16 * 16;
        g.strip_floats = (g.samples * g.pixels.h * g.pixels.w * g.pixels.step + 47) / 16 * 16;
    }
    g.gathers_dy = s->co >= FAR_FLOATS(g.k) && g.unit_tiles >= 4;
    g.packed_floats = (g.samples * g.group_rows * s->ow * g.k->width * ISO_MAX_VECTORS + 15) / 16 * 16;
    int64_t part_tiles = g.part_units * g.unit_tiles;
    g.work_floats = g.strip_floats + g.packed_floats + (s->oh + 1) * (int64_t)(sizeof(iso_segment) / sizeof(float)) +
                    (iso_tile_tree_levels(g.samples) + 1) * g.tile_floats + (g.levels + 1) * part_tiles * g.tile_floats;
    g.work_floats = (g.work_floats + 31) / 16 * 16;
    return g;
}

size_t iso_cpu_conv2d_backward_weight_scratch(const iso_exec *e, const iso_conv2d_shape *s) {
    struct wgrad g = plan(e, s);
    return (size_t)(g.blocks * g.units * g.unit_tiles * g.tile_floats + iso_exec_threads(e) * g.work_floats + 64) * sizeof(float);
}

/* Where unit number `unit` lies. */
struct place {
    int64_t group, first_row, rows, panel, column, columns, valid;
    int vectors;
};

static struct place place_of(const struct wgrad *g, int64_t unit) {
    struct place p;
    int64_t panels = iso_column_panels(g->k, g->width), rows = unit / panels % g->row_units;
    p.group = unit / panels / g->row_units;
    p.first_row = rows * g->unit_rows;
    p.rows = iso_min64(g->unit_rows, g->row_floats - p.first_row);
    p.panel = unit % panels;
    p.column = p.panel * iso_full_columns(g->k);
    p.vectors = iso_panel_vectors(g->k, g->width, p.panel);
    p.columns = (int64_t)p.vectors * g->k->width;
    p.valid = iso_min64(p.columns, g->width - p.column);
    return p;
}

/* ---- Operands ---- */

/* x for output rows from `oh` on, padded, for kernels of few channels. */
static void copy_input(const struct wgrad *g, int64_t n, int64_t oh, int64_t rows, float *strip) {
    const iso_conv2d_shape *s = g->s;
    int64_t height = (rows - 1) * s->sh + (s->kh - 1) * s->dh + 1, c = s->c, h0 = oh * s->sh - s->ph;
    int64_t left = iso_min64(s->pw, g->strip_width), right = iso_max64(iso_min64(s->w + s->pw, g->strip_width), left);
    for (int64_t y = 0; y < height; y++, strip += g->strip_width * c) {
        int64_t h = h0 + y;
        if (h < 0 || h >= s->h) {
            memset(strip, 0, sizeof *strip * (size_t)(g->strip_width * c));
            continue;
        }
        memset(strip, 0, sizeof *strip * (size_t)(left * c));
        memcpy(strip + left * c, g->x + ((n * s->h + h) * s->w + left - s->pw) * c, sizeof *strip * (size_t)((right - left) * c));
        memset(strip + right * c, 0, sizeof *strip * (size_t)((g->strip_width - right) * c));
    }
}

/* The unit's channels of `samples` samples from n on, pixel by pixel. */
static void gather_input(const struct wgrad *g, const struct place *at, int64_t n, int64_t samples, float *to) {
    const iso_conv2d_shape *s = g->s;
    const struct pixels *p = &g->pixels;
    int64_t down = p->h == s->h ? 1 : s->sh, right = p->w == s->w ? 1 : s->sw;
    const float *x = g->x + n * s->h * s->w * s->c + at->group * g->depth + at->first_row;
    for (int64_t i = 0; i < samples; i++, x += s->h * s->w * s->c)
        for (int64_t h = 0; h < p->h; h++) {
            const float *from = x + h * down * s->w * s->c;
            for (int64_t w = 0; w < p->w; w++, from += right * s->c, to += p->step) {
                for (int64_t ahead = 0; ahead < at->rows; ahead += 16)
                    __builtin_prefetch(from + 8 * right * s->c + ahead);
                memcpy(to, from, sizeof *to * (size_t)at->rows);
            }
        }
}

/* The pixels of one tap in output rows oh .. end - 1: a run for each row whose input row exists, of the pixels whose input column
 * exists. A panel ends where its rows end. */
static void list_segments(const struct wgrad *g, int64_t tap, int64_t oh, int64_t end, iso_segments *segments) {
    const iso_conv2d_shape *s = g->s;
    const struct pixels *p = &g->pixels;
    int64_t kh = g->copied ? tap : tap / s->kw, kw = g->copied ? 0 : tap % s->kw;
    int64_t w0 = kw * s->dw - s->pw, low = w0 < 0 ? iso_ceil_div(-w0, p->sw) : 0,
            high = p->w - w0 > 0 ? iso_ceil_div(p->w - w0, p->sw) : 0;
    int64_t panel = -1;
    high = g->copied ? s->ow : iso_min64(high, s->ow);
    low = g->copied ? 0 : low;
    bool joined = !g->copied && high - low == s->ow && s->ow * p->sw == p->sh * p->w; /* the rows of a panel are one run */
    segments->count = 0;
    for (int64_t row = oh; row < end && low < high; row++) {
        int64_t h = row * p->sh - s->ph + kh * s->dh;
        int64_t a =
            g->copied ? ((row - oh) * s->sh + kh * s->dh) * g->strip_width * s->c : (h * p->w + w0 + low * p->sw) * p->step;
        if (!g->copied && (h < 0 || h >= p->h))
            continue;
        bool opens = segments->count == 0 || row / g->panel_rows != panel;
        if (segments->count && opens)
            segments->list[segments->count - 1].closes = true;
        panel = row / g->panel_rows;
        if (joined && !opens)
            segments->list[segments->count - 1].length += high - low;
        else
            segments->list[segments->count++] = (iso_segment){a, (row - oh) * s->ow + low, high - low, false};
    }
    iso_segments_close(segments);
}

/* ---- Units ---- */

/* What a task works with. */
struct task {
    const struct wgrad *g;
    float *strip, *packed, *small_tree, *sums;
    int64_t gathered; /* which unit's channels are in `strip`, counted without panels of columns; -1: none */
    iso_segments segments;
};

/* dy of `samples` samples from n on, rows from oh on, one panel of columns: where it stands if whole vectors of it can be read,
 * or packed. */
static const float *load_dy(const struct task *t, const struct place *at, int64_t n, int64_t samples, int64_t oh, int64_t rows,
                            int64_t *step, int64_t *from_sample) {
    const struct wgrad *g = t->g;
    const iso_conv2d_shape *s = g->s;
    const float *dy = g->dy + ((n * s->oh + oh) * s->ow) * s->co + at->group * g->width;
    if (at->valid == at->columns && !g->gathers_dy) {
        *step = s->co;
        *from_sample = s->oh * s->ow * s->co;
        return dy + at->column;
    }
    *step = at->columns;
    *from_sample = rows * s->ow * at->columns;
    for (int64_t i = 0; i < samples; i++)
        iso_pack_panel(g->k, g->width, at->panel, rows * s->ow, dy + i * s->oh * s->ow * s->co, s->co, 1,
                       t->packed + i * *from_sample);
    return t->packed;
}

/* A part of what the next rows of a large image need: chunk number `chunk` of so many floats of dy, and of x. */
static const float *next_rows(const struct wgrad *g, int64_t n, int64_t oh, int64_t rows, int64_t chunk, int64_t floats) {
    const iso_conv2d_shape *s = g->s;
    int64_t next = iso_min64(oh + rows, s->oh), end = iso_min64(next + rows, s->oh);
    int64_t of_dy = (end - next) * s->ow * s->co, of_x = g->copied ? 0 : (end - next) * s->sh * s->w * s->c, at = chunk * floats;
    if (at < of_dy)
        return g->dy + (n * s->oh + next) * s->ow * s->co + at;
    int64_t row = iso_min64(next * s->sh + s->kh - s->ph, s->h);
    at -= (of_dy + floats - 1) / floats * floats;
    return at < of_x && row >= 0 && row * s->w * s->c + at < s->h * s->w * s->c ? g->x + (n * s->h + row) * s->w * s->c + at
                                                                                : NULL;
}

/* All tiles of a unit over `samples` samples (a leaf of the tree, or several), rows oh .. oh + rows - 1. */
static void sum_unit(struct task *t, int64_t unit, int64_t n, int64_t samples, int64_t oh, int64_t rows, float *sums) {
    const struct wgrad *g = t->g;
    const iso_conv2d_shape *s = g->s;
    const iso_kernels *k = g->k;
    struct place at = place_of(g, unit);
    int64_t tiles = iso_ceil_div(at.rows, k->rows), from_sample, image = s->h * s->w * s->c;
    int64_t ahead = 16 * iso_max64(rows * (s->ow / k->column_steps), 1); /* floats that a tile brings */
    const float *x = g->copied ? t->strip : g->x + n * image + at.group * g->depth + at.first_row;
    if (g->gathers) {
        image = g->pixels.h * g->pixels.w * g->pixels.step;
        x = t->strip;
        if (t->gathered != unit / iso_column_panels(k, g->width))
            gather_input(g, &at, n, samples, t->strip);
        t->gathered = unit / iso_column_panels(k, g->width);
    }
    iso_tile tile = {.segments = t->segments.list,
                     .a_step = g->copied ? s->sw * s->c : g->pixels.sw * g->pixels.step,
                     .c_row = at.columns,
                     .valid = at.columns,
                     .accumulate = oh > 0};
    const float *b = load_dy(t, &at, n, samples, oh, rows, &tile.b_step, &from_sample);
    for (int64_t tap = 0; tap < g->taps; tap++) {
        list_segments(g, tap, oh, oh + rows, &t->segments);
        tile.count = t->segments.count;
        for (int64_t i = 0; i < tiles; i++, sums += g->tile_floats) {
            int64_t row = iso_tile_start(at.rows, tiles, i), height = iso_tile_start(at.rows, tiles, i + 1) - row;
            iso_tile_function *multiply = k->by_column[height - 1][at.vectors - 1];
            iso_tile_tree tree = {k, t->small_tree, height * at.columns, 0};
            tile.a = x + row;
            tile.b = b;
            tile.c = sums;
            if (samples == 1) {
                tile.ahead = next_rows(g, n, oh, rows, unit * g->unit_tiles + tap * tiles + i, ahead);
                multiply(&tile);
                continue;
            }
            for (int64_t sample = 0; sample < samples; sample++, tile.a += image, tile.b += from_sample) {
                iso_tile_tree_next(&tree, &tile);
                if (sample + 1 == samples && (samples & sample) == 0) /* the whole tree ends here */
                    tile.c = sums;
                multiply(&tile);
            }
            tile.joins = 0;
            if ((samples & (samples - 1)) != 0)
                memcpy(sums, iso_tile_tree_total(&tree), sizeof *sums * (size_t)tree.count);
        }
    }
}

/* The units of a part over a block of samples. */
static void sum_block(void *argument, int64_t number, int thread) {
    const struct wgrad *g = argument;
    const iso_conv2d_shape *s = g->s;
    int64_t block = number / g->parts, first = number % g->parts * g->part_units,
            count = iso_min64(g->part_units, g->units - first);
    if (count <= 0)
        return;
    struct task t = {.g = g, .strip = g->work + thread * g->work_floats};
    t.packed = t.strip + g->strip_floats;
    t.segments.list = (iso_segment *)(t.packed + g->packed_floats);
    t.small_tree = (float *)(t.segments.list + s->oh + 1);
    t.sums = t.small_tree + (iso_tile_tree_levels(g->samples) + 1) * g->tile_floats;
    int64_t unit_floats = g->unit_tiles * g->tile_floats, end = iso_min64((block + 1) * g->block_samples, s->n);
    float *result = g->results + (block * g->units + first) * unit_floats;
    iso_tile_tree tree = {g->k, t.sums + count * unit_floats, count * unit_floats, 0};
    bool alone = g->block_samples <= g->samples; /* nothing to join */
    float *sums = alone ? result : t.sums;
    for (int64_t n = block * g->block_samples; n < end; n += g->samples) {
        t.gathered = -1;
        for (int64_t oh = 0; oh < s->oh; oh += g->group_rows) {
            int64_t rows = iso_min64(g->group_rows, s->oh - oh);
            if (g->copied)
                copy_input(g, n, oh, rows, t.strip);
            for (int64_t unit = 0; unit < count; unit++)
                sum_unit(&t, first + unit, n, iso_min64(g->samples, end - n), oh, rows, sums + unit * unit_floats);
        }
        if (!alone)
            iso_tile_tree_push(&tree, sums);
    }
    if (!alone)
        memcpy(result, iso_tile_tree_total(&tree), sizeof *result * (size_t)(count * unit_floats));
}

/* Where PyTorch has the gradient of a unit's row `row` and tap `tap`, from the first of its output channel on. */
static int64_t element(const struct wgrad *g, int64_t row, int64_t tap) {
    const iso_conv2d_shape *s = g->s;
    return g->copied ? row % g->depth * s->kh * s->kw + tap * s->kw + row / g->depth : row * s->kh * s->kw + tap;
}

/* Joins the blocks of samples, and puts the unit's elements where PyTorch has them: an output channel's lie side by side, so some
 * rows of all channels are brought together first. */
#define BLOCK_FLOATS 8192
static void store_unit(void *argument, int64_t unit, int thread) {
    (void)thread;
    const struct wgrad *g = argument;
    const iso_conv2d_shape *s = g->s;
    int64_t unit_floats = g->unit_tiles * g->tile_floats, all = g->units * unit_floats, taps = g->taps;
    float *result = g->results + unit * unit_floats, block[BLOCK_FLOATS];
    for (int64_t stride = 1; stride < g->blocks; stride *= 2)
        for (int64_t i = 0; i + stride < g->blocks; i += 2 * stride)
            g->k->add(unit_floats, result + i * all, result + (i + stride) * all, result + i * all);
    struct place at = place_of(g, unit);
    int64_t tiles = iso_ceil_div(at.rows, g->k->rows), kernel = g->depth * s->kh * s->kw;
    float *to = g->dweight + (at.group * g->width + at.column) * kernel;
    int64_t most = g->copied ? 0 : BLOCK_FLOATS / (at.columns * taps);
    for (int64_t i = 0; i < tiles; i++) {
        int64_t first = iso_tile_start(at.rows, tiles, i), end = iso_tile_start(at.rows, tiles, i + 1);
        for (int64_t row = first, rows; row < end; row += rows) {
            rows = iso_max64(iso_min64(most, end - row), 1);
            for (int64_t r = 0; r < rows; r++)
                for (int64_t tap = 0; tap < taps; tap++) {
                    const float *from = result + (tap * tiles + i) * g->tile_floats + (row + r - first) * at.columns;
                    float *put = most ? block + r * taps + tap : to + element(g, at.first_row + row, tap);
                    int64_t apart = most ? rows * taps : kernel;
                    for (int64_t j = 0; j < at.valid; j++)
                        put[j * apart] = from[j];
                }
            for (int64_t j = 0; most && j < at.valid; j++)
                memcpy(to + j * kernel + element(g, at.first_row + row, 0), block + j * rows * taps,
                       sizeof *to * (size_t)(rows * taps));
        }
    }
}

void iso_cpu_conv2d_backward_weight(const iso_exec *e, const iso_conv2d_shape *s, const float *x, const float *dy,
                                    float *dweight) {
    struct wgrad g = plan(e, s);
    g.x = x;
    g.dy = dy;
    g.dweight = dweight;
    g.results = e->scratch;
    g.work = g.results + (g.blocks * g.units * g.unit_tiles * g.tile_floats + 15) / 16 * 16;
    iso_pool_run(e->pool, g.blocks * g.parts, sum_block, &g);
    iso_pool_run(e->pool, g.units, store_unit, &g);
    /* Padding is multiplied in a copy, and absent in the contract: the same for finite dy only. All of dy is multiplied with
     * something in every sum, so none of it was infinite or NaN if no sum is. */
    if (g.copied && (s->ph || s->pw) && !iso_all_finite(s->co * g.depth * s->kh * s->kw, dweight))
        iso_ref_conv2d_backward_weight(s, x, dy, dweight);
}

/* ---- Bias ---- */

struct bias {
    const iso_kernels *k;
    const iso_conv2d_shape *s;
    const float *dy;
    float *sums, *chains; /* chains: a set per thread */
};

static void sum_sample(void *argument, int64_t n, int thread) {
    const struct bias *b = argument;
    int64_t pixels = b->s->oh * b->s->ow, co = b->s->co;
    iso_pixel_sum(b->k, pixels, co, b->dy + n * pixels * co, b->chains + 8 * thread * co, b->sums + n * co);
}

size_t iso_cpu_conv2d_backward_bias_scratch(const iso_exec *e, const iso_conv2d_shape *s) {
    return (size_t)((s->n + 8 * iso_exec_threads(e)) * s->co) * sizeof(float);
}

void iso_cpu_conv2d_backward_bias(const iso_exec *e, const iso_conv2d_shape *s, const float *dy, float *dbias) {
    struct bias b = {.k = iso_kernels_of(e->isa), .s = s, .dy = dy, .sums = e->scratch};
    b.chains = b.sums + s->n * s->co;
    iso_pool_run(e->pool, s->n, sum_sample, &b);
    iso_tree_rows(b.k, s->n, s->co, b.sums);
    memcpy(dbias, b.sums, sizeof *dbias * (size_t)s->co);
}
