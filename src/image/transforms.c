/* Chains of transforms: which there are, how a call becomes one, and whether what comes out of one goes into the next. */
#include "image/transforms.h"

#include <string.h>
#include <strings.h>

const iso_transform_class *const iso_transform_classes[] = {
    &iso_center_crop_class,
    &iso_color_jitter_class,
    &iso_compose_class,
    &iso_convert_image_dtype_class,
    &iso_grayscale_class,
    &iso_normalize_class,
    &iso_pad_class,
    &iso_pil_to_tensor_class,
    &iso_rand_augment_class,
    &iso_random_adjust_sharpness_class,
    &iso_random_affine_class,
    &iso_random_apply_class,
    &iso_random_choice_class,
    &iso_random_autocontrast_class,
    &iso_random_crop_class,
    &iso_random_equalize_class,
    &iso_random_erasing_class,
    &iso_random_grayscale_class,
    &iso_random_horizontal_flip_class,
    &iso_random_invert_class,
    &iso_random_posterize_class,
    &iso_random_resized_crop_class,
    &iso_random_rotation_class,
    &iso_random_solarize_class,
    &iso_random_vertical_flip_class,
    &iso_resize_class,
    &iso_to_tensor_class,
    &iso_trivial_augment_wide_class,
};
const size_t iso_transform_class_count = ISO_COUNTOF(iso_transform_classes);

/* ---- Arguments ---- */

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

bool iso_is_sequence(const iso_expr *e) {
    return e && (e->kind == ISO_EXPR_LIST || e->kind == ISO_EXPR_TUPLE);
}

iso_status iso_read_center(iso_context *ctx, const iso_arg *arg, const char *where, iso_transform *t) {
    t->has_center = !arg->is_none;
    if (arg->is_none)
        return ISO_OK;
    if (arg->given && !iso_is_sequence(arg->expr))
        return iso_fail(ctx, ISO_EINVAL, "%s: center must be a pair (x, y)", where);
    t->center[0] = arg->f[0];
    t->center[1] = arg->f[1];
    return ISO_OK;
}

iso_status iso_read_fill(iso_context *ctx, const iso_arg *arg, const char *where, iso_transform *t) {
    if (arg->is_none)
        return ISO_OK;
    t->fill_count = iso_is_sequence(arg->expr) ? arg->count : 0;
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
    t->size[0] = arg->i[0];
    t->size[1] = iso_is_sequence(arg->expr) ? arg->i[1] : shorter_side ? 0 : arg->i[0];
}

iso_status iso_configure_chance(iso_context *ctx, iso_transform *t, const iso_arg *a) {
    (void)ctx;
    t->p = a[0].f[0];
    return ISO_OK;
}

iso_image_size iso_draw_chance(const iso_transform *t, iso_torch_generator *g, iso_image_size in, iso_draw *draw) {
    draw->apply = iso_draw_uniform(g, 0, 1) < (float)t->p;
    return in;
}

/* ---- Building ---- */

static iso_status unknown_transform(iso_context *ctx, const char *name) {
    const char *names[ISO_COUNTOF(iso_transform_classes)];
    for (size_t i = 0; i < ISO_COUNTOF(iso_transform_classes); i++)
        names[i] = iso_transform_classes[i]->signature->name;
    const char *nearest = iso_nearest(name, names, ISO_COUNTOF(names));
    if (nearest)
        return iso_fail(ctx, ISO_EINVAL, "unknown transform '%s'; did you mean '%s'?", name, nearest);
    return iso_fail(ctx, ISO_EINVAL, "unknown transform '%s'; isobit help recipe lists what there is", name);
}

static iso_status configure(iso_context *ctx, iso_transform *item, const iso_expr *call, iso_arg *args, int *column) {
    *column = call->column;
    if (call->kind != ISO_EXPR_CALL && call->kind != ISO_EXPR_NAME)
        return iso_fail(ctx, ISO_EINVAL, "expected a transform, such as RandomResizedCrop(32)");
    const char *dot = strrchr(call->text, '.'), *name = dot ? dot + 1 : call->text;
    for (size_t i = 0; i < ISO_COUNTOF(iso_transform_classes); i++) {
        if (strcmp(iso_transform_classes[i]->signature->name, name) != 0)
            continue;
        *item = (iso_transform){.class_ = iso_transform_classes[i], .column = call->column, .span = 1};
        iso_status status = iso_bind(ctx, iso_transform_classes[i]->signature, call, args, column);
        return status                                ? status
               : iso_transform_classes[i]->configure ? iso_transform_classes[i]->configure(ctx, item, args)
                                                     : ISO_OK;
    }
    return unknown_transform(ctx, name);
}

static iso_status append(iso_transforms *t, const iso_transform *item) {
    iso_status status = iso_grow(t->ctx, &t->items, &t->capacity, t->count, t->count + 1, sizeof *t->items);
    if (!status)
        t->items[t->count++] = *item;
    return status;
}

static iso_status add(iso_transforms *t, const iso_expr *call, int *column);

static iso_status add_list(iso_transforms *t, const iso_transform *group, const iso_expr *list, int *column) {
    iso_status status = ISO_OK;
    *column = list->column;
    if (!iso_is_sequence(list) || list->count == 0)
        return iso_fail(t->ctx, ISO_EINVAL, "%s: transforms must be a list of transforms", group->class_->signature->name);
    for (size_t i = 0; i < list->count && !status; i++)
        status = add(t, list->items[i], column);
    return status;
}

static iso_status add_copies(iso_transforms *t, const iso_transform *group) {
    iso_transform item = *group;
    iso_status status = ISO_OK;
    item.class_ = group->class_->held;
    for (int64_t i = 0; i < group->copies && !status; i++)
        status = append(t, &item);
    return status;
}

/* Appends what a call stands for, and behind it what that holds. */
static iso_status add(iso_transforms *t, const iso_expr *call, int *column) {
    iso_arg args[ISO_MAX_PARAMS];
    iso_transform item = {0};
    size_t at = t->count;
    iso_status status = configure(t->ctx, &item, call, args, column);
    if (!status)
        status = append(t, &item);
    if (status || !item.class_ || item.class_->stage != ISO_GROUP)
        return status;
    status = item.class_->held ? add_copies(t, &item) : add_list(t, &item, args[0].expr, column);
    t->items[at].span = t->count - at;
    return status;
}

/* ---- Checking: images first, then tensors ---- */

static iso_status check_items(iso_transforms *t, size_t from, size_t end, iso_form *form, size_t *bad);

static iso_status check_leaf(iso_context *ctx, const iso_transform *item, iso_form *form) {
    const iso_transform_class *class_ = item->class_;
    const char *name = class_->signature->name;
    bool is_image = form->kind == ISO_FORM_IMAGE;
    if (class_->stage == ISO_TO_TENSOR && !is_image)
        return iso_fail(ctx, ISO_EINVAL, "%s makes a tensor of an image, but there is one already: it stands there twice", name);
    if (class_->stage == ISO_ON_IMAGE && !is_image)
        return iso_fail(ctx, ISO_EINVAL, "%s works on images and must stand before ToTensor()", name);
    if (class_->stage == ISO_ON_TENSOR && is_image)
        return iso_fail(ctx, ISO_EINVAL, "%s works on tensors and must stand behind ToTensor()", name);
    if (item->fill_count && item->fill_count != (size_t)form->channels)
        return iso_fail(ctx, ISO_EINVAL, "%s: fill has %zu number%s, but the images have %d channel%s", name, item->fill_count,
                        item->fill_count == 1 ? "" : "s", form->channels, form->channels == 1 ? "" : "s");
    return class_->check ? class_->check(ctx, item, form) : ISO_OK;
}

static const char *form_name(iso_form form) {
    bool one = form.channels == 1;
    switch (form.kind) {
    case ISO_FORM_IMAGE:
        return one ? "a gray image" : "an image of 3 channels";
    case ISO_FORM_BYTES:
        return one ? "a tensor of bytes of 1 channel" : "a tensor of bytes of 3 channels";
    default:
        return one ? "a tensor of 1 channel" : "a tensor of 3 channels";
    }
}

static iso_status check_apply(iso_transforms *t, size_t at, iso_form *form, size_t *bad) {
    iso_form before = *form;
    iso_status status = check_items(t, at + 1, at + t->items[at].span, form, bad);
    if (status || (form->kind == before.kind && form->channels == before.channels))
        return status;
    *bad = at;
    return iso_fail(t->ctx, ISO_EINVAL, "RandomApply: what it holds makes %s of %s, and would not always be applied",
                    form_name(*form), form_name(before));
}

size_t iso_transforms_held(const iso_transforms *t, size_t group) {
    size_t held = 0;
    for (size_t i = group + 1; i < group + t->items[group].span; i += t->items[i].span)
        held++;
    return held;
}

/* Whatever is chosen, the same must come out. */
static iso_status check_choice(iso_transforms *t, size_t at, iso_form *form, size_t *bad) {
    iso_form before = *form;
    size_t held = iso_transforms_held(t, at), weights = t->items[at].weight_count, first = at + 1;
    if (weights && weights != held)
        return iso_fail(t->ctx, ISO_EINVAL, "RandomChoice: p has %zu weights, but there are %zu transforms", weights, held);
    for (size_t i = first; i < at + t->items[at].span; i += t->items[i].span) {
        iso_form after = before;
        iso_status status = check_items(t, i, i + t->items[i].span, &after, bad);
        if (status)
            return status;
        *bad = i;
        if (i > first && (after.kind != form->kind || after.channels != form->channels))
            return iso_fail(t->ctx, ISO_EINVAL, "RandomChoice: %s makes %s, but the first transform makes %s",
                            t->items[i].class_->signature->name, form_name(after), form_name(*form));
        *form = after;
    }
    return ISO_OK;
}

/* *bad is the item that is wrong. */
static iso_status check_items(iso_transforms *t, size_t from, size_t end, iso_form *form, size_t *bad) {
    iso_status status = ISO_OK;
    for (size_t i = from; i < end && !status; i += t->items[i].span) {
        iso_transform *item = &t->items[i];
        item->in = *form;
        *bad = i;
        if (item->class_ == &iso_random_apply_class)
            status = check_apply(t, i, form, bad);
        else if (item->class_ == &iso_random_choice_class)
            status = check_choice(t, i, form, bad);
        else if (item->class_->stage == ISO_GROUP)
            status = check_items(t, i + 1, i + item->span, form, bad);
        else
            status = check_leaf(t->ctx, item, form);
    }
    return status;
}

static iso_status check(iso_transforms *t, int channels, size_t *bad) {
    iso_form form = {ISO_FORM_IMAGE, channels};
    iso_status status = check_items(t, 0, t->count, &form, bad);
    t->channels = form.channels;
    if (!status && form.kind == ISO_FORM_IMAGE)
        return iso_fail(t->ctx, ISO_EINVAL, "ToTensor() is missing at the end of the chain");
    if (!status && form.kind == ISO_FORM_BYTES)
        return iso_fail(t->ctx, ISO_EINVAL, "the chain ends in bytes: ConvertImageDtype(torch.float32) is missing");
    return status;
}

/* ---- Tables ---- */

/* A ToTensor and what follows it number by number are one table from bytes to numbers. */
static void fold(iso_transforms *t, size_t at, size_t end, iso_byte_table table) {
    iso_transform *first = &t->items[at];
    for (size_t i = at + 1; i < end && t->items[i].class_->number; i++)
        first->folded++;
    for (int c = 0; c < 3; c++)
        for (int v = 0; v < 256; v++) {
            float x = (float)v;
            for (size_t i = at; i <= at + first->folded; i++)
                x = t->items[i].class_->number(&t->items[i], c, x);
            table[c][v] = x;
        }
}

static void fold_items(iso_transforms *t, size_t from, size_t end, size_t *tables) {
    for (size_t i = from; i < end; i += t->items[i].span)
        if (t->items[i].class_->stage == ISO_GROUP)
            fold_items(t, i + 1, i + t->items[i].span, tables);
        else if (t->items[i].class_->stage == ISO_TO_TENSOR) {
            t->items[i].table = *tables;
            fold(t, i, end, t->tables[(*tables)++]);
        }
}

static iso_status finish(iso_transforms *t, int channels, size_t *bad) {
    iso_status status = check(t, channels, bad);
    size_t tables = 0, noises = 0;
    for (size_t i = 0; i < t->count; i++) {
        tables += t->items[i].class_->stage == ISO_TO_TENSOR;
        noises += t->items[i].noise;
        t->uses_python |= t->items[i].class_ == &iso_random_choice_class;
    }
    t->draws = t->count + (noises * sizeof(iso_torch_generator) + sizeof(iso_draw) - 1) / sizeof(iso_draw);
    if (status)
        return status;
    if (!(t->tables = iso_alloc_array(t->ctx, tables, sizeof *t->tables)))
        return ISO_ENOMEM;
    tables = 0;
    fold_items(t, 0, t->count, &tables);
    return ISO_OK;
}

static iso_status new_chain(iso_context *ctx, iso_transforms **out) {
    if (!(*out = iso_calloc(ctx, 1, sizeof **out)))
        return ISO_ENOMEM;
    (*out)->ctx = ctx;
    return ISO_OK;
}

/* The call that item number `at` comes from. */
static size_t call_of(const iso_transforms *t, size_t at) {
    size_t call = 0;
    for (size_t i = 0; i < t->count && i + t->items[i].span <= at; i += t->items[i].span)
        call++;
    return call;
}

iso_status iso_transforms_new(iso_context *ctx, const iso_expr *const *calls, size_t count, int channels, size_t *bad,
                              int *column, iso_transforms **out) {
    iso_status status = new_chain(ctx, out);
    *bad = 0;
    *column = 0;
    for (size_t i = 0; i < count && !status; i++) {
        *bad = i;
        status = add(*out, calls[i], column);
    }
    if (!status) {
        size_t at = 0;
        status = finish(*out, channels, &at);
        *bad = call_of(*out, at);
        *column = at < (*out)->count ? (*out)->items[at].column : 0;
    }
    if (status) {
        iso_transforms_free(*out);
        *out = NULL;
    }
    return status;
}

void iso_transforms_free(iso_transforms *t) {
    if (!t)
        return;
    iso_free(t->ctx, t->items);
    iso_free(t->ctx, t->tables);
    iso_free(t->ctx, t);
}

/* ---- Testing ---- */

static iso_status derive(iso_transforms *test, const iso_transforms *train, size_t from, size_t end) {
    iso_status status = ISO_OK;
    for (size_t i = from; i < end && !status; i += train->items[i].span) {
        const iso_transform *item = &train->items[i];
        iso_transform resize = {
            .class_ = &iso_resize_class, .span = 1, .filter = item->filter, .size = {iso_max64(item->size[0], item->size[1]), 0}};
        iso_transform crop = {.class_ = &iso_center_crop_class, .span = 1, .size = {item->size[0], item->size[1]}};
        if (item->class_ == &iso_compose_class)
            status = derive(test, train, i + 1, i + item->span);
        else if (item->class_ == &iso_random_resized_crop_class)
            status = (status = append(test, &resize)) ? status : append(test, &crop);
        else if (item->class_ == &iso_random_crop_class)
            status = append(test, &crop);
        else if (!item->class_->random)
            status = append(test, item);
    }
    return status;
}

iso_status iso_transforms_for_test(const iso_transforms *train, int channels, iso_transforms **out) {
    iso_status status = new_chain(train->ctx, out);
    size_t bad = 0;
    if (!status)
        status = derive(*out, train, 0, train->count);
    for (size_t i = 0; !status && i < (*out)->count; i++)
        (*out)->items[i].folded = 0;
    if (!status && (status = finish(*out, channels, &bad)) == ISO_EINVAL)
        iso_fail_at(train->ctx, status,
                    "data.test_transforms is needed, as the transforms make no chain without the random ones");
    if (status) {
        iso_transforms_free(*out);
        *out = NULL;
    }
    return status;
}
