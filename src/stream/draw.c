#include "stream/draw.h"

/* ---- torch-cuda ---- */

static bool on_cuda(const iso_call *c) {
    return c->state->cuda.sms > 0;
}

/* For what is drawn there in a way that is not imitated. */
static iso_status not_on_cuda(iso_call *c) {
    return iso_call_fail(c, ISO_NO_ARGUMENT, "not imitated on CUDA (docs/streams.md says what is)");
}

/* ---- Floats ---- */

static iso_status check_float(iso_call *c, const iso_value *tensor) {
    if (iso_type_is_float(tensor->type))
        return ISO_OK;
    return iso_call_fail(c, ISO_NO_ARGUMENT, "needs a tensor of a floating-point type, got %s", iso_type_of(tensor->type)->name);
}

/* The largest finite number of a float type. */
static double largest(iso_type type) {
    return type == ISO_TYPE_F64 ? DBL_MAX : type == ISO_TYPE_F16 ? 65504 : type == ISO_TYPE_F32 ? FLT_MAX : 0x1.fep127;
}

iso_status iso_call_uniform(iso_call *c, iso_value *tensor, double low, double high) {
    if (check_float(c, tensor))
        return ISO_EINVAL;
    double limit = largest(tensor->type);
    if (!(low >= -limit && high <= limit && low <= high && high - low <= limit))
        return iso_call_fail(c, ISO_NO_ARGUMENT, "the bounds %g and %g are not ascending numbers of the type %s", low, high,
                             iso_type_of(tensor->type)->name);
    size_t n = (size_t)tensor->numel;
    if (on_cuda(c)) {
        if (tensor->type != ISO_TYPE_F32)
            return not_on_cuda(c);
        iso_torch_cuda_uniform(&c->state->cuda, tensor->data, n, (float)low, (float)high);
        return ISO_OK;
    }
    switch (tensor->type) {
    case ISO_TYPE_F32:
        iso_torch_uniform(c->torch, tensor->data, n, low, high);
        break;
    case ISO_TYPE_F64:
        iso_torch_uniform_f64(c->torch, tensor->data, n, low, high);
        break;
    case ISO_TYPE_F16:
        iso_torch_uniform_f16(c->torch, tensor->data, n, low, high);
        break;
    default:
        iso_torch_uniform_bf16(c->torch, tensor->data, n, low, high);
    }
    return ISO_OK;
}

iso_status iso_call_normal(iso_call *c, iso_value *tensor, double mean, double std) {
    if (check_float(c, tensor))
        return ISO_EINVAL;
    if (!(std >= 0))
        return iso_call_fail(c, ISO_NO_ARGUMENT, "std must be at least 0, got %g", std);
    size_t n = (size_t)tensor->numel;
    if (on_cuda(c))
        return not_on_cuda(c);
    switch (tensor->type) {
    case ISO_TYPE_F32:
        iso_torch_normal(c->torch, tensor->data, n, mean, std);
        break;
    case ISO_TYPE_F64:
        iso_torch_normal_f64(c->torch, tensor->data, n, mean, std);
        break;
    case ISO_TYPE_F16:
        iso_torch_normal_f16(c->torch, tensor->data, n, mean, std);
        break;
    default:
        iso_torch_normal_bf16(c->torch, tensor->data, n, mean, std);
    }
    return ISO_OK;
}

/* ---- Integers ---- */

iso_status iso_call_random(iso_call *c, iso_value *tensor, int64_t low, int64_t high) {
    const iso_type_info *type = iso_type_of(tensor->type);
    if (low >= high)
        return iso_call_fail(c, ISO_NO_ARGUMENT, "low (%lld) must be below high (%lld)", (long long)low, (long long)high);
    if (low < type->low || high - 1 > type->high)
        return iso_call_fail(c, ISO_NO_ARGUMENT, "the numbers %lld to %lld do not fit into the type %s", (long long)low,
                             (long long)high - 1, type->name);
    int64_t *drawn = iso_calloc(c->ctx, (size_t)tensor->numel + 1, sizeof *drawn);
    if (!drawn)
        return ISO_ENOMEM;
    if (on_cuda(c))
        iso_torch_cuda_randint(&c->state->cuda, drawn, (size_t)tensor->numel, low, high);
    else
        iso_torch_randint(c->torch, drawn, (size_t)tensor->numel, low, high);
    for (int64_t i = 0; i < tensor->numel; i++)
        iso_value_set_int(tensor, i, drawn[i]);
    iso_free(c->ctx, drawn);
    return ISO_OK;
}

/* From 0 to the type's largest number; of floats to 2^digits. float64 and int64 take 64 bits per
 * number, the others 32. */
iso_status iso_call_random_any(iso_call *c, iso_value *tensor) {
    iso_type type = tensor->type;
    bool wide = type == ISO_TYPE_F64 || type == ISO_TYPE_I64;
    uint64_t range = type == ISO_TYPE_BOOL ? 2 : (uint64_t)iso_type_of(type)->high + 1;
    if (on_cuda(c))
        return not_on_cuda(c);
    if (type == ISO_TYPE_U16 || type == ISO_TYPE_U32 || type == ISO_TYPE_U64)
        return iso_call_fail(c, ISO_NO_ARGUMENT, "PyTorch has no random_() without bounds for %s", iso_type_of(type)->name);
    for (int64_t i = 0; i < tensor->numel; i++) {
        uint64_t bits = wide ? iso_torch_random64(c->torch) : iso_torch_random32(c->torch);
        iso_value_set_int(tensor, i, (int64_t)(bits % range));
    }
    return ISO_OK;
}

iso_status iso_call_randperm(iso_call *c, iso_value *tensor) {
    if (!on_cuda(c)) {
        iso_torch_randperm(c->torch, tensor->data, tensor->numel);
        return ISO_OK;
    }
    uint64_t *work = iso_calloc(c->ctx, (size_t)tensor->numel + 1, 3 * sizeof *work);
    if (!work)
        return ISO_ENOMEM;
    iso_torch_cuda_randperm(&c->state->cuda, tensor->data, (size_t)tensor->numel, work);
    iso_free(c->ctx, work);
    return ISO_OK;
}

/* ---- Other distributions ---- */

static void draw_distribution(iso_torch_generator *g, iso_distribution which, double *out, size_t n, double a, double b) {
    switch (which) {
    case ISO_EXPONENTIAL:
        iso_torch_exponential(g, out, n, a);
        break;
    case ISO_GEOMETRIC:
        iso_torch_geometric(g, out, n, a);
        break;
    case ISO_CAUCHY:
        iso_torch_cauchy(g, out, n, a, b);
        break;
    case ISO_LOG_NORMAL:
        iso_torch_log_normal(g, out, n, a, b);
    }
}

iso_status iso_call_distribution(iso_call *c, iso_value *tensor, iso_distribution which, double a, double b) {
    double drawn[256];
    if (on_cuda(c))
        return not_on_cuda(c);
    if (which == ISO_GEOMETRIC ? tensor->type == ISO_TYPE_BOOL : check_float(c, tensor) != ISO_OK)
        return which == ISO_GEOMETRIC ? iso_call_fail(c, ISO_NO_ARGUMENT, "needs a tensor of numbers, got bool") : ISO_EINVAL;
    if (which == ISO_EXPONENTIAL && !(a >= 0))
        return iso_call_fail(c, ISO_NO_ARGUMENT, "lambd must be at least 0, got %g", a);
    if (which == ISO_EXPONENTIAL && c->torch->variant & ISO_TORCH_MKL)
        return iso_call_fail(c, ISO_NO_ARGUMENT, "MKL's exponential numbers are not imitated (docs/streams.md)");
    if (which == ISO_GEOMETRIC && !(a > 0 && a < 1))
        return iso_call_fail(c, ISO_NO_ARGUMENT, "p must lie between 0 and 1, got %g", a);
    if ((which == ISO_LOG_NORMAL || which == ISO_CAUCHY) && !(b > 0))
        return iso_call_fail(c, ISO_NO_ARGUMENT, "%s must be above 0, got %g", which == ISO_CAUCHY ? "sigma" : "std", b);
    for (int64_t done = 0, run; done < tensor->numel; done += run) {
        run = iso_min64(tensor->numel - done, (int64_t)ISO_COUNTOF(drawn));
        draw_distribution(c->torch, which, drawn, (size_t)run, a, b);
        for (int64_t i = 0; i < run; i++)
            iso_value_set(tensor, done + i, drawn[i]);
    }
    return ISO_OK;
}

/* ---- Bernoulli ---- */

#define CHUNK 256

iso_status iso_call_bernoulli(iso_call *c, iso_value *tensor, double p) {
    if (!(p >= 0 && p <= 1))
        return iso_call_fail(c, ISO_NO_ARGUMENT, "p must be between 0 and 1, got %g", p);
    if (tensor->type == ISO_TYPE_F16 && c->torch->variant & ISO_TORCH_1_13)
        return iso_call_fail(c, ISO_NO_ARGUMENT, "PyTorch 1.13 has no bernoulli_ of float16");
    uint8_t *drawn = iso_calloc(c->ctx, (size_t)tensor->numel + 1, 1); /* at once: with MKL each call has a seed of its own */
    if (!drawn)
        return ISO_ENOMEM;
    if (on_cuda(c))
        iso_torch_cuda_bernoulli(&c->state->cuda, drawn, (size_t)tensor->numel, p);
    else
        iso_torch_bernoulli(c->torch, drawn, (size_t)tensor->numel, p);
    for (int64_t i = 0; i < tensor->numel; i++)
        iso_value_set_int(tensor, i, drawn[i]);
    iso_free(c->ctx, drawn);
    return ISO_OK;
}

iso_status iso_call_cuda_dropout(iso_call *c, iso_value *tensor, double p) {
    if (tensor->type != ISO_TYPE_F32 || tensor->numel % 4)
        return not_on_cuda(c);
    uint8_t *kept = iso_calloc(c->ctx, (size_t)tensor->numel + 1, 1);
    if (!kept)
        return ISO_ENOMEM;
    iso_torch_cuda_dropout(&c->state->cuda, kept, (size_t)tensor->numel, p);
    for (int64_t i = 0; i < tensor->numel; i++)
        iso_value_set_int(tensor, i, kept[i]);
    iso_free(c->ctx, kept);
    return ISO_OK;
}

iso_status iso_call_bernoulli_tensor(iso_call *c, iso_value *tensor, const iso_value *p) {
    if (on_cuda(c))
        return not_on_cuda(c);
    if (!iso_type_is_float(p->type))
        return iso_call_fail(c, ISO_NO_ARGUMENT, "the probabilities must be of a floating-point type, got %s",
                             iso_type_of(p->type)->name);
    if (p->numel != tensor->numel)
        return iso_call_fail(c, ISO_NO_ARGUMENT, "as many probabilities as elements are needed");
    for (int64_t i = 0; i < p->numel; i++) {
        uint8_t drawn;
        double probability = iso_value_get(p, i);
        if (!(probability >= 0 && probability <= 1))
            return iso_call_fail(c, ISO_NO_ARGUMENT, "probabilities must be between 0 and 1, got %g", probability);
        if (p->type == ISO_TYPE_F64)
            iso_torch_bernoulli_tensor_f64(c->torch, &drawn, 1, &probability);
        else
            iso_torch_bernoulli_tensor(c->torch, &drawn, 1, &(float){(float)probability});
        iso_value_set_int(tensor, i, drawn);
    }
    return ISO_OK;
}
