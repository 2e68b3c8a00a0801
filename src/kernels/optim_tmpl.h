/* sgd, adam: docs/contract.md. Whole vectors first, then element by element what is left. */

static void ISA(sgd)(const iso_sgd_scalars *scalars, int64_t count, const float *restrict grad, float *restrict buffer,
                     float *restrict param) {
    const iso_sgd_scalars s = *scalars;
    const vec decay = vec_all(s.weight_decay), momentum = vec_all(s.momentum), damp = vec_all(s.one_minus_dampening),
              rate = vec_all(-s.lr);
    int64_t i = 0;
    for (; i + WIDTH <= count; i += WIDTH) {
        vec g = vec_load(grad + i), p = vec_load(param + i);
        g = s.maximize ? -g : g;
        g = s.weight_decay != 0 ? vec_fma(decay, p, g) : g;
        if (buffer) {
            vec moment = s.first_step ? g : vec_fma(momentum, vec_load(buffer + i), damp * g);
            vec_store(buffer + i, moment);
            g = s.nesterov ? vec_fma(momentum, moment, g) : moment;
        }
        vec_store(param + i, vec_fma(rate, g, p));
    }
    iso_ref_sgd(scalars, count - i, grad + i, buffer ? buffer + i : NULL, param + i);
}

static void ISA(adam)(const iso_adam_scalars *scalars, int64_t count, const float *restrict grad, float *restrict m,
                      float *restrict v, float *restrict vmax, float *restrict param) {
    const iso_adam_scalars s = *scalars;
    const vec weight_decay = vec_all(s.weight_decay), decay = vec_all(s.decay), rate1 = vec_all(s.one_minus_beta1),
              beta2 = vec_all(s.beta2), rate2 = vec_all(s.one_minus_beta2), c2 = vec_all(s.c2), eps = vec_all(s.eps),
              step = vec_all(-s.step_size);
    int64_t i = 0;
    for (; i + WIDTH <= count; i += WIDTH) {
        vec g = vec_load(grad + i), p = vec_load(param + i) * decay;
        g = s.maximize ? -g : g;
        g = s.weight_decay != 0 ? vec_fma(weight_decay, p, g) : g;
        vec first = vec_load(m + i), second = vec_load(v + i);
        first = vec_fma(rate1, g - first, first);
        second = vec_fma(rate2 * g, g, beta2 * second);
        vec_store(m + i, first);
        vec_store(v + i, second);
        if (s.amsgrad) {
            second = vec_greater(second, vec_load(vmax + i));
            vec_store(vmax + i, second);
        }
        vec_store(param + i, vec_fma(step, first / (vec_sqrt(second) / c2 + eps), p));
    }
    iso_ref_adam(scalars, count - i, grad + i, m + i, v + i, vmax ? vmax + i : NULL, param + i);
}
