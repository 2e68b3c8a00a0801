/* What a run leaves: the order in which it writes, syncs and renames, so that a crash of the machine takes nothing away that is
 * promised; and what a line says of a batch. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "core/json.h"
#include "ledger/digest.h"
#include "run/small_run.h"

/* A log of what happens to the files of one directory, as letters: l, c and d for the ledger, a checkpoint's temporary file and
 * the directory, capital when it is synced; r where the checkpoint is renamed into place. */
struct watch {
    iso_files real;
    const char *directory;
    char kind[1024]; /* by descriptor */
    char log[4096];
    size_t used;
};

static void note(struct watch *w, char what) {
    if (what && w->used + 1 < sizeof w->log && (w->used == 0 || w->log[w->used - 1] != what))
        w->log[w->used++] = what;
}

static int watch_open(void *user, const char *path, int flags, int mode) {
    struct watch *w = user;
    int fd = w->real.open(w->real.user, path, flags, mode);
    if (fd < 0 || fd >= (int)sizeof w->kind)
        return fd;
    bool ours = strncmp(path, w->directory, strlen(w->directory)) == 0;
    w->kind[fd] = !ours                               ? 0
                  : flags & O_DIRECTORY               ? 'd'
                  : strstr(path, "run.ledger")        ? 'l'
                  : strstr(path, ".safetensors.part") ? 'c'
                                                      : 0;
    return fd;
}
static int64_t watch_write(void *user, int fd, const void *buffer, size_t count) {
    struct watch *w = user;
    note(w, w->kind[fd]);
    return w->real.write(w->real.user, fd, buffer, count);
}
static int watch_fsync(void *user, int fd) {
    struct watch *w = user;
    note(w, w->kind[fd] ? (char)(w->kind[fd] - 'a' + 'A') : 0);
    return 0;
}
static int watch_rename(void *user, const char *from, const char *to) {
    struct watch *w = user;
    if (strstr(to, ".safetensors"))
        note(w, 'r');
    return w->real.rename(w->real.user, from, to);
}

/* The steps before a checkpoint are on the disk before it is; its bytes before its name; its name before the line that tells of
 * it; and that line before the next step. */
ISO_TEST(a_checkpoint_stands_when_its_line_does) {
    static struct watch w;
    char directory[512];
    snprintf(directory, sizeof directory, "%s/durable", iso_test_directory());
    w = (struct watch){.real = test_files(), .directory = directory};
    iso_files files = w.real;
    files.user = &w;
    files.open = watch_open;
    files.write = watch_write;
    files.fsync = watch_fsync;
    files.rename = watch_rename;
    iso_context *ctx;
    CHECK(iso_context_new(&ctx, &(iso_context_options){.threads = 1, .files = &files}) == ISO_OK);
    CHECK_MSG(small_run(ctx, "durable", NULL, NULL), "%s", iso_error(ctx));
    iso_context_free(ctx);
    w.log[w.used] = 0;
    char expected[256] = "DlL"; /* the copy of the recipe and the environment; the header */
    for (int checkpoint = 0; checkpoint <= SMALL_STEPS / 2; checkpoint++)
        snprintf(expected + strlen(expected), 16, "%s", checkpoint ? "lLcCrDlL" : "cCrDlL");
    strcat(expected, "lL"); /* the end */
    CHECK_STRING(expected, w.log);
}

/* docs/ledger.md: the digest of the two digests of images and labels. */
ISO_TEST(a_batch_is_digested_with_its_labels) {
    iso_context *ctx = test_context(1);
    const char *directory = small_run(ctx, "labels", NULL, NULL);
    CHECK_MSG(directory, "%s", iso_error(ctx));
    iso_ledger *l;
    CHECK_OK(ctx, iso_ledger_open(ctx, directory, ISO_LEDGER_READ, &l));
    for (int64_t step = 1; step <= 3; step++) { /* of the first epoch */
        iso_tensor *x, *labels;
        iso_json line;
        uint8_t both[2][ISO_BLAKE3_SIZE], digest[ISO_BLAKE3_SIZE], recorded[ISO_BLAKE3_SIZE];
        CHECK_OK(ctx, iso_recipe_batch(ctx, small_recipe(ctx), NULL, 0, 0, step - 1, &x, &labels));
        CHECK_OK(ctx, iso_tensor_digest(ctx, x, both[0]));
        CHECK_OK(ctx, iso_tensor_digest(ctx, labels, both[1]));
        iso_blake3(both, sizeof both, digest);
        CHECK_OK(ctx, iso_ledger_parse(l, iso_ledger_find(l, 0, "step", step), &line));
        CHECK(iso_hex_bytes(iso_json_string(&line, "batch"), recorded, sizeof recorded));
        CHECK_MSG(memcmp(digest, recorded, sizeof digest) == 0, "step %lld", (long long)step);
        iso_json_free(ctx, &line);
        iso_tensor_free(ctx, x);
        iso_tensor_free(ctx, labels);
    }
    iso_ledger_close(l);
    iso_context_free(ctx);
}
