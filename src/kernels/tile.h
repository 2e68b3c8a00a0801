/* What the matrix operations share around the micro-kernel: how columns are cut into packed panels, and the two buffers of a tile, p for the
 * running panel of the sum and s for the panels before it. */
#ifndef ISO_KERNELS_TILE_H
#define ISO_KERNELS_TILE_H

#include <math.h>
#include <string.h>

#include "kernels/isa.h"
#include "ops/gemm.h"

#define ISO_TILE_FLOATS (ISO_MAX_ROWS * ISO_MAX_COLUMNS)

/* ---- Columns ---- */

/* Columns that a full packed panel holds. */
static inline int64_t iso_full_columns(const iso_kernels *k) { return (int64_t)k->width * ISO_MAX_VECTORS; }
/* Columns of all packed panels of n columns: the last is as narrow as a vector if that suffices. */
static inline int64_t iso_packed_columns(const iso_kernels *k, int64_t n) {
    return iso_ceil_div(n, k->width) * k->width;
}
static inline int64_t iso_column_panels(const iso_kernels *k, int64_t n) { return iso_ceil_div(n, iso_full_columns(k)); }
/* Vectors of panel j. */
static inline int iso_panel_vectors(const iso_kernels *k, int64_t n, int64_t j) {
    return (int)iso_min64(iso_ceil_div(n - j * iso_full_columns(k), k->width), ISO_MAX_VECTORS);
}

/* Packs panel j of B, whose element (i, column) is b[i * row + column * col]: to[i][columns of the panel], padded with zeros. */
void iso_pack_panel(const iso_kernels *k, int64_t n, int64_t j, int64_t rows, const float *b, int64_t row, int64_t col, float *to);

/* ---- Tiles ---- */

static inline void iso_tile_clear(float *p, int64_t count) { memset(p, 0, sizeof *p * (size_t)count); }
static inline void iso_tile_add(float *s, const float *p, int64_t count) {
    for (int64_t i = 0; i < count; i++)
        s[i] = s[i] + p[i];
}

/* Leaves of the batch tree as a stream: buffers of `count` floats, one per level. levels: room for 64 buffers of which only log2(n) + 1
 * are touched. The leaf is consumed. */
typedef struct iso_tile_tree {
    float *levels;
    int64_t count;
    uint64_t leaves;
} iso_tile_tree;
void iso_tile_tree_push(iso_tile_tree *tree, const float *leaf);
/* The sum of all leaves; at least one has been pushed. The tree is used up. */
const float *iso_tile_tree_total(iso_tile_tree *tree);
/* Buffers that a tree of n leaves needs. */
int64_t iso_tile_tree_levels(int64_t leaves);

/* ---- Sums over samples ---- */

/* rows: n x c; the batch tree of each column ends in the first row. */
void iso_tree_rows(int64_t n, int64_t c, float *rows);

bool iso_all_finite(int64_t count, const float *x);

#endif
