/* Tensors that are written down, not drawn. */
#include "stream/call.h"

static const iso_param size_dtype[] = {ISO_PARAM("size", ISO_ARG_ANY, "None"),
                                       ISO_PARAM("dtype", ISO_ARG_ANY, "None")};

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
    return (v->kind == ISO_VALUE_INT && !v->is_unsigned) || v->kind == ISO_VALUE_BOOL ||
           v->kind == ISO_VALUE_FLOAT;
}

/* The type that PyTorch gives to a Python number. */
static iso_type natural_type(const iso_value *v) {
    return v->kind == ISO_VALUE_FLOAT ? ISO_TYPE_F32
           : v->kind == ISO_VALUE_INT ? ISO_TYPE_I64
                                      : ISO_TYPE_BOOL;
}

static const iso_param full_params[] = {ISO_PARAM("size", ISO_ARG_ANY, NULL),
                                        ISO_PARAM("fill_value", ISO_ARG_ANY, NULL),
                                        ISO_PARAM("dtype", ISO_ARG_ANY, "None")};

static iso_status make_full(iso_call *c) {
    iso_value number;
    iso_type type;
    iso_status status = iso_call_shape(c, 0, &c->dims, c->shape);
    if (!status)
        status = iso_call_value(c, 1, &number);
    if (status)
        return status;
    if (!is_number(&number))
        status = iso_call_fail(c, 1, "fill_value must be a number");
    if (!status)
        status = iso_call_type(c, 2, natural_type(&number), &type);
    if (!status)
        status = iso_value_tensor(c->ctx, c->result, type, c->dims, c->shape);
    if (!status)
        fill(c->result, &number);
    iso_value_free(c->ctx, &number);
    return status;
}

/* ---- torch.tensor(data) ---- */

static const iso_param tensor_params[] = {ISO_PARAM("data", ISO_ARG_ANY, NULL),
                                          ISO_PARAM("dtype", ISO_ARG_ANY, "None")};

static bool is_sequence(const iso_value *v) {
    return v->kind == ISO_VALUE_LIST || v->kind == ISO_VALUE_TUPLE;
}

/* The shape of nested lists along their first items, and the type of all numbers in them. */
static bool measure(const iso_value *v, int axis, int *dims, int64_t *shape, iso_type *type) {
    if (!is_sequence(v)) {
        if (!is_number(v) || axis != *dims)
            return false;
        iso_type own = natural_type(v);
        *type = own < *type ? own : *type; /* floats stand before integers, integers before bool */
        return true;
    }
    if (axis >= *dims || (int64_t)v->count != shape[axis])
        return false;
    for (size_t i = 0; i < v->count; i++)
        if (!measure(&v->items[i], axis + 1, dims, shape, type))
            return false;
    return true;
}

static void store(iso_value *tensor, const iso_value *v, int64_t *next) {
    for (size_t i = 0; i < v->count; i++)
        store(tensor, &v->items[i], next);
    if (!is_sequence(v)) {
        iso_value one = *tensor;
        one.numel = 1;
        one.data = (char *)tensor->data + (size_t)*next * iso_type_of(tensor->type)->size;
        fill(&one, v);
        ++*next;
    }
}

static iso_status make_tensor(iso_call *c) {
    iso_value data;
    iso_status status = iso_call_value(c, 0, &data);
    if (status)
        return status;
    iso_type natural = ISO_TYPE_BOOL, type;
    int64_t next = 0;
    const iso_value *v = &data;
    for (c->dims = 0; is_sequence(v) && c->dims < ISO_MAX_DIMS; v = &v->items[0]) {
        c->shape[c->dims++] = (int64_t)v->count;
        if (v->count == 0) {
            natural = ISO_TYPE_F32;
            break;
        }
    }
    if (data.kind == ISO_VALUE_TENSOR || !measure(&data, 0, &c->dims, c->shape, &natural))
        status = iso_call_fail(
            c, 0,
            "data must be a number or nested lists of numbers of equal lengths, at most %d deep",
            ISO_MAX_DIMS);
    if (!status)
        status = iso_call_type(c, 1, natural, &type);
    if (!status)
        status = iso_value_tensor(c->ctx, c->result, type, c->dims, c->shape);
    if (!status)
        store(c->result, &data, &next);
    iso_value_free(c->ctx, &data);
    return status;
}

/* ---- range ---- */

static const iso_param range_params[] = {ISO_PARAM("start", ISO_ARG_INT, NULL),
                                         ISO_PARAM("stop", ISO_ARG_INT, "None"),
                                         ISO_PARAM("step", ISO_ARG_INT, "1")};

#define MAX_RANGE (1u << 22)

/* A list of the numbers; Python's own prints as range(0, n). */
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
    if (count > MAX_RANGE)
        return iso_call_fail(c, 0, "more than %u numbers", MAX_RANGE);
    c->result->kind = ISO_VALUE_LIST;
    c->result->items = iso_calloc(c->ctx, (size_t)count, sizeof *c->result->items);
    if (!c->result->items)
        return ISO_ENOMEM;
    for (; c->result->count < count; c->result->count++) {
        int64_t i = (int64_t)((uint64_t)start + (uint64_t)c->result->count * (uint64_t)step);
        c->result->items[c->result->count] =
            (iso_value){.kind = ISO_VALUE_INT, .integer = i, .number = (double)i};
    }
    return ISO_OK;
}

/* ---- torch.zeros_like and the others ---- */

static const iso_param like_params[] = {ISO_PARAM("input", ISO_ARG_ANY, NULL),
                                        ISO_PARAM("dtype", ISO_ARG_ANY, "None")};

static iso_status make_like(iso_call *c, int64_t with) {
    iso_value input;
    iso_type type;
    iso_status status = iso_call_tensor(c, 0, &input);
    if (status)
        return status;
    status = iso_call_type(c, 1, input.type, &type);
    if (!status)
        status = iso_value_tensor(c->ctx, c->result, type, input.dims, input.shape);
    if (!status)
        fill(c->result, &(iso_value){.kind = ISO_VALUE_INT, .integer = with});
    iso_value_free(c->ctx, &input);
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
    {{NULL, NULL, 0}, ISO_SIZES_NONE, NULL},
};
