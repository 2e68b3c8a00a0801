/* NumPy's choice with probabilities, which both families draw alike. */
#include <math.h>
#include <string.h>

#include "isobit/random/numpy_generator.h"
#include "random/numpy_distributions.h"

double iso_np_sum(const double *values, size_t n) {
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
    return n > 0 && fabs(iso_np_sum(p, n) - 1.) <= 0x1p-26;
}

static void accumulate(double *cdf, const double *p, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        cdf[i] = sum = i == 0 ? p[0] : sum + p[i];
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

bool iso_np_choice_weighted(iso_np_bits *rng, int64_t *out, size_t n, const double *p, size_t population, double *scratch) {
    if (!are_probabilities(p, population))
        return false;
    accumulate(scratch, p, population);
    for (size_t i = 0; i < n; i++)
        out[i] = (int64_t)count_up_to(scratch, population, iso_np_next_double(rng));
    return true;
}

/* Rounds of as many draws as are missing; of each round the new indices count, in the order drawn. */
bool iso_np_choice_distinct_weighted(iso_np_bits *rng, int64_t *out, size_t n, const double *p, size_t population,
                                     double *scratch) {
    double *rest = scratch, *cdf = scratch + population;
    size_t possible = 0, found = 0;
    for (size_t i = 0; i < population; i++)
        possible += p[i] > 0;
    if (n > possible || !are_probabilities(p, population))
        return false;
    memcpy(rest, p, population * sizeof *p);
    while (found < n) {
        accumulate(cdf, rest, population);
        for (size_t missing = n - found; missing > 0; missing--) {
            size_t index = count_up_to(cdf, population, iso_np_next_double(rng));
            if (rest[index] > 0)
                out[found++] = (int64_t)index;
            rest[index] = 0;
        }
    }
    return true;
}
