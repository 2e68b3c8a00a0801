/* What a kernel runs on: threads, an instruction set, and scratch memory that the plan has set aside
 * (kernels allocate nothing). None of it can change a bit of a result. */
#ifndef ISO_OPS_EXEC_H
#define ISO_OPS_EXEC_H

#include "core/cpu.h"
#include "core/pool.h"

typedef struct iso_exec {
    iso_pool *pool; /* NULL: the calling thread alone */
    iso_isa isa;
    void *scratch; /* 64-byte aligned */
} iso_exec;

static inline int iso_exec_threads(const iso_exec *e) {
    return e->pool ? iso_pool_threads(e->pool) : 1;
}

#endif
