/* NumPy's RandomState: whole numbers of a range, permutations and choices. */
#include "isobit/random/numpy_generator.h"
#include "random/numpy_distributions.h"
#include "random/numpy_legacy.h"

#include <string.h>

/* The smallest 2^k - 1 that is at least max. */
static uint64_t mask_of(uint64_t max) {
    for (int shift = 1; shift < 64; shift *= 2)
        max |= max >> shift;
    return max;
}

/* ---- randint: types of 8 and 16 bits and bool share a word among several draws of one call ---- */

typedef struct iso_legacy_pieces {
    uint32_t word;
    int left; /* pieces of the word not used yet */
} iso_legacy_pieces;

static inline uint32_t next_piece(iso_np_random_state *rs, iso_legacy_pieces *pieces, int width) {
    if (pieces->left == 0) {
        pieces->word = iso_legacy_next32(rs);
        pieces->left = 32 / width - 1;
    } else {
        pieces->word >>= width;
        pieces->left--;
    }
    return pieces->word;
}

static inline uint64_t below_or_at(iso_np_random_state *rs, iso_legacy_pieces *pieces, int width, uint64_t range, uint64_t mask) {
    uint64_t value;
    do
        value = (width < 32 ? next_piece(rs, pieces, width) : width == 32 ? iso_legacy_next32(rs) : iso_legacy_next64(rs)) & mask;
    while (value > range);
    return value;
}

#define RANDINT(name, type, word, width)                                                                                         \
    bool iso_np_legacy_randint_##name(iso_np_random_state *rs, type *out, size_t n, type low, type last) {                       \
        uint64_t range = (word)((word)last - (word)low);                                                                         \
        uint64_t mask = mask_of(range);                                                                                          \
        iso_legacy_pieces pieces = {0, 0};                                                                                       \
        if (low > last)                                                                                                          \
            return false;                                                                                                        \
        if (range == 0)                                                                                                          \
            for (size_t i = 0; i < n; i++)                                                                                       \
                out[i] = low;                                                                                                    \
        else if (width == 64 && range <= 0xffffffffu)                                                                            \
            for (size_t i = 0; i < n; i++)                                                                                       \
                out[i] = (type)(word)((word)low + (word)below_or_at(rs, &pieces, 32, range, mask));                              \
        else                                                                                                                     \
            for (size_t i = 0; i < n; i++)                                                                                       \
                out[i] = (type)(word)((word)low + (word)below_or_at(rs, &pieces, width, range, mask));                           \
        return true;                                                                                                             \
    }

RANDINT(bool, bool, uint8_t, 1)
RANDINT(int8, int8_t, uint8_t, 8)
RANDINT(uint8, uint8_t, uint8_t, 8)
RANDINT(int16, int16_t, uint16_t, 16)
RANDINT(uint16, uint16_t, uint16_t, 16)
RANDINT(int32, int32_t, uint32_t, 32)
RANDINT(uint32, uint32_t, uint32_t, 32)
RANDINT(int64, int64_t, uint64_t, 64)
RANDINT(uint64, uint64_t, uint64_t, 64)

void iso_np_legacy_tomaxint(iso_np_random_state *rs, int64_t *out, size_t n) {
    for (size_t i = 0; i < n; i++)
        out[i] = (int64_t)(iso_legacy_next64(rs) >> 1);
}

void iso_np_legacy_bytes(iso_np_random_state *rs, uint8_t *out, size_t n) {
    size_t i = 0;
    do {
        uint32_t word = iso_legacy_next32(rs);
        for (size_t end = n - i < 4 ? n : i + 4; i < end; i++, word >>= 8)
            out[i] = (uint8_t)word;
    } while (i < n);
}

/* ---- Permutations ---- */

void iso_np_legacy_shuffle(iso_np_random_state *rs, void *items, size_t n, size_t size) {
    iso_np_shuffle(&rs->bits, items, n, size);
}

void iso_np_legacy_permutation(iso_np_random_state *rs, int64_t *out, size_t n) {
    for (size_t i = 0; i < n; i++)
        out[i] = (int64_t)i;
    for (size_t i = n; i-- > 1;) {
        size_t j = (size_t)iso_np_interval(&rs->bits, i);
        int64_t kept = out[i];
        out[i] = out[j];
        out[j] = kept;
    }
}

/* ---- Choices ---- */

bool iso_np_legacy_choice(iso_np_random_state *rs, int64_t *out, size_t n, int64_t population) {
    return n == 0 || (population > 0 && iso_np_legacy_randint_int64(rs, out, n, 0, population - 1));
}

bool iso_np_legacy_choice_weighted(iso_np_random_state *rs, int64_t *out, size_t n, const double *p, size_t population,
                                   double *scratch) {
    return iso_np_choice_weighted(&rs->bits, out, n, p, population, scratch);
}

bool iso_np_legacy_choice_distinct(iso_np_random_state *rs, int64_t *out, size_t n, size_t population, int64_t *scratch) {
    if (n > population)
        return false;
    iso_np_legacy_permutation(rs, scratch, population);
    if (n > 0)
        memcpy(out, scratch, n * sizeof *out);
    return true;
}

bool iso_np_legacy_choice_distinct_weighted(iso_np_random_state *rs, int64_t *out, size_t n, const double *p, size_t population,
                                            double *scratch) {
    return iso_np_choice_distinct_weighted(&rs->bits, out, n, p, population, scratch);
}
