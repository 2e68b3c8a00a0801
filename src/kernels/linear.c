/* linear: docs/contract.md#linear. Forward and the gradient of the input are gemm; the gradient of the weight has its own leaves.
 */
#include "ops/linear.h"

#include "kernels/tile.h"

#define LEAF ISO_LINEAR_LEAF

/* ---- Forward ---- */

static iso_gemm_shape forward_shape(const iso_linear_shape *s) {
    return (iso_gemm_shape){
        .m = s->n, .n = s->out, .k = s->in, .a_row = s->in, .a_col = 1, .b_row = 1, .b_col = s->in, .c_row = s->out};
}

size_t iso_cpu_linear_scratch(const iso_exec *e, const iso_linear_shape *s) {
    iso_gemm_shape g = forward_shape(s);
    return iso_cpu_gemm_scratch(e, &g);
}

void iso_cpu_linear(const iso_exec *e, const iso_linear_shape *s, const float *x, const float *weight, const float *bias,
                    float *y) {
    iso_gemm_shape g = forward_shape(s);
    iso_cpu_gemm_bias(e, &g, x, weight, bias, y);
}

/* ---- Gradient of the input ---- */

static iso_gemm_shape backward_input_shape(const iso_linear_shape *s) {
    return (iso_gemm_shape){
        .m = s->n, .n = s->in, .k = s->out, .a_row = s->out, .a_col = 1, .b_row = s->in, .b_col = 1, .c_row = s->in};
}

size_t iso_cpu_linear_backward_input_scratch(const iso_exec *e, const iso_linear_shape *s) {
    iso_gemm_shape g = backward_input_shape(s);
    return iso_cpu_gemm_scratch(e, &g);
}

void iso_cpu_linear_backward_input(const iso_exec *e, const iso_linear_shape *s, const float *dy, const float *weight,
                                   float *dx) {
    iso_gemm_shape g = backward_input_shape(s);
    iso_cpu_gemm(e, &g, dy, weight, dx);
}

/* ---- Gradient of the weight ----
 * Tiles of rows o and columns i; for each the tree over leaves of 8 samples. */

struct weight {
    const iso_kernels *k;
    const iso_linear_shape *s;
    const float *x, *dy;
    float *dweight, *packed_x, *trees;
    int64_t levels;
};

static size_t packed_x_size(const iso_kernels *k, const iso_linear_shape *s) {
    return (size_t)(iso_packed_columns(k, s->in) * s->n + 16) * sizeof(float);
}

static int64_t tree_levels(const iso_linear_shape *s) {
    return iso_tile_tree_levels(iso_ceil_div(s->n, LEAF));
}

size_t iso_cpu_linear_backward_weight_scratch(const iso_exec *e, const iso_linear_shape *s) {
    const iso_kernels *k = iso_kernels_of(e->isa);
    return packed_x_size(k, s) + (size_t)(iso_exec_threads(e) * tree_levels(s) * iso_tile_floats(k)) * sizeof(float) + 128;
}

static void pack_x(void *argument, int64_t j, int thread) {
    (void)thread;
    const struct weight *w = argument;
    iso_pack_panel(w->k, w->s->in, j, w->s->n, w->x, w->s->in, 1, w->packed_x + j * iso_full_columns(w->k) * w->s->n);
}

/* All rows o of one panel of columns. */
static void compute_weight(void *argument, int64_t j, int thread) {
    const struct weight *w = argument;
    const iso_linear_shape *s = w->s;
    const iso_kernels *k = w->k;
    int vectors = iso_panel_vectors(k, s->in, j);
    int64_t columns = (int64_t)vectors * k->width, column = j * iso_full_columns(k), valid = iso_min64(columns, s->in - column);
    const float *b = w->packed_x + column * s->n;
    for (int64_t o = 0; o < s->out; o += k->rows) {
        int64_t height = iso_min64(k->rows, s->out - o), count = height * columns;
        iso_tile_tree tree = {k, w->trees + thread * w->levels * iso_tile_floats(k), count, 0};
        for (int64_t n = 0; n < s->n; n += LEAF) {
            iso_segment leaf = {0, 0, iso_min64(LEAF, s->n - n), true};
            iso_tile tile = {.segments = &leaf,
                             .count = 1,
                             .a = w->dy + n * s->out + o,
                             .a_step = s->out,
                             .b = b + n * columns,
                             .b_step = columns,
                             .c_row = columns,
                             .valid = columns,
                             .chain = true};
            iso_tile_tree_next(&tree, &tile);
            k->by_column[height - 1][vectors - 1](&tile);
        }
        const float *total = iso_tile_tree_total(&tree);
        for (int64_t r = 0; r < height; r++)
            memcpy(w->dweight + (o + r) * s->in + column, total + r * columns, sizeof *total * (size_t)valid);
    }
}

void iso_cpu_linear_backward_weight(const iso_exec *e, const iso_linear_shape *s, const float *x, const float *dy,
                                    float *dweight) {
    const iso_kernels *k = iso_kernels_of(e->isa);
    struct weight w = {.k = k, .s = s, .x = x, .dy = dy, .dweight = dweight, .packed_x = e->scratch, .levels = tree_levels(s)};
    w.trees = (float *)((uint8_t *)e->scratch + (packed_x_size(k, s) + 63) / 64 * 64);
    iso_pool_run(e->pool, iso_column_panels(k, s->in), pack_x, &w);
    iso_pool_run(e->pool, iso_column_panels(k, s->in), compute_weight, &w);
}

/* ---- Gradient of the bias ---- */

size_t iso_cpu_linear_backward_bias_scratch(const iso_exec *e, const iso_linear_shape *s) {
    (void)e;
    return (size_t)(iso_ceil_div(s->n, LEAF) * s->out) * sizeof(float);
}

void iso_cpu_linear_backward_bias(const iso_exec *e, const iso_linear_shape *s, const float *dy, float *dbias) {
    const iso_kernels *k = iso_kernels_of(e->isa);
    float *leaves = e->scratch;
    int64_t count = iso_ceil_div(s->n, LEAF);
    iso_tile_clear(leaves, count * s->out);
    for (int64_t n = 0; n < s->n; n++) {
        float *leaf = leaves + n / LEAF * s->out;
        k->add(s->out, leaf, dy + n * s->out, leaf);
    }
    iso_tree_rows(k, count, s->out, leaves);
    memcpy(dbias, leaves, sizeof *dbias * (size_t)s->out);
}
