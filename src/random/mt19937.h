/* The Mersenne Twister of Matsumoto and Nishimura, MT19937, drawn in runs of words. The struct is
 * public (isobit/random/mt19937.h); nothing is allocated. */
#ifndef ISO_RANDOM_MT19937_H
#define ISO_RANDOM_MT19937_H

#include "core/compiler.h"
#include "isobit/random/mt19937.h"

#define ISO_MT19937_WORDS 624

/* iso_mt19937_seed_array of words that word(source, 0 .. count-1) computes. */
void iso_mt19937_seed_words(iso_mt19937 *mt, uint32_t (*word)(const void *source, size_t index), const void *source,
                            size_t count);

/* Computes the next 624 words. */
void iso_mt19937_twist(iso_mt19937 *mt);
static inline uint32_t iso_mt19937_temper(uint32_t y) {
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c5680u;
    y ^= (y << 15) & 0xefc60000u;
    return y ^ (y >> 18);
}

static inline uint32_t iso_mt19937_next(iso_mt19937 *mt) {
    if (mt->next >= ISO_MT19937_WORDS)
        iso_mt19937_twist(mt);
    return iso_mt19937_temper(mt->state[mt->next++]);
}

#endif
