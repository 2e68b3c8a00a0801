#include "ops/optim.h"

#include "kernels/cases.h"

static double one_of(const double *values, int64_t count) {
    return values[iso_test_between(0, count - 1)];
}
static bool coin(void) {
    return iso_test_random() & 1;
}

CASES(sgd, 4) {
    static const double rates[] = {0, 0x1p-4, 0.05, 0.001, 1e-30, 1e30}, decays[] = {0, 0, 0.01, 1e-4, 0.5};
    int64_t count = case_count();
    bool momentum = iso_test_between(0, 3);
    iso_sgd_scalars s = {.lr = (float)one_of(rates, 6),
                         .momentum = momentum ? coin() ? 0.9f : (float)iso_test_uniform() : 0,
                         .one_minus_dampening = coin() ? 1.0f : (float)iso_test_uniform(),
                         .weight_decay = (float)one_of(decays, 5),
                         .nesterov = momentum && coin(),
                         .maximize = coin(),
                         .first_step = case_once_in(3)};
    case_shape(c, "count %lld lr %g momentum %g %g decay %g%s%s%s%s", (long long)count, (double)s.lr, (double)s.momentum,
               (double)s.one_minus_dampening, (double)s.weight_decay, momentum ? " buffer" : "", s.nesterov ? " nesterov" : "",
               s.maximize ? " maximize" : "", s.first_step ? " first" : "");
    const float *grad = case_operand(c, count);
    case_output param = case_updated(c, "param", count, case_operand(c, count)), buffer = {NULL, NULL};
    if (momentum)
        buffer = case_updated(c, "buffer", count, case_operand(c, count));
    iso_ref_sgd(&s, count, grad, buffer.expected, param.expected);
    while (case_next(c))
        iso_cpu_sgd(&c->exec, &s, count, grad, buffer.actual, param.actual);
}

CASES(adam, 5) {
    static const double decays[] = {0, 0, 0.01, 1e-4, 0.5}, rates[] = {1e-3, 0.1, 0, 1e-30, 1e30}, epsilons[] = {1e-8, 1e-3, 0};
    static const double betas[] = {0.9, 0.999, 0.5, 0};
    int64_t count = case_count(), t = coin() ? iso_test_between(1, 5) : case_size(1000000);
    bool decoupled = coin(), amsgrad = coin(), squares = iso_test_between(0, 15);
    double lr = one_of(rates, 5), beta1 = one_of(betas, 4), beta2 = one_of(betas, 4), eps = one_of(epsilons, 3),
           decay = one_of(decays, 5);
    iso_adam_scalars s = iso_adam_scalars_at(t, lr, beta1, beta2, eps, decay, decoupled, amsgrad, coin());
    case_shape(c, "count %lld t %lld decay %g %g 1-beta1 %g beta2 %g step %g c2 %g eps %g%s%s", (long long)count, (long long)t,
               (double)s.weight_decay, (double)s.decay, (double)s.one_minus_beta1, (double)s.beta2, (double)s.step_size,
               (double)s.c2, (double)s.eps, s.amsgrad ? " amsgrad" : "", s.maximize ? " maximize" : "");
    const float *grad = case_operand(c, count);
    float *second = case_operand(c, count), *largest = case_operand(c, count);
    for (int64_t i = 0; squares && i < count; i++) {
        second[i] = second[i] < 0 ? -second[i] : second[i];
        largest[i] = largest[i] < 0 ? -largest[i] : largest[i];
    }
    case_output param = case_updated(c, "param", count, case_operand(c, count));
    case_output m = case_updated(c, "m", count, case_operand(c, count)), v = case_updated(c, "v", count, second);
    case_output vmax = {NULL, NULL};
    if (amsgrad)
        vmax = case_updated(c, "vmax", count, largest);
    iso_ref_adam(&s, count, grad, m.expected, v.expected, vmax.expected, param.expected);
    while (case_next(c))
        iso_cpu_adam(&c->exec, &s, count, grad, m.actual, v.actual, vmax.actual, param.actual);
}
