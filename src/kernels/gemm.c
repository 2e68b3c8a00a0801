/* gemm: docs/contract.md#gemm. B is packed once; each task packs a block of rows of A and runs it against every panel of B. */
#include "ops/gemm.h"

#include "kernels/tile.h"

#define A_BLOCK_BYTES (512 * 1024) /* of packed A: about half of a level 2 cache */

struct gemm {
    const iso_kernels *k;
    const iso_gemm_shape *s;
    const float *a, *b;
    float *c, *packed_b, *blocks; /* blocks: one per thread */
    int64_t block_rows, row_stride;
};

/* Rows of A in packed form are this far apart: not a power of two, so that they do not meet in the cache. */
static int64_t row_stride(const iso_gemm_shape *s) { return (s->k + 15) / 16 * 16 + 16; }

static int64_t block_rows(const iso_kernels *k, const iso_exec *e, const iso_gemm_shape *s) {
    int64_t rows = A_BLOCK_BYTES / (4 * row_stride(s));
    int64_t share = iso_ceil_div(s->m, 4 * (int64_t)iso_exec_threads(e)); /* some tasks per thread */
    rows = iso_min64(rows, share) / k->rows * k->rows;
    return iso_max64(rows, k->rows);
}

static size_t packed_b_size(const iso_kernels *k, const iso_gemm_shape *s) {
    return (size_t)(iso_packed_columns(k, s->n) * s->k + 16) * sizeof(float);
}

size_t iso_cpu_gemm_scratch(const iso_exec *e, const iso_gemm_shape *s) {
    const iso_kernels *k = iso_kernels_of(e->isa);
    return packed_b_size(k, s) + (size_t)(iso_exec_threads(e) * block_rows(k, e, s) * row_stride(s)) * sizeof(float) + 128;
}

static void pack_b(void *argument, int64_t j, int thread) {
    (void)thread;
    const struct gemm *g = argument;
    iso_pack_panel(g->k, g->s->n, j, g->s->k, g->b, g->s->b_row, g->s->b_col, g->packed_b + j * iso_full_columns(g->k) * g->s->k);
}

static void pack_a(const struct gemm *g, int64_t first, int64_t rows, float *to) {
    const iso_gemm_shape *s = g->s;
    const float *a = g->a + first * s->a_row;
    if (s->a_col == 1)
        for (int64_t i = 0; i < rows; i++)
            memcpy(to + i * g->row_stride, a + i * s->a_row, sizeof *to * (size_t)s->k);
    else
        for (int64_t k = 0; k < s->k; k++)
            for (int64_t i = 0; i < rows; i++)
                to[i * g->row_stride + k] = a[i * s->a_row + k * s->a_col];
}

static void compute(void *argument, int64_t block, int thread) {
    const struct gemm *g = argument;
    const iso_gemm_shape *s = g->s;
    const iso_kernels *k = g->k;
    int64_t first = block * g->block_rows, rows = iso_min64(g->block_rows, s->m - first);
    float *packed = g->blocks + thread * g->block_rows * g->row_stride;
    _Alignas(64) float p[ISO_TILE_FLOATS], sum[ISO_TILE_FLOATS];
    pack_a(g, first, rows, packed);
    for (int64_t j = 0; j < iso_column_panels(k, s->n); j++) {
        int vectors = iso_panel_vectors(k, s->n, j);
        int64_t columns = (int64_t)vectors * k->width, column = j * iso_full_columns(k);
        const float *b = g->packed_b + column * s->k;
        for (int64_t i = 0; i < rows; i += k->rows) {
            int64_t height = iso_min64(k->rows, rows - i), count = height * columns;
            iso_tile tile = {.k2 = 1, .a_row = g->row_stride, .a_k1 = 1, .p = p};
            iso_tile_clear(sum, count);
            for (int64_t at = 0; at < s->k; at += ISO_PANEL) {
                tile.k1 = iso_min64(ISO_PANEL, s->k - at);
                tile.a = packed + i * g->row_stride + at;
                tile.b = b + at * columns;
                iso_tile_clear(p, count);
                k->by_row[height - 1][vectors - 1](&tile);
                iso_tile_add(sum, p, count);
            }
            int64_t valid = iso_min64(columns, s->n - column);
            for (int64_t r = 0; r < height; r++)
                memcpy(g->c + (first + i + r) * s->c_row + column, sum + r * columns, sizeof *sum * (size_t)valid);
        }
    }
}

void iso_cpu_gemm(const iso_exec *e, const iso_gemm_shape *s, const float *a, const float *b, float *c) {
    const iso_kernels *k = iso_kernels_of(e->isa);
    struct gemm g = {.k = k, .s = s, .a = a, .b = b, .c = c, .packed_b = e->scratch, .block_rows = block_rows(k, e, s),
                     .row_stride = row_stride(s)};
    g.blocks = (float *)((uint8_t *)e->scratch + (packed_b_size(k, s) + 63) / 64 * 64);
    iso_pool_run(e->pool, iso_column_panels(k, s->n), pack_b, &g);
    iso_pool_run(e->pool, iso_ceil_div(s->m, g.block_rows), compute, &g);
}
