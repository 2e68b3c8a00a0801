/* Everything that an instruction set's file compiles for itself. The includer defines ISA(name), ISA_TABLE, WIDTH, ROWS, and the
 * type `vec` with vec_load, vec_store, vec_stream (past the caches, 64-byte aligned; vec_stream_end before others may look),
 * vec_all, vec_fma, vec_sqrt, vec_greater (a > b ? a : b); + - * / are the compiler's. For the functions of one number: `dvec`,
 * half as many doubles, with what math/estimate_tmpl.h asks for; vec_lower and vec_upper, a vec's halves as dvec, and vec_join,
 * which rounds; vec_unequal(a, b) and vec_not_less(a, b), a bit for each lane, set if either is a NaN; vec_abs; vec_rsqrt, an
 * estimate right to 2^-11, and vec_lookup32 with what else math_functions_pairs.h asks for (avx512.c), where there are such
 * instructions; d_none(l, bits) of an lvec, a bit for each lane that has none of `bits`. Where a loop is plain C the compiler
 * vectorises it for the target. */
#include <string.h>

#include "kernels/isa.h"
#include "kernels/tile.h"
#include "math/math.h"

/* For every pixel p of the run, and `at`, its first element: the body for a vector of channels from c on (VECTORS) and for those
 * that fill none (REST). */
#define FOR_PIXELS(r)                                                                                                            \
    const int64_t channels = (r)->channels, pixels = (r)->pixels, full = channels / WIDTH * WIDTH;                               \
    for (int64_t p = 0, at = 0; p < pixels; p++, at += channels)
#define FOR_VECTORS for (int64_t c = 0; c < full; c += WIDTH)
#define FOR_REST    for (int64_t c = full; c < channels; c++)

/* Asks for the pixel 8 KiB behind this one: where each pixel adds to chains the processor by itself looks ahead only far enough
 * for half of what memory can give. */
static inline void iso_fetch_ahead(const iso_pixels *r, const float *pixel) {
    if (r->far)
        for (int64_t c = 0; c < r->channels; c += 16)
            __builtin_prefetch(pixel + 2048 + c);
}

#include "kernels/tile_tmpl.h"
#include "kernels/elementwise_tmpl.h"
#include "kernels/optim_tmpl.h"
#include "kernels/math_functions_tmpl.h"
#include "kernels/loss_tmpl.h"
#include "kernels/pool2d_tmpl.h"
#include "kernels/batch_norm2d_tmpl.h"
#include "kernels/group_norm_tmpl.h"
#include "kernels/winograd_tmpl.h"

#define TILE_PAIR(form, r)                                                                                                       \
    { ISA(tile_##form##_##r##_1), ISA(tile_##form##_##r##_2) }
#if ROWS == 14
#define TILE_TABLE(form)                                                                                                         \
    {                                                                                                                            \
        TILE_PAIR(form, 1), TILE_PAIR(form, 2), TILE_PAIR(form, 3), TILE_PAIR(form, 4), TILE_PAIR(form, 5), TILE_PAIR(form, 6),  \
            TILE_PAIR(form, 7), TILE_PAIR(form, 8), TILE_PAIR(form, 9), TILE_PAIR(form, 10), TILE_PAIR(form, 11),                \
            TILE_PAIR(form, 12), TILE_PAIR(form, 13), TILE_PAIR(form, 14)                                                        \
    }
#elif ROWS == 6
#define TILE_TABLE(form)                                                                                                         \
    { TILE_PAIR(form, 1), TILE_PAIR(form, 2), TILE_PAIR(form, 3), TILE_PAIR(form, 4), TILE_PAIR(form, 5), TILE_PAIR(form, 6) }
#else
#define TILE_TABLE(form)                                                                                                         \
    { TILE_PAIR(form, 1), TILE_PAIR(form, 2), TILE_PAIR(form, 3), TILE_PAIR(form, 4) }
#endif

const iso_kernels ISA_TABLE = {
    .width = WIDTH,
    .rows = ROWS,
    .row_steps = ROW_STEPS,
    .column_steps = COLUMN_STEPS,
    .by_row = TILE_TABLE(row),
    .by_column = TILE_TABLE(column),
    .relu = ISA(relu),
    .relu_backward = ISA(relu_backward),
    .add = ISA(add),
    .dropout = ISA(dropout),
#define F(name) .name = ISA(name),
    ISO_MATH_FUNCTIONS(F)
#undef F
        .sgd = ISA(sgd),
    .adam = ISA(adam),
    .cross_entropy_row = ISA(cross_entropy_row),
    .mse_row = ISA(mse_row),
    .max_pool2d = ISA(max_pool2d),
    .max_pool2d_backward = ISA(max_pool2d_backward),
    .avg_pool2d = ISA(avg_pool2d),
    .avg_pool2d_backward = ISA(avg_pool2d_backward),
    .pixel_sum = ISA(pixel_sum),
    .pixel_squares = ISA(pixel_squares),
    .pixel_gradients = ISA(pixel_gradients),
    .normalise = ISA(normalise),
    .normalise_backward = ISA(normalise_backward),
    .group_norm_backward = ISA(group_norm_backward),
    .winograd_weights = ISA(winograd_weights),
    .winograd_pixels = ISA(winograd_pixels),
    .winograd_sums = ISA(winograd_sums),
};
