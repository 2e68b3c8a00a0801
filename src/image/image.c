#include "image/image.h"

#include <stdio.h>
#include <string.h>

bool iso_worker_fail(iso_worker_error *error, iso_status status, const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(error->message, sizeof error->message, format, args);
    va_end(args);
    error->status = status;
    return false;
}

bool iso_image_resize(iso_context *ctx, iso_image *image, int64_t w, int64_t h, int channels, iso_worker_error *error) {
    size_t bytes = (size_t)w * (size_t)h * (size_t)channels;
    if (bytes > image->capacity) {
        iso_image_free(ctx, image);
        if (!(image->pixels = iso_try_alloc(ctx, bytes + ISO_IMAGE_SLACK)))
            return iso_worker_fail(error, ISO_ENOMEM, "out of memory for an image of %lld x %lld pixels", (long long)w,
                                   (long long)h);
        image->capacity = bytes;
    }
    image->w = w;
    image->h = h;
    image->channels = channels;
    return true;
}

void iso_image_free(iso_context *ctx, iso_image *image) {
    iso_free(ctx, image->pixels);
    *image = (iso_image){.pixels = NULL};
}

bool iso_image_allow(int64_t w, int64_t h, iso_worker_error *error) {
    if (w < 1 || h < 1)
        return iso_worker_fail(error, ISO_EINVAL, "an image of %lld x %lld pixels holds nothing", (long long)w, (long long)h);
    if (w > ISO_MAX_PIXELS || h > ISO_MAX_PIXELS / w)
        return iso_worker_fail(error, ISO_EINVAL, "%lld x %lld pixels are more than the limit of %d", (long long)w, (long long)h,
                               ISO_MAX_PIXELS);
    return true;
}

typedef bool decoder(iso_context *ctx, const uint8_t *data, size_t size, iso_image *image, iso_worker_error *error);

static bool has(const uint8_t *data, size_t size, size_t at, const char *mark, size_t length) {
    return size >= at + length && memcmp(data + at, mark, length) == 0;
}

/* P1 to P6 and white space. */
static bool is_ppm(const uint8_t *data, size_t size) {
    return size >= 3 && data[0] == 'P' && data[1] >= '1' && data[1] <= '6' &&
           (data[2] == ' ' || (data[2] >= '\t' && data[2] <= '\r'));
}

static decoder *decoder_of(const uint8_t *data, size_t size) {
    if (has(data, size, 0, "\x89PNG\r\n\x1a\n", 8))
        return iso_png_decode;
    if (has(data, size, 0, "\xff\xd8\xff", 3))
        return iso_jpeg_decode;
    if (has(data, size, 0, "RIFF", 4) && has(data, size, 8, "WEBP", 4))
        return iso_webp_decode;
    if (has(data, size, 0, "BM", 2))
        return iso_bmp_decode;
    return is_ppm(data, size) ? iso_ppm_decode : NULL;
}

/* Other formats have no such shortcut. */
bool iso_image_decode_rows(iso_context *ctx, const uint8_t *data, size_t size, int64_t rows, iso_image *image,
                           iso_worker_error *error) {
    return decoder_of(data, size) == iso_jpeg_decode ? iso_jpeg_decode_rows(ctx, data, size, rows, image, error)
                                                     : iso_image_decode(ctx, data, size, image, error);
}

bool iso_image_decode(iso_context *ctx, const uint8_t *data, size_t size, iso_image *image, iso_worker_error *error) {
    decoder *decode = decoder_of(data, size);
    const char *other = has(data, size, 0, "GIF8", 4)                                      ? "GIF"
                        : has(data, size, 0, "II*\0", 4) || has(data, size, 0, "MM\0*", 4) ? "TIFF"
                                                                                           : NULL;
    if (decode)
        return decode(ctx, data, size, image, error);
    if (size == 0)
        return iso_worker_fail(error, ISO_EINVAL, "the file is empty");
    if (other)
        return iso_worker_fail(error, ISO_EINVAL, "is a %s file; PNG, JPEG, WebP, BMP and PPM can be read", other);
    return iso_worker_fail(error, ISO_EINVAL, "is no image: neither PNG, JPEG, WebP, BMP nor PPM");
}
