/* What the files of Python's random share. */
#ifndef ISO_RANDOM_PYTHON_IMPL_H
#define ISO_RANDOM_PYTHON_IMPL_H

#include "core/compiler.h"
#include "isobit/random/python.h"
#include "random/mt19937.h"

/* Whether the answers of a CPython before `version` are asked for; a version of 0 is the newest. */
static inline bool iso_py_before(const iso_py_random *g, int version) {
    return g->version != 0 && g->version < version;
}

/* random.random(). */
static inline double iso_py_unit(iso_py_random *g) {
    uint32_t high = iso_mt19937_next(&g->engine) >> 5, low = iso_mt19937_next(&g->engine) >> 6;
    return (high * 67108864.0 + low) * (1.0 / 9007199254740992.0);
}

/* math.lgamma(x) for x > 0, finite. */
double iso_py_lgamma(double x);

#endif
