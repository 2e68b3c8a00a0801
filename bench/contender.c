/* The library's side of bench/kernels.py, bench/functions.py and bench/training.py: kernels on plain arrays, and training steps,
 * behind functions that ctypes can call. Built as a shared library of its own, since kernels are no part of the public interface.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "timing.h"
#include "core/context.h"
#include "data/loader.h"
#include "isobit/nn.h"
#include "nn/plan.h"
#include "ops/batch_norm2d.h"
#include "ops/group_norm.h"
#include "ops/gemm.h"
#include "ops/loss.h"
#include "ops/math_functions.h"
#include "roofline.h"
#include "shapes.h"

#define EXPORT __attribute__((visibility("default")))

/* A context and scratch memory that grows as kernels ask for it. */
typedef struct contender {
    iso_context *ctx;
    void *scratch;
    size_t size;
} contender;

EXPORT contender *contender_open(int threads, const char *isa);
EXPORT const char *contender_isa(const contender *c);
EXPORT void contender_gemm(contender *c, int64_t m, int64_t n, int64_t k, const float *a, const float *b, float *out);
EXPORT void contender_conv2d(contender *c, int which, const int64_t *shape, const float *a, const float *b, float *out);
EXPORT void contender_batch_norm(contender *c, const int64_t *shape, const float *x, const float *dy, float *y, float *dx,
                                 float *vectors);
EXPORT void contender_group_norm(contender *c, const int64_t *shape, const float *x, const float *dy, float *y, float *dx,
                                 float *vectors, float *statistics);
EXPORT void contender_cross_entropy(contender *c, int64_t n, int64_t k, const float *x, const int64_t *target, float *dx);
EXPORT int contender_function(contender *c, const char *name, int64_t count, const float *x, float *y);
EXPORT iso_module *contender_cnn(contender *c, int64_t size, int64_t classes);
EXPORT iso_module *contender_resnet18(contender *c, int64_t size, int64_t classes);
EXPORT iso_optimizer *contender_sgd(iso_module *model, double lr, double momentum);
EXPORT int contender_step(iso_module *model, iso_optimizer *optimizer, const int64_t *shape, float *x, int64_t *target,
                          float *loss);
EXPORT void contender_profile(contender *c, iso_module *model, const int64_t *shape, float *x, int64_t *target, int rounds);

EXPORT struct pipeline *contender_pipeline(contender *c, const char *root, const char *chain, int64_t batch, int64_t workers,
                                           int threads, int64_t keep, int64_t seed);
EXPORT int64_t contender_pipeline_epoch(struct pipeline *p, float *x, int64_t *labels);
EXPORT void contender_pipeline_free(struct pipeline *p);

EXPORT size_t contender_memory(const iso_module *model);
EXPORT const char *contender_error(const contender *c);

EXPORT contender *contender_open(int threads, const char *isa) {
    contender *c = calloc(1, sizeof *c);
    if (c && iso_context_new(&c->ctx, &(iso_context_options){.threads = threads, .isa = isa})) {
        free(c);
        return NULL;
    }
    return c;
}

EXPORT const char *contender_isa(const contender *c) {
    return iso_context_isa(c->ctx);
}

EXPORT const char *contender_error(const contender *c) {
    return iso_error(c->ctx);
}

static iso_exec exec_of(contender *c) {
    return (iso_exec){c->ctx->pool, c->ctx->isa, c->scratch};
}

/* An exec with at least so much scratch. */
static iso_exec with_scratch(contender *c, size_t size) {
    if (size > c->size) {
        iso_free(c->ctx, c->scratch);
        c->scratch = iso_alloc(c->ctx, size); /* as a plan's scratch memory, with huge pages where there are such */
        c->size = c->scratch ? size : 0;
    }
    return exec_of(c);
}

/* ---- Kernels ---- */

EXPORT void contender_gemm(contender *c, int64_t m, int64_t n, int64_t k, const float *a, const float *b, float *out) {
    iso_gemm_shape s = {.m = m, .n = n, .k = k, .a_row = k, .a_col = 1, .b_row = n, .b_col = 1, .c_row = n};
    iso_exec e = exec_of(c);
    e = with_scratch(c, iso_cpu_gemm_scratch(&e, &s));
    iso_cpu_gemm(&e, &s, a, b, out);
}

/* which: 0 forward (x, weight, y), 1 dx (dy, weight, dx), 2 dw (x, dy, dw). shape: n, c, size, co, kernel, stride, padding of
 * square images. */
EXPORT void contender_conv2d(contender *c, int which, const int64_t *shape, const float *a, const float *b, float *out) {
    iso_conv2d_shape s = square_conv2d(shape[0], shape[1], shape[2], shape[3], shape[4], shape[5], shape[6]);
    iso_exec e = exec_of(c);
    if (which == 0) {
        e = with_scratch(c, iso_cpu_conv2d_scratch(&e, &s));
        iso_cpu_conv2d(&e, &s, a, b, NULL, out);
    } else if (which == 1) {
        e = with_scratch(c, iso_cpu_conv2d_backward_input_scratch(&e, &s));
        iso_cpu_conv2d_backward_input(&e, &s, a, b, out);
    } else {
        e = with_scratch(c, iso_cpu_conv2d_backward_weight_scratch(&e, &s));
        iso_cpu_conv2d_backward_weight(&e, &s, a, b, out);
    }
}

/* Training forward and backward; shape: n, pixels, channels; vectors: 8 times that many channels. */
EXPORT void contender_batch_norm(contender *c, const int64_t *shape, const float *x, const float *dy, float *y, float *dx,
                                 float *vectors) {
    iso_batch_norm2d_shape s = {shape[0], shape[1], shape[2], 1e-5};
    iso_exec e = exec_of(c);
    size_t forward = iso_cpu_batch_norm2d_scratch(&e, &s, NULL), backward = iso_cpu_batch_norm2d_backward_scratch(&e, &s, NULL);
    e = with_scratch(c, forward > backward ? forward : backward);
    float *v[8];
    for (int i = 0; i < 8; i++)
        v[i] = vectors + i * s.c;
    iso_cpu_batch_norm2d(&e, &s, x, v[0], v[1], 0.1f, v[2], v[3], v[4], v[5], NULL, y);
    iso_cpu_batch_norm2d_backward(&e, &s, true, x, dy, v[0], v[4], v[5], NULL, v[6], v[7], dx);
}

/* Forward and backward; shape: n, pixels, channels, groups; vectors: 4 times that many channels; statistics: 2 x n x groups. */
EXPORT void contender_group_norm(contender *c, const int64_t *shape, const float *x, const float *dy, float *y, float *dx,
                                 float *vectors, float *statistics) {
    iso_group_norm_shape s = {shape[0], shape[1], shape[2], shape[3], 1e-5};
    iso_exec e = exec_of(c);
    e = with_scratch(c, iso_cpu_group_norm_backward_scratch(&e, &s));
    float *weight = vectors, *bias = weight + s.c, *dweight = bias + s.c, *dbias = dweight + s.c;
    float *mean = statistics, *invstd = mean + s.n * s.groups;
    iso_cpu_group_norm(&e, &s, x, weight, bias, mean, invstd, y);
    iso_cpu_group_norm_backward(&e, &s, x, dy, weight, mean, invstd, dx, dweight, dbias);
}

EXPORT void contender_cross_entropy(contender *c, int64_t n, int64_t k, const float *x, const int64_t *target, float *dx) {
    iso_cross_entropy_shape s = {.n = n, .k = k, .reduction = ISO_REDUCTION_MEAN, .ignore_index = -100};
    iso_exec e = exec_of(c);
    float loss;
    e = with_scratch(c, iso_cpu_cross_entropy_scratch(&e, &s));
    iso_cpu_cross_entropy(&e, &s, x, target, &loss, dx);
}

/* One of the functions of one number; not 0 if there is none of that name. */
EXPORT int contender_function(contender *c, const char *name, int64_t count, const float *x, float *y) {
    void (*function)(const iso_exec *e, int64_t count, const float *x, float *y) = NULL;
    iso_exec e = exec_of(c);
#define F(n)                                                                                                                     \
    if (strcmp(name, #n) == 0)                                                                                                   \
        function = iso_cpu_##n;
    ISO_MATH_FUNCTIONS(F)
#undef F
    if (!function)
        return 1;
    function(&e, count, x, y);
    return 0;
}

/* ---- Training steps ---- */

/* The tutorial's network for images of size x size. */
EXPORT iso_module *contender_cnn(contender *c, int64_t size, int64_t classes) {
    iso_context *ctx = c->ctx;
    return iso_sequential(ctx, iso_conv2d(ctx, 3, 16, .kernel_size = 3, .padding = 1), iso_batch_norm2d(ctx, 16), iso_relu(ctx),
                          iso_max_pool2d(ctx, .kernel_size = 2), iso_conv2d(ctx, 16, 32, .kernel_size = 3, .padding = 1),
                          iso_batch_norm2d(ctx, 32), iso_relu(ctx), iso_max_pool2d(ctx, .kernel_size = 2), iso_flatten(ctx),
                          iso_dropout(ctx, 0.5), iso_linear(ctx, 32 * (size / 4) * (size / 4), classes));
}

EXPORT iso_module *contender_resnet18(contender *c, int64_t size, int64_t classes) {
    (void)size;
    return iso_resnet18(c->ctx, .num_classes = classes);
}

EXPORT iso_optimizer *contender_sgd(iso_module *model, double lr, double momentum) {
    return iso_sgd(model, .lr = lr, .momentum = momentum);
}

/* Forward, backward, update. shape: n, c, h, w of x. 0 on success. */
EXPORT int contender_step(iso_module *model, iso_optimizer *optimizer, const int64_t *shape, float *x, int64_t *target,
                          float *loss) {
    iso_tensor input = {.dtype = ISO_FLOAT32, .dims = 4, .numel = shape[0] * shape[1] * shape[2] * shape[3], .data = x};
    iso_tensor classes = {.dtype = ISO_INT64, .dims = 1, .shape = {shape[0]}, .numel = shape[0], .data = target};
    memcpy(input.shape, shape, 4 * sizeof *shape);
    int status = (int)iso_loss_backward(model, &(iso_loss){0}, &input, &classes, loss, NULL);
    if (!status)
        iso_optimizer_step(optimizer);
    return status;
}

/* ---- Profile ---- */

struct profile {
    const iso_node *first;
    double latest, *spent;
};

static void note_time(void *user, const iso_run *run, const iso_node *node) {
    (void)run;
    struct profile *p = user;
    double time = now();
    double *fastest = &p->spent[node - p->first], took = time - p->latest;
    *fastest = *fastest == 0 || took < *fastest ? took : *fastest;
    p->latest = now();
}

/* Where a step's time goes: a line per operation of the plan, the fastest of `rounds` runs. */
EXPORT void contender_profile(contender *c, iso_module *model, const int64_t *shape, float *x, int64_t *target, int rounds) {
    iso_plan_key key = {.training = true, .gradients = true, .has_loss = true, .dims = 4};
    iso_plan *plan;
    memcpy(key.shape, shape, sizeof key.shape);
    if (iso_plan_get(model, &key, &plan))
        return;
    size_t count = plan->graph.node_count;
    struct profile p = {.first = plan->graph.nodes, .spent = calloc(count, sizeof *p.spent)};
    for (int round = 0; p.spent && round < rounds; round++) {
        p.latest = now();
        iso_plan_run_observed(model, plan, &(iso_tensor){.data = x}, &(iso_tensor){.data = target}, &c->ctx->generator, false,
                              note_time, &p);
    }
    if (p.spent)
        roofline_print(&plan->graph, p.spent, roofline_flops(c->ctx, c->ctx->isa, iso_context_threads(c->ctx)),
                       roofline_bandwidth(c->ctx));
    free(p.spent);
}

/* ---- Data ---- */

struct pipeline {
    contender *c;
    iso_dataset *dataset;
    iso_transforms *transforms;
    iso_loader *loader;
    iso_torch_generator generator;
};

static iso_status open_chain(iso_context *ctx, const char *text, iso_transforms **transforms) {
    iso_expr *list;
    size_t bad;
    int column;
    iso_status status = iso_expr_parse(ctx, text, &list, &column);
    if (!status) {
        status = iso_transforms_new(ctx, (const iso_expr *const *)list->items, list->count, 3, &bad, &column, transforms);
        iso_expr_free(ctx, list);
    }
    return status;
}

/* ImageFolder(root), the chain "[A(), B()]", and a DataLoader that shuffles. NULL: contender_error says why. */
EXPORT struct pipeline *contender_pipeline(contender *c, const char *root, const char *chain, int64_t batch, int64_t workers,
                                           int threads, int64_t keep, int64_t seed) {
    struct pipeline *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    p->c = c;
    iso_status status = iso_image_folder_open(c->ctx, root, &(iso_folder_options){.keep = (size_t)keep}, &p->dataset);
    if (!status)
        status = open_chain(c->ctx, chain, &p->transforms);
    if (!status)
        status = iso_loader_new(c->ctx, p->dataset, p->transforms,
                                &(iso_loader_options){.batch_size = batch,
                                                      .shuffle = true,
                                                      .num_workers = workers,
                                                      .persistent_workers = workers > 0,
                                                      .threads = threads},
                                &p->loader);
    if (status) {
        contender_pipeline_free(p);
        return NULL;
    }
    iso_torch_manual_seed(&p->generator, (uint64_t)seed);
    return p;
}

EXPORT void contender_pipeline_free(struct pipeline *p) {
    if (!p)
        return;
    iso_loader_free(p->loader);
    iso_transforms_free(p->transforms);
    iso_dataset_free(p->dataset);
    free(p);
}

/* One epoch, copied to x and labels if they are not NULL. The number of samples, or -1. */
EXPORT int64_t contender_pipeline_epoch(struct pipeline *p, float *x, int64_t *labels) {
    const iso_batch *batch = NULL;
    int64_t count = 0;
    iso_status status = iso_loader_begin(p->loader, &p->generator, NULL);
    while (!status && !(status = iso_loader_next(p->loader, &batch)) && batch) {
        if (x) {
            memcpy(x + count * (batch->x.numel / batch->count), batch->x.data, (size_t)batch->x.numel * sizeof(float));
            memcpy(labels + count, batch->labels.data, (size_t)batch->count * sizeof(int64_t));
        }
        count += batch->count;
    }
    if (!status)
        iso_loader_end(p->loader, &p->generator, NULL);
    return status ? -1 : count;
}

EXPORT size_t contender_memory(const iso_module *model) {
    return iso_module_memory(model);
}
