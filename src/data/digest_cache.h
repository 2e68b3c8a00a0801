/* What earlier runs found out about the images of a folder: the digests of files and pixels. A file that is the same by device,
 * inode, size and both of its times is not read again. One cache file per folder, below the context's `cache`; it is not
 * portable, may be deleted at any time, and is ignored if anything about it is odd. docs/ledger.md#digests-of-data */
#ifndef ISO_DATA_DIGEST_CACHE_H
#define ISO_DATA_DIGEST_CACHE_H

#include "core/blake3.h"
#include "core/context.h"

/* What tells that a file is still the same. The time of the last change of its inode cannot be set back by any program. */
typedef struct iso_file_identity {
    uint64_t device, inode, size;
    int64_t modified[2], changed[2]; /* seconds, nanoseconds */
} iso_file_identity;

/* Any thread. False: there is no such regular file. */
bool iso_file_identify(iso_context *ctx, const char *root, const char *name, iso_file_identity *identity);

typedef struct iso_cached_image {
    iso_file_identity identity;
    uint8_t digest[ISO_BLAKE3_SIZE], pixels[ISO_BLAKE3_SIZE];
    int32_t w, h, channels, known; /* known: 1, or nothing may be kept of it */
    const char *name;
} iso_cached_image;

typedef struct iso_digest_cache iso_digest_cache;

/* The cache of the folder `root`. NULL without a message: there is none, which is no failure. */
iso_digest_cache *iso_digest_cache_load(iso_context *ctx, const char *root);
void iso_digest_cache_free(iso_digest_cache *cache);

/* What is known about the file, if it still is the same; NULL: nothing. Any thread. */
const iso_cached_image *iso_digest_cache_find(const iso_digest_cache *cache, const char *name, const iso_file_identity *identity);

/* Replaces the cache of `root` by the known ones of these images; those that changed in the last two seconds before `started` are
 * left out: another change within the resolution of the file system's clock would not show. A failure leaves the old cache, and
 * is nobody's concern. */
void iso_digest_cache_save(iso_context *ctx, const char *root, const iso_cached_image *images, size_t count, int64_t started);

#endif
