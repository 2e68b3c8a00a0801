#include "image/transforms.h"

#include <string.h>
#include <strings.h>

static const iso_transform_class *const classes[] = {
    &iso_center_crop_class,   &iso_normalize_class,           &iso_pad_class,
    &iso_random_crop_class,   &iso_random_horizontal_flip_class, &iso_random_resized_crop_class,
    &iso_random_rotation_class, &iso_random_vertical_flip_class, &iso_resize_class,
    &iso_to_tensor_class,
};

iso_status iso_read_interpolation(iso_context *ctx, const iso_arg *arg, const char *where, iso_interpolation *filter) {
    static const char *const names[] = {"nearest", "bilinear", "bicubic"};
    if (!arg->given)
        return ISO_OK;
    const iso_expr *e = arg->expr;
    const char *dot = e->kind == ISO_EXPR_NAME ? strrchr(e->text, '.') : NULL;
    const char *name = e->kind == ISO_EXPR_STRING ? e->text : dot ? dot + 1 : e->kind == ISO_EXPR_NAME ? e->text : "";
    for (int i = 0; i < 3; i++)
        if (strcasecmp(name, names[i]) == 0) {
            *filter = (iso_interpolation)i;
            return ISO_OK;
        }
    return iso_fail(ctx, ISO_EINVAL, "%s: interpolation must be 'nearest', 'bilinear' or 'bicubic'", where);
}

iso_status iso_read_fill(iso_context *ctx, const iso_arg *arg, const char *where, iso_transform *t) {
    t->fill_count = arg->count;
    if (arg->count != 1 && arg->count != 3)
        return iso_fail(ctx, ISO_EINVAL, "%s: fill must be one number or three", where);
    for (int c = 0; c < 3; c++) {
        double fill = arg->f[arg->count == 1 ? 0 : c];
        if (!(fill >= 0 && fill <= 255))
            return iso_fail(ctx, ISO_EINVAL, "%s: fill must be between 0 and 255", where);
        t->fill[c] = (uint8_t)fill;
    }
    return ISO_OK;
}

void iso_read_size(iso_transform *t, const iso_arg *arg, bool shorter_side) {
    bool pair = arg->expr->kind == ISO_EXPR_LIST || arg->expr->kind == ISO_EXPR_TUPLE;
    t->size[0] = arg->i[0];
    t->size[1] = pair ? arg->i[1] : shorter_side ? 0 : arg->i[0];
}

static iso_status unknown_transform(iso_context *ctx, const char *name) {
    const char *names[ISO_COUNTOF(classes)];
    for (size_t i = 0; i < ISO_COUNTOF(classes); i++)
        names[i] = classes[i]->signature->name;
    const char *nearest = iso_nearest(name, names, ISO_COUNTOF(names));
    if (nearest)
        return iso_fail(ctx, ISO_EINVAL, "unknown transform '%s'; did you mean '%s'?", name, nearest);
    return iso_fail(ctx, ISO_EINVAL, "unknown transform '%s'", name);
}

static iso_status configure(iso_context *ctx, iso_transform *item, const iso_expr *call, int *column) {
    *column = call->column;
    if (call->kind != ISO_EXPR_CALL && call->kind != ISO_EXPR_NAME)
        return iso_fail(ctx, ISO_EINVAL, "expected a transform, such as RandomResizedCrop(32)");
    const char *dot = strrchr(call->text, '.'), *name = dot ? dot + 1 : call->text;
    for (size_t i = 0; i < ISO_COUNTOF(classes); i++) {
        if (strcmp(classes[i]->signature->name, name) != 0)
            continue;
        iso_arg args[ISO_MAX_PARAMS];
        iso_status status = iso_bind(ctx, classes[i]->signature, call, args, column);
        item->class_ = classes[i];
        return status ? status : classes[i]->configure ? classes[i]->configure(ctx, item, args) : ISO_OK;
    }
    return unknown_transform(ctx, name);
}

/* Images first, then ToTensor, then what works on tensors. */
static iso_status check_order(iso_context *ctx, const iso_transforms *t, int channels, size_t *bad) {
    size_t tensors = 0;
    for (size_t i = 0; i < t->count; i++) {
        const iso_transform *item = &t->items[i];
        const char *name = item->class_->signature->name;
        *bad = i;
        if (item->class_->stage == ISO_TO_TENSOR && tensors++ == 0)
            continue;
        if (item->class_->stage == ISO_ON_IMAGE && tensors)
            return iso_fail(ctx, ISO_EINVAL, "%s works on images and must stand before ToTensor()", name);
        if (item->class_->stage == ISO_ON_TENSOR && !tensors)
            return iso_fail(ctx, ISO_EINVAL, "%s works on tensors and must stand behind ToTensor()", name);
        if (item->class_->stage == ISO_TO_TENSOR)
            return iso_fail(ctx, ISO_EINVAL, "ToTensor() stands there twice");
        if (item->class_ == &iso_normalize_class && item->channels != 1 && item->channels != (size_t)channels)
            return iso_fail(ctx, ISO_EINVAL, "Normalize has %zu means, but the images have %d channel%s", item->channels, channels,
                            channels == 1 ? "" : "s");
        if (item->fill_count == 3 && channels != 3)
            return iso_fail(ctx, ISO_EINVAL, "%s: fill has 3 numbers, but the images have %d channel", name, channels);
    }
    *bad = t->count ? t->count - 1 : 0;
    return tensors ? ISO_OK : iso_fail(ctx, ISO_EINVAL, "ToTensor() is missing at the end of the chain");
}

/* From a byte to the number that stands in the tensor. */
static void fill_table(iso_transforms *t) {
    for (int c = 0; c < 3; c++)
        for (int v = 0; v < 256; v++) {
            float x = (float)v / 255.0f;
            for (size_t i = t->image_count; i < t->count; i++) {
                const iso_transform *item = &t->items[i];
                size_t which = item->channels == 1 ? 0 : (size_t)c;
                if (item->class_ == &iso_normalize_class)
                    x = (x - item->mean[which]) / item->std[which];
            }
            t->table[c][v] = x;
        }
}

static iso_status new_chain(iso_context *ctx, size_t count, iso_transforms **out) {
    iso_transforms *t = iso_calloc(ctx, 1, sizeof *t);
    *out = t;
    if (!t)
        return ISO_ENOMEM;
    t->ctx = ctx;
    t->items = iso_calloc(ctx, count, sizeof *t->items);
    return t->items ? ISO_OK : ISO_ENOMEM;
}

static void finish(iso_transforms *t) {
    while (t->image_count < t->count && t->items[t->image_count].class_->stage == ISO_ON_IMAGE)
        t->image_count++;
    fill_table(t);
}

iso_status iso_transforms_new(iso_context *ctx, const iso_expr *const *calls, size_t count, int channels, size_t *bad, int *column,
                              iso_transforms **out) {
    iso_status status = new_chain(ctx, count, out);
    *bad = 0;
    *column = 0;
    for (size_t i = 0; i < count && !status; i++) {
        *bad = i;
        status = configure(ctx, &(*out)->items[i], calls[i], column);
        (*out)->count = i + 1;
    }
    if (!status) {
        *column = 0;
        status = check_order(ctx, *out, channels, bad);
    }
    if (status) {
        iso_transforms_free(*out);
        *out = NULL;
        return status;
    }
    finish(*out);
    return ISO_OK;
}

void iso_transforms_free(iso_transforms *t) {
    if (!t)
        return;
    iso_free(t->ctx, t->items);
    iso_free(t->ctx, t);
}

iso_status iso_transforms_for_test(const iso_transforms *train, int channels, iso_transforms **out) {
    (void)channels;
    iso_status status = new_chain(train->ctx, 2 * train->count, out);
    if (status) {
        iso_transforms_free(*out);
        return status;
    }
    iso_transforms *t = *out;
    for (size_t i = 0; i < train->count; i++) {
        const iso_transform *item = &train->items[i];
        if (item->class_ == &iso_random_resized_crop_class) {
            t->items[t->count++] = (iso_transform){.class_ = &iso_resize_class, .filter = item->filter,
                                                   .size = {item->size[0] > item->size[1] ? item->size[0] : item->size[1], 0}};
            t->items[t->count++] = (iso_transform){.class_ = &iso_center_crop_class, .size = {item->size[0], item->size[1]}};
        } else if (item->class_ == &iso_random_crop_class)
            t->items[t->count++] = (iso_transform){.class_ = &iso_center_crop_class, .size = {item->size[0], item->size[1]}};
        else if (!item->class_->random)
            t->items[t->count++] = *item;
    }
    finish(t);
    return ISO_OK;
}

iso_image_size iso_transforms_draw(const iso_transforms *t, iso_torch_generator *generator, iso_image_size size, iso_draw *draws) {
    for (size_t i = 0; i < t->image_count; i++) {
        if (t->items[i].class_->draw)
            size = t->items[i].class_->draw(&t->items[i], generator, size, &draws[i]);
        if (size.w <= 0 || size.h <= 0)
            return (iso_image_size){0, 0};
    }
    return size;
}

void iso_transform_scratch_free(iso_transform_scratch *scratch) {
    iso_context *ctx = scratch->image.ctx;
    iso_image_free(ctx, &scratch->a);
    iso_image_free(ctx, &scratch->b);
    iso_image_scratch_free(&scratch->image);
}

bool iso_transforms_apply(const iso_transforms *t, const iso_draw *draws, iso_transform_scratch *scratch, const iso_image *in,
                          float *out, iso_worker_error *error) {
    iso_image *now = &scratch->a, *other = &scratch->b;
    if (!iso_image_resize(t->ctx, now, in->w, in->h, in->channels, error))
        return false;
    memcpy(now->pixels, in->pixels, (size_t)(in->w * in->h * in->channels));
    for (size_t i = 0; i < t->image_count; i++) {
        bool moved = false;
        if (!t->items[i].class_->apply(&t->items[i], &draws[i], &scratch->image, now, other, &moved, error))
            return false;
        if (moved) {
            iso_image *swap = now;
            now = other;
            other = swap;
        }
    }
    int64_t pixels = now->w * now->h, step = now->channels;
    for (int c = 0; c < step; c++) {
        const uint8_t *from = now->pixels + c;
        for (int64_t i = 0; i < pixels; i++, from += step)
            *out++ = t->table[c][*from];
    }
    return true;
}
