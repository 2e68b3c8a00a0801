/* The context from inside: its members, and memory and errors, which every room uses. */
#ifndef ISO_CORE_CONTEXT_H
#define ISO_CORE_CONTEXT_H

#include <stdarg.h>
#include <stdatomic.h>

#include "core/compiler.h"
#include "core/cpu.h"
#include "core/pool.h"
#include "isobit/context.h"
#include "isobit/random.h"

struct iso_context {
    iso_allocator allocator;
    iso_files files;
    iso_pool *pool;
    iso_isa isa;
    bool unfused;                  /* plans join no operations */
    char *cache;                   /* the folder that remembers digests of data, or NULL */
    iso_torch_generator generator; /* the default generator, torch.default_generator's twin */
    iso_py_random python;          /* the same of Python's module random; seeded by who draws from it */
    atomic_int interrupted;
    atomic_uint_least64_t allocations;
    iso_status failure; /* of the latest failure, */
    char error[2048];   /* and its message */
};

/* Sets the message and returns `status`, so that a failing function ends in `return iso_fail(...)`.
 * The message says where, what, and what was expected, in one line. Main thread only. */
iso_status iso_fail(iso_context *ctx, iso_status status, const char *format, ...) ISO_PRINTF(3, 4);

/* Puts "where: " in front of the message of a failure that has just been set; returns `status`. */
iso_status iso_fail_at(iso_context *ctx, iso_status status, const char *format, ...) ISO_PRINTF(3, 4);

/* Why the call that has just failed did: for functions that give a pointer, or NULL. */
static inline iso_status iso_failure(const iso_context *ctx) {
    return ctx->failure;
}
/* ISO_EINVAL and why, if the calling thread's arithmetic is not the contract's (cpu.h): a host program may have changed it at any
 * time. */
iso_status iso_check_floats(iso_context *ctx);

/* Memory, aligned to 64 bytes, from the context's allocator. NULL (and a message) when there is none.
 * iso_alloc_array checks count * size for overflow. iso_calloc zeroes. count may be 0. Any thread. */
void *iso_alloc(iso_context *ctx, size_t size);
void *iso_alloc_array(iso_context *ctx, size_t count, size_t size);
void *iso_calloc(iso_context *ctx, size_t count, size_t size);
void iso_free(iso_context *ctx, void *pointer);
/* As iso_alloc, without a message, which is the main thread's. For worker threads. */
void *iso_try_alloc(iso_context *ctx, size_t size);

/* Grows a dynamic array: *items holds *capacity elements of `size` bytes; afterwards at least `needed`.
 * The first `used` elements are kept. On ISO_ENOMEM nothing has changed. */
iso_status iso_grow(iso_context *ctx, void *items, size_t *capacity, size_t used, size_t needed, size_t size);

/* A copy of a string, to be freed with iso_free. */
char *iso_strdup(iso_context *ctx, const char *string);
char *iso_strndup(iso_context *ctx, const char *string, size_t length);
char *iso_sprintf(iso_context *ctx, const char *format, ...) ISO_PRINTF(2, 3);

/* The POSIX functions that a context uses unless it is given others. */
iso_files iso_files_posix(void);

#endif
