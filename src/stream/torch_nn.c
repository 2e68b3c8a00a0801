/* torch.nn.init and the modules whose construction draws. */
#include <math.h>
#include <string.h>

#include "random/init.h"
#include "stream/call.h"
#include "stream/draw.h"

/* ---- torch.nn.init ---- */

static const iso_param uniform_params[] = {ISO_PARAM("tensor", ISO_ARG_ANY, NULL),
                                           ISO_PARAM("a", ISO_ARG_FLOAT, "0"),
                                           ISO_PARAM("b", ISO_ARG_FLOAT, "1")};

static iso_status init_uniform(iso_call *c) {
    iso_status status = iso_call_tensor(c, 0, c->result);
    return status ? status : iso_call_uniform(c, c->result, c->args[1].f[0], c->args[2].f[0]);
}

static const iso_param normal_params[] = {ISO_PARAM("tensor", ISO_ARG_ANY, NULL),
                                          ISO_PARAM("mean", ISO_ARG_FLOAT, "0"),
                                          ISO_PARAM("std", ISO_ARG_FLOAT, "1")};

static iso_status init_normal(iso_call *c) {
    iso_status status = iso_call_tensor(c, 0, c->result);
    return status ? status : iso_call_normal(c, c->result, c->args[1].f[0], c->args[2].f[0]);
}

static void set_all(iso_value *tensor, double number) {
    for (int64_t i = 0; i < tensor->numel; i++)
        iso_value_set(tensor, i, number);
}

static const iso_param constant_params[] = {ISO_PARAM("tensor", ISO_ARG_ANY, NULL),
                                            ISO_PARAM("val", ISO_ARG_FLOAT, NULL)};
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
        status = iso_call_fail(c, 0, "a tensor of 2 or more dimensions is needed, this one has %d",
                               c->result->dims);
    return status;
}

static const iso_param xavier_params[] = {ISO_PARAM("tensor", ISO_ARG_ANY, NULL),
                                          ISO_PARAM("gain", ISO_ARG_FLOAT, "1")};

static iso_status init_xavier(iso_call *c, bool normal) {
    iso_status status = take_weight(c);
    if (status || c->result->numel == 0)
        return status;
    double std = iso_init_xavier_std(c->result->dims, c->result->shape, c->args[1].f[0]),
           bound = sqrt(3.0) * std;
    return normal ? iso_call_normal(c, c->result, 0, std)
                  : iso_call_uniform(c, c->result, -bound, bound);
}

static iso_status init_xavier_uniform(iso_call *c) {
    return init_xavier(c, false);
}
static iso_status init_xavier_normal(iso_call *c) {
    return init_xavier(c, true);
}

static const iso_param kaiming_params[] = {ISO_PARAM("tensor", ISO_ARG_ANY, NULL),
                                           ISO_PARAM("a", ISO_ARG_FLOAT, "0"),
                                           ISO_PARAM("mode", ISO_ARG_STRING, "fan_in"),
                                           ISO_PARAM("nonlinearity", ISO_ARG_STRING, "leaky_relu")};

static iso_status init_kaiming(iso_call *c, bool normal) {
    const char *mode = c->args[2].text;
    double std;
    iso_status status = take_weight(c);
    if (status)
        return status;
    if (strcmp(mode, "fan_in") != 0 && strcmp(mode, "fan_out") != 0)
        return iso_call_fail(c, 2, "mode '%s' is unknown, expected 'fan_in' or 'fan_out'", mode);
    if (!iso_init_kaiming_std(c->result->dims, c->result->shape, c->args[1].f[0],
                              strcmp(mode, "fan_in") == 0 ? ISO_FAN_IN : ISO_FAN_OUT,
                              c->args[3].text, &std))
        return iso_call_fail(c, 3, "nonlinearity '%s' is unknown", c->args[3].text);
    if (c->result->numel == 0)
        return ISO_OK;
    double bound = sqrt(3.0) * std;
    return normal ? iso_call_normal(c, c->result, 0, std)
                  : iso_call_uniform(c, c->result, -bound, bound);
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
    c->result->kind = ISO_VALUE_FLOAT;
    if (!iso_init_gain(c->args[0].text, c->args[1].is_none ? 0.01 : c->args[1].f[0],
                       &c->result->number))
        return iso_call_fail(c, 0, "nonlinearity '%s' is unknown", c->args[0].text);
    return ISO_OK;
}

/* ---- Modules ---- */

static const char *const weight_and_bias[] = {"weight", "bias"};

/* A module with a weight and, if asked for, a bias of `features` elements, both zero. */
static iso_status new_module(iso_call *c, iso_type type, int dims, const int64_t *shape, bool bias,
                             int64_t features) {
    iso_value *module = c->result;
    *module = (iso_value){.kind = ISO_VALUE_MODULE, .names = weight_and_bias};
    module->items = iso_calloc(c->ctx, 2, sizeof *module->items);
    if (!module->items)
        return ISO_ENOMEM;
    module->count = bias ? 2 : 1;
    iso_status status = iso_value_tensor(c->ctx, &module->items[0], type, dims, shape);
    if (!status && bias)
        status = iso_value_tensor(c->ctx, &module->items[1], type, 1, &features);
    return status;
}

/* What Linear and the convolutions start with. */
static iso_status reset_parameters(iso_call *c) {
    iso_value *weight = &c->result->items[0];
    double std;
    if (weight->numel == 0)
        return iso_call_fail(c, ISO_MAX_PARAMS, "a weight without elements is not supported");
    iso_init_kaiming_std(weight->dims, weight->shape, sqrt(5.0), ISO_FAN_IN, "leaky_relu", &std);
    double bound = sqrt(3.0) * std;
    iso_status status = iso_call_uniform(c, weight, -bound, bound);
    if (status || c->result->count == 1)
        return status;
    int64_t fan_in, fan_out;
    iso_init_fans(weight->dims, weight->shape, &fan_in, &fan_out);
    bound = 1 / sqrt((double)fan_in);
    return iso_call_uniform(c, &c->result->items[1], -bound, bound);
}

#define MAX_FEATURES 1e15

static const iso_param linear_params[] = {
    ISO_PARAM_IN("in_features", ISO_ARG_INT, NULL, 1, MAX_FEATURES),
    ISO_PARAM_IN("out_features", ISO_ARG_INT, NULL, 1, MAX_FEATURES),
    ISO_PARAM("bias", ISO_ARG_BOOL, "True"), ISO_PARAM("device", ISO_ARG_STRING, "None"),
    ISO_PARAM("dtype", ISO_ARG_ANY, "None")};

static iso_status make_linear(iso_call *c) {
    int64_t in = c->args[0].i[0], out = c->args[1].i[0];
    iso_type type;
    iso_status status = iso_call_type(c, 4, ISO_TYPE_F32, &type);
    if (!status)
        status = new_module(c, type, 2, (int64_t[]){out, in}, c->args[2].i[0] != 0, out);
    return status ? status : reset_parameters(c);
}

static const iso_param conv_params[] = {
    ISO_PARAM_IN("in_channels", ISO_ARG_INT, NULL, 1, MAX_FEATURES),
    ISO_PARAM_IN("out_channels", ISO_ARG_INT, NULL, 1, MAX_FEATURES),
    ISO_PARAM("kernel_size", ISO_ARG_ANY, NULL),
    ISO_PARAM("stride", ISO_ARG_ANY, "1"),
    ISO_PARAM("padding", ISO_ARG_ANY, "0"),
    ISO_PARAM("dilation", ISO_ARG_ANY, "1"),
    ISO_PARAM_IN("groups", ISO_ARG_INT, "1", 1, MAX_FEATURES),
    ISO_PARAM("bias", ISO_ARG_BOOL, "True"),
    ISO_PARAM("padding_mode", ISO_ARG_STRING, "zeros"),
    ISO_PARAM("device", ISO_ARG_STRING, "None"),
    ISO_PARAM("dtype", ISO_ARG_ANY, "None")};

static iso_status make_conv(iso_call *c, int axes) {
    int64_t in = c->args[0].i[0], out = c->args[1].i[0], groups = c->args[6].i[0];
    int64_t shape[2 + ISO_MAX_DIMS];
    int kernel_dims;
    iso_type type;
    iso_status status = iso_call_shape(c, 2, &kernel_dims, shape + 2);
    if (status)
        return status;
    if (kernel_dims == 1)
        for (int i = 1; i < axes; i++)
            shape[2 + i] = shape[2];
    else if (kernel_dims != axes)
        return iso_call_fail(c, 2, "kernel_size must be a whole number or %d of them", axes);
    if (in % groups || out % groups)
        return iso_call_fail(c, 6, "in_channels and out_channels must be divisible by groups");
    shape[0] = out;
    shape[1] = in / groups;
    status = iso_call_type(c, 10, ISO_TYPE_F32, &type);
    if (!status)
        status = new_module(c, type, 2 + axes, shape, c->args[7].i[0] != 0, out);
    return status ? status : reset_parameters(c);
}

static iso_status make_conv1d(iso_call *c) {
    return make_conv(c, 1);
}
static iso_status make_conv2d(iso_call *c) {
    return make_conv(c, 2);
}
static iso_status make_conv3d(iso_call *c) {
    return make_conv(c, 3);
}

static const iso_param norm_params[] = {
    ISO_PARAM_IN("num_features", ISO_ARG_INT, NULL, 1, MAX_FEATURES)};

/* Ones and zeros; nothing is drawn. */
static iso_status make_batch_norm(iso_call *c) {
    int64_t n = c->args[0].i[0];
    iso_status status = new_module(c, ISO_TYPE_F32, 1, &n, true, n);
    if (!status)
        set_all(&c->result->items[0], 1);
    return status;
}

const iso_entry iso_stream_torch_nn[] = {
    {{"torch.nn.init.uniform_", ISO_PARAMS(uniform_params)}, ISO_SIZES_NONE, init_uniform},
    {{"torch.nn.init.normal_", ISO_PARAMS(normal_params)}, ISO_SIZES_NONE, init_normal},
    {{"torch.nn.init.constant_", ISO_PARAMS(constant_params)}, ISO_SIZES_NONE, init_constant},
    {{"torch.nn.init.ones_", ISO_PARAMS(tensor_params)}, ISO_SIZES_NONE, init_ones},
    {{"torch.nn.init.zeros_", ISO_PARAMS(tensor_params)}, ISO_SIZES_NONE, init_zeros},
    {{"torch.nn.init.xavier_uniform_", ISO_PARAMS(xavier_params)},
     ISO_SIZES_NONE,
     init_xavier_uniform},
    {{"torch.nn.init.xavier_normal_", ISO_PARAMS(xavier_params)},
     ISO_SIZES_NONE,
     init_xavier_normal},
    {{"torch.nn.init.kaiming_uniform_", ISO_PARAMS(kaiming_params)},
     ISO_SIZES_NONE,
     init_kaiming_uniform},
    {{"torch.nn.init.kaiming_normal_", ISO_PARAMS(kaiming_params)},
     ISO_SIZES_NONE,
     init_kaiming_normal},
    {{"torch.nn.init.calculate_gain", ISO_PARAMS(gain_params)}, ISO_SIZES_NONE, calculate_gain},
    {{"torch.nn.Linear", ISO_PARAMS(linear_params)}, ISO_SIZES_NONE, make_linear},
    {{"torch.nn.Conv1d", ISO_PARAMS(conv_params)}, ISO_SIZES_NONE, make_conv1d},
    {{"torch.nn.Conv2d", ISO_PARAMS(conv_params)}, ISO_SIZES_NONE, make_conv2d},
    {{"torch.nn.Conv3d", ISO_PARAMS(conv_params)}, ISO_SIZES_NONE, make_conv3d},
    {{"torch.nn.BatchNorm2d", ISO_PARAMS(norm_params)}, ISO_SIZES_NONE, make_batch_norm},
    {{NULL, NULL, 0}, ISO_SIZES_NONE, NULL},
};
