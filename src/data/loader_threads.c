/* The threads of the loader: they take samples of the batches handed over, oldest first, and compute pixels from draws. Which
 * thread computes which sample is left to chance and changes nothing. */
#include <stdio.h>
#include <string.h>

#include "data/loader_inside.h"

/* Samples that a thread takes at a time: small images take less long than waking somebody. */
#define RUN 4

static bool compute_sample(iso_loader *l, iso_slot *slot, int64_t i, iso_loader_memory *memory, iso_worker_error *error) {
    int64_t index = slot->indices[i], numel = l->shape[0] * l->shape[1] * l->shape[2];
    const iso_draw *draws = slot->draws + i * (int64_t)l->transforms->draws;
    iso_box part = iso_transforms_source(l->transforms, draws);
    const iso_image *image = iso_dataset_part(l->dataset, index, &part, &memory->scratch.a, error);
    if (!image)
        return false;
    if (iso_transforms_apply(l->transforms, draws, &memory->scratch, image, slot->x + i * numel, error))
        return true;
    iso_worker_error cause = *error;
    char name[128];
    iso_dataset_name(l->dataset, index, name, sizeof name);
    return iso_worker_fail(error, cause.status, "%.120s: %.120s", name, cause.message);
}

/* Takes a run of samples of the slot and computes it. The mutex is held on entry and exit, and not meanwhile. */
static void compute_run(iso_loader *l, iso_slot *slot, iso_loader_memory *memory) {
    int64_t first = slot->taken, end = iso_min64(first + RUN, slot->count), failed = slot->count;
    iso_worker_error error = {.status = ISO_OK};
    slot->taken = end;
    pthread_mutex_unlock(&l->mutex);
    for (int64_t i = first; i < end && failed == slot->count; i++)
        if (!compute_sample(l, slot, i, memory, &error))
            failed = i;
    pthread_mutex_lock(&l->mutex);
    if (failed < slot->failed) {
        slot->failed = failed;
        slot->error = error;
    }
    slot->done += end - first;
    if (slot->done == slot->count)
        pthread_cond_broadcast(&l->finished);
}

/* The oldest slot with samples that nobody has taken; NULL if there is none. */
static iso_slot *find_work(iso_loader *l) {
    for (; l->taken_from < l->handed; l->taken_from++) {
        iso_slot *slot = &l->slots[l->taken_from % l->slot_count];
        if (slot->taken < slot->count)
            return slot;
    }
    return NULL;
}

static void *thread_main(void *argument) {
    iso_loader_memory *memory = argument;
    iso_loader *l = memory->loader;
    pthread_mutex_lock(&l->mutex);
    while (!l->stop) {
        iso_slot *slot = find_work(l);
        if (slot)
            compute_run(l, slot, memory);
        else
            pthread_cond_wait(&l->work, &l->mutex);
    }
    pthread_mutex_unlock(&l->mutex);
    return NULL;
}

iso_status iso_loader_start_threads(iso_loader *l) {
    int wanted = l->options.threads > 0 ? l->options.threads : 0;
    l->memory = iso_calloc(l->ctx, (size_t)wanted + 1, sizeof *l->memory);
    l->threads = iso_calloc(l->ctx, (size_t)wanted + 1, sizeof *l->threads);
    if (!l->memory || !l->threads)
        return ISO_ENOMEM;
    for (int i = 0; i <= wanted; i++) {
        l->memory[i].loader = l;
        l->memory[i].scratch.image.ctx = l->ctx;
    }
    pthread_mutex_init(&l->mutex, NULL);
    pthread_cond_init(&l->work, NULL);
    pthread_cond_init(&l->finished, NULL);
    l->synchronised = true;
    for (; l->thread_count < wanted; l->thread_count++) {
        int error = pthread_create(&l->threads[l->thread_count], NULL, thread_main, &l->memory[l->thread_count]);
        if (error)
            return iso_fail(l->ctx, ISO_ENOMEM, "DataLoader: thread %d of %d could not be started: %s", l->thread_count + 1,
                            wanted, strerror(error));
    }
    return ISO_OK;
}

void iso_loader_stop_threads(iso_loader *l) {
    if (l->synchronised) {
        pthread_mutex_lock(&l->mutex);
        l->stop = true;
        pthread_cond_broadcast(&l->work);
        pthread_mutex_unlock(&l->mutex);
        for (int i = 0; i < l->thread_count; i++)
            pthread_join(l->threads[i], NULL);
        pthread_cond_destroy(&l->work);
        pthread_cond_destroy(&l->finished);
        pthread_mutex_destroy(&l->mutex);
    }
    int wanted = l->options.threads > 0 ? l->options.threads : 0;
    for (int i = 0; i <= wanted && l->memory; i++)
        if (l->memory[i].loader) {
            iso_transform_scratch_free(&l->memory[i].scratch);
        }
    iso_free(l->ctx, l->memory);
    iso_free(l->ctx, l->threads);
}

void iso_loader_hand_over(iso_loader *l, iso_slot *slot) {
    pthread_mutex_lock(&l->mutex);
    slot->taken = slot->done = 0;
    slot->failed = slot->count;
    slot->error.status = ISO_OK;
    if (l->handed == l->taken_from)
        l->taken_from = slot->index;
    l->handed = slot->index + 1;
    pthread_cond_broadcast(&l->work);
    pthread_mutex_unlock(&l->mutex);
}

void iso_loader_wait(iso_loader *l, iso_slot *slot) {
    pthread_mutex_lock(&l->mutex);
    while (slot->taken < slot->count)
        compute_run(l, slot, &l->memory[l->thread_count]);
    while (slot->done < slot->count)
        pthread_cond_wait(&l->finished, &l->mutex);
    l->taken_from = iso_max64(l->taken_from, slot->index + 1); /* nobody looks at the slot any more: it will be drawn anew */
    pthread_mutex_unlock(&l->mutex);
}

void iso_loader_settle(iso_loader *l) {
    pthread_mutex_lock(&l->mutex);
    for (int64_t i = l->delivered; i < l->handed && l->running; i++) {
        iso_slot *slot = &l->slots[i % l->slot_count];
        slot->done += slot->count - slot->taken;
        slot->taken = slot->count;
        while (slot->done < slot->count)
            pthread_cond_wait(&l->finished, &l->mutex);
    }
    l->handed = l->taken_from = 0;
    pthread_mutex_unlock(&l->mutex);
}
