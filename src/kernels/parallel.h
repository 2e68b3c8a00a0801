/* Ranges of elements as tasks. */
#ifndef ISO_KERNELS_PARALLEL_H
#define ISO_KERNELS_PARALLEL_H

#include "kernels/isa.h"
#include "ops/exec.h"

/* Elements of one task: enough to be worth a thread, few enough to stay in its cache. A multiple of every vector's length. */
#define ISO_RANGE 16384

typedef void iso_range_task(void *argument, int64_t first, int64_t count);

struct iso_ranges {
    iso_range_task *run;
    void *argument;
    int64_t count;
};

static inline void iso_run_range(void *argument, int64_t task, int thread) {
    (void)thread;
    const struct iso_ranges *r = argument;
    r->run(r->argument, task * ISO_RANGE, iso_min64(ISO_RANGE, r->count - task * ISO_RANGE));
}

static inline void iso_parallel_ranges(const iso_exec *e, int64_t count, iso_range_task *run, void *argument) {
    iso_pool_run(e->pool, iso_ceil_div(count, ISO_RANGE), iso_run_range, &(struct iso_ranges){run, argument, count});
}

#endif
