/* ImageFolder: finds the files as torchvision does, then reads, digests and decodes all of them on all threads. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>

#include "core/file.h"
#include "core/text.h"
#include "data/dataset_files.h"
#include "data/digest_cache.h"

#define MAX_IMAGE_FILE ((size_t)1 << 30)
#define MAX_DEPTH      32

/* A list of strings. */
struct names {
    char **items;
    size_t count, capacity;
};

static iso_status add_name(iso_context *ctx, struct names *names, char *name) {
    iso_status status =
        name ? iso_grow(ctx, &names->items, &names->capacity, names->count, names->count + 1, sizeof *names->items) : ISO_ENOMEM;
    if (status)
        iso_free(ctx, name);
    else
        names->items[names->count++] = name;
    return status;
}

static void free_names(iso_context *ctx, struct names *names) {
    for (size_t i = 0; i < names->count; i++)
        iso_free(ctx, names->items[i]);
    iso_free(ctx, names->items);
    *names = (struct names){NULL, 0, 0};
}

/* The next code point of a file name as Python sees it: UTF-8, and U+DC80 .. U+DCFF for bytes that are none. */
static uint32_t next_code_point(const uint8_t **at) {
    const uint8_t *s = *at;
    uint32_t c = s[0];
    int more = c >= 0xc2 && c <= 0xdf ? 1 : c >= 0xe0 && c <= 0xef ? 2 : c >= 0xf0 && c <= 0xf4 ? 3 : 0;
    *at = s + 1;
    if (c < 0x80)
        return c;
    uint32_t value = more == 1 ? c & 0x1f : more == 2 ? c & 0x0f : c & 0x07;
    for (int i = 1; i <= more; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0xdc00 + c;
        value = value << 6 | (s[i] & 0x3f);
    }
    bool surrogate = value >= 0xd800 && value <= 0xdfff;
    if (more == 0 || surrogate || value > 0x10ffff || (more == 2 && value < 0x800) || (more == 3 && value < 0x10000))
        return 0xdc00 + c;
    *at = s + 1 + more;
    return value;
}

/* Python compares strings by code points. For UTF-8 that is the order of the bytes; other bytes sort in between. */
static int by_code_points(const void *a, const void *b) {
    const uint8_t *p = *(const uint8_t *const *)a, *q = *(const uint8_t *const *)b;
    while (*p && *q) {
        uint32_t x = next_code_point(&p), y = next_code_point(&q);
        if (x != y)
            return x < y ? -1 : 1;
    }
    return (*p != 0) - (*q != 0);
}

static bool is_image_name(const char *name) {
    static const char *const endings[] = {".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp"};
    size_t size = strlen(name);
    for (size_t i = 0; i < ISO_COUNTOF(endings); i++) {
        size_t ending = strlen(endings[i]);
        if (size >= ending && strcasecmp(name + size - ending, endings[i]) == 0)
            return true;
    }
    return false;
}

/* Lists a directory: its sub-directories (symbolic links followed) and its other entries, each sorted. */
static iso_status list_directory(iso_context *ctx, const char *path, struct names *directories, struct names *files) {
    const iso_files *f = &ctx->files;
    void *dir = f->opendir(f->user, path);
    if (!dir)
        return iso_fail(ctx, ISO_EIO, "%s: the folder could not be opened: %s", path, strerror(errno));
    iso_status status = ISO_OK;
    const char *name;
    while (!status && (name = f->readdir(f->user, dir))) {
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
            continue;
        struct stat info;
        bool exists; /* not where a symbolic link leads nowhere */
        char *full = iso_path_join(ctx, path, name);
        status = full ? iso_file_stat(ctx, full, &info, &exists) : ISO_ENOMEM;
        struct names *list = !status && exists && S_ISDIR(info.st_mode) ? directories : files;
        if (!status && list)
            status = add_name(ctx, list, iso_strdup(ctx, name));
        iso_free(ctx, full);
    }
    if (!status && errno)
        status = iso_fail(ctx, ISO_EIO, "%s: the folder could not be read: %s", path, strerror(errno));
    f->closedir(f->user, dir);
    if (directories && directories->count)
        qsort(directories->items, directories->count, sizeof *directories->items, by_code_points);
    if (files && files->count)
        qsort(files->items, files->count, sizeof *files->items, by_code_points);
    return status;
}

/* All directories below root/relative, itself included, as paths relative to the root. Symbolic links are followed, so a link to
 * a directory above would go on for ever: the identity of the directories on the way is checked. */
static iso_status walk(iso_context *ctx, const char *root, const char *relative, const struct stat *above[], int depth,
                       struct names *out) {
    char *path = iso_path_join(ctx, root, relative);
    struct stat info;
    if (!path)
        return ISO_ENOMEM;
    bool exists;
    iso_status status = iso_file_stat(ctx, path, &info, &exists);
    if (!status && !exists)
        status = iso_fail(ctx, ISO_EIO, "%s: the folder is gone", path);
    for (int i = 0; i < depth && !status; i++)
        if (above[i]->st_dev == info.st_dev && above[i]->st_ino == info.st_ino)
            status = iso_fail(ctx, ISO_EINVAL, "%s: a symbolic link leads back to a folder above it", path);
    if (!status && depth == MAX_DEPTH)
        status = iso_fail(ctx, ISO_EINVAL, "%s: nested deeper than %d folders", path, MAX_DEPTH);
    struct names directories = {NULL, 0, 0};
    if (!status)
        status = add_name(ctx, out, iso_strdup(ctx, relative));
    if (!status)
        status = list_directory(ctx, path, &directories, NULL);
    above[depth < MAX_DEPTH ? depth : 0] = &info;
    for (size_t i = 0; i < directories.count && !status; i++) {
        char *child = iso_path_join(ctx, relative, directories.items[i]);
        status = child ? walk(ctx, root, child, above, depth + 1, out) : ISO_ENOMEM;
        iso_free(ctx, child);
    }
    above[depth < MAX_DEPTH ? depth : 0] = NULL;
    free_names(ctx, &directories);
    iso_free(ctx, path);
    return status;
}

/* Appends the images of one directory. */
static iso_status add_images(iso_dataset *d, const char *relative) {
    iso_context *ctx = d->ctx;
    struct names files = {NULL, 0, 0};
    char *path = iso_path_join(ctx, d->root, relative);
    iso_status status = path ? list_directory(ctx, path, NULL, &files) : ISO_ENOMEM;
    for (size_t i = 0; i < files.count && !status; i++) {
        if (!is_image_name(files.items[i]))
            continue;
        status = iso_grow(ctx, &d->files, &d->file_capacity, d->file_count, d->file_count + 1, sizeof *d->files);
        char *name = status ? NULL : iso_path_join(ctx, relative, files.items[i]);
        if (!name) {
            status = ISO_ENOMEM;
            break;
        }
        d->files[d->file_count++] = (iso_data_file){.name = name};
    }
    free_names(ctx, &files);
    iso_free(ctx, path);
    return status;
}

static iso_status find_files(iso_dataset *d, size_t first_of_class[]) {
    iso_context *ctx = d->ctx;
    for (size_t c = 0; c < d->class_count; c++) {
        struct names directories = {NULL, 0, 0};
        const struct stat *above[MAX_DEPTH];
        first_of_class[c] = d->file_count;
        iso_status status = walk(ctx, d->root, d->classes[c], above, 0, &directories);
        if (!status)
            qsort(directories.items, directories.count, sizeof *directories.items, by_code_points);
        for (size_t i = 0; i < directories.count && !status; i++)
            status = add_images(d, directories.items[i]);
        free_names(ctx, &directories);
        if (status)
            return status;
        if (d->file_count == first_of_class[c])
            return iso_fail(ctx, ISO_EINVAL, "%s/%s: the class folder holds no image (.jpg, .jpeg, .png, ...)", d->root,
                            d->classes[c]);
    }
    return ISO_OK;
}

/* ---- Reading ---- */

struct reading {
    iso_dataset *d;
    iso_worker_error **errors; /* one per file; NULL: none */
    uint8_t (*pixels)[ISO_BLAKE3_SIZE];
    const iso_digest_cache *cache;
    iso_cached_image *found; /* for the cache; NULL: there is none to be written */
    atomic_size_t known;     /* files that the cache had */
    bool skip_bad;
};

static const iso_worker_error no_memory = {ISO_ENOMEM, "out of memory"};

/* Takes what the cache knows of a file. */
static void take(struct reading *r, int64_t i, const iso_cached_image *image) {
    iso_data_file *file = &r->d->files[i];
    file->size = (int64_t)image->identity.size;
    memcpy(file->digest, image->digest, sizeof file->digest);
    memcpy(r->pixels[i], image->pixels, sizeof *r->pixels);
    r->d->sizes[i] = (iso_image){.w = image->w, .h = image->h, .channels = image->channels};
    r->found[i] = *image;
    r->found[i].name = file->name;
    atomic_fetch_add(&r->known, 1);
}

/* Notes what was found out, if the file was the same before and behind it. */
static void note(struct reading *r, int64_t i, const iso_file_identity *before) {
    iso_dataset *d = r->d;
    iso_cached_image *found = &r->found[i];
    found->known = iso_file_identify(d->ctx, d->root, d->files[i].name, &found->identity) &&
                   memcmp(&found->identity, before, sizeof *before) == 0 && (int64_t)before->size == d->files[i].size;
    memcpy(found->digest, d->files[i].digest, sizeof found->digest);
    memcpy(found->pixels, r->pixels[i], sizeof found->pixels);
    found->w = (int32_t)d->sizes[i].w;
    found->h = (int32_t)d->sizes[i].h;
    found->channels = d->sizes[i].channels;
    found->name = d->files[i].name;
}

static void read_image(void *argument, int64_t i, int thread) {
    (void)thread;
    struct reading *r = argument;
    iso_dataset *d = r->d;
    iso_data_file *file = &d->files[i];
    iso_file_identity identity = {.inode = 0};
    iso_worker_error error = {.status = ISO_OK};
    uint8_t *data;
    size_t size;
    if (r->found && iso_file_identify(d->ctx, d->root, file->name, &identity)) {
        const iso_cached_image *known = iso_digest_cache_find(r->cache, file->name, &identity);
        if (known) {
            take(r, i, known);
            return;
        }
    }
    error.status =
        iso_file_read_quietly(d->ctx, d->root, file->name, MAX_IMAGE_FILE, &data, &size, error.message, sizeof error.message);
    if (!error.status) {
        file->size = (int64_t)size;
        iso_blake3(data, size, file->digest);
        iso_image *image = &d->images[i];
        if (iso_image_decode(d->ctx, data, size, image, &error)) {
            iso_image_digest(image, r->pixels[i]);
            d->sizes[i] = (iso_image){.w = image->w, .h = image->h, .channels = image->channels};
            if (r->found)
                note(r, i, &identity);
            if (!iso_dataset_may_keep(d->keeping, image))
                iso_image_free(d->ctx, image);
        }
        iso_free(d->ctx, data);
    }
    if (error.status && (r->errors[i] = iso_try_alloc(d->ctx, sizeof error)))
        *r->errors[i] = error;
    else if (error.status)
        r->errors[i] = (iso_worker_error *)&no_memory;
}

static bool is_bad(const struct reading *r, size_t i) {
    return r->errors[i] && !(r->skip_bad && r->errors[i]->status == ISO_EINVAL);
}

/* A file's name may hold anything but '/' and 0. */
static void put_path(iso_text *list, const char *root, const char *name) {
    iso_text_printf(list, "%s/", root);
    for (; *name; name++)
        if ((uint8_t)*name < 0x20 || *name == 0x7f)
            iso_text_printf(list, "\\x%02x", (uint8_t)*name);
        else
            iso_text_append(list, name, 1);
}

/* Lists what is wrong: the first ten files, and how many there are. */
static iso_status report(const struct reading *r) {
    const iso_dataset *d = r->d;
    iso_text list = iso_text_new(d->ctx);
    size_t bad = 0;
    iso_status status = ISO_OK;
    for (size_t i = 0; i < d->file_count; i++) {
        if (!is_bad(r, i))
            continue;
        if (r->errors[i]->status == ISO_ENOMEM) { /* no fault of the images */
            iso_text_free(&list);
            return iso_fail(d->ctx, ISO_ENOMEM, "%s/%s: out of memory", d->root, d->files[i].name);
        }
        if (bad++ == 0)
            status = r->errors[i]->status;
        if (bad > 10)
            continue;
        iso_text_puts(&list, bad > 1 ? "; " : "");
        if (r->errors[i]->status == ISO_EIO) { /* says which file */
            iso_text_puts(&list, r->errors[i]->message);
            continue;
        }
        put_path(&list, d->root, d->files[i].name);
        iso_text_printf(&list, ": %s", r->errors[i]->message);
    }
    if (!iso_text_ok(&list))
        status = ISO_ENOMEM;
    else if (bad == 1)
        iso_fail(d->ctx, status, "%s", list.data);
    else if (bad > 1)
        iso_fail(d->ctx, status, "%zu images are damaged or cannot be read: %s%s", bad, list.data, bad > 10 ? "; ..." : "");
    iso_text_free(&list);
    return status;
}

/* Moves damaged images from the files to the skipped ones. */
static iso_status skip(struct reading *r) {
    iso_dataset *d = r->d;
    size_t kept = 0, capacity = 0;
    for (size_t i = 0; i < d->file_count; i++) {
        bool bad = r->errors[i] != NULL;
        iso_status status =
            bad ? iso_grow(d->ctx, &d->skipped, &capacity, d->skipped_count, d->skipped_count + 1, sizeof *d->skipped) : ISO_OK;
        if (status)
            return status;
        if (bad) {
            d->skipped[d->skipped_count++] = d->files[i];
            d->files[i].name = NULL;
            iso_image_free(d->ctx, &d->images[i]);
            continue;
        }
        if (kept < i) {
            d->files[kept] = d->files[i];
            d->images[kept] = d->images[i];
            d->sizes[kept] = d->sizes[i];
            d->labels[kept] = d->labels[i];
            memcpy(r->pixels[kept], r->pixels[i], sizeof *r->pixels);
            d->files[i].name = NULL;
            d->images[i] = (iso_image){.pixels = NULL};
        }
        kept++;
    }
    d->count = d->file_count = kept;
    for (size_t c = 0, i = 0; c < d->class_count; c++) {
        if (i == kept || d->labels[i] != (int32_t)c)
            return iso_fail(d->ctx, ISO_EINVAL, "%s/%s: every image of the class is damaged", d->root, d->classes[c]);
        while (i < kept && d->labels[i] == (int32_t)c)
            i++;
    }
    return ISO_OK;
}

#define READ_BATCH 512 /* files between two calls of the progress function */

struct slice {
    struct reading *reading;
    int64_t first;
};

static void read_slice(void *argument, int64_t i, int thread) {
    struct slice *slice = argument;
    read_image(slice->reading, slice->first + i, thread);
}

/* All files, a batch at a time, on all threads. */
static iso_status read_batches(struct reading *r, const iso_folder_options *options) {
    iso_context *ctx = r->d->ctx;
    int64_t count = (int64_t)r->d->file_count;
    for (int64_t first = 0; first < count; first += READ_BATCH) {
        int64_t batch = iso_min64(READ_BATCH, count - first);
        iso_pool_run(ctx->pool, batch, read_slice, &(struct slice){r, first});
        if (options->progress)
            options->progress(options->user, first + batch, count);
        if (atomic_load(&ctx->interrupted))
            return iso_fail(ctx, ISO_EINTERRUPT, "interrupted while reading %s", r->d->root);
    }
    return ISO_OK;
}

static iso_status read_all(iso_dataset *d, const iso_folder_options *options) {
    iso_context *ctx = d->ctx;
    bool cached = ctx->cache && !options->fresh;
    size_t count = d->file_count;
    int64_t started = (int64_t)time(NULL);
    iso_digest_cache *cache = cached ? iso_digest_cache_load(ctx, d->root) : NULL;
    struct reading r = {.d = d, .cache = cache, .skip_bad = options->skip_bad};
    atomic_init(&r.known, 0);
    r.errors = iso_calloc(ctx, count, sizeof *r.errors);
    r.pixels = iso_calloc(ctx, count, sizeof *r.pixels);
    r.found = cached ? iso_calloc(ctx, count, sizeof *r.found) : NULL;
    d->images = iso_calloc(ctx, count, sizeof *d->images);
    d->sizes = iso_calloc(ctx, count, sizeof *d->sizes);
    iso_status status = r.errors && r.pixels && d->images && d->sizes && (r.found || !cached) ? ISO_OK : ISO_ENOMEM;
    if (!status)
        status = iso_dataset_keeping_new(ctx, options->keep, &d->keeping);
    if (!status)
        status = read_batches(&r, options);
    if (!status)
        status = report(&r);
    if (!status && r.found && atomic_load(&r.known) < count)
        iso_digest_cache_save(ctx, d->root, r.found, count, started);
    if (!status && options->skip_bad)
        status = skip(&r);
    if (!status)
        iso_blake3(r.pixels, d->file_count * sizeof *r.pixels, d->pixel_digest);
    for (size_t i = 0; i < count && r.errors; i++)
        if (r.errors[i] != &no_memory)
            iso_free(ctx, r.errors[i]);
    iso_free(ctx, r.errors);
    iso_free(ctx, r.pixels);
    iso_free(ctx, r.found);
    iso_digest_cache_free(cache);
    return status;
}

static iso_status open_folder(iso_dataset *d, const iso_folder_options *options) {
    iso_context *ctx = d->ctx;
    struct names classes = {NULL, 0, 0};
    struct stat info;
    bool exists;
    iso_status status = iso_file_stat(ctx, d->root, &info, &exists);
    if (!status && !(exists && S_ISDIR(info.st_mode)))
        status = iso_fail(ctx, ISO_EIO, "%s: there is no such folder", d->root);
    if (!status)
        status = list_directory(ctx, d->root, &classes, NULL);
    d->classes = classes.items;
    d->class_count = classes.count;
    if (status)
        return status;
    if (classes.count == 0)
        return iso_fail(ctx, ISO_EINVAL, "%s: holds no folders; expected one folder of images per class", d->root);
    size_t *first = iso_alloc_array(ctx, classes.count, sizeof *first);
    status = first ? find_files(d, first) : ISO_ENOMEM;
    if (!status && !(d->labels = iso_alloc_array(ctx, d->file_count, sizeof *d->labels)))
        status = ISO_ENOMEM;
    for (size_t c = 0; c < classes.count && !status; c++)
        for (size_t i = first[c]; i < (c + 1 < classes.count ? first[c + 1] : d->file_count); i++)
            d->labels[i] = (int32_t)c;
    iso_free(ctx, first);
    if (!status) {
        d->count = d->file_count;
        status = read_all(d, options);
    }
    return status;
}

iso_status iso_image_folder_open(iso_context *ctx, const char *root, const iso_folder_options *options, iso_dataset **out) {
    iso_dataset *d = *out = iso_dataset_new(ctx, root, 3);
    return d ? iso_dataset_give(d, open_folder(d, options), out) : ISO_ENOMEM;
}
