/* Arrays that are written down, not drawn, and the ways between arrays and tensors. */
#include <math.h>
#include <string.h>

#include "stream/numpy.h"

/* ---- np.array, zeros, ones, arange ---- */

static const iso_param array_params[] = {ISO_PARAM("object", ISO_ARG_ANY, NULL), ISO_PARAM("dtype", ISO_ARG_ANY, "None")};

static iso_status make_array(iso_call *c) {
    return iso_call_nested(c, 0, ISO_VALUE_ARRAY, ISO_TYPE_F64, 1, c->result);
}

static const iso_param shape_params[] = {ISO_PARAM("shape", ISO_ARG_ANY, NULL), ISO_PARAM("dtype", ISO_ARG_ANY, "None")};

static iso_status make_filled(iso_call *c, int64_t with) {
    iso_type type;
    iso_status status = iso_call_type(c, 1, ISO_TYPE_F64, &type);
    if (!status)
        status = iso_call_shape(c, 0, &c->dims, c->shape);
    if (!status)
        status = iso_value_array(c->ctx, c->result, ISO_VALUE_ARRAY, type, c->dims, c->shape);
    for (int64_t i = 0; !status && i < c->result->numel; i++)
        iso_value_set_int(c->result, i, with);
    return status;
}

static iso_status make_zeros(iso_call *c) {
    return make_filled(c, 0);
}
static iso_status make_ones(iso_call *c) {
    return make_filled(c, 1);
}

static const iso_param arange_params[] = {ISO_PARAM("start", ISO_ARG_FLOAT, NULL), ISO_PARAM("stop", ISO_ARG_FLOAT, "None"),
                                          ISO_PARAM("step", ISO_ARG_FLOAT, "1"), ISO_PARAM("dtype", ISO_ARG_ANY, "None")};

/* PyTorch's name for the stop. */
static const iso_param end_params[] = {ISO_PARAM("start", ISO_ARG_FLOAT, NULL), ISO_PARAM("end", ISO_ARG_FLOAT, "None"),
                                       ISO_PARAM("step", ISO_ARG_FLOAT, "1"), ISO_PARAM("dtype", ISO_ARG_ANY, "None")};

static bool is_whole(const iso_value *value) {
    return !value || value->kind == ISO_VALUE_INT || value->kind == ISO_VALUE_NONE;
}

/* start, start + step, ...: whole numbers where all three are. */
static iso_status make_arange(iso_call *c, iso_value_kind kind, iso_type floats) {
    double start = c->args[0].f[0], stop = c->args[1].f[0], step = c->args[2].f[0];
    bool whole = is_whole(c->values[0]) && is_whole(c->values[1]) && is_whole(c->values[2]);
    iso_type type;
    if (c->args[1].is_none) {
        stop = start;
        start = 0;
    }
    iso_status status = iso_call_type(c, 3, whole ? ISO_TYPE_I64 : floats, &type);
    double count = ceil((stop - start) / step);
    if (!status && step == 0)
        status = iso_call_fail(c, 2, "step must not be 0");
    if (!status && !(count < 0x1p40))
        status = iso_call_fail(c, ISO_NO_ARGUMENT, "more than 2^40 numbers");
    int64_t n = count > 0 ? (int64_t)count : 0;
    if (!status)
        status = iso_value_array(c->ctx, c->result, kind, type, 1, &n);
    for (int64_t i = 0; !status && i < n; i++)
        iso_value_set(c->result, i, start + (double)i * step);
    return status;
}

static iso_status make_numpy_arange(iso_call *c) {
    return make_arange(c, ISO_VALUE_ARRAY, ISO_TYPE_F64);
}
static iso_status make_torch_arange(iso_call *c) {
    return make_arange(c, ISO_VALUE_TENSOR, ISO_TYPE_F32);
}

/* ---- Between the libraries ---- */

/* tensor.numpy(), torch.from_numpy(array): the same elements. */
static iso_status share_as(iso_call *c, const iso_value *value, iso_value_kind kind) {
    iso_value_share(c->result, value);
    c->result->kind = kind;
    return ISO_OK;
}

static iso_status method_numpy(iso_call *c) {
    if (c->self->type == ISO_TYPE_BF16)
        return iso_call_fail(c, ISO_NO_ARGUMENT, "NumPy has no bfloat16");
    return share_as(c, c->self, ISO_VALUE_ARRAY);
}

static const iso_param from_params[] = {ISO_PARAM("ndarray", ISO_ARG_ANY, NULL)};

static iso_status from_numpy(iso_call *c) {
    if (c->values[0]->kind != ISO_VALUE_ARRAY)
        return iso_call_fail(c, 0, "an array is expected");
    return share_as(c, c->values[0], ISO_VALUE_TENSOR);
}

static const iso_param astype_params[] = {ISO_PARAM("dtype", ISO_ARG_ANY, NULL)};

static iso_status method_astype(iso_call *c) {
    iso_type type;
    iso_status status = iso_call_type(c, 0, ISO_TYPE_F64, &type);
    if (!status)
        status = iso_value_array(c->ctx, c->result, c->self->kind, type, c->self->dims, c->self->shape);
    bool whole = !iso_type_is_float(c->self->type);
    for (int64_t i = 0; !status && i < c->self->numel; i++)
        if (whole)
            iso_value_set_int(c->result, i, iso_value_get_int(c->self, i));
        else
            iso_value_set(c->result, i, iso_value_get(c->self, i));
    return status;
}

/* module.parameters(), as a list. */
static iso_status method_parameters(iso_call *c) {
    iso_status status = iso_value_items(c->ctx, c->result, ISO_VALUE_LIST, c->self->count);
    for (size_t i = 0; !status && i < c->self->count; i++)
        iso_value_share(&c->result->items[i], &c->self->items[i]);
    return status;
}

#define ENTRY(name, params, call)                                                                                                \
    { {name, ISO_PARAMS(params)}, ISO_SIZES_NONE, call }

const iso_entry iso_stream_numpy_create[] = {
    ENTRY("numpy.array", array_params, make_array),
    ENTRY("numpy.asarray", array_params, make_array),
    ENTRY("numpy.zeros", shape_params, make_zeros),
    ENTRY("numpy.empty", shape_params, make_zeros),
    ENTRY("numpy.ones", shape_params, make_ones),
    ENTRY("numpy.arange", arange_params, make_numpy_arange),
    ENTRY("torch.arange", end_params, make_torch_arange),
    ENTRY("torch.from_numpy", from_params, from_numpy),
    ENTRY("numpy.ndarray.astype", astype_params, method_astype),
    ENTRY("torch.Tensor.to", astype_params, method_astype),
    {{"torch.Tensor.numpy", NULL, 0}, ISO_SIZES_NONE, method_numpy},
    {{"torch.nn.Module.parameters", NULL, 0}, ISO_SIZES_NONE, method_parameters},
    {{NULL, NULL, 0}, ISO_SIZES_NONE, NULL},
};
