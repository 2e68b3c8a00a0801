#include "ops/optim.h"

#include "near.h"

/* One element, step by step, in binary64 and in PyTorch's own order; binary32 with the fused steps must stay near it. */

ISO_TEST(sgd_is_near_binary64) {
    for (int options = 0; options < 32; options++) {
        double lr = 0.1, momentum = options & 1 ? 0.9 : 0, dampening = options & 2 ? 0.3 : 0, decay = options & 4 ? 0.01 : 0;
        bool nesterov = (options & 8) && momentum != 0 && dampening == 0, maximize = options & 16;
        float p = 1.25f, buffer = 99; /* whatever lies in it, the first step overwrites it */
        double q = 1.25, b = 0;
        for (int step = 0; step < 20; step++) {
            float grad;
            iso_test_tame_floats(&grad, 1);
            iso_sgd_scalars s = {(float)lr, (float)momentum, (float)(1 - dampening), (float)decay, nesterov, maximize, step == 0};
            iso_ref_sgd(&s, 1, &grad, momentum != 0 ? &buffer : NULL, &p);
            double g = (maximize ? -1 : 1) * (double)grad + decay * q;
            if (momentum != 0) {
                b = step == 0 ? g : momentum * b + (1 - dampening) * g;
                g = nesterov ? g + momentum * b : b;
            }
            q -= lr * g;
            CHECK_NEAR(p, q, 10, 4 * (step + 1));
        }
    }
}

ISO_TEST(adam_is_near_binary64) {
    for (int options = 0; options < 16; options++) {
        double lr = 0.01, beta1 = 0.9, beta2 = 0.99, eps = 1e-8, decay = options & 1 ? 0.1 : 0;
        bool decoupled = options & 2, amsgrad = options & 4, maximize = options & 8;
        float p = 1.25f, m = 0, v = 0, vmax = 0;
        double q = 1.25, dm = 0, dv = 0, most = 0;
        for (int t = 1; t <= 30; t++) {
            float grad;
            iso_test_tame_floats(&grad, 1);
            iso_adam_scalars s = iso_adam_scalars_at(t, lr, beta1, beta2, eps, decay, decoupled, amsgrad, maximize);
            iso_ref_adam(&s, 1, &grad, &m, &v, amsgrad ? &vmax : NULL, &p);
            double g = (maximize ? -1 : 1) * (double)grad;
            if (decoupled)
                q -= lr * decay * q;
            else
                g += decay * q;
            dm = beta1 * dm + (1 - beta1) * g;
            dv = beta2 * dv + (1 - beta2) * g * g;
            most = dv > most ? dv : most;
            q -= lr * (dm / (1 - pow(beta1, t))) / (sqrt((amsgrad ? most : dv) / (1 - pow(beta2, t))) + eps);
            CHECK_NEAR(p, q, 2, 8 * t);
        }
    }
}

/* The scalars, from CPython: float(np.float32(lr / (1 - b1 ** t))), whose power differs from the contract's by a unit of binary64
 * at most. */
ISO_TEST(adam_scalars_of_a_step) {
    iso_adam_scalars s = iso_adam_scalars_at(1, 0.001, 0.9, 0.999, 1e-8, 0.01, true, false, false);
    CHECK(s.decay == 0.99999f && s.weight_decay == 0 && s.beta2 == 0.999f && s.eps == 1e-8f);
    CHECK(s.one_minus_beta1 == (float)(1 - 0.9) && s.one_minus_beta2 == (float)(1 - 0.999));
    CHECK(s.step_size == (float)(0.001 / (1 - 0.9)) && s.c2 == (float)sqrt(1 - 0.999));
    s = iso_adam_scalars_at(2, 0.001, 0.9, 0.999, 1e-8, 0.01, false, false, false);
    CHECK(s.decay == 1 && s.weight_decay == 0.01f && s.step_size == (float)(0.001 / (1 - 0.9 * 0.9)));
    s = iso_adam_scalars_at(5, 0.001, 0.9, 0.999, 1e-8, 0, false, false, false); /* binary 101: ((b^2)^2) b */
    double b4 = (0.9 * 0.9) * (0.9 * 0.9);
    CHECK(s.step_size == (float)(0.001 / (1 - b4 * 0.9)));
    s = iso_adam_scalars_at(1000000, 0.001, 0.9, 0.999, 1e-8, 0, false, false, false);
    CHECK(s.step_size == 0.001f && s.c2 == 1);
}

/* Steps that must leave a parameter as it is, to the bit. */
ISO_TEST(optimisers_leave_what_they_should) {
    float p[] = {1.5f, -0.0f, 0x1p-149f, 3e38f}, before[4], zero[4] = {0, 0, 0, 0}, m[4] = {0}, v[4] = {0};
    memcpy(before, p, sizeof p);
    iso_ref_sgd(&(iso_sgd_scalars){.lr = 0.1f, .one_minus_dampening = 1}, 4, zero, NULL, p);
    CHECK(p[0] == before[0] && p[1] == 0 && p[2] == before[2] && p[3] == before[3]);
    memcpy(p, before, sizeof p);
    iso_adam_scalars s = iso_adam_scalars_at(1, 0.1, 0.9, 0.999, 1e-8, 0, false, false, false);
    iso_ref_adam(&s, 4, zero, m, v, NULL, p);
    CHECK(p[0] == before[0] && p[1] == 0 && p[2] == before[2] && p[3] == before[3]);
    CHECK_BITS(zero, m, 4);
    CHECK_BITS(zero, v, 4);
}
