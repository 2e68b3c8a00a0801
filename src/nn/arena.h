/* The arena: one piece of memory in which everything that lives at different times may share its place. */
#ifndef ISO_NN_ARENA_H
#define ISO_NN_ARENA_H

#include "core/context.h"

#define ISO_ARENA_ALIGNMENT 64

/* What wants a place, and between which two times, both included. */
typedef struct iso_room {
    size_t bytes;
    int first, last;
    size_t offset; /* the answer */
} iso_room;

static inline size_t iso_arena_aligned(size_t bytes) {
    return (bytes + ISO_ARENA_ALIGNMENT - 1) / ISO_ARENA_ALIGNMENT * ISO_ARENA_ALIGNMENT;
}

/* The next random number of a seed (SplitMix64): for plans that tests draw. */
static inline uint64_t iso_arena_draw(uint64_t *seed) {
    uint64_t z = *seed += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* Gives every room its offset, largest first; with a `seed` in an order drawn from it, for tests. Returns the size of the arena,
 * 0 on failure. */
size_t iso_arena_place(iso_context *ctx, iso_room *rooms, size_t count, uint64_t seed);

/* The most bytes that are alive at one of the times 0 .. times: what no placing can go below. changes: room for times + 2
 * numbers. */
size_t iso_arena_peak(const iso_room *rooms, size_t count, size_t *changes, int times);

#endif
