#include "run/trainer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/file.h"
#include "nn/module.h"
#include "nn/plan.h"
#include "ops/norm.h"
#include "run/weights.h"

/* ---- Building ---- */

static iso_plan_key plan_key(const iso_trainer *t, const iso_loader *loader, int64_t samples, bool training) {
    int64_t shape[3];
    iso_loader_shape(loader, shape);
    return (iso_plan_key){.training = training,
                          .gradients = training,
                          .has_loss = true,
                          .loss = t->recipe->loss,
                          .micro_batch = t->model->micro_batch,
                          .dims = 4,
                          .shape = {samples, shape[0], shape[1], shape[2]}};
}

/* Plans for a whole batch and for the last, smaller one. */
static iso_status make_plans(iso_trainer *t, const iso_loader *loader, bool training, iso_plan **plan) {
    int64_t samples = iso_loader_length(loader), batch = iso_min64(t->recipe->batch_size, samples),
            rest = samples % t->recipe->batch_size;
    iso_module_train(t->model, training);
    iso_plan_key key = plan_key(t, loader, batch, training);
    iso_status status = iso_plan_get(t->model, &key, plan);
    if (!status && rest && rest != batch && !(training && t->recipe->drop_last)) {
        iso_plan *smaller;
        key.shape[0] = rest;
        status = iso_plan_get(t->model, &key, &smaller);
    }
    return status;
}

/* Lowers the model for every batch size that will occur: a shape that does not fit is found here, before any work. */
static iso_status check_shapes(iso_trainer *t) {
    iso_plan *plan, *test_plan;
    iso_status status = make_plans(t, t->loader, true, &plan);
    if (status)
        return status == ISO_EINVAL ? iso_fail_at(t->ctx, status, "%s: model", t->recipe->name) : status;
    const iso_value *y = &plan->graph.values[plan->y];
    t->draws_per_sample = plan->graph.draws / y->shape[0];
    t->products = plan->graph.products;
    if (y->shape[1] < (int64_t)t->train->class_count)
        return iso_fail(t->ctx, ISO_EINVAL, "%s: model: gives %lld outputs, but the data have %zu classes", t->recipe->name,
                        (long long)y->shape[1], t->train->class_count);
    if (!t->test)
        return ISO_OK;
    if ((status = make_plans(t, t->test_loader, false, &test_plan)))
        return status == ISO_EINVAL ? iso_fail_at(t->ctx, status, "%s: model, on the test images", t->recipe->name) : status;
    t->output = iso_tensor_new(t->ctx, ISO_FLOAT32, 2, test_plan->graph.values[test_plan->y].shape);
    return t->output ? ISO_OK : ISO_ENOMEM;
}

/* ---- The digests' schedule ---- */

/* A digest takes about as long per byte as so many multiplications of a step do: measured by bench/ledger.c on machines with AVX2
 * and AVX-512. What follows from it is part of the experiment, the same on every machine. */
#define PRODUCTS_PER_BYTE 20
#define FEW_BYTES         (128 << 10) /* cost as much as writing the line does */
#define MOST_STEPS        16

int64_t iso_digest_interval(int64_t bytes, int64_t products) {
    if (bytes <= FEW_BYTES)
        return 1;
    double share = (double)bytes * PRODUCTS_PER_BYTE / (3.0 * (double)products + 1); /* forward, and both gradients */
    double every = ceil(100 * share);                                                /* at most about 1 % of a step */
    return every < MOST_STEPS ? iso_max64((int64_t)every, 1) : MOST_STEPS;
}

static int64_t digest_every(const iso_trainer *t) {
    int64_t shape[3], bytes = iso_state_bytes(t->state);
    iso_loader_shape(t->loader, shape);
    bytes += iso_min64(t->recipe->batch_size, iso_loader_length(t->loader)) * (shape[0] * shape[1] * shape[2] * 4 + 8);
    return t->recipe->digest_every ? t->recipe->digest_every : iso_digest_interval(bytes, t->products);
}

/* The step that the counters stand at: each of the schedule, and the last of an epoch. */
static bool digest_due(const iso_trainer *t) {
    return iso_trainer_counter(t, ISO_COUNTER_STEP) % t->digest_every == 0 ||
           iso_trainer_counter(t, ISO_COUNTER_BATCH) == t->steps_per_epoch;
}

/* Transforms draw from Python's random of this process if they use it and there are no workers, which have their own. */
static bool draws_from_python(const iso_trainer *t) {
    bool uses = t->transforms->uses_python || (t->test_transforms && t->test_transforms->uses_python);
    return uses && t->recipe->num_workers == 0;
}

static void store_random(const iso_trainer *t, iso_tensor *to) {
    uint32_t words[ISO_PY_STATE_WORDS];
    if (!to)
        return;
    iso_py_getstate(&t->ctx->python, words);
    for (int i = 0; i < ISO_PY_STATE_WORDS; i++)
        iso_tensor_i64(to)[i] = words[i];
}

static iso_status load_random(iso_trainer *t, const iso_tensor *from, const char *name) {
    uint32_t words[ISO_PY_STATE_WORDS];
    bool ok = true;
    if (!from)
        return ISO_OK;
    for (int i = 0; i < ISO_PY_STATE_WORDS; i++) {
        words[i] = (uint32_t)iso_tensor_i64(from)[i];
        ok = ok && words[i] == iso_tensor_i64(from)[i];
    }
    if (ok && iso_py_setstate(&t->ctx->python, 3, words, NULL))
        return ISO_OK;
    return iso_fail(t->ctx, ISO_EINVAL, "the checkpoint's %s is no state of Python's random", name);
}

static iso_status add_random(iso_trainer *t) {
    int64_t words = ISO_PY_STATE_WORDS;
    t->random = iso_tensor_new(t->ctx, ISO_INT64, 1, &words);
    t->epoch_random = iso_tensor_new(t->ctx, ISO_INT64, 1, &words);
    if (!t->random || !t->epoch_random)
        return ISO_ENOMEM;
    iso_status status = iso_state_add(t->state, "isobit/random", t->random);
    return status ? status : iso_state_add(t->state, "isobit/epoch_random", t->epoch_random);
}

static iso_status add_state(iso_trainer *t) {
    iso_context *ctx = t->ctx;
    int64_t counters = ISO_COUNTERS, bytes = ISO_TORCH_STATE_SIZE;
    t->counters = iso_tensor_new(ctx, ISO_INT64, 1, &counters);
    t->generator = iso_tensor_new(ctx, ISO_UINT8, 1, &bytes);
    t->epoch_generator = iso_tensor_new(ctx, ISO_UINT8, 1, &bytes);
    int64_t more = (int64_t)(iso_loader_state_size(t->loader) + (t->test_loader ? iso_loader_state_size(t->test_loader) : 0));
    if (more)
        t->loader_generators = iso_tensor_new(ctx, ISO_UINT8, 1, &more);
    if (!t->counters || !t->generator || !t->epoch_generator || (more && !t->loader_generators))
        return ISO_ENOMEM;
    iso_status status = iso_state_new(ctx, &t->state);
    size_t tensors = iso_module_state_count(t->model), moments = iso_optimizer_state_count(t->optimizer);
    for (size_t i = 0; i < tensors && !status; i++) {
        iso_named_tensor entry = iso_module_state(t->model, i);
        status = iso_state_add(t->state, entry.name, entry.tensor);
    }
    for (size_t i = 0; i < moments && !status; i++) {
        iso_named_tensor entry = iso_optimizer_state(t->optimizer, i);
        char *name = iso_sprintf(ctx, "optimizer/%s", entry.name);
        status = name ? iso_state_add(t->state, name, entry.tensor) : ISO_ENOMEM;
        iso_free(ctx, name);
    }
    if (!status)
        status = iso_state_add(t->state, "isobit/counters", t->counters);
    if (!status)
        status = iso_state_add(t->state, "isobit/generator", t->generator);
    if (!status)
        status = iso_state_add(t->state, "isobit/epoch_generator", t->epoch_generator);
    if (!status && t->loader_generators)
        status = iso_state_add(t->state, "isobit/loader_generators", t->loader_generators);
    if (!status && draws_from_python(t))
        status = add_random(t);
    return status;
}

/* The state of both loaders between epochs, one behind the other. */
static void keep_loaders(iso_trainer *t) {
    if (!t->loader_generators)
        return;
    uint8_t *state = iso_tensor_u8(t->loader_generators);
    iso_loader_get_state(t->loader, state);
    if (t->test_loader)
        iso_loader_get_state(t->test_loader, state + iso_loader_state_size(t->loader));
}
static bool restore_loaders(iso_trainer *t) {
    if (!t->loader_generators)
        return true;
    const uint8_t *state = iso_tensor_u8(t->loader_generators);
    return iso_loader_set_state(t->loader, state) &&
           (!t->test_loader || iso_loader_set_state(t->test_loader, state + iso_loader_state_size(t->loader)));
}

/* Weights that do not fit are found here, before any work. */
static iso_status read_weights(iso_trainer *t) {
    const iso_located *source = &t->recipe->weights;
    if (!source->path)
        return ISO_OK;
    char *path = iso_path_join(t->ctx, t->recipe->directory, source->path);
    iso_status status = path ? iso_safetensors_read(t->ctx, path, &t->weights) : ISO_ENOMEM;
    if (!status)
        status = iso_weights_check(t->model, t->weights, path);
    iso_free(t->ctx, path);
    return status ? iso_recipe_fail_at(t->recipe, source, 0, status) : ISO_OK;
}

iso_status iso_trainer_new(iso_context *ctx, const iso_recipe *recipe, int workers, iso_progress_function *progress, void *user,
                           iso_trainer **out) {
    *out = NULL;
    iso_trainer *t = iso_calloc(ctx, 1, sizeof *t);
    if (!t)
        return ISO_ENOMEM;
    t->ctx = ctx;
    t->recipe = recipe;
    iso_status status = iso_recipe_build_model(recipe, &t->model);
    if (!status)
        status = iso_module_set_micro_batch(t->model, recipe->micro_batch);
    if (!status)
        status = iso_recipe_build_optimizer(recipe, t->model, &t->optimizer);
    if (!status)
        status = read_weights(t);
    if (!status)
        status = iso_trainer_open_data(t, workers, progress, user);
    if (!status)
        status = check_shapes(t);
    if (!status)
        status = add_state(t);
    if (status) {
        iso_trainer_free(t);
        return status;
    }
    t->steps_per_epoch = iso_loader_batches(t->loader);
    t->steps = t->steps_per_epoch * recipe->epochs;
    if (t->steps_per_epoch == 0) {
        iso_trainer_free(t);
        return iso_fail(ctx, ISO_EINVAL, "%s: data.loader: drop_last leaves no batch: fewer images than batch_size",
                        recipe->name);
    }
    t->digest_every = digest_every(t);
    *out = t;
    return ISO_OK;
}

void iso_trainer_free(iso_trainer *t) {
    if (!t)
        return;
    iso_loader_free(t->loader);
    iso_loader_free(t->test_loader);
    iso_transforms_free(t->transforms);
    iso_transforms_free(t->test_transforms);
    iso_dataset_free(t->train);
    iso_dataset_free(t->test);
    iso_dataset_free(t->whole);
    iso_optimizer_free(t->optimizer);
    iso_module_free(t->model);
    iso_safetensors_free(t->weights);
    iso_state_free(t->state);
    iso_tensor_free(t->ctx, t->counters);
    iso_tensor_free(t->ctx, t->generator);
    iso_tensor_free(t->ctx, t->epoch_generator);
    iso_tensor_free(t->ctx, t->loader_generators);
    iso_tensor_free(t->ctx, t->random);
    iso_tensor_free(t->ctx, t->epoch_random);
    iso_tensor_free(t->ctx, t->output);
    iso_free(t->ctx, t->norms);
    iso_free(t->ctx, t->norm_scratch);
    iso_free(t->ctx, t);
}

iso_status iso_trainer_want_norms(iso_trainer *t) {
    size_t count = iso_module_state_count(t->model), parameters = 0, scratch = 0;
    for (size_t i = 0; i < count; i++) {
        iso_named_tensor entry = iso_module_state(t->model, i);
        size_t needed = entry.grad ? iso_square_sum_scratch(entry.grad->numel) : 0;
        parameters += entry.grad != NULL;
        scratch = needed > scratch ? needed : scratch;
    }
    if (!t->norms)
        t->norms = iso_calloc(t->ctx, parameters, sizeof *t->norms);
    if (!t->norm_scratch)
        t->norm_scratch = iso_alloc(t->ctx, scratch);
    return t->norms && t->norm_scratch ? ISO_OK : ISO_ENOMEM;
}

/* ---- State ---- */

iso_status iso_trainer_start(iso_trainer *t) {
    iso_torch_generator *g = &t->ctx->generator;
    *g = t->seeded;
    iso_loader_reset(t->loader);
    if (t->test_loader)
        iso_loader_reset(t->test_loader);
    keep_loaders(t);
    uint64_t magnitude = t->recipe->seed_magnitude;
    iso_py_seed_words(&t->ctx->python, (const uint32_t[]){(uint32_t)magnitude, (uint32_t)(magnitude >> 32)}, 2);
    iso_status status = iso_module_reset_parameters(t->model, g);
    if (!status && t->recipe->init)
        status = iso_module_init(t->model, t->recipe->init, g);
    if (!status && t->weights) /* as in PyTorch: the draws are made, then their results are replaced */
        iso_weights_take(t->model, t->weights);
    memset(t->counters->data, 0, sizeof(int64_t) * ISO_COUNTERS);
    iso_torch_get_state(g, iso_tensor_u8(t->generator));
    iso_torch_get_state(g, iso_tensor_u8(t->epoch_generator));
    store_random(t, t->random);
    store_random(t, t->epoch_random);
    return status;
}

iso_status iso_trainer_restored(iso_trainer *t, const char *where) {
    iso_torch_generator *g = &t->ctx->generator;
    g->variant = t->recipe->variant;
    t->model->ready = true;
    if (!iso_torch_set_state(g, iso_tensor_u8(t->generator)))
        return iso_fail(t->ctx, ISO_EINVAL, "%s: the tensor isobit/generator is no generator state", where);
    return load_random(t, t->random, "isobit/random");
}

iso_status iso_trainer_take(iso_trainer *t, const iso_safetensors *file, const char *where) {
    for (size_t i = 0; i < t->state->count; i++) {
        const iso_state_entry *entry = &t->state->entries[i];
        const iso_tensor *from = iso_safetensors_find(file, entry->name), *to = entry->tensor;
        if (!from || from->dtype != to->dtype || from->dims != to->dims ||
            memcmp(from->shape, to->shape, sizeof *to->shape * (size_t)to->dims) != 0)
            return iso_fail(t->ctx, ISO_EINVAL, "%s: tensor '%s' is %s", where, entry->name,
                            from ? "of another shape or type than the model's" : "missing");
        memcpy(to->data, from->data, (size_t)to->numel * iso_dtype_size(to->dtype));
    }
    if (file->count != t->state->count)
        return iso_fail(t->ctx, ISO_EINVAL, "%s: holds %zu tensors, the model's state has %zu", where, file->count,
                        t->state->count);
    return iso_trainer_restored(t, where);
}

/* ---- Epochs and steps ---- */

iso_status iso_trainer_begin_epoch(iso_trainer *t) {
    int64_t done = iso_trainer_counter(t, ISO_COUNTER_BATCH);
    iso_torch_generator start = t->ctx->generator;
    if (!restore_loaders(t))
        return iso_fail(t->ctx, ISO_EINVAL, "the checkpoint's isobit/loader_generators are no generator states");
    if (done == 0) {
        iso_torch_get_state(&start, iso_tensor_u8(t->epoch_generator));
        store_random(t, t->epoch_random);
    } else if (!iso_torch_set_state(&start, iso_tensor_u8(t->epoch_generator)))
        return iso_fail(t->ctx, ISO_EINVAL, "the checkpoint's isobit/epoch_generator is no generator state");
    iso_status status = done ? load_random(t, t->epoch_random, "isobit/epoch_random") : ISO_OK;
    if (status)
        return status;
    iso_module_train(t->model, true);
    status = iso_loader_begin(t->loader, &start, &t->ctx->python);
    return status || done == 0 ? status : iso_loader_skip(t->loader, done);
}

/* One digest for images and labels. */
static iso_status digest_batch(iso_trainer *t, const iso_batch *batch, uint8_t digest[ISO_DIGEST_SIZE]) {
    uint8_t both[2][ISO_BLAKE3_SIZE];
    iso_state_entry entries[2] = {{.tensor = &batch->x}, {.tensor = &batch->labels}};
    iso_status status = iso_digest_tensors(t->state->digester, entries, 2, false);
    for (int i = 0; i < 2; i++)
        memcpy(both[i], entries[i].digest, sizeof both[i]);
    iso_blake3(both, sizeof both, digest);
    return status;
}

/* The first tensor with a NaN, behind a digest of the state; NULL: none. */
static const iso_state_entry *state_nan(const iso_trainer *t) {
    for (size_t i = 0; i < t->state->count; i++)
        if (t->state->entries[i].nan_index >= 0)
            return &t->state->entries[i];
    return NULL;
}

static void name_nan(const iso_state_entry *entry, iso_step_record *record) {
    snprintf(record->nan_tensor, sizeof record->nan_tensor, "%.120s", entry->name);
    record->nan_index = entry->nan_index;
}

/* The loss is NaN. A step without digests may have left one in the state: that is the earlier place. */
static iso_status stop_at_loss(iso_trainer *t, const iso_batch *batch, iso_step_record *record) {
    uint8_t root[ISO_DIGEST_SIZE];
    iso_status status = digest_batch(t, batch, record->batch);
    if (!status)
        status = iso_state_root(t->state, root);
    const iso_state_entry *entry = status ? NULL : state_nan(t);
    if (entry)
        name_nan(entry, record);
    else
        snprintf(record->nan_tensor, sizeof record->nan_tensor, "loss");
    return status;
}

/* A NaN in the state came through a gradient, if one holds a NaN: that is the earlier place. */
static void find_nan(const iso_trainer *t, iso_step_record *record) {
    size_t count = iso_module_state_count(t->model);
    for (size_t i = 0; i < count; i++) {
        iso_named_tensor entry = iso_module_state(t->model, i);
        for (int64_t j = 0; entry.grad && j < entry.grad->numel; j++)
            if (iso_tensor_f32(entry.grad)[j] != iso_tensor_f32(entry.grad)[j]) {
                snprintf(record->nan_tensor, sizeof record->nan_tensor, "%.120s.grad", entry.name);
                record->nan_index = j;
                return;
            }
    }
    name_nan(state_nan(t), record);
}

static void watch(void *user, const iso_run *run, const iso_node *node) {
    const iso_trainer *t = user;
    if (t->watcher)
        t->watcher(t->watcher_user, run, node);
    if (t->trace)
        iso_trace_node(user, run, node);
}

static iso_status forward_backward(iso_trainer *t, const iso_batch *batch, float *loss) {
    if (t->trace || t->watcher)
        iso_module_observe(t->model, watch, t, t->trace != NULL);
    iso_status status = iso_loss_backward(t->model, &t->recipe->loss, &batch->x, &batch->labels, loss, NULL);
    iso_module_observe(t->model, NULL, NULL, false);
    return status;
}

/* docs/contract.md#square_sum */
static float gradient_norm(iso_trainer *t) {
    iso_exec exec = {t->ctx->pool, t->ctx->isa, t->norm_scratch};
    size_t count = iso_module_state_count(t->model), at = 0;
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        iso_named_tensor entry = iso_module_state(t->model, i);
        if (!entry.grad)
            continue;
        double squares = iso_cpu_square_sum(&exec, entry.grad->numel, entry.grad->data);
        t->norms[at++] = (float)sqrt(squares);
        sum += squares;
    }
    return (float)sqrt(sum);
}

iso_status iso_trainer_step(iso_trainer *t, iso_step_record *record) {
    const iso_batch *batch;
    iso_status status = iso_loader_next(t->loader, &batch);
    if (status)
        return status;
    if (t->trace) {
        iso_trace_start_of(t);
        iso_trace_batch_of(t, batch);
    }
    int64_t *counters = iso_tensor_i64(t->counters);
    memset(record, 0, sizeof *record);
    record->step = ++counters[ISO_COUNTER_STEP];
    record->epoch = counters[ISO_COUNTER_EPOCH] + 1;
    record->samples = batch->count;
    record->lr = iso_optimizer_lr(t->optimizer);
    counters[ISO_COUNTER_BATCH]++;
    record->digested = digest_due(t);
    if (record->digested && (status = digest_batch(t, batch, record->batch)))
        return status;
    t->ctx->generator = *batch->generator;
    if (t->random)
        t->ctx->python = *batch->python;
    if ((status = forward_backward(t, batch, &record->loss)))
        return status;
    if (record->loss != record->loss)
        return stop_at_loss(t, batch, record);
    record->gradient_norm = t->norms ? gradient_norm(t) : NAN;
    iso_optimizer_step(t->optimizer);
    iso_torch_get_state(&t->ctx->generator, iso_tensor_u8(t->generator));
    store_random(t, t->random);
    if (t->trace)
        iso_trace_end_of(t);
    if (!record->digested)
        return ISO_OK;
    status = iso_state_root(t->state, record->state);
    if (!status && state_nan(t))
        find_nan(t, record);
    return status;
}

/* ---- Evaluation ---- */

static int64_t count_correct(const float *logits, const int64_t *labels, int64_t n, int64_t k) {
    int64_t correct = 0;
    for (int64_t i = 0; i < n; i++, logits += k) {
        int64_t best = 0;
        for (int64_t j = 1; j < k; j++)
            if (logits[j] > logits[best])
                best = j;
        correct += best == labels[i];
    }
    return correct;
}

iso_status iso_trainer_evaluate(iso_trainer *t, float *logits, iso_eval_record *record) {
    iso_torch_generator *g = &t->ctx->generator;
    iso_status status = iso_loader_begin(t->test_loader, g, &t->ctx->python);
    double sum = 0; /* of batch means times their sizes; the batch size belongs to the recipe */
    iso_module_train(t->model, false);
    for (int64_t left = iso_loader_batches(t->test_loader); left > 0 && !status; left--) {
        const iso_batch *batch;
        float loss;
        if ((status = iso_loader_next(t->test_loader, &batch)))
            break;
        iso_tensor y = *t->output;
        y.shape[0] = batch->count;
        y.numel = batch->count * y.shape[1];
        status = iso_loss_forward(t->model, &t->recipe->loss, &batch->x, &batch->labels, &loss, &y);
        if (!status && logits)
            memcpy(logits + record->count * y.shape[1], y.data, iso_tensor_bytes(&y));
        sum += (double)loss * (t->recipe->loss.sum ? 1 : (double)batch->count);
        record->count += batch->count;
        record->correct +=
            status ? 0 : count_correct(iso_tensor_f32(&y), iso_tensor_i64(&batch->labels), batch->count, y.shape[1]);
    }
    record->loss = (float)(sum / (double)(record->count ? record->count : 1));
    if (!status)
        iso_loader_end(t->test_loader, g, &t->ctx->python);
    return status;
}

iso_status iso_trainer_end_epoch(iso_trainer *t, iso_eval_record *record) {
    int64_t *counters = iso_tensor_i64(t->counters);
    iso_torch_generator loader_end;
    iso_loader_end(t->loader, &loader_end, NULL);
    *record = (iso_eval_record){.step = counters[ISO_COUNTER_STEP], .epoch = counters[ISO_COUNTER_EPOCH] + 1};
    iso_status status = t->test ? iso_trainer_evaluate(t, NULL, record) : ISO_OK;
    counters[ISO_COUNTER_EPOCH]++;
    counters[ISO_COUNTER_BATCH] = 0;
    keep_loaders(t);
    iso_torch_get_state(&t->ctx->generator, iso_tensor_u8(t->generator));
    store_random(t, t->random);
    return status;
}
