/* What the matrix operations share around the micro-kernel: how columns are cut into packed panels, how sums are cut into
 * segments, and trees over samples of whole tiles. */
#ifndef ISO_KERNELS_TILE_H
#define ISO_KERNELS_TILE_H

#include <math.h>
#include <string.h>

#include "kernels/isa.h"
#include "ops/gemm.h"

/* ---- Columns ---- */

/* Columns that a full packed panel holds. */
static inline int64_t iso_full_columns(const iso_kernels *k) {
    return (int64_t)k->width * ISO_MAX_VECTORS;
}
/* Columns of all packed panels of n columns: the last is as narrow as a vector if that suffices. */
static inline int64_t iso_packed_columns(const iso_kernels *k, int64_t n) {
    return iso_ceil_div(n, k->width) * k->width;
}
static inline int64_t iso_column_panels(const iso_kernels *k, int64_t n) {
    return iso_ceil_div(n, iso_full_columns(k));
}
/* Vectors of panel j. */
static inline int iso_panel_vectors(const iso_kernels *k, int64_t n, int64_t j) {
    return (int)iso_min64(iso_ceil_div(n - j * iso_full_columns(k), k->width), ISO_MAX_VECTORS);
}

/* Floats of the largest tile. */
static inline int64_t iso_tile_floats(const iso_kernels *k) {
    return k->rows * iso_full_columns(k);
}

/* Packs panel j of B, whose element (i, column) is b[i * row + column * col]: to[i][columns of the panel], padded with zeros. */
void iso_pack_panel(const iso_kernels *k, int64_t n, int64_t j, int64_t rows, const float *b, int64_t row, int64_t col,
                    float *to);

/* ---- Tiles ---- */

static inline void iso_tile_clear(float *p, int64_t count) {
    memset(p, 0, sizeof *p * (size_t)count);
}

/* For the micro-kernels: c's present values as full rows of `columns`, and sums in full rows back to c. */
static inline void iso_tile_fetch(const iso_tile *t, int rows, int columns, float *s) {
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < columns; j++)
            s[i * columns + j] = j < t->valid ? t->c[i * t->c_row + j] : 0;
}
static inline void iso_tile_scatter(const iso_tile *t, int rows, int columns, const float *s) {
    for (int i = 0; i < rows; i++)
        memcpy(t->c + i * t->c_row, s + i * columns, sizeof *s * (size_t)t->valid);
}

/* How many rows tile number `tile` of `tiles` has, and where it starts: nearly equal heights, so that none is too low to keep the
 * machine busy. */
static inline int64_t iso_tile_start(int64_t rows, int64_t tiles, int64_t tile) {
    return rows * tile / tiles;
}

/* What tile number t of `tiles` brings into the level 2 cache: its share of `floats` from `next` on that are read after the last
 * tile. A tile brings a line for each of its rounds. */
static inline const float *iso_tile_ahead(const float *next, int64_t floats, int64_t rounds, int64_t tiles, int64_t t) {
    int64_t bring = iso_ceil_div(floats, 16 * iso_max64(rounds, 1)); /* the last so many tiles */
    return tiles - t <= bring ? next + (bring - (tiles - t)) * 16 * rounds : NULL;
}

/* Appends a run of positions to a list of segments, cut where panels of ISO_PANEL positions end. */
typedef struct iso_segments {
    iso_segment *list;
    int64_t count, filled; /* filled: positions of the panel that is open */
} iso_segments;
static inline void iso_segments_add(iso_segments *s, int64_t a, int64_t a_step, int64_t b, int64_t length) {
    for (int64_t run; length > 0; length -= run, a += run * a_step, b += run) {
        run = iso_min64(length, ISO_PANEL - s->filled);
        s->filled = (s->filled + run) % ISO_PANEL;
        s->list[s->count++] = (iso_segment){a, b, run, s->filled == 0};
    }
}
/* A sum without positions is one empty segment. */
static inline void iso_segments_close(iso_segments *s) {
    if (s->count == 0)
        s->list[s->count++] = (iso_segment){0, 0, 0, true};
    s->list[s->count - 1].closes = true;
}
/* Room for `runs` runs of `positions` in all. */
static inline int64_t iso_segments_most(int64_t runs, int64_t positions) {
    return runs + positions / ISO_PANEL + 1;
}

/* Leaves of the batch tree as a stream: buffers of `count` floats, one per level. levels: room for 64 buffers of which only
 * log2(n) + 1 are touched. The leaf is consumed. */
typedef struct iso_tile_tree {
    const iso_kernels *k;
    float *levels;
    int64_t count;
    uint64_t leaves;
} iso_tile_tree;
void iso_tile_tree_push(iso_tile_tree *tree, const float *leaf);
/* The same for a leaf that a micro-kernel computes: it joins what the leaf completes, in its registers. */
static inline void iso_tile_tree_next(iso_tile_tree *tree, iso_tile *leaf) {
    leaf->joins = 0;
    for (uint64_t count = tree->leaves++; count & 1; count >>= 1)
        leaf->joins++;
    leaf->left = tree->levels;
    leaf->left_step = tree->count;
    leaf->c = tree->levels + leaf->joins * tree->count;
}
/* The sum of all leaves; at least one has been pushed. The tree is used up. */
const float *iso_tile_tree_total(iso_tile_tree *tree);
/* Buffers that a tree of n leaves needs. */
int64_t iso_tile_tree_levels(int64_t leaves);

/* ---- Sums over samples ---- */

/* rows: n x c; the batch tree of each column ends in the first row. */
void iso_tree_rows(const iso_kernels *k, int64_t n, int64_t c, float *rows);

/* The pixel sum of a whole sample: `chains` is room for 8 x channels. */
void iso_pixel_sum(const iso_kernels *k, int64_t pixels, int64_t channels, const float *x, float *chains, float *sum);

/* Is an output of so many floats out of the caches before its first element is read? */
static inline bool iso_past_caches(int64_t floats) {
    return floats > 2 * 1024 * 1024;
}

/* Joins the eight chains of each channel. */
void iso_pixel_fold(int64_t channels, const float *chains, float *sum);

bool iso_all_finite(int64_t count, const float *x);

#endif
