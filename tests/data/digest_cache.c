/* The cache of digests: it saves the reading, and can never hide a change. */
#include "data/digest_cache.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "data/dataset.h"
#include "data/folder.h"
#include "harness/test.h"

#define COUNT 30

static char root[512], cache[512];

static iso_context *context_with_folder(const char *name) {
    iso_context *ctx;
    int order[COUNT];
    snprintf(root, sizeof root, "%s/%s", iso_test_directory(), name);
    snprintf(cache, sizeof cache, "%s/%s-cache/below", iso_test_directory(), name);
    if (iso_context_new(&ctx, &(iso_context_options){.threads = 2, .cache = cache}))
        return NULL;
    return write_made_folder(ctx, root, COUNT, order) ? ctx : NULL;
}

static iso_dataset *open_folder(iso_context *ctx, size_t keep, bool fresh) {
    iso_dataset *d;
    return iso_image_folder_open(ctx, root, &(iso_folder_options){.keep = keep, .fresh = fresh}, &d) ? NULL : d;
}

/* As a run does whose files were last changed long ago. */
static bool remember(iso_context *ctx, const iso_dataset *d) {
    iso_cached_image images[COUNT] = {{.known = 0}};
    iso_image scratch = {0};
    iso_worker_error error;
    bool ok = d->count == COUNT;
    for (size_t i = 0; i < COUNT && ok; i++) {
        const iso_image *image = iso_dataset_image(d, (int64_t)i, &scratch, &error);
        images[i] = (iso_cached_image){
            .w = (int32_t)d->sizes[i].w, .h = (int32_t)d->sizes[i].h, .channels = 3, .known = 1, .name = d->files[i].name};
        ok = image && iso_file_identify(ctx, root, d->files[i].name, &images[i].identity);
        memcpy(images[i].digest, d->files[i].digest, ISO_BLAKE3_SIZE);
        if (ok)
            iso_image_digest(image, images[i].pixels);
    }
    iso_digest_cache_save(ctx, root, images, COUNT, (int64_t)time(NULL) + 10);
    iso_image_free(ctx, &scratch);
    return ok;
}

static size_t in_memory(const iso_dataset *d) {
    size_t count = 0;
    for (size_t i = 0; i < d->count; i++)
        count += d->images[i].pixels != NULL;
    return count;
}

static bool same(const iso_dataset *a, const iso_dataset *b) {
    bool ok = a->count == b->count && memcmp(a->pixel_digest, b->pixel_digest, ISO_BLAKE3_SIZE) == 0;
    for (size_t i = 0; i < a->count && ok; i++)
        ok = strcmp(a->files[i].name, b->files[i].name) == 0 && a->files[i].size == b->files[i].size &&
             memcmp(a->files[i].digest, b->files[i].digest, ISO_BLAKE3_SIZE) == 0 && a->sizes[i].w == b->sizes[i].w &&
             a->sizes[i].h == b->sizes[i].h && a->sizes[i].channels == b->sizes[i].channels;
    return ok;
}

ISO_TEST(digests_are_remembered) {
    iso_context *ctx = context_with_folder("remembered");
    CHECK(ctx != NULL);
    iso_dataset *first = open_folder(ctx, 1 << 20, false), *second;
    CHECK(first && in_memory(first) == COUNT);
    /* Files that were written a moment ago might be written again without a trace: nothing may be kept of them. */
    CHECK(access(cache, F_OK) != 0);
    CHECK(remember(ctx, first) && access(cache, F_OK) == 0);
    CHECK((second = open_folder(ctx, 1 << 20, false)) != NULL);
    CHECK(same(first, second) && in_memory(second) == 0);
    iso_image scratch = {0};
    iso_worker_error error;
    for (int64_t i = 0; i < COUNT; i++) { /* the images come, and stay, when they are asked for */
        const iso_image *a = iso_dataset_image(first, i, &scratch, &error), *b = iso_dataset_image(second, i, &scratch, &error);
        CHECK(a && b && memcmp(a->pixels, b->pixels, (size_t)(a->w * a->h * 3)) == 0 && in_memory(second) == (size_t)i + 1);
    }
    size_t bytes = second->keeping->bytes;
    iso_dataset_free(second);
    CHECK((second = open_folder(ctx, bytes - 1, false)) != NULL);
    for (int64_t i = 0; i < COUNT; i++)
        CHECK(iso_dataset_image(second, i, &scratch, &error));
    CHECK(in_memory(second) == COUNT - 1 && second->keeping->bytes < bytes);
    iso_dataset_free(second);
    CHECK((second = open_folder(ctx, 1 << 20, true)) != NULL);
    CHECK(same(first, second) && in_memory(second) == COUNT); /* was read afresh */
    iso_dataset_free(second);
    iso_dataset_free(first);
    iso_image_free(ctx, &scratch);
    iso_context_free(ctx);
}

/* Writes the bytes again, in place or as another file under the old name, and sets the old time: only the time of the inode, or
 * the inode, can tell that they might be others. */
static bool change(const char *path, bool replace) {
    struct stat s;
    char other[600];
    uint8_t data[4096];
    snprintf(other, sizeof other, "%s.new", path);
    FILE *file = fopen(path, "rb");
    size_t size = file ? fread(data, 1, sizeof data, file) : 0;
    if (!file || fclose(file) != 0 || stat(path, &s) != 0 || size != (size_t)s.st_size)
        return false;
    int fd = open(replace ? other : path, O_WRONLY | O_CREAT, 0644);

    bool ok = fd >= 0 && write(fd, data, size) == (ssize_t)size;
    struct timespec times[2] = {s.st_atim, s.st_mtim};
    ok = ok && futimens(fd, times) == 0 && close(fd) == 0;
    return ok && (!replace || rename(other, path) == 0);
}

ISO_TEST(remembered_digests_hide_no_change) {
    iso_context *ctx = context_with_folder("changed");
    CHECK(ctx != NULL);
    iso_dataset *first = open_folder(ctx, 1 << 20, false), *second;
    CHECK(first && remember(ctx, first));
    char path[600];
    nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL); /* a file system's clock may tick every 10 ms */
    for (int replace = 0; replace < 2; replace++) {
        snprintf(path, sizeof path, "%s/%s", root, first->files[7 + replace].name);
        CHECK(change(path, replace));
        CHECK((second = open_folder(ctx, 1 << 20, false)) != NULL);
        CHECK(same(first, second) && in_memory(second) == (size_t)replace + 1 && second->images[7 + replace].pixels);
        iso_dataset_free(second);
    }
    /* Another picture under the old name is another data set. */
    iso_image image = {0};
    CHECK(made_picture(ctx, 9, 9, 3, 99, &image) && write_png(path, &image));
    CHECK((second = open_folder(ctx, 1 << 20, false)) != NULL);
    CHECK(!same(first, second) && second->sizes[8].w == 9 && second->sizes[8].h == 9);
    iso_dataset_free(second);
    /* A damaged one is found. */
    CHECK(write_bytes(path, "\x89PNG\r\n\x1a\n", 8));
    CHECK(open_folder(ctx, 1 << 20, false) == NULL && strstr(iso_error(ctx), first->files[8].name));
    iso_image_free(ctx, &image);
    iso_dataset_free(first);
    iso_context_free(ctx);
}

static bool flip(const char *path, size_t at, size_t cut) {
    static uint8_t data[1 << 16];
    FILE *file = fopen(path, "rb");
    size_t size = file ? fread(data, 1, sizeof data, file) : 0;
    if (!file || fclose(file) != 0 || at >= size)
        return false;
    data[at] ^= 4;
    return write_bytes(path, data, cut < size ? cut : size);
}

ISO_TEST(a_damaged_cache_is_none) {
    iso_context *ctx = context_with_folder("damaged-cache");
    CHECK(ctx != NULL);
    iso_dataset *first = open_folder(ctx, 1 << 20, false), *second;
    uint8_t digest[ISO_BLAKE3_SIZE];
    char path[1024], *real = realpath(root, NULL);
    CHECK(first && real);
    iso_blake3(real, strlen(real), digest);
    int used = snprintf(path, sizeof path, "%s/", cache);
    for (int i = 0; i < 16; i++)
        used += snprintf(path + used, sizeof path - (size_t)used, "%02x", digest[i]);
    snprintf(path + used, sizeof path - (size_t)used, ".digests");
    free(real);
    for (size_t at = 0; at < 4000; at += 93) {
        CHECK(remember(ctx, first) && flip(path, at, at % 2 ? SIZE_MAX : at));
        CHECK((second = open_folder(ctx, 1 << 20, false)) != NULL);
        CHECK(same(first, second) && in_memory(second) == COUNT);
        iso_dataset_free(second);
    }
    iso_dataset_free(first);
    iso_context_free(ctx);
}

/* A file that was touched within the last seconds may be touched again without a change of its times; both of them count. */
ISO_TEST(what_was_just_touched_is_not_remembered) {
    iso_context *ctx = context_with_folder("touched");
    CHECK(ctx != NULL);
    const int64_t started = 1000000;
    iso_cached_image images[] = {{.known = 1, .name = "a"}, {.known = 1, .name = "b"}, {.known = 1, .name = "c"}};
    images[1].identity.modified[0] = started;
    images[2].identity.changed[0] = started;
    iso_digest_cache_save(ctx, root, images, 3, started);
    iso_digest_cache *found = iso_digest_cache_load(ctx, root);
    CHECK(found != NULL);
    for (int i = 0; i < 3; i++)
        CHECK((iso_digest_cache_find(found, images[i].name, &images[i].identity) != NULL) == (i == 0));
    iso_digest_cache_free(found);
    iso_context_free(ctx);
}
