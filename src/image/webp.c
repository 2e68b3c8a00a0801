/* WebP through libwebp; of an animation the first frame. Alpha is dropped, not composited, as Pillow's convert("RGB") does. */
#include "image/image.h"

#ifdef ISO_WEBP
#include <string.h>

#include <webp/decode.h>
#include <webp/demux.h>

static bool damaged(iso_worker_error *error) {
    return iso_worker_fail(error, ISO_EINVAL, "damaged WebP: libwebp refuses it");
}

/* `image` has the size that the header says. */
static bool decode_animation(const WebPData *file, iso_image *image, iso_worker_error *error) {
    WebPAnimDecoderOptions options;
    uint8_t *rgba;
    int time;
    WebPAnimDecoderOptionsInit(&options);
    options.color_mode = MODE_RGBA;
    options.use_threads = 0;
    WebPAnimDecoder *decoder = WebPAnimDecoderNew(file, &options);
    WebPAnimInfo info;
    bool ok = decoder && WebPAnimDecoderGetInfo(decoder, &info) && WebPAnimDecoderGetNext(decoder, &rgba, &time);
    ok = (ok && info.canvas_width == image->w && info.canvas_height == image->h) || damaged(error);
    for (int64_t i = 0; ok && i < image->w * image->h; i++)
        memcpy(image->pixels + 3 * i, rgba + 4 * i, 3); /* NOLINT: ok only with a picture */
    WebPAnimDecoderDelete(decoder);
    return ok;
}

bool iso_webp_decode(iso_context *ctx, const uint8_t *data, size_t size, iso_image *image, iso_worker_error *error) {
    WebPBitstreamFeatures features;
    if (WebPGetFeatures(data, size, &features) != VP8_STATUS_OK)
        return damaged(error);
    if (!iso_image_allow(features.width, features.height, error) ||
        !iso_image_resize(ctx, image, features.width, features.height, 3, error))
        return false;
    if (features.has_animation)
        return decode_animation(&(WebPData){data, size}, image, error);
    WebPDecoderConfig config;
    if (!WebPInitDecoderConfig(&config))
        return damaged(error);
    config.output.colorspace = MODE_RGB;
    config.output.is_external_memory = 1;
    config.output.u.RGBA = (WebPRGBABuffer){image->pixels, (int)(3 * image->w), (size_t)(image->w * image->h * 3)};
    VP8StatusCode status = WebPDecode(data, size, &config);
    if (status == VP8_STATUS_OUT_OF_MEMORY)
        return iso_worker_fail(error, ISO_ENOMEM, "out of memory");
    return status == VP8_STATUS_OK || damaged(error);
}
#else
bool iso_webp_decode(iso_context *ctx, const uint8_t *data, size_t size, iso_image *image, iso_worker_error *error) {
    (void)ctx, (void)data, (void)size, (void)image;
    return iso_worker_fail(error, ISO_EINVAL,
                           "is a WebP file, and this build has no libwebp: install libwebp-dev and build again");
}
#endif
