/* The pictures of tests/oracle/record_images.py, and hashes as it takes them. */
#ifndef TESTS_IMAGE_MADE_H
#define TESTS_IMAGE_MADE_H

#include <stdlib.h>
#include <string.h>

#include "image/transforms.h"

/* Fills an image that the caller frees with iso_image_free. */
static inline bool made_picture(iso_context *ctx, int64_t h, int64_t w, int channels, int64_t number, iso_image *image) {
    iso_worker_error error;
    if (!iso_image_resize(ctx, image, w, h, channels, &error))
        return false;
    for (int64_t y = 0; y < h; y++)
        for (int64_t x = 0; x < w; x++)
            for (int c = 0; c < channels; c++)
                iso_image_row(image, y)[x * channels + c] =
                    (uint8_t)((x * (5 + number) + y * 11 + c * 80 + x * y * (number + 1) / 7) & 255);
    return true;
}

#define MADE_HASH_START UINT64_C(0xcbf29ce484222325)
static inline uint64_t made_hash(uint64_t hash, const void *data, size_t size) {
    const uint8_t *bytes = data;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
    return hash;
}

/* A chain from its calls, separated by semicolons; where it is wrong: the call, and the column in it. */
static inline iso_status made_chain_at(iso_context *ctx, const char *text, int channels, iso_transforms **transforms, size_t *bad,
                                       int *column) {
    iso_expr *calls[16] = {NULL};
    size_t count = 0;
    char *copy = strdup(text), *rest = copy;
    iso_status status = ISO_OK;
    *transforms = NULL;
    for (char *call; !status && (call = strsep(&rest, ";"));)
        if (!(status = iso_expr_parse(ctx, call, &calls[count], column)))
            count++;
    if (!status)
        status = iso_transforms_new(ctx, (const iso_expr *const *)calls, count, channels, bad, column, transforms);
    for (size_t i = 0; i < count; i++)
        iso_expr_free(ctx, calls[i]);
    free(copy);
    return status;
}

static inline iso_status made_chain(iso_context *ctx, const char *text, int channels, iso_transforms **transforms) {
    size_t bad;
    int column;
    return made_chain_at(ctx, text, channels, transforms, &bad, &column);
}

#endif
