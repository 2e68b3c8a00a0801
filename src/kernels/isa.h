/* The table of kernels that one instruction set brings. The loops around them, packing and threads are portable C and the same
 * for all: gemm.c, conv2d.c, ...
 *
 * Adding an instruction set: one file that defines the vector type and its operations and includes templates.h (see avx2.c), and
 * one line in tables.c. */
#ifndef ISO_KERNELS_ISA_H
#define ISO_KERNELS_ISA_H

#include "core/cpu.h"
#include "ops/batch_norm2d.h"
#include "ops/loss.h"
#include "ops/math_functions.h"
#include "ops/optim.h"
#include "ops/pool2d.h"

/* ---- The one micro-kernel of all matrix work ----
 *
 * A tile of `rows` x (vectors * width) sums of products by the contract's panel rule:
 *     s = +0; for each panel { p = +0; p = fma(a(row, position), b(position, column), p) over its positions; s = s + p }
 * The positions of the sum come in segments, runs of a and b that lie evenly spaced in memory; where a segment closes its panel,
 * p is added to s. */
typedef struct iso_segment {
    int64_t a;      /* where it starts, in elements from the tile's a */
    int64_t b;      /* and in b: the number of its first position */
    int64_t length; /* positions */
    bool closes;    /* the last of its panel; the last segment of all closes its panel */
} iso_segment;

typedef struct iso_tile {
    const iso_segment *segments;
    int64_t count;
    const float *a;
    int64_t a_row;  /* by_row: from row to row; positions are side by side */
    int64_t a_step; /* by_column: from position to position; rows are side by side */
    const float *b;
    int64_t b_step; /* from position to position; columns are side by side, and readable up to the full width of the tile */
    float *c;       /* the sums: rows x valid */
    int64_t c_row, valid;
    bool far;        /* c is in no cache: its lines, as far apart as its rows, are asked for before the sum begins */
    bool accumulate; /* s starts as c's present values instead of +0 */
    bool chain;      /* the one panel is the sum itself: c = p */
    /* Sums of a tree over samples that end with this one: c = left[joins - 1] + (... + (left[0] + s)), whole tiles of full rows
     * that are left_step apart. */
    const float *left;
    int64_t left_step, joins;
    const float *ahead; /* NULL, or what is to be brought into the level 2 cache meanwhile: a line of 64 bytes for each round */
    const float *bias;  /* NULL, or vectors * width numbers that are added to the finished sums of each row */
} iso_tile;

typedef void iso_tile_function(const iso_tile *tile);

#define ISO_MAX_ROWS    14
#define ISO_MAX_VECTORS 2
#define ISO_MAX_COLUMNS 32 /* widest tile: vectors * width */

/* ---- Pixels ----
 *
 * A run of pixels of one sample, as the kernels of batch_norm2d and group_norm see it; members that a kernel does not name may be
 * 0. A pixel sum is eight chains per channel, pixel p continuing chain p mod 8: docs/contract.md#pixel-sum. */
typedef struct iso_pixels {
    int64_t first, pixels, channels; /* first: the number of the run's first pixel in its sample */
    const float *x, *dy;
    const float *mean, *invstd, *weight, *bias; /* weight NULL: no affine part */
    const float *residual;                      /* normalise: NULL, or added to the normalised x */
    bool relu;                   /* normalise: ... and relu. Backward: dy counts where the normalised x is above 0 */
    const float *y;              /* pixel_gradients: NULL, or dy counts where y is above 0 ... */
    float *masked;               /* ... and is written here, 0 elsewhere */
    const float *factor, *a, *b; /* normalise_backward: factor * (dy - a - xhat * b) in training, factor * dy otherwise */
    bool training;
    float *sums, *products; /* chains: 8 x channels */
    float *out;             /* y, or dx */
    bool stream;            /* out is too large for anybody to find it in a cache */
    bool far;               /* ... and so are x and dy: their lines are asked for early ... */
    bool strip;             /* ... but for a dy that a pool has just written */
} iso_pixels;

typedef struct iso_kernels {
    int width;                   /* floats in a vector */
    int rows;                    /* of the largest tile */
    int row_steps, column_steps; /* positions that a round of by_row or by_column takes */
    /* [rows - 1][vectors - 1]. */
    iso_tile_function *by_row[ISO_MAX_ROWS][ISO_MAX_VECTORS], *by_column[ISO_MAX_ROWS][ISO_MAX_VECTORS];

    /* Elementwise, over `count` elements. */
    void (*relu)(int64_t count, const float *x, float *y);
    void (*relu_backward)(int64_t count, const float *y, const float *dy, float *dx);
    void (*add)(int64_t count, const float *a, const float *b, float *y);
    void (*dropout)(int64_t count, const float *x, const uint8_t *keep, float scale, float *y);
#define F(name) void (*name)(int64_t count, const float *x, float *y);
    ISO_MATH_FUNCTIONS(F)
#undef F
    void (*sgd)(const iso_sgd_scalars *s, int64_t count, const float *grad, float *buffer, float *param);
    void (*adam)(const iso_adam_scalars *s, int64_t count, const float *grad, float *m, float *v, float *vmax, float *param);

    /* One row of k elements; as iso_ref_cross_entropy_row and iso_ref_mse_row. */
    float (*cross_entropy_row)(const iso_cross_entropy_shape *s, const float *x, int64_t target, float g, float *dx);
    float (*mse_row)(int64_t k, const float *x, const float *target, float c, float *dx);

    /* One output row (or, backward, one image), all channels. `top`: the image's row that `image` starts with. */
    void (*max_pool2d)(const iso_pool2d_shape *s, const float *image, int64_t top, int64_t oh, float *y, int32_t *index);
    /* Rows top .. end - 1 of the image's gradient; dy and index are the whole image's. */
    void (*max_pool2d_backward)(const iso_pool2d_shape *s, const float *dy, const int32_t *index, int64_t top, int64_t end,
                                float *dx);
    void (*avg_pool2d)(const iso_pool2d_shape *s, bool adaptive, const float *image, int64_t oh, float *y);
    void (*avg_pool2d_backward)(const iso_pool2d_shape *s, bool adaptive, const float *dy, float *dx);

    /* Over a run of pixels of one sample, all channels: the chains of the sum of x; of (x - mean)^2; of the gradient and of the
     * gradient times the normalised x; y; dx. */
    void (*pixel_sum)(const iso_pixels *run);
    void (*pixel_squares)(const iso_pixels *run);
    void (*pixel_gradients)(const iso_pixels *run);
    void (*normalise)(const iso_pixels *run);
    void (*normalise_backward)(const iso_pixels *run);
    void (*group_norm_backward)(const iso_pixels *run);

    /* Winograd's transforms (winograd_tmpl.h), `count` channels at a time. Nine taps at g + k * g_step to 16 at u + k * step; 16
     * pixels to 16 at v + k * step; 16 sums at m + k * step to 4 pixels, of which those outside of the image are NULL. */
    void (*winograd_weights)(int64_t count, const float *g, int64_t g_step, float *u, int64_t step);
    void (*winograd_pixels)(int64_t count, const float *const *pixel, float *v, int64_t step);
    void (*winograd_sums)(int64_t count, const float *m, int64_t step, const float *bias, float *const *pixel);
} iso_kernels;

/* NULL if this build has none of that instruction set. */
ISO_FOR_PROGRAM const iso_kernels *iso_kernels_of(iso_isa isa);

extern const iso_kernels iso_kernels_scalar, iso_kernels_avx2, iso_kernels_avx512, iso_kernels_neon;

#endif
