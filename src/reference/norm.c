#include "ops/norm.h"

double iso_ref_square_sum(int64_t count, const float *x) {
    double sum = 0;
    for (int64_t first = 0; first < count; first += ISO_SQUARE_BLOCK) {
        double lane[ISO_SQUARE_LANES] = {0};
        for (int64_t i = first; i < count && i < first + ISO_SQUARE_BLOCK; i++)
            lane[i % ISO_SQUARE_LANES] = lane[i % ISO_SQUARE_LANES] + (double)x[i] * (double)x[i]; /* the product is exact */
        for (int half = ISO_SQUARE_LANES / 2; half > 0; half /= 2)
            for (int j = 0; j < half; j++)
                lane[j] = lane[j] + lane[j + half];
        sum = sum + lane[0];
    }
    return sum;
}
