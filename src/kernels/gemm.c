/* gemm: docs/contract.md#gemm. Tasks are blocks of rows of A times groups of column panels of B. Operands are read where they
 * stand if that is fast, and packed otherwise. */
#include "ops/gemm.h"

#include "kernels/tile.h"

#define A_BLOCK_BYTES (iso_level2_bytes() / 2) /* of A */
#define FEW_ROWS      16
#define WAYS          7  /* rows that meet in the level 1 cache and stay there, beside B */
#define C_WAYS        11 /* of C, which each tile writes once, beside few positions of B */
#define FEW_POSITIONS 64

struct gemm {
    const iso_kernels *k;
    const iso_gemm_shape *s;
    const float *a, *b, *bias;
    float *c, *packed_b, *packed_a, *padded_bias; /* packed_a: one block per thread */
    int64_t tile_rows, block_rows, groups, panels_per_group, packed_row;
    bool pack_a, pack_b, by_column;
    bool at_once; /* a panel of B is packed by the one task that reads it, just before */
    iso_segments segments;
};

static size_t aligned(size_t floats) {
    return (floats + 15) / 16 * 16;
}

/* Rows of packed A are this far apart: not a power of two, so that they do not meet in the cache. */
static int64_t packed_row(const iso_gemm_shape *s) {
    return (s->k + 15) / 16 * 16 + 16;
}

static struct gemm plan(const iso_exec *e, const iso_gemm_shape *s) {
    const iso_kernels *k = iso_kernels_of(e->isa);
    struct gemm g = {.k = k, .s = s, .packed_row = packed_row(s)};
    int64_t panels = iso_column_panels(k, s->n), tasks = 4 * (int64_t)iso_exec_threads(e);
    g.by_column = s->a_row == 1 && s->a_col != 1;
    /* Rows whose distance is a multiple of 2 KiB meet in the cache; not worth a copy if they are few, or read once or twice. */
    bool meet = s->a_col == 1 && s->a_row % 512 == 0 && k->rows > WAYS;
    g.pack_a = !g.by_column && (s->a_col != 1 || (meet && panels > 2));
    g.tile_rows = meet && !g.pack_a ? iso_min64(k->rows, WAYS) : k->rows;
    if (s->k <= FEW_POSITIONS && s->c_row % 1024 == 0)
        g.tile_rows = iso_min64(g.tile_rows, C_WAYS);
    /* A panel that two tiles or fewer read is not worth a copy either, nor is one of a few rows. */
    g.pack_b = s->b_col != 1 || (s->m > 2 * k->rows && s->k > FEW_ROWS);
    int64_t rows = iso_ceil_div(s->m, tasks);
    if (rows < k->rows && panels >= tasks && !g.pack_a) /* tasks by columns alone, so that each column is read once */
        rows = s->m;
    rows = iso_min64(A_BLOCK_BYTES / (4 * g.packed_row), rows);
    g.block_rows = iso_max64(rows == s->m ? rows : rows / k->rows * k->rows, k->rows);
    int64_t blocks = iso_ceil_div(s->m, g.block_rows), threads = iso_exec_threads(e);
    if (threads > 1 && blocks > threads && blocks <= 8 * threads) { /* few: as many and as large ones for each thread */
        blocks = blocks / threads * threads;
        g.block_rows = iso_ceil_div(s->m, blocks);
        blocks = iso_ceil_div(s->m, g.block_rows);
    }
    g.panels_per_group = iso_ceil_div(panels, iso_min64(panels, iso_ceil_div(tasks, blocks)));
    if (g.pack_a) /* each task packs its block */
        g.panels_per_group = panels;
    g.groups = iso_ceil_div(panels, g.panels_per_group);
    g.at_once = g.pack_b && blocks == 1;
    return g;
}

/* The floats of packed panels that are there at the same time. */
static int64_t packed_floats(const struct gemm *g, const iso_exec *e) {
    if (g->pack_b && !g->at_once)
        return iso_packed_columns(g->k, g->s->n) * g->s->k;
    return iso_full_columns(g->k) * g->s->k * (g->at_once ? iso_exec_threads(e) : 1);
}

/* Where things lie in the scratch memory; returns its size in floats. */
static size_t place(struct gemm *g, const iso_exec *e, float *scratch) {
    size_t at = 0;
    g->packed_b = scratch;
    at += aligned((size_t)packed_floats(g, e) + 16);
    g->packed_a = scratch + at;
    at += g->pack_a ? (size_t)iso_exec_threads(e) * (size_t)(g->block_rows * g->packed_row) : 0;
    g->padded_bias = scratch + at;
    at += aligned((size_t)iso_packed_columns(g->k, g->s->n));
    g->segments.list = (iso_segment *)(scratch + at);
    at += aligned((size_t)iso_segments_most(1, g->s->k) * sizeof(iso_segment) / sizeof(float) + 1);
    return at;
}

size_t iso_cpu_gemm_scratch(const iso_exec *e, const iso_gemm_shape *s) {
    struct gemm g = plan(e, s);
    return (place(&g, e, NULL) + 16) * sizeof(float);
}

/* Panel j stands in B itself if all its columns are there. */
static bool in_place(const struct gemm *g, int64_t j) {
    int64_t columns = (int64_t)iso_panel_vectors(g->k, g->s->n, j) * g->k->width;
    return !g->pack_b && j * iso_full_columns(g->k) + columns <= g->s->n;
}

/* Where panel j stands packed. */
static float *packed_panel(const struct gemm *g, int64_t j, int thread) {
    int64_t number = g->at_once ? thread : g->pack_b ? j : 0;
    return g->packed_b + number * iso_full_columns(g->k) * g->s->k;
}

static void pack_b(void *argument, int64_t j, int thread) {
    const struct gemm *g = argument;
    if (!in_place(g, j))
        iso_pack_panel(g->k, g->s->n, j, g->s->k, g->b, g->s->b_row, g->s->b_col, packed_panel(g, j, thread));
}

static void pack_a(const struct gemm *g, int64_t first, int64_t rows, float *to) {
    const iso_gemm_shape *s = g->s;
    const float *a = g->a + first * s->a_row;
    if (s->a_col == 1)
        for (int64_t i = 0; i < rows; i++)
            memcpy(to + i * g->packed_row, a + i * s->a_row, sizeof *to * (size_t)s->k);
    else
        for (int64_t k = 0; k < s->k; k++)
            for (int64_t i = 0; i < rows; i++)
                to[i * g->packed_row + k] = a[i * s->a_row + k * s->a_col];
}

static void compute(void *argument, int64_t task, int thread) {
    const struct gemm *g = argument;
    const iso_gemm_shape *s = g->s;
    const iso_kernels *k = g->k;
    int64_t first = task / g->groups * g->block_rows, rows = iso_min64(g->block_rows, s->m - first);
    int64_t first_panel = task % g->groups * g->panels_per_group, tiles = iso_ceil_div(rows, g->tile_rows);
    int64_t end_panel = iso_min64(first_panel + g->panels_per_group, iso_column_panels(k, s->n));
    iso_tile tile = {.segments = g->segments.list,
                     .count = g->segments.count,
                     .a_row = s->a_row,
                     .a_step = s->a_col,
                     .c_row = s->c_row,
                     .far = true};
    int64_t rounds = s->k / (g->by_column ? k->column_steps : k->row_steps);
    const float *a = g->a + first * s->a_row;
    if (g->pack_a) {
        float *packed = g->packed_a + thread * g->block_rows * g->packed_row;
        pack_a(g, first, rows, packed);
        a = packed;
        tile.a_row = g->packed_row;
    }
    for (int64_t j = first_panel; j < end_panel; j++) {
        int vectors = iso_panel_vectors(k, s->n, j);
        int64_t columns = (int64_t)vectors * k->width, column = j * iso_full_columns(k);
        bool direct = in_place(g, j);
        if (g->at_once)
            pack_b(argument, j, thread);
        tile.b = direct ? g->b + column : packed_panel(g, j, thread);
        tile.b_step = direct ? s->b_row : columns;
        tile.valid = iso_min64(columns, s->n - column);
        tile.bias = g->bias ? g->padded_bias + column : NULL;
        for (int64_t t = 0; t < tiles; t++) {
            int64_t i = iso_tile_start(rows, tiles, t), height = iso_tile_start(rows, tiles, t + 1) - i;
            tile.a = a + i * tile.a_row;
            tile.c = g->c + (first + i) * s->c_row + column;
            tile.ahead = g->pack_b && !g->at_once && j + 1 < end_panel
                             ? iso_tile_ahead(tile.b + columns * s->k, columns * s->k, rounds, tiles, t)
                             : NULL;
            (g->by_column ? k->by_column : k->by_row)[height - 1][vectors - 1](&tile);
        }
    }
}

void iso_cpu_gemm_bias(const iso_exec *e, const iso_gemm_shape *s, const float *a, const float *b, const float *bias, float *c) {
    struct gemm g = plan(e, s);
    place(&g, e, e->scratch);
    g.a = a;
    g.b = b;
    g.bias = bias;
    g.c = c;
    iso_segments_add(&g.segments, 0, g.by_column ? s->a_col : 1, 0, s->k);
    iso_segments_close(&g.segments);
    if (bias) {
        memcpy(g.padded_bias, bias, sizeof *bias * (size_t)s->n);
        iso_tile_clear(g.padded_bias + s->n, iso_packed_columns(g.k, s->n) - s->n);
    }
    if (!g.at_once)
        iso_pool_run(e->pool, iso_column_panels(g.k, s->n), pack_b, &g);
    iso_pool_run(e->pool, iso_ceil_div(s->m, g.block_rows) * g.groups, compute, &g);
}

void iso_cpu_gemm(const iso_exec *e, const iso_gemm_shape *s, const float *a, const float *b, float *c) {
    iso_cpu_gemm_bias(e, s, a, b, NULL, c);
}
