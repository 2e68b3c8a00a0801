/* Python's random: choice, choices, sample and shuffle, as indices. */
#include "random/python.h"

#include <math.h>
#include <string.h>

bool iso_py_choice(iso_py_random *g, uint64_t *out, size_t k, uint64_t n) {
    for (size_t i = 0; i < k && n > 0; i++)
        iso_py_randbelow(g, out + i, n);
    return n > 0;
}

bool iso_py_choices(iso_py_random *g, uint64_t *out, size_t k, uint64_t n) {
    for (size_t i = 0; i < k; i++) {
        double drawn = iso_py_unit(g) * (double)n;
        if (n == 0)
            return false;
        out[i] = (uint64_t)floor(drawn);
    }
    return true;
}

/* bisect.bisect_right(values, x, 0, n). */
static size_t bisect(const double *values, size_t n, double x) {
    size_t low = 0, high = n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (x < values[middle])
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static size_t bisect_counts(const uint64_t *counts, size_t n, uint64_t x) {
    size_t low = 0, high = n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (x < counts[middle])
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

bool iso_py_choices_weighted(iso_py_random *g, uint64_t *out, size_t k, const double *cum_weights, size_t n) {
    if (n == 0)
        return false;
    double total = cum_weights[n - 1];
    if ((total <= 0 && !iso_py_before(g, 309)) || (!isfinite(total) && !iso_py_before(g, 310)))
        return false;
    for (size_t i = 0; i < k; i++)
        out[i] = bisect(cum_weights, n - 1, iso_py_unit(g) * total);
    return true;
}

void iso_py_accumulate(double *out, const double *values, size_t n) {
    for (size_t i = 0; i < n; i++)
        out[i] = i == 0 ? values[0] : out[i - 1] + values[i];
}

/* random.sample takes from a pool of all n where a set of k would be larger than a list of n, by CPython's sizes. */
static bool takes_from_pool(uint64_t n, uint64_t k) {
    if (k <= 5)
        return n <= 21;
    double exponent = ceil(log(3.0 * (double)k) / log(4.0));
    return exponent > 31 || n <= 21 + ((uint64_t)1 << (2 * (int)exponent));
}

/* A hash table of a power of two of at least 2 k places. */
static uint64_t table_size(uint64_t k) {
    uint64_t size = 2;
    while (size < 2 * k)
        size *= 2;
    return size;
}

size_t iso_py_sample_scratch(uint64_t n, uint64_t k) {
    uint64_t most = SIZE_MAX / sizeof(uint64_t) / 4;
    if (takes_from_pool(n, k))
        return n < most ? (size_t)n : SIZE_MAX;
    return k < most ? (size_t)table_size(k) : SIZE_MAX;
}

static void sample_pool(iso_py_random *g, uint64_t *out, uint64_t n, uint64_t k, uint64_t *pool) {
    for (uint64_t i = 0; i < n; i++)
        pool[i] = i;
    for (uint64_t i = 0, j = 0; i < k; i++) {
        iso_py_randbelow(g, &j, n - i);
        out[i] = pool[j];
        pool[j] = pool[n - i - 1];
    }
}

/* Whether x is new to the table, which holds x + 1 for each x that it has seen. */
static bool add(uint64_t *table, uint64_t size, uint64_t x) {
    uint64_t place = x * 0x9e3779b97f4a7c15u;
    for (place ^= place >> 32;; place++) {
        uint64_t *slot = &table[place & (size - 1)];
        if (*slot == x + 1)
            return false;
        if (*slot == 0) {
            *slot = x + 1;
            return true;
        }
    }
}

static void sample_set(iso_py_random *g, uint64_t *out, uint64_t n, uint64_t k, uint64_t *table) {
    uint64_t size = table_size(k);
    memset(table, 0, (size_t)size * sizeof *table);
    for (uint64_t i = 0; i < k; i++) {
        do
            iso_py_randbelow(g, &out[i], n);
        while (!add(table, size, out[i]));
    }
}

bool iso_py_sample(iso_py_random *g, uint64_t *out, uint64_t n, uint64_t k, uint64_t *scratch) {
    if (k > n)
        return false;
    (takes_from_pool(n, k) ? sample_pool : sample_set)(g, out, n, k, scratch);
    return true;
}

bool iso_py_sample_counts(iso_py_random *g, uint64_t *out, const uint64_t *cum_counts, size_t n, uint64_t k, uint64_t *scratch) {
    if (iso_py_before(g, 309) || n == 0 || cum_counts[n - 1] == 0 || !iso_py_sample(g, out, cum_counts[n - 1], k, scratch))
        return false;
    for (uint64_t i = 0; i < k; i++)
        out[i] = bisect_counts(cum_counts, n - 1, out[i]);
    return true;
}

static void swap(uint64_t *a, uint64_t *b) {
    uint64_t kept = *a;
    *a = *b;
    *b = kept;
}

void iso_py_shuffle(iso_py_random *g, uint64_t *out, uint64_t n) {
    for (uint64_t i = 0; i < n; i++)
        out[i] = i;
    for (uint64_t i = n, j = 0; i > 1; i--) {
        iso_py_randbelow(g, &j, i);
        swap(out + i - 1, out + j);
    }
}

bool iso_py_shuffle_by_random(iso_py_random *g, uint64_t *out, uint64_t n) {
    if (!iso_py_before(g, 311))
        return false;
    for (uint64_t i = 0; i < n; i++)
        out[i] = i;
    for (uint64_t i = n; i > 1; i--)
        swap(out + i - 1, out + (uint64_t)(iso_py_unit(g) * (double)i));
    return true;
}
