/* The table of kernels that one instruction set brings. The loops around them, packing and threads are portable C and the same for
 * all: gemm.c, conv2d.c, ...
 *
 * Adding an instruction set: one file that defines the vector type and its operations and includes templates.h (see avx2.c), and one
 * line in tables.c. */
#ifndef ISO_KERNELS_ISA_H
#define ISO_KERNELS_ISA_H

#include "core/cpu.h"
#include "ops/batch_norm2d.h"
#include "ops/loss.h"
#include "ops/optim.h"
#include "ops/pool2d.h"

/* ---- The one micro-kernel of all matrix work ----
 *
 * A tile of `rows` x (vectors * width) sums of products, continued: for each of k2 * k1 positions
 *     p[i][j] = fma(a(i, position), b[position][j], p[i][j])
 * with position ascending, k1 inner. The panel rule is the caller's: it clears p at the start of a panel and adds it to s at the end. */
typedef struct iso_tile {
    int64_t k1, k2;
    const float *a;
    int64_t a_row;  /* from row to row, in elements */
    int64_t a_k1;   /* from position to position */
    int64_t a_k2;   /* from the start of one run of k1 positions to the next */
    const float *b; /* packed: [position][vectors * width], contiguous */
    float *p;       /* rows x (vectors * width), contiguous */
} iso_tile;

typedef void iso_tile_function(const iso_tile *tile);

#define ISO_MAX_ROWS    14
#define ISO_MAX_VECTORS 2
#define ISO_MAX_COLUMNS 32 /* widest tile: vectors * width */

typedef struct iso_kernels {
    int width;    /* floats in a vector */
    int rows;     /* of the largest tile */
    /* [rows - 1][vectors - 1]. by_row: a_k1 is 1, rows are a_row apart. by_column: a_row is 1, positions are a_k1 apart. */
    iso_tile_function *by_row[ISO_MAX_ROWS][ISO_MAX_VECTORS], *by_column[ISO_MAX_ROWS][ISO_MAX_VECTORS];

    /* Elementwise, over `count` elements. */
    void (*relu)(int64_t count, const float *x, float *y);
    void (*relu_backward)(int64_t count, const float *y, const float *dy, float *dx);
    void (*add)(int64_t count, const float *a, const float *b, float *y);
    void (*dropout)(int64_t count, const float *x, const uint8_t *keep, float scale, float *y);
    void (*sgd)(const iso_sgd_scalars *s, int64_t count, const float *grad, float *buffer, float *param);
    void (*adam)(const iso_adam_scalars *s, int64_t count, const float *grad, float *m, float *v, float *vmax, float *param);

    /* One row of k elements; as iso_ref_cross_entropy_row and iso_ref_mse_row. */
    float (*cross_entropy_row)(const iso_cross_entropy_shape *s, const float *x, int64_t target, float g, float *dx);
    float (*mse_row)(int64_t k, const float *x, const float *target, float c, float *dx);

    /* One output row (or, backward, one image), all channels. */
    void (*max_pool2d)(const iso_pool2d_shape *s, const float *image, int64_t oh, float *y, int32_t *index);
    void (*max_pool2d_backward)(const iso_pool2d_shape *s, const float *dy, const int32_t *index, float *dx);
    void (*avg_pool2d)(const iso_pool2d_shape *s, bool adaptive, const float *image, int64_t oh, float *y);
    void (*avg_pool2d_backward)(const iso_pool2d_shape *s, bool adaptive, const float *dy, float *dx);

    /* Pixel sums of one sample, all channels: sum of x; of (x - mean)^2; of dy and of dy * (x - mean) * invstd. */
    void (*pixel_sum)(int64_t pixels, int64_t channels, const float *x, float *sum);
    void (*pixel_squares)(int64_t pixels, int64_t channels, const float *x, const float *mean, float *sum);
    void (*pixel_products)(int64_t pixels, int64_t channels, const float *x, const float *dy, const float *mean,
                           const float *invstd, float *sum);
    void (*normalise)(int64_t pixels, int64_t channels, const float *x, const float *mean, const float *invstd,
                      const float *weight, const float *bias, float *y);
    void (*normalise_backward)(int64_t pixels, int64_t channels, bool training, const float *x, const float *dy,
                               const float *mean, const float *invstd, const float *k, const float *a, const float *b, float *dx);
} iso_kernels;

/* NULL if this build has none of that instruction set. */
const iso_kernels *iso_kernels_of(iso_isa isa);

extern const iso_kernels iso_kernels_scalar, iso_kernels_avx2, iso_kernels_avx512;

#endif
