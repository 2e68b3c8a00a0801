/* isobit/random/mt19937.h: the Mersenne Twister, which PyTorch, NumPy's legacy functions and Python's random draw on. */
#ifndef ISOBIT_RANDOM_MT19937_H
#define ISOBIT_RANDOM_MT19937_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "isobit/api.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A plain struct that the caller owns; copy it to fork a stream. */
typedef struct iso_mt19937 {
    uint32_t state[624];
    uint32_t next; /* index of the next word to temper; 624: a new block is due; 625: the same, and
                      nothing has been drawn since seeding */
} iso_mt19937;

/* Seeds with one word (init_genrand of Matsumoto and Nishimura's program: multiplier 1812433253), or with an array of
 * count >= 1 words (its init_by_array). */
ISO_API void iso_mt19937_seed(iso_mt19937 *mt, uint32_t seed);
ISO_API void iso_mt19937_seed_array(iso_mt19937 *mt, const uint32_t *words, size_t count);

/* out[0 .. n-1] = the next n outputs of 32 bits. */
ISO_API void iso_mt19937_fill(iso_mt19937 *mt, uint32_t *out, size_t n);

#ifdef __cplusplus
}
#endif
#endif
