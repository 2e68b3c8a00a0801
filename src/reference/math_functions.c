#include "ops/math_functions.h"

#include "math/math.h"

#define F(name)                                                                                                                  \
    void iso_ref_##name(int64_t count, const float *x, float *y) {                                                               \
        for (int64_t i = 0; i < count; i++)                                                                                      \
            y[i] = iso_##name##f(x[i]);                                                                                          \
    }
ISO_MATH_FUNCTIONS(F)
