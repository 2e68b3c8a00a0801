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
        if (!(image->pixels = iso_try_alloc(ctx, bytes)))
            return iso_worker_fail(error, ISO_ENOMEM, "out of memory for an image of %lld x %lld pixels", (long long)w, (long long)h);
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

/* Formats that torchvision's ImageFolder would take and this build does not decode. */
static const char *other_format(const uint8_t *data, size_t size) {
    if (size >= 12 && memcmp(data, "RIFF", 4) == 0 && memcmp(data + 8, "WEBP", 4) == 0)
        return "WebP";
    if (size >= 6 && memcmp(data, "GIF8", 4) == 0)
        return "GIF";
    if (size >= 2 && memcmp(data, "BM", 2) == 0)
        return "BMP";
    if (size >= 4 && (memcmp(data, "II*\0", 4) == 0 || memcmp(data, "MM\0*", 4) == 0))
        return "TIFF";
    if (size >= 3 && data[0] == 'P' && data[1] >= '1' && data[1] <= '6')
        return "PPM";
    return NULL;
}

bool iso_image_decode(iso_context *ctx, const uint8_t *data, size_t size, iso_image *image, iso_worker_error *error) {
    static const uint8_t png[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    if (size == 0)
        return iso_worker_fail(error, ISO_EINVAL, "the file is empty");
    if (size >= 8 && memcmp(data, png, 8) == 0)
        return iso_png_decode(ctx, data, size, image, error);
    if (size >= 3 && data[0] == 0xff && data[1] == 0xd8 && data[2] == 0xff)
        return iso_jpeg_decode(ctx, data, size, image, error);
    const char *other = other_format(data, size);
    if (other)
        return iso_worker_fail(error, ISO_EINVAL, "is a %s file; this build reads PNG and JPEG", other);
    return iso_worker_fail(error, ISO_EINVAL, "is no image: neither PNG nor JPEG");
}
