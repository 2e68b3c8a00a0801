/* A context whose memory and files fail on demand: the n-th allocation, or the n-th call of a file function, once or from then
 * on. It also keeps accounts, so that a leak shows without a sanitizer. */
#ifndef TESTS_FAULT_FAULTS_H
#define TESTS_FAULT_FAULTS_H

#include <stdatomic.h>

#include "core/context.h"
#include "harness/test.h"

typedef enum fault_kind {
    FAULT_MEMORY, /* alloc gives NULL */
    FAULT_FILES,  /* a file function fails with `error`; of a write half the bytes have been written, and the rest fails */
    FAULT_KINDS
} fault_kind;

typedef struct faults {
    fault_kind kind;
    int64_t at; /* the number of the call that fails, from 0; -1: none */
    bool for_ever;
    int error;       /* errno; EINTR is for read and write alone */
    bool short_ones; /* read and write take some bytes only, as they may */
    bool kill;       /* the call does not fail: the process dies by SIGKILL there */
    /* What happened. */
    atomic_int_least64_t calls[FAULT_KINDS];
    atomic_int_least64_t live, open; /* allocations, and files and directories, that were not given back */
    atomic_bool hit;
    char where[400]; /* the call that failed first: "fsync of PATH" */
} faults;

/* Forgets what happened. */
void faults_reset(faults *f);
/* A context over these; NULL with *status if even that failed. `cache`: NULL, or a folder. */
iso_context *faults_context(faults *f, int threads, const char *cache, iso_status *status);

#endif
