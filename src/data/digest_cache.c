#include "data/digest_cache.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/file.h"
#include "core/text.h"
#include "image/image.h"

#define MAX_CACHE ISO_BYTES(32)
#define RACY      2                              /* seconds: coarser than the clock of any file system in use */
static const char magic[16] = "isobit digests1"; /* with its final zero */

/* The cache file: this, the entries, sorted by name, the names, each with its zero, and the BLAKE3 of all that. */
struct head {
    char magic[16];
    uint64_t entry_size, count, names_size;
    uint8_t decoders[ISO_BLAKE3_SIZE]; /* others may make other pixels of the same file */
};
struct entry {
    iso_cached_image image; /* its `name` is not used in the file */
    uint64_t name;          /* its place among the names */
};

struct iso_digest_cache {
    iso_context *ctx;
    uint8_t *data;
    size_t count;
    struct entry *entries;
};

bool iso_file_identify(iso_context *ctx, const char *root, const char *name, iso_file_identity *identity) {
    struct stat s;
    size_t size = strlen(root) + strlen(name) + 2;
    char *path = iso_try_alloc(ctx, size);
    if (!path)
        return false;
    snprintf(path, size, "%s/%s", root, name);
    bool ok = ctx->files.stat(ctx->files.user, path, &s) == 0 && S_ISREG(s.st_mode);
    iso_free(ctx, path);
    if (ok)
        *identity = (iso_file_identity){.device = (uint64_t)s.st_dev,
                                        .inode = (uint64_t)s.st_ino,
                                        .size = (uint64_t)s.st_size,
                                        .modified = {s.st_mtim.tv_sec, s.st_mtim.tv_nsec},
                                        .changed = {s.st_ctim.tv_sec, s.st_ctim.tv_nsec}};
    return ok;
}

/* Named by the folder's real path. NULL: the context has no cache. */
static char *cache_path(iso_context *ctx, const char *root) {
    char *real = ctx->cache ? realpath(root, NULL) : NULL;
    if (!real)
        return NULL;
    uint8_t digest[ISO_BLAKE3_SIZE];
    iso_blake3(real, strlen(real), digest);
    free(real);
    iso_text name = iso_text_new(ctx);
    iso_text_hex(&name, digest, 16);
    iso_text_puts(&name, ".digests");
    char *path = iso_text_ok(&name) ? iso_path_join(ctx, ctx->cache, name.data) : NULL;
    iso_text_free(&name);
    return path;
}

/* Takes the file apart. False: it is not one that this program on this machine has written whole. */
static bool parse(iso_digest_cache *c, size_t size) {
    struct head head;
    uint8_t digest[ISO_BLAKE3_SIZE];
    if (size < sizeof head + sizeof digest)
        return false;
    size -= sizeof digest;
    iso_blake3(c->data, size, digest);
    memcpy(&head, c->data, sizeof head);
    if (memcmp(digest, c->data + size, sizeof digest) != 0 || memcmp(head.magic, magic, sizeof magic) != 0 ||
        head.entry_size != sizeof *c->entries)
        return false;
    iso_image_decoders(digest);
    if (memcmp(digest, head.decoders, sizeof digest) != 0 || head.count > (size - sizeof head) / sizeof *c->entries ||
        head.names_size != size - sizeof head - head.count * sizeof *c->entries)
        return false;
    c->count = head.count;
    c->entries = (struct entry *)(c->data + sizeof head); /* a multiple of 8 behind an aligned start */
    const char *names = (const char *)(c->entries + c->count);
    for (size_t i = 0; i < c->count; i++) {
        if (c->entries[i].name >= head.names_size || names[head.names_size - 1])
            return false;
        c->entries[i].image.name = names + c->entries[i].name;
    }
    return true;
}

iso_digest_cache *iso_digest_cache_load(iso_context *ctx, const char *root) {
    _Static_assert(sizeof(struct head) % 8 == 0, "the entries are aligned");
    size_t size;
    char *path = cache_path(ctx, root);
    iso_digest_cache *c = path && iso_file_exists(ctx, path) ? iso_calloc(ctx, 1, sizeof *c) : NULL;
    if (c) {
        c->ctx = ctx;
        if (iso_file_read(ctx, path, MAX_CACHE, &c->data, &size) || !parse(c, size)) {
            iso_digest_cache_free(c);
            c = NULL;
        }
    }
    iso_free(ctx, path);
    return c;
}

void iso_digest_cache_free(iso_digest_cache *c) {
    if (!c)
        return;
    iso_free(c->ctx, c->data);
    iso_free(c->ctx, c);
}

static int by_name(const void *a, const void *b) {
    return strcmp(((const struct entry *)a)->image.name, ((const struct entry *)b)->image.name);
}

const iso_cached_image *iso_digest_cache_find(const iso_digest_cache *c, const char *name, const iso_file_identity *identity) {
    struct entry key = {.image.name = name};
    const struct entry *e = c ? bsearch(&key, c->entries, c->count, sizeof key, by_name) : NULL;
    return e && memcmp(&e->image.identity, identity, sizeof *identity) == 0 ? &e->image : NULL;
}

static bool is_settled(const iso_cached_image *image, int64_t started) {
    return image->known && image->identity.modified[0] < started - RACY && image->identity.changed[0] < started - RACY;
}

void iso_digest_cache_save(iso_context *ctx, const char *root, const iso_cached_image *images, size_t count, int64_t started) {
    struct head head = {.entry_size = sizeof(struct entry)};
    uint8_t digest[ISO_BLAKE3_SIZE];
    char *path = cache_path(ctx, root);
    struct entry *entries = path ? iso_calloc(ctx, count, sizeof *entries) : NULL;
    iso_blake3_stream *stream = entries ? iso_alloc(ctx, sizeof *stream) : NULL;
    iso_text names = iso_text_new(ctx);
    memcpy(head.magic, magic, sizeof magic);
    iso_image_decoders(head.decoders);
    for (size_t i = 0; i < count && stream; i++)
        if (is_settled(&images[i], started))
            entries[head.count++].image = images[i];
    if (head.count && stream) {
        qsort(entries, head.count, sizeof *entries, by_name);
        for (size_t i = 0; i < head.count; i++) {
            entries[i].name = names.size;
            iso_text_append(&names, entries[i].image.name, strlen(entries[i].image.name) + 1);
            entries[i].image.name = NULL;
        }
        head.names_size = names.size;
        iso_slice slices[] = {
            {&head, sizeof head}, {entries, head.count * sizeof *entries}, {names.data, names.size}, {digest, sizeof digest}};
        iso_blake3_begin(stream);
        for (int i = 0; i < 3; i++)
            iso_blake3_update(stream, slices[i].data, slices[i].size);
        iso_blake3_end(stream, digest);
        if (iso_text_ok(&names) && iso_file_make_directories(ctx, ctx->cache) == ISO_OK)
            (void)iso_file_write_atomic(ctx, path, slices, ISO_COUNTOF(slices));
    }
    iso_text_free(&names);
    iso_free(ctx, stream);
    iso_free(ctx, entries);
    iso_free(ctx, path);
}
