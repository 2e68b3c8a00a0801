/* torch.nn.init. */
#include <math.h>
#include <string.h>

#include "isobit/random/init.h"
#include "random/torch_math.h"
#include "stream/draw.h"

/* ---- torch.nn.init ---- */

static const iso_param uniform_params[] = {ISO_PARAM("tensor", ISO_ARG_ANY, NULL), ISO_PARAM("a", ISO_ARG_FLOAT, "0"),
                                           ISO_PARAM("b", ISO_ARG_FLOAT, "1"), ISO_PARAM("generator", ISO_ARG_ANY, "None")};

static iso_status init_uniform(iso_call *c) {
    iso_status status = iso_call_tensor(c, 0, c->result);
    return status ? status : iso_call_uniform(c, c->result, c->args[1].f[0], c->args[2].f[0]);
}

static const iso_param normal_params[] = {ISO_PARAM("tensor", ISO_ARG_ANY, NULL), ISO_PARAM("mean", ISO_ARG_FLOAT, "0"),
                                          ISO_PARAM("std", ISO_ARG_FLOAT, "1"), ISO_PARAM("generator", ISO_ARG_ANY, "None")};

static iso_status init_normal(iso_call *c) {
    iso_status status = iso_call_tensor(c, 0, c->result);
    return status ? status : iso_call_normal(c, c->result, c->args[1].f[0], c->args[2].f[0]);
}

static void set_all(iso_value *tensor, double number) {
    for (int64_t i = 0; i < tensor->numel; i++)
        iso_value_set(tensor, i, number);
}

static const iso_param constant_params[] = {ISO_PARAM("tensor", ISO_ARG_ANY, NULL), ISO_PARAM("val", ISO_ARG_FLOAT, NULL)};
static const iso_param tensor_params[] = {ISO_PARAM("tensor", ISO_ARG_ANY, NULL)};

static iso_status init_fill(iso_call *c, double number) {
    iso_status status = iso_call_tensor(c, 0, c->result);
    if (!status)
        set_all(c->result, number);
    return status;
}

static iso_status init_constant(iso_call *c) {
    return init_fill(c, c->args[1].f[0]);
}
static iso_status init_ones(iso_call *c) {
    return init_fill(c, 1);
}
static iso_status init_zeros(iso_call *c) {
    return init_fill(c, 0);
}

/* The tensor to initialise, which must have an input and an output dimension. */
static iso_status take_weight(iso_call *c) {
    iso_status status = iso_call_tensor(c, 0, c->result);
    if (!status && c->result->dims < 2)
        status = iso_call_fail(c, 0, "a tensor of 2 or more dimensions is needed, this one has %d", c->result->dims);
    return status;
}

static const iso_param xavier_params[] = {ISO_PARAM("tensor", ISO_ARG_ANY, NULL), ISO_PARAM("gain", ISO_ARG_FLOAT, "1"),
                                          ISO_PARAM("generator", ISO_ARG_ANY, "None")};

static iso_status init_xavier(iso_call *c, bool normal) {
    iso_status status = take_weight(c);
    if (status || c->result->numel == 0)
        return status;
    double std = iso_init_xavier_std(c->result->dims, c->result->shape, c->args[1].f[0]), bound = sqrt(3.0) * std;
    return normal ? iso_call_normal(c, c->result, 0, std) : iso_call_uniform(c, c->result, -bound, bound);
}

static iso_status init_xavier_uniform(iso_call *c) {
    return init_xavier(c, false);
}
static iso_status init_xavier_normal(iso_call *c) {
    return init_xavier(c, true);
}

static const iso_param kaiming_params[] = {
    ISO_PARAM("tensor", ISO_ARG_ANY, NULL), ISO_PARAM("a", ISO_ARG_FLOAT, "0"), ISO_PARAM("mode", ISO_ARG_STRING, "fan_in"),
    ISO_PARAM("nonlinearity", ISO_ARG_STRING, "leaky_relu"), ISO_PARAM("generator", ISO_ARG_ANY, "None")};

static iso_status init_kaiming(iso_call *c, bool normal) {
    const char *mode = c->args[2].text;
    double std;
    iso_status status = take_weight(c);
    if (status)
        return status;
    if (strcmp(mode, "fan_in") != 0 && strcmp(mode, "fan_out") != 0)
        return iso_call_fail(c, 2, "mode '%s' is unknown, expected 'fan_in' or 'fan_out'", mode);
    if (!iso_init_kaiming_std(c->result->dims, c->result->shape, c->args[1].f[0],
                              strcmp(mode, "fan_in") == 0 ? ISO_FAN_IN : ISO_FAN_OUT, c->args[3].text, &std))
        return iso_call_fail(c, 3, "nonlinearity '%s' is unknown", c->args[3].text);
    if (c->result->numel == 0)
        return ISO_OK;
    double bound = sqrt(3.0) * std;
    return normal ? iso_call_normal(c, c->result, 0, std) : iso_call_uniform(c, c->result, -bound, bound);
}

static iso_status init_kaiming_uniform(iso_call *c) {
    return init_kaiming(c, false);
}
static iso_status init_kaiming_normal(iso_call *c) {
    return init_kaiming(c, true);
}

static const iso_param gain_params[] = {ISO_PARAM("nonlinearity", ISO_ARG_STRING, NULL),
                                        ISO_PARAM("param", ISO_ARG_FLOAT, "None")};

static iso_status calculate_gain(iso_call *c) {
    iso_value_float(c->result, 0);
    if (!iso_init_gain(c->args[0].text, c->args[1].is_none ? 0.01 : c->args[1].f[0], &c->result->number))
        return iso_call_fail(c, 0, "nonlinearity '%s' is unknown", c->args[0].text);
    return ISO_OK;
}

/* ---- trunc_normal_ ---- */

static const iso_param trunc_normal_params[] = {
    ISO_PARAM("tensor", ISO_ARG_ANY, NULL), ISO_PARAM("mean", ISO_ARG_FLOAT, "0"), ISO_PARAM("std", ISO_ARG_FLOAT, "1"),
    ISO_PARAM("a", ISO_ARG_FLOAT, "-2"),    ISO_PARAM("b", ISO_ARG_FLOAT, "2"),    ISO_PARAM("generator", ISO_ARG_ANY, "None")};

static double normal_cdf(double x) {
    return (1.0 + erf(x / sqrt(2.0))) / 2.0;
}

/* Before 2.13: uniform numbers through the inverse of the distribution function, each step rounded to the type. */
static iso_status truncate_by_inverse(iso_call *c, iso_value *tensor, double mean, double std, double a, double b) {
    double low = normal_cdf((a - mean) / std), high = normal_cdf((b - mean) / std), scale = std * sqrt(2.0);
    iso_torch_variant variant = c->torch->variant;
    if (variant & ISO_TORCH_MKL || (tensor->type != ISO_TYPE_F32 && tensor->type != ISO_TYPE_F64))
        return iso_call_fail(c, 0, "before 2.13 imitated for float32 and float64 without MKL only");
    iso_status status = iso_call_uniform(c, tensor, 2 * low - 1, 2 * high - 1);
    for (int64_t i = 0; !status && i < tensor->numel; i++) {
        double y = iso_value_get(tensor, i);
        if (tensor->type == ISO_TYPE_F32) {
            float x = iso_torch_erfinv(variant, (float)y) * (float)scale + (float)mean;
            iso_value_set(tensor, i, fminf(fmaxf(x, (float)a), (float)b));
        } else
            iso_value_set(tensor, i, fmin(fmax(iso_torch_erfinv_f64(variant, y) * scale + mean, a), b));
    }
    return status;
}

/* Draws normals until all lie between the bounds; each round draws for every element, and keeps what lies within. */
static iso_status truncate_by_rejection(iso_call *c, iso_value *tensor, double mean, double std, double low, double high) {
    iso_value drawn = {0};
    iso_status status = iso_call_normal(c, tensor, mean, std);
    if (!status)
        status = iso_value_tensor(c->ctx, &drawn, tensor->type, tensor->dims, tensor->shape);
    for (bool outside = true; !status && outside;) {
        outside = false;
        for (int64_t i = 0; i < tensor->numel; i++)
            outside |= iso_value_get(tensor, i) < low || iso_value_get(tensor, i) > high;
        if (outside)
            status = iso_call_normal(c, &drawn, mean, std);
        for (int64_t i = 0; outside && !status && i < tensor->numel; i++)
            if (iso_value_get(tensor, i) < low || iso_value_get(tensor, i) > high)
                iso_value_set(tensor, i, iso_value_get(&drawn, i));
    }
    iso_value_free(c->ctx, &drawn);
    return status;
}

/* log of the density of x over that at the peak, each step rounded to float32. */
static float log_density(float x, double mean, double std, double log_peak) {
    float d = (x - (float)mean) / (float)std;
    return d * d * -0.5f - (float)log_peak;
}

/* Far in the tails: uniform candidates, accepted by their density. */
static iso_status truncate_by_density(iso_call *c, iso_value *tensor, double mean, double std, double a, double b) {
    double mode = fmax(a, fmin(mean, b)), log_peak = -0.5 * (((mode - mean) / std) * ((mode - mean) / std));
    iso_value candidates = {0}, accept = {0}, pending = {0};
    iso_status status = iso_value_clone(c->ctx, &candidates, tensor);
    if (!status)
        status = iso_value_clone(c->ctx, &accept, tensor);
    if (!status)
        status = iso_value_tensor(c->ctx, &pending, ISO_TYPE_BOOL, tensor->dims, tensor->shape);
    for (int64_t i = 0; !status && i < tensor->numel; i++)
        iso_value_set_int(&pending, i, 1);
    for (bool any = true; !status && any;) {
        any = false;
        status = iso_call_uniform(c, &candidates, a, b);
        if (!status)
            status = iso_call_uniform(c, &accept, 0, 1);
        for (int64_t i = 0; !status && i < tensor->numel; i++) {
            if (!iso_value_get_int(&pending, i))
                continue;
            float x = (float)iso_value_get(&candidates, i), u = (float)iso_value_get(&accept, i);
            iso_value_set(tensor, i, x);
            bool rejected = (u > 0 ? iso_torch_logf(c->torch->variant, u) : -INFINITY) > log_density(x, mean, std, log_peak);
            iso_value_set_int(&pending, i, rejected);
            any |= rejected;
        }
    }
    iso_value_free(c->ctx, &candidates);
    iso_value_free(c->ctx, &accept);
    iso_value_free(c->ctx, &pending);
    return status;
}

static iso_status init_trunc_normal(iso_call *c) {
    double mean = c->args[1].f[0], std = c->args[2].f[0], a = c->args[3].f[0], b = c->args[4].f[0];
    iso_status status = iso_call_tensor(c, 0, c->result);
    if (status)
        return status;
    if (!(std > 0) || !(a < b))
        return iso_call_fail(c, 2, "std must be above 0 and a below b");
    if (c->torch->variant & (ISO_TORCH_1_13 | ISO_TORCH_2_6))
        return truncate_by_inverse(c, c->result, mean, std, a, b);
    double probability = normal_cdf((b - mean) / std) - normal_cdf((a - mean) / std);
    if (probability > 0.3) {
        iso_value bounds = {0};
        status = iso_value_tensor(c->ctx, &bounds, c->result->type, 1, (int64_t[]){2});
        if (status)
            return status;
        iso_value_set(&bounds, 0, a);
        iso_value_set(&bounds, 1, b);
        status = truncate_by_rejection(c, c->result, mean, std, iso_value_get(&bounds, 0), iso_value_get(&bounds, 1));
        iso_value_free(c->ctx, &bounds);
        return status;
    }
    if (c->result->type != ISO_TYPE_F32)
        return iso_call_fail(c, 0, "bounds this far in the tails are supported for float32 only");
    return truncate_by_density(c, c->result, mean, std, a, b);
}

/* ---- sparse_, orthogonal_, eye_, dirac_ ---- */

static const iso_param sparse_params[] = {ISO_PARAM("tensor", ISO_ARG_ANY, NULL),
                                          ISO_PARAM_IN("sparsity", ISO_ARG_FLOAT, NULL, 0, 1),
                                          ISO_PARAM("std", ISO_ARG_FLOAT, "0.01"), ISO_PARAM("generator", ISO_ARG_ANY, "None")};

/* The permutations come from the default generator, whatever `generator` says. */
static iso_status init_sparse(iso_call *c) {
    iso_value *tensor = c->result, permutation = {0};
    iso_status status = take_weight(c);
    if (!status && tensor->dims != 2)
        status = iso_call_fail(c, 0, "a tensor of 2 dimensions is needed");
    if (!status)
        status = iso_call_normal(c, tensor, 0, c->args[2].f[0]);
    int64_t rows = status ? 0 : tensor->shape[0], zeros = (int64_t)ceil(c->args[1].f[0] * (double)rows);
    if (!status)
        status = iso_value_tensor(c->ctx, &permutation, ISO_TYPE_I64, 1, &rows);
    c->torch = c->state->torch.data;
    for (int64_t column = 0; !status && column < tensor->shape[1]; column++) {
        status = iso_call_randperm(c, &permutation);
        for (int64_t i = 0; !status && i < zeros; i++)
            iso_value_set(tensor, iso_value_get_int(&permutation, i) * tensor->shape[1] + column, 0);
    }
    iso_value_free(c->ctx, &permutation);
    return status;
}

static const iso_param orthogonal_params[] = {ISO_PARAM("tensor", ISO_ARG_ANY, NULL), ISO_PARAM("gain", ISO_ARG_FLOAT, "1"),
                                              ISO_PARAM("generator", ISO_ARG_ANY, "None")};

/* Draws what PyTorch draws and gives None: the QR decomposition behind it is LAPACK's, and not imitated. */
static iso_status init_orthogonal(iso_call *c) {
    iso_value drawn = {0};
    iso_status status = take_weight(c);
    if (!status)
        status = iso_value_clone(c->ctx, &drawn, c->result);
    if (!status && drawn.numel > 0)
        status = iso_call_normal(c, &drawn, 0, 1);
    iso_value_free(c->ctx, &drawn);
    iso_value_free(c->ctx, c->result);
    return status;
}

static iso_status init_eye(iso_call *c) {
    iso_status status = take_weight(c);
    if (!status && c->result->dims != 2)
        status = iso_call_fail(c, 0, "a tensor of 2 dimensions is needed");
    if (status)
        return status;
    set_all(c->result, 0);
    int64_t rows = c->result->shape[0], columns = c->result->shape[1];
    for (int64_t i = 0; i < rows && i < columns; i++)
        iso_value_set(c->result, i * columns + i, 1);
    return ISO_OK;
}

static const iso_param dirac_params[] = {ISO_PARAM("tensor", ISO_ARG_ANY, NULL),
                                         ISO_PARAM_IN("groups", ISO_ARG_INT, "1", 1, 1e9)};

static iso_status init_dirac(iso_call *c) {
    int64_t groups = c->args[1].i[0], kernel = 1, middle = 0;
    iso_status status = take_weight(c);
    if (status)
        return status;
    const int64_t *shape = c->result->shape;
    if (c->result->dims < 3 || c->result->dims > 5 || shape[0] % groups)
        return iso_call_fail(c, 0, "a tensor of 3 to 5 dimensions is needed, the first divisible by groups");
    for (int i = 2; i < c->result->dims; i++) {
        kernel *= shape[i];
        middle = middle * shape[i] + shape[i] / 2;
    }
    set_all(c->result, 0);
    int64_t outputs = shape[0] / groups;
    for (int64_t g = 0; kernel > 0 && g < groups; g++)
        for (int64_t d = 0; d < outputs && d < shape[1]; d++)
            iso_value_set(c->result, ((g * outputs + d) * shape[1] + d) * kernel + middle, 1);
    return ISO_OK;
}

#define ENTRY(name, params, call)                                                                                                \
    { {"torch.nn.init." name, ISO_PARAMS(params)}, ISO_SIZES_NONE, call }

const iso_entry iso_stream_torch_init[] = {
    ENTRY("uniform_", uniform_params, init_uniform),
    ENTRY("normal_", normal_params, init_normal),
    ENTRY("constant_", constant_params, init_constant),
    ENTRY("ones_", tensor_params, init_ones),
    ENTRY("zeros_", tensor_params, init_zeros),
    ENTRY("eye_", tensor_params, init_eye),
    ENTRY("dirac_", dirac_params, init_dirac),
    ENTRY("xavier_uniform_", xavier_params, init_xavier_uniform),
    ENTRY("xavier_normal_", xavier_params, init_xavier_normal),
    ENTRY("kaiming_uniform_", kaiming_params, init_kaiming_uniform),
    ENTRY("kaiming_normal_", kaiming_params, init_kaiming_normal),
    ENTRY("trunc_normal_", trunc_normal_params, init_trunc_normal),
    ENTRY("orthogonal_", orthogonal_params, init_orthogonal),
    ENTRY("sparse_", sparse_params, init_sparse),
    ENTRY("calculate_gain", gain_params, calculate_gain),
    {{NULL, NULL, 0}, ISO_SIZES_NONE, NULL},
};
