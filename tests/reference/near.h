/* Accuracy against binary64: a result of `roundings` roundings, whose exact intermediate values are at most `magnitude` in sum,
 * is off by at most roundings * 2^-24 * magnitude (and by what subnormals lose). A priori bounds, not fitted ones. */
#ifndef ISO_TESTS_REFERENCE_NEAR_H
#define ISO_TESTS_REFERENCE_NEAR_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "harness/test.h"

/* A sum of products or of numbers, in binary64, and the sum of their absolute values. */
typedef struct exact {
    double sum, magnitude;
} exact;

static inline void exact_add(exact *e, double x) {
    e->sum += x;
    e->magnitude += fabs(x);
}

#define CHECK_NEAR(got, wanted, magnitude, roundings)                                                                            \
    do {                                                                                                                         \
        double got_ = (got), wanted_ = (wanted), bound_ = (double)(roundings) * (0x1p-24 * (magnitude) + 0x1p-149);              \
        CHECK_MSG(fabs(got_ - wanted_) <= bound_, "%s: %.9g, expected %.9g within %.3g", #got, got_, wanted_, bound_);           \
    } while (0)

static inline void *zeroed(int64_t count, size_t size) {
    return calloc(count > 0 ? (size_t)count : 1, size);
}
static inline float *tame(int64_t count) {
    float *x = zeroed(count, sizeof *x);
    iso_test_tame_floats(x, count);
    return x;
}
static inline void free_all(void *const *all, size_t count) {
    for (size_t i = 0; i < count; i++)
        free(all[i]);
}
#define FREE_ALL(...) free_all((void *const[]){__VA_ARGS__}, sizeof((void *const[]){__VA_ARGS__}) / sizeof(void *))

static inline uint32_t bits_of(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

#endif
