/* SGD, Adam, AdamW: state per parameter, and one step over all of them. docs/contract.md#sgd */
#include <fenv.h>
#include <math.h>
#include <string.h>

#include "nn/module.h"
#include "nn/optimizer.h"
#include "ops/optim.h"

typedef enum kind { SGD, ADAM, ADAMW } kind;

/* One parameter with its moments. */
struct slot {
    iso_named_tensor param;
    iso_tensor *moments[3];
    char *names[3];
};

struct iso_optimizer {
    iso_context *ctx;
    kind kind;
    iso_sgd_options sgd;
    iso_adam_options adam;
    double lr;
    struct slot *slots;
    size_t count;
    iso_tensor *step; /* one int64: steps taken */
};

static const char *const sgd_moments[] = {"momentum_buffer"};
static const char *const adam_moments[] = {"exp_avg", "exp_avg_sq", "max_exp_avg_sq"};

static size_t moment_count(const iso_optimizer *o) {
    return o->kind == SGD ? (o->sgd.momentum != 0 ? 1 : 0) : o->adam.amsgrad ? 3 : 2;
}

static iso_status make_slots(iso_optimizer *o, iso_module *module) {
    iso_context *ctx = o->ctx;
    size_t entries = iso_module_state_count(module);
    if (!(o->slots = iso_calloc(ctx, entries, sizeof *o->slots)))
        return ISO_ENOMEM;
    for (size_t i = 0; i < entries; i++) {
        iso_named_tensor entry = iso_module_state(module, i);
        if (!entry.grad)
            continue;
        struct slot *slot = &o->slots[o->count++];
        slot->param = entry;
        for (size_t j = 0; j < moment_count(o); j++) {
            const char *moment = (o->kind == SGD ? sgd_moments : adam_moments)[j];
            slot->moments[j] = iso_tensor_new(ctx, ISO_FLOAT32, entry.tensor->dims, entry.tensor->shape);
            slot->names[j] = iso_sprintf(ctx, "%s/%s", moment, entry.name);
            if (!slot->moments[j] || !slot->names[j])
                return ISO_ENOMEM;
        }
    }
    return (o->step = iso_tensor_new(ctx, ISO_INT64, 0, NULL)) ? ISO_OK : ISO_ENOMEM;
}

static iso_optimizer *make(iso_module *module, const iso_optimizer *like) {
    if (!module)
        return NULL;
    iso_context *ctx = module->ctx;
    if (!(like->lr >= 0) || isinf(like->lr)) {
        iso_fail(ctx, ISO_EINVAL, "lr is %g, expected a finite number of 0 or more", like->lr);
        return NULL;
    }
    iso_optimizer *o = iso_calloc(ctx, 1, sizeof *o);
    if (!o)
        return NULL;
    *o = *like;
    o->ctx = ctx;
    if (make_slots(o, module)) {
        iso_optimizer_free(o);
        return NULL;
    }
    return o;
}

iso_optimizer *iso_sgd_with(iso_module *module, iso_sgd_options options) {
    if (module && options.nesterov && (options.momentum <= 0 || options.dampening != 0)) {
        iso_fail(module->ctx, ISO_EINVAL, "SGD: nesterov=True needs a momentum above 0 and no dampening");
        return NULL;
    }
    return make(module, &(iso_optimizer){.kind = SGD, .sgd = options, .lr = options.lr});
}

static double or_default(double value, double fallback) {
    return value == 0 && !signbit(value) ? fallback : value;
}

static iso_optimizer *make_adam(iso_module *module, iso_adam_options options, kind which, double weight_decay) {
    options.lr = or_default(options.lr, 1e-3);
    options.beta1 = or_default(options.beta1, 0.9);
    options.beta2 = or_default(options.beta2, 0.999);
    options.eps = or_default(options.eps, 1e-8);
    options.weight_decay = or_default(options.weight_decay, weight_decay);
    return make(module, &(iso_optimizer){.kind = which, .adam = options, .lr = options.lr});
}

iso_optimizer *iso_adam_with(iso_module *module, iso_adam_options options) {
    return make_adam(module, options, ADAM, 0);
}
iso_optimizer *iso_adamw_with(iso_module *module, iso_adam_options options) {
    return make_adam(module, options, ADAMW, 0.01);
}

void iso_optimizer_free(iso_optimizer *o) {
    if (!o)
        return;
    for (size_t i = 0; i < o->count; i++)
        for (size_t j = 0; j < ISO_COUNTOF(o->slots[i].moments); j++) {
            iso_tensor_free(o->ctx, o->slots[i].moments[j]);
            iso_free(o->ctx, o->slots[i].names[j]);
        }
    iso_free(o->ctx, o->slots);
    iso_tensor_free(o->ctx, o->step);
    iso_free(o->ctx, o);
}

static void step_sgd(iso_optimizer *o, const iso_exec *exec, bool first) {
    iso_sgd_scalars scalars = {.lr = (float)o->lr,
                               .momentum = (float)o->sgd.momentum,
                               .one_minus_dampening = (float)(1 - o->sgd.dampening),
                               .weight_decay = (float)o->sgd.weight_decay,
                               .nesterov = o->sgd.nesterov,
                               .maximize = o->sgd.maximize,
                               .first_step = first};
    for (size_t i = 0; i < o->count; i++) {
        struct slot *slot = &o->slots[i];
        iso_cpu_sgd(exec, &scalars, slot->param.tensor->numel, slot->param.grad->data,
                    slot->moments[0] ? slot->moments[0]->data : NULL, slot->param.tensor->data);
    }
}

static void step_adam(iso_optimizer *o, const iso_exec *exec, int64_t t) {
    iso_adam_scalars scalars = iso_adam_scalars_at(t, o->lr, o->adam.beta1, o->adam.beta2, o->adam.eps, o->adam.weight_decay,
                                                   o->kind == ADAMW, o->adam.amsgrad, o->adam.maximize);
    for (size_t i = 0; i < o->count; i++) {
        struct slot *slot = &o->slots[i];
        iso_cpu_adam(exec, &scalars, slot->param.tensor->numel, slot->param.grad->data, slot->moments[0]->data,
                     slot->moments[1]->data, slot->moments[2] ? slot->moments[2]->data : NULL, slot->param.tensor->data);
    }
}

void iso_optimizer_step(iso_optimizer *o) {
    fenv_t host; /* a step cannot be refused, so it is taken under the contract's arithmetic, whatever the caller's is */
    fegetenv(&host);
    fesetenv(FE_DFL_ENV);
    iso_exec exec = {o->ctx->pool, o->ctx->isa, NULL};
    int64_t *taken = iso_tensor_i64(o->step);
    if (o->kind == SGD)
        step_sgd(o, &exec, *taken == 0);
    else
        step_adam(o, &exec, *taken + 1);
    ++*taken;
    fesetenv(&host);
}

double iso_optimizer_lr(const iso_optimizer *o) {
    return o->lr;
}
void iso_optimizer_set_lr(iso_optimizer *o, double lr) {
    o->lr = lr;
}

size_t iso_optimizer_state_count(const iso_optimizer *o) {
    return o->count * moment_count(o) + 1;
}

iso_named_tensor iso_optimizer_state(const iso_optimizer *o, size_t index) {
    size_t moments = moment_count(o);
    if (index >= o->count * moments)
        return (iso_named_tensor){"step", index == o->count * moments ? o->step : NULL, NULL};
    const struct slot *slot = &o->slots[index / moments];
    return (iso_named_tensor){slot->names[index % moments], slot->moments[index % moments], NULL};
}

/* ---- Recipe ---- */

static const iso_param sgd_params[] = {
    {"lr", ISO_ARG_FLOAT, "0.001", 0, 1e30},        {"momentum", ISO_ARG_FLOAT, "0", 0, 1e30},
    {"dampening", ISO_ARG_FLOAT, "0", -1e30, 1e30}, {"weight_decay", ISO_ARG_FLOAT, "0", 0, 1e30},
    {"nesterov", ISO_ARG_BOOL, "False", 0, 0},      {"maximize", ISO_ARG_BOOL, "False", 0, 0},
};
static const iso_param adam_params[] = {
    {"lr", ISO_ARG_FLOAT, "0.001", 0, 1e30},  {"betas", ISO_ARG_FLOAT2, "(0.9, 0.999)", 0, 0.9999999999999999},
    {"eps", ISO_ARG_FLOAT, "1e-08", 0, 1e30}, {"weight_decay", ISO_ARG_FLOAT, "0", 0, 1e30},
    {"amsgrad", ISO_ARG_BOOL, "False", 0, 0}, {"maximize", ISO_ARG_BOOL, "False", 0, 0},
};
static const iso_param adamw_params[] = {
    {"lr", ISO_ARG_FLOAT, "0.001", 0, 1e30},  {"betas", ISO_ARG_FLOAT2, "(0.9, 0.999)", 0, 0.9999999999999999},
    {"eps", ISO_ARG_FLOAT, "1e-08", 0, 1e30}, {"weight_decay", ISO_ARG_FLOAT, "0.01", 0, 1e30},
    {"amsgrad", ISO_ARG_BOOL, "False", 0, 0}, {"maximize", ISO_ARG_BOOL, "False", 0, 0},
};

const iso_signature iso_optimizer_signatures[] = {
    {"SGD", sgd_params, ISO_COUNTOF(sgd_params)},
    {"Adam", adam_params, ISO_COUNTOF(adam_params)},
    {"AdamW", adamw_params, ISO_COUNTOF(adamw_params)},
};
const size_t iso_optimizer_signature_count = ISO_COUNTOF(iso_optimizer_signatures);

/* A number that was written out, so 0 means 0 and not the default. */
static double literal(double value) {
    return value == 0 ? ISO_ZERO : value;
}

iso_optimizer *iso_optimizer_from_args(iso_module *module, size_t signature, const iso_arg *a) {
    if (signature == SGD)
        return iso_sgd_with(module, (iso_sgd_options){.lr = a[0].f[0],
                                                      .momentum = a[1].f[0],
                                                      .dampening = a[2].f[0],
                                                      .weight_decay = a[3].f[0],
                                                      .nesterov = a[4].i[0],
                                                      .maximize = a[5].i[0]});
    iso_adam_options options = {.lr = literal(a[0].f[0]),
                                .beta1 = literal(a[1].f[0]),
                                .beta2 = literal(a[1].f[1]),
                                .eps = literal(a[2].f[0]),
                                .weight_decay = literal(a[3].f[0]),
                                .amsgrad = a[4].i[0],
                                .maximize = a[5].i[0]};
    return signature == ADAM ? iso_adam_with(module, options) : iso_adamw_with(module, options);
}
