/* The text of fill.h's functions, included once per form: NAME(stem) names it, TARGET holds its
 * attributes, FMA(a, b, c) is one rounding. LANES numbers per step, 8 or 16, so that compilers
 * vectorise; `blocks` of normal is a multiple of LANES / 8. */

TARGET static void NAME(uniform)(float *out, const uint32_t *words, size_t n, float low, float high, float bound) {
    float width = high - low;
    for (size_t i = 0; i < n; i++) {
        float u = (float)(int32_t)(words[i] & 0xffffffu) * 0x1p-24f;
        float x = FMA(u, width, low);
        out[i] = x == bound ? low : x;
    }
}

/* x % d through a quotient in binary64, which is exact: the distance of x / d to the next whole number above is at least 1 / d,
 * far more than the rounding. */
TARGET static inline uint32_t NAME(remainder)(uint32_t x, uint32_t d) {
    double numerator = (double)(int32_t)(x ^ 0x80000000u) + 0x1p31, divisor = (double)(int32_t)(d ^ 0x80000000u) + 0x1p31;
    return x - (uint32_t)(int32_t)(numerator / divisor) * d;
}

TARGET static void NAME(remainders)(uint32_t *restrict out, const uint32_t *restrict words, size_t n, uint32_t divisor,
                                    bool falling) {
    if (falling)
        for (uint32_t i = 0; i < (uint32_t)n; i++)
            out[i] = NAME(remainder)(words[i], divisor - i);
    else
        for (size_t i = 0; i < n; i++)
            out[i] = NAME(remainder)(words[i], divisor);
}

TARGET static void NAME(below)(uint8_t *restrict out, const uint32_t *restrict words, size_t n, uint64_t limit) {
    for (size_t i = 0; i < n; i++)
        out[i] = ((int64_t)((uint64_t)(words[2 * i] & 0x1fffffu) << 32 | words[2 * i + 1])) < (int64_t)limit;
}

/* Box-Muller. log is Cephes' logf and the pair sin, cos its sinf and cosf (S. Moshier), the
 * multiplications and additions paired off into fma as PyTorch's compiler does. u1 lies in (0, 1]
 * and theta in [0, 2 pi), so there are no special cases; selections are made on bits, since
 * compilers vectorise those most readily. */
TARGET static void NAME(normal)(float *data, size_t blocks, float mean, float std) {
    for (size_t block = 0; block < blocks; block += LANES / 8, data += 2 * LANES) {
        float first[LANES], second[LANES];
        for (int i = 0; i < LANES / 8; i++) {
            memcpy(first + 8 * i, data + 16 * i, 8 * sizeof *first);
            memcpy(second + 8 * i, data + 16 * i + 8, 8 * sizeof *second);
        }
        for (int lane = 0; lane < LANES; lane++) {
            float u1 = 1.0f - first[lane], theta = 0x1.921fb6p+2f * second[lane];

            /* log(u1): u1 = 2^e (1 + x) with 1 + x in [sqrt(1/2), sqrt(2)) */
            uint32_t bits = iso_float_bits(u1), mantissa = (bits & 0x007fffffu) | 0x3f000000u;
            uint32_t below = mantissa < 0x3f3504f3u; /* sqrt(1/2) */
            float e = (float)((int32_t)(bits >> 23) - 126 - (int32_t)below);
            float x = iso_bits_float(mantissa + (below << 23)) - 1.0f, z = x * x;
            float y = FMA(7.0376836292e-2f, x, -1.1514610310e-1f);
            y = FMA(y, x, 1.1676998740e-1f);
            y = FMA(y, x, -1.2420140846e-1f);
            y = FMA(y, x, 1.4249322787e-1f);
            y = FMA(y, x, -1.6668057665e-1f);
            y = FMA(y, x, 2.0000714765e-1f);
            y = FMA(y, x, -2.4999993993e-1f);
            y = FMA(y, x, 3.3333331174e-1f);
            y = FMA(y * x, z, e * -2.12194440e-4f);
            y = y - z * 0.5f;
            float logarithm = FMA(e, 0.693359375f, x + y);
            float radius = __builtin_sqrtf(-2.0f * logarithm);

            /* sin and cos of theta: octant q, rounded up to even, and the rest r in [-pi/4, pi/4]
             */
            int32_t q = ((int32_t)(theta * 1.27323954473516f) + 1) & ~1;
            float f = (float)q, r = FMA(f, -0.78515625f, theta);
            r = FMA(f, -2.4187564849853515625e-4f, r);
            r = FMA(f, -3.77489497744594108e-8f, r);
            float w = r * r;
            float c = FMA(2.443315711809948e-5f, w, -1.388731625493765e-3f);
            c = FMA(c, w, 4.166664568298827e-2f);
            c = FMA(c * w, w, w * -0.5f) + 1.0f;
            float s = FMA(-1.9515295891e-4f, w, 8.3321608736e-3f);
            s = FMA(s, w, -1.6666654611e-1f);
            s = FMA(s * w, r, r);

            uint32_t octant = (uint32_t)q, swap = 0u - ((octant >> 1) & 1u);
            uint32_t difference = (iso_float_bits(s) ^ iso_float_bits(c)) & swap;
            float sine = iso_bits_float(iso_float_bits(s) ^ difference ^ ((octant & 4u) << 29));
            float cosine = iso_bits_float(iso_float_bits(c) ^ difference ^ ((~(octant - 2u) & 4u) << 29));

            first[lane] = FMA(radius * cosine, std, mean);
            second[lane] = FMA(radius * sine, std, mean);
        }
        for (int i = 0; i < LANES / 8; i++) {
            memcpy(data + 16 * i, first + 8 * i, 8 * sizeof *first);
            memcpy(data + 16 * i + 8, second + 8 * i, 8 * sizeof *second);
        }
    }
}
