/* The inner loops of PyTorch's fills, in the fastest form that this CPU has. Every form gives the same bits. */
#ifndef ISO_RANDOM_FILL_H
#define ISO_RANDOM_FILL_H

#include "core/compiler.h"

/* out[i] = fma(u, high - low, low), u = the low 24 bits of words[i] times 2^-24; `low` where that is `bound`. */
void iso_fill_uniform(float *out, const uint32_t *words, size_t n, float low, float high, float bound);

/* Box-Muller over `blocks` blocks of 16 uniforms in place: data[j] and data[j + 8] become a pair of
 * normals, fma(normal, std, mean). */
void iso_fill_normal(float *data, size_t blocks, float mean, float std);

/* out[i] = words[i] % (divisor - i) for falling, words[i] % divisor otherwise; every divisor is at least 2. */
void iso_fill_remainders(uint32_t *out, const uint32_t *words, size_t n, uint32_t divisor, bool falling);

/* out[i] = whether the 53 low bits of a pair of words (the first on top) are below `limit`. */
void iso_fill_below(uint8_t *out, const uint32_t *words, size_t n, uint64_t limit);

#endif
