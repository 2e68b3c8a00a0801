/* Pillow's colour operations on 8-bit images, as its x86-64 builds compute them: float where Pillow's C takes float, double where
 * its Python does, no fused multiply-add. Every function may run on any thread. */
#ifndef ISO_IMAGE_COLOUR_H
#define ISO_IMAGE_COLOUR_H

#include "image/image.h"

/* ImageEnhance: the image blended with black, with its mean gray, with its gray version, and with a smoothed copy. 1 is the image
 * itself. In place; sharpness writes to `out`, which is of another memory. */
void iso_image_brightness(iso_image *image, double factor);
void iso_image_contrast(iso_image *image, double factor);
void iso_image_saturation(iso_image *image, double factor);
bool iso_image_sharpness(iso_context *ctx, const iso_image *in, double factor, iso_image *out, iso_worker_error *error);

/* torchvision's adjust_hue: the hue turned by `factor` (-0.5 to 0.5) of the circle, by way of Pillow's HSV. */
void iso_image_hue(iso_image *image, double factor);

/* ImageOps; `bits` from 0 to 8. */
void iso_image_invert(iso_image *image);
void iso_image_posterize(iso_image *image, int bits);
void iso_image_solarize(iso_image *image, double threshold);
void iso_image_autocontrast(iso_image *image);
void iso_image_equalize(iso_image *image);

/* convert("L"), of one channel or repeated in three. */
bool iso_image_gray(iso_context *ctx, const iso_image *in, int channels, iso_image *out, iso_worker_error *error);

#endif
