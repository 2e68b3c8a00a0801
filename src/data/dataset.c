#include "data/dataset.h"

#include <stdio.h>
#include <string.h>

#include "core/file.h"
#include "data/dataset_files.h"

#define MAX_IMAGE_FILE ((size_t)1 << 30)

void iso_dataset_free(iso_dataset *d) {
    if (!d)
        return;
    iso_context *ctx = d->ctx;
    iso_free(ctx, d->labels);
    iso_free(ctx, d->sizes);
    iso_free(ctx, d->origin);
    if (d->parent) { /* the rest is the parent's */
        iso_free(ctx, d);
        return;
    }
    for (size_t i = 0; i < d->class_count; i++)
        iso_free(ctx, d->classes[i]);
    for (size_t i = 0; i < d->count && d->images && !d->bytes; i++)
        iso_image_free(ctx, &d->images[i]);
    for (size_t i = 0; i < d->file_count; i++)
        iso_free(ctx, d->files[i].name);
    for (size_t i = 0; i < d->skipped_count; i++)
        iso_free(ctx, d->skipped[i].name);
    if (d->keeping)
        pthread_mutex_destroy(&d->keeping->lock);
    iso_free(ctx, d->keeping);
    iso_free(ctx, d->skipped);
    iso_free(ctx, d->classes);
    iso_free(ctx, d->images);
    iso_free(ctx, d->files);
    iso_free(ctx, d->bytes);
    iso_free(ctx, d->root);
    iso_free(ctx, d);
}

iso_status iso_dataset_subset(const iso_dataset *parent, const int64_t *indices, int64_t count, iso_dataset **out) {
    iso_context *ctx = parent->ctx;
    iso_dataset *d = iso_calloc(ctx, 1, sizeof *d);
    *out = NULL;
    if (!d)
        return ISO_ENOMEM;
    *d = *parent;
    d->parent = parent;
    d->count = (size_t)count;
    d->labels = iso_alloc_array(ctx, d->count, sizeof *d->labels);
    d->sizes = iso_alloc_array(ctx, d->count, sizeof *d->sizes);
    d->origin = iso_alloc_array(ctx, d->count, sizeof *d->origin);
    if (!d->labels || !d->sizes || !d->origin) {
        iso_dataset_free(d);
        return ISO_ENOMEM;
    }
    for (int64_t i = 0; i < count; i++) {
        d->origin[i] = indices[i];
        d->labels[i] = parent->labels[indices[i]];
        d->sizes[i] = parent->sizes[indices[i]];
    }
    *out = d;
    return ISO_OK;
}

void iso_image_digest(const iso_image *image, uint8_t digest[ISO_BLAKE3_SIZE]) {
    uint8_t both[ISO_BLAKE3_SIZE + 24] = {0};
    int64_t shape[3] = {image->h, image->w, image->channels};
    for (int i = 0; i < 3; i++)
        for (int b = 0; b < 8; b++)
            both[8 * i + b] = (uint8_t)((uint64_t)shape[i] >> (8 * b));
    iso_blake3(image->pixels, (size_t)(image->w * image->h * image->channels), both + 24);
    iso_blake3(both, sizeof both, digest);
}

void iso_dataset_name(const iso_dataset *d, int64_t i, char *buffer, size_t size) {
    if (d->parent)
        iso_dataset_name(d->parent, d->origin[i], buffer, size);
    else if (d->bytes)
        snprintf(buffer, size, "%s/%s[%lld]", d->root, d->files[0].name, (long long)i);
    else
        snprintf(buffer, size, "%s/%s", d->root, d->files[i].name);
}

/* The image if it is in memory. Once there it stays, so it may be read without the lock. */
static const iso_image *kept_image(const iso_dataset *d, int64_t i) {
    if (!d->keeping)
        return &d->images[i];
    pthread_mutex_lock(&d->keeping->lock);
    const iso_image *image = d->images[i].pixels ? &d->images[i] : NULL;
    pthread_mutex_unlock(&d->keeping->lock);
    return image;
}

bool iso_dataset_may_keep(iso_keeping *k, const iso_image *image) {
    size_t bytes = (size_t)(image->w * image->h * image->channels);
    pthread_mutex_lock(&k->lock);
    bool room = bytes <= k->limit - k->bytes;
    if (room)
        k->bytes += bytes;
    pthread_mutex_unlock(&k->lock);
    return room;
}

iso_status iso_dataset_keeping_new(iso_context *ctx, size_t limit, iso_keeping **out) {
    iso_keeping *k = *out = iso_calloc(ctx, 1, sizeof *k);
    if (!k)
        return ISO_ENOMEM;
    pthread_mutex_init(&k->lock, NULL);
    k->limit = limit;
    return ISO_OK;
}

/* A copy of it stays in memory, unless another thread was faster. Its bytes are counted already. */
static void keep_image(const iso_dataset *d, int64_t i, const iso_image *image) {
    size_t bytes = (size_t)(image->w * image->h * image->channels);
    uint8_t *pixels = iso_try_alloc(d->ctx, bytes + ISO_IMAGE_SLACK);
    if (pixels)
        memcpy(pixels, image->pixels, bytes);
    pthread_mutex_lock(&d->keeping->lock);
    if (pixels && !d->images[i].pixels) {
        d->images[i] =
            (iso_image){.w = image->w, .h = image->h, .channels = image->channels, .pixels = pixels, .capacity = bytes};
        pixels = NULL;
    } else
        d->keeping->bytes -= bytes;
    pthread_mutex_unlock(&d->keeping->lock);
    iso_free(d->ctx, pixels);
}

const iso_image *iso_dataset_image(const iso_dataset *d, int64_t i, iso_image *scratch, iso_worker_error *error) {
    return iso_dataset_part(d, i, &(iso_box){0, 0, INT64_MAX, INT64_MAX}, scratch, error);
}

const iso_image *iso_dataset_part(const iso_dataset *d, int64_t i, const iso_box *part, iso_image *scratch,
                                  iso_worker_error *error) {
    if (d->parent)
        return iso_dataset_part(d->parent, d->origin[i], part, scratch, error);
    const iso_image *kept = kept_image(d, i);
    if (kept)
        return kept;
    uint8_t *data;
    size_t size;
    const iso_data_file *file = &d->files[i];
    iso_status status =
        iso_file_read_quietly(d->ctx, d->root, file->name, MAX_IMAGE_FILE, &data, &size, error->message, sizeof error->message);
    if (status) {
        error->status = status;
        return NULL;
    }
    uint8_t digest[ISO_BLAKE3_SIZE];
    iso_blake3(data, size, digest);
    bool ok = memcmp(digest, file->digest, sizeof digest) == 0, keep = iso_dataset_may_keep(d->keeping, &d->sizes[i]);
    if (!ok)
        iso_worker_fail(error, ISO_EIO, "%s/%s: the file has changed since the run began", d->root, file->name);
    ok = ok && iso_image_decode_rows(d->ctx, data, size, keep ? INT64_MAX : part->y1, scratch, error);
    iso_free(d->ctx, data);
    if (ok && keep)
        keep_image(d, i, scratch);
    return ok ? scratch : NULL;
}
