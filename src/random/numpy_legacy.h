/* What the files of NumPy's RandomState share: its bits, uniforms, normals and gammas one at a time. */
#ifndef ISO_RANDOM_NUMPY_LEGACY_H
#define ISO_RANDOM_NUMPY_LEGACY_H

#include <math.h>

#include "core/compiler.h"
#include "isobit/random/numpy_legacy.h"
#include "random/mt19937.h"
#include "random/numpy_bits.h"

static inline uint32_t iso_legacy_next32(iso_np_random_state *rs) {
    return rs->bits.engine == ISO_NP_MT19937 ? iso_mt19937_next(&rs->bits.as.mt19937) : iso_np_next32(&rs->bits);
}

static inline uint64_t iso_legacy_next64(iso_np_random_state *rs) {
    if (rs->bits.engine != ISO_NP_MT19937)
        return iso_np_next64(&rs->bits);
    uint64_t high = iso_mt19937_next(&rs->bits.as.mt19937);
    return high << 32 | iso_mt19937_next(&rs->bits.as.mt19937);
}

/* In [0, 1): the upper 27 and 26 bits of two words. */
static inline double iso_legacy_double(uint32_t first, uint32_t second) {
    return ((double)(int32_t)(first >> 5) * 67108864.0 + (double)(int32_t)(second >> 6)) * 0x1p-53;
}

static inline double iso_legacy_unit(iso_np_random_state *rs) {
    if (rs->bits.engine != ISO_NP_MT19937)
        return iso_np_next_double(&rs->bits);
    uint32_t first = iso_mt19937_next(&rs->bits.as.mt19937);
    return iso_legacy_double(first, iso_mt19937_next(&rs->bits.as.mt19937));
}

double iso_legacy_gauss(iso_np_random_state *rs);
double iso_legacy_gamma(iso_np_random_state *rs, double shape);

static inline double iso_legacy_exponential(iso_np_random_state *rs) {
    return -log(1.0 - iso_legacy_unit(rs));
}

/* One Poisson number, any lam. */
int64_t iso_legacy_poisson(iso_np_random_state *rs, double lam);

/* What NumPy asks of parameters: NaN passes both. */
static inline bool iso_legacy_not_negative(double x) {
    return isnan(x) || !signbit(x);
}

static inline bool iso_legacy_positive(double x) {
    return !(x <= 0);
}

/* Numbers outside int64 become its lowest, and sums wrap around, as they do in NumPy on x86-64. */
static inline int64_t iso_legacy_whole(double x) {
    return x >= -0x1p63 && x < 0x1p63 ? (int64_t)x : INT64_MIN;
}

static inline int64_t iso_legacy_plus(int64_t a, int64_t b) {
    return (int64_t)((uint64_t)a + (uint64_t)b);
}

static inline int64_t iso_legacy_minus(int64_t a, int64_t b) {
    return (int64_t)((uint64_t)a - (uint64_t)b);
}

static inline bool iso_legacy_before(const iso_np_random_state *rs, int release) {
    return rs->release != 0 && rs->release < release;
}

#endif
