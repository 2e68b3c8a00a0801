#include <string.h>

#include "math/math.h"

/* The product of two binary32 numbers is exact in binary64. The sum with c is rounded twice, first to 53 and then to 24 bits,
 * which is one rounding if the first one is "to odd": truncated, with the last bit set when anything was lost (53 >= 2 * 24
 * + 2, and subnormal results keep fewer bits still). */
float iso_fmaf_emulated(float a, float b, float c) {
    double product = (double)a * (double)b, addend = c;
    double sum = product + addend;
    if (!(sum - sum == 0)) /* infinite or NaN */
        return (float)sum;
    double c_part = sum - product; /* TwoSum: sum + error is the exact result */
    double error = (product - (sum - c_part)) + (addend - c_part);
    uint64_t bits;
    memcpy(&bits, &sum, sizeof bits);
    if (error != 0 && (bits & 1) == 0) {
        bits += (error > 0) == (sum > 0) ? 1 : (uint64_t)-1;
        memcpy(&sum, &bits, sizeof sum);
    }
    return (float)sum;
}
