/* Tensors that are written down, not drawn; range and list. */
#include "stream/call.h"

static const iso_param size_dtype[] = {ISO_PARAM("size", ISO_ARG_ANY, "None"), ISO_PARAM("dtype", ISO_ARG_ANY, "None"),
                                       ISO_PARAM("device", ISO_ARG_ANY, "None"),
                                       ISO_PARAM("requires_grad", ISO_ARG_BOOL, "False")};

static void fill(iso_value *tensor, const iso_value *number) {
    for (int64_t i = 0; i < tensor->numel; i++)
        if (number->kind == ISO_VALUE_FLOAT)
            iso_value_set(tensor, i, number->number);
        else
            iso_value_set_int(tensor, i, number->integer);
}

static iso_status make_filled(iso_call *c, int64_t with) {
    iso_type type;
    iso_status status = iso_call_type(c, 1, ISO_TYPE_F32, &type);
    if (!status)
        status = iso_value_tensor(c->ctx, c->result, type, c->dims, c->shape);
    if (!status)
        fill(c->result, &(iso_value){.kind = ISO_VALUE_INT, .integer = with});
    return status;
}

static iso_status make_zeros(iso_call *c) {
    return make_filled(c, 0);
}
static iso_status make_ones(iso_call *c) {
    return make_filled(c, 1);
}

static bool is_number(const iso_value *v) {
    return (v->kind == ISO_VALUE_INT && !v->is_unsigned && !v->big) || v->kind == ISO_VALUE_BOOL || v->kind == ISO_VALUE_FLOAT;
}

/* The type that PyTorch gives to a Python number. */
static iso_type natural_type(const iso_value *v) {
    return v->kind == ISO_VALUE_FLOAT ? ISO_TYPE_F32 : v->kind == ISO_VALUE_INT ? ISO_TYPE_I64 : ISO_TYPE_BOOL;
}

static const iso_param full_params[] = {ISO_PARAM("size", ISO_ARG_ANY, NULL), ISO_PARAM("fill_value", ISO_ARG_ANY, NULL),
                                        ISO_PARAM("dtype", ISO_ARG_ANY, "None")};

static iso_status make_full(iso_call *c) {
    const iso_value *number = c->values[1];
    iso_type type;
    iso_status status = iso_call_shape(c, 0, &c->dims, c->shape);
    if (!status && !is_number(number))
        status = iso_call_fail(c, 1, "fill_value must be a number");
    if (!status)
        status = iso_call_type(c, 2, natural_type(number), &type);
    if (!status)
        status = iso_value_tensor(c->ctx, c->result, type, c->dims, c->shape);
    if (!status)
        fill(c->result, number);
    return status;
}

/* ---- torch.tensor(data) ---- */

static const iso_param tensor_params[] = {ISO_PARAM("data", ISO_ARG_ANY, NULL), ISO_PARAM("dtype", ISO_ARG_ANY, "None")};

static bool is_sequence(const iso_value *v) {
    return v->kind == ISO_VALUE_LIST || v->kind == ISO_VALUE_TUPLE;
}

/* Whether nested sequences have the shape everywhere that their first items have; and the type of all numbers in them. */
static bool measure(const iso_value *v, int axis, int dims, const int64_t *shape, iso_type *type) {
    if (!is_sequence(v)) {
        if (!is_number(v) || axis != dims)
            return false;
        iso_type own = natural_type(v);
        *type = own < *type ? own : *type; /* floats stand before integers, integers before bool */
        return true;
    }
    if (axis >= dims || (int64_t)v->count != shape[axis])
        return false;
    for (size_t i = 0; i < v->count; i++)
        if (!measure(&v->items[i], axis + 1, dims, shape, type))
            return false;
    return true;
}

static void store(iso_value *tensor, const iso_value *v, int64_t *next) {
    if (is_sequence(v)) {
        for (size_t i = 0; i < v->count; i++)
            store(tensor, &v->items[i], next);
        return;
    }
    if (v->kind == ISO_VALUE_FLOAT)
        iso_value_set(tensor, *next, v->number);
    else
        iso_value_set_int(tensor, *next, v->integer);
    ++*next;
}

iso_status iso_call_nested(iso_call *c, size_t i, iso_value_kind kind, iso_type float_type, size_t type_at, iso_value *array) {
    const iso_value *data = c->values[i], *v = data;
    iso_type natural = ISO_TYPE_BOOL, type;
    int64_t next = 0;
    iso_value list = {0};
    if (data->kind == ISO_VALUE_RANGE) {
        iso_status status = iso_value_list_of(c->ctx, data, &list);
        if (status)
            return status;
        v = data = &list;
    }
    for (c->dims = 0; is_sequence(v) && c->dims < ISO_MAX_DIMS; v = &v->items[0]) {
        c->shape[c->dims++] = (int64_t)v->count;
        if (v->count == 0) {
            natural = float_type;
            break;
        }
    }
    iso_status status = ISO_OK;
    if (!measure(data, 0, c->dims, c->shape, &natural))
        status = iso_call_fail(c, i, "data must be a number or nested lists of numbers of equal lengths, at most %d deep",
                               ISO_MAX_DIMS);
    natural = natural <= ISO_TYPE_F32 ? float_type : natural;
    type = natural;
    if (!status && type_at < ISO_NO_ARGUMENT)
        status = iso_call_type(c, type_at, natural, &type);
    if (!status)
        status = iso_value_array(c->ctx, array, kind, type, c->dims, c->shape);
    if (!status)
        store(array, data, &next);
    iso_value_free(c->ctx, &list);
    return status;
}

static iso_status make_tensor(iso_call *c) {
    return iso_call_nested(c, 0, ISO_VALUE_TENSOR, ISO_TYPE_F32, 1, c->result);
}

/* ---- range ---- */

static const iso_param range_params[] = {ISO_PARAM("start", ISO_ARG_INT, NULL), ISO_PARAM("stop", ISO_ARG_INT, "None"),
                                         ISO_PARAM("step", ISO_ARG_INT, "1")};

static iso_status make_range(iso_call *c) {
    int64_t start = c->args[0].i[0], stop = c->args[1].i[0], step = c->args[2].i[0];
    if (c->args[1].is_none) {
        stop = start;
        start = 0;
    }
    if (step == 0)
        return iso_call_fail(c, 2, "step must not be 0");
    uint64_t span = 0, stride = step > 0 ? (uint64_t)step : 0 - (uint64_t)step, count = 0;
    if (step > 0 ? start < stop : start > stop) {
        span = step > 0 ? (uint64_t)stop - (uint64_t)start : (uint64_t)start - (uint64_t)stop;
        count = (span - 1) / stride + 1;
    }
    if (count > INT64_MAX)
        return iso_call_fail(c, 0, "more than 2^63 - 1 numbers");
    *c->result = (iso_value){.kind = ISO_VALUE_RANGE, .start = start, .stop = stop, .step = step, .length = (int64_t)count};
    return ISO_OK;
}

static const iso_param list_params[] = {ISO_PARAM("iterable", ISO_ARG_ANY, NULL)};

/* list(x) */
static iso_status make_list(iso_call *c) {
    if (iso_value_length(c->values[0]) < 0)
        return iso_call_fail(c, 0, "a sequence is expected");
    return iso_value_list_of(c->ctx, c->values[0], c->result);
}

/* ---- torch.zeros_like and the others ---- */

static const iso_param like_params[] = {ISO_PARAM("input", ISO_ARG_ANY, NULL), ISO_PARAM("dtype", ISO_ARG_ANY, "None")};

static iso_status make_like(iso_call *c, int64_t with) {
    const iso_value *input = c->values[0];
    iso_type type;
    if (input->kind != ISO_VALUE_TENSOR)
        return iso_call_fail(c, 0, "a tensor is expected");
    iso_status status = iso_call_type(c, 1, input->type, &type);
    if (!status)
        status = iso_value_tensor(c->ctx, c->result, type, input->dims, input->shape);
    if (!status)
        fill(c->result, &(iso_value){.kind = ISO_VALUE_INT, .integer = with});
    return status;
}

static iso_status make_zeros_like(iso_call *c) {
    return make_like(c, 0);
}
static iso_status make_ones_like(iso_call *c) {
    return make_like(c, 1);
}

const iso_entry iso_stream_torch_create[] = {
    {{"torch.empty", ISO_PARAMS(size_dtype)}, ISO_SIZES_FIRST, make_zeros},
    {{"torch.zeros", ISO_PARAMS(size_dtype)}, ISO_SIZES_FIRST, make_zeros},
    {{"torch.ones", ISO_PARAMS(size_dtype)}, ISO_SIZES_FIRST, make_ones},
    {{"torch.full", ISO_PARAMS(full_params)}, ISO_SIZES_NONE, make_full},
    {{"torch.tensor", ISO_PARAMS(tensor_params)}, ISO_SIZES_NONE, make_tensor},
    {{"torch.empty_like", ISO_PARAMS(like_params)}, ISO_SIZES_NONE, make_zeros_like},
    {{"torch.zeros_like", ISO_PARAMS(like_params)}, ISO_SIZES_NONE, make_zeros_like},
    {{"torch.ones_like", ISO_PARAMS(like_params)}, ISO_SIZES_NONE, make_ones_like},
    {{"range", ISO_PARAMS(range_params)}, ISO_SIZES_NONE, make_range},
    {{"list", ISO_PARAMS(list_params)}, ISO_SIZES_NONE, make_list},
    {{NULL, NULL, 0}, ISO_SIZES_NONE, NULL},
};
