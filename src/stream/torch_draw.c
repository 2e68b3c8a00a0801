/* torch.rand and the other functions that draw on the default generator. */
#include "stream/call.h"
#include "stream/draw.h"

static const iso_param size_dtype[] = {ISO_PARAM("size", ISO_ARG_ANY, "None"),
                                       ISO_PARAM("dtype", ISO_ARG_ANY, "None")};
static const iso_param like_params[] = {ISO_PARAM("input", ISO_ARG_ANY, NULL),
                                        ISO_PARAM("dtype", ISO_ARG_ANY, "None")};

/* ---- The generator itself ---- */

static const iso_param seed_params[] = {ISO_PARAM("seed", ISO_ARG_ANY, NULL)};

static iso_status manual_seed(iso_call *c) {
    const iso_expr *seed = c->args[0].expr;
    if (seed->kind != ISO_EXPR_INT)
        return iso_call_fail(c, 0, "seed must be a whole number from -2^63 to 2^64 - 1");
    iso_torch_manual_seed(&c->state->torch, (uint64_t)seed->integer);
    return ISO_OK;
}

static iso_status initial_seed(iso_call *c) {
    uint64_t seed = c->state->torch.seed;
    *c->result = (iso_value){
        .kind = ISO_VALUE_INT, .integer = (int64_t)seed, .is_unsigned = seed > INT64_MAX};
    return ISO_OK;
}

static iso_status get_rng_state(iso_call *c) {
    iso_status status =
        iso_value_tensor(c->ctx, c->result, ISO_TYPE_U8, 1, (int64_t[]){ISO_TORCH_STATE_SIZE});
    if (!status)
        iso_torch_get_state(&c->state->torch, c->result->data);
    return status;
}

/* ---- Floats ---- */

static iso_status make_sized(iso_call *c) {
    iso_type type;
    iso_status status = iso_call_type(c, 1, ISO_TYPE_F32, &type);
    return status ? status : iso_value_tensor(c->ctx, c->result, type, c->dims, c->shape);
}

static iso_status make_like(iso_call *c) {
    iso_value input;
    iso_type type;
    iso_status status = iso_call_tensor(c, 0, &input);
    if (status)
        return status;
    status = iso_call_type(c, 1, input.type, &type);
    if (!status)
        status = iso_value_tensor(c->ctx, c->result, type, input.dims, input.shape);
    iso_value_free(c->ctx, &input);
    return status;
}

static iso_status draw_rand(iso_call *c) {
    iso_status status = make_sized(c);
    return status ? status : iso_call_uniform(c, c->result, 0, 1);
}

static iso_status draw_randn(iso_call *c) {
    iso_status status = make_sized(c);
    return status ? status : iso_call_normal(c, c->result, 0, 1);
}

static iso_status draw_rand_like(iso_call *c) {
    iso_status status = make_like(c);
    return status ? status : iso_call_uniform(c, c->result, 0, 1);
}

static iso_status draw_randn_like(iso_call *c) {
    iso_status status = make_like(c);
    return status ? status : iso_call_normal(c, c->result, 0, 1);
}

static const iso_param normal_params[] = {
    ISO_PARAM("mean", ISO_ARG_FLOAT, NULL), ISO_PARAM("std", ISO_ARG_FLOAT, NULL),
    ISO_PARAM("size", ISO_ARG_ANY, NULL), ISO_PARAM("dtype", ISO_ARG_ANY, "None")};

static iso_status draw_normal(iso_call *c) {
    iso_type type;
    iso_status status = iso_call_shape(c, 2, &c->dims, c->shape);
    if (!status)
        status = iso_call_type(c, 3, ISO_TYPE_F32, &type);
    if (!status)
        status = iso_value_tensor(c->ctx, c->result, type, c->dims, c->shape);
    return status ? status : iso_call_normal(c, c->result, c->args[0].f[0], c->args[1].f[0]);
}

/* ---- Integers ---- */

static const iso_param randint_params[] = {
    ISO_PARAM("low", ISO_ARG_INT, "None"), ISO_PARAM("high", ISO_ARG_ANY, "None"),
    ISO_PARAM("size", ISO_ARG_ANY, "None"), ISO_PARAM("dtype", ISO_ARG_ANY, "None")};

/* randint(high, size) and randint(low, high, size). */
static iso_status draw_randint(iso_call *c) {
    const iso_expr *high = c->args[1].expr;
    size_t size_at = 2;
    if (!c->args[2].given && high && high->kind != ISO_EXPR_INT) {
        size_at = 1;
        high = NULL;
    }
    if (!c->args[size_at].given)
        return iso_call_fail(c, ISO_MAX_PARAMS, "the argument size is missing");
    if (!high && !c->args[0].given)
        return iso_call_fail(c, ISO_MAX_PARAMS, "the argument high is missing");
    if (high && (high->kind != ISO_EXPR_INT || high->is_unsigned))
        return iso_call_fail(c, 1, "high must be a whole number");
    int64_t first = c->args[0].i[0], low = high ? first : 0, to = high ? high->integer : first;
    iso_type type;
    iso_status status = iso_call_shape(c, size_at, &c->dims, c->shape);
    if (!status)
        status = iso_call_type(c, 3, ISO_TYPE_I64, &type);
    if (!status)
        status = iso_value_tensor(c->ctx, c->result, type, c->dims, c->shape);
    return status ? status : iso_call_random(c, c->result, low, to);
}

static const iso_param randperm_params[] = {ISO_PARAM("n", ISO_ARG_INT, NULL),
                                            ISO_PARAM("dtype", ISO_ARG_ANY, "None")};

static iso_status draw_randperm(iso_call *c) {
    int64_t n = c->args[0].i[0];
    iso_type type;
    iso_value wide = {0};
    iso_status status = iso_call_type(c, 1, ISO_TYPE_I64, &type);
    if (status)
        return status;
    if (n < 0)
        return iso_call_fail(c, 0, "n must not be negative");
    if (n - 1 > iso_type_of(type)->high)
        return iso_call_fail(c, 0, "n is too large for the type %s", iso_type_of(type)->name);
    status = iso_value_tensor(c->ctx, &wide, ISO_TYPE_I64, 1, &n);
    if (!status)
        status = iso_value_tensor(c->ctx, c->result, type, 1, &n);
    if (!status) {
        iso_torch_randperm(&c->state->torch, wide.data, n);
        for (int64_t i = 0; i < n; i++)
            iso_value_set_int(c->result, i, ((const int64_t *)wide.data)[i]);
    }
    iso_value_free(c->ctx, &wide);
    return status;
}

/* ---- Bernoulli and dropout ---- */

static const iso_param bernoulli_params[] = {ISO_PARAM("input", ISO_ARG_ANY, NULL),
                                             ISO_PARAM("p", ISO_ARG_FLOAT, "None")};

static iso_status draw_bernoulli(iso_call *c) {
    iso_value input;
    iso_status status = iso_call_tensor(c, 0, &input);
    if (status)
        return status;
    status = iso_value_tensor(c->ctx, c->result, input.type, input.dims, input.shape);
    if (!status && !c->args[1].is_none)
        status = iso_call_bernoulli(c, c->result, c->args[1].f[0]);
    else if (!status)
        status = iso_call_bernoulli_tensor(c, c->result, &input);
    iso_value_free(c->ctx, &input);
    return status;
}

static const iso_param dropout_params[] = {
    ISO_PARAM("input", ISO_ARG_ANY, NULL), ISO_PARAM("p", ISO_ARG_FLOAT, "0.5"),
    ISO_PARAM("training", ISO_ARG_BOOL, "True"), ISO_PARAM("inplace", ISO_ARG_BOOL, "False")};

/* x * (noise / (1 - p)) with noise drawn by bernoulli_(1 - p); each step rounded to the tensor's
 * type. */
static iso_status draw_dropout(iso_call *c) {
    double p = c->args[1].f[0];
    iso_value *x = c->result;
    if (!(p >= 0 && p <= 1))
        return iso_call_fail(c, 1, "p must be between 0 and 1, got %g", p);
    iso_status status = iso_call_tensor(c, 0, x);
    if (status || p == 0 || !c->args[2].i[0])
        return status;
    if (!iso_type_is_float(x->type))
        return iso_call_fail(c, 0, "needs a tensor of a floating-point type");
    iso_value noise = {0};
    status = iso_value_tensor(c->ctx, &noise, x->type, x->dims, x->shape);
    if (!status && p < 1)
        status = iso_call_bernoulli(c, &noise, 1 - p);
    bool wide = x->type == ISO_TYPE_F64;
    double scale = wide ? 1 / (1 - p) : (double)(1.0f / (float)(1 - p));
    for (int64_t i = 0; !status && i < x->numel; i++) {
        if (iso_value_get(&noise, i) != 0)
            iso_value_set(&noise, i, scale);
        double a = iso_value_get(x, i), b = iso_value_get(&noise, i);
        iso_value_set(x, i, wide ? a * b : (double)((float)a * (float)b));
    }
    iso_value_free(c->ctx, &noise);
    return status;
}

const iso_entry iso_stream_torch_draw[] = {
    {{"torch.manual_seed", ISO_PARAMS(seed_params)}, ISO_SIZES_NONE, manual_seed},
    {{"torch.initial_seed", NULL, 0}, ISO_SIZES_NONE, initial_seed},
    {{"torch.get_rng_state", NULL, 0}, ISO_SIZES_NONE, get_rng_state},
    {{"torch.rand", ISO_PARAMS(size_dtype)}, ISO_SIZES_FIRST, draw_rand},
    {{"torch.randn", ISO_PARAMS(size_dtype)}, ISO_SIZES_FIRST, draw_randn},
    {{"torch.rand_like", ISO_PARAMS(like_params)}, ISO_SIZES_NONE, draw_rand_like},
    {{"torch.randn_like", ISO_PARAMS(like_params)}, ISO_SIZES_NONE, draw_randn_like},
    {{"torch.normal", ISO_PARAMS(normal_params)}, ISO_SIZES_NONE, draw_normal},
    {{"torch.randint", ISO_PARAMS(randint_params)}, ISO_SIZES_NONE, draw_randint},
    {{"torch.randperm", ISO_PARAMS(randperm_params)}, ISO_SIZES_NONE, draw_randperm},
    {{"torch.bernoulli", ISO_PARAMS(bernoulli_params)}, ISO_SIZES_NONE, draw_bernoulli},
    {{"torch.nn.functional.dropout", ISO_PARAMS(dropout_params)}, ISO_SIZES_NONE, draw_dropout},
    {{NULL, NULL, 0}, ISO_SIZES_NONE, NULL},
};
