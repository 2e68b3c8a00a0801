/* A decoder: what it accepts is an image within the limits, all of whose bytes are there. */
#include "fuzz.h"

#include "image/image.h"

typedef bool fuzz_decoder(iso_context *ctx, const uint8_t *data, size_t size, iso_image *image, iso_worker_error *error);

static inline bool fuzz_decode(fuzz_decoder *decode, const uint8_t *data, size_t size, iso_image *image) {
    iso_worker_error error = {.status = ISO_OK};
    bool ok = decode(fuzz_context(), data, size, image, &error);
    FUZZ_HOLDS(ok || (error.status && error.message[0]));
    if (ok) {
        FUZZ_HOLDS(image->w > 0 && image->h > 0 && image->w * image->h <= ISO_MAX_PIXELS && image->channels == 3);
        fuzz_touch(image->pixels, (size_t)(image->w * image->h * 3));
    }
    return ok;
}

/* The same, and the image freed. */
static inline void fuzz_decode_once(fuzz_decoder *decode, const uint8_t *data, size_t size) {
    iso_image image = {.pixels = NULL};
    fuzz_decode(decode, data, size, &image);
    iso_image_free(fuzz_context(), &image);
}
