#include "core/pool.h"

#include "core/context.h"

#if ISO_THREADS
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

/* How often an idle thread looks for work before it goes to sleep: some 100 us. Waking a sleeping
 * thread costs more than a small layer, and the next layer usually follows at once. */
#define SPINS 4000

struct worker {
    iso_pool *pool;
    pthread_t thread;
    int index;
    bool asleep, steered; /* guarded by the pool's mutex */
#ifdef __linux__
    cpu_set_t allowed; /* where it may run, while it is steered */
#endif
};

struct iso_pool {
    iso_context *ctx;
    int threads; /* the caller included */
    int started;
    struct worker *workers;

    /* High half: number of the job; low half: tasks not yet taken. One word, so that a task can
     * only be taken from the job it belongs to; the fields below are written while nothing is left
     * to take. */
    atomic_uint_least64_t ticket;
    iso_task *run;
    void *argument;
    int64_t tasks;
    atomic_int_least64_t done;

    atomic_bool stop;
    atomic_int sleepers;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
};

static inline void relax(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__) || defined(__arm__)
    __asm__ __volatile__("yield");
#endif
}

/* Takes and runs tasks until none is left. */
static void work(iso_pool *pool, int thread) {
    uint64_t ticket = atomic_load_explicit(&pool->ticket, memory_order_acquire);
    while ((uint32_t)ticket != 0) {
        if (!atomic_compare_exchange_weak_explicit(&pool->ticket, &ticket, ticket - 1, memory_order_acq_rel,
                                                   memory_order_acquire))
            continue;
        pool->run(pool->argument, pool->tasks - (int64_t)(uint32_t)ticket, thread);
        atomic_fetch_add_explicit(&pool->done, 1, memory_order_release);
        ticket = atomic_load_explicit(&pool->ticket, memory_order_acquire);
    }
}

static bool has_work(iso_pool *pool) {
    return (uint32_t)atomic_load(&pool->ticket) != 0;
}

/* ---- Where a thread wakes up ---- */

/* After a pause of some milliseconds Linux often wakes a worker on the CPU that the caller runs on, although another is idle, and
 * moves it only when the work is done. So a sleeper is kept away from the caller's CPU until it runs. */
#ifdef __linux__
static void steer(struct worker *worker, int cpu) {
    cpu_set_t others;
    if (cpu < 0 || pthread_getaffinity_np(worker->thread, sizeof worker->allowed, &worker->allowed) != 0)
        return;
    others = worker->allowed;
    CPU_CLR(cpu, &others);
    worker->steered = CPU_COUNT(&others) > 0 && pthread_setaffinity_np(worker->thread, sizeof others, &others) == 0;
}
static void release(struct worker *worker) {
    if (worker->steered)
        pthread_setaffinity_np(worker->thread, sizeof worker->allowed, &worker->allowed);
    worker->steered = false;
}
#else
static void steer(struct worker *worker, int cpu) {
    (void)worker, (void)cpu;
}
static void release(struct worker *worker) {
    (void)worker;
}
static int sched_getcpu(void) {
    return -1;
}
#endif

static void *worker_main(void *argument) {
    struct worker *worker = argument;
    iso_pool *pool = worker->pool;
    while (!atomic_load(&pool->stop)) {
        work(pool, worker->index);
        int spins = 0;
        while (!has_work(pool) && !atomic_load_explicit(&pool->stop, memory_order_relaxed) && spins++ < SPINS)
            relax();
        if (spins < SPINS)
            continue;
        pthread_mutex_lock(&pool->mutex);
        atomic_fetch_add(&pool->sleepers, 1);
        worker->asleep = true;
        /* Once: what it was woken for may be done already, but more of its kind will follow, for which it stays awake. */
        if (!has_work(pool) && !atomic_load(&pool->stop))
            pthread_cond_wait(&pool->wake, &pool->mutex);
        worker->asleep = false;
        atomic_fetch_sub(&pool->sleepers, 1);
        release(worker);
        pthread_mutex_unlock(&pool->mutex);
    }
    return NULL;
}

static void wake_sleepers(iso_pool *pool) {
    if (atomic_load(&pool->sleepers) == 0)
        return;
    int cpu = sched_getcpu();
    pthread_mutex_lock(&pool->mutex);
    for (int i = 0; i < pool->started; i++)
        if (pool->workers[i].asleep && !pool->workers[i].steered)
            steer(&pool->workers[i], cpu);
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->mutex);
}

iso_status iso_pool_new(iso_pool **out, iso_context *ctx, int threads) {
    *out = NULL;
    iso_pool *pool = iso_calloc(ctx, 1, sizeof *pool);
    if (!pool)
        return ISO_ENOMEM;
    pool->ctx = ctx;
    pool->threads = threads;
    atomic_init(&pool->ticket, 0);
    atomic_init(&pool->done, 0);
    atomic_init(&pool->stop, false);
    atomic_init(&pool->sleepers, 0);
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->wake, NULL);
    if (threads > 1 && !(pool->workers = iso_calloc(ctx, (size_t)threads - 1, sizeof *pool->workers))) {
        iso_pool_free(pool);
        return ISO_ENOMEM;
    }
    for (int i = 0; i < threads - 1; i++) {
        pool->workers[i].pool = pool;
        pool->workers[i].index = i + 1;
        int error = pthread_create(&pool->workers[i].thread, NULL, worker_main, &pool->workers[i]);
        if (error) {
            iso_pool_free(pool);
            return iso_fail(ctx, ISO_ENOMEM, "thread %d of %d could not be started: %s", i + 2, threads, strerror(error));
        }
        pool->started++;
    }
    *out = pool;
    return ISO_OK;
}

void iso_pool_free(iso_pool *pool) {
    if (!pool)
        return;
    pthread_mutex_lock(&pool->mutex);
    atomic_store(&pool->stop, true);
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->mutex);
    for (int i = 0; i < pool->started; i++)
        pthread_join(pool->workers[i].thread, NULL);
    pthread_cond_destroy(&pool->wake);
    pthread_mutex_destroy(&pool->mutex);
    iso_free(pool->ctx, pool->workers);
    iso_free(pool->ctx, pool);
}

int iso_pool_threads(const iso_pool *pool) {
    return pool->threads;
}

void iso_pool_run(iso_pool *pool, int64_t tasks, iso_task *run, void *argument) {
    if (!pool || pool->threads == 1 || tasks <= 1) {
        for (int64_t i = 0; i < tasks; i++)
            run(argument, i, 0);
        return;
    }
    pool->run = run;
    pool->argument = argument;
    pool->tasks = tasks;
    atomic_store_explicit(&pool->done, 0, memory_order_relaxed);
    uint64_t job = (atomic_load_explicit(&pool->ticket, memory_order_relaxed) >> 32) + 1;
    atomic_store(&pool->ticket, job << 32 | (uint32_t)tasks);
    wake_sleepers(pool);
    work(pool, 0);
    for (int spins = 0; atomic_load_explicit(&pool->done, memory_order_acquire) != tasks; spins++) {
        relax();
        if (spins > SPINS)
            sched_yield();
    }
}

#else /* the caller alone */

struct iso_pool {
    iso_context *ctx;
};

iso_status iso_pool_new(iso_pool **out, iso_context *ctx, int threads) {
    *out = NULL;
    if (threads > 1)
        return iso_fail(ctx, ISO_EINVAL, "threads is %d, but this build has no threads; expected 1", threads);
    if (!(*out = iso_calloc(ctx, 1, sizeof **out)))
        return ISO_ENOMEM;
    (*out)->ctx = ctx;
    return ISO_OK;
}

void iso_pool_free(iso_pool *pool) {
    if (pool)
        iso_free(pool->ctx, pool);
}

int iso_pool_threads(const iso_pool *pool) {
    (void)pool;
    return 1;
}

void iso_pool_run(iso_pool *pool, int64_t tasks, iso_task *run, void *argument) {
    (void)pool;
    for (int64_t i = 0; i < tasks; i++)
        run(argument, i, 0);
}
#endif
