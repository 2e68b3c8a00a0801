/* A chain of transforms as text, built, drawn and applied to an image. The first three bytes: width, height, channels. */
#include "fuzz.h"

#include "image/transforms.h"

static bool apply(const iso_transforms *t, iso_image *in, unsigned seed) {
    iso_context *ctx = fuzz_context();
    iso_torch_generator generator = {.variant = ISO_TORCH};
    iso_py_random python;
    iso_worker_error error = {.status = ISO_OK};
    iso_draw *draws = iso_calloc(ctx, t->draws, sizeof *draws);
    iso_transform_scratch scratch = {.image.ctx = ctx};
    iso_torch_manual_seed(&generator, seed);
    iso_py_seed(&python, seed);
    iso_image_size size =
        draws ? iso_transforms_draw(t, &generator, &python, (iso_image_size){in->w, in->h}, draws) : (iso_image_size){0, 0};
    size_t numbers = (size_t)(size.w * size.h * t->channels);
    float *x = size.w > 0 && size.w * size.h <= 1 << 18 ? malloc(numbers * sizeof *x) : NULL;
    bool ok = x && iso_transforms_apply(t, draws, &scratch, in, x, &error);
    if (ok)
        fuzz_touch(x, numbers * sizeof *x);
    free(x);
    iso_free(ctx, draws);
    iso_transform_scratch_free(&scratch);
    return ok;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 4)
        return 0;
    iso_context *ctx = fuzz_context();
    iso_image image = {.pixels = NULL};
    iso_worker_error error = {.status = ISO_OK};
    int channels = data[2] & 1 ? 3 : 1, column;
    size_t bad;
    char *source = malloc(size - 2);
    iso_expr *list;
    iso_transforms *t;
    if (!source || !iso_image_resize(ctx, &image, data[0] + 1, data[1] + 1, channels, &error))
        abort();
    for (int64_t i = 0; i < image.w * image.h * channels; i++)
        image.pixels[i] = (uint8_t)(i * i * 31 + data[i % 3]);
    memcpy(source, data + 3, size - 3);
    source[size - 3] = 0;
    if (iso_expr_parse(ctx, source, &list, &column) == ISO_OK) {
        if (list->kind == ISO_EXPR_LIST &&
            iso_transforms_new(ctx, (const iso_expr *const *)list->items, list->count, channels, &bad, &column, &t) == ISO_OK) {
            for (unsigned seed = 0; seed < 2; seed++)
                apply(t, &image, seed);
            iso_transforms_free(t);
        }
        iso_expr_free(ctx, list);
    }
    free(source);
    iso_image_free(ctx, &image);
    return 0;
}
