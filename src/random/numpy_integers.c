/* numpy.random.Generator: whole numbers of a range, shuffles, choice. */
#include <string.h>

#include "random/numpy_distributions.h"
#include "random/numpy_generator.h"

/* ---- Lemire's multiplication: the high part of random * (max + 1), drawn anew where the low part would make it unfair ---- */

static uint32_t lemire32(iso_np_bits *rng, uint32_t max) {
    uint64_t product = (uint64_t)iso_np_next32(rng) * (max + 1);
    if ((uint32_t)product < max + 1) {
        uint32_t threshold = (UINT32_MAX - max) % (max + 1);
        while ((uint32_t)product < threshold)
            product = (uint64_t)iso_np_next32(rng) * (max + 1);
    }
    return (uint32_t)(product >> 32);
}

static uint64_t lemire64(iso_np_bits *rng, uint64_t max) {
    uint64_t high, low = iso_multiply_64(iso_np_next64(rng), max + 1, &high);
    if (low < max + 1) {
        uint64_t threshold = (UINT64_MAX - max) % (max + 1);
        while (low < threshold)
            low = iso_multiply_64(iso_np_next64(rng), max + 1, &high);
    }
    return high;
}

uint64_t iso_np_lemire(iso_np_bits *rng, uint64_t max) {
    if (max == 0)
        return 0;
    if (max <= UINT32_MAX)
        return max == UINT32_MAX ? iso_np_next32(rng) : lemire32(rng, (uint32_t)max);
    return max == UINT64_MAX ? iso_np_next64(rng) : lemire64(rng, max);
}

/* Pieces of 32-bit words, for the small types: one call shares a word among several numbers. */
typedef struct pieces {
    uint32_t word;
    int left;
} pieces;

static uint32_t next_piece(iso_np_bits *rng, pieces *p, int width) {
    if (p->left == 0) {
        p->word = iso_np_next32(rng);
        p->left = 32 / width - 1;
    } else {
        p->word >>= width;
        p->left--;
    }
    return p->word & ((1u << width) - 1);
}

static uint32_t lemire_piece(iso_np_bits *rng, pieces *p, int width, uint32_t max) {
    uint32_t mask = (1u << width) - 1, product;
    if (max == mask)
        return next_piece(rng, p, width);
    product = next_piece(rng, p, width) * (max + 1);
    if ((product & mask) < max + 1) {
        uint32_t threshold = (mask - max) % (max + 1);
        while ((product & mask) < threshold)
            product = next_piece(rng, p, width) * (max + 1);
    }
    return product >> width;
}

void iso_np_integers(iso_np_bits *rng, void *out, size_t n, int width, uint64_t low, uint64_t last) {
    uint64_t range = last - low;
    pieces p = {0, 0};
    for (size_t i = 0; i < n; i++) {
        uint64_t number = low;
        if (range > 0)
            number += width >= 32  ? iso_np_lemire(rng, range)
                      : width == 1 ? next_piece(rng, &p, 1)
                                   : lemire_piece(rng, &p, width, (uint32_t)range);
        switch (width) {
        case 64:
            ((uint64_t *)out)[i] = number;
            break;
        case 32:
            ((uint32_t *)out)[i] = (uint32_t)number;
            break;
        case 16:
            ((uint16_t *)out)[i] = (uint16_t)number;
            break;
        default:
            ((uint8_t *)out)[i] = (uint8_t)number;
        }
    }
}

/* Whole words, and of one more what is missing. */
void iso_np_bytes(iso_np_bits *rng, uint8_t *out, size_t n) {
    for (size_t i = 0; i <= n; i += 4) {
        uint32_t word = iso_np_next32(rng);
        for (size_t j = i; j < n && j < i + 4; j++, word >>= 8)
            out[j] = (uint8_t)word;
        if (n % 4 == 0 && i + 4 >= n && n > 0)
            break;
    }
}

/* ---- Shuffles ---- */

static void swap(unsigned char *a, unsigned char *b, size_t size) {
    for (size_t i = 0; i < size; i++) {
        unsigned char kept = a[i];
        a[i] = b[i];
        b[i] = kept;
    }
}

void iso_np_shuffle(iso_np_bits *rng, void *items, size_t n, size_t size) {
    unsigned char *bytes = items;
    for (size_t i = n; i-- > 1;)
        swap(bytes + i * size, bytes + (size_t)iso_np_interval(rng, i) * size, size);
}

/* Items first .. n-1 get theirs from the whole; by Lemire's numbers, as choice does it. */
static void shuffle_indices(iso_np_bits *rng, int64_t *data, size_t n, size_t first) {
    for (size_t i = n; i-- > first;) {
        size_t j = (size_t)iso_np_lemire(rng, i);
        int64_t kept = data[j];
        data[j] = data[i];
        data[i] = kept;
    }
}

/* ---- choice ---- */

bool iso_np_choice(iso_np_bits *rng, int64_t *out, size_t n, int64_t population) {
    if (n > 0 && population < 1)
        return false;
    iso_np_integers(rng, out, n, 64, 0, (uint64_t)population - 1);
    return true;
}

/* Whether the end of a shuffled list is taken: many out of many. */
static bool by_tail(size_t n, int64_t population, bool shuffle) {
    return population > 10000 && (int64_t)n > population / (shuffle ? 50 : 20);
}

/* Of Floyd's algorithm's hash table: a power of 2 above 1.2 n. */
static size_t table_size(size_t n) {
    size_t mask = (size_t)(1.2 * (double)n);
    for (int shift = 1; shift < 64; shift *= 2)
        mask |= mask >> shift;
    return mask + 1;
}

size_t iso_np_choice_scratch(size_t n, int64_t population, bool shuffle) {
    return by_tail(n, population, shuffle) ? (size_t)population : table_size(n);
}

/* Where a number stands in the table, or would. */
static size_t find(const int64_t *table, size_t mask, int64_t number) {
    size_t at = (size_t)number & mask;
    while (table[at] != -1 && table[at] != number)
        at = (at + 1) & mask;
    return at;
}

/* Floyd: for j from population - n, one of 0 .. j; j itself where that one has been taken. */
static void choose_by_floyd(iso_np_bits *rng, int64_t *out, size_t n, int64_t population, int64_t *table) {
    size_t mask = table_size(n) - 1;
    for (size_t i = 0; i <= mask; i++)
        table[i] = -1;
    for (size_t i = 0; i < n; i++) {
        int64_t j = population - (int64_t)n + (int64_t)i, number = (int64_t)iso_np_lemire(rng, (uint64_t)j);
        size_t at = find(table, mask, number);
        if (table[at] == number) {
            number = j;
            at = find(table, mask, number);
        }
        table[at] = number;
        out[i] = number;
    }
}

bool iso_np_choice_distinct(iso_np_bits *rng, int64_t *out, size_t n, int64_t population, bool shuffle, int64_t *scratch) {
    if (population < 0 || n > (size_t)population)
        return false;
    if (by_tail(n, population, shuffle)) {
        size_t first = (size_t)population - n;
        for (int64_t i = 0; i < population; i++)
            scratch[i] = i;
        shuffle_indices(rng, scratch, (size_t)population, first > 1 ? first : 1);
        memcpy(out, scratch + first, n * sizeof *out);
        return true;
    }
    choose_by_floyd(rng, out, n, population, scratch);
    if (shuffle)
        shuffle_indices(rng, out, n, 1);
    return true;
}
