/* A chain at work: drawing for one image, and applying what was drawn. */
#include <string.h>

#include "image/transforms.h"

/* ---- Drawing ---- */

struct drawing {
    const iso_transforms *t;
    iso_torch_generator *generator;
    iso_py_random *python;
    iso_draw *draws;
    iso_torch_generator *noise; /* room for the next */
};

/* The items of one of the transforms that a group holds. */
static void choose(const iso_transforms *t, size_t group, int which, size_t *first, size_t *end) {
    *first = group + 1;
    for (int i = 0; i < which; i++)
        *first += t->items[*first].span;
    *end = *first + t->items[*first].span;
}

static iso_image_size draw_choice(struct drawing *d, size_t at, iso_image_size size);

static iso_image_size draw_items(struct drawing *d, size_t from, size_t end, iso_image_size size) {
    for (size_t i = from; i < end && size.w > 0 && size.h > 0; i += d->t->items[i].span) {
        const iso_transform *item = &d->t->items[i];
        d->draws[i].apply = true;
        d->draws[i].noise = item->noise ? d->noise++ : NULL;
        d->draws[i].in = size;
        if (item->class_->draw)
            size = item->class_->draw(item, d->generator, size, &d->draws[i]);
        d->draws[i].wanted = (iso_box){0, 0, size.w, size.h};
        if (item->class_ == &iso_random_choice_class)
            size = draw_choice(d, i, size);
        else if (item->class_->stage == ISO_GROUP && d->draws[i].apply)
            size = draw_items(d, i + 1, i + item->span, size);
    }
    return size;
}

/* random.choices(transforms, weights=p)[0] */
static iso_image_size draw_choice(struct drawing *d, size_t at, iso_image_size size) {
    const iso_transform *item = &d->t->items[at];
    uint64_t choice = 0;
    size_t first, end;
    if (item->weight_count)
        iso_py_choices_weighted(d->python, &choice, 1, item->weights, item->weight_count);
    else
        iso_py_choices(d->python, &choice, 1, iso_transforms_held(d->t, at));
    d->draws[at].choice = (int)choice;
    choose(d->t, at, (int)choice, &first, &end);
    return draw_items(d, first, end, size);
}

static iso_box source_of(const iso_transform *item, const iso_draw *draw) {
    return item->class_->source ? item->class_->source(item, draw) : (iso_box){0, 0, draw->in.w, draw->in.h};
}

/* From behind: what an item needs is all that is wanted of the one before. What a group holds is computed whole. */
static void want(const iso_transforms *t, iso_draw *draws) {
    size_t next = t->count;
    while (next > 0) {
        size_t before = 0; /* the item in front of `next` */
        while (before + t->items[before].span < next)
            before += t->items[before].span;
        if (next < t->count && t->items[before].class_->stage == ISO_ON_IMAGE)
            draws[before].wanted = source_of(&t->items[next], &draws[next]);
        next = before;
    }
}

iso_box iso_transforms_source(const iso_transforms *t, const iso_draw *draws) {
    return source_of(&t->items[0], &draws[0]);
}

iso_image_size iso_transforms_draw(const iso_transforms *t, iso_torch_generator *generator, iso_py_random *python,
                                   iso_image_size size, iso_draw *draws) {
    struct drawing d = {t, generator, python, draws, (iso_torch_generator *)(draws + t->count)};
    size = draw_items(&d, 0, t->count, size);
    if (size.w < 1 || size.h < 1)
        return (iso_image_size){0, 0};
    want(t, draws);
    return size;
}

/* ---- Applying ---- */

void iso_transform_scratch_free(iso_transform_scratch *scratch) {
    iso_context *ctx = scratch->image.ctx;
    iso_image_free(ctx, &scratch->a);
    iso_image_free(ctx, &scratch->b);
    iso_image_scratch_free(&scratch->image);
}

struct run {
    const iso_transforms *t;
    const iso_draw *draws;
    iso_image_scratch *scratch;
    iso_image *now, *other; /* the image, and room for the next */
    float *x;               /* the tensor, as large as the image */
    iso_worker_error *error;
};

static void to_tensor(const struct run *r, const iso_transform *item) {
    int64_t pixels = r->now->w * r->now->h, step = r->now->channels;
    float *out = r->x;
    for (int c = 0; c < step; c++) {
        const float *table = r->t->tables[item->table][c];
        const uint8_t *from = r->now->pixels + c;
        for (int64_t i = 0; i < pixels; i++, from += step)
            *out++ = table[*from];
    }
}

static void apply_numbers(const struct run *r, const iso_transform *item) {
    int64_t pixels = r->now->w * r->now->h;
    float *x = r->x;
    for (int c = 0; c < item->in.channels; c++)
        for (int64_t i = 0; i < pixels; i++, x++)
            *x = item->class_->number(item, c, *x);
}

static bool apply_to_image(struct run *r, const iso_transform *item, const iso_draw *draw) {
    bool moved = false;
    if (!item->class_->apply(item, draw, r->scratch, r->now, r->other, &moved, r->error))
        return false;
    if (moved) {
        iso_image *swap = r->now;
        r->now = r->other;
        r->other = swap;
    }
    return true;
}

static bool apply_items(struct run *r, size_t from, size_t end);

static bool apply_group(struct run *r, size_t at) {
    const iso_transform *item = &r->t->items[at];
    size_t first = at + 1, end = at + item->span;
    if (item->class_ == &iso_random_choice_class)
        choose(r->t, at, r->draws[at].choice, &first, &end);
    return !r->draws[at].apply || apply_items(r, first, end);
}

static bool apply_to_tensor(struct run *r, const iso_transform *item, const iso_draw *draw) {
    if (item->class_->apply_tensor)
        return item->class_->apply_tensor(item, draw, r->scratch, r->x, (iso_image_size){r->now->w, r->now->h}, r->error);
    apply_numbers(r, item);
    return true;
}

static bool apply_items(struct run *r, size_t from, size_t end) {
    bool ok = true;
    for (size_t i = from; i < end && ok; i += r->t->items[i].span) {
        const iso_transform *item = &r->t->items[i];
        switch (item->class_->stage) {
        case ISO_GROUP:
            ok = apply_group(r, i);
            break;
        case ISO_ON_IMAGE:
            ok = apply_to_image(r, item, &r->draws[i]);
            break;
        case ISO_TO_TENSOR:
            to_tensor(r, item);
            i += item->folded;
            break;
        case ISO_ON_TENSOR:
            ok = apply_to_tensor(r, item, &r->draws[i]);
            break;
        }
    }
    return ok;
}

bool iso_transforms_apply(const iso_transforms *t, const iso_draw *draws, iso_transform_scratch *scratch, const iso_image *in,
                          float *out, iso_worker_error *error) {
    struct run r = {t, draws, &scratch->image, &scratch->a, &scratch->b, out, error};
    if (in == r.now)
        return apply_items(&r, 0, t->count);
    if (!iso_image_resize(t->ctx, r.now, in->w, in->h, in->channels, error))
        return false;
    iso_box part = iso_transforms_source(t, draws);
    if (part.y0 < part.y1)
        memcpy(iso_image_row(r.now, part.y0), iso_image_row(in, part.y0), (size_t)((part.y1 - part.y0) * in->w * in->channels));
    return apply_items(&r, 0, t->count);
}
