/* The public forward and backward calls: check, find the plan, run it. */
#include <string.h>

#include "nn/module.h"
#include "nn/plan.h"

/* The default initial values are drawn at the first use, unless somebody has done it before. */
static iso_status prepare(iso_module *module, const iso_tensor *x) {
    iso_context *ctx = module->ctx;
    char shape[96];
    iso_status status = iso_check_floats(ctx);
    if (status)
        return status;
    if (x->dtype != ISO_FLOAT32 || (x->dims != 2 && x->dims != 4) || x->numel == 0)
        return iso_fail(ctx, ISO_EINVAL,
                        "the input has shape %s and type %s, expected float32 of shape (n, features) or (n, c, h, w)",
                        iso_shape_text(x->dims, x->shape, shape), iso_dtype_name(x->dtype));
    return module->ready ? ISO_OK : iso_module_reset_parameters(module, &ctx->generator);
}

static iso_plan_key key_of(const iso_module *module, const iso_loss *loss, const iso_tensor *x, bool gradients) {
    iso_plan_key key = {.training = module->training,
                        .gradients = gradients,
                        .has_loss = loss != NULL,
                        .plain = module->plain,
                        .micro_batch = module->plain ? 0 : module->micro_batch,
                        .dims = x->dims};
    if (loss)
        key.loss = *loss;
    memcpy(key.shape, x->shape, sizeof(int64_t) * (size_t)x->dims);
    return key;
}

/* Targets are checked on every call: an index out of range would read outside of the logits. */
static iso_status check_target(iso_context *ctx, const iso_plan *plan, const iso_tensor *target) {
    const iso_value *y = &plan->graph.values[plan->y];
    char shape[96], expected[96];
    if (plan->key.loss.kind == ISO_MSE) {
        if (target->dtype != ISO_FLOAT32 || target->numel != y->numel)
            return iso_fail(ctx, ISO_EINVAL, "the target has shape %s and type %s, MSELoss expects float32 of shape %s",
                            iso_shape_text(target->dims, target->shape, shape), iso_dtype_name(target->dtype),
                            iso_shape_text(y->dims, y->shape, expected));
        return ISO_OK;
    }
    if (target->dtype != ISO_INT64 || target->numel != y->shape[0])
        return iso_fail(ctx, ISO_EINVAL, "the target has shape %s and type %s, CrossEntropyLoss expects int64 of shape (%lld)",
                        iso_shape_text(target->dims, target->shape, shape), iso_dtype_name(target->dtype),
                        (long long)y->shape[0]);
    int64_t ignore = plan->key.loss.has_ignore_index ? plan->key.loss.ignore_index : -100;
    const int64_t *t = iso_tensor_i64(target);
    for (int64_t i = 0; i < target->numel; i++)
        if ((t[i] < 0 || t[i] >= y->shape[1]) && t[i] != ignore)
            return iso_fail(ctx, ISO_EINVAL, "target[%lld] is class %lld, expected 0 to %lld", (long long)i, (long long)t[i],
                            (long long)y->shape[1] - 1);
    return ISO_OK;
}

static iso_status check_output(iso_context *ctx, const iso_plan *plan, const iso_tensor *y) {
    const iso_value *output = &plan->graph.values[plan->y];
    char shape[96], expected[96];
    if (y->dtype == ISO_FLOAT32 && y->numel == output->numel)
        return ISO_OK;
    return iso_fail(ctx, ISO_EINVAL, "the output tensor has shape %s and type %s, expected float32 of shape %s",
                    iso_shape_text(y->dims, y->shape, shape), iso_dtype_name(y->dtype),
                    iso_shape_text(output->dims, output->shape, expected));
}

static iso_status step(iso_module *module, const iso_loss *loss_function, const iso_tensor *x, const iso_tensor *target,
                       bool gradients, float *loss, iso_tensor *y) {
    iso_status status = prepare(module, x);
    if (status)
        return status;
    iso_plan *plan;
    iso_plan_key key = key_of(module, loss_function, x, gradients);
    if ((status = iso_plan_get(module, &key, &plan)) || (loss_function && (status = check_target(module->ctx, plan, target))) ||
        (y && (status = check_output(module->ctx, plan, y))))
        return status;
    iso_plan_run_observed(module, plan, x, target, &module->ctx->generator, false, module->after, module->after_user);
    if (loss)
        *loss = iso_plan_loss(module, plan);
    if (y)
        iso_plan_output(module, plan, iso_tensor_f32(y));
    return ISO_OK;
}

iso_status iso_forward(iso_module *module, const iso_tensor *x, iso_tensor *y) {
    return step(module, NULL, x, NULL, false, NULL, y);
}

iso_status iso_loss_backward(iso_module *module, const iso_loss *loss_function, const iso_tensor *x, const iso_tensor *target,
                             float *loss, iso_tensor *y) {
    return step(module, loss_function, x, target, true, loss, y);
}

iso_status iso_loss_forward(iso_module *module, const iso_loss *loss_function, const iso_tensor *x, const iso_tensor *target,
                            float *loss, iso_tensor *y) {
    return step(module, loss_function, x, target, false, loss, y);
}
