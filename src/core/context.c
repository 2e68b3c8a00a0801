#include "core/context.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef __linux__
#include <sys/mman.h>
#endif

#define HUGE_PAGE ((size_t)2 << 20)

/* Why the latest iso_context_new of this thread failed: there is no context yet to carry the
 * message. */
static _Thread_local char creation_error[512];

static void *default_alloc(void *user, size_t size, size_t alignment) {
    (void)user;
    void *pointer;
    bool large = size >= 2 * HUGE_PAGE;
    if (posix_memalign(&pointer, large ? HUGE_PAGE : alignment, size) != 0)
        return NULL;
#ifdef MADV_HUGEPAGE
    if (large) /* whoever streams through it misses the translation buffer less; refusing does no harm */
        madvise(pointer, size / HUGE_PAGE * HUGE_PAGE, MADV_HUGEPAGE);
#endif
    return pointer;
}

static void default_free(void *user, void *pointer) {
    (void)user;
    free(pointer);
}

static iso_status ISO_PRINTF(2, 3) creation_failed(iso_status status, const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(creation_error, sizeof creation_error, format, args);
    va_end(args);
    return status;
}

iso_status iso_context_new(iso_context **context, const iso_context_options *options) {
    static const iso_context_options defaults;
    static const iso_allocator default_allocator = {default_alloc, default_free, NULL};
    if (!options)
        options = &defaults;
    *context = NULL;
    creation_error[0] = 0;

    const char *problem = iso_cpu_check_float_environment();
    if (problem)
        return creation_failed(ISO_EINVAL, "%s; results would not be the ones that the contract defines", problem);
    iso_isa isa = iso_isa_best();
    if (options->isa) {
        if (!iso_isa_from_name(options->isa, &isa))
            return creation_failed(ISO_EINVAL, "isa '%s' is unknown; expected scalar, avx2, avx512 or neon", options->isa);
        if (!iso_isa_available(isa))
            return creation_failed(ISO_EINVAL, "isa '%s' is not available: %s", options->isa, iso_isa_missing(isa));
    }
    if (options->threads < 0)
        return creation_failed(ISO_EINVAL, "%s", "threads must be 0 (all CPUs) or more");

    const iso_allocator *allocator = options->allocator ? options->allocator : &default_allocator;
    iso_context *ctx = allocator->alloc(allocator->user, sizeof *ctx, 64);
    if (!ctx)
        return creation_failed(ISO_ENOMEM, "%s", "out of memory");
    memset(ctx, 0, sizeof *ctx);
    ctx->allocator = *allocator;
    ctx->files = options->files ? *options->files : iso_files_posix();
    ctx->isa = isa;
    ctx->unfused = options->unfused;
    atomic_init(&ctx->interrupted, 0);
    atomic_init(&ctx->allocations, 0);
    iso_torch_manual_seed(&ctx->generator, 67280421310721u); /* PyTorch's default_rng_seed_val */
    iso_status status = iso_pool_new(&ctx->pool, ctx, options->threads ? options->threads : iso_cpu_count());
    if (!status && options->cache && !(ctx->cache = iso_strdup(ctx, options->cache)))
        status = ISO_ENOMEM;
    if (status) {
        creation_failed(status, "%s", ctx->error);
        iso_context_free(ctx);
        return status;
    }
    *context = ctx;
    return ISO_OK;
}

void iso_context_free(iso_context *ctx) {
    if (!ctx)
        return;
    iso_pool_free(ctx->pool);
    iso_free(ctx, ctx->cache);
    iso_allocator allocator = ctx->allocator;
    allocator.free(allocator.user, ctx);
}

const char *iso_error(const iso_context *ctx) {
    return ctx ? ctx->error : creation_error;
}
void iso_context_interrupt(iso_context *ctx) {
    atomic_store(&ctx->interrupted, 1);
}
int iso_context_threads(const iso_context *ctx) {
    return iso_pool_threads(ctx->pool);
}
const char *iso_context_isa(const iso_context *ctx) {
    return iso_isa_name(ctx->isa);
}
uint64_t iso_context_allocations(const iso_context *ctx) {
    return atomic_load(&ctx->allocations);
}
const char *iso_version(void) {
    return ISO_VERSION;
}

iso_status iso_fail(iso_context *ctx, iso_status status, const char *format, ...) {
    char message[sizeof ctx->error]; /* apart, since an argument may be the old message */
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    memcpy(ctx->error, message, sizeof message);
    ctx->failure = status;
    return status;
}

iso_status iso_check_floats(iso_context *ctx) {
    const char *problem = iso_cpu_check_float_environment();
    return problem ? iso_fail(ctx, ISO_EINVAL, "%s; results would not be the ones that the contract defines", problem) : ISO_OK;
}

iso_status iso_fail_at(iso_context *ctx, iso_status status, const char *format, ...) {
    char message[sizeof ctx->error];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(message, sizeof message, format, args);
    va_end(args);
    size_t used = length < 0 ? 0 : (size_t)length < sizeof message ? (size_t)length : sizeof message - 1;
    snprintf(message + used, sizeof message - used, ": %s", ctx->error);
    memcpy(ctx->error, message, sizeof message);
    ctx->failure = status;
    return status;
}

void *iso_try_alloc(iso_context *ctx, size_t size) {
    atomic_fetch_add_explicit(&ctx->allocations, 1, memory_order_relaxed);
    return ctx->allocator.alloc(ctx->allocator.user, size ? size : 1, 64);
}

void *iso_alloc(iso_context *ctx, size_t size) {
    void *pointer = iso_try_alloc(ctx, size);
    if (!pointer)
        iso_fail(ctx, ISO_ENOMEM, "out of memory (%zu bytes)", size);
    return pointer;
}

void *iso_alloc_array(iso_context *ctx, size_t count, size_t size) {
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) {
        iso_fail(ctx, ISO_ENOMEM, "out of memory (%zu elements of %zu bytes)", count, size);
        return NULL;
    }
    return iso_alloc(ctx, bytes);
}

void *iso_calloc(iso_context *ctx, size_t count, size_t size) {
    void *pointer = iso_alloc_array(ctx, count, size);
    if (pointer)
        memset(pointer, 0, count * size);
    return pointer;
}

void iso_free(iso_context *ctx, void *pointer) {
    if (pointer)
        ctx->allocator.free(ctx->allocator.user, pointer);
}

iso_status iso_grow(iso_context *ctx, void *items, size_t *capacity, size_t used, size_t needed, size_t size) {
    if (needed <= *capacity)
        return ISO_OK;
    size_t larger = *capacity ? *capacity : 8;
    while (larger < needed)
        larger = larger > SIZE_MAX / 2 ? needed : larger * 2;
    void *grown = iso_alloc_array(ctx, larger, size);
    if (!grown)
        return ISO_ENOMEM;
    void *old;
    memcpy(&old, items, sizeof old);
    if (used)
        memcpy(grown, old, used * size);
    iso_free(ctx, old);
    memcpy(items, &grown, sizeof grown);
    *capacity = larger;
    return ISO_OK;
}

char *iso_strndup(iso_context *ctx, const char *string, size_t length) {
    char *copy = iso_alloc(ctx, length + 1);
    if (copy) {
        memcpy(copy, string, length);
        copy[length] = 0;
    }
    return copy;
}

char *iso_strdup(iso_context *ctx, const char *string) {
    return iso_strndup(ctx, string, strlen(string));
}

char *iso_sprintf(iso_context *ctx, const char *format, ...) {
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *string = length < 0 ? NULL : iso_alloc(ctx, (size_t)length + 1);
    if (string)
        vsnprintf(string, (size_t)length + 1, format, again);
    va_end(again);
    return string;
}
