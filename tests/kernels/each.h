/* Runs one operation on every instruction set of this machine, on 1, 2 and 3 threads, with scratch of exactly the size it asked for. */
#ifndef ISO_TESTS_KERNELS_EACH_H
#define ISO_TESTS_KERNELS_EACH_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/context.h"
#include "harness/test.h"
#include "ops/exec.h"

typedef struct each {
    iso_context *ctx[3]; /* 1, 2, 3 threads */
    iso_exec exec;
    int next;
    size_t scratch_size;
} each;

static inline bool each_start(each *it) {
    memset(it, 0, sizeof *it);
    for (int i = 0; i < 3; i++)
        if (iso_context_new(&it->ctx[i], &(iso_context_options){.threads = i + 1}))
            return false;
    return true;
}

/* The next combination; false behind the last. */
static inline bool each_next(each *it) {
    for (;; it->next++) {
        int isa = it->next / 3;
        if (isa >= ISO_ISA_COUNT)
            return false;
        if (!iso_isa_available((iso_isa)isa))
            continue;
        it->exec.pool = it->ctx[it->next % 3]->pool;
        it->exec.isa = (iso_isa)isa;
        it->next++;
        return true;
    }
}

/* Scratch of exactly `size` bytes, filled with a pattern that is a NaN; a sanitizer sees what is written behind it. */
static inline void each_scratch(each *it, size_t size) {
    free(it->exec.scratch);
    it->exec.scratch = NULL;
    if (posix_memalign(&it->exec.scratch, 64, size ? size : 1) == 0)
        memset(it->exec.scratch, 0xff, size);
}

static inline void each_end(each *it) {
    free(it->exec.scratch);
    for (int i = 0; i < 3; i++)
        iso_context_free(it->ctx[i]);
}

static inline float *floats(int64_t count) { return calloc((size_t)(count ? count : 1), sizeof(float)); }
static inline float *random_floats(int64_t count, bool tame) {
    float *x = floats(count);
    if (tame)
        iso_test_tame_floats(x, count);
    else
        iso_test_floats(x, count);
    return x;
}

/* What ran, for the message of a difference. */
#define EACH_CONTEXT(it) iso_isa_name((it).exec.isa), iso_exec_threads(&(it).exec)

#endif
