/* Python's module random: methods of random.Random, and through the global one the functions of the module. */
#include <string.h>

#include "isobit/random/python.h"
#include "stream/call.h"

static iso_py_random *generator(iso_call *c) {
    return c->self->data;
}

/* Where Python raises an error behind our checks. */
static iso_status refused(iso_call *c) {
    return iso_call_fail(c, ISO_NO_ARGUMENT, "Python refuses these arguments");
}

/* ---- Seeding and state ---- */

static const iso_param seed_params[] = {ISO_PARAM("a", ISO_ARG_ANY, "None"), ISO_PARAM_IN("version", ISO_ARG_INT, "2", 1, 2)};

/* The code points of a str, or the bytes; `points` has room for `size`. */
static size_t code_points(const iso_value *text, uint32_t *points) {
    const unsigned char *s = (const unsigned char *)text->text;
    size_t n = 0;
    if (text->kind == ISO_VALUE_BYTES) {
        for (; n < text->size; n++)
            points[n] = s[n];
        return n;
    }
    for (size_t i = 0; i < text->size; n++) {
        int more = s[i] >= 0xf0 ? 3 : s[i] >= 0xe0 ? 2 : s[i] >= 0xc0 ? 1 : 0;
        points[n] = more ? s[i] & (0x3f >> more) : s[i];
        for (i++; more > 0 && i < text->size; more--, i++)
            points[n] = points[n] << 6 | (s[i] & 0x3f);
    }
    return n;
}

static iso_status seed_with_text(iso_call *c, iso_py_random *g, const iso_value *text) {
    if (c->args[1].i[0] == 2) {
        iso_py_seed_bytes(g, (const uint8_t *)text->text, text->size);
        return ISO_OK;
    }
    uint32_t *points = iso_calloc(c->ctx, text->size + 1, sizeof *points);
    if (!points)
        return ISO_ENOMEM;
    iso_py_seed_version1(g, points, code_points(text, points));
    iso_free(c->ctx, points);
    return ISO_OK;
}

static iso_status seed_with(iso_call *c, iso_py_random *g) {
    const iso_value *a = c->values[0];
    iso_integer n;
    if (!a || a->kind == ISO_VALUE_NONE)
        return iso_call_fail(c, 0, "a seed is needed: without one Python takes the machine's own randomness");
    if (a->kind == ISO_VALUE_STRING || a->kind == ISO_VALUE_BYTES)
        return seed_with_text(c, g, a);
    if (a->kind == ISO_VALUE_FLOAT)
        return iso_py_seed_float(g, a->number) ? ISO_OK : refused(c);
    if ((a->kind != ISO_VALUE_INT && a->kind != ISO_VALUE_BOOL) || !iso_value_to_integer(a, &n))
        return iso_call_fail(c, 0, "the seed must be an int, a float, a str or bytes");
    iso_py_seed_words(g, n.words, n.count);
    return ISO_OK;
}

static iso_status method_seed(iso_call *c) {
    return seed_with(c, generator(c));
}

static iso_status make_random(iso_call *c) {
    iso_status status = iso_value_object(c->ctx, c->result, ISO_VALUE_PY_RANDOM, sizeof(iso_py_random));
    if (status)
        return status;
    iso_py_random *g = c->result->data;
    g->version = ((const iso_py_random *)c->state->python.data)->version;
    c->args[1].i[0] = 2;
    return seed_with(c, g);
}

/* (3, (624 words, position), gauss_next) */
static iso_status method_getstate(iso_call *c) {
    uint32_t words[ISO_PY_STATE_WORDS];
    const iso_py_random *g = generator(c);
    iso_status status = iso_value_items(c->ctx, c->result, ISO_VALUE_TUPLE, 3);
    if (!status)
        status = iso_value_items(c->ctx, &c->result->items[1], ISO_VALUE_TUPLE, ISO_PY_STATE_WORDS);
    if (status)
        return status;
    iso_py_getstate(g, words);
    iso_value_int(&c->result->items[0], 3);
    for (int i = 0; i < ISO_PY_STATE_WORDS; i++)
        iso_value_int(&c->result->items[1].items[i], words[i]);
    if (g->has_gauss)
        iso_value_float(&c->result->items[2], g->gauss_next);
    return ISO_OK;
}

static const iso_param state_params[] = {ISO_PARAM("state", ISO_ARG_ANY, NULL)};

static iso_status method_setstate(iso_call *c) {
    const iso_value *state = c->values[0];
    uint32_t words[ISO_PY_STATE_WORDS];
    int64_t version, word;
    double gauss;
    bool ok = state->kind == ISO_VALUE_TUPLE && state->count == 3 && iso_value_to_int64(&state->items[0], &version) &&
              state->items[1].kind == ISO_VALUE_TUPLE && state->items[1].count == ISO_PY_STATE_WORDS;
    for (int i = 0; ok && i < ISO_PY_STATE_WORDS; i++) {
        ok = iso_value_to_int64(&state->items[1].items[i], &word) && word >= INT32_MIN && word <= UINT32_MAX;
        words[i] = (uint32_t)word;
    }
    bool none = ok && state->items[2].kind == ISO_VALUE_NONE;
    ok = ok && (none || iso_value_to_double(&state->items[2], &gauss));
    if (!ok || version < 2 || version > 3 || !iso_py_setstate(generator(c), (int)version, words, none ? NULL : &gauss))
        return iso_call_fail(c, 0, "this is no state: (3, (624 words and a position), None or a float) is expected");
    return ISO_OK;
}

/* ---- Bits and integers ---- */

static iso_status method_random(iso_call *c) {
    iso_value_float(c->result, iso_py_random_one(generator(c)));
    return ISO_OK;
}

static const iso_param bits_params[] = {ISO_PARAM_IN("k", ISO_ARG_INT, NULL, 0, 32 * ISO_INTEGER_WORDS)};

static iso_status method_getrandbits(iso_call *c) {
    iso_integer n;
    uint32_t words[ISO_INTEGER_WORDS] = {0};
    uint64_t k = (uint64_t)c->args[0].i[0];
    if (!iso_py_getrandbits(generator(c), words, k))
        return refused(c);
    iso_integer_set_words(&n, words, (size_t)(k + 31) / 32);
    return iso_value_integer(c->ctx, c->result, &n);
}

static const iso_param bytes_params[] = {ISO_PARAM_IN("n", ISO_ARG_INT, NULL, 0, 1 << 24)};

static iso_status method_randbytes(iso_call *c) {
    size_t n = (size_t)c->args[0].i[0];
    char *bytes = iso_calloc(c->ctx, n + 1, 1);
    if (!bytes)
        return ISO_ENOMEM;
    iso_status status = iso_py_randbytes(generator(c), (uint8_t *)bytes, n)
                            ? iso_value_text(c->ctx, c->result, ISO_VALUE_BYTES, bytes, n)
                            : refused(c);
    iso_free(c->ctx, bytes);
    return status;
}

/* start + step * randbelow(number of elements of the range from start to stop) */
static iso_status draw_range(iso_call *c, const iso_integer *start, const iso_integer *stop, const iso_integer *step) {
    iso_integer count, rest, one, drawn;
    iso_integer_set(&one, false, 1);
    if (!iso_integer_subtract(stop, start, &count))
        return refused(c);
    iso_integer_divide(&count, step, &count, &rest);
    if (rest.count > 0)
        iso_integer_add(&count, &one, &count); /* rounded up */
    if (count.negative || count.count == 0)
        return iso_call_fail(c, ISO_NO_ARGUMENT, "the range is empty");
    uint32_t words[ISO_INTEGER_WORDS] = {0};
    if (!iso_py_randbelow_words(generator(c), words, count.words, count.count))
        return refused(c);
    iso_integer_set_words(&drawn, words, count.count);
    if (!iso_integer_multiply(&drawn, step, &drawn) || !iso_integer_add(&drawn, start, &drawn))
        return refused(c);
    return iso_value_integer(c->ctx, c->result, &drawn);
}

/* Argument i as a whole number; a float that is one passes before 3.12, as in Python. */
static iso_status whole_number(iso_call *c, size_t i, iso_integer *n) {
    const iso_value *value = c->values[i];
    double number = value->kind == ISO_VALUE_FLOAT ? value->number : 0.5;
    int version = generator(c)->version;
    if (iso_value_to_integer(value, n))
        return ISO_OK;
    if (version >= 312 || number != (double)(int64_t)number || number >= 0x1p53 || number <= -0x1p53)
        return iso_call_fail(c, i, "must be a whole number");
    iso_integer_set(n, number < 0, (uint64_t)(number < 0 ? -number : number));
    return ISO_OK;
}

static const iso_param randrange_params[] = {ISO_PARAM("start", ISO_ARG_ANY, NULL), ISO_PARAM("stop", ISO_ARG_ANY, "None"),
                                             ISO_PARAM("step", ISO_ARG_ANY, "1")};

static iso_status method_randrange(iso_call *c) {
    iso_integer start, stop, step;
    iso_integer_set(&step, false, 1);
    iso_integer_set(&stop, false, 0);
    iso_status status = whole_number(c, 0, &start);
    bool one = c->args[1].is_none;
    if (!status && !one)
        status = whole_number(c, 1, &stop);
    if (!status && c->args[2].given)
        status = one ? iso_call_fail(c, 2, "a step needs a stop") : whole_number(c, 2, &step);
    if (!status && step.count == 0)
        status = iso_call_fail(c, 2, "step must not be 0");
    if (status)
        return status;
    return one ? draw_range(c, &stop, &start, &step) : draw_range(c, &start, &stop, &step);
}

static const iso_param randint_params[] = {ISO_PARAM("a", ISO_ARG_ANY, NULL), ISO_PARAM("b", ISO_ARG_ANY, NULL)};

static iso_status method_randint(iso_call *c) {
    iso_integer low, high, one;
    iso_integer_set(&one, false, 1);
    iso_status status = whole_number(c, 0, &low);
    if (!status)
        status = whole_number(c, 1, &high);
    if (!status && !iso_integer_add(&high, &one, &high))
        status = refused(c);
    return status ? status : draw_range(c, &low, &high, &one);
}

/* ---- Sequences ---- */

static const iso_param sequence_params[] = {ISO_PARAM("seq", ISO_ARG_ANY, NULL)};

/* Argument i as a sequence: its length. */
static iso_status sequence(iso_call *c, size_t i, int64_t *length) {
    *length = iso_value_length(c->values[i]);
    return *length >= 0 ? ISO_OK : iso_call_fail(c, i, "a sequence is expected");
}

static iso_status method_choice(iso_call *c) {
    int64_t length;
    uint64_t index;
    iso_status status = sequence(c, 0, &length);
    if (!status && !iso_py_choice(generator(c), &index, 1, (uint64_t)length))
        status = iso_call_fail(c, 0, "the sequence is empty");
    return status ? status : iso_value_item(c->ctx, c->values[0], (int64_t)index, c->result);
}

/* The items of argument 0 with these indices, as a list. */
static iso_status take(iso_call *c, const uint64_t *indices, size_t count) {
    iso_status status = iso_value_items(c->ctx, c->result, ISO_VALUE_LIST, count);
    for (size_t i = 0; !status && i < count; i++)
        status = iso_value_item(c->ctx, c->values[0], (int64_t)indices[i], &c->result->items[i]);
    return status;
}

/* Argument i as `length` numbers, cumulated if asked for; freed with iso_free. */
static iso_status read_weights(iso_call *c, size_t i, int64_t length, bool cumulate, double **out) {
    const iso_value *weights = c->values[i];
    double *numbers = *out = iso_calloc(c->ctx, (size_t)length + 1, sizeof *numbers);
    if (!numbers)
        return ISO_ENOMEM;
    if (iso_value_length(weights) != length)
        return iso_call_fail(c, i, "as many numbers are needed as the population has");
    for (int64_t k = 0; k < length; k++) {
        iso_value item = {0};
        iso_status status = iso_value_item(c->ctx, weights, k, &item);
        if (!status && !iso_value_to_double(&item, &numbers[k]))
            status = iso_call_fail(c, i, "numbers are needed");
        iso_value_free(c->ctx, &item);
        if (status)
            return status;
    }
    if (cumulate)
        iso_py_accumulate(numbers, numbers, (size_t)length);
    return ISO_OK;
}

#define MAX_COUNT (1 << 24)

static const iso_param choices_params[] = {ISO_PARAM("population", ISO_ARG_ANY, NULL), ISO_PARAM("weights", ISO_ARG_ANY, "None"),
                                           ISO_PARAM("cum_weights", ISO_ARG_ANY, "None"),
                                           ISO_PARAM_IN("k", ISO_ARG_INT, "1", 0, MAX_COUNT)};

static iso_status method_choices(iso_call *c) {
    size_t k = (size_t)c->args[3].i[0];
    bool weights = !c->args[1].is_none, cumulated = !c->args[2].is_none;
    int64_t length;
    double *numbers = NULL;
    uint64_t *indices = NULL;
    iso_status status = sequence(c, 0, &length);
    if (!status && weights && cumulated)
        status = iso_call_fail(c, 2, "either weights or cum_weights");
    if (!status && !(indices = iso_calloc(c->ctx, k + 1, sizeof *indices)))
        status = ISO_ENOMEM;
    if (!status && (weights || cumulated))
        status = read_weights(c, weights ? 1 : 2, length, weights, &numbers);
    if (!status && !(numbers ? iso_py_choices_weighted(generator(c), indices, k, numbers, (size_t)length)
                             : iso_py_choices(generator(c), indices, k, (uint64_t)length)))
        status = refused(c);
    if (!status)
        status = take(c, indices, k);
    iso_free(c->ctx, numbers);
    iso_free(c->ctx, indices);
    return status;
}

static const iso_param sample_params[] = {ISO_PARAM("population", ISO_ARG_ANY, NULL),
                                          ISO_PARAM_IN("k", ISO_ARG_INT, NULL, 0, MAX_COUNT),
                                          ISO_PARAM("counts", ISO_ARG_ANY, "None")};

/* The cumulated counts of argument 2; freed with iso_free. */
static iso_status read_counts(iso_call *c, int64_t length, uint64_t **out) {
    uint64_t *counts = *out = iso_calloc(c->ctx, (size_t)length + 1, sizeof *counts), total = 0;
    if (!counts)
        return ISO_ENOMEM;
    if (iso_value_length(c->values[2]) != length || length == 0)
        return iso_call_fail(c, 2, "as many counts are needed as the population has");
    for (int64_t k = 0; k < length; k++) {
        iso_value item = {0};
        int64_t count = -1;
        iso_status status = iso_value_item(c->ctx, c->values[2], k, &item);
        if (!status && (!iso_value_to_int64(&item, &count) || count < 0 || count > MAX_COUNT))
            status = iso_call_fail(c, 2, "counts must be whole numbers from 0 to %d", MAX_COUNT);
        iso_value_free(c->ctx, &item);
        if (status)
            return status;
        counts[k] = total += (uint64_t)count;
    }
    return ISO_OK;
}

static iso_status method_sample(iso_call *c) {
    size_t k = (size_t)c->args[1].i[0];
    uint64_t *counts = NULL, *indices = NULL, *scratch = NULL;
    int64_t length;
    iso_status status = sequence(c, 0, &length);
    if (!status && !c->args[2].is_none)
        status = read_counts(c, length, &counts);
    uint64_t n = status ? 0 : counts ? counts[length - 1] : (uint64_t)length;
    if (!status && k > n)
        status = iso_call_fail(c, 1, "the sample is larger than the population");
    size_t room = status ? 0 : iso_py_sample_scratch(n, k);
    if (!status && (room > SIZE_MAX / 16 || !(indices = iso_calloc(c->ctx, k + 1, sizeof *indices)) ||
                    !(scratch = iso_calloc(c->ctx, room + 1, sizeof *scratch))))
        status = ISO_ENOMEM;
    if (!status && !(counts ? iso_py_sample_counts(generator(c), indices, counts, (size_t)length, k, scratch)
                            : iso_py_sample(generator(c), indices, n, k, scratch)))
        status = refused(c);
    if (!status)
        status = take(c, indices, k);
    iso_free(c->ctx, counts);
    iso_free(c->ctx, indices);
    iso_free(c->ctx, scratch);
    return status;
}

static const iso_param shuffle_params[] = {ISO_PARAM("x", ISO_ARG_ANY, NULL)};

static iso_status method_shuffle(iso_call *c) {
    const iso_value *x = c->values[0];
    if (x->kind != ISO_VALUE_LIST)
        return iso_call_fail(c, 0, "a list is expected");
    uint64_t *order = iso_calloc(c->ctx, x->count + 1, sizeof *order);
    iso_value *old = iso_calloc(c->ctx, x->count + 1, sizeof *old);
    if (order && old) {
        iso_py_shuffle(generator(c), order, x->count);
        memcpy(old, x->items, x->count * sizeof *old);
        for (size_t i = 0; i < x->count; i++)
            x->items[i] = old[order[i]];
    }
    iso_status status = order && old ? ISO_OK : ISO_ENOMEM;
    iso_free(c->ctx, order);
    iso_free(c->ctx, old);
    return status;
}

/* ---- Distributions ---- */

/* Draws one number with the first two arguments. */
#define NUMBERS(name, function)                                                                                                  \
    static iso_status method_##name(iso_call *c) {                                                                               \
        iso_value_float(c->result, 0);                                                                                           \
        function(generator(c), &c->result->number, 1, c->args[0].f[0], c->args[1].f[0]);                                         \
        return ISO_OK;                                                                                                           \
    }
#define REFUSING(name, function, ...)                                                                                            \
    static iso_status method_##name(iso_call *c) {                                                                               \
        iso_value_float(c->result, 0);                                                                                           \
        return function(generator(c), &c->result->number, 1, __VA_ARGS__) ? ISO_OK : refused(c);                                 \
    }

NUMBERS(uniform, iso_py_uniform)
NUMBERS(gauss, iso_py_gauss)
NUMBERS(normalvariate, iso_py_normalvariate)
REFUSING(lognormvariate, iso_py_lognormvariate, c->args[0].f[0], c->args[1].f[0])
REFUSING(expovariate, iso_py_expovariate, c->args[0].f[0])
REFUSING(vonmisesvariate, iso_py_vonmisesvariate, c->args[0].f[0], c->args[1].f[0])
REFUSING(gammavariate, iso_py_gammavariate, c->args[0].f[0], c->args[1].f[0])
REFUSING(betavariate, iso_py_betavariate, c->args[0].f[0], c->args[1].f[0])
REFUSING(paretovariate, iso_py_paretovariate, c->args[0].f[0])
REFUSING(weibullvariate, iso_py_weibullvariate, c->args[0].f[0], c->args[1].f[0])

static const iso_param triangular_params[] = {ISO_PARAM("low", ISO_ARG_FLOAT, "0"), ISO_PARAM("high", ISO_ARG_FLOAT, "1"),
                                              ISO_PARAM("mode", ISO_ARG_FLOAT, "None")};

static iso_status method_triangular(iso_call *c) {
    double drawn;
    iso_py_triangular(generator(c), &drawn, 1, c->args[0].f[0], c->args[1].f[0], c->args[2].is_none ? NULL : &c->args[2].f[0]);
    iso_value_float(c->result, drawn);
    if (!c->args[2].is_none && c->args[0].f[0] == c->args[1].f[0] && c->values[0])
        iso_value_share(c->result, c->values[0]); /* Python gives `low` back as it came */
    return ISO_OK;
}

static const iso_param binomial_params[] = {ISO_PARAM("n", ISO_ARG_INT, "1"), ISO_PARAM("p", ISO_ARG_FLOAT, "0.5")};

static iso_status method_binomialvariate(iso_call *c) {
    int64_t drawn;
    if (!iso_py_binomialvariate(generator(c), &drawn, 1, c->args[0].i[0], c->args[1].f[0]))
        return refused(c);
    iso_value_int(c->result, drawn);
    return ISO_OK;
}

#define TWO(name, first, second)                                                                                                 \
    static const iso_param name[] = {ISO_PARAM(first, ISO_ARG_FLOAT, NULL), ISO_PARAM(second, ISO_ARG_FLOAT, NULL)}
TWO(uniform_params, "a", "b");
TWO(log_params, "mu", "sigma");
TWO(vonmises_params, "mu", "kappa");
TWO(gamma_params, "alpha", "beta");
static const iso_param normal_params[] = {ISO_PARAM("mu", ISO_ARG_FLOAT, "0"), ISO_PARAM("sigma", ISO_ARG_FLOAT, "1")};
static const iso_param expo_params[] = {ISO_PARAM("lambd", ISO_ARG_FLOAT, "1")};
static const iso_param pareto_params[] = {ISO_PARAM("alpha", ISO_ARG_FLOAT, NULL)};

#define ENTRY(name, params, call)                                                                                                \
    { {"random.Random." name, ISO_PARAMS(params)}, ISO_SIZES_NONE, call }

const iso_entry iso_stream_python_random[] = {
    {{"random.Random", ISO_PARAMS(seed_params)}, ISO_SIZES_NONE, make_random},
    ENTRY("seed", seed_params, method_seed),
    {{"random.Random.getstate", NULL, 0}, ISO_SIZES_NONE, method_getstate},
    ENTRY("setstate", state_params, method_setstate),
    {{"random.Random.random", NULL, 0}, ISO_SIZES_NONE, method_random},
    ENTRY("getrandbits", bits_params, method_getrandbits),
    ENTRY("randbytes", bytes_params, method_randbytes),
    ENTRY("randrange", randrange_params, method_randrange),
    ENTRY("randint", randint_params, method_randint),
    ENTRY("choice", sequence_params, method_choice),
    ENTRY("choices", choices_params, method_choices),
    ENTRY("sample", sample_params, method_sample),
    ENTRY("shuffle", shuffle_params, method_shuffle),
    ENTRY("uniform", uniform_params, method_uniform),
    ENTRY("triangular", triangular_params, method_triangular),
    ENTRY("gauss", normal_params, method_gauss),
    ENTRY("normalvariate", normal_params, method_normalvariate),
    ENTRY("lognormvariate", log_params, method_lognormvariate),
    ENTRY("expovariate", expo_params, method_expovariate),
    ENTRY("vonmisesvariate", vonmises_params, method_vonmisesvariate),
    ENTRY("gammavariate", gamma_params, method_gammavariate),
    ENTRY("betavariate", gamma_params, method_betavariate),
    ENTRY("paretovariate", pareto_params, method_paretovariate),
    ENTRY("weibullvariate", gamma_params, method_weibullvariate),
    ENTRY("binomialvariate", binomial_params, method_binomialvariate),
    {{NULL, NULL, 0}, ISO_SIZES_NONE, NULL},
};
