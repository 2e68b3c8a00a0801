/* The loader from inside: its members, and the border between the caller's thread and the workers. */
#ifndef ISO_DATA_LOADER_INSIDE_H
#define ISO_DATA_LOADER_INSIDE_H

#include <pthread.h>

#include "data/loader.h"

/* What a worker draws augmentation from; Python's random only where the transforms use it. */
typedef struct iso_worker_generators {
    iso_torch_generator torch;
    iso_py_random python;
} iso_worker_generators;

/* A batch on its way. The caller's thread draws and fills everything but x; then threads take its samples one by one. */
typedef struct iso_slot {
    int64_t index, count;
    int64_t *indices, *labels;
    iso_draw *draws; /* transforms->draws per sample */
    float *x;
    iso_torch_generator generator, after; /* the main one before and behind the model's draws */
    iso_py_random python;                 /* the main process's behind this batch */
    iso_worker_generators worker;         /* the worker's before this batch, if it lives on */

    /* Guarded by the loader's mutex. */
    int64_t taken, done; /* samples */
    int64_t failed;      /* the first sample that failed; count: none */
    iso_worker_error error;
} iso_slot;

/* The memory of one thread. */
typedef struct iso_loader_memory {
    iso_loader *loader;
    iso_transform_scratch scratch; /* images that the data set does not keep are decoded into it */
} iso_loader_memory;

struct iso_loader {
    iso_context *ctx;
    const iso_dataset *dataset;
    const iso_transforms *transforms;
    iso_loader_options options;       /* batch_size no larger than an epoch */
    int64_t wanted_batch;             /* as the caller gave it */
    int64_t count, batches, shape[3]; /* count: samples of an epoch */

    bool running;
    iso_sampling *sampling; /* the epoch's order, and who draws it */
    int64_t base_seed;
    bool alive;                         /* persistent workers are there */
    iso_torch_generator main;           /* behind everything drawn so far, the model's draws included */
    iso_torch_generator after;          /* the same for everything delivered so far */
    iso_py_random python, python_after; /* the same of Python's random in the main process, without workers */
    iso_worker_generators *workers;     /* num_workers of them */
    int64_t drawn, delivered;           /* batches */
    iso_batch batch;

    iso_slot *slots; /* batch i lies in slots[i % slot_count] */
    int slot_count;

    int thread_count;
    pthread_t *threads;
    iso_loader_memory *memory; /* thread_count + 1: the caller's is the last */
    pthread_mutex_t mutex;
    pthread_cond_t work, finished;
    bool synchronised; /* mutex and conditions are there */
    bool stop;
    int64_t handed, taken_from; /* batches handed over; the oldest that may have samples left */
};

iso_status iso_loader_start_threads(iso_loader *loader);
void iso_loader_stop_threads(iso_loader *loader);
/* Lets the threads work on a slot. */
void iso_loader_hand_over(iso_loader *loader, iso_slot *slot);
/* Returns when the slot is complete, helping with what is left of it. */
void iso_loader_wait(iso_loader *loader, iso_slot *slot);
/* Returns when no thread works on anything; what was handed over and not begun is dropped. */
void iso_loader_settle(iso_loader *loader);

#endif
