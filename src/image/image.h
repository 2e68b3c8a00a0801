/* An image of 8-bit channels, interleaved, rows top to bottom; and the error of a function that may run on any thread. */
#ifndef ISO_IMAGE_IMAGE_H
#define ISO_IMAGE_IMAGE_H

#include "core/blake3.h"
#include "core/context.h"

typedef struct iso_image {
    int64_t w, h;
    int channels; /* 1 or 3 */
    uint8_t *pixels;
    size_t capacity; /* bytes */
} iso_image;

/* The message of a failure on a worker thread: iso_fail belongs to the main one. */
typedef struct iso_worker_error {
    iso_status status;
    char message[256];
} iso_worker_error;

/* Sets the error and returns false. */
bool iso_worker_fail(iso_worker_error *error, iso_status status, const char *format, ...) ISO_PRINTF(3, 4);

#define ISO_IMAGE_SLACK 16 /* bytes behind an image that may be read: kernels load more than they use */

/* Makes room for w x h x channels and the slack; what was in it is lost. Grows only. False when memory is out. */
bool iso_image_resize(iso_context *ctx, iso_image *image, int64_t w, int64_t h, int channels, iso_worker_error *error);
void iso_image_free(iso_context *ctx, iso_image *image);

/* A part of an image: columns x0 to x1 - 1 of rows y0 to y1 - 1. */
typedef struct iso_box {
    int64_t x0, y0, x1, y1;
} iso_box;

static inline uint8_t *iso_image_row(const iso_image *image, int64_t y) {
    return image->pixels + y * image->w * image->channels;
}

/* More than this is refused before anything is allocated: Pillow's limit of a decompression bomb. */
#define ISO_MAX_PIXELS 178956970

/* For decoders: whether a file may be of this size. */
bool iso_image_allow(int64_t w, int64_t h, iso_worker_error *error);

/* Decodes a file's bytes to RGB, as Pillow's open().convert("RGB") does; the content decides the format. Damage of any kind is an
 * error that says what. */
bool iso_image_decode(iso_context *ctx, const uint8_t *data, size_t size, iso_image *image, iso_worker_error *error);
/* The same of a file that has been decoded before, when only the rows above `rows` are asked for: what stands in the others, and
 * whether they are damaged, is left open. */
bool iso_image_decode_rows(iso_context *ctx, const uint8_t *data, size_t size, int64_t rows, iso_image *image,
                           iso_worker_error *error);
bool iso_png_decode(iso_context *ctx, const uint8_t *data, size_t size, iso_image *image, iso_worker_error *error);
bool iso_jpeg_decode(iso_context *ctx, const uint8_t *data, size_t size, iso_image *image, iso_worker_error *error);
bool iso_jpeg_decode_rows(iso_context *ctx, const uint8_t *data, size_t size, int64_t rows, iso_image *image,
                          iso_worker_error *error);
bool iso_webp_decode(iso_context *ctx, const uint8_t *data, size_t size, iso_image *image, iso_worker_error *error);
bool iso_bmp_decode(iso_context *ctx, const uint8_t *data, size_t size, iso_image *image, iso_worker_error *error);
bool iso_ppm_decode(iso_context *ctx, const uint8_t *data, size_t size, iso_image *image, iso_worker_error *error);

/* A digest that changes with the code that decodes: with the files of this library and of the image libraries. decoders.c */
void iso_image_decoders(uint8_t digest[ISO_BLAKE3_SIZE]);

#endif
