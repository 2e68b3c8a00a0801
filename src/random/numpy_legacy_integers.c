/* NumPy's RandomState: whole numbers of a range, permutations and choices. */
#include "random/numpy_legacy.h"

#include <string.h>

/* The smallest 2^k - 1 that is at least max. */
static uint64_t mask_of(uint64_t max) {
    for (int shift = 1; shift < 64; shift *= 2)
        max |= max >> shift;
    return max;
}

uint64_t iso_legacy_interval(iso_np_random_state *rs, uint64_t max) {
    uint64_t mask = mask_of(max), value;
    if (max == 0)
        return 0;
    do
        value = (max <= 0xffffffffu ? iso_legacy_next32(rs) : iso_legacy_next64(rs)) & mask;
    while (value > max);
    return value;
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

static void swap(uint8_t *a, uint8_t *b, size_t size) {
    uint8_t kept[64];
    for (size_t run; size > 0; size -= run, a += run, b += run) {
        run = size < sizeof kept ? size : sizeof kept;
        memcpy(kept, a, run);
        memmove(a, b, run); /* a and b may be one */
        memcpy(b, kept, run);
    }
}

void iso_np_legacy_shuffle(iso_np_random_state *rs, void *items, size_t n, size_t size) {
    uint8_t *bytes = items;
    for (size_t i = n; i-- > 1;)
        swap(bytes + i * size, bytes + (size_t)iso_legacy_interval(rs, i) * size, size);
}

void iso_np_legacy_permutation(iso_np_random_state *rs, int64_t *out, size_t n) {
    for (size_t i = 0; i < n; i++)
        out[i] = (int64_t)i;
    for (size_t i = n; i-- > 1;) {
        size_t j = (size_t)iso_legacy_interval(rs, i);
        int64_t kept = out[i];
        out[i] = out[j];
        out[j] = kept;
    }
}

/* ---- Choices ---- */

double iso_legacy_sum(const double *values, size_t n) {
    double sum = n > 0 ? values[0] : 0, lost = 0;
    for (size_t i = 1; i < n; i++) {
        double next = values[i] - lost, total = sum + next;
        lost = (total - sum) - next;
        sum = total;
    }
    return sum;
}

static bool are_probabilities(const double *p, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (!(p[i] >= 0))
            return false;
    return fabs(iso_legacy_sum(p, n) - 1.) <= 0x1p-26;
}

static void accumulate(double *cdf, const double *p, size_t n) {
    double sum = p[0];
    for (size_t i = 0; i < n; i++)
        cdf[i] = sum = i == 0 ? sum : sum + p[i];
    for (size_t i = 0; i < n; i++)
        cdf[i] /= sum;
}

/* How many of the n ascending values are at most x. */
static size_t count_up_to(const double *values, size_t n, double x) {
    size_t low = 0, high = n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (values[middle] <= x)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool iso_np_legacy_choice(iso_np_random_state *rs, int64_t *out, size_t n, int64_t population) {
    return n == 0 || (population > 0 && iso_np_legacy_randint_int64(rs, out, n, 0, population - 1));
}

bool iso_np_legacy_choice_weighted(iso_np_random_state *rs, int64_t *out, size_t n, const double *p, size_t population,
                                   double *scratch) {
    if (population == 0 || !are_probabilities(p, population))
        return false;
    accumulate(scratch, p, population);
    for (size_t i = 0; i < n; i++)
        out[i] = (int64_t)count_up_to(scratch, population, iso_legacy_unit(rs));
    return true;
}

bool iso_np_legacy_choice_distinct(iso_np_random_state *rs, int64_t *out, size_t n, size_t population, int64_t *scratch) {
    if (n > population)
        return false;
    iso_np_legacy_permutation(rs, scratch, population);
    if (n > 0)
        memcpy(out, scratch, n * sizeof *out);
    return true;
}

/* Rounds of as many draws as are missing; of each round the new indices count, in the order drawn. */
bool iso_np_legacy_choice_distinct_weighted(iso_np_random_state *rs, int64_t *out, size_t n, const double *p, size_t population,
                                            double *scratch) {
    double *rest = scratch, *cdf = scratch + population;
    size_t possible = 0, found = 0;
    for (size_t i = 0; i < population; i++)
        possible += p[i] > 0;
    if (population == 0 || n > possible || !are_probabilities(p, population))
        return false;
    memcpy(rest, p, population * sizeof *p);
    while (found < n) {
        accumulate(cdf, rest, population);
        for (size_t missing = n - found; missing > 0; missing--) {
            size_t index = count_up_to(cdf, population, iso_legacy_unit(rs));
            if (rest[index] > 0) /* the index is new */
                out[found++] = (int64_t)index;
            rest[index] = 0;
        }
    }
    return true;
}
