/* Methods of tensors: the in-place draws, and a few that only look. */
#include <string.h>

#include "stream/call.h"
#include "stream/draw.h"

/* A method ends by giving its tensor back. */
static iso_status give_self(iso_call *c, iso_status status) {
    if (!status) {
        *c->result = *c->self;
        *c->self = (iso_value){0};
    }
    return status;
}

static const iso_param uniform_params[] = {ISO_PARAM("from", ISO_ARG_FLOAT, "0"),
                                           ISO_PARAM("to", ISO_ARG_FLOAT, "1")};

static iso_status method_uniform(iso_call *c) {
    return give_self(c, iso_call_uniform(c, c->self, c->args[0].f[0], c->args[1].f[0]));
}

static const iso_param normal_params[] = {ISO_PARAM("mean", ISO_ARG_FLOAT, "0"),
                                          ISO_PARAM("std", ISO_ARG_FLOAT, "1")};

static iso_status method_normal(iso_call *c) {
    return give_self(c, iso_call_normal(c, c->self, c->args[0].f[0], c->args[1].f[0]));
}

static const iso_param random_params[] = {ISO_PARAM("from", ISO_ARG_INT, "None"),
                                          ISO_PARAM("to", ISO_ARG_INT, "None")};

/* random_(), random_(to), random_(from, to) */
static iso_status method_random(iso_call *c) {
    bool first = c->args[0].given, second = c->args[1].given;
    if (!first && !second) {
        iso_call_random_any(c, c->self);
        return give_self(c, ISO_OK);
    }
    if (first && !second && c->expr->positional == 0)
        return iso_call_fail(c, 0, "from without to is not supported");
    int64_t low = first && second ? c->args[0].i[0] : 0, high = c->args[second ? 1 : 0].i[0];
    return give_self(c, iso_call_random(c, c->self, low, high));
}

static const iso_param bernoulli_params[] = {ISO_PARAM("p", ISO_ARG_ANY, "0.5")};

static iso_status method_bernoulli(iso_call *c) {
    iso_value p = {.kind = ISO_VALUE_FLOAT, .number = 0.5};
    iso_status status = c->args[0].given ? iso_call_value(c, 0, &p) : ISO_OK;
    if (status)
        return status;
    if (p.kind == ISO_VALUE_TENSOR)
        status = iso_call_bernoulli_tensor(c, c->self, &p);
    else if (p.kind == ISO_VALUE_FLOAT || p.kind == ISO_VALUE_INT)
        status = iso_call_bernoulli(c, c->self, p.number);
    else
        status = iso_call_fail(c, 0, "p must be a number or a tensor");
    iso_value_free(c->ctx, &p);
    return give_self(c, status);
}

static const iso_param fill_params[] = {ISO_PARAM("value", ISO_ARG_FLOAT, NULL)};

static iso_status method_fill(iso_call *c) {
    for (int64_t i = 0; i < c->self->numel; i++)
        iso_value_set(c->self, i, c->args[0].f[0]);
    return give_self(c, ISO_OK);
}

static iso_status method_zero(iso_call *c) {
    memset(c->self->data, 0, (size_t)c->self->numel * iso_type_of(c->self->type)->size);
    return give_self(c, ISO_OK);
}

static iso_status method_tolist(iso_call *c) {
    return give_self(c, ISO_OK);
}

static iso_status method_item(iso_call *c) {
    if (c->self->numel != 1)
        return iso_call_fail(c, ISO_MAX_PARAMS, "needs a tensor of one element, this one has %lld",
                             (long long)c->self->numel);
    if (iso_type_is_float(c->self->type))
        *c->result = (iso_value){.kind = ISO_VALUE_FLOAT, .number = iso_value_get(c->self, 0)};
    else
        *c->result =
            (iso_value){.kind = c->self->type == ISO_TYPE_BOOL ? ISO_VALUE_BOOL : ISO_VALUE_INT,
                        .integer = iso_value_get_int(c->self, 0)};
    return ISO_OK;
}

const iso_entry iso_stream_torch_methods[] = {
    {{"Tensor.uniform_", ISO_PARAMS(uniform_params)}, ISO_SIZES_NONE, method_uniform},
    {{"Tensor.normal_", ISO_PARAMS(normal_params)}, ISO_SIZES_NONE, method_normal},
    {{"Tensor.random_", ISO_PARAMS(random_params)}, ISO_SIZES_NONE, method_random},
    {{"Tensor.bernoulli_", ISO_PARAMS(bernoulli_params)}, ISO_SIZES_NONE, method_bernoulli},
    {{"Tensor.fill_", ISO_PARAMS(fill_params)}, ISO_SIZES_NONE, method_fill},
    {{"Tensor.zero_", NULL, 0}, ISO_SIZES_NONE, method_zero},
    {{"Tensor.tolist", NULL, 0}, ISO_SIZES_NONE, method_tolist},
    {{"Tensor.item", NULL, 0}, ISO_SIZES_NONE, method_item},
    {{NULL, NULL, 0}, ISO_SIZES_NONE, NULL},
};
