/* JPEG; and of what is accepted, a part, which must have the pixels of the whole. */
#include "fuzz_image.h"

static void decode_part(const uint8_t *data, size_t size, const iso_image *whole) {
    iso_image part = {.pixels = NULL};
    iso_worker_error error = {.status = ISO_OK};
    uint64_t seed = 88172645463325252u;
    for (size_t i = 0; i < size; i++)
        seed = (seed ^ data[i]) * 1099511628211u;
    int64_t rows = 1 + (int64_t)(seed >> 33) % whole->h;
    FUZZ_HOLDS(iso_jpeg_decode_rows(fuzz_context(), data, size, rows, &part, &error));
    FUZZ_HOLDS(part.w == whole->w && part.h == whole->h && part.channels == 3);
    FUZZ_HOLDS(memcmp(part.pixels, whole->pixels, (size_t)(rows * whole->w * 3)) == 0);
    iso_image_free(fuzz_context(), &part);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    iso_image image = {.pixels = NULL};
    if (fuzz_decode(iso_jpeg_decode, data, size, &image))
        decode_part(data, size, &image);
    iso_image_free(fuzz_context(), &image);
    return 0;
}
