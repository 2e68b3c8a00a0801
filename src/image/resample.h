/* Pillow's geometry on 8-bit images: resizing, rotation, cropping, flips. The exact arithmetic is Pillow's own C code's, as its
 * x86-64 builds compute it: no fused multiply-add anywhere. Every function may run on any thread. */
#ifndef ISO_IMAGE_RESAMPLE_H
#define ISO_IMAGE_RESAMPLE_H

#include "image/image.h"

typedef enum iso_interpolation { ISO_NEAREST, ISO_BILINEAR, ISO_BICUBIC } iso_interpolation;

/* Memory that one worker reuses from image to image. */
typedef struct iso_image_scratch {
    iso_context *ctx;
    iso_image passed; /* between the two passes of a resize */
    void *coefficients;
    size_t coefficients_size;
} iso_image_scratch;
void iso_image_scratch_free(iso_image_scratch *scratch);
/* At least `size` bytes in scratch->coefficients; what was in it is lost. */
bool iso_image_scratch_reserve(iso_image_scratch *scratch, size_t size, iso_worker_error *error);

/* Image.resize((w, h), filter) of a part of the image, as if it had been cropped; NULL: of all of it. out is of another memory
 * than in. */
bool iso_image_resample(iso_image_scratch *scratch, const iso_image *in, const iso_box *part, int64_t w, int64_t h,
                        iso_interpolation filter, iso_image *out, iso_worker_error *error);

/* Image.crop: what lies outside of `in` is black. */
bool iso_image_crop(iso_context *ctx, const iso_image *in, int64_t top, int64_t left, int64_t h, int64_t w, iso_image *out,
                    iso_worker_error *error);

/* out[y][x] = in[rows[y]][columns[x]], or fill where an index is negative: any sequence of pads and crops. */
bool iso_image_gather(iso_context *ctx, const iso_image *in, const int64_t *rows, int64_t h, const int64_t *columns, int64_t w,
                      const uint8_t fill[3], iso_image *out, iso_worker_error *error);

/* What lies behind a border, as numpy.pad names it. */
typedef enum iso_padding { ISO_PAD_CONSTANT, ISO_PAD_EDGE, ISO_PAD_REFLECT, ISO_PAD_SYMMETRIC } iso_padding;
/* The index within 0 .. n-1 that position i of an axis of length n shows; -1: the fill. */
int64_t iso_padding_index(iso_padding mode, int64_t i, int64_t n);

/* In place. Of the first, at least the part, which is that of the result. */
void iso_image_flip_horizontal(iso_image *image, iso_isa isa, const iso_box *part);
void iso_image_flip_vertical(iso_image *image);

/* A map from output to source: x' = a x + b y + c, y' = d x + e y + f. */
typedef struct iso_affine {
    double a, b, c, d, e, f;
    int64_t w, h; /* of the output */
} iso_affine;
/* Image.transform(AFFINE): what comes from outside of the image is `fill`. Only the `part` of the output is computed; NULL: all
 * of it. */
bool iso_image_affine(iso_context *ctx, const iso_image *in, const iso_affine *map, iso_interpolation filter,
                      const uint8_t fill[3], const iso_box *part, iso_image *out, iso_worker_error *error);
/* What the part of the output depends on, or more, of an input of w x h pixels. */
iso_box iso_affine_source(const iso_affine *map, const iso_box *part, int64_t w, int64_t h);

/* How Image.rotate turns an image. */
typedef struct iso_rotation {
    double angle; /* degrees, counter-clockwise */
    iso_interpolation filter;
    bool expand;          /* makes room for the corners */
    const double *center; /* x, y; NULL: the middle */
    const uint8_t *fill;  /* outside of the image, per channel */
} iso_rotation;
/* `part` as for iso_image_affine. */
bool iso_image_rotate(iso_context *ctx, const iso_image *in, const iso_rotation *rotation, const iso_box *part, iso_image *out,
                      iso_worker_error *error);
iso_box iso_image_rotate_source(int64_t w, int64_t h, const iso_rotation *rotation, const iso_box *part);
/* The size that it gives. */
void iso_image_rotated_size(int64_t w, int64_t h, const iso_rotation *rotation, int64_t *out_w, int64_t *out_h);

#endif
