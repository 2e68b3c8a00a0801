#include <math.h>

#include "math/double_double.h"
#include "math/estimate.h"
#include "math/math.h"

/* IEEE 754 requires the square root to be correctly rounded, so here the C library and the hardware agree everywhere. */
float iso_sqrtf(float x) {
    return sqrtf(x);
}

float iso_rsqrtf(float x) {
    float y;
    if (x != x || x < 0)
        return ISO_NAN;
    if (x == 0)
        return 1 / x;
    if (x == ISO_INFINITY)
        return 0;
    double close = iso_rsqrt_estimate(x);
    if (iso_estimate_decides(close, &y))
        return y;
    /* Which side of the middle m between two neighbours: whether m^2 x is below 1. m has 25 bits, so its square is exact. */
    float below = (float)(close * (1 - ISO_ESTIMATE_ERROR)), above = (float)(close * (1 + ISO_ESTIMATE_ERROR));
    double m = 0.5 * ((double)below + (double)above);
    iso_dd product = iso_two_product(m * m, x);
    return product.high - 1 + product.low < 0 ? above : below;
}
