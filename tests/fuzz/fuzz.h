/* What the fuzz targets share: a context that refuses large memory, and a folder in memory for readers of files. A target is one
 * file with one LLVMFuzzerTestOneInput; tests/fuzz/run.sh builds and runs them all. */
#ifndef ISO_TESTS_FUZZ_H
#define ISO_TESTS_FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/context.h"
#include "core/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_MEMORY ((size_t)1 << 18) /* of one allocation: what asks for more is told that there is none */

static void *fuzz_alloc(void *user, size_t size, size_t alignment) {
    (void)user;
    void *pointer = NULL;
    return size <= FUZZ_MEMORY && posix_memalign(&pointer, alignment, size) == 0 ? pointer : NULL;
}

static void fuzz_free(void *user, void *pointer) {
    (void)user;
    free(pointer);
}

static inline iso_context *fuzz_context(void) {
    static const iso_allocator allocator = {fuzz_alloc, fuzz_free, NULL};
    static iso_context *ctx;
    if (!ctx && iso_context_new(&ctx, &(iso_context_options){.threads = 1, .allocator = &allocator}))
        abort();
    return ctx;
}

/* A condition that every accepted input meets. */
#define FUZZ_HOLDS(condition)                                                                                                    \
    do {                                                                                                                         \
        if (!(condition)) {                                                                                                      \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition);                                       \
            abort();                                                                                                             \
        }                                                                                                                        \
    } while (0)

/* Reads every byte, so that a sanitizer sees those that are not there. */
static inline void fuzz_touch(const void *bytes, size_t size) {
    const volatile uint8_t *at = bytes;
    for (size_t i = 0; i < size; i++)
        (void)at[i];
}

static char fuzz_root[64];

static void fuzz_remove_folder(void) {
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", fuzz_root);
    (void)!system(command);
}

/* A folder of this process. */
static inline const char *fuzz_folder(void) {
    if (!fuzz_root[0]) {
        snprintf(fuzz_root, sizeof fuzz_root, "%s/isobit-fuzz-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
        if (!mkdtemp(fuzz_root))
            abort();
        atexit(fuzz_remove_folder);
    }
    return fuzz_root;
}

static inline void fuzz_write(const char *name, const void *bytes, size_t size) {
    char path[256];
    snprintf(path, sizeof path, "%s/%s", fuzz_folder(), name);
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(bytes, 1, size, file) != size || fclose(file) != 0)
        abort();
}

#endif
