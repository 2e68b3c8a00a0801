/* conv2d by Winograd's F(2 x 2, 3 x 3): docs/contract.md#conv2d. Tiles of 4 x 4 pixels become 16 rows of channels; 16 matrix
 * products with the transformed weights follow; and 16 rows of sums become 2 x 2 pixels. Blocks of tiles are tasks. */
#include "kernels/conv2d_winograd.h"

#include "kernels/tile.h"

#define POSITIONS 16
#define TAPS      9

struct winograd {
    const iso_kernels *k;
    bool backward;
    int64_t n, h, w, c, ph, pw; /* of the source */
    int64_t oh, ow, co;         /* of the target */
    int64_t tiles_h, tiles_w, block;
    const float *source, *weight, *bias;
    float *target;
    float *packed; /* [position][panel of columns][source channel][column] */
    float *work;   /* of a thread: transformed pixels and sums of a block */
    int64_t work_floats;
    iso_segments segments;
};

/* Large enough that weights are used often while they are in cache, small enough that there is work for all threads. */
static int64_t block_of_tiles(const struct winograd *o, int threads) {
    int64_t tiles = o->n * o->tiles_h * o->tiles_w, tasks = iso_ceil_div(tiles, 4 * o->k->rows);
    return iso_ceil_div(tiles, iso_ceil_div(tasks, threads) * threads);
}

static struct winograd start(const iso_exec *e, const iso_conv2d_shape *s, bool backward) {
    struct winograd o = {.k = iso_kernels_of(e->isa), .backward = backward, .n = s->n};
    if (backward) {
        o.h = s->oh, o.w = s->ow, o.c = s->co, o.ph = 2 - s->ph, o.pw = 2 - s->pw;
        o.oh = s->h, o.ow = s->w, o.co = s->c;
    } else {
        o.h = s->h, o.w = s->w, o.c = s->c, o.ph = s->ph, o.pw = s->pw;
        o.oh = s->oh, o.ow = s->ow, o.co = s->co;
    }
    o.tiles_h = iso_ceil_div(o.oh, 2);
    o.tiles_w = iso_ceil_div(o.ow, 2);
    o.block = block_of_tiles(&o, iso_exec_threads(e));
    o.work_floats = (POSITIONS * o.block * (o.c + o.co) + o.c + 15) / 16 * 16;
    return o;
}

/* Where things lie in the scratch memory; returns its size in floats. */
static int64_t place(struct winograd *o, int threads, float *scratch) {
    int64_t at = (POSITIONS * iso_packed_columns(o->k, o->co) * o->c + 15) / 16 * 16;
    o->packed = scratch;
    o->segments.list = (iso_segment *)(scratch + at);
    at += (iso_segments_most(1, o->c) * (int64_t)(sizeof(iso_segment) / sizeof(float)) + 15) / 16 * 16;
    o->work = scratch + at;
    return at + threads * o->work_floats;
}

size_t iso_winograd_scratch(const iso_exec *e, const iso_conv2d_shape *s, bool backward) {
    struct winograd o = start(e, s, backward);
    return (size_t)place(&o, iso_exec_threads(e), NULL) * sizeof(float);
}

/* ---- Weights ---- */

#define CHANNELS 16 /* that are brought together */

/* One panel of columns, as in conv2d.c: what lies far apart is brought together first. */
static void pack_weights(void *argument, int64_t j, int thread) {
    (void)thread;
    const struct winograd *o = argument;
    int64_t columns = (int64_t)iso_panel_vectors(o->k, o->co, j) * o->k->width, first = j * iso_full_columns(o->k);
    int64_t valid = iso_min64(columns, o->co - first), step = iso_packed_columns(o->k, o->co) * o->c;
    float block[CHANNELS * ISO_MAX_COLUMNS * TAPS], taps[TAPS * ISO_MAX_COLUMNS] = {0};
    for (int64_t c0 = 0; c0 < o->c; c0 += CHANNELS) {
        int64_t channels = iso_min64(CHANNELS, o->c - c0);
        if (o->backward) /* [source channel][column] */
            for (int64_t c = 0; c < channels; c++)
                memcpy(block + c * valid * TAPS, o->weight + ((c0 + c) * o->co + first) * TAPS,
                       sizeof *block * (size_t)(valid * TAPS));
        else
            for (int64_t column = 0; column < valid; column++)
                memcpy(block + column * channels * TAPS, o->weight + ((first + column) * o->c + c0) * TAPS,
                       sizeof *block * (size_t)(channels * TAPS));
        for (int64_t c = 0; c < channels; c++) {
            for (int64_t column = 0; column < valid; column++) {
                const float *from = block + (o->backward ? c * valid + column : column * channels + c) * TAPS;
                for (int64_t k = 0; k < TAPS; k++)
                    taps[k * ISO_MAX_COLUMNS + column] = from[o->backward ? TAPS - 1 - k : k];
            }
            o->k->winograd_weights(columns, taps, ISO_MAX_COLUMNS, o->packed + first * o->c + (c0 + c) * columns, step);
        }
    }
}

/* ---- Tiles ---- */

struct tile_place {
    int64_t n, oh, ow;
};
static struct tile_place tile_place(const struct winograd *o, int64_t tile) {
    int64_t in_image = tile % (o->tiles_h * o->tiles_w);
    return (struct tile_place){tile / (o->tiles_h * o->tiles_w), 2 * (in_image / o->tiles_w), 2 * (in_image % o->tiles_w)};
}

static void load_tile(const struct winograd *o, int64_t tile, const float *zeros, float *to, int64_t step) {
    struct tile_place at = tile_place(o, tile);
    const float *pixel[POSITIONS];
    for (int i = 0; i < POSITIONS; i++) {
        int64_t h = at.oh - o->ph + i / 4, w = at.ow - o->pw + i % 4;
        bool inside = h >= 0 && h < o->h && w >= 0 && w < o->w;
        pixel[i] = inside ? o->source + ((at.n * o->h + h) * o->w + w) * o->c : zeros;
    }
    o->k->winograd_pixels(o->c, pixel, to, step);
}

static void store_tile(const struct winograd *o, int64_t tile, const float *sums, int64_t step) {
    struct tile_place at = tile_place(o, tile);
    float *pixel[4];
    for (int i = 0; i < 4; i++) {
        int64_t h = at.oh + i / 2, w = at.ow + i % 2;
        pixel[i] = h < o->oh && w < o->ow ? o->target + ((at.n * o->oh + h) * o->ow + w) * o->co : NULL;
    }
    o->k->winograd_sums(o->co, sums, step, o->bias, pixel);
}

static void run_block(void *argument, int64_t task, int thread) {
    const struct winograd *o = argument;
    int64_t first = task * o->block, count = iso_min64(o->block, o->n * o->tiles_h * o->tiles_w - first);
    float *zeros = o->work + thread * o->work_floats, *pixels = zeros + (o->c + 15) / 16 * 16,
          *sums = pixels + POSITIONS * o->block * o->c;
    int64_t step = o->block * o->c, sum_step = o->block * o->co, heights = iso_ceil_div(count, o->k->rows);
    iso_tile_clear(zeros, o->c);
    for (int64_t i = 0; i < count; i++)
        load_tile(o, first + i, zeros, pixels + i * o->c, step);
    iso_tile tile = {.segments = o->segments.list, .count = o->segments.count, .a_row = o->c, .c_row = o->co};
    for (int64_t position = 0; position < POSITIONS; position++)
        for (int64_t j = 0; j < iso_column_panels(o->k, o->co); j++) {
            int vectors = iso_panel_vectors(o->k, o->co, j);
            int64_t column = j * iso_full_columns(o->k);
            tile.b_step = (int64_t)vectors * o->k->width;
            tile.b = o->packed + position * iso_packed_columns(o->k, o->co) * o->c + column * o->c;
            tile.valid = iso_min64(tile.b_step, o->co - column);
            const float *next = tile.b + tile.b_step * o->c; /* panel; its size is this one's or less */
            bool last = position == POSITIONS - 1 && column + tile.b_step >= o->co;
            for (int64_t t = 0; t < heights; t++) {
                int64_t row = iso_tile_start(count, heights, t), height = iso_tile_start(count, heights, t + 1) - row;
                tile.a = pixels + position * step + row * o->c;
                tile.c = sums + position * sum_step + row * o->co + column;
                tile.ahead = last ? NULL : iso_tile_ahead(next, tile.b_step * o->c, o->c / o->k->row_steps, heights, t);
                o->k->by_row[height - 1][vectors - 1](&tile);
            }
        }
    for (int64_t i = 0; i < count; i++)
        store_tile(o, first + i, sums + i * o->co, sum_step);
}

void iso_winograd(const iso_exec *e, const iso_conv2d_shape *s, bool backward, const float *source, const float *weight,
                  const float *bias, float *target) {
    struct winograd o = start(e, s, backward);
    o.source = source;
    o.weight = weight;
    o.bias = bias;
    o.target = target;
    place(&o, iso_exec_threads(e), e->scratch);
    iso_segments_add(&o.segments, 0, 1, 0, o.c);
    iso_segments_close(&o.segments);
    iso_pool_run(e->pool, iso_column_panels(o.k, o.co), pack_weights, &o);
    iso_pool_run(e->pool, iso_ceil_div(o.n * o.tiles_h * o.tiles_w, o.block), run_block, &o);
}
