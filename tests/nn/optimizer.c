/* Optimisers over several steps beside the reference's one step: which step is the first, what t is, what the moments are called.
 */
#include <string.h>

#include "harness/test.h"
#include "isobit/isobit.h"
#include "ops/optim.h"

#define STEPS 5
#define COUNT 6 /* of the weight, a 2 x 3 matrix */

/* Takes steps with random gradients by the optimiser and by the reference's function `one`, from the same weight. */
static void compare(iso_context *ctx, iso_module *model, iso_optimizer *optimizer, const char *const moments[3],
                    void (*one)(int64_t t, const float *grad, float *const moments[3], float *param)) {
    CHECK(optimizer);
    iso_named_tensor weight = iso_module_find(model, "weight"), bias = iso_module_find(model, "bias");
    float param[COUNT], all[3][COUNT] = {{0}}, *const expected[3] = {all[0], all[1], all[2]};
    memcpy(param, weight.tensor->data, sizeof param);
    for (int64_t t = 1; t <= STEPS; t++) {
        iso_test_tame_floats(weight.grad->data, COUNT);
        memset(bias.grad->data, 0, sizeof(float) * 2);
        iso_optimizer_step(optimizer);
        one(t, weight.grad->data, expected, param);
        CHECK_BITS(param, iso_tensor_f32(weight.tensor), COUNT);
        for (size_t i = 0; i < iso_optimizer_state_count(optimizer); i++) {
            iso_named_tensor entry = iso_optimizer_state(optimizer, i);
            if (strcmp(entry.name, "step") == 0)
                CHECK(*iso_tensor_i64(entry.tensor) == t);
            for (int m = 0; m < 3 && moments[m]; m++)
                if (strncmp(entry.name, moments[m], strlen(moments[m])) == 0 &&
                    strcmp(entry.name + strlen(moments[m]), "/weight") == 0)
                    CHECK_BITS(all[m], iso_tensor_f32(entry.tensor), COUNT);
        }
    }
    (void)ctx;
    iso_optimizer_free(optimizer);
}

static void plain(int64_t t, const float *grad, float *const moments[3], float *param) {
    (void)t, (void)moments;
    iso_ref_sgd(&(iso_sgd_scalars){.lr = 0.1f, .one_minus_dampening = 1}, COUNT, grad, NULL, param);
}
static void momentum(int64_t t, const float *grad, float *const moments[3], float *param) {
    iso_sgd_scalars s = {0.1f, 0.9f, (float)(1 - 0.25), 0.01f, false, true, t == 1};
    iso_ref_sgd(&s, COUNT, grad, moments[0], param);
}
static void nesterov(int64_t t, const float *grad, float *const moments[3], float *param) {
    iso_sgd_scalars s = {0.1f, 0.9f, 1, 0, true, false, t == 1};
    iso_ref_sgd(&s, COUNT, grad, moments[0], param);
}
static void adam(int64_t t, const float *grad, float *const moments[3], float *param) {
    iso_adam_scalars s = iso_adam_scalars_at(t, 0.01, 0.8, 0.9, 1e-6, 0.1, false, false, false);
    iso_ref_adam(&s, COUNT, grad, moments[0], moments[1], NULL, param);
}
static void adamw(int64_t t, const float *grad, float *const moments[3], float *param) {
    iso_adam_scalars s = iso_adam_scalars_at(t, 1e-3, 0.9, 0.999, 1e-8, 0.01, true, true, true);
    iso_ref_adam(&s, COUNT, grad, moments[0], moments[1], moments[2], param);
}

ISO_TEST(optimizers_take_the_references_steps) {
    static const char *const none[3], *const sgd[3] = {"momentum_buffer"}, *const two[3] = {"exp_avg", "exp_avg_sq"},
                                             *const three[3] = {"exp_avg", "exp_avg_sq", "max_exp_avg_sq"};
    iso_context *ctx;
    CHECK(iso_context_new(&ctx, NULL) == ISO_OK);
    iso_module *model = iso_linear(ctx, 3, 2);
    CHECK(model);
    iso_test_tame_floats(iso_module_find(model, "weight").tensor->data, COUNT);
    compare(ctx, model, iso_sgd(model, .lr = 0.1), none, plain);
    compare(ctx, model, iso_sgd(model, .lr = 0.1, .momentum = 0.9, .dampening = 0.25, .weight_decay = 0.01, .maximize = true),
            sgd, momentum);
    compare(ctx, model, iso_sgd(model, .lr = 0.1, .momentum = 0.9, .nesterov = true), sgd, nesterov);
    compare(ctx, model, iso_adam(model, .lr = 0.01, .beta1 = 0.8, .beta2 = 0.9, .eps = 1e-6, .weight_decay = 0.1), two, adam);
    compare(ctx, model, iso_adamw(model, .amsgrad = true, .maximize = true), three, adamw);
    iso_module_free(model);
    iso_context_free(ctx);
}
