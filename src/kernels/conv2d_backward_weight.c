/* conv2d, gradients of weight and bias: docs/contract.md#conv2d. Per sample and panel (a few output rows) the padded input and the packed dy
 * stay in cache while every tile of the weight is continued; the samples are joined by the batch tree. Tasks are aligned blocks of samples, or
 * parts of a large weight. */
#include "kernels/tile.h"
#include "ops/conv2d.h"

/* Rows of the gradient that lie side by side in the input: kernel columns times channels, or the channels of one tap. */
struct run {
    int64_t kh, kw, length; /* first kernel column */
};

struct wgrad {
    const iso_kernels *k;
    const iso_conv2d_shape *s;
    const float *x, *dy;
    float *dweight, *results, *work;
    int64_t depth, width;          /* channels of one group: input, output */
    bool joined;
    int64_t runs;                  /* per group */
    int64_t tiles_per_run, tiles;  /* tiles: of all runs, groups and column panels */
    int64_t panel_rows, strip_width, strip_floats, packed_floats;
    int64_t blocks, block_samples, parts; /* tasks: blocks of samples x parts of the tiles */
    int64_t part_tiles, levels, work_floats;
};

static int64_t run_length(const struct wgrad *g) { return g->joined ? g->s->kw * g->depth : g->depth; }

static struct wgrad plan(const iso_exec *e, const iso_conv2d_shape *s) {
    struct wgrad g = {.k = iso_kernels_of(e->isa), .s = s, .depth = s->c / s->groups, .width = s->co / s->groups};
    int threads = iso_exec_threads(e);
    g.joined = s->dw == 1 && s->groups == 1;
    g.runs = s->kh * (g.joined ? 1 : s->kw);
    g.tiles_per_run = iso_ceil_div(run_length(&g), g.k->rows);
    g.tiles = s->groups * iso_column_panels(g.k, g.width) * g.runs * g.tiles_per_run;
    g.panel_rows = iso_min64(iso_ceil_div(ISO_PANEL, s->ow), s->oh);
    g.strip_width = (s->ow - 1) * s->sw + (s->kw - 1) * s->dw + 1;
    g.strip_floats = (((g.panel_rows - 1) * s->sh + (s->kh - 1) * s->dh + 1) * g.strip_width * s->c + 47) / 16 * 16;
    g.packed_floats = (s->groups * iso_packed_columns(g.k, g.width) * g.panel_rows * s->ow + 47) / 16 * 16;
    /* A small weight: the samples are shared out, in blocks of a power of two, so that each is a whole subtree. A large one: its tiles. */
    bool large = g.tiles * ISO_TILE_FLOATS * 4 > 1 << 20;
    g.block_samples = 1;
    while (large ? g.block_samples < s->n : iso_ceil_div(s->n, g.block_samples) > 4 * threads)
        g.block_samples *= 2;
    g.blocks = iso_ceil_div(s->n, g.block_samples);
    g.parts = large ? iso_min64(2 * threads, g.tiles) : 1;
    g.part_tiles = iso_ceil_div(g.tiles, g.parts);
    g.levels = iso_tile_tree_levels(g.block_samples);
    g.work_floats = g.strip_floats + g.packed_floats + (g.levels + 1) * g.part_tiles * ISO_TILE_FLOATS;
    return g;
}

size_t iso_cpu_conv2d_backward_weight_scratch(const iso_exec *e, const iso_conv2d_shape *s) {
    struct wgrad g = plan(e, s);
    return (size_t)(g.blocks * g.tiles * ISO_TILE_FLOATS + iso_exec_threads(e) * g.work_floats + 64) * sizeof(float);
}

/* ---- One panel of one sample ---- */

static void load_input(const struct wgrad *g, int64_t n, int64_t oh, int64_t rows, float *strip) {
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

static void pack_dy(const struct wgrad *g, int64_t n, int64_t oh, int64_t rows, float *packed) {
    const iso_conv2d_shape *s = g->s;
    const float *dy = g->dy + (n * s->oh + oh) * s->ow * s->co;
    for (int64_t group = 0; group < s->groups; group++)
        for (int64_t j = 0; j < iso_column_panels(g->k, g->width); j++) {
            iso_pack_panel(g->k, g->width, j, rows * s->ow, dy + group * g->width, s->co, 1, packed);
            packed += (int64_t)iso_panel_vectors(g->k, g->width, j) * g->k->width * rows * s->ow;
        }
}

/* Where a tile lies: tiles are counted group, column panel, run, rows of the run. */
struct place {
    int64_t group, panel, kh, kw, row, height, vectors, columns;
};

static struct place place_of(const struct wgrad *g, int64_t tile) {
    struct place p;
    int64_t rest = tile, per_panel = g->runs * g->tiles_per_run, panels = iso_column_panels(g->k, g->width);
    p.group = rest / (per_panel * panels);
    rest %= per_panel * panels;
    p.panel = rest / per_panel;
    rest %= per_panel;
    int64_t run = rest / g->tiles_per_run;
    p.kh = g->joined ? run : run / g->s->kw;
    p.kw = g->joined ? 0 : run % g->s->kw;
    p.row = rest % g->tiles_per_run * g->k->rows;
    p.height = iso_min64(g->k->rows, run_length(g) - p.row);
    p.vectors = iso_panel_vectors(g->k, g->width, p.panel);
    p.columns = p.vectors * g->k->width;
    return p;
}

static void add_panel(const struct wgrad *g, int64_t first, int64_t count, int64_t rows, const float *strip, const float *packed,
                      float *sums) {
    const iso_conv2d_shape *s = g->s;
    int64_t pixels = rows * s->ow, group_floats = iso_packed_columns(g->k, g->width) * pixels;
    _Alignas(64) float p[ISO_TILE_FLOATS];
    for (int64_t i = 0; i < count; i++) {
        struct place at = place_of(g, first + i);
        iso_tile tile = {.k1 = s->ow, .k2 = rows, .a_row = 1, .a_k1 = s->sw * s->c, .a_k2 = s->sh * g->strip_width * s->c, .p = p,
                         .a = strip + (at.kh * s->dh * g->strip_width + at.kw * s->dw) * s->c + at.group * g->depth + at.row,
                         .b = packed + at.group * group_floats + at.panel * iso_full_columns(g->k) * pixels};
        iso_tile_clear(p, at.height * at.columns);
        g->k->by_column[at.height - 1][at.vectors - 1](&tile);
        iso_tile_add(sums + i * ISO_TILE_FLOATS, p, at.height * at.columns);
    }
}

/* ---- Samples ---- */

static void sum_block(void *argument, int64_t task, int thread) {
    const struct wgrad *g = argument;
    const iso_conv2d_shape *s = g->s;
    int64_t block = task / g->parts, first = task % g->parts * g->part_tiles, count = iso_min64(g->part_tiles, g->tiles - first);
    if (count <= 0)
        return;
    float *strip = g->work + thread * g->work_floats, *packed = strip + g->strip_floats, *sums = packed + g->packed_floats;
    iso_tile_tree tree = {sums + g->part_tiles * ISO_TILE_FLOATS, count * ISO_TILE_FLOATS, 0};
    for (int64_t n = block * g->block_samples; n < iso_min64((block + 1) * g->block_samples, s->n); n++) {
        iso_tile_clear(sums, count * ISO_TILE_FLOATS);
        for (int64_t oh = 0; oh < s->oh; oh += g->panel_rows) {
            int64_t rows = iso_min64(g->panel_rows, s->oh - oh);
            load_input(g, n, oh, rows, strip);
            pack_dy(g, n, oh, rows, packed);
            add_panel(g, first, count, rows, strip, packed, sums);
        }
        iso_tile_tree_push(&tree, sums);
    }
    memcpy(g->results + (block * g->tiles + first) * ISO_TILE_FLOATS, iso_tile_tree_total(&tree),
           sizeof(float) * (size_t)(count * ISO_TILE_FLOATS));
}

/* Joins the blocks of samples, and puts the tile's elements where PyTorch has them. */
static void store_tile(void *argument, int64_t tile, int thread) {
    (void)thread;
    const struct wgrad *g = argument;
    const iso_conv2d_shape *s = g->s;
    int64_t all = g->tiles * ISO_TILE_FLOATS;
    float *result = g->results + tile * ISO_TILE_FLOATS;
    for (int64_t stride = 1; stride < g->blocks; stride *= 2)
        for (int64_t i = 0; i + stride < g->blocks; i += 2 * stride)
            iso_tile_add(result + i * all, result + (i + stride) * all, ISO_TILE_FLOATS);
    struct place at = place_of(g, tile);
    int64_t column = at.panel * iso_full_columns(g->k), valid = iso_min64(at.columns, g->width - column);
    for (int64_t r = 0; r < at.height; r++) {
        int64_t row = at.row + r, kw = g->joined ? row / g->depth : at.kw, ci = g->joined ? row % g->depth : row;
        for (int64_t j = 0; j < valid; j++) {
            int64_t co = at.group * g->width + column + j;
            g->dweight[((co * g->depth + ci) * s->kh + at.kh) * s->kw + kw] = result[r * at.columns + j];
        }
    }
}

void iso_cpu_conv2d_backward_weight(const iso_exec *e, const iso_conv2d_shape *s, const float *x, const float *dy, float *dweight) {
    /* Padding is multiplied here, and absent in the contract: the same for finite dy only. */
    if ((s->ph || s->pw) && !iso_all_finite(s->n * s->oh * s->ow * s->co, dy)) {
        iso_ref_conv2d_backward_weight(s, x, dy, dweight);
        return;
    }
    struct wgrad g = plan(e, s);
    g.x = x;
    g.dy = dy;
    g.dweight = dweight;
    g.results = e->scratch;
    g.work = g.results + g.blocks * g.tiles * ISO_TILE_FLOATS;
    iso_pool_run(e->pool, g.blocks * g.parts, sum_block, &g);
    iso_pool_run(e->pool, g.tiles, store_tile, &g);
}

/* ---- Bias ---- */

struct bias {
    const iso_kernels *k;
    const iso_conv2d_shape *s;
    const float *dy;
    float *sums;
};

static void sum_sample(void *argument, int64_t n, int thread) {
    (void)thread;
    const struct bias *b = argument;
    int64_t pixels = b->s->oh * b->s->ow, co = b->s->co;
    b->k->pixel_sum(pixels, co, b->dy + n * pixels * co, b->sums + n * co);
}

size_t iso_cpu_conv2d_backward_bias_scratch(const iso_exec *e, const iso_conv2d_shape *s) {
    (void)e;
    return (size_t)(s->n * s->co) * sizeof(float);
}

void iso_cpu_conv2d_backward_bias(const iso_exec *e, const iso_conv2d_shape *s, const float *dy, float *dbias) {
    struct bias b = {iso_kernels_of(e->isa), s, dy, e->scratch};
    iso_pool_run(e->pool, s->n, sum_sample, &b);
    iso_tree_rows(s->n, s->co, b.sums);
    memcpy(dbias, b.sums, sizeof *dbias * (size_t)s->co);
}
