/* Preloaded into `isobit` by tests/fault/surroundings.sh: a clock that goes backwards, and memory that runs out in the libraries
 * below Isobit (libpng, libjpeg, libyaml, zlib, the C library), whose malloc no context replaces. */
#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>

/* The C library's own. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *pointer, size_t size);

static atomic_long calls;

/* TROUBLE_MALLOC=N: the N-th call gives nothing; -N: nor does any behind it. 0 or none: all work. */
static int is_out(void) {
    static long at = -1;
    static int for_ever;
    if (at < 0) {
        const char *text = getenv("TROUBLE_MALLOC");
        long number = text ? strtol(text, NULL, 10) : 0;
        for_ever = number < 0;
        at = number < 0 ? -number : number;
    }
    long call = atomic_fetch_add(&calls, 1) + 1;
    return at && (for_ever ? call >= at : call == at);
}

void *malloc(size_t size) {
    if (!is_out())
        return __libc_malloc(size);
    errno = ENOMEM;
    return NULL;
}

void *calloc(size_t count, size_t size) {
    if (!is_out())
        return __libc_calloc(count, size);
    errno = ENOMEM;
    return NULL;
}

void *realloc(void *pointer, size_t size) {
    if (!is_out())
        return __libc_realloc(pointer, size);
    errno = ENOMEM;
    return NULL;
}

/* TROUBLE_CLOCK=1: each look at the calendar is a day before the last one. */
time_t time(time_t *to) {
    static atomic_long looks;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    time_t seconds = getenv("TROUBLE_CLOCK") ? now.tv_sec - 86400 * (365 + atomic_fetch_add(&looks, 1)) : now.tv_sec;
    if (to)
        *to = seconds;
    return seconds;
}
