/* torch.utils.data's samplers and random_split: which samples an epoch takes, in which order, and who draws it. */
#ifndef ISO_DATA_SAMPLER_H
#define ISO_DATA_SAMPLER_H

#include "data/dataset.h"
#include "isobit/random.h"

/* A generator given as an argument: torch.Generator().manual_seed(seed). */
typedef struct iso_given_generator {
    bool given;
    uint64_t seed;
} iso_given_generator;

#define ISO_DEFAULT_GENERATOR_SEED 67280421310721u /* of torch.Generator() without manual_seed */

typedef enum iso_sampler_kind {
    ISO_SEQUENTIAL_SAMPLER,
    ISO_RANDOM_SAMPLER,
    ISO_SUBSET_RANDOM_SAMPLER,
    ISO_WEIGHTED_RANDOM_SAMPLER
} iso_sampler_kind;

/* A sampler's arguments, under PyTorch's names. The arrays are borrowed. */
typedef struct iso_sampler {
    iso_sampler_kind kind;
    bool replacement;       /* random and weighted */
    int64_t num_samples;    /* random and weighted; 0: as many as the data set has */
    const int64_t *indices; /* subset: `count` positions in the data set */
    const double *weights;  /* weighted: `count` of them; NULL: 1 / (images of its class) for each image, "balanced" */
    size_t count;
    iso_given_generator generator; /* not given: drawn from the main generator, as PyTorch's sampler does */
} iso_sampler;

/* What draws the orders of a loader's epochs: base seed and sampler, and the generators that were given to them. */
typedef struct iso_sampling {
    iso_context *ctx;
    iso_sampler sampler;
    int64_t samples, length; /* of the data set, and of an epoch */
    int64_t *order;          /* of the epoch that was drawn last: `length` indices into the data set */
    int64_t *scratch;
    double *weights, *numbers;
    iso_given_generator loader_seed;
    bool shared; /* the sampler draws from the loader's generator, if one is given: DataLoader(shuffle=True, generator=g) */
    iso_torch_generator loader, own; /* the generators given to the loader and to the sampler */
} iso_sampling;

/* ISO_EINVAL, with what was expected, if the sampler does not fit the data set. `labels` may be NULL but for balanced weights. */
iso_status iso_sampler_check(iso_context *ctx, const iso_sampler *sampler, int64_t samples);
/* `shuffle` and `loader` are DataLoader's arguments shuffle and generator. */
iso_status iso_sampling_new(iso_context *ctx, const iso_sampler *sampler, bool shuffle, iso_given_generator loader,
                            int64_t samples, const int32_t *labels, iso_sampling **sampling);
void iso_sampling_free(iso_sampling *sampling);
/* The given generators as they were at first. */
void iso_sampling_reset(iso_sampling *sampling);
/* One epoch, in PyTorch's order: the base seed, if *base_seed is to be drawn (not for persistent workers that live already), then
 * the sampler's. A given generator is drawn from for the whole epoch at once, also what PyTorch draws behind its last sample. */
void iso_sampling_draw(iso_sampling *sampling, iso_torch_generator *main, int64_t *base_seed);

/* torch.utils.data.random_split: `parts` fractions with the sum 1, or whole lengths with the sum `samples`. The parts lie in
 * `indices` (room for `samples`) one behind the other; counts[i] is the length of part i. The first two must not be empty. */
iso_status iso_random_split(iso_context *ctx, const double *lengths, size_t parts, int64_t samples,
                            iso_torch_generator *generator, int64_t *indices, int64_t *counts);

#endif
