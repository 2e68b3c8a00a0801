#include <math.h>
#include <string.h>

#include "harness/test.h"
#include "isobit/random/init.h"

ISO_TEST(init_fans) {
    int64_t in, out;
    iso_init_fans(2, (int64_t[]){3, 5}, &in, &out);
    CHECK(in == 5 && out == 3);
    iso_init_fans(4, (int64_t[]){16, 3, 2, 7}, &in, &out);
    CHECK(in == 42 && out == 224);
}

ISO_TEST(init_gains) {
    double gain;
    CHECK(iso_init_gain("conv_transpose3d", 0, &gain) && gain == 1);
    CHECK(iso_init_gain("sigmoid", 0, &gain) && gain == 1);
    CHECK(iso_init_gain("tanh", 0, &gain) && gain == 5.0 / 3.0);
    CHECK(iso_init_gain("relu", 0, &gain) && gain == sqrt(2.0));
    CHECK(iso_init_gain("leaky_relu", 3, &gain) && gain == sqrt(0.2));
    CHECK(iso_init_gain("selu", 0, &gain) && gain == 0.75);
    CHECK(!iso_init_gain("gelu", 0, &gain));
}

/* The functions by name draw what the functions themselves draw with PyTorch's default arguments.
 */
ISO_TEST(init_by_name) {
    const int64_t shape[] = {6, 4, 3};
    enum { N = 72 };
    static const char *const names[] = {"xavier_uniform_", "xavier_normal_", "kaiming_uniform_", "kaiming_normal_"};
    for (int i = 0; i < 4; i++) {
        iso_torch_generator a = {0}, b = {0};
        float by_name[N], direct[N];
        iso_torch_manual_seed(&a, 9);
        iso_torch_manual_seed(&b, 9);
        CHECK(iso_init_named(names[i], &a, by_name, 3, shape));
        switch (i) {
        case 0:
            iso_init_xavier_uniform(&b, direct, 3, shape, 1);
            break;
        case 1:
            iso_init_xavier_normal(&b, direct, 3, shape, 1);
            break;
        case 2:
            CHECK(iso_init_kaiming_uniform(&b, direct, 3, shape, 0, ISO_FAN_IN, "leaky_relu"));
            break;
        default:
            CHECK(iso_init_kaiming_normal(&b, direct, 3, shape, 0, ISO_FAN_IN, "leaky_relu"));
        }
        CHECK_BITS(direct, by_name, N);
        CHECK(memcmp(&a.engine, &b.engine, sizeof a.engine) == 0);
    }
    iso_torch_generator g = {0};
    float x[N];
    CHECK(!iso_init_named("orthogonal_", &g, x, 3, shape));
    CHECK(!iso_init_kaiming_uniform(&g, x, 3, shape, 0, ISO_FAN_IN, "gelu"));
}

/* The bias comes behind the weight, from the same stream; recorded values stand in tests/stream. */
ISO_TEST(init_conv_draws_weight_then_bias) {
    const int64_t shape[] = {2, 3, 2, 2};
    float weight[24], bias[2], again[26];
    iso_torch_generator g = {0}, h = {0};
    iso_torch_manual_seed(&g, 10);
    iso_torch_manual_seed(&h, 10);
    iso_init_conv_or_linear(&g, weight, 4, shape, bias);
    double bound = 1 / sqrt(12.0);
    iso_torch_uniform(&h, again, 26, -bound, bound);
    CHECK(memcmp(&g.engine, &h.engine, sizeof g.engine) == 0);
    CHECK_BITS(again + 24, bias, 2);
    iso_torch_manual_seed(&g, 10);
    iso_init_conv_or_linear(&g, again, 4, shape, NULL);
    CHECK_BITS(weight, again, 24);
}

ISO_TEST(init_batch_norm_is_ones_and_zeros) {
    float weight[3] = {9, 9, 9}, bias[3] = {9, 9, 9}, mean[3] = {9, 9, 9}, var[3] = {9, 9, 9};
    iso_init_batch_norm(3, weight, bias, mean, var);
    for (int i = 0; i < 3; i++)
        CHECK(weight[i] == 1 && bias[i] == 0 && mean[i] == 0 && var[i] == 1);
    iso_init_batch_norm(3, NULL, NULL, mean, var);
}
