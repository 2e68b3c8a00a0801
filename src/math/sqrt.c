#include <math.h>

#include "math/math.h"

/* IEEE 754 requires the square root to be correctly rounded, so here the C library and the hardware agree everywhere. */
float iso_sqrtf(float x) {
    return sqrtf(x);
}
