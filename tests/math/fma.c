#include <math.h>
#include <string.h>

#include "harness/test.h"
#include "math/math.h"
#include "random/half.h"

/* The C library's fmaf is the other side: the instruction where there is one, integer arithmetic elsewhere. */

/* All NaN are one. */
static uint32_t bits_of(float x) {
    return x != x ? 0x7fc00000 : iso_float_bits(x);
}

static bool agree(float a, float b, float c) {
    uint32_t expected = bits_of(fmaf(a, b, c)), emulated = bits_of(iso_fmaf_emulated(a, b, c)), used = bits_of(iso_fmaf(a, b, c));
    return iso_test_check(emulated == expected && used == expected, __FILE__, __LINE__,
                          "fma(%a, %a, %a): expected %08x, emulated %08x, used %08x", (double)a, (double)b, (double)c, expected,
                          emulated, used);
}

ISO_TEST(fma_of_special_values) {
    static const uint32_t values[] = {0x00000000, 0x00000001, 0x00000002, 0x007fffff, 0x00800000, 0x00800001, 0x00ffffff,
                                      0x01000000, 0x1f800000, 0x20000000, 0x33800000, 0x34000000, 0x3effffff, 0x3f000000,
                                      0x3f7fffff, 0x3f800000, 0x3f800001, 0x3fffffff, 0x40000000, 0x4b000000, 0x4b800000,
                                      0x5f7fffff, 0x5f800000, 0x5fffffff, 0x7e800000, 0x7effffff, 0x7f000000, 0x7f7ffffe,
                                      0x7f7fffff, 0x7f800000, 0x7fc00000};
    enum { COUNT = sizeof values / sizeof *values };
    for (int i = 0; i < 2 * COUNT; i++)
        for (int j = 0; j < 2 * COUNT; j++)
            for (int k = 0; k < 2 * COUNT; k++)
                CHECK(agree(iso_bits_float(values[i / 2] | (uint32_t)(i & 1) << 31),
                            iso_bits_float(values[j / 2] | (uint32_t)(j & 1) << 31),
                            iso_bits_float(values[k / 2] | (uint32_t)(k & 1) << 31)));
}

ISO_TEST(fma_of_random_bits) {
    for (int i = 0; i < (iso_test_long() ? 200000000 : 2000000); i++) {
        uint64_t r = iso_test_random();
        CHECK(
            agree(iso_bits_float((uint32_t)r), iso_bits_float((uint32_t)(r >> 32)), iso_bits_float((uint32_t)iso_test_random())));
    }
}

/* A number of few significant bits at either end, so that sums fall on or beside the middle between two binary32 numbers. */
static float sparse(int exponent) {
    uint64_t r = iso_test_random();
    uint32_t mantissa = 0x800000u | (uint32_t)(1u << (r % 24)) | (r & 0x100 ? 1u << (r >> 16) % 24 : 0);
    if (r & 0x200)
        mantissa = 0xffffffu - (mantissa & 0x7fffffu);
    return ldexpf((float)mantissa, exponent - 23) * (r & 0x400 ? 1.0f : -1.0f);
}

ISO_TEST(fma_beside_the_middle) {
    for (int i = 0; i < (iso_test_long() ? 200000000 : 2000000); i++) {
        int e = (int)iso_test_between(-75, 60), f = (int)iso_test_between(-75, 60);
        float a = sparse(e), b = sparse(f), c = 0;
        switch (i & 3) {
        case 0:
            c = sparse(e + f + (int)iso_test_between(-30, 30));
            break; /* the last bits of the product decide */
        case 1:
            c = -(a * b);
            break; /* what is left is the product's rounding error */
        case 2:
            c = nextafterf(-(a * b), i & 4 ? INFINITY : -INFINITY);
            break;
        case 3:
            c = ldexpf(i & 4 ? 1.0f : -1.0f, -149) * (float)(iso_test_random() & 0xffff);
            break;
        }
        CHECK(agree(a, b, c));
    }
}

/* Products that end below the smallest normal number, where fewer bits are kept. */
ISO_TEST(fma_of_subnormal_results) {
    for (int i = 0; i < (iso_test_long() ? 100000000 : 1000000); i++) {
        int e = (int)iso_test_between(-100, -40), total = (int)iso_test_between(-155, -120);
        CHECK(agree(sparse(e), sparse(total - e), i & 1 ? sparse((int)iso_test_between(-149, -124)) : 0.0f));
    }
}

ISO_TEST(sqrt_is_correctly_rounded) {
    CHECK(bits_of(iso_sqrtf(-0.0f)) == 0x80000000 && bits_of(iso_sqrtf(0)) == 0 && iso_sqrtf(INFINITY) == INFINITY);
    CHECK(bits_of(iso_sqrtf(-1)) == 0x7fc00000);
    for (int i = 0; i < 1000000; i++) {
        float x = iso_bits_float((uint32_t)iso_test_random() & 0x7fffffff);
        if (x - x != 0)
            continue;
        /* The root lies between the middles to both sides; binary64 squares of 25 bits are exact. */
        float y = iso_sqrtf(x);
        double below = ((double)y + (double)nextafterf(y, 0)) / 2, above = ((double)y + (double)nextafterf(y, INFINITY)) / 2;
        CHECK_MSG(below * below <= (double)x && (double)x <= above * above, "sqrt(%a) = %a", (double)x, (double)y);
    }
}
