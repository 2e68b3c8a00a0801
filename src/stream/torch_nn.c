/* The modules of torch.nn whose construction draws, and the normalisations, whose does not. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "isobit/random/init.h"
#include "stream/draw.h"

#define MAX_FEATURES   1e15
#define FEATURES(name) ISO_PARAM_IN(name, ISO_ARG_INT, NULL, 1, MAX_FEATURES)
#define DEVICE_DTYPE   ISO_PARAM("device", ISO_ARG_ANY, "None"), ISO_PARAM("dtype", ISO_ARG_ANY, "None")

/* ---- Parameters ---- */

/* Parameter i of the module that is being made: zeros. */
static iso_status add(iso_call *c, size_t i, const char *name, iso_type type, int dims, const int64_t *shape) {
    iso_value *module = c->result;
    iso_status status = iso_value_text(c->ctx, &module->items[module->count + i], ISO_VALUE_STRING, name, strlen(name));
    return status ? status : iso_value_tensor(c->ctx, &module->items[i], type, dims, shape);
}

/* A weight and, if asked for, a bias of `features` elements, both zero. */
static iso_status new_module(iso_call *c, iso_type type, int dims, const int64_t *shape, bool bias, int64_t features) {
    iso_status status = iso_value_module(c->ctx, c->result, bias ? 2 : 1);
    if (!status)
        status = add(c, 0, "weight", type, dims, shape);
    if (!status && bias)
        status = add(c, 1, "bias", type, 1, &features);
    return status;
}

static void set_all(iso_value *tensor, double number) {
    for (int64_t i = 0; i < tensor->numel; i++)
        iso_value_set(tensor, i, number);
}

/* Every parameter from the i-th on uniform within +-bound. */
static iso_status uniform_from(iso_call *c, size_t i, double bound) {
    iso_status status = ISO_OK;
    for (; !status && i < c->result->count; i++)
        status = iso_call_uniform(c, &c->result->items[i], -bound, bound);
    return status;
}

/* ---- Linear and convolutions ---- */

/* What Linear and the convolutions start with. */
static iso_status reset_parameters(iso_call *c) {
    iso_value *weight = &c->result->items[0];
    int64_t fan_in, fan_out;
    double std;
    if (weight->numel == 0)
        return iso_call_fail(c, ISO_NO_ARGUMENT, "a weight without elements is not supported");
    iso_init_kaiming_std(weight->dims, weight->shape, sqrt(5.0), ISO_FAN_IN, "leaky_relu", &std);
    double bound = sqrt(3.0) * std;
    iso_status status = iso_call_uniform(c, weight, -bound, bound);
    iso_init_fans(weight->dims, weight->shape, &fan_in, &fan_out);
    return status ? status : uniform_from(c, 1, 1 / sqrt((double)fan_in));
}

static const iso_param linear_params[] = {FEATURES("in_features"), FEATURES("out_features"),
                                          ISO_PARAM("bias", ISO_ARG_BOOL, "True"), DEVICE_DTYPE};

static iso_status make_linear(iso_call *c) {
    int64_t in = c->args[0].i[0], out = c->args[1].i[0];
    iso_type type;
    iso_status status = iso_call_type(c, 4, ISO_TYPE_F32, &type);
    if (!status)
        status = new_module(c, type, 2, (int64_t[]){out, in}, c->args[2].i[0] != 0, out);
    return status ? status : reset_parameters(c);
}

static const iso_param bilinear_params[] = {FEATURES("in1_features"), FEATURES("in2_features"), FEATURES("out_features"),
                                            ISO_PARAM("bias", ISO_ARG_BOOL, "True"), DEVICE_DTYPE};

static iso_status make_bilinear(iso_call *c) {
    int64_t first = c->args[0].i[0], second = c->args[1].i[0], out = c->args[2].i[0];
    iso_type type;
    iso_status status = iso_call_type(c, 5, ISO_TYPE_F32, &type);
    if (!status)
        status = new_module(c, type, 3, (int64_t[]){out, first, second}, c->args[3].i[0] != 0, out);
    return status ? status : uniform_from(c, 0, 1 / sqrt((double)first));
}

static const iso_param conv_params[] = {FEATURES("in_channels"),
                                        FEATURES("out_channels"),
                                        ISO_PARAM("kernel_size", ISO_ARG_ANY, NULL),
                                        ISO_PARAM("stride", ISO_ARG_ANY, "1"),
                                        ISO_PARAM("padding", ISO_ARG_ANY, "0"),
                                        ISO_PARAM("dilation", ISO_ARG_ANY, "1"),
                                        ISO_PARAM_IN("groups", ISO_ARG_INT, "1", 1, MAX_FEATURES),
                                        ISO_PARAM("bias", ISO_ARG_BOOL, "True"),
                                        ISO_PARAM("padding_mode", ISO_ARG_STRING, "zeros"),
                                        DEVICE_DTYPE};

static const iso_param conv_transpose_params[] = {FEATURES("in_channels"),
                                                  FEATURES("out_channels"),
                                                  ISO_PARAM("kernel_size", ISO_ARG_ANY, NULL),
                                                  ISO_PARAM("stride", ISO_ARG_ANY, "1"),
                                                  ISO_PARAM("padding", ISO_ARG_ANY, "0"),
                                                  ISO_PARAM("output_padding", ISO_ARG_ANY, "0"),
                                                  ISO_PARAM_IN("groups", ISO_ARG_INT, "1", 1, MAX_FEATURES),
                                                  ISO_PARAM("bias", ISO_ARG_BOOL, "True"),
                                                  ISO_PARAM("dilation", ISO_ARG_ANY, "1"),
                                                  ISO_PARAM("padding_mode", ISO_ARG_STRING, "zeros"),
                                                  DEVICE_DTYPE};

static iso_status make_conv(iso_call *c, int axes, bool transposed) {
    int64_t in = c->args[0].i[0], out = c->args[1].i[0], groups = c->args[6].i[0], shape[2 + ISO_MAX_DIMS];
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
    shape[0] = transposed ? in : out;
    shape[1] = (transposed ? out : in) / groups;
    status = iso_call_type(c, transposed ? 11 : 10, ISO_TYPE_F32, &type);
    if (!status)
        status = new_module(c, type, 2 + axes, shape, c->args[7].i[0] != 0, out);
    return status ? status : reset_parameters(c);
}

static iso_status make_conv1d(iso_call *c) {
    return make_conv(c, 1, false);
}
static iso_status make_conv2d(iso_call *c) {
    return make_conv(c, 2, false);
}
static iso_status make_conv3d(iso_call *c) {
    return make_conv(c, 3, false);
}
static iso_status make_conv_transpose1d(iso_call *c) {
    return make_conv(c, 1, true);
}
static iso_status make_conv_transpose2d(iso_call *c) {
    return make_conv(c, 2, true);
}
static iso_status make_conv_transpose3d(iso_call *c) {
    return make_conv(c, 3, true);
}

/* ---- Embedding ---- */

static const iso_param embedding_params[] = {FEATURES("num_embeddings"), FEATURES("embedding_dim"),
                                             ISO_PARAM("padding_idx", ISO_ARG_INT, "None"), DEVICE_DTYPE};

static iso_status make_embedding(iso_call *c) {
    int64_t shape[2] = {c->args[0].i[0], c->args[1].i[0]}, padding = c->args[2].i[0];
    iso_type type;
    iso_status status = iso_call_type(c, 4, ISO_TYPE_F32, &type);
    if (padding < 0)
        padding += shape[0];
    if (!status && !c->args[2].is_none && (padding < 0 || padding >= shape[0]))
        status = iso_call_fail(c, 2, "padding_idx must lie within num_embeddings");
    if (!status)
        status = new_module(c, type, 2, shape, false, 0);
    if (!status)
        status = iso_call_normal(c, &c->result->items[0], 0, 1);
    for (int64_t i = 0; !status && !c->args[2].is_none && i < shape[1]; i++)
        iso_value_set(&c->result->items[0], padding * shape[1] + i, 0);
    return status;
}

/* ---- Normalisations: ones and zeros, nothing is drawn ---- */

static iso_status make_ones_and_zeros(iso_call *c, bool affine, int dims, const int64_t *shape) {
    iso_status status = iso_value_module(c->ctx, c->result, affine ? 2 : 0);
    if (!status && affine)
        status = add(c, 0, "weight", ISO_TYPE_F32, dims, shape);
    if (!status && affine)
        status = add(c, 1, "bias", ISO_TYPE_F32, dims, shape);
    if (!status && affine)
        set_all(&c->result->items[0], 1);
    return status;
}

static const iso_param batch_norm_params[] = {
    FEATURES("num_features"), ISO_PARAM("eps", ISO_ARG_FLOAT, "1e-5"), ISO_PARAM("momentum", ISO_ARG_FLOAT, "0.1"),
    ISO_PARAM("affine", ISO_ARG_BOOL, "True"), ISO_PARAM("track_running_stats", ISO_ARG_BOOL, "True")};

static iso_status make_batch_norm(iso_call *c) {
    return make_ones_and_zeros(c, c->args[3].i[0] != 0, 1, &c->args[0].i[0]);
}

static const iso_param layer_norm_params[] = {ISO_PARAM("normalized_shape", ISO_ARG_ANY, NULL),
                                              ISO_PARAM("eps", ISO_ARG_FLOAT, "1e-5"),
                                              ISO_PARAM("elementwise_affine", ISO_ARG_BOOL, "True")};

static iso_status make_layer_norm(iso_call *c) {
    iso_status status = iso_call_shape(c, 0, &c->dims, c->shape);
    return status ? status : make_ones_and_zeros(c, c->args[2].i[0] != 0, c->dims, c->shape);
}

static const iso_param group_norm_params[] = {FEATURES("num_groups"), FEATURES("num_channels"),
                                              ISO_PARAM("eps", ISO_ARG_FLOAT, "1e-5"), ISO_PARAM("affine", ISO_ARG_BOOL, "True")};

static iso_status make_group_norm(iso_call *c) {
    return make_ones_and_zeros(c, c->args[3].i[0] != 0, 1, &c->args[1].i[0]);
}

/* ---- Recurrent networks: every parameter uniform within 1 / sqrt(hidden_size), in the order of the parameters ---- */

static const iso_param recurrent_params[] = {FEATURES("input_size"),
                                             FEATURES("hidden_size"),
                                             ISO_PARAM_IN("num_layers", ISO_ARG_INT, "1", 1, 1000),
                                             ISO_PARAM("bias", ISO_ARG_BOOL, "True"),
                                             ISO_PARAM("batch_first", ISO_ARG_BOOL, "False"),
                                             ISO_PARAM("dropout", ISO_ARG_FLOAT, "0"),
                                             ISO_PARAM("bidirectional", ISO_ARG_BOOL, "False"),
                                             ISO_PARAM_IN("proj_size", ISO_ARG_INT, "0", 0, MAX_FEATURES),
                                             DEVICE_DTYPE};

/* weight_ih, weight_hh, bias_ih, bias_hh and weight_hr of one layer in one direction, from parameter i on. */
static iso_status add_layer(iso_call *c, size_t *i, iso_type type, const char *suffix, int64_t gates, int64_t in) {
    int64_t hidden = c->args[1].i[0], projection = c->args[7].i[0], out = projection ? projection : hidden, rows = gates * hidden;
    bool bias = c->args[3].i[0] != 0;
    const struct {
        const char *name;
        int dims;
        int64_t shape[2];
        bool exists;
    } parts[] = {{"weight_ih", 2, {rows, in}, true},
                 {"weight_hh", 2, {rows, out}, true},
                 {"bias_ih", 1, {rows}, bias},
                 {"bias_hh", 1, {rows}, bias},
                 {"weight_hr", 2, {projection, hidden}, projection > 0}};
    iso_status status = ISO_OK;
    for (size_t part = 0; !status && part < ISO_COUNTOF(parts); part++) {
        char name[48];
        snprintf(name, sizeof name, "%s%s", parts[part].name, suffix);
        if (parts[part].exists)
            status = add(c, (*i)++, name, type, parts[part].dims, parts[part].shape);
    }
    return status;
}

static iso_status make_recurrent(iso_call *c, int64_t gates) {
    int64_t in = c->args[0].i[0], hidden = c->args[1].i[0], layers = c->args[2].i[0], projection = c->args[7].i[0];
    int64_t directions = c->args[6].i[0] ? 2 : 1, out = projection ? projection : hidden;
    size_t each = 2 + (c->args[3].i[0] ? 2 : 0) + (projection ? 1 : 0), next = 0;
    iso_type type;
    if (projection && (gates != 4 || projection >= hidden))
        return iso_call_fail(c, 7, "proj_size is for LSTM, and must be below hidden_size");
    iso_status status = iso_call_type(c, 9, ISO_TYPE_F32, &type);
    if (!status)
        status = iso_value_module(c->ctx, c->result, (size_t)(layers * directions) * each);
    for (int64_t layer = 0; !status && layer < layers; layer++)
        for (int64_t direction = 0; !status && direction < directions; direction++) {
            char suffix[32];
            snprintf(suffix, sizeof suffix, "_l%lld%s", (long long)layer, direction ? "_reverse" : "");
            status = add_layer(c, &next, type, suffix, gates, layer ? out * directions : in);
        }
    return status ? status : uniform_from(c, 0, 1 / sqrt((double)hidden));
}

static iso_status make_rnn(iso_call *c) {
    return make_recurrent(c, 1);
}
static iso_status make_gru(iso_call *c) {
    return make_recurrent(c, 3);
}
static iso_status make_lstm(iso_call *c) {
    return make_recurrent(c, 4);
}

static const iso_param cell_params[] = {FEATURES("input_size"), FEATURES("hidden_size"), ISO_PARAM("bias", ISO_ARG_BOOL, "True")};

static iso_status make_cell(iso_call *c, int64_t gates) {
    int64_t in = c->args[0].i[0], hidden = c->args[1].i[0];
    bool bias = c->args[2].i[0] != 0;
    size_t next = 0;
    c->args[3].i[0] = bias; /* where add_layer looks for it */
    c->args[7].i[0] = 0;
    iso_status status = iso_value_module(c->ctx, c->result, bias ? 4 : 2);
    if (!status)
        status = add_layer(c, &next, ISO_TYPE_F32, "", gates, in);
    return status ? status : uniform_from(c, 0, 1 / sqrt((double)hidden));
}

static iso_status make_rnn_cell(iso_call *c) {
    return make_cell(c, 1);
}
static iso_status make_gru_cell(iso_call *c) {
    return make_cell(c, 3);
}
static iso_status make_lstm_cell(iso_call *c) {
    return make_cell(c, 4);
}

/* ---- MultiheadAttention ---- */

static const iso_param attention_params[] = {FEATURES("embed_dim"),
                                             FEATURES("num_heads"),
                                             ISO_PARAM("dropout", ISO_ARG_FLOAT, "0"),
                                             ISO_PARAM("bias", ISO_ARG_BOOL, "True"),
                                             ISO_PARAM("add_bias_kv", ISO_ARG_BOOL, "False"),
                                             ISO_PARAM("add_zero_attn", ISO_ARG_BOOL, "False"),
                                             ISO_PARAM("kdim", ISO_ARG_INT, "None"),
                                             ISO_PARAM("vdim", ISO_ARG_INT, "None"),
                                             ISO_PARAM("batch_first", ISO_ARG_BOOL, "False"),
                                             DEVICE_DTYPE};

static iso_status xavier_uniform(iso_call *c, iso_value *weight) {
    double bound = sqrt(3.0) * iso_init_xavier_std(weight->dims, weight->shape, 1);
    return iso_call_uniform(c, weight, -bound, bound);
}

/* The parameters' order is not that of the draws: the output projection is drawn first, as a Linear, and its bias set to 0. */
static iso_status make_attention(iso_call *c) {
    int64_t embed = c->args[0].i[0], kdim = c->args[6].is_none ? embed : c->args[6].i[0],
            vdim = c->args[7].is_none ? embed : c->args[7].i[0];
    bool bias = c->args[3].i[0] != 0, bias_kv = c->args[4].i[0] != 0, together = kdim == embed && vdim == embed;
    size_t weights = together ? 1 : 3, count = weights + (bias ? 2 : 0) + (bias_kv ? 2 : 0) + 1, next = 0;
    const int64_t all = 3 * embed, kv[3] = {1, 1, embed};
    iso_type type;
    if (embed % c->args[1].i[0] || kdim < 1 || vdim < 1)
        return iso_call_fail(c, 0, "embed_dim must be divisible by num_heads, kdim and vdim positive");
    iso_status status = iso_call_type(c, 10, ISO_TYPE_F32, &type);
    if (!status)
        status = iso_value_module(c->ctx, c->result, count);
    if (!status && together)
        status = add(c, next++, "in_proj_weight", type, 2, (int64_t[]){all, embed});
    if (!status && !together) {
        status = add(c, next++, "q_proj_weight", type, 2, (int64_t[]){embed, embed});
        if (!status)
            status = add(c, next++, "k_proj_weight", type, 2, (int64_t[]){embed, kdim});
        if (!status)
            status = add(c, next++, "v_proj_weight", type, 2, (int64_t[]){embed, vdim});
    }
    if (!status && bias)
        status = add(c, next++, "in_proj_bias", type, 1, &all);
    size_t k = next;
    if (!status && bias_kv) {
        status = add(c, next++, "bias_k", type, 3, kv);
        if (!status)
            status = add(c, next++, "bias_v", type, 3, kv);
    }
    size_t projection = next;
    if (!status)
        status = add(c, next++, "out_proj.weight", type, 2, (int64_t[]){embed, embed});
    if (!status && bias)
        status = add(c, next++, "out_proj.bias", type, 1, &embed);
    double bound = 1 / sqrt((double)embed), std;
    iso_value *items = c->result->items;
    if (!status && iso_init_kaiming_std(2, items[projection].shape, sqrt(5.0), ISO_FAN_IN, "leaky_relu", &std))
        status = iso_call_uniform(c, &items[projection], -sqrt(3.0) * std, sqrt(3.0) * std);
    if (!status && bias)
        status = iso_call_uniform(c, &items[projection + 1], -bound, bound);
    for (size_t i = 0; !status && i < weights; i++)
        status = xavier_uniform(c, &items[i]);
    if (!status && bias)
        set_all(&items[projection + 1], 0);
    for (size_t i = k; !status && bias_kv && i < k + 2; i++)
        status = iso_call_normal(c, &items[i], 0, iso_init_xavier_std(3, kv, 1));
    return status;
}

#define ENTRY(name, params, call)                                                                                                \
    { {"torch.nn." name, ISO_PARAMS(params)}, ISO_SIZES_NONE, call }

const iso_entry iso_stream_torch_nn[] = {
    ENTRY("Linear", linear_params, make_linear),
    ENTRY("Bilinear", bilinear_params, make_bilinear),
    ENTRY("Conv1d", conv_params, make_conv1d),
    ENTRY("Conv2d", conv_params, make_conv2d),
    ENTRY("Conv3d", conv_params, make_conv3d),
    ENTRY("ConvTranspose1d", conv_transpose_params, make_conv_transpose1d),
    ENTRY("ConvTranspose2d", conv_transpose_params, make_conv_transpose2d),
    ENTRY("ConvTranspose3d", conv_transpose_params, make_conv_transpose3d),
    ENTRY("Embedding", embedding_params, make_embedding),
    ENTRY("BatchNorm1d", batch_norm_params, make_batch_norm),
    ENTRY("BatchNorm2d", batch_norm_params, make_batch_norm),
    ENTRY("BatchNorm3d", batch_norm_params, make_batch_norm),
    ENTRY("LayerNorm", layer_norm_params, make_layer_norm),
    ENTRY("GroupNorm", group_norm_params, make_group_norm),
    ENTRY("RNN", recurrent_params, make_rnn),
    ENTRY("GRU", recurrent_params, make_gru),
    ENTRY("LSTM", recurrent_params, make_lstm),
    ENTRY("RNNCell", cell_params, make_rnn_cell),
    ENTRY("GRUCell", cell_params, make_gru_cell),
    ENTRY("LSTMCell", cell_params, make_lstm_cell),
    ENTRY("MultiheadAttention", attention_params, make_attention),
    {{NULL, NULL, 0}, ISO_SIZES_NONE, NULL},
};
