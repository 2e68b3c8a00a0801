/* A pool of threads that runs independent tasks. Which thread runs which task is left to chance; a task
 * may therefore only write what belongs to it, and no result may depend on the number of threads. */
#ifndef ISO_CORE_POOL_H
#define ISO_CORE_POOL_H

#include "core/compiler.h"
#include "isobit/context.h"

typedef struct iso_pool iso_pool;

/* task in 0 .. tasks-1; thread in 0 .. iso_pool_threads-1 names the scratch space that the task may use. */
typedef void iso_task(void *argument, int64_t task, int thread);

/* A pool of `threads` threads, the calling one included (so 1 starts none). */
iso_status iso_pool_new(iso_pool **pool, iso_context *ctx, int threads);
void iso_pool_free(iso_pool *pool);
int iso_pool_threads(const iso_pool *pool);

/* Runs all tasks and returns when all are done. One caller at a time; not from inside a task.
 * pool may be NULL: then the caller runs all tasks itself, ascending. */
void iso_pool_run(iso_pool *pool, int64_t tasks, iso_task *run, void *argument);

#endif
