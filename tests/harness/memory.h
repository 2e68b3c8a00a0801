/* Memory that runs out where a test wants it to, and that counts what is not given back. */
#ifndef ISO_TEST_MEMORY_H
#define ISO_TEST_MEMORY_H

#include <stdatomic.h>

#include "isobit/context.h"

typedef struct iso_test_memory {
    atomic_llong left; /* allocations that succeed before one fails; below 0 behind that one */
    atomic_llong live; /* blocks that were taken and not given back */
    bool once;         /* the later ones succeed again */
} iso_test_memory;

#define ISO_TEST_PLENTY (1LL << 60)

/* The allocator of a context; `memory` must outlive it. */
iso_allocator iso_test_allocator(iso_test_memory *memory);

#endif
