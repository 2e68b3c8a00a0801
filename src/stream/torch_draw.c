/* torch.rand and the other functions that draw on the default generator. */
#include <string.h>

#include "stream/draw.h"

static const iso_param size_dtype[] = {ISO_PARAM("size", ISO_ARG_ANY, "None"), ISO_PARAM("dtype", ISO_ARG_ANY, "None"),
                                       ISO_PARAM("generator", ISO_ARG_ANY, "None"), ISO_PARAM("device", ISO_ARG_ANY, "None"),
                                       ISO_PARAM("requires_grad", ISO_ARG_BOOL, "False")};
static const iso_param like_params[] = {ISO_PARAM("input", ISO_ARG_ANY, NULL), ISO_PARAM("dtype", ISO_ARG_ANY, "None"),
                                        ISO_PARAM("device", ISO_ARG_ANY, "None")};

/* ---- The generator itself ---- */

static const iso_param seed_params[] = {ISO_PARAM("seed", ISO_ARG_ANY, NULL)};

/* Of a method its object; of torch.manual_seed and the like the default generator. */
static iso_torch_generator *own_generator(iso_call *c) {
    return c->self ? c->self->data : c->torch;
}

/* torch.manual_seed gives the default generator back, as Generator.manual_seed gives its own. */
static iso_status manual_seed(iso_call *c) {
    iso_integer seed;
    uint64_t bits;
    int64_t negative = 0;
    if (!iso_value_to_integer(c->values[0], &seed) ||
        !(iso_integer_to_uint64(&seed, &bits) || iso_integer_to_int64(&seed, &negative)))
        return iso_call_fail(c, 0, "seed must be a whole number from -2^63 to 2^64 - 1");
    bits = negative ? (uint64_t)negative : bits;
    iso_torch_manual_seed(own_generator(c), bits);
    if (!c->self)
        iso_torch_cuda_manual_seed(&c->state->cuda, bits);
    iso_value_share(c->result, c->self ? c->self : &c->state->torch);
    return ISO_OK;
}

static iso_status initial_seed(iso_call *c) {
    iso_integer seed;
    iso_integer_set(&seed, false, own_generator(c)->seed);
    return iso_value_integer(c->ctx, c->result, &seed);
}

static iso_status get_rng_state(iso_call *c) {
    iso_status status = iso_value_tensor(c->ctx, c->result, ISO_TYPE_U8, 1, (int64_t[]){ISO_TORCH_STATE_SIZE});
    if (!status)
        iso_torch_get_state(own_generator(c), c->result->data);
    return status;
}

static const iso_param state_params[] = {ISO_PARAM("new_state", ISO_ARG_ANY, NULL)};

static iso_status set_rng_state(iso_call *c) {
    const iso_value *state = c->values[0];
    if (state->kind != ISO_VALUE_TENSOR || state->type != ISO_TYPE_U8 || state->numel != ISO_TORCH_STATE_SIZE)
        return iso_call_fail(c, 0, "the state must be a tensor of %d uint8 elements, as get_rng_state() gives it",
                             ISO_TORCH_STATE_SIZE);
    if (!iso_torch_set_state(own_generator(c), state->data))
        return iso_call_fail(c, 0, "these bytes are no state of a generator");
    return ISO_OK;
}

#define DEFAULT_SEED 67280421310721u /* what a new torch.Generator starts with */

static const iso_param generator_params[] = {ISO_PARAM("device", ISO_ARG_STRING, "cpu")};

static iso_status make_generator(iso_call *c) {
    const iso_torch_generator *global = c->state->torch.data;
    iso_status status = iso_value_object(c->ctx, c->result, ISO_VALUE_TORCH_GENERATOR, sizeof *global);
    if (status)
        return status;
    iso_torch_generator *g = c->result->data;
    g->variant = global->variant;
    iso_torch_manual_seed(g, DEFAULT_SEED);
    return ISO_OK;
}

/* ---- Floats ---- */

static iso_status make_sized(iso_call *c) {
    iso_type type;
    iso_status status = iso_call_type(c, 1, ISO_TYPE_F32, &type);
    return status ? status : iso_value_tensor(c->ctx, c->result, type, c->dims, c->shape);
}

static iso_status make_like(iso_call *c) {
    const iso_value *input = c->values[0];
    iso_type type;
    if (input->kind != ISO_VALUE_TENSOR)
        return iso_call_fail(c, 0, "a tensor is expected");
    iso_status status = iso_call_type(c, 1, input->type, &type);
    return status ? status : iso_value_tensor(c->ctx, c->result, type, input->dims, input->shape);
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

static const iso_param normal_params[] = {ISO_PARAM("mean", ISO_ARG_ANY, NULL),        ISO_PARAM("std", ISO_ARG_ANY, "1"),
                                          ISO_PARAM("size", ISO_ARG_ANY, "None"),      ISO_PARAM("dtype", ISO_ARG_ANY, "None"),
                                          ISO_PARAM("generator", ISO_ARG_ANY, "None"), ISO_PARAM("device", ISO_ARG_ANY, "None")};

/* Element i of a tensor, or the number itself. */
static double element(const iso_value *v, int64_t i) {
    return v->kind == ISO_VALUE_TENSOR ? iso_value_get(v, v->numel == 1 ? 0 : i) : v->number;
}

/* torch.normal(mean, std) with tensors: standard normals times std plus mean, each step rounded to the type. */
static iso_status draw_normal_tensors(iso_call *c, const iso_value *mean, const iso_value *std) {
    const iso_value *like = mean->kind == ISO_VALUE_TENSOR ? mean : std, *other = like == mean ? std : mean;
    if (!iso_type_is_float(like->type) ||
        (other->kind == ISO_VALUE_TENSOR && (other->type != like->type || other->dims != like->dims ||
                                             memcmp(other->shape, like->shape, (size_t)like->dims * sizeof *like->shape) != 0)))
        return iso_call_fail(c, 0, "mean and std must be tensors of one floating-point type and shape here");
    iso_status status = iso_value_tensor(c->ctx, c->result, like->type, like->dims, like->shape);
    if (!status)
        status = iso_call_normal(c, c->result, 0, 1);
    for (int64_t i = 0; !status && i < like->numel; i++) {
        double s = element(std, i), m = element(mean, i);
        if (!(s >= 0))
            return iso_call_fail(c, 1, "every std must be at least 0, got %g", s);
        if (like->type == ISO_TYPE_F64)
            iso_value_set(c->result, i, iso_value_get(c->result, i) * s + m);
        else {
            iso_value_set(c->result, i, (double)((float)iso_value_get(c->result, i) * (float)s));
            iso_value_set(c->result, i, (double)((float)iso_value_get(c->result, i) + (float)m));
        }
    }
    return status;
}

static iso_status draw_normal(iso_call *c) {
    const iso_value one = {.kind = ISO_VALUE_INT, .integer = 1, .number = 1}, *mean = c->values[0],
                    *std = c->values[1] ? c->values[1] : &one;
    iso_type type;
    if ((mean->kind == ISO_VALUE_TENSOR || std->kind == ISO_VALUE_TENSOR) && !c->args[2].given)
        return draw_normal_tensors(c, mean, std);
    double m, s;
    if (!iso_value_to_double(mean, &m) || !iso_value_to_double(std, &s))
        return iso_call_fail(c, 0, "mean and std must be numbers or tensors");
    if (!c->args[2].given)
        return iso_call_fail(c, ISO_NO_ARGUMENT, "the argument size is missing");
    iso_status status = iso_call_shape(c, 2, &c->dims, c->shape);
    if (!status)
        status = iso_call_type(c, 3, ISO_TYPE_F32, &type);
    if (!status)
        status = iso_value_tensor(c->ctx, c->result, type, c->dims, c->shape);
    return status ? status : iso_call_normal(c, c->result, m, s);
}

/* ---- Integers ---- */

static const iso_param randint_params[] = {ISO_PARAM("low", ISO_ARG_INT, "None"),       ISO_PARAM("high", ISO_ARG_ANY, "None"),
                                           ISO_PARAM("size", ISO_ARG_ANY, "None"),      ISO_PARAM("dtype", ISO_ARG_ANY, "None"),
                                           ISO_PARAM("generator", ISO_ARG_ANY, "None"), ISO_PARAM("device", ISO_ARG_ANY, "None")};

/* randint(high, size) and randint(low, high, size). */
static iso_status draw_randint(iso_call *c) {
    const iso_value *second = c->values[1];
    bool is_size = second && (second->kind == ISO_VALUE_LIST || second->kind == ISO_VALUE_TUPLE);
    int64_t first = c->args[0].i[0], high = first, low = 0;
    size_t size_at = is_size && !c->args[2].given ? 1 : 2;
    iso_type type;
    if (!c->args[size_at].given)
        return iso_call_fail(c, ISO_NO_ARGUMENT, "the argument size is missing");
    if (second && size_at == 2) {
        if (!iso_value_to_int64(second, &high))
            return iso_call_fail(c, 1, "high must be a whole number");
        low = first;
    } else if (!c->args[0].given)
        return iso_call_fail(c, ISO_NO_ARGUMENT, "the argument high is missing");
    iso_status status = iso_call_shape(c, size_at, &c->dims, c->shape);
    if (!status)
        status = iso_call_type(c, 3, ISO_TYPE_I64, &type);
    if (!status)
        status = iso_value_tensor(c->ctx, c->result, type, c->dims, c->shape);
    return status ? status : iso_call_random(c, c->result, low, high);
}

static const iso_param randint_like_params[] = {ISO_PARAM("input", ISO_ARG_ANY, NULL), ISO_PARAM("low", ISO_ARG_INT, NULL),
                                                ISO_PARAM("high", ISO_ARG_INT, "None"), ISO_PARAM("dtype", ISO_ARG_ANY, "None")};

static iso_status draw_randint_like(iso_call *c) {
    const iso_value *input = c->values[0];
    iso_type type;
    if (input->kind != ISO_VALUE_TENSOR)
        return iso_call_fail(c, 0, "a tensor is expected");
    int64_t first = c->args[1].i[0];
    iso_status status = iso_call_type(c, 3, input->type, &type);
    if (!status)
        status = iso_value_tensor(c->ctx, c->result, type, input->dims, input->shape);
    if (status)
        return status;
    return c->args[2].is_none ? iso_call_random(c, c->result, 0, first) : iso_call_random(c, c->result, first, c->args[2].i[0]);
}

static const iso_param randperm_params[] = {ISO_PARAM("n", ISO_ARG_INT, NULL), ISO_PARAM("dtype", ISO_ARG_ANY, "None"),
                                            ISO_PARAM("generator", ISO_ARG_ANY, "None"),
                                            ISO_PARAM("device", ISO_ARG_ANY, "None")};

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
    if (!status)
        status = iso_call_randperm(c, &wide);
    for (int64_t i = 0; !status && i < n; i++)
        iso_value_set_int(c->result, i, ((const int64_t *)wide.data)[i]);
    iso_value_free(c->ctx, &wide);
    return status;
}

/* ---- Bernoulli and dropout ---- */

static const iso_param bernoulli_params[] = {ISO_PARAM("input", ISO_ARG_ANY, NULL), ISO_PARAM("p", ISO_ARG_FLOAT, "None"),
                                             ISO_PARAM("generator", ISO_ARG_ANY, "None")};

static iso_status draw_bernoulli(iso_call *c) {
    const iso_value *input = c->values[0];
    if (input->kind != ISO_VALUE_TENSOR)
        return iso_call_fail(c, 0, "a tensor is expected");
    iso_status status = iso_value_tensor(c->ctx, c->result, input->type, input->dims, input->shape);
    if (!status && !c->args[1].is_none)
        status = iso_call_bernoulli(c, c->result, c->args[1].f[0]);
    else if (!status)
        status = iso_call_bernoulli_tensor(c, c->result, input);
    return status;
}

static const iso_param dropout_params[] = {ISO_PARAM("input", ISO_ARG_ANY, NULL), ISO_PARAM("p", ISO_ARG_FLOAT, "0.5"),
                                           ISO_PARAM("training", ISO_ARG_BOOL, "True"),
                                           ISO_PARAM("inplace", ISO_ARG_BOOL, "False")};

/* x * (noise / (1 - p)) with noise drawn by bernoulli_(1 - p); each step rounded to the tensor's
 * type. */
static iso_status draw_dropout(iso_call *c) {
    double p = c->args[1].f[0];
    iso_value *x = c->result, noise = {0};
    if (!(p >= 0 && p <= 1))
        return iso_call_fail(c, 1, "p must be between 0 and 1, got %g", p);
    iso_status status = iso_call_tensor(c, 0, x);
    if (status || p == 0 || !c->args[2].i[0] || x->numel == 0)
        return status;
    if (!iso_type_is_float(x->type))
        return iso_call_fail(c, 0, "needs a tensor of a floating-point type");
    if (!c->args[3].i[0]) { /* not in place */
        iso_value_free(c->ctx, x);
        if ((status = iso_value_clone(c->ctx, x, c->values[0])))
            return status;
    }
    status = iso_value_tensor(c->ctx, &noise, x->type, x->dims, x->shape);
    if (!status && p < 1)
        status = c->state->cuda.sms ? iso_call_cuda_dropout(c, &noise, p) : iso_call_bernoulli(c, &noise, 1 - p);
    bool wide = x->type == ISO_TYPE_F64;
    uint16_t rounded;
    double keep = 1 - p;
    if (c->torch->variant & ISO_TORCH_1_13 && x->type == ISO_TYPE_BF16) { /* rounded the divisor, too */
        iso_type_set(x->type, &rounded, 0, keep);
        keep = iso_type_get(x->type, &rounded, 0);
    }
    double scale = wide ? 1 / keep : (double)(1.0f / (float)keep);
    for (int64_t i = 0; !status && i < x->numel; i++) {
        if (iso_value_get(&noise, i) != 0)
            iso_value_set(&noise, i, scale);
        double a = iso_value_get(x, i), b = iso_value_get(&noise, i);
        iso_value_set(x, i, wide ? a * b : (double)((float)a * (float)b));
    }
    iso_value_free(c->ctx, &noise);
    return status;
}

/* ---- multinomial ---- */

static const iso_param multinomial_params[] = {
    ISO_PARAM("input", ISO_ARG_ANY, NULL), ISO_PARAM_IN("num_samples", ISO_ARG_INT, NULL, 1, 1e15),
    ISO_PARAM("replacement", ISO_ARG_BOOL, "False"), ISO_PARAM("generator", ISO_ARG_ANY, "None")};

static iso_status check_weights(iso_call *c, const iso_value *weights, int64_t from, int64_t count) {
    double sum = 0;
    for (int64_t i = from; i < from + count; i++) {
        double weight = iso_value_get(weights, i);
        if (!(weight >= 0) || weight > DBL_MAX)
            return iso_call_fail(c, 0, "every weight must be a finite number of at least 0");
        sum += weight;
    }
    return sum > 0 ? ISO_OK : iso_call_fail(c, 0, "the weights must have a positive sum");
}

static iso_status draw_multinomial(iso_call *c) {
    const iso_value *weights = c->values[0];
    int64_t n = c->args[1].i[0];
    bool replacement = c->args[2].i[0] != 0, wide = weights->type == ISO_TYPE_F64;
    if (weights->kind != ISO_VALUE_TENSOR || weights->dims < 1 || weights->dims > 2 || weights->numel == 0 ||
        (weights->type != ISO_TYPE_F32 && !wide))
        return iso_call_fail(c, 0, "a tensor of weights is expected, of 1 or 2 dimensions, float32 or float64");
    int64_t count = weights->shape[weights->dims - 1], rows = weights->numel / count, shape[2] = {rows, n};
    if (c->state->cuda.sms)
        return iso_call_fail(c, ISO_NO_ARGUMENT, "not imitated on CUDA (docs/streams.md says what is)");
    if (!replacement && n > count)
        return iso_call_fail(c, 1, "%lld samples without replacement out of %lld", (long long)n, (long long)count);
    if ((!replacement || n == 1) && c->torch->variant & ISO_TORCH_MKL)
        return iso_call_fail(c, ISO_NO_ARGUMENT, "MKL's exponential numbers are not imitated (docs/streams.md)");
    for (int64_t row = 0; row < rows; row++)
        if (check_weights(c, weights, row * count, count))
            return iso_failure(c->ctx);
    iso_status status = iso_value_tensor(c->ctx, c->result, ISO_TYPE_I64, weights->dims, weights->dims == 2 ? shape : shape + 1);
    void *scratch = status ? NULL : iso_calloc(c->ctx, (size_t)count, sizeof(double));
    int64_t *order = status ? NULL : iso_calloc(c->ctx, (size_t)count, sizeof *order);
    if (!status && !(scratch && order))
        status = ISO_ENOMEM;
    for (int64_t row = 0; !status && row < rows; row++) {
        int64_t *out = (int64_t *)c->result->data + row * n;
        if (wide)
            iso_torch_multinomial_f64(c->torch, out, (size_t)n, (const double *)weights->data + row * count, (size_t)count,
                                      replacement, scratch, order);
        else
            iso_torch_multinomial(c->torch, out, (size_t)n, (const float *)weights->data + row * count, (size_t)count,
                                  replacement, scratch, order);
    }
    iso_free(c->ctx, scratch);
    iso_free(c->ctx, order);
    return status;
}

#define ENTRY(name, params, call)                                                                                                \
    { {name, ISO_PARAMS(params)}, ISO_SIZES_NONE, call }

const iso_entry iso_stream_torch_draw[] = {
    ENTRY("torch.manual_seed", seed_params, manual_seed),
    ENTRY("torch.Generator.manual_seed", seed_params, manual_seed),
    {{"torch.initial_seed", NULL, 0}, ISO_SIZES_NONE, initial_seed},
    {{"torch.Generator.initial_seed", NULL, 0}, ISO_SIZES_NONE, initial_seed},
    {{"torch.get_rng_state", NULL, 0}, ISO_SIZES_NONE, get_rng_state},
    {{"torch.Generator.get_state", NULL, 0}, ISO_SIZES_NONE, get_rng_state},
    ENTRY("torch.set_rng_state", state_params, set_rng_state),
    ENTRY("torch.Generator.set_state", state_params, set_rng_state),
    ENTRY("torch.Generator", generator_params, make_generator),
    {{"torch.rand", ISO_PARAMS(size_dtype)}, ISO_SIZES_FIRST, draw_rand},
    {{"torch.randn", ISO_PARAMS(size_dtype)}, ISO_SIZES_FIRST, draw_randn},
    ENTRY("torch.rand_like", like_params, draw_rand_like),
    ENTRY("torch.randn_like", like_params, draw_randn_like),
    ENTRY("torch.normal", normal_params, draw_normal),
    ENTRY("torch.randint", randint_params, draw_randint),
    ENTRY("torch.randint_like", randint_like_params, draw_randint_like),
    ENTRY("torch.randperm", randperm_params, draw_randperm),
    ENTRY("torch.bernoulli", bernoulli_params, draw_bernoulli),
    ENTRY("torch.multinomial", multinomial_params, draw_multinomial),
    ENTRY("torch.nn.functional.dropout", dropout_params, draw_dropout),
    {{NULL, NULL, 0}, ISO_SIZES_NONE, NULL},
};
