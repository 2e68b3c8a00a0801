/* The two passes of a resize: sums of whole numbers, so any order of them gives the same bytes. */
#ifndef ISO_IMAGE_RESIZE_PASSES_H
#define ISO_IMAGE_RESIZE_PASSES_H

#include "image/image.h"

#define ISO_RESIZE_PRECISION 22 /* bits of a coefficient behind the point */
#define ISO_RESIZE_GROUP     4  /* coefficients are padded with zeros to a multiple of this: kernels take so many at a time */

/* One axis: output i is the sum of `count` inputs from `first` on, each times a coefficient. */
typedef struct iso_resize_window {
    int32_t first, count;
} iso_resize_window;
typedef struct iso_resize_axis {
    int64_t out, most; /* outputs; coefficients of each, a multiple of the group */
    bool inside;       /* first + most lies within the input: all coefficients may be applied, however many count */
    iso_resize_window *windows;
    int32_t *k; /* most per output */
} iso_resize_axis;

/* A part of an image; ISO_IMAGE_SLACK bytes behind its last row may be read. */
typedef struct iso_image_view {
    const uint8_t *pixels;
    int64_t stride, w, h; /* stride: bytes from row to row */
    int channels;
} iso_image_view;

/* `out` has the size of the result. */
void iso_resize_horizontal(iso_isa isa, const iso_resize_axis *axis, const iso_image_view *in, iso_image *out);
void iso_resize_vertical(iso_isa isa, const iso_resize_axis *axis, const iso_image_view *in, iso_image *out);

#endif
