/* SGD, Adam, AdamW: https://pytorch.org/docs/stable/generated/torch.optim.SGD.html, torch.optim.Adam.html, torch.optim.AdamW.html
 */
#include "ops/optim.h"

#include <math.h>

#include "math/math.h"

void iso_ref_sgd(const iso_sgd_scalars *s, int64_t count, const float *grad, float *buffer, float *param) {
    for (int64_t i = 0; i < count; i++) {
        float g = s->maximize ? -grad[i] : grad[i];
        if (s->weight_decay != 0)
            g = iso_fmaf(s->weight_decay, param[i], g);
        if (buffer) {
            buffer[i] = s->first_step ? g : iso_fmaf(s->momentum, buffer[i], s->one_minus_dampening * g);
            g = s->nesterov ? iso_fmaf(s->momentum, buffer[i], g) : buffer[i];
        }
        param[i] = iso_fmaf(-s->lr, g, param[i]);
    }
}

/* Left-to-right binary powering: one order of multiplications, where pow would be the C library's. */
static double power(double base, int64_t exponent) {
    double result = 1;
    for (int bit = 62; bit >= 0; bit--) {
        result = result * result;
        if (exponent >> bit & 1)
            result = result * base;
    }
    return result;
}

iso_adam_scalars iso_adam_scalars_at(int64_t t, double lr, double beta1, double beta2, double eps, double weight_decay,
                                     bool decoupled, bool amsgrad, bool maximize) {
    double c1 = 1 - power(beta1, t), c2 = sqrt(1 - power(beta2, t));
    return (iso_adam_scalars){.weight_decay = decoupled ? 0 : (float)weight_decay,
                              .decay = decoupled ? (float)(1 - lr * weight_decay) : 1,
                              .one_minus_beta1 = (float)(1 - beta1),
                              .beta2 = (float)beta2,
                              .one_minus_beta2 = (float)(1 - beta2),
                              .step_size = (float)(lr / c1),
                              .c2 = (float)c2,
                              .eps = (float)eps,
                              .amsgrad = amsgrad,
                              .maximize = maximize};
}

void iso_ref_adam(const iso_adam_scalars *s, int64_t count, const float *grad, float *m, float *v, float *vmax, float *param) {
    for (int64_t i = 0; i < count; i++) {
        float g = s->maximize ? -grad[i] : grad[i], p = param[i] * s->decay;
        if (s->weight_decay != 0)
            g = iso_fmaf(s->weight_decay, p, g);
        m[i] = iso_fmaf(s->one_minus_beta1, g - m[i], m[i]);
        v[i] = iso_fmaf(s->one_minus_beta2 * g, g, s->beta2 * v[i]);
        float u = v[i];
        if (s->amsgrad)
            u = vmax[i] = v[i] > vmax[i] ? v[i] : vmax[i];
        param[i] = iso_fmaf(-s->step_size, m[i] / (iso_sqrtf(u) / s->c2 + s->eps), p);
    }
}
