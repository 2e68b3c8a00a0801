/* The samplers and random_split: PyTorch's recorded orders (tests/oracle/record_samplers.py), and what is refused. */
#include "data/sampler.h"

#include <string.h>

#include "harness/test.h"

#define SAMPLES      23
#define INDICES(...) (const int64_t[]){__VA_ARGS__}, sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t)

static const int64_t some_indices[] = {5, 1, 9, 9, 22, 0, 3};
static const double some_weights[SAMPLES] = {0.25, 0.75, 1.25, 1.75, 0.25, 0.75, 1.25, 1.75, 0.25, 0.75, 1.25, 1.75,
                                             0.25, 0.75, 1.25, 1.75, 0.25, 0.75, 1.25, 1.75, 0.25, 0.75, 1.25};

static iso_given_generator given(uint64_t seed) {
    return (iso_given_generator){true, seed};
}

/* `order` of an epoch of this sampler; the main generator is seeded with 3, and *next is what it draws behind the epoch. */
static void check_order(iso_sampler sampler, const int64_t *order, size_t count, int64_t next) {
    iso_context *ctx;
    iso_sampling *sampling;
    iso_torch_generator main = {.variant = ISO_TORCH};
    CHECK(iso_context_new(&ctx, &(iso_context_options){.threads = 1}) == ISO_OK);
    CHECK_OK(ctx, iso_sampling_new(ctx, &sampler, false, (iso_given_generator){0}, SAMPLES, NULL, &sampling));
    CHECK(sampling->length == (int64_t)count);
    for (int again = 0; again < 2; again++) {
        iso_torch_manual_seed(&main, 3);
        iso_sampling_reset(sampling);
        iso_sampling_draw(sampling, &main, NULL);
        CHECK(memcmp(sampling->order, order, count * sizeof *order) == 0);
        CHECK(next == 0 || (int64_t)(iso_torch_random64(&main) & ((1ull << 62) - 1)) == next);
    }
    iso_sampling_free(sampling);
    iso_context_free(ctx);
}

/* RandomSampler draws a permutation behind its last sample although it takes nothing of it, which a given generator shows an
 * epoch later. PyTorch: g = torch.Generator().manual_seed(7); s = RandomSampler(range(23), generator=g); list(s); list(s). */
ISO_TEST(a_permutation_that_is_not_needed_is_drawn) {
    static const int64_t second[SAMPLES] = {16, 8, 3, 21, 11, 15, 4, 14, 10, 18, 9, 7, 20, 1, 5, 6, 22, 12, 2, 19, 0, 13, 17};
    iso_sampler sampler = {.kind = ISO_RANDOM_SAMPLER, .generator = given(7)};
    iso_context *ctx;
    iso_sampling *sampling;
    iso_torch_generator main = {.variant = ISO_TORCH};
    CHECK(iso_context_new(&ctx, &(iso_context_options){.threads = 1}) == ISO_OK);
    CHECK_OK(ctx, iso_sampling_new(ctx, &sampler, false, (iso_given_generator){0}, SAMPLES, NULL, &sampling));
    iso_torch_manual_seed(&main, 3);
    iso_sampling_draw(sampling, &main, NULL);
    iso_sampling_draw(sampling, &main, NULL);
    CHECK(memcmp(sampling->order, second, sizeof second) == 0);
    iso_sampling_free(sampling);
    iso_context_free(ctx);
}

ISO_TEST(samplers_give_pytorch_s_recorded_orders) {
    check_order((iso_sampler){.kind = ISO_RANDOM_SAMPLER},
                INDICES(16, 13, 11, 14, 19, 1, 20, 21, 7, 22, 3, 2, 10, 18, 17, 8, 5, 9, 15, 4, 6, 0, 12), 3839649608876091011);
    check_order((iso_sampler){.kind = ISO_RANDOM_SAMPLER, .generator = given(7)},
                INDICES(10, 15, 1, 9, 11, 20, 7, 14, 21, 12, 5, 18, 17, 0, 16, 3, 6, 8, 2, 4, 13, 19, 22), 0);
    check_order((iso_sampler){.kind = ISO_RANDOM_SAMPLER, .replacement = true, .num_samples = 40, .generator = given(8)},
                INDICES(8, 16, 9, 21, 9, 1, 14, 8, 10, 5, 10, 3, 13, 0, 4, 17, 15, 11, 22, 19, 12, 8, 10, 8, 17, 12, 5, 15, 20,
                        14, 9, 8, 11, 5, 20, 8, 15, 10, 18, 8),
                0);
    check_order((iso_sampler){.kind = ISO_RANDOM_SAMPLER, .num_samples = 50, .generator = given(9)},
                INDICES(12, 9, 14, 20, 11, 19, 13, 6, 21, 16, 5, 15, 2, 4, 8, 1, 17, 3, 10, 7, 0, 18, 22, 21, 7, 3, 6, 9, 5, 13,
                        20, 10, 17, 11, 8, 22, 2, 14, 15, 4, 19, 1, 12, 0, 16, 18, 17, 22, 15, 19),
                0);
    check_order((iso_sampler){.kind = ISO_SUBSET_RANDOM_SAMPLER,
                              .indices = some_indices,
                              .count = ISO_COUNTOF(some_indices),
                              .generator = given(10)},
                INDICES(9, 22, 1, 3, 5, 9, 0), 0);
    iso_sampler weighted = {.kind = ISO_WEIGHTED_RANDOM_SAMPLER,
                            .weights = some_weights,
                            .count = SAMPLES,
                            .replacement = true,
                            .num_samples = 31,
                            .generator = given(11)};
    check_order(
        weighted,
        INDICES(5, 19, 15, 15, 13, 3, 3, 3, 18, 10, 22, 15, 15, 10, 2, 1, 22, 2, 21, 9, 9, 19, 18, 20, 15, 21, 15, 19, 1, 14, 14),
        0);
    weighted.replacement = false;
    weighted.num_samples = 17;
    weighted.generator = given(12);
    check_order(weighted, INDICES(9, 3, 17, 19, 18, 11, 2, 10, 7, 15, 13, 14, 6, 5, 21, 1, 22), 0);
}

ISO_TEST(random_split_gives_pytorch_s_recorded_parts) {
    static const int64_t expected[] = {0, 17, 12, 19, 13, 7, 4, 16, 1, 11, 21, 8, 15, 3, 14, 10, 18, 22, 5, 2, 9, 20, 6};
    static const struct {
        double lengths[3];
        size_t parts;
        int64_t counts[3];
    } cases[] = {{{0.7, 0.2, 0.1}, 3, {17, 4, 2}}, {{20, 3}, 2, {20, 3}}};
    iso_context *ctx;
    CHECK(iso_context_new(&ctx, &(iso_context_options){.threads = 1}) == ISO_OK);
    for (size_t i = 0; i < ISO_COUNTOF(cases); i++) {
        int64_t indices[SAMPLES], counts[3] = {0};
        iso_torch_generator g = {.variant = ISO_TORCH};
        iso_torch_manual_seed(&g, 13);
        CHECK_OK(ctx, iso_random_split(ctx, cases[i].lengths, cases[i].parts, SAMPLES, &g, indices, counts));
        CHECK(memcmp(indices, expected, sizeof expected) == 0 && memcmp(counts, cases[i].counts, sizeof counts) == 0);
    }
    iso_context_free(ctx);
}

ISO_TEST(samplers_and_splits_that_do_not_fit_are_refused) {
    iso_context *ctx;
    int64_t indices[SAMPLES], counts[3];
    iso_torch_generator g = {.variant = ISO_TORCH};
    iso_torch_manual_seed(&g, 1);
    CHECK(iso_context_new(&ctx, &(iso_context_options){.threads = 1}) == ISO_OK);
#define REFUSED(message, ...) CHECK_FAILS(ctx, ISO_EINVAL, message, iso_sampler_check(ctx, &(iso_sampler){__VA_ARGS__}, SAMPLES))
    REFUSED("num_samples is -1, expected a number from 1", .kind = ISO_RANDOM_SAMPLER, .num_samples = -1);
    REFUSED("indices are empty", .kind = ISO_SUBSET_RANDOM_SAMPLER);
    REFUSED("index 1 is 23, expected 0 to 22", .kind = ISO_SUBSET_RANDOM_SAMPLER, .indices = (const int64_t[]){22, 23},
            .count = 2);
    CHECK_FAILS(
        ctx, ISO_EINVAL, "23 weights, but there are 22 images",
        iso_sampler_check(
            ctx,
            &(iso_sampler){.kind = ISO_WEIGHTED_RANDOM_SAMPLER, .weights = some_weights, .count = SAMPLES, .replacement = true},
            SAMPLES - 1));
    double weights[SAMPLES] = {0};
#define WEIGHTED .kind = ISO_WEIGHTED_RANDOM_SAMPLER, .weights = weights, .count = SAMPLES
    REFUSED("the sum of the weights is 0", WEIGHTED, .replacement = true);
    weights[3] = 1;
    REFUSED("without replacement there are only 1 images with a weight", WEIGHTED, .num_samples = 2);
    weights[4] = -1;
    REFUSED("weight 4 is -1, expected a finite number", WEIGHTED, .replacement = true);
#define NO_SPLIT(message, ...)                                                                                                   \
    CHECK_FAILS(ctx, ISO_EINVAL, message,                                                                                        \
                iso_random_split(ctx, (const double[]){__VA_ARGS__}, sizeof((const double[]){__VA_ARGS__}) / sizeof(double),     \
                                 SAMPLES, &g, indices, counts))
    NO_SPLIT("length 1 is -3", 26, -3);
    NO_SPLIT("the lengths have the sum 24", 20, 4);
    NO_SPLIT("the lengths have the sum 0.9", 0.5, 0.4);
    iso_context_free(ctx);
}
