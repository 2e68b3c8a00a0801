/* isobit/context.h: status codes, and the context that owns everything a program shares:
 * memory, files, threads, the instruction set in use, the default random generator.
 * There are no hidden globals: two contexts in one process know nothing of each other. */
#ifndef ISOBIT_CONTEXT_H
#define ISOBIT_CONTEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "isobit/api.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ISO_VERSION          "0.1.0"
#define ISO_CONTRACT_VERSION 1

/* What a function that can fail returns. The first five are also the exit statuses of the program. */
typedef enum iso_status {
    ISO_OK = 0,        /* done, or: equal */
    ISO_DIFFER = 1,    /* the answer is "they differ" */
    ISO_EINVAL = 2,    /* bad input: the message names file, line, key, and what was expected */
    ISO_EIO = 3,       /* a file could not be read or written */
    ISO_ENAN = 4,      /* the numbers stopped: NaN in a loss, gradient or parameter */
    ISO_ENOMEM = 5,    /* out of memory */
    ISO_EINTERRUPT = 6 /* the caller asked to stop (iso_context_interrupt) */
} iso_status;

typedef struct iso_context iso_context;

/* All memory comes from here. alloc returns `size` bytes (never 0) aligned to `alignment` (a power of
 * two), or NULL. Must be callable from several threads at once. */
typedef struct iso_allocator {
    void *(*alloc)(void *user, size_t size, size_t alignment);
    void (*free)(void *user, void *pointer);
    void *user;
} iso_allocator;

/* All access to files goes through here; each member behaves like the POSIX call it is named after
 * (result -1, of a pointer NULL, and errno on failure). Must be callable from several threads at once. */
struct stat;
typedef struct iso_files {
    int (*open)(void *user, const char *path, int flags, int mode);
    int64_t (*read)(void *user, int fd, void *buffer, size_t count);
    int64_t (*write)(void *user, int fd, const void *buffer, size_t count);
    int (*fsync)(void *user, int fd);
    int (*ftruncate)(void *user, int fd, int64_t length);
    int (*close)(void *user, int fd);
    int (*rename)(void *user, const char *from, const char *to);
    int (*unlink)(void *user, const char *path);
    int (*mkdir)(void *user, const char *path, int mode);
    int (*rmdir)(void *user, const char *path);
    int (*stat)(void *user, const char *path, struct stat *info); /* of <sys/stat.h> */
    int64_t (*lseek)(void *user, int fd, int64_t offset, int whence);
    int (*flock)(void *user, int fd, int operation);
    void *(*opendir)(void *user, const char *path);
    const char *(*readdir)(void *user,
                           void *directory); /* an entry's name, valid until the next call; NULL with errno 0: no more */
    int (*closedir)(void *user, void *directory);
    void *user;
} iso_files;

/* Options of a context; a zeroed struct means the defaults. None of them can change a bit of any result. */
typedef struct iso_context_options {
    int threads;                    /* compute threads; 0: one per available CPU */
    const char *isa;                /* "scalar", "avx2", "avx512", "neon"; NULL: the fastest that the CPU has */
    const iso_allocator *allocator; /* NULL: aligned malloc. Copied. */
    const iso_files *files;         /* NULL: POSIX. Copied. */
    const char *cache; /* a folder, made when needed, that remembers the digests of data files, so that unchanged ones are
                          not read before every run; NULL: none. Copied. */
    bool unfused;      /* networks run every operation by itself, in passes of its own: slower, to see that it changes nothing */
} iso_context_options;

/* Makes a context. `options` may be NULL. On failure *context is NULL and the status tells why
 * (ISO_EINVAL: an unknown or unavailable isa, or a floating-point environment that flushes
 * subnormals, does not round to nearest or makes signals of exceptions; ISO_ENOMEM). */
ISO_API iso_status iso_context_new(iso_context **context, const iso_context_options *options);

/* Frees the context and its threads. Everything made with the context must be freed before. NULL is allowed. */
ISO_API void iso_context_free(iso_context *context);

/* The message of the latest failure: one line, without a final full stop; "" if there was none.
 * With NULL: why the latest iso_context_new on this thread failed. Valid until the next failure. */
ISO_API const char *iso_error(const iso_context *context);

/* Asks a running training or verification to stop at the next step border (async-signal-safe). */
ISO_API void iso_context_interrupt(iso_context *context);

/* The number of compute threads in use, and the name of the instruction set ("avx2"; static). */
ISO_API int iso_context_threads(const iso_context *context);
ISO_API const char *iso_context_isa(const iso_context *context);

/* Number of allocations that were asked of the context's allocator so far. */
ISO_API uint64_t iso_context_allocations(const iso_context *context);

/* The version of the library that runs, which may differ from ISO_VERSION of the header compiled against. */
ISO_API const char *iso_version(void);

#ifdef __cplusplus
}
#endif
#endif
