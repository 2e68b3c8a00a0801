/* sgd, adam: docs/contract.md. Ranges of elements are tasks. */
#include "ops/optim.h"

#include "kernels/parallel.h"

struct sgd {
    const iso_kernels *k;
    const iso_sgd_scalars *s;
    const float *grad;
    float *buffer, *param;
};

static void sgd(void *argument, int64_t first, int64_t count) {
    const struct sgd *o = argument;
    o->k->sgd(o->s, count, o->grad + first, o->buffer ? o->buffer + first : NULL, o->param + first);
}

void iso_cpu_sgd(const iso_exec *e, const iso_sgd_scalars *s, int64_t count, const float *grad, float *buffer, float *param) {
    iso_parallel_ranges(e, count, sgd, &(struct sgd){iso_kernels_of(e->isa), s, grad, buffer, param});
}

struct adam {
    const iso_kernels *k;
    const iso_adam_scalars *s;
    const float *grad;
    float *m, *v, *vmax, *param;
};

static void adam(void *argument, int64_t first, int64_t count) {
    const struct adam *o = argument;
    o->k->adam(o->s, count, o->grad + first, o->m + first, o->v + first, o->vmax ? o->vmax + first : NULL, o->param + first);
}

void iso_cpu_adam(const iso_exec *e, const iso_adam_scalars *s, int64_t count, const float *grad, float *m, float *v, float *vmax,
                  float *param) {
    iso_parallel_ranges(e, count, adam, &(struct adam){iso_kernels_of(e->isa), s, grad, m, v, vmax, param});
}
