#include "stream/draw.h"

/* ---- Floats ---- */

static float round_to(iso_type type,
                      double x) { /* the type's own number nearest to x, as a float */
    uint16_t bits;
    iso_value one = {.kind = ISO_VALUE_TENSOR, .type = type, .numel = 1, .data = &bits};
    iso_value_set(&one, 0, x);
    return (float)iso_value_get(&one, 0);
}

/* float16 and bfloat16: drawn in float32, rounded, and `low` again where that gives `high`. */
static void uniform_half(iso_torch_generator *g, iso_value *tensor, double low, double high) {
    float x, rounded_low = round_to(tensor->type, low), rounded_high = round_to(tensor->type, high);
    for (int64_t i = 0; i < tensor->numel; i++) {
        iso_torch_uniform(g, &x, 1, low, high);
        x = round_to(tensor->type, x);
        iso_value_set(tensor, i, x == rounded_high ? rounded_low : x);
    }
}

/* float16 and bfloat16: blocks of 16 in float32, rounded; the last 16 are drawn anew where n is no
 * multiple. */
static void normal_half(iso_torch_generator *g, iso_value *tensor, double mean, double std) {
    int64_t n = tensor->numel;
    if (n < 16) {
        for (int64_t i = 0; i < n; i++) {
            double x;
            iso_torch_normal_f64(g, &x, 1, mean, std);
            iso_value_set(tensor, i, x);
        }
        return;
    }
    float block[16];
    for (int64_t i = 0; i < n; i += 16) {
        int64_t start = i + 16 <= n ? i : n - 16;
        iso_torch_normal(g, block, 16, mean, std);
        for (int j = 0; j < 16; j++)
            iso_value_set(tensor, start + j, block[j]);
    }
}

static iso_status check_float(iso_call *c, const iso_value *tensor) {
    if (iso_type_is_float(tensor->type))
        return ISO_OK;
    return iso_call_fail(c, ISO_MAX_PARAMS, "needs a tensor of a floating-point type, got %s",
                         iso_type_of(tensor->type)->name);
}

/* The largest finite number of a float type. */
static double largest(iso_type type) {
    return type == ISO_TYPE_F64   ? DBL_MAX
           : type == ISO_TYPE_F16 ? 65504
           : type == ISO_TYPE_F32 ? FLT_MAX
                                  : 0x1.fep127;
}

iso_status iso_call_uniform(iso_call *c, iso_value *tensor, double low, double high) {
    if (check_float(c, tensor))
        return ISO_EINVAL;
    double limit = largest(tensor->type);
    if (!(low >= -limit && high <= limit && low <= high && high - low <= limit))
        return iso_call_fail(c, ISO_MAX_PARAMS,
                             "the bounds %g and %g are not ascending numbers of the type %s", low,
                             high, iso_type_of(tensor->type)->name);
    if (tensor->type == ISO_TYPE_F32)
        iso_torch_uniform(&c->state->torch, tensor->data, (size_t)tensor->numel, low, high);
    else if (tensor->type == ISO_TYPE_F64)
        iso_torch_uniform_f64(&c->state->torch, tensor->data, (size_t)tensor->numel, low, high);
    else
        uniform_half(&c->state->torch, tensor, low, high);
    return ISO_OK;
}

iso_status iso_call_normal(iso_call *c, iso_value *tensor, double mean, double std) {
    if (check_float(c, tensor))
        return ISO_EINVAL;
    if (!(std >= 0))
        return iso_call_fail(c, ISO_MAX_PARAMS, "std must be at least 0, got %g", std);
    if (tensor->type == ISO_TYPE_F32)
        iso_torch_normal(&c->state->torch, tensor->data, (size_t)tensor->numel, mean, std);
    else if (tensor->type == ISO_TYPE_F64)
        iso_torch_normal_f64(&c->state->torch, tensor->data, (size_t)tensor->numel, mean, std);
    else
        normal_half(&c->state->torch, tensor, mean, std);
    return ISO_OK;
}

/* ---- Integers ---- */

iso_status iso_call_random(iso_call *c, iso_value *tensor, int64_t low, int64_t high) {
    const iso_type_info *type = iso_type_of(tensor->type);
    if (low >= high)
        return iso_call_fail(c, ISO_MAX_PARAMS, "low (%lld) must be below high (%lld)",
                             (long long)low, (long long)high);
    if (low < type->low || high - 1 > type->high)
        return iso_call_fail(c, ISO_MAX_PARAMS,
                             "the numbers %lld to %lld do not fit into the type %s", (long long)low,
                             (long long)high - 1, type->name);
    for (int64_t i = 0; i < tensor->numel; i++) {
        int64_t number;
        iso_torch_randint(&c->state->torch, &number, 1, low, high);
        iso_value_set_int(tensor, i, number);
    }
    return ISO_OK;
}

/* From 0 to the type's largest number; of floats to 2^digits. float64 and int64 take 64 bits per
 * number, the others 32. */
void iso_call_random_any(iso_call *c, iso_value *tensor) {
    iso_type type = tensor->type;
    bool wide = type == ISO_TYPE_F64 || type == ISO_TYPE_I64;
    uint64_t range = type == ISO_TYPE_BOOL ? 2 : (uint64_t)iso_type_of(type)->high + 1;
    for (int64_t i = 0; i < tensor->numel; i++) {
        uint64_t bits =
            wide ? iso_torch_random64(&c->state->torch) : iso_torch_random32(&c->state->torch);
        iso_value_set_int(tensor, i, (int64_t)(bits % range));
    }
}

/* ---- Bernoulli ---- */

#define CHUNK 256

iso_status iso_call_bernoulli(iso_call *c, iso_value *tensor, double p) {
    uint8_t drawn[CHUNK];
    if (!(p >= 0 && p <= 1))
        return iso_call_fail(c, ISO_MAX_PARAMS, "p must be between 0 and 1, got %g", p);
    for (int64_t done = 0, run; done < tensor->numel; done += run) {
        run = iso_min64(tensor->numel - done, CHUNK);
        iso_torch_bernoulli(&c->state->torch, drawn, (size_t)run, p);
        for (int64_t i = 0; i < run; i++)
            iso_value_set_int(tensor, done + i, drawn[i]);
    }
    return ISO_OK;
}

iso_status iso_call_bernoulli_tensor(iso_call *c, iso_value *tensor, const iso_value *p) {
    if (!iso_type_is_float(p->type))
        return iso_call_fail(c, ISO_MAX_PARAMS,
                             "the probabilities must be of a floating-point type, got %s",
                             iso_type_of(p->type)->name);
    if (p->numel != tensor->numel)
        return iso_call_fail(c, ISO_MAX_PARAMS, "as many probabilities as elements are needed");
    for (int64_t i = 0; i < p->numel; i++) {
        uint8_t drawn;
        double probability = iso_value_get(p, i);
        if (!(probability >= 0 && probability <= 1))
            return iso_call_fail(c, ISO_MAX_PARAMS, "probabilities must be between 0 and 1, got %g",
                                 probability);
        if (p->type == ISO_TYPE_F64)
            iso_torch_bernoulli_tensor_f64(&c->state->torch, &drawn, 1, &probability);
        else
            iso_torch_bernoulli_tensor(&c->state->torch, &drawn, 1, &(float){(float)probability});
        iso_value_set_int(tensor, i, drawn);
    }
    return ISO_OK;
}
