#include "harness/memory.h"

#include <stdlib.h>

static void *take(void *user, size_t size, size_t alignment) {
    iso_test_memory *m = user;
    void *pointer = NULL;
    long long left = atomic_fetch_sub(&m->left, 1);
    if ((m->once ? left == 0 : left <= 0) ||
        posix_memalign(&pointer, alignment < sizeof pointer ? sizeof pointer : alignment, size))
        return NULL;
    atomic_fetch_add(&m->live, 1);
    return pointer;
}

static void give_back(void *user, void *pointer) {
    if (pointer)
        atomic_fetch_sub(&((iso_test_memory *)user)->live, 1);
    free(pointer);
}

iso_allocator iso_test_allocator(iso_test_memory *memory) {
    return (iso_allocator){take, give_back, memory};
}
