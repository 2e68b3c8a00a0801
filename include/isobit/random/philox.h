/* isobit/random/philox.h: the native stream `isobit`, Philox4x32-10 (Salmon, Moraes, Dror and Shaw, "Parallel random
 * numbers: as easy as 1, 2, 3", 2011), a function from a counter and a key to 128 bits. There is no
 * state: each number is a pure function of (seed, purpose, step, sample, element), so a batch can
 * be cut over ranks, threads and micro-batches at any place. */
#ifndef ISOBIT_RANDOM_PHILOX_H
#define ISOBIT_RANDOM_PHILOX_H

#include "isobit/random/mt19937.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The function itself. */
ISO_API void iso_philox4x32(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

/* What a number is for; different purposes never share a counter. The values are part of the
 * stream's definition. */
typedef enum iso_purpose {
    ISO_PURPOSE_PARAMETERS = 0, /* step: index of the parameter; sample: 0 */
    ISO_PURPOSE_SHUFFLE = 1,    /* step: epoch; sample: 0 */
    ISO_PURPOSE_AUGMENT = 2,    /* step: epoch; sample: index in the data set */
    ISO_PURPOSE_DROPOUT = 3     /* step: of the optimiser; sample: index in the global batch */
} iso_purpose;

/* Where numbers are drawn. step, sample and element / 4 must lie below 2^40. */
typedef struct iso_place {
    uint64_t seed;
    iso_purpose purpose;
    uint64_t step, sample;
} iso_place;

/* Elements first .. first + n - 1 at a place: 32 random bits each; */
ISO_API void iso_philox_bits(const iso_place *place, uint64_t first, uint32_t *out, size_t n);
/* the upper 24 of them times 2^-24, in [0, 1); */
ISO_API void iso_philox_uniform(const iso_place *place, uint64_t first, float *out, size_t n);
/* and 1 where they are below p * 2^32 (0 <= p <= 1). */
ISO_API void iso_philox_bernoulli(const iso_place *place, uint64_t first, uint8_t *out, size_t n, double p);

#ifdef __cplusplus
}
#endif
#endif
