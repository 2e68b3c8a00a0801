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
        slot->draws = iso_alloc_array(ctx, n * l->transforms->draws, sizeof *slot->draws);
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
        return iso_fail(l->ctx, ISO_EINVAL,
                        "%s: the image of %lld x %lld pixels (height x width) is too small for the transforms", name,
                        (long long)in.h, (long long)in.w);
    return iso_fail(l->ctx, ISO_EINVAL,
                    "%s: the transforms give %lld x %lld pixels (height x width), but %lld x %lld for the first image; images of "
                    "different sizes cannot be stacked into one batch: add Resize((h, w)) or a crop",
                    name, (long long)out.h, (long long)out.w, (long long)l->shape[1], (long long)l->shape[2]);
}

/* Every image must come out with the same size. What only a draw can tell is checked again when it is drawn. */
static iso_status check_sizes(iso_loader *l) {
    iso_torch_generator g = {.variant = ISO_TORCH};
    iso_py_random python = {.version = 0};
    iso_draw *draws = iso_calloc(l->ctx, l->transforms->draws, sizeof *draws);
    if (!draws)
        return ISO_ENOMEM;
    iso_torch_manual_seed(&g, 0);
    iso_py_seed(&python, 0);
    iso_status status = ISO_OK;
    iso_image_size last = {0, 0};
    l->shape[0] = l->transforms->channels;
    for (int64_t i = 0; i < (int64_t)l->dataset->count && !status; i++) {
        iso_image_size in = iso_dataset_size(l->dataset, i);
        if (in.w == last.w && in.h == last.h)
            continue;
        last = in;
        for (int try = 0; try < 2 && !status; try++) { /* twice, since a rotation with expand=True draws its size */
            iso_image_size out = iso_transforms_draw(l->transforms, &g, &python, in, draws);
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
    if (l->options.persistent_workers && !workers)
        return iso_fail(ctx, ISO_EINVAL, "DataLoader: persistent_workers is True, but num_workers is 0, expected at least 1");
    const iso_loader_options *o = &l->options;
    iso_status status = iso_sampling_new(ctx, &o->sampler, o->shuffle, o->generator, (int64_t)l->dataset->count,
                                         l->dataset->labels, &l->sampling);
    if (status)
        return status;
    l->count = l->sampling->length;
    l->options.batch_size = iso_min64(l->options.batch_size, iso_max64(l->count, 1));
    int64_t wanted = l->wanted_batch;
    l->batches = l->options.drop_last ? l->count / wanted : iso_ceil_div(l->count, wanted);
    if (l->batches == 0)
        return iso_fail(ctx, ISO_EINVAL,
                        "DataLoader: %lld images give no whole batch of %lld, and drop_last=True leaves out the rest; expected a "
                        "smaller batch_size",
                        (long long)l->count, (long long)wanted);
    if ((status = check_sizes(l)) || (status = new_slots(l)))
        return status;
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
    iso_sampling_free(l->sampling);
    iso_free(ctx, l->workers);
    iso_free(ctx, l);
}

int64_t iso_loader_batches(const iso_loader *l) {
    return l->batches;
}

int64_t iso_loader_length(const iso_loader *l) {
    return l->count;
}

int64_t iso_loader_base_seed(const iso_loader *l) {
    return l->base_seed;
}

void iso_loader_shape(const iso_loader *l, int64_t shape[3]) {
    memcpy(shape, l->shape, sizeof l->shape);
}

/* ---- An epoch ---- */

/* Persistent workers stand behind the batches delivered, however many were drawn ahead. */
static void give_up_the_rest(iso_loader *l) {
    iso_loader_settle(l);
    for (; l->alive && l->drawn > l->delivered; l->drawn--)
        l->workers[(l->drawn - 1) % l->options.num_workers] = l->slots[(l->drawn - 1) % l->slot_count].worker;
}

/* torch and Python's random are seeded alike. */
static void seed_worker(const iso_loader *l, iso_worker_generators *worker, uint64_t seed) {
    iso_torch_manual_seed(&worker->torch, seed);
    if (l->transforms->uses_python)
        iso_py_seed_words(&worker->python, (const uint32_t[]){(uint32_t)seed, (uint32_t)(seed >> 32)}, 2);
}

iso_status iso_loader_begin(iso_loader *l, const iso_torch_generator *main, const iso_py_random *python) {
    give_up_the_rest(l);
    if (l->transforms->uses_python && !python)
        return iso_fail(l->ctx, ISO_EINVAL, "DataLoader: RandomChoice draws from Python's random, which is not given");
    l->main = *main;
    l->after = *main;
    iso_sampling_draw(l->sampling, &l->main, l->alive ? NULL : &l->base_seed);
    for (int64_t k = 0; k < l->options.num_workers && !l->alive; k++)
        seed_worker(l, &l->workers[k], (uint64_t)l->base_seed + (uint64_t)k);
    for (int64_t k = 0; k < l->options.num_workers; k++)
        l->workers[k].torch.variant = main->variant;
    l->alive = l->options.persistent_workers;
    if (l->transforms->uses_python)
        l->python = l->python_after = *python;
    l->after = l->main;
    l->drawn = l->delivered = 0;
    l->running = true;
    return ISO_OK;
}

/* Draws the next batch into a slot: indices, labels, augmentation; then moves the main generator over the model's draws. */
static iso_status draw_batch(iso_loader *l, iso_slot *slot) {
    int64_t first = l->drawn * l->wanted_batch;
    iso_worker_generators *worker = l->options.num_workers ? &l->workers[l->drawn % l->options.num_workers] : NULL;
    iso_torch_generator *g = worker ? &worker->torch : &l->main;
    iso_py_random *python = worker ? &worker->python : &l->python;
    slot->index = l->drawn;
    if (l->alive && worker)
        slot->worker = *worker;
    slot->count = iso_min64(l->options.batch_size, l->count - first);
    for (int64_t i = 0; i < slot->count; i++) {
        int64_t index = l->sampling->order[first + i];
        iso_image_size in = iso_dataset_size(l->dataset, index);
        iso_image_size out = iso_transforms_draw(l->transforms, g, python, in, slot->draws + i * (int64_t)l->transforms->draws);
        if (out.h != l->shape[1] || out.w != l->shape[2])
            return wrong_size(l, index, in, out);
        slot->indices[i] = index;
        slot->labels[i] = l->dataset->labels[index];
    }
    slot->generator = l->main;
    if (l->transforms->uses_python)
        slot->python = l->python;
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
    l->python_after = l->python;
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
    if (l->transforms->uses_python)
        l->python_after = slot->python;
    int64_t n = slot->count;
    l->batch = (iso_batch){
        .index = slot->index,
        .count = n,
        .worker = l->options.num_workers ? slot->index % l->options.num_workers : -1,
        .x = {ISO_FLOAT32, 4, {n, l->shape[0], l->shape[1], l->shape[2]}, n * l->shape[0] * l->shape[1] * l->shape[2], slot->x},
        .labels = {ISO_INT64, 1, {n}, n, slot->labels},
        .indices = slot->indices,
        .generator = &slot->generator,
        .python = &slot->python,
    };
    *batch = &l->batch;
    return ISO_OK;
}

void iso_loader_end(iso_loader *l, iso_torch_generator *main, iso_py_random *python) {
    give_up_the_rest(l);
    *main = l->after;
    if (l->transforms->uses_python && python)
        *python = l->python_after;
    l->running = false;
}

/* ---- Between epochs ---- */

/* The generators that were given as arguments, which live on. */
static int64_t list_generators(const iso_loader *l, iso_torch_generator *generators[2]) {
    int64_t count = 0;
    if (l->options.generator.given)
        generators[count++] = &l->sampling->loader;
    if (l->options.sampler.generator.given)
        generators[count++] = &l->sampling->own;
    return count;
}

#define PYTHON_BYTES (4 * ISO_PY_STATE_WORDS) /* little-endian */

static size_t worker_bytes(const iso_loader *l) {
    return ISO_TORCH_STATE_SIZE + (l->transforms->uses_python ? PYTHON_BYTES : 0);
}

static void get_worker(const iso_loader *l, const iso_worker_generators *worker, uint8_t *state) {
    uint32_t words[ISO_PY_STATE_WORDS];
    iso_torch_get_state(&worker->torch, state);
    if (!l->transforms->uses_python)
        return;
    iso_py_getstate(&worker->python, words);
    for (int i = 0; i < ISO_PY_STATE_WORDS; i++)
        for (int byte = 0; byte < 4; byte++)
            state[ISO_TORCH_STATE_SIZE + 4 * i + byte] = (uint8_t)(words[i] >> 8 * byte);
}

static bool set_worker(const iso_loader *l, iso_worker_generators *worker, const uint8_t *state) {
    uint32_t words[ISO_PY_STATE_WORDS];
    if (!iso_torch_set_state(&worker->torch, state))
        return false;
    if (!l->transforms->uses_python)
        return true;
    state += ISO_TORCH_STATE_SIZE;
    for (int i = 0; i < ISO_PY_STATE_WORDS; i++, state += 4)
        words[i] = (uint32_t)state[0] | (uint32_t)state[1] << 8 | (uint32_t)state[2] << 16 | (uint32_t)state[3] << 24;
    return iso_py_setstate(&worker->python, 3, words, NULL);
}

size_t iso_loader_state_size(const iso_loader *l) {
    iso_torch_generator *given[2];
    size_t workers = l->options.persistent_workers ? (size_t)l->options.num_workers : 0;
    return (size_t)list_generators(l, given) * ISO_TORCH_STATE_SIZE + workers * worker_bytes(l);
}

/* Workers that have not been started yet are zeros. */
void iso_loader_get_state(const iso_loader *l, uint8_t *state) {
    iso_torch_generator *given[2];
    int64_t count = list_generators(l, given);
    memset(state, 0, iso_loader_state_size(l));
    for (int64_t i = 0; i < count; i++, state += ISO_TORCH_STATE_SIZE)
        iso_torch_get_state(given[i], state);
    for (int64_t k = 0; l->alive && k < l->options.num_workers; k++, state += worker_bytes(l))
        get_worker(l, &l->workers[k], state);
}

bool iso_loader_set_state(iso_loader *l, const uint8_t *state) {
    static const uint8_t none[ISO_TORCH_STATE_SIZE];
    iso_torch_generator *given[2];
    int64_t count = list_generators(l, given);
    iso_loader_reset(l);
    for (int64_t i = 0; i < count; i++, state += ISO_TORCH_STATE_SIZE)
        if (!iso_torch_set_state(given[i], state))
            return false;
    l->alive = l->options.persistent_workers && memcmp(state, none, sizeof none) != 0;
    for (int64_t k = 0; l->alive && k < l->options.num_workers; k++, state += worker_bytes(l))
        if (!set_worker(l, &l->workers[k], state))
            return false;
    return true;
}

void iso_loader_reset(iso_loader *l) {
    iso_loader_settle(l);
    iso_sampling_reset(l->sampling);
    l->drawn = l->delivered = 0;
    l->running = l->alive = false;
}
