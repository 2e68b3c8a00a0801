/* The ziggurats of numpy.random.Generator (Marsaglia and Tsang, 2000): normal and exponential numbers of float64 and float32. */
#include <math.h>

#include "random/numpy_generator.h"
#include "random/numpy_ziggurat_tables.h"

#define NORMAL_TAIL             3.6541528853610088
#define INVERSE_NORMAL_TAIL     0.27366123732975828
#define EXPONENTIAL_TAIL        7.69711747013104972
#define NORMAL_TAIL_F32         3.6541528853610088f
#define INVERSE_NORMAL_TAIL_F32 0.27366123732975828f
#define EXPONENTIAL_TAIL_F32    7.69711747013104972f

float iso_np_float_one(iso_np_bits *rng) {
    return (float)(int32_t)(iso_np_next32(rng) >> 8) * 0x1p-24f;
}

/* Behind the start of the tail (Marsaglia). */
static double normal_tail(iso_np_bits *rng, bool negative) {
    for (;;) {
        double x = -INVERSE_NORMAL_TAIL * log1p(-iso_np_next_double(rng)), y = -log1p(-iso_np_next_double(rng));
        if (y + y > x * x)
            return negative ? -(NORMAL_TAIL + x) : NORMAL_TAIL + x;
    }
}

double iso_np_normal_one(iso_np_bits *rng) {
    for (;;) {
        uint64_t bits = iso_np_next64(rng), magnitude = bits >> 9 & 0x000fffffffffffffu;
        unsigned layer = bits & 0xff;
        double x = (double)(int64_t)magnitude * normal_w[layer];
        if (bits >> 8 & 1)
            x = -x;
        if (magnitude < normal_k[layer])
            return x; /* 993 in 1000 */
        if (layer == 0)
            return normal_tail(rng, magnitude >> 8 & 1);
        if ((normal_f[layer - 1] - normal_f[layer]) * iso_np_next_double(rng) + normal_f[layer] < exp(-0.5 * x * x))
            return x;
    }
}

double iso_np_exponential_one(iso_np_bits *rng) {
    for (;;) {
        uint64_t bits = iso_np_next64(rng) >> 3, magnitude = bits >> 8;
        unsigned layer = bits & 0xff;
        double x = (double)(int64_t)magnitude * exponential_w[layer];
        if (magnitude < exponential_k[layer])
            return x; /* 989 in 1000 */
        if (layer == 0)
            return EXPONENTIAL_TAIL - log1p(-iso_np_next_double(rng));
        if ((exponential_f[layer - 1] - exponential_f[layer]) * iso_np_next_double(rng) + exponential_f[layer] < exp(-x))
            return x;
    }
}

static float normal_tail_f32(iso_np_bits *rng, bool negative) {
    for (;;) {
        float x = -INVERSE_NORMAL_TAIL_F32 * log1pf(-iso_np_float_one(rng)), y = -log1pf(-iso_np_float_one(rng));
        if (y + y > x * x)
            return negative ? -(NORMAL_TAIL_F32 + x) : NORMAL_TAIL_F32 + x;
    }
}

float iso_np_normal_one_f32(iso_np_bits *rng) {
    for (;;) {
        uint32_t bits = iso_np_next32(rng), magnitude = bits >> 9;
        unsigned layer = bits & 0xff;
        float x = (float)(int32_t)magnitude * normal_w32[layer];
        if (bits >> 8 & 1)
            x = -x;
        if (magnitude < normal_k32[layer])
            return x;
        if (layer == 0)
            return normal_tail_f32(rng, magnitude >> 8 & 1);
        if ((double)((normal_f32[layer - 1] - normal_f32[layer]) * iso_np_float_one(rng) + normal_f32[layer]) <
            exp(-0.5 * (double)x * (double)x))
            return x;
    }
}

float iso_np_exponential_one_f32(iso_np_bits *rng) {
    for (;;) {
        uint32_t bits = iso_np_next32(rng) >> 1, magnitude = bits >> 8;
        unsigned layer = bits & 0xff;
        float x = (float)(int32_t)magnitude * exponential_w32[layer];
        if (magnitude < exponential_k32[layer])
            return x;
        if (layer == 0)
            return EXPONENTIAL_TAIL_F32 - log1pf(-iso_np_float_one(rng));
        if ((exponential_f32[layer - 1] - exponential_f32[layer]) * iso_np_float_one(rng) + exponential_f32[layer] < expf(-x))
            return x;
    }
}
