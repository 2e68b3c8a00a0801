/* Pillow's geometry on 8-bit images: resizing, rotation, cropping, flips. The exact arithmetic is Pillow's own C code's, as its x86-64
 * builds compute it: no fused multiply-add anywhere. Every function may run on any thread. */
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

/* Image.resize((w, h), filter): out is of another memory than in. */
bool iso_image_resample(iso_image_scratch *scratch, const iso_image *in, int64_t w, int64_t h, iso_interpolation filter,
                        iso_image *out, iso_worker_error *error);

/* Image.crop: what lies outside of `in` is black. */
bool iso_image_crop(iso_context *ctx, const iso_image *in, int64_t top, int64_t left, int64_t h, int64_t w, iso_image *out,
                    iso_worker_error *error);

void iso_image_flip_horizontal(iso_image *image);
void iso_image_flip_vertical(iso_image *image);

/* Image.rotate(angle in degrees, counter-clockwise): nearest or bilinear; `expand` makes room for the corners; outside lies fill. */
bool iso_image_rotate(iso_context *ctx, const iso_image *in, double angle, iso_interpolation filter, bool expand,
                      const uint8_t fill[3], iso_image *out, iso_worker_error *error);
/* The size that iso_image_rotate with expand gives. */
void iso_image_rotated_size(int64_t w, int64_t h, double angle, int64_t *out_w, int64_t *out_h);

#endif
