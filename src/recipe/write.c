#include "recipe/write.h"

#include <string.h>

#include "core/text.h"

/* A scalar in YAML's double quotes, which take JSON's escapes; bytes that are not UTF-8 cannot stand in YAML. */
static void write_quoted(iso_text *out, const char *text) {
    iso_text_puts(out, "\"");
    for (const char *c = text; *c; c++) {
        if (*c == '"' || *c == '\\')
            iso_text_printf(out, "\\%c", *c);
        else if ((unsigned char)*c < 0x20 || *c == 0x7f)
            iso_text_printf(out, "\\x%02x", (unsigned)*c);
        else
            iso_text_append(out, c, 1);
    }
    iso_text_puts(out, "\"");
}

static void write_expr(iso_context *ctx, iso_text *out, const iso_expr *expr) {
    iso_text text = iso_text_new(ctx);
    iso_expr_write(&text, expr);
    if (!iso_text_ok(&text))
        out->failed = true;
    else
        write_quoted(out, text.data);
    iso_text_free(&text);
}

static void write_source(iso_text *out, const char *key, const iso_located *source) {
    if (!source->expr && !source->path)
        return;
    iso_text_printf(out, "  %s: ", key);
    if (source->path)
        write_quoted(out, source->path);
    else /* plain, so that it is read as a call again */
        iso_expr_write(out, source->expr);
    iso_text_puts(out, "\n");
}

static void write_list(iso_context *ctx, iso_text *out, const char *indent, const iso_located_list *list) {
    for (size_t i = 0; i < list->count; i++) {
        iso_text_printf(out, "%s- ", indent);
        write_expr(ctx, out, list->items[i].expr);
        iso_text_puts(out, "\n");
    }
}

static void write_generator(iso_text *out, const iso_given_generator *generator) {
    if (generator->given)
        iso_text_printf(out, ", generator=Generator().manual_seed(%llu)", (unsigned long long)generator->seed);
}

static void write_sampler(iso_text *out, const iso_recipe *r) {
    const iso_sampler *s = &r->sampler;
    if (s->kind == ISO_RANDOM_SAMPLER)
        iso_text_printf(out, ", sampler=RandomSampler(replacement=%s", s->replacement ? "True" : "False");
    if (s->kind == ISO_SUBSET_RANDOM_SAMPLER || s->kind == ISO_WEIGHTED_RANDOM_SAMPLER) {
        iso_text_printf(out, ", sampler=%s(",
                        s->kind == ISO_SUBSET_RANDOM_SAMPLER ? "SubsetRandomSampler" : "WeightedRandomSampler");
        iso_expr_write(out, r->sampler_items);
    }
    if (s->num_samples)
        iso_text_printf(out, ", num_samples=%lld", (long long)s->num_samples);
    if (s->kind == ISO_WEIGHTED_RANDOM_SAMPLER)
        iso_text_printf(out, ", replacement=%s", s->replacement ? "True" : "False");
    write_generator(out, &s->generator);
    iso_text_puts(out, s->kind == ISO_SEQUENTIAL_SAMPLER ? "" : ")");
}

/* What has its default is not written where older recipes could not say it, so that their digests stay. */
static void write_loader(iso_text *out, const iso_recipe *r, bool complete) {
    iso_text_printf(out, "  loader: DataLoader(batch_size=%lld, shuffle=%s, num_workers=%lld, drop_last=%s",
                    (long long)r->batch_size, r->shuffle ? "True" : "False", (long long)r->num_workers,
                    r->drop_last ? "True" : "False");
    write_sampler(out, r);
    write_generator(out, &r->generator);
    iso_text_puts(out, r->persistent_workers ? ", persistent_workers=True" : "");
    if (complete && r->prefetch_factor)
        iso_text_printf(out, ", prefetch_factor=%lld", (long long)r->prefetch_factor);
    iso_text_puts(out, ")\n");
}

static void write_split(iso_text *out, const iso_split *split) {
    if (!split->located.expr)
        return;
    iso_text_puts(out, "  split: random_split(");
    iso_expr_write(out, split->items);
    write_generator(out, &split->generator);
    iso_text_puts(out, ")\n");
}

/* `complete`: with what does not belong to the experiment, paths and execution. */
static void write_recipe(const iso_recipe *r, iso_text *out, bool complete) {
    iso_context *ctx = r->ctx;
    iso_text_printf(out, "seed: %llu\n", (unsigned long long)r->seed);
    char stream[ISO_TORCH_NAME_SIZE];
    iso_text_printf(out, "stream: %s\n", iso_torch_variant_name(r->variant, stream));
    iso_text_puts(out, "data:\n");
    if (complete) {
        write_source(out, "train", &r->train);
        write_source(out, "test", &r->test);
        iso_text_puts(out, r->skip_bad_images ? "  on_bad_image: skip\n" : "");
    }
    iso_text_puts(out, "  transforms:\n");
    write_list(ctx, out, "    ", &r->transforms);
    if (r->test_transforms.count) {
        iso_text_puts(out, "  test_transforms:\n");
        write_list(ctx, out, "    ", &r->test_transforms);
    }
    write_split(out, &r->split);
    write_loader(out, r, complete);
    iso_text_puts(out, r->model_is_call ? "model: " : "model:\n");
    if (r->model_is_call) {
        write_expr(ctx, out, r->model.items[0].expr);
        iso_text_puts(out, "\n");
    } else
        write_list(ctx, out, "  ", &r->model);
    iso_text_printf(out, "init: %s\n", r->init ? r->init : "default");
    if (complete && r->weights.path) {
        iso_text_puts(out, "weights: ");
        write_quoted(out, r->weights.path);
        iso_text_puts(out, "\n");
    }
    iso_text_printf(out, "loss: CrossEntropyLoss(ignore_index=%lld, reduction='%s', label_smoothing=",
                    (long long)(r->loss.has_ignore_index ? r->loss.ignore_index : -100), r->loss.sum ? "sum" : "mean");
    iso_write_repr(out, r->loss.label_smoothing);
    iso_text_puts(out, ")\noptimizer: ");
    write_expr(ctx, out, r->optimizer.expr);
    iso_text_printf(out, "\nepochs: %lld\ncheckpoint: %lld\ndigest_every: %lld\n", (long long)r->epochs, (long long)r->checkpoint,
                    (long long)r->digest_every);
    if (complete && r->micro_batch)
        iso_text_printf(out, "micro_batch: %lld\n", (long long)r->micro_batch);
}

iso_status iso_recipe_write(iso_recipe *recipe) {
    for (int complete = 0; complete < 2; complete++) {
        iso_text text = iso_text_new(recipe->ctx);
        write_recipe(recipe, &text, complete);
        if (!iso_text_ok(&text)) {
            iso_text_free(&text);
            return ISO_ENOMEM;
        }
        *(complete ? &recipe->normalised : &recipe->experiment) = text.data;
    }
    return ISO_OK;
}
