/* What LD_PRELOAD does to a process. Built with one of:
 *     GARBAGE     malloc gives memory that is full of garbage, at the least alignment that it may; free writes over it
 *     SMALL_STACK every thread that is started gets a stack of 64 KiB
 *     OTHER_TIME  it is 2061, and the clocks run backwards and jump */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#ifdef GARBAGE
/* A block's own mapping, so that what is behind its end is another page. */
struct head {
    size_t mapped, size, offset;
};

static unsigned char counter;

static void *allocate(size_t size, size_t alignment) {
    size_t extra = sizeof(struct head) + 2 * alignment;
    if (size > PTRDIFF_MAX - extra - 4096)
        return errno = ENOMEM, NULL;
    size_t mapped = (size + extra + 4095) & ~(size_t)4095;
    unsigned char *start = mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED)
        return errno = ENOMEM, NULL;
    size_t offset = (sizeof(struct head) + alignment - 1) / alignment * alignment;
    if (offset % (2 * alignment) == 0) /* aligned to this, and to no more */
        offset += alignment;
    memset(start, 0x5a ^ counter++, mapped);
    struct head *head = (struct head *)(void *)(start + offset) - 1;
    *head = (struct head){mapped, size, offset};
    return start + offset;
}

__attribute__((visibility("default"))) void *malloc(size_t size) {
    return allocate(size, 16);
}
__attribute__((visibility("default"))) void *calloc(size_t count, size_t size) {
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes))
        return errno = ENOMEM, NULL;
    void *p = allocate(bytes, 16);
    return p ? memset(p, 0, bytes) : NULL;
}
__attribute__((visibility("default"))) void free(void *p) {
    if (!p)
        return;
    struct head head = ((struct head *)p)[-1];
    memset(p, 0xa5, head.size);
    munmap((unsigned char *)p - head.offset, head.mapped);
}
__attribute__((visibility("default"))) void *realloc(void *p, size_t size) {
    void *fresh = allocate(size, 16);
    if (fresh && p) {
        size_t old = ((struct head *)p)[-1].size;
        memcpy(fresh, p, old < size ? old : size);
        free(p);
    }
    return fresh;
}
__attribute__((visibility("default"))) int posix_memalign(void **out, size_t alignment, size_t size) {
    int before = errno;
    *out = allocate(size, alignment < 16 ? 16 : alignment);
    errno = before;
    return *out ? 0 : ENOMEM;
}
__attribute__((visibility("default"))) void *aligned_alloc(size_t alignment, size_t size) {
    return allocate(size, alignment < 16 ? 16 : alignment);
}
__attribute__((visibility("default"))) void *memalign(size_t alignment, size_t size) {
    return aligned_alloc(alignment, size);
}
#endif

#ifdef SMALL_STACK
__attribute__((visibility("default"))) int pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*start)(void *),
                                                          void *argument) {
    int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    pthread_attr_t own;
    *(void **)&real = dlsym(RTLD_NEXT, "pthread_create");
    (void)attr;
    pthread_attr_init(&own);
    pthread_attr_setstacksize(&own, 65536);
    int error = real(thread, &own, start, argument);
    pthread_attr_destroy(&own);
    return error;
}
#endif

#ifdef OTHER_TIME
static long ticks;
__attribute__((visibility("default"))) time_t time(time_t *out) {
    time_t now = 2871763200 - __atomic_add_fetch(&ticks, 1, __ATOMIC_RELAXED) % 7 * 86400;
    if (out)
        *out = now;
    return now;
}
__attribute__((visibility("default"))) int clock_gettime(clockid_t clock, struct timespec *out) {
    (void)clock;
    long tick = __atomic_add_fetch(&ticks, 1, __ATOMIC_RELAXED);
    *out = (struct timespec){2871763200 - tick % 5 * 1000, tick * 7919 % 1000000000};
    return 0;
}
#endif
