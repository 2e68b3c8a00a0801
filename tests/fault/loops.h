/* The loops that SQLite's tests use: a job is done again and again, and each time another of its allocations or calls of file
 * functions fails, once or from then on. Each time the job must end in the right status, with a message that names memory or a
 * file, without a leak; or as if nothing had happened, where the call was of no consequence. */
#ifndef TESTS_FAULT_LOOPS_H
#define TESTS_FAULT_LOOPS_H

#include "fault/faults.h"

typedef struct fault_job {
    const char *name;
    iso_status expected; /* without faults */
    int threads;         /* of the context */
    const char *cache;
    bool (*prepare)(void);                                  /* before each round; NULL: nothing */
    iso_status (*run)(iso_context *ctx, const char *input); /* what it gave stays with the job, for `right` */
    bool (*right)(iso_status status);                       /* status `expected`: is the result the one that is due? NULL: yes */
    bool (*behind)(const faults *f, iso_status status); /* what the job left behind, once the context is gone; NULL: nothing */
    const char *input;
} fault_job;

/* Both kinds of faults, once and for ever, at so many places (0: at each; of a long list of places every n-th, from a random one
 * on). */
void fault_loop(const fault_job *job, int64_t places);
/* read and write that are interrupted, or take a part only, change nothing. */
void fault_interruptions(const fault_job *job);

#endif
