/* The loader on the caller's thread: order, draws, and the ring of batches. The threads stand in loader_threads.c. */
#include "data/loader_inside.h"

#include <string.h>

/* Room for one batch in each slot of the ring. */
static iso_status new_slots(iso_loader *l) {
    iso_context *ctx = l->ctx;
    size_t n = (size_t)l->options.batch_size, pixels = (size_t)(l->shape[0] * l->shape[1] * l->shape[2]), floats;
    if (!(l->slots = iso_calloc(ctx, (size_t)l->slot_count, sizeof *l->slots)))
        return ISO_ENOMEM;
    if (__builtin_mul_overflow(n, pixels, &floats))
        return iso_fail(ctx, ISO_ENOMEM, "DataLoader: a batch of %zu images of %zu numbers does not fit into memory", n, pixels);
    for (int i = 0; i < l->slot_count; i++) {
        iso_slot *slot = &l->slots[i];
        slot->draws = iso_alloc_array(ctx, n * (l->transforms->count + 1), sizeof *slot->draws);
        slot->indices = iso_alloc_array(ctx, n, sizeof *slot->indices);
        slot->labels = iso_alloc_array(ctx, n, sizeof *slot->labels);
        slot->x = iso_alloc_array(ctx, floats, sizeof *slot->x);
        if (!slot->draws || !slot->indices || !slot->labels || !slot->x)
            return ISO_ENOMEM;
    }
    return ISO_OK;
}

static iso_status wrong_size(iso_loader *l, int64_t index, iso_image_size in, iso_image_size out) {
    char name[256];
    iso_dataset_name(l->dataset, index, name, sizeof name);
    if (out.w <= 0 || out.h <= 0)
        return iso_fail(l->ctx, ISO_EINVAL, "%s: the image of %lld x %lld pixels (height x width) is too small for the transforms", name,
                        (long long)in.h, (long long)in.w);
    return iso_fail(l->ctx, ISO_EINVAL,
                    "%s: the transforms give %lld x %lld pixels (height x width), but %lld x %lld for the first image; images of "
                    "different sizes cannot be stacked into one batch: add Resize((h, w)) or a crop",
                    name, (long long)out.h, (long long)out.w, (long long)l->shape[1], (long long)l->shape[2]);
}

/* Every image must come out with the same size. What only a draw can tell is checked again when it is drawn. */
static iso_status check_sizes(iso_loader *l) {
    iso_torch_generator g = {.variant = ISO_TORCH};
    iso_draw *draws = iso_calloc(l->ctx, l->transforms->count + 1, sizeof *draws);
    if (!draws)
        return ISO_ENOMEM;
    iso_torch_manual_seed(&g, 0);
    iso_status status = ISO_OK;
    iso_image_size last = {0, 0};
    l->shape[0] = l->dataset->channels;
    for (int64_t i = 0; i < (int64_t)l->dataset->count && !status; i++) {
        iso_image_size in = iso_dataset_size(l->dataset, i);
        if (in.w == last.w && in.h == last.h)
            continue;
        last = in;
        for (int try = 0; try < 2 && !status; try++) { /* twice, since a rotation with expand=True draws its size */
            iso_image_size out = iso_transforms_draw(l->transforms, &g, in, draws);
            if (i == 0 && try == 0) {
                l->shape[1] = out.h;
                l->shape[2] = out.w;
            }
            if (out.w <= 0 || out.h <= 0 || out.h != l->shape[1] || out.w != l->shape[2])
                status = wrong_size(l, i, in, out);
        }
    }
    iso_free(l->ctx, draws);
    return status;
}

static iso_status fill(iso_loader *l) {
    iso_context *ctx = l->ctx;
    size_t workers = (size_t)l->options.num_workers;
    if (l->options.batch_size < 1 || l->options.num_workers < 0)
        return iso_fail(ctx, ISO_EINVAL, "DataLoader: batch_size must be at least 1 and num_workers at least 0");
    l->count = (int64_t)l->dataset->count;
    l->options.batch_size = iso_min64(l->options.batch_size, iso_max64(l->count, 1));
    int64_t wanted = l->wanted_batch;
    l->batches = l->options.drop_last ? l->count / wanted : iso_ceil_div(l->count, wanted);
    if (l->batches == 0)
        return iso_fail(ctx, ISO_EINVAL, "DataLoader: %lld images give no batch of %lld", (long long)l->count, (long long)wanted);
    iso_status status = check_sizes(l);
    if (status || (status = new_slots(l)))
        return status;
    if (!(l->order = iso_alloc_array(ctx, (size_t)l->count, sizeof *l->order)))
        return ISO_ENOMEM;
    if (workers && !(l->workers = iso_calloc(ctx, workers, sizeof *l->workers)))
        return ISO_ENOMEM;
    return iso_loader_start_threads(l);
}

iso_status iso_loader_new(iso_context *ctx, const iso_dataset *dataset, const iso_transforms *transforms,
                          const iso_loader_options *options, iso_loader **out) {
    *out = NULL;
    iso_loader *l = iso_calloc(ctx, 1, sizeof *l);
    if (!l)
        return ISO_ENOMEM;
    l->ctx = ctx;
    l->dataset = dataset;
    l->transforms = transforms;
    l->options = *options;
    l->wanted_batch = options->batch_size;
    l->slot_count = options->threads <= 0 ? 1 : options->prefetch > 0 ? options->prefetch + 1 : 3;
    iso_status status = fill(l);
    if (status) {
        iso_loader_free(l);
        return status;
    }
    *out = l;
    return ISO_OK;
}

void iso_loader_free(iso_loader *l) {
    if (!l)
        return;
    iso_context *ctx = l->ctx;
    iso_loader_stop_threads(l);
    for (int i = 0; i < l->slot_count && l->slots; i++) {
        iso_free(ctx, l->slots[i].draws);
        iso_free(ctx, l->slots[i].indices);
        iso_free(ctx, l->slots[i].labels);
        iso_free(ctx, l->slots[i].x);
    }
    iso_free(ctx, l->slots);
    iso_free(ctx, l->order);
    iso_free(ctx, l->workers);
    iso_free(ctx, l);
}

int64_t iso_loader_batches(const iso_loader *l) { return l->batches; }

void iso_loader_shape(const iso_loader *l, int64_t shape[3]) { memcpy(shape, l->shape, sizeof l->shape); }

/* ---- An epoch ---- */

iso_status iso_loader_begin(iso_loader *l, const iso_torch_generator *main) {
    iso_loader_settle(l);
    l->main = *main;
    l->after = *main;
    uint64_t base_seed = (uint64_t)iso_torch_random_int64(&l->main);
    if (l->options.shuffle) {
        iso_torch_generator sampler = {.variant = main->variant};
        iso_torch_manual_seed(&sampler, (uint64_t)iso_torch_random_int64(&l->main));
        iso_torch_randperm(&sampler, l->order, l->count);
    } else
        for (int64_t i = 0; i < l->count; i++)
            l->order[i] = i;
    for (int64_t k = 0; k < l->options.num_workers; k++) {
        l->workers[k] = (iso_torch_generator){.variant = main->variant};
        iso_torch_manual_seed(&l->workers[k], base_seed + (uint64_t)k);
    }
    l->after = l->main;
    l->drawn = l->delivered = 0;
    l->running = true;
    return ISO_OK;
}

/* Draws the next batch into a slot: indices, labels, augmentation; then moves the main generator over the model's draws. */
static iso_status draw_batch(iso_loader *l, iso_slot *slot) {
    int64_t first = l->drawn * l->wanted_batch;
    iso_torch_generator *g = l->options.num_workers ? &l->workers[l->drawn % l->options.num_workers] : &l->main;
    slot->index = l->drawn;
    slot->count = iso_min64(l->options.batch_size, l->count - first);
    for (int64_t i = 0; i < slot->count; i++) {
        int64_t index = l->order[first + i];
        iso_image_size in = iso_dataset_size(l->dataset, index);
        iso_image_size out = iso_transforms_draw(l->transforms, g, in, slot->draws + i * (int64_t)l->transforms->count);
        if (out.h != l->shape[1] || out.w != l->shape[2])
            return wrong_size(l, index, in, out);
        slot->indices[i] = index;
        slot->labels[i] = l->dataset->labels[index];
    }
    slot->generator = l->main;
    if (l->options.model_draws)
        l->options.model_draws(l->options.user, &l->main, slot->count);
    slot->after = l->main;
    l->drawn++;
    return ISO_OK;
}

iso_status iso_loader_skip(iso_loader *l, int64_t k) {
    if (!l->running || l->drawn != l->delivered || k < 0 || k > l->batches - l->drawn)
        return iso_fail(l->ctx, ISO_EINVAL, "DataLoader: cannot skip %lld batches of %lld", (long long)k, (long long)l->batches);
    for (int64_t i = 0; i < k; i++) {
        iso_status status = draw_batch(l, &l->slots[0]);
        if (status)
            return status;
    }
    l->after = l->main;
    l->delivered = l->drawn;
    return ISO_OK;
}

/* Hands the threads as many batches as the ring has room for; the one delivered last is free again by now. */
static iso_status draw_ahead(iso_loader *l) {
    while (l->drawn < l->batches && l->drawn - l->delivered < l->slot_count) {
        iso_slot *slot = &l->slots[l->drawn % l->slot_count];
        iso_status status = draw_batch(l, slot);
        if (status)
            return status;
        iso_loader_hand_over(l, slot);
    }
    return ISO_OK;
}

iso_status iso_loader_next(iso_loader *l, const iso_batch **batch) {
    *batch = NULL;
    if (!l->running)
        return iso_fail(l->ctx, ISO_EINVAL, "DataLoader: no epoch has begun");
    if (l->delivered == l->batches)
        return ISO_OK;
    /* Batches drawn before one that cannot be drawn are still delivered. */
    iso_status status = draw_ahead(l);
    if (status && l->delivered == l->drawn)
        return status;
    iso_slot *slot = &l->slots[l->delivered % l->slot_count];
    iso_loader_wait(l, slot);
    if (slot->error.status)
        return iso_fail(l->ctx, slot->error.status, "%s", slot->error.message);
    l->delivered++;
    l->after = slot->after;
    int64_t n = slot->count;
    l->batch = (iso_batch){
        .index = slot->index,
        .count = n,
        .x = {ISO_FLOAT32, 4, {n, l->shape[0], l->shape[1], l->shape[2]}, n * l->shape[0] * l->shape[1] * l->shape[2], slot->x},
        .labels = {ISO_INT64, 1, {n}, n, slot->labels},
        .indices = slot->indices,
        .generator = &slot->generator,
    };
    *batch = &l->batch;
    return ISO_OK;
}

void iso_loader_end(iso_loader *l, iso_torch_generator *main) {
    iso_loader_settle(l);
    *main = l->after;
    l->running = false;
}
