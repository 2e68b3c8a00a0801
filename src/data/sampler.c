#include "data/sampler.h"

#include <math.h>

#define MAX_CATEGORIES ((int64_t)1 << 24) /* of torch.multinomial */

/* ---- Arguments ---- */

static iso_status check_weights(iso_context *ctx, const iso_sampler *s, int64_t drawn) {
    double sum = 0;
    int64_t positive = 0;
    for (size_t i = 0; i < s->count; i++) {
        if (!(s->weights[i] >= 0) || isinf(s->weights[i]))
            return iso_fail(ctx, ISO_EINVAL,
                            "WeightedRandomSampler: weight %zu is %g, expected a finite number that is not negative", i,
                            s->weights[i]);
        sum += s->weights[i];
        positive += s->weights[i] > 0;
    }
    if (!(sum > 0) || isinf(sum))
        return iso_fail(ctx, ISO_EINVAL, "WeightedRandomSampler: the sum of the weights is %g, expected a finite number above 0",
                        sum);
    if (!s->replacement && drawn > positive)
        return iso_fail(
            ctx, ISO_EINVAL,
            "WeightedRandomSampler: num_samples is %lld, but without replacement there are only %lld images with a weight "
            "above 0",
            (long long)drawn, (long long)positive);
    return ISO_OK;
}

iso_status iso_sampler_check(iso_context *ctx, const iso_sampler *s, int64_t samples) {
    int64_t count = (int64_t)s->count, drawn = s->num_samples ? s->num_samples : samples;
    if (s->num_samples < 0)
        return iso_fail(ctx, ISO_EINVAL, "num_samples is %lld, expected a number from 1", (long long)s->num_samples);
    if (s->kind == ISO_SUBSET_RANDOM_SAMPLER) {
        if (count == 0)
            return iso_fail(ctx, ISO_EINVAL, "SubsetRandomSampler: indices are empty, expected at least one");
        for (int64_t i = 0; i < count; i++)
            if (s->indices[i] < 0 || s->indices[i] >= samples)
                return iso_fail(ctx, ISO_EINVAL,
                                "SubsetRandomSampler: index %lld is %lld, expected 0 to %lld: there are %lld images",
                                (long long)i, (long long)s->indices[i], (long long)samples - 1, (long long)samples);
    }
    if (s->kind != ISO_WEIGHTED_RANDOM_SAMPLER)
        return ISO_OK;
    if (!s->weights)
        count = samples;
    if (count > samples)
        return iso_fail(ctx, ISO_EINVAL, "WeightedRandomSampler: %lld weights, but there are %lld images", (long long)count,
                        (long long)samples);
    if (count > MAX_CATEGORIES)
        return iso_fail(ctx, ISO_EINVAL, "WeightedRandomSampler: %lld weights, but torch.multinomial takes at most 2^24",
                        (long long)count);
    if (!s->weights && !s->replacement && drawn > samples)
        return iso_fail(ctx, ISO_EINVAL,
                        "WeightedRandomSampler: num_samples is %lld, but without replacement there are only %lld images",
                        (long long)drawn, (long long)samples);
    return s->weights ? check_weights(ctx, s, drawn) : ISO_OK;
}

/* ---- Memory ---- */

/* 1.0 / count of the image's class, as `[1 / counts[label] for label in targets]`. `images` holds the counts. */
static void balance(iso_sampling *s, const int32_t *labels, int64_t *images) {
    for (int64_t i = 0; i < s->samples; i++)
        images[labels[i]] = 0;
    for (int64_t i = 0; i < s->samples; i++)
        images[labels[i]]++;
    for (int64_t i = 0; i < s->samples; i++)
        s->weights[i] = 1.0 / (double)images[labels[i]];
}

static iso_status fill_weights(iso_sampling *s, const int32_t *labels) {
    int32_t highest = 0;
    if (!s->sampler.weights)
        s->sampler.count = (size_t)s->samples;
    s->weights = iso_alloc_array(s->ctx, s->sampler.count, sizeof *s->weights);
    s->numbers = iso_alloc_array(s->ctx, s->sampler.count, sizeof *s->numbers);
    if (!s->weights || !s->numbers)
        return ISO_ENOMEM;
    if (s->sampler.weights) {
        for (size_t i = 0; i < s->sampler.count; i++)
            s->weights[i] = s->sampler.weights[i];
        return ISO_OK;
    }
    for (int64_t i = 0; i < s->samples; i++)
        highest = labels[i] > highest ? labels[i] : highest;
    int64_t *images = iso_alloc_array(s->ctx, (size_t)highest + 1, sizeof *images);
    if (!images)
        return ISO_ENOMEM;
    balance(s, labels, images);
    iso_free(s->ctx, images);
    return ISO_OK;
}

static iso_status fill(iso_sampling *s, const int32_t *labels) {
    iso_status status = iso_sampler_check(s->ctx, &s->sampler, s->samples);
    if (status)
        return status;
    bool counted = s->sampler.kind == ISO_RANDOM_SAMPLER || s->sampler.kind == ISO_WEIGHTED_RANDOM_SAMPLER;
    s->length = s->sampler.kind == ISO_SUBSET_RANDOM_SAMPLER ? (int64_t)s->sampler.count : s->samples;
    if (counted && s->sampler.num_samples)
        s->length = s->sampler.num_samples;
    s->order = iso_alloc_array(s->ctx, (size_t)s->length, sizeof *s->order);
    s->scratch = iso_alloc_array(s->ctx, (size_t)iso_max64(s->samples, s->length), sizeof *s->scratch);
    if (!s->order || !s->scratch)
        return ISO_ENOMEM;
    return s->sampler.kind == ISO_WEIGHTED_RANDOM_SAMPLER ? fill_weights(s, labels) : ISO_OK;
}

iso_status iso_sampling_new(iso_context *ctx, const iso_sampler *sampler, bool shuffle, iso_given_generator loader,
                            int64_t samples, const int32_t *labels, iso_sampling **out) {
    *out = NULL;
    if (shuffle && sampler->kind != ISO_SEQUENTIAL_SAMPLER)
        return iso_fail(ctx, ISO_EINVAL, "DataLoader: shuffle is True and a sampler is given, expected one of the two");
    iso_sampling *s = iso_calloc(ctx, 1, sizeof *s);
    if (!s)
        return ISO_ENOMEM;
    s->ctx = ctx;
    s->sampler = *sampler;
    s->loader_seed = loader;
    s->shared = shuffle;
    if (shuffle)
        s->sampler.kind = ISO_RANDOM_SAMPLER;
    s->samples = samples;
    iso_sampling_reset(s);
    iso_status status = fill(s, labels);
    if (status) {
        iso_sampling_free(s);
        return status;
    }
    *out = s;
    return ISO_OK;
}

void iso_sampling_free(iso_sampling *s) {
    if (!s)
        return;
    iso_free(s->ctx, s->order);
    iso_free(s->ctx, s->scratch);
    iso_free(s->ctx, s->weights);
    iso_free(s->ctx, s->numbers);
    iso_free(s->ctx, s);
}

void iso_sampling_reset(iso_sampling *s) {
    iso_torch_manual_seed(&s->loader, s->loader_seed.seed);
    iso_torch_manual_seed(&s->own, s->sampler.generator.seed);
}

/* ---- Draws ---- */

/* RandomSampler on its generator: whole permutations, then the beginning of one more, which is drawn even if nothing of it is
 * taken. With replacement PyTorch asks for 32 numbers at a time, which are the same numbers. */
static void draw_random(iso_sampling *s, iso_torch_generator *g) {
    if (s->sampler.replacement) {
        iso_torch_randint(g, s->order, (size_t)s->length, 0, s->samples);
        return;
    }
    for (int64_t at = 0;; at += s->samples) {
        iso_torch_randperm(g, s->scratch, s->samples);
        for (int64_t i = 0; i < s->samples && at + i < s->length; i++)
            s->order[at + i] = s->scratch[i];
        if (at + s->samples > s->length)
            return;
    }
}

void iso_sampling_draw(iso_sampling *s, iso_torch_generator *main, int64_t *base_seed) {
    iso_torch_generator fresh = {.variant = main->variant}, *given = s->sampler.generator.given ? &s->own : NULL;
    s->loader.variant = s->own.variant = main->variant;
    if (s->shared && s->loader_seed.given)
        given = &s->loader;
    if (base_seed)
        *base_seed = iso_torch_random_int64(s->loader_seed.given ? &s->loader : main);
    switch (s->sampler.kind) {
    case ISO_SEQUENTIAL_SAMPLER:
        for (int64_t i = 0; i < s->length; i++)
            s->order[i] = i;
        break;
    case ISO_RANDOM_SAMPLER:
        if (!given) {
            iso_torch_manual_seed(&fresh, (uint64_t)iso_torch_random_int64(main));
            given = &fresh;
        }
        draw_random(s, given);
        break;
    case ISO_SUBSET_RANDOM_SAMPLER:
        iso_torch_randperm(given ? given : main, s->scratch, s->length);
        for (int64_t i = 0; i < s->length; i++)
            s->order[i] = s->sampler.indices[s->scratch[i]];
        break;
    case ISO_WEIGHTED_RANDOM_SAMPLER:
        iso_torch_multinomial_f64(given ? given : main, s->order, (size_t)s->length, s->weights, s->sampler.count,
                                  s->sampler.replacement, s->numbers, s->scratch);
        break;
    }
}

/* ---- random_split ---- */

iso_status iso_random_split(iso_context *ctx, const double *lengths, size_t parts, int64_t samples, iso_torch_generator *g,
                            int64_t *indices, int64_t *counts) {
    double sum = 0;
    int64_t total = 0;
    bool whole = true;
    for (size_t i = 0; i < parts; i++) {
        if (!(lengths[i] >= 0) || lengths[i] > (double)INT32_MAX)
            return iso_fail(ctx, ISO_EINVAL, "random_split: length %zu is %g, expected a fraction or a number of images", i,
                            lengths[i]);
        sum += lengths[i];
        whole = whole && floor(lengths[i]) == lengths[i];
    }
    bool fractions = sum <= 1 && 1 - sum <= 1e-9; /* math.isclose */
    for (size_t i = 0; i < parts; i++)
        total += counts[i] = (int64_t)(fractions ? floor((double)samples * lengths[i]) : lengths[i]);
    for (int64_t i = 0; fractions && total < samples; i++, total++)
        counts[i % (int64_t)parts]++;
    if (!fractions && (!whole || total != samples))
        return iso_fail(
            ctx, ISO_EINVAL,
            "random_split: the lengths have the sum %.17g, expected fractions with the sum 1 or numbers with the sum %lld, "
            "that of the images",
            sum, (long long)samples);
    for (size_t i = 0; i < 2 && i < parts; i++)
        if (counts[i] == 0)
            return iso_fail(ctx, ISO_EINVAL, "random_split: part %zu of %lld images is empty", i, (long long)samples);
    iso_torch_randperm(g, indices, samples);
    return ISO_OK;
}
