/* The operations behind functions that ctypes can call, for probe.py: on an instruction set and a number of threads, or by the
 * reference. Shapes are arrays of int64 in the order of the structs' members. */
#include <stdlib.h>
#include <string.h>

#include "core/context.h"
#include "ops/batch_norm2d.h"
#include "ops/conv2d.h"
#include "ops/gemm.h"
#include "ops/linear.h"
#include "ops/loss.h"
#include "ops/pool2d.h"

#define EXPORT __attribute__((visibility("default")))

typedef struct probe {
    iso_context *ctx;
    iso_exec exec;
    size_t size; /* of the scratch memory */
    bool reference;
} probe;

EXPORT probe *probe_open(int threads, const char *isa);
EXPORT void probe_close(probe *p);
EXPORT const char *probe_error(void);
EXPORT void probe_gemm(probe *p, const int64_t *shape, const float *a, const float *b, float *c);
EXPORT void probe_conv2d(probe *p, const char *which, const int64_t *shape, const float *a, const float *b, float *out);
EXPORT void probe_linear(probe *p, const char *which, const int64_t *shape, const float *a, const float *b, float *out);
EXPORT void probe_batch_norm2d(probe *p, const char *which, const int64_t *shape, const float *x, float *out);
EXPORT void probe_pool2d(probe *p, const char *which, const int64_t *shape, const float *x, float *out);
EXPORT float probe_cross_entropy(probe *p, int64_t n, int64_t k, double smoothing, const float *x, const int64_t *target,
                                 float *dx);
EXPORT void probe_mse(probe *p, int64_t calls, int64_t n, int64_t k, const float *x, float *losses);

/* isa: "reference", or the name of an instruction set. */
EXPORT probe *probe_open(int threads, const char *isa) {
    probe *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    p->reference = strcmp(isa, "reference") == 0;
    if (iso_context_new(&p->ctx, &(iso_context_options){.threads = threads, .isa = p->reference ? NULL : isa})) {
        free(p);
        return NULL;
    }
    p->exec = (iso_exec){p->ctx->pool, p->ctx->isa, NULL};
    return p;
}

EXPORT const char *probe_error(void) {
    return iso_error(NULL);
}

EXPORT void probe_close(probe *p) {
    iso_context_free(p->ctx);
    free(p->exec.scratch);
    free(p);
}

static const iso_exec *with_scratch(probe *p, size_t size) {
    if (size > p->size) {
        free(p->exec.scratch);
        p->size = size;
        if (posix_memalign(&p->exec.scratch, 64, size) != 0)
            abort();
    }
    return &p->exec;
}

EXPORT void probe_gemm(probe *p, const int64_t *shape, const float *a, const float *b, float *c) {
    iso_gemm_shape s;
    memcpy(&s, shape, sizeof s);
    if (p->reference)
        iso_ref_gemm(&s, a, b, c);
    else
        iso_cpu_gemm(with_scratch(p, iso_cpu_gemm_scratch(&p->exec, &s)), &s, a, b, c);
}

#define ONE_OF(name, reference_call, size, kernel_call)                                                                          \
    if (strcmp(which, name) == 0) {                                                                                              \
        if (p->reference)                                                                                                        \
            reference_call;                                                                                                      \
        else {                                                                                                                   \
            const iso_exec *e = with_scratch(p, size);                                                                           \
            kernel_call;                                                                                                         \
        }                                                                                                                        \
        return;                                                                                                                  \
    }

/* a, b: x and weight, dy and weight, x and dy, or dy alone. */
EXPORT void probe_conv2d(probe *p, const char *which, const int64_t *shape, const float *a, const float *b, float *out) {
    iso_conv2d_shape s;
    memcpy(&s, shape, sizeof s);
    ONE_OF("forward", iso_ref_conv2d(&s, a, b, NULL, out), iso_cpu_conv2d_scratch(&p->exec, &s),
           iso_cpu_conv2d(e, &s, a, b, NULL, out))
    ONE_OF("backward input", iso_ref_conv2d_backward_input(&s, a, b, out), iso_cpu_conv2d_backward_input_scratch(&p->exec, &s),
           iso_cpu_conv2d_backward_input(e, &s, a, b, out))
    ONE_OF("backward weight", iso_ref_conv2d_backward_weight(&s, a, b, out), iso_cpu_conv2d_backward_weight_scratch(&p->exec, &s),
           iso_cpu_conv2d_backward_weight(e, &s, a, b, out))
    ONE_OF("backward bias", iso_ref_conv2d_backward_bias(&s, a, out), iso_cpu_conv2d_backward_bias_scratch(&p->exec, &s),
           iso_cpu_conv2d_backward_bias(e, &s, a, out))
    abort();
}

EXPORT void probe_linear(probe *p, const char *which, const int64_t *shape, const float *a, const float *b, float *out) {
    iso_linear_shape s;
    memcpy(&s, shape, sizeof s);
    ONE_OF("forward", iso_ref_linear(&s, a, b, NULL, out), iso_cpu_linear_scratch(&p->exec, &s),
           iso_cpu_linear(e, &s, a, b, NULL, out))
    ONE_OF("backward input", iso_ref_linear_backward_input(&s, a, b, out), iso_cpu_linear_backward_input_scratch(&p->exec, &s),
           iso_cpu_linear_backward_input(e, &s, a, b, out))
    ONE_OF("backward weight", iso_ref_linear_backward_weight(&s, a, b, out), iso_cpu_linear_backward_weight_scratch(&p->exec, &s),
           iso_cpu_linear_backward_weight(e, &s, a, b, out))
    ONE_OF("backward bias", iso_ref_linear_backward_bias(&s, a, out), iso_cpu_linear_backward_bias_scratch(&p->exec, &s),
           iso_cpu_linear_backward_bias(e, &s, a, out))
    abort();
}

/* shape: samples, pixels, channels. out: one number per channel. "mean": of x; "squares": the variance's sum, read from the
 * running variance, of an x whose mean is 0; "dbias", "dweight": of dy = x, where the normalised x is 1 everywhere. */
EXPORT void probe_batch_norm2d(probe *p, const char *which, const int64_t *shape, const float *x, float *out) {
    iso_batch_norm2d_shape s = {shape[0], shape[1], shape[2], 1};
    size_t c = (size_t)s.c, count = (size_t)(s.n * s.hw) * c;
    float *all = calloc(7 * c + 2 * count, sizeof *all), *mean = all, *invstd = all + c, *running_mean = all + 2 * c,
          *running_var = all + 3 * c, *zero = all + 4 * c, *one = all + 5 * c, *dbias = all + 6 * c, *y = all + 7 * c,
          *ones = y + count;
    if (!all)
        abort();
    for (size_t i = 0; i < c; i++)
        one[i] = 1;
    for (size_t i = 0; i < count; i++)
        ones[i] = 1;
    size_t forward = iso_cpu_batch_norm2d_scratch(&p->exec, &s, NULL),
           backward = iso_cpu_batch_norm2d_backward_scratch(&p->exec, &s, NULL);
    const iso_exec *e = with_scratch(p, forward > backward ? forward : backward);
    if (which[0] == 'd') {
        float *dweight = invstd;
        if (p->reference)
            iso_ref_batch_norm2d_backward(&s, true, ones, x, NULL, zero, one, dweight, dbias, y);
        else
            iso_cpu_batch_norm2d_backward(e, &s, true, ones, x, NULL, zero, one, NULL, dweight, dbias, y);
        memcpy(out, strcmp(which, "dbias") == 0 ? dbias : dweight, c * sizeof *out);
    } else {
        if (p->reference)
            iso_ref_batch_norm2d(&s, x, NULL, NULL, 1, running_mean, running_var, mean, invstd, y);
        else
            iso_cpu_batch_norm2d(e, &s, x, NULL, NULL, 1, running_mean, running_var, mean, invstd, NULL, y);
        memcpy(out, strcmp(which, "mean") == 0 ? mean : running_var, c * sizeof *out);
    }
    free(all);
}

/* shape: the numbers of iso_pool2d_shape; no padding is counted. */
EXPORT void probe_pool2d(probe *p, const char *which, const int64_t *shape, const float *x, float *out) {
    iso_pool2d_shape s = {.n = 0};
    memcpy(&s, shape, 14 * sizeof *shape);
    s.divisor_override = 1;
    ONE_OF("avg", iso_ref_avg_pool2d(&s, x, out), 0, iso_cpu_avg_pool2d(e, &s, x, out))
    ONE_OF("avg backward", iso_ref_avg_pool2d_backward(&s, x, out), 0, iso_cpu_avg_pool2d_backward(e, &s, x, out))
    ONE_OF("adaptive", iso_ref_adaptive_avg_pool2d(&s, x, out), 0, iso_cpu_adaptive_avg_pool2d(e, &s, x, out))
    abort();
}

EXPORT float probe_cross_entropy(probe *p, int64_t n, int64_t k, double smoothing, const float *x, const int64_t *target,
                                 float *dx) {
    iso_cross_entropy_shape s = {n, k, ISO_REDUCTION_SUM, -1, smoothing};
    float loss;
    if (p->reference)
        iso_ref_cross_entropy(&s, x, target, &loss, dx);
    else
        iso_cpu_cross_entropy(with_scratch(p, iso_cpu_cross_entropy_scratch(&p->exec, &s)), &s, x, target, &loss, dx);
    return loss;
}

/* `calls` losses, each of its own n x k numbers and a target of zeros. */
EXPORT void probe_mse(probe *p, int64_t calls, int64_t n, int64_t k, const float *x, float *losses) {
    iso_mse_shape s = {n, k, ISO_REDUCTION_SUM};
    float *zero = calloc((size_t)(n * k), sizeof *zero), *dx = calloc((size_t)(n * k), sizeof *dx);
    if (!zero || !dx)
        abort();
    for (int64_t i = 0; i < calls; i++, x += n * k) {
        if (p->reference)
            iso_ref_mse_loss(&s, x, zero, &losses[i], dx);
        else
            iso_cpu_mse_loss(with_scratch(p, iso_cpu_mse_loss_scratch(&p->exec, &s)), &s, x, zero, &losses[i], dx);
    }
    free(zero);
    free(dx);
}
