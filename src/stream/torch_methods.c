/* Methods of tensors: the in-place draws, and a few that only look. */
#include <string.h>

#include "stream/draw.h"

/* A method that works in place gives its tensor back. */
static iso_status give_self(iso_call *c, iso_status status) {
    if (!status)
        iso_value_share(c->result, c->self);
    return status;
}

#define GENERATOR ISO_PARAM("generator", ISO_ARG_ANY, "None")

static const iso_param uniform_params[] = {ISO_PARAM("from", ISO_ARG_FLOAT, "0"), ISO_PARAM("to", ISO_ARG_FLOAT, "1"), GENERATOR};

static iso_status method_uniform(iso_call *c) {
    return give_self(c, iso_call_uniform(c, c->self, c->args[0].f[0], c->args[1].f[0]));
}

static const iso_param normal_params[] = {ISO_PARAM("mean", ISO_ARG_FLOAT, "0"), ISO_PARAM("std", ISO_ARG_FLOAT, "1"), GENERATOR};

static iso_status method_normal(iso_call *c) {
    return give_self(c, iso_call_normal(c, c->self, c->args[0].f[0], c->args[1].f[0]));
}

static const iso_param random_params[] = {ISO_PARAM("from", ISO_ARG_INT, "None"), ISO_PARAM("to", ISO_ARG_INT, "None"),
                                          GENERATOR};

/* random_(), random_(to), random_(from, to) */
static iso_status method_random(iso_call *c) {
    bool first = c->args[0].given, second = c->args[1].given;
    if (!first && !second)
        return give_self(c, iso_call_random_any(c, c->self));
    if (first && !second && c->expr->positional == 0)
        return iso_call_fail(c, 0, "from without to is not supported");
    int64_t low = first && second ? c->args[0].i[0] : 0, high = c->args[second ? 1 : 0].i[0];
    return give_self(c, iso_call_random(c, c->self, low, high));
}

static const iso_param bernoulli_params[] = {ISO_PARAM("p", ISO_ARG_ANY, "0.5"), GENERATOR};

static iso_status method_bernoulli(iso_call *c) {
    const iso_value *p = c->values[0];
    double number = 0.5;
    if (p && p->kind == ISO_VALUE_TENSOR && p->dims > 0)
        return give_self(c, iso_call_bernoulli_tensor(c, c->self, p));
    if (p && !iso_value_to_double(p, &number))
        return iso_call_fail(c, 0, "p must be a number or a tensor");
    return give_self(c, iso_call_bernoulli(c, c->self, number));
}

static const iso_param exponential_params[] = {ISO_PARAM("lambd", ISO_ARG_FLOAT, "1"), GENERATOR};

static iso_status method_exponential(iso_call *c) {
    return give_self(c, iso_call_distribution(c, c->self, ISO_EXPONENTIAL, c->args[0].f[0], 0));
}

static const iso_param geometric_params[] = {ISO_PARAM("p", ISO_ARG_FLOAT, NULL), GENERATOR};

static iso_status method_geometric(iso_call *c) {
    return give_self(c, iso_call_distribution(c, c->self, ISO_GEOMETRIC, c->args[0].f[0], 0));
}

static const iso_param cauchy_params[] = {ISO_PARAM("median", ISO_ARG_FLOAT, "0"), ISO_PARAM("sigma", ISO_ARG_FLOAT, "1"),
                                          GENERATOR};

static iso_status method_cauchy(iso_call *c) {
    return give_self(c, iso_call_distribution(c, c->self, ISO_CAUCHY, c->args[0].f[0], c->args[1].f[0]));
}

static const iso_param log_normal_params[] = {ISO_PARAM("mean", ISO_ARG_FLOAT, "1"), ISO_PARAM("std", ISO_ARG_FLOAT, "2"),
                                              GENERATOR};

static iso_status method_log_normal(iso_call *c) {
    return give_self(c, iso_call_distribution(c, c->self, ISO_LOG_NORMAL, c->args[0].f[0], c->args[1].f[0]));
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

static iso_status method_clone(iso_call *c) {
    return iso_value_clone(c->ctx, c->result, c->self);
}

/* Element `*next` and those behind it as nested lists from dimension `axis` on. */
static iso_status to_list(iso_call *c, int axis, int64_t *next, iso_value *list) {
    const iso_value *self = c->self;
    iso_integer n;
    if (axis == self->dims) {
        int64_t i = (*next)++;
        if (iso_type_is_float(self->type))
            iso_value_float(list, iso_value_get(self, i));
        else if (self->type == ISO_TYPE_BOOL)
            iso_value_bool(list, iso_value_get_int(self, i) != 0);
        else if (self->type == ISO_TYPE_U64) {
            iso_integer_set(&n, false, (uint64_t)iso_value_get_int(self, i));
            return iso_value_integer(c->ctx, list, &n);
        } else
            iso_value_int(list, iso_value_get_int(self, i));
        return ISO_OK;
    }
    iso_status status = iso_value_items(c->ctx, list, ISO_VALUE_LIST, (size_t)self->shape[axis]);
    for (size_t i = 0; !status && i < list->count; i++)
        status = to_list(c, axis + 1, next, &list->items[i]);
    return status;
}

static iso_status method_tolist(iso_call *c) {
    int64_t next = 0;
    return to_list(c, 0, &next, c->result);
}

static iso_status method_item(iso_call *c) {
    int64_t next = 0;
    if (c->self->numel != 1)
        return iso_call_fail(c, ISO_NO_ARGUMENT, "needs one element, there are %lld", (long long)c->self->numel);
    return to_list(c, c->self->dims, &next, c->result);
}

#define ENTRY(name, params, call)                                                                                                \
    { {name, ISO_PARAMS(params)}, ISO_SIZES_NONE, call }
#define PLAIN(name, call)                                                                                                        \
    { {name, NULL, 0}, ISO_SIZES_NONE, call }

const iso_entry iso_stream_torch_methods[] = {
    ENTRY("torch.Tensor.uniform_", uniform_params, method_uniform),
    ENTRY("torch.Tensor.normal_", normal_params, method_normal),
    ENTRY("torch.Tensor.random_", random_params, method_random),
    ENTRY("torch.Tensor.bernoulli_", bernoulli_params, method_bernoulli),
    ENTRY("torch.Tensor.exponential_", exponential_params, method_exponential),
    ENTRY("torch.Tensor.geometric_", geometric_params, method_geometric),
    ENTRY("torch.Tensor.cauchy_", cauchy_params, method_cauchy),
    ENTRY("torch.Tensor.log_normal_", log_normal_params, method_log_normal),
    ENTRY("torch.Tensor.fill_", fill_params, method_fill),
    PLAIN("torch.Tensor.zero_", method_zero),
    PLAIN("torch.Tensor.clone", method_clone),
    PLAIN("torch.Tensor.tolist", method_tolist),
    PLAIN("torch.Tensor.item", method_item),
    PLAIN("numpy.ndarray.copy", method_clone),
    PLAIN("numpy.ndarray.tolist", method_tolist),
    PLAIN("numpy.ndarray.item", method_item),
    {{NULL, NULL, 0}, ISO_SIZES_NONE, NULL},
};
