/* A sample of what `make prove` proves: `make test` must not need MPFR. */
#include <math.h>
#include <string.h>

#include "harness/test.h"
#include "math/math.h"
#include "random/half.h"

/* The twenty arguments whose exact value lies closest to the middle between two binary32 numbers (relative distance 2^-49 and
 * less), and the result that MPFR gives. Found by a search over all arguments. */
static const uint32_t hard_exp[][2] = {
    {0xc16912cd, 0x34fd331b}, {0xbbf0edf1, 0x3f7e1fe9}, {0xbae0e25c, 0x3f7f8fa7}, {0x377eff81, 0x3f800080},
    {0x40315b33, 0x417fa47d}, {0x4001b249, 0x40f2cd14}, {0x39c6be5b, 0x3f800c6d}, {0x38e69cc1, 0x3f80039a},
    {0x383a3ef1, 0x3f800175}, {0x3d1a274e, 0x3f84e8ba}, {0xbc2a461a, 0x3f7d5a6e}, {0x4288942b, 0x70b7a4c5},
    {0xbbb70ee8, 0x3f7e92e8}, {0x3fe67199, 0x40c1a7a6}, {0xc13d6631, 0x36f28e33}, {0x36fdffc1, 0x3f800040},
    {0x39e5bb1d, 0x3f800e5d}, {0x41cbf87b, 0x51dc50be}, {0x343fffff, 0x3f800002}, {0x34dffffd, 0x3f800004}};
static const uint32_t hard_log[][2] = {
    {0x65d890d3, 0x4254d1f9}, {0x4c5d65a5, 0x418f034b}, {0x4d604ebe, 0x419a352c}, {0x66a8c860, 0x42595e46},
    {0x1f116ab8, 0xc233b53e}, {0x41178feb, 0x400fe5e7}, {0x3c413d3a, 0xc08e158f}, {0x6f31a8ec, 0x42845a89},
    {0x38dcbe38, 0xc1128ba4}, {0x5ee8984e, 0x422e4a21}, {0x4665a9a6, 0x41198725}, {0x3bf86ef0, 0xc09c399e},
    {0x79e7ec37, 0x42a1ffb7}, {0x2c4c24b7, 0xc1d48710}, {0x0dc8bba4, 0xc289bac4}, {0x1a8446cb, 0xc24d0a45},
    {0x28e3fa26, 0xc1fa75e0}, {0x66abbd63, 0x4259700e}, {0x29fd22f8, 0xc1ee8859}, {0x111c87f8, 0xc28085df}};

ISO_TEST(exp_and_log_beside_the_middle) {
    for (size_t i = 0; i < sizeof hard_exp / sizeof *hard_exp; i++) {
        uint32_t got = iso_float_bits(iso_expf(iso_bits_float(hard_exp[i][0])));
        CHECK_MSG(got == hard_exp[i][1], "exp of %08x is %08x, expected %08x", hard_exp[i][0], got, hard_exp[i][1]);
    }
    for (size_t i = 0; i < sizeof hard_log / sizeof *hard_log; i++) {
        uint32_t got = iso_float_bits(iso_logf(iso_bits_float(hard_log[i][0])));
        CHECK_MSG(got == hard_log[i][1], "log of %08x is %08x, expected %08x", hard_log[i][0], got, hard_log[i][1]);
    }
}

ISO_TEST(exp_and_log_of_special_values) {
    static const uint32_t exps[][2] = {{0x00000000, 0x3f800000}, {0x80000000, 0x3f800000}, {0x7f800000, 0x7f800000},
                                       {0xff800000, 0x00000000}, {0x7fc00000, 0x7fc00000}, {0xffc12345, 0x7fc00000},
                                       {0x7f800001, 0x7fc00000}, {0x00000001, 0x3f800000}, {0x80000001, 0x3f800000},
                                       {0x42b17217, 0x7f7fff84}, {0x42b17218, 0x7f800000}, {0x7f7fffff, 0x7f800000},
                                       {0xff7fffff, 0x00000000}, {0xc2cff1b4, 0x00000001}, {0xc2cff1b5, 0x00000000}};
    static const uint32_t logs[][2] = {{0x00000000, 0xff800000}, {0x80000000, 0xff800000}, {0x7f800000, 0x7f800000},
                                       {0xff800000, 0x7fc00000}, {0x7fc00000, 0x7fc00000}, {0xffc12345, 0x7fc00000},
                                       {0x7f800001, 0x7fc00000}, {0x80000001, 0x7fc00000}, {0xbf800000, 0x7fc00000},
                                       {0x3f800000, 0x00000000}, {0x00000001, 0xc2ce8ed0}, {0x7f7fffff, 0x42b17218},
                                       {0x00800000, 0xc2aeac50}, {0x007fffff, 0xc2aeac50}, {0x3f7fffff, 0xb3800000}};
    for (size_t i = 0; i < sizeof exps / sizeof *exps; i++)
        CHECK_MSG(iso_float_bits(iso_expf(iso_bits_float(exps[i][0]))) == exps[i][1], "exp of %08x is %08x, expected %08x",
                  exps[i][0], iso_float_bits(iso_expf(iso_bits_float(exps[i][0]))), exps[i][1]);
    for (size_t i = 0; i < sizeof logs / sizeof *logs; i++)
        CHECK_MSG(iso_float_bits(iso_logf(iso_bits_float(logs[i][0]))) == logs[i][1], "log of %08x is %08x, expected %08x",
                  logs[i][0], iso_float_bits(iso_logf(iso_bits_float(logs[i][0]))), logs[i][1]);
}

/* The C library's binary64 function is right to far better than 2^-45; where both ends of that interval round to one number, that
 * is it. */
static bool agrees(float x, float got, double close) {
    float low = (float)(close - fabs(close) * 0x1p-45), high = (float)(close + fabs(close) * 0x1p-45);
    if (isnan(close) ? isnan(got) : iso_float_bits(low) != iso_float_bits(high) || iso_float_bits(got) == iso_float_bits(low))
        return true;
    return iso_test_check(false, __FILE__, __LINE__, "argument %a: %a, expected %a", (double)x, (double)got, (double)low);
}

ISO_TEST(exp_and_log_of_random_arguments) {
    for (int i = 0; i < (iso_test_long() ? 100000000 : 1000000); i++) {
        float wide = iso_bits_float((uint32_t)iso_test_random()), x = (float)(iso_test_uniform() * 194 - 105);
        CHECK(agrees(x, iso_expf(x), exp((double)x)));
        CHECK(isnan(wide) || agrees(wide, iso_expf(wide), exp((double)wide)));
        wide = fabsf(wide);
        CHECK(isnan(wide) || agrees(wide, iso_logf(wide), log((double)wide)));
    }
}
