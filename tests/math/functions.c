/* A sample of what `make prove` proves, of the functions that exp_log.c leaves. */
#include <math.h>
#include <string.h>

#include "harness/test.h"
#include "math/math.h"
#include "random/half.h"

/* Arguments whose exact value lies close to the middle between two binary32 numbers, found by a search over a part of all, and
 * the rounded value, computed to 300 bits. */
static const uint32_t hard_expm1[][2] = {{0xbe747dc3, 0xbe597e93}, {0x3fcde885, 0x407fc02b}, {0xbea01074, 0xbe8975b6},
                                         {0x424ca675, 0x6460b78d}, {0xb8ed8667, 0xb8ed82f5}, {0xbb2380c2, 0xbb234c96},
                                         {0x3889fbe7, 0x3889fd11}, {0xbd7d8ea8, 0xbd75de60}};
static const uint32_t hard_log1p[][2] = {{0x3cf58230, 0x3cf1e6ce}, {0x7e49ab4d, 0x42ae322c}, {0x643745cb, 0x424bd5b2},
                                         {0xbaac26b3, 0xbaac43ab}, {0x42448436, 0x407a88d7}, {0x3bf8de3a, 0x3bf7ed83},
                                         {0x4e782b4e, 0x41a61b57}, {0x77f854ae, 0x429c9727}};
static const uint32_t hard_tanh[][2] = {{0x3f325d3b, 0x3f1a2fc3}, {0xbd80f2b6, 0xbd80c728}, {0x3a71e7a5, 0x3a71e7a1},
                                        {0x3c615f1a, 0x3c615b77}, {0x3d4acaea, 0x3d4aa08a}, {0x3c88b3e8, 0x3c88b0a8},
                                        {0xbc7be3d5, 0xbc7bdec0}, {0xba9863f9, 0xba9863f5}};
static const uint32_t hard_sigmoid[][2] = {{0x388fc000, 0x3f00011f}, {0x389cc000, 0x3f000139}, {0x38a54000, 0x3f00014a},
                                           {0xb886e000, 0x3efffde5}, {0xbc7c5e07, 0x3efe0746}, {0xb88e6000, 0x3efffdc7},
                                           {0xb8902000, 0x3efffdc0}, {0xc0f24cd2, 0x3a06dcda}};
static const uint32_t hard_erf[][2] = {{0xbabb67b6, 0xbad376c2}, {0xb971d18f, 0xb9886e78}, {0x3a9045ec, 0x3aa2cb73},
                                       {0xbcafeb05, 0xbcc678c5}, {0xbf4a82f1, 0xbf3c9b41}, {0x3dc33b3c, 0x3ddba129},
                                       {0x3c077ab0, 0x3c18de54}, {0x3a7b470c, 0x3a8dc4a3}};
static const uint32_t hard_gelu[][2] = {{0xbaa01536, 0xba1fed46}, {0xb8b98e59, 0xb8398afe}, {0xbff8122b, 0xbd50d7a4},
                                        {0xbabd9a0c, 0xba3d6207}, {0x3ed50bdd, 0x3e8ce50f}, {0x38e6d398, 0x3866d8c8},
                                        {0x3ecc10d7, 0x3e85a42f}, {0xbde2f573, 0xbd4eee8a}};
static const uint32_t hard_gelu_tanh[][2] = {{0xbf450525, 0xbe2e0ebf}, {0x3b719362, 0x3af24946}, {0x3fcbd401, 0x3fc07639},
                                             {0x3b46cb30, 0x3ac7465c}, {0x3df66c30, 0x3d8702f1}, {0x3e070ae3, 0x3d9535f9},
                                             {0x3cb64900, 0x3c39856e}, {0x3b34858f, 0x3ab4eb21}};
static const uint32_t hard_sin[][2] = {{0x6446cec0, 0xbf6995bd}, {0x73263d14, 0x3f7c42ce}, {0xdd937ce2, 0x3f757e8d},
                                       {0xccf3e70e, 0x3f3d38c3}, {0x59d8e261, 0xbf647af0}, {0xe0c7295d, 0x3df2fc63},
                                       {0xf871df17, 0xbf7df37a}, {0xf69074ae, 0xbf7053d9}};
static const uint32_t hard_cos[][2] = {{0xcc46d929, 0xbd293d05}, {0xc215bfe0, 0x3f774807}, {0x4b9bbb2a, 0x3e758090},
                                       {0x3f22061d, 0x3f4e6a7a}, {0xbe0e4199, 0x3f7d889e}, {0xd31a5ced, 0xbf163895},
                                       {0x7929089e, 0xbf5d1598}, {0x7b221f4f, 0x3f4f48bf}};
static const uint32_t hard_rsqrt[][2] = {{0x633a18e3, 0x2d96209e}, {0x7909f038, 0x22ae6055}, {0x55d2208f, 0x3447cdc8},
                                         {0x32ed3230, 0x45bc0ec9}, {0x73ed3230, 0x253c0ec9}, {0x72dae942, 0x25c3c111},
                                         {0x167de1e1, 0x54008860}, {0x1c7de1e1, 0x51008860}};

static void check(const char *name, float (*f)(float), const uint32_t (*pairs)[2], size_t count) {
    for (size_t i = 0; i < count; i++) {
        uint32_t got = iso_float_bits(f(iso_bits_float(pairs[i][0])));
        CHECK_MSG(got == pairs[i][1], "%s of %08x is %08x, expected %08x", name, pairs[i][0], got, pairs[i][1]);
    }
}
#define CHECK_PAIRS(name, pairs) check(#name, iso_##name##f, pairs, sizeof pairs / sizeof *pairs)

ISO_TEST(functions_beside_the_middle) {
    CHECK_PAIRS(expm1, hard_expm1);
    CHECK_PAIRS(log1p, hard_log1p);
    CHECK_PAIRS(tanh, hard_tanh);
    CHECK_PAIRS(sigmoid, hard_sigmoid);
    CHECK_PAIRS(erf, hard_erf);
    CHECK_PAIRS(gelu, hard_gelu);
    CHECK_PAIRS(gelu_tanh, hard_gelu_tanh);
    CHECK_PAIRS(sin, hard_sin);
    CHECK_PAIRS(cos, hard_cos);
    CHECK_PAIRS(rsqrt, hard_rsqrt);
}

#define NANS                                                                                                                     \
    {0x7fc00000, 0x7fc00000}, {0xffc12345, 0x7fc00000}, {                                                                        \
        0x7f800001, 0x7fc00000                                                                                                   \
    }
#define ZEROS_AND_SUBNORMALS                                                                                                     \
    {0x00000000, 0x00000000}, {0x80000000, 0x80000000}, {0x00000001, 0x00000001}, {0x80000001, 0x80000001}, {                    \
        0x007fffff, 0x007fffff                                                                                                   \
    }

ISO_TEST(functions_of_special_values) {
    static const uint32_t expm1s[][2] = {NANS,
                                         ZEROS_AND_SUBNORMALS,
                                         {0x7f800000, 0x7f800000},
                                         {0xff800000, 0xbf800000},
                                         {0x42b17218, 0x7f800000},
                                         {0x42b17217, 0x7f7fff84},
                                         {0xff7fffff, 0xbf800000}};
    static const uint32_t log1ps[][2] = {NANS,
                                         ZEROS_AND_SUBNORMALS,
                                         {0x7f800000, 0x7f800000},
                                         {0xff800000, 0x7fc00000},
                                         {0xbf800000, 0xff800000},
                                         {0xbf800001, 0x7fc00000},
                                         {0x7f7fffff, 0x42b17218}};
    static const uint32_t tanhs[][2] = {NANS,
                                        ZEROS_AND_SUBNORMALS,
                                        {0x7f800000, 0x3f800000},
                                        {0xff800000, 0xbf800000},
                                        {0x7f7fffff, 0x3f800000},
                                        {0x41a00000, 0x3f800000}};
    static const uint32_t sigmoids[][2] = {NANS,
                                           {0x00000000, 0x3f000000},
                                           {0x80000000, 0x3f000000},
                                           {0x7f800000, 0x3f800000},
                                           {0xff800000, 0x00000000},
                                           {0xc2cff1b4, 0x00000001},
                                           {0xc2cff1b5, 0x00000000},
                                           {0x00000001, 0x3f000000}};
    static const uint32_t erfs[][2] = {NANS,
                                       {0x00000000, 0x00000000},
                                       {0x80000000, 0x80000000},
                                       {0x00000001, 0x00000001},
                                       {0x7f800000, 0x3f800000},
                                       {0xff800000, 0xbf800000},
                                       {0x41200000, 0x3f800000}};
    /* Half of an odd subnormal number lies in the middle; x^2 is on top of it. */
    static const uint32_t gelus[][2] = {NANS,
                                        {0x00000000, 0x00000000},
                                        {0x80000000, 0x80000000},
                                        {0x7f800000, 0x7f800000},
                                        {0xff800000, 0x80000000},
                                        {0x00000001, 0x00000001},
                                        {0x80000001, 0x80000000},
                                        {0x00000005, 0x00000003},
                                        {0x80000005, 0x80000002},
                                        {0x7f7fffff, 0x7f7fffff},
                                        {0xff7fffff, 0x80000000},
                                        {0xc2000000, 0x80000000}};
    static const uint32_t sins[][2] = {NANS,
                                       ZEROS_AND_SUBNORMALS,
                                       {0x7f800000, 0x7fc00000},
                                       {0xff800000, 0x7fc00000},
                                       {0x7f7fffff, 0xbf0599b3},
                                       {0x40490fdb, 0xb3bbbd2e}};
    static const uint32_t coss[][2] = {NANS,
                                       {0x00000000, 0x3f800000},
                                       {0x80000000, 0x3f800000},
                                       {0x7f800000, 0x7fc00000},
                                       {0xff800000, 0x7fc00000},
                                       {0x7f7fffff, 0x3f5a5f96},
                                       {0x3fc90fdb, 0xb33bbd2e}};
    static const uint32_t rsqrts[][2] = {NANS,
                                         {0x00000000, 0x7f800000},
                                         {0x80000000, 0xff800000},
                                         {0x7f800000, 0x00000000},
                                         {0xff800000, 0x7fc00000},
                                         {0xbf800000, 0x7fc00000},
                                         {0x40800000, 0x3f000000},
                                         {0x80000001, 0x7fc00000},
                                         {0x0000a72f, 0x60e00004}, /* beside the middle */
                                         {0x00000001, 0x64b504f3},
                                         {0x7f7fffff, 0x1f800000}};
    CHECK_PAIRS(expm1, expm1s);
    CHECK_PAIRS(log1p, log1ps);
    CHECK_PAIRS(tanh, tanhs);
    CHECK_PAIRS(sigmoid, sigmoids);
    CHECK_PAIRS(erf, erfs);
    CHECK_PAIRS(gelu, gelus);
    CHECK_PAIRS(gelu_tanh, gelus);
    CHECK_PAIRS(sin, sins);
    CHECK_PAIRS(cos, coss);
    CHECK_PAIRS(rsqrt, rsqrts);
}

/* The compositions of the C library's binary64 functions below are right to better than 2^-41 where they are used; where both
 * ends of that interval round to one number, that is it. */
static double sigmoid(double x) {
    return 1 / (1 + exp(-x));
}
static double gelu(double x) {
    return x * (0.5 * erfc(-0x1.6a09e667f3bcdp-1 * x));
}
static double gelu_tanh(double x) {
    return x / (1 + exp(-2 * 0x1.9884533d43651p-1 * (x + 0.044715 * x * x * x)));
}
static double rsqrt(double x) {
    return 1 / sqrt(x);
}

static bool agrees(const char *name, float x, float got, double close) {
    float low = (float)(close - fabs(close) * 0x1p-41), high = (float)(close + fabs(close) * 0x1p-41);
    if (isnan(close) ? isnan(got) : iso_float_bits(low) != iso_float_bits(high) || iso_float_bits(got) == iso_float_bits(low))
        return true;
    return iso_test_check(false, __FILE__, __LINE__, "%s of %a: %a, expected %a", name, (double)x, (double)got, (double)low);
}

ISO_TEST(functions_of_random_arguments) {
    for (int i = 0; i < (iso_test_long() ? 30000000 : 300000); i++) {
        float wide = iso_bits_float((uint32_t)iso_test_random() & 0xbfffffff), x = (float)(iso_test_uniform() * 24 - 12);
        if (i & 1)
            x = wide;
        if (i & 2)
            x = (float)(iso_test_uniform() - 0.5);
        double d = (double)x;
        CHECK(agrees("expm1", x, iso_expm1f(x), expm1(d)));
        CHECK(agrees("log1p", x, iso_log1pf(x), log1p(d)));
        CHECK(agrees("tanh", x, iso_tanhf(x), tanh(d)));
        CHECK(agrees("sigmoid", x, iso_sigmoidf(x), sigmoid(d)));
        CHECK(agrees("erf", x, iso_erff(x), erf(d)));
        CHECK(agrees("gelu", x, iso_geluf(x), gelu(d)));
        CHECK(agrees("gelu_tanh", x, iso_gelu_tanhf(x), gelu_tanh(d)));
        CHECK(agrees("sin", x, iso_sinf(x), sin(d)));
        CHECK(agrees("cos", x, iso_cosf(x), cos(d)));
        CHECK(agrees("rsqrt", x, iso_rsqrtf(x), rsqrt(d)));
        wide = iso_bits_float((uint32_t)iso_test_random());
        if (wide - wide == 0) {
            CHECK(agrees("sin", wide, iso_sinf(wide), sin((double)wide)));
            CHECK(agrees("cos", wide, iso_cosf(wide), cos((double)wide)));
        }
    }
}
