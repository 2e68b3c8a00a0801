/* sgd, adam: docs/contract.md. The options are hoisted out of the loops: each combination that people use is one loop. */

static inline float ISA(sgd_gradient)(const iso_sgd_scalars *s, float grad, float param) {
    float g = s->maximize ? -grad : grad;
    return s->weight_decay != 0 ? iso_fmaf(s->weight_decay, param, g) : g;
}

static void ISA(sgd)(const iso_sgd_scalars *scalars, int64_t count, const float *grad, float *buffer, float *param) {
    const iso_sgd_scalars s = *scalars;
    if (!buffer) {
        for (int64_t i = 0; i < count; i++)
            param[i] = iso_fmaf(-s.lr, ISA(sgd_gradient)(&s, grad[i], param[i]), param[i]);
        return;
    }
    for (int64_t i = 0; i < count; i++) {
        float g = ISA(sgd_gradient)(&s, grad[i], param[i]);
        float moment = s.first_step ? g : iso_fmaf(s.momentum, buffer[i], s.one_minus_dampening * g);
        buffer[i] = moment;
        param[i] = iso_fmaf(-s.lr, s.nesterov ? iso_fmaf(s.momentum, moment, g) : moment, param[i]);
    }
}

static void ISA(adam)(const iso_adam_scalars *scalars, int64_t count, const float *grad, float *m, float *v, float *vmax,
                      float *param) {
    const iso_adam_scalars s = *scalars;
    for (int64_t i = 0; i < count; i++) {
        float g = s.maximize ? -grad[i] : grad[i], p = param[i] * s.decay;
        if (s.weight_decay != 0)
            g = iso_fmaf(s.weight_decay, p, g);
        float first = iso_fmaf(s.one_minus_beta1, g - m[i], m[i]);
        float second = iso_fmaf(s.one_minus_beta2 * g, g, s.beta2 * v[i]), u = second;
        m[i] = first;
        v[i] = second;
        if (s.amsgrad)
            u = vmax[i] = second > vmax[i] ? second : vmax[i];
        param[i] = iso_fmaf(-s.step_size, first / (__builtin_sqrtf(u) / s.c2 + s.eps), p);
    }
}
