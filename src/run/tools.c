/* The smaller public calls: one batch of a recipe, .npy files, evaluation. */
#include <string.h>

#include "core/text.h"
#include "data/npy.h"
#include "image/sheet.h"
#include "isobit/nn.h"
#include "run/session.h"

void iso_string_free(iso_context *ctx, char *string) {
    iso_free(ctx, string);
}

iso_status iso_tensor_write_npy(iso_context *ctx, const iso_tensor *tensor, const char *path) {
    return iso_npy_write(ctx, path, tensor);
}

/* ---- A batch ---- */

static iso_tensor *copy_tensor(iso_context *ctx, const iso_tensor *from) {
    iso_tensor *copy = iso_tensor_new(ctx, from->dtype, from->dims, from->shape);
    if (copy)
        memcpy(copy->data, from->data, (size_t)from->numel * iso_dtype_size(from->dtype));
    return copy;
}

/* Epochs before the wanted one: their draws, the model's and the evaluation's, without computing anything. */
static iso_status skip_epoch(iso_trainer *t) {
    iso_torch_generator *g = &t->ctx->generator;
    iso_status status = iso_loader_begin(t->loader, g, &t->ctx->python);
    if (!status)
        status = iso_loader_skip(t->loader, t->steps_per_epoch);
    if (!status)
        iso_loader_end(t->loader, g, &t->ctx->python);
    if (!status && t->test_loader) {
        status = iso_loader_begin(t->test_loader, g, &t->ctx->python);
        if (!status)
            status = iso_loader_skip(t->test_loader, iso_loader_batches(t->test_loader));
        if (!status)
            iso_loader_end(t->test_loader, g, &t->ctx->python);
    }
    return status;
}

iso_status iso_trainer_batch(iso_trainer *t, int64_t epoch, int64_t index, iso_tensor **x, iso_tensor **labels) {
    const iso_batch *batch;
    if (epoch >= t->recipe->epochs || index >= t->steps_per_epoch)
        return iso_fail(t->ctx, ISO_EINVAL,
                        "batch %lld of epoch %lld: the recipe has %lld epochs of %lld batches, both counted from 0",
                        (long long)index, (long long)epoch, (long long)t->recipe->epochs, (long long)t->steps_per_epoch);
    iso_status status = iso_trainer_start(t);
    for (int64_t i = 0; i < epoch && !status; i++)
        status = skip_epoch(t);
    if (!status)
        status = iso_loader_begin(t->loader, &t->ctx->generator, &t->ctx->python);
    if (!status)
        status = iso_loader_skip(t->loader, index);
    if (!status)
        status = iso_loader_next(t->loader, &batch);
    if (status)
        return status;
    *x = copy_tensor(t->ctx, &batch->x);
    *labels = *x ? copy_tensor(t->ctx, &batch->labels) : NULL;
    if (*labels)
        return ISO_OK;
    iso_tensor_free(t->ctx, *x);
    *x = NULL;
    return ISO_ENOMEM;
}

/* What is to be done with a batch: give it to the caller, or write it to `png`. */
struct batch_wanted {
    iso_tensor **x, **labels;
    const char *png;
};

static iso_status write_sheet(iso_trainer *t, const iso_tensor *x, const iso_tensor *labels, const char *path) {
    const char **names = labels ? iso_alloc_array(t->ctx, (size_t)labels->numel, sizeof *names) : NULL;
    if (!names)
        return ISO_ENOMEM;
    for (int64_t i = 0; i < labels->numel; i++)
        names[i] = t->train->classes[iso_tensor_i64(labels)[i]];
    iso_status status = iso_sheet_write(t->ctx, path, x, t->transforms, names);
    iso_free(t->ctx, names);
    return status;
}

static iso_status take_batch(iso_context *ctx, const char *path, const char *const *sets, size_t set_count, int64_t epoch,
                             int64_t index, const struct batch_wanted *wanted) {
    iso_recipe *recipe;
    iso_trainer *trainer = NULL;
    *wanted->x = *wanted->labels = NULL;
    iso_status status = iso_recipe_load(ctx, path, sets, set_count, &recipe);
    if (!status)
        status = iso_trainer_new(ctx, recipe, 0, NULL, NULL, &trainer);
    if (!status)
        status = iso_trainer_batch(trainer, epoch, index, wanted->x, wanted->labels);
    if (!status && wanted->png)
        status = write_sheet(trainer, *wanted->x, *wanted->labels, wanted->png);
    iso_trainer_free(trainer);
    iso_recipe_free(recipe);
    return status;
}

iso_status iso_recipe_batch(iso_context *ctx, const char *path, const char *const *sets, size_t set_count, int64_t epoch,
                            int64_t index, iso_tensor **x, iso_tensor **labels) {
    return take_batch(ctx, path, sets, set_count, epoch, index, &(struct batch_wanted){x, labels, NULL});
}

iso_status iso_recipe_batch_png(iso_context *ctx, const char *path, const char *const *sets, size_t set_count, int64_t epoch,
                                int64_t index, const char *png) {
    iso_tensor *x, *labels;
    iso_status status = take_batch(ctx, path, sets, set_count, epoch, index, &(struct batch_wanted){&x, &labels, png});
    iso_tensor_free(ctx, x);
    iso_tensor_free(ctx, labels);
    return status;
}

/* ---- Evaluation ---- */

static iso_status evaluate(iso_trainer *t, iso_evaluate_result *result) {
    if (!t->test)
        return iso_fail(t->ctx, ISO_EINVAL, "%s: data.test is missing: there are no images to evaluate on", t->recipe->name);
    result->logits = iso_tensor_new(t->ctx, ISO_FLOAT32, 2, (int64_t[]){(int64_t)t->test->count, t->output->shape[1]});
    if (!result->logits)
        return ISO_ENOMEM;
    iso_eval_record record = {0};
    iso_status status = iso_trainer_start(t);
    if (!status)
        status = iso_trainer_evaluate(t, iso_tensor_f32(result->logits), &record);
    result->count = record.count;
    result->correct = record.correct;
    result->loss = record.loss;
    return status ? status : iso_tensor_digest(t->ctx, result->logits, result->digest);
}

iso_status iso_evaluate(iso_context *ctx, const iso_evaluate_options *o, iso_evaluate_result *result) {
    iso_recipe *recipe;
    iso_trainer *trainer = NULL;
    memset(result, 0, sizeof *result);
    iso_status status = iso_recipe_load(ctx, o->recipe, o->sets, o->set_count, &recipe);
    if (!status)
        status = iso_trainer_new(ctx, recipe, o->workers, o->progress, o->user, &trainer);
    if (!status)
        status = evaluate(trainer, result);
    if (status) {
        iso_tensor_free(ctx, result->logits);
        result->logits = NULL;
    }
    iso_trainer_free(trainer);
    iso_recipe_free(recipe);
    return status;
}
