/* np.random.*: methods of RandomState, and through the global one the functions of the module. */
#include "isobit/random/numpy_legacy.h"

#include <string.h>

#include "stream/numpy.h"

static iso_np_random_state *generator(iso_call *c) {
    return c->self->data;
}

/* ---- Seeding and state ---- */

static const iso_param seed_params[] = {ISO_PARAM("seed", ISO_ARG_ANY, "None")};

static iso_status seed_with(iso_call *c, iso_np_random_state *rs) {
    uint32_t words[1024];
    size_t count;
    iso_status status = iso_np_seed_words(c, 0, words, ISO_COUNTOF(words), &count);
    bool list = !status && iso_value_length(c->values[0]) >= 0;
    if (status)
        return status;
    if (list)
        return count == (size_t)iso_value_length(c->values[0]) && iso_np_legacy_seed_array(rs, words, count)
                   ? ISO_OK
                   : iso_call_fail(c, 0, "the list must hold whole numbers below 2**32, at least one");
    if (count > 1)
        return iso_call_fail(c, 0, "the seed must be between 0 and 2**32 - 1");
    iso_np_legacy_seed(rs, words[0]);
    return ISO_OK;
}

static iso_status method_seed(iso_call *c) {
    return seed_with(c, generator(c));
}

static iso_status make_random_state(iso_call *c) {
    iso_status status = iso_value_object(c->ctx, c->result, ISO_VALUE_NP_RANDOM_STATE, sizeof(iso_np_random_state));
    if (status)
        return status;
    iso_np_random_state *rs = c->result->data;
    rs->release = ((const iso_np_random_state *)c->state->numpy.data)->release;
    return seed_with(c, rs);
}

/* ('MT19937', key, pos, has_gauss, cached_gaussian) */
static iso_status method_get_state(iso_call *c) {
    uint32_t key[624];
    int pos, has_gauss;
    double gauss;
    iso_value *items;
    if (!iso_np_legacy_get_state(generator(c), key, &pos, &has_gauss, &gauss))
        return iso_np_refused(c);
    iso_status status = iso_value_items(c->ctx, c->result, ISO_VALUE_TUPLE, 5);
    if (status)
        return status;
    items = c->result->items;
    status = iso_value_text(c->ctx, &items[0], ISO_VALUE_STRING, "MT19937", 7);
    if (!status)
        status = iso_value_array(c->ctx, &items[1], ISO_VALUE_ARRAY, ISO_TYPE_U32, 1, (int64_t[]){624});
    if (status)
        return status;
    memcpy(items[1].data, key, sizeof key);
    iso_value_int(&items[2], pos);
    iso_value_int(&items[3], has_gauss);
    iso_value_float(&items[4], gauss);
    return ISO_OK;
}

static const iso_param state_params[] = {ISO_PARAM("state", ISO_ARG_ANY, NULL)};

static iso_status method_set_state(iso_call *c) {
    const iso_value *state = c->values[0], *items = state->items;
    uint32_t key[624];
    int64_t pos, has_gauss = 0, word;
    double gauss = 0;
    bool ok = (state->kind == ISO_VALUE_TUPLE || state->kind == ISO_VALUE_LIST) && (state->count == 3 || state->count == 5) &&
              items[0].kind == ISO_VALUE_STRING && strcmp(items[0].text, "MT19937") == 0 && iso_value_length(&items[1]) == 624 &&
              iso_value_to_int64(&items[2], &pos) && pos >= 0 && pos <= 624;
    if (ok && state->count == 5)
        ok = iso_value_to_int64(&items[3], &has_gauss) && iso_value_to_double(&items[4], &gauss);
    for (int i = 0; ok && i < 624; i++) {
        iso_value item = {0};
        ok = iso_value_item(c->ctx, &items[1], i, &item) == ISO_OK && iso_value_to_int64(&item, &word) && word >= 0 &&
             word <= UINT32_MAX;
        key[i] = ok ? (uint32_t)word : 0;
        iso_value_free(c->ctx, &item);
    }
    if (!ok || !iso_np_legacy_set_state(generator(c), key, (int)pos, has_gauss != 0, gauss))
        return iso_call_fail(c, 0, "this is no state: ('MT19937', 624 words, position, has_gauss, cached_gaussian) is expected");
    return ISO_OK;
}

/* ---- Real numbers ---- */

/* name, number of parameters, the parameters passed on */
#define REAL(name, count, ...)                                                                                                   \
    static bool draw_##name(void *object, double *out, size_t n, const double *p) {                                              \
        (void)p;                                                                                                                 \
        return iso_np_legacy_##name(object, out, n __VA_ARGS__);                                                                 \
    }                                                                                                                            \
    static iso_status method_##name(iso_call *c) {                                                                               \
        return iso_np_draw_real(c, count, draw_##name);                                                                          \
    }
/* Those that cannot be refused. */
#define PLAIN(name)                                                                                                              \
    static bool draw_##name(void *object, double *out, size_t n, const double *p) {                                              \
        (void)p;                                                                                                                 \
        iso_np_legacy_##name(object, out, n);                                                                                    \
        return true;                                                                                                             \
    }                                                                                                                            \
    static iso_status method_##name(iso_call *c) {                                                                               \
        return iso_np_draw_real(c, 0, draw_##name);                                                                              \
    }

PLAIN(random_sample)
PLAIN(standard_normal)
PLAIN(standard_exponential)
PLAIN(standard_cauchy)
REAL(uniform, 2, , p[0], p[1])
REAL(normal, 2, , p[0], p[1])
REAL(lognormal, 2, , p[0], p[1])
REAL(exponential, 1, , p[0])
REAL(standard_gamma, 1, , p[0])
REAL(gamma, 2, , p[0], p[1])
REAL(beta, 2, , p[0], p[1])
REAL(chisquare, 1, , p[0])
REAL(noncentral_chisquare, 2, , p[0], p[1])
REAL(f, 2, , p[0], p[1])
REAL(noncentral_f, 3, , p[0], p[1], p[2])
REAL(standard_t, 1, , p[0])
REAL(vonmises, 2, , p[0], p[1])
REAL(pareto, 1, , p[0])
REAL(weibull, 1, , p[0])
REAL(power, 1, , p[0])
REAL(laplace, 2, , p[0], p[1])
REAL(gumbel, 2, , p[0], p[1])
REAL(logistic, 2, , p[0], p[1])
REAL(rayleigh, 1, , p[0])
REAL(wald, 2, , p[0], p[1])
REAL(triangular, 3, , p[0], p[1], p[2])

/* rand(d0, d1, ...) and randn: a number without arguments. */
static iso_status draw_shaped(iso_call *c, iso_np_real draw) {
    iso_status status = iso_value_array(c->ctx, c->result, ISO_VALUE_ARRAY, ISO_TYPE_F64, c->dims, c->shape);
    if (!status)
        draw(generator(c), c->result->data, (size_t)c->result->numel, NULL);
    if (!status && c->dims == 0)
        iso_np_to_scalar(c);
    return status;
}

static iso_status method_rand(iso_call *c) {
    return draw_shaped(c, draw_random_sample);
}
static iso_status method_randn(iso_call *c) {
    return draw_shaped(c, draw_standard_normal);
}

static const iso_param dirichlet_params[] = {ISO_PARAM("alpha", ISO_ARG_ANY, NULL), ISO_SIZE};

/* The shape of size= (argument i) with one more axis of `last` elements. */
static iso_status rows_of(iso_call *c, size_t i, int64_t last, iso_type type) {
    bool scalar = !c->values[i] || c->values[i]->kind == ISO_VALUE_NONE;
    c->dims = 0;
    iso_status status = scalar ? ISO_OK : iso_call_shape(c, i, &c->dims, c->shape);
    if (!status && c->dims == ISO_MAX_DIMS)
        status = iso_call_fail(c, i, "at most %d dimensions are supported", ISO_MAX_DIMS - 1);
    if (status)
        return status;
    c->shape[c->dims++] = last;
    return iso_value_array(c->ctx, c->result, ISO_VALUE_ARRAY, type, c->dims, c->shape);
}

static iso_status method_dirichlet(iso_call *c) {
    double *alpha;
    size_t k;
    iso_status status = iso_np_doubles(c, 0, &alpha, &k);
    if (!status && k == 0)
        status = iso_np_refused(c);
    if (!status)
        status = rows_of(c, 1, (int64_t)k, ISO_TYPE_F64);
    if (!status && k && !iso_np_legacy_dirichlet(generator(c), c->result->data, (size_t)c->result->numel / k, alpha, k))
        status = iso_np_refused(c);
    iso_free(c->ctx, alpha);
    return status;
}

/* ---- Whole numbers ---- */

#define INTEGER(name, count, ...)                                                                                                \
    static bool draw_##name(void *object, int64_t *out, size_t n, const iso_arg *a) {                                            \
        return iso_np_legacy_##name(object, out, n, __VA_ARGS__);                                                                \
    }                                                                                                                            \
    static iso_status method_##name(iso_call *c) {                                                                               \
        return iso_np_draw_counts(c, count, draw_##name);                                                                        \
    }

INTEGER(binomial, 2, a[0].i[0], a[1].f[0])
INTEGER(negative_binomial, 2, a[0].f[0], a[1].f[0])
INTEGER(poisson, 1, a[0].f[0])
INTEGER(geometric, 1, a[0].f[0])
INTEGER(hypergeometric, 3, a[0].i[0], a[1].i[0], a[2].i[0])
INTEGER(zipf, 1, a[0].f[0])
INTEGER(logseries, 1, a[0].f[0])

static const iso_param multinomial_params[] = {ISO_PARAM("n", ISO_ARG_INT, NULL), ISO_PARAM("pvals", ISO_ARG_ANY, NULL),
                                               ISO_SIZE};

static iso_status method_multinomial(iso_call *c) {
    double *p;
    size_t d;
    iso_status status = iso_np_doubles(c, 1, &p, &d);
    if (!status && d == 0)
        status = iso_np_refused(c);
    if (!status)
        status = rows_of(c, 2, (int64_t)d, ISO_TYPE_I64);
    if (!status && d &&
        !iso_np_legacy_multinomial(generator(c), c->result->data, (size_t)c->result->numel / d, c->args[0].i[0], p, d))
        status = iso_np_refused(c);
    iso_free(c->ctx, p);
    return status;
}

/* ---- randint ---- */

static const iso_param randint_params[] = {ISO_PARAM("low", ISO_ARG_ANY, NULL), ISO_PARAM("high", ISO_ARG_ANY, "None"), ISO_SIZE,
                                           ISO_PARAM("dtype", ISO_ARG_ANY, "None")};

static bool draw_range(iso_np_random_state *rs, iso_type type, void *out, size_t n, int64_t low, int64_t last) {
    switch (type) {
    case ISO_TYPE_BOOL:
        return iso_np_legacy_randint_bool(rs, out, n, low != 0, last != 0);
    case ISO_TYPE_I8:
        return iso_np_legacy_randint_int8(rs, out, n, (int8_t)low, (int8_t)last);
    case ISO_TYPE_U8:
        return iso_np_legacy_randint_uint8(rs, out, n, (uint8_t)low, (uint8_t)last);
    case ISO_TYPE_I16:
        return iso_np_legacy_randint_int16(rs, out, n, (int16_t)low, (int16_t)last);
    case ISO_TYPE_U16:
        return iso_np_legacy_randint_uint16(rs, out, n, (uint16_t)low, (uint16_t)last);
    case ISO_TYPE_I32:
        return iso_np_legacy_randint_int32(rs, out, n, (int32_t)low, (int32_t)last);
    case ISO_TYPE_U32:
        return iso_np_legacy_randint_uint32(rs, out, n, (uint32_t)low, (uint32_t)last);
    case ISO_TYPE_U64:
        return iso_np_legacy_randint_uint64(rs, out, n, (uint64_t)low, (uint64_t)last);
    default:
        return iso_np_legacy_randint_int64(rs, out, n, low, last);
    }
}

static iso_status method_randint(iso_call *c) {
    iso_np_range range;
    bool scalar = false;
    iso_status status = iso_np_read_range(c, false, &range);
    if (!status)
        status = iso_np_result(c, 2, range.type, &scalar);
    if (!status && !draw_range(generator(c), range.type, c->result->data, (size_t)c->result->numel, range.low, range.last))
        status = iso_np_refused(c);
    if (!status && scalar && (range.python || !c->args[3].given || c->args[3].is_none))
        iso_np_to_scalar(c);
    return status;
}

static const iso_param bytes_params[] = {ISO_PARAM_IN("length", ISO_ARG_INT, NULL, 0, 1 << 24)};

static void fill_bytes(void *object, uint8_t *out, size_t n) {
    iso_np_legacy_bytes(object, out, n);
}

static iso_status method_bytes(iso_call *c) {
    return iso_np_draw_bytes(c, fill_bytes);
}

/* ---- Permutations and choice ---- */

static const iso_param x_params[] = {ISO_PARAM("x", ISO_ARG_ANY, NULL)};

static void shuffle(void *rs, void *items, size_t n, size_t size) {
    iso_np_legacy_shuffle(rs, items, n, size);
}

static iso_status method_shuffle(iso_call *c) {
    return iso_np_shuffle_argument(c, shuffle);
}
static iso_status method_permutation(iso_call *c) {
    return iso_np_permute_argument(c, shuffle);
}

static const iso_param choice_params[] = {ISO_PARAM("a", ISO_ARG_ANY, NULL), ISO_SIZE, ISO_PARAM("replace", ISO_ARG_BOOL, "True"),
                                          ISO_PARAM("p", ISO_ARG_ANY, "None")};

static bool choose(iso_call *c, int64_t *out, size_t n, int64_t population, const double *p, void *scratch) {
    iso_np_random_state *rs = generator(c);
    if (c->args[2].i[0])
        return p ? iso_np_legacy_choice_weighted(rs, out, n, p, (size_t)population, scratch)
                 : iso_np_legacy_choice(rs, out, n, population);
    return p ? iso_np_legacy_choice_distinct_weighted(rs, out, n, p, (size_t)population, scratch)
             : iso_np_legacy_choice_distinct(rs, out, n, (size_t)population, scratch);
}

static size_t choice_scratch(const iso_call *c, size_t n, int64_t population) {
    (void)c;
    (void)n;
    return 2 * (size_t)population;
}

static iso_status method_choice(iso_call *c) {
    return iso_np_choose(c, &(iso_np_chooser){choose, choice_scratch});
}

/* ---- The table ---- */

#define F(name, fallback) ISO_PARAM(name, ISO_ARG_FLOAT, fallback)
#define I(name)           ISO_PARAM(name, ISO_ARG_INT, NULL)
static const iso_param size_params[] = {ISO_SIZE};
static const iso_param normal_params[] = {F("loc", "0"), F("scale", "1"), ISO_SIZE};
static const iso_param uniform_params[] = {F("low", "0"), F("high", "1"), ISO_SIZE};
static const iso_param lognormal_params[] = {F("mean", "0"), F("sigma", "1"), ISO_SIZE};
static const iso_param exponential_params[] = {F("scale", "1"), ISO_SIZE};
static const iso_param shape_params[] = {F("shape", NULL), ISO_SIZE};
static const iso_param gamma_params[] = {F("shape", NULL), F("scale", "1"), ISO_SIZE};
static const iso_param beta_params[] = {F("a", NULL), F("b", NULL), ISO_SIZE};
static const iso_param df_params[] = {F("df", NULL), ISO_SIZE};
static const iso_param nonc_params[] = {F("df", NULL), F("nonc", NULL), ISO_SIZE};
static const iso_param f_params[] = {F("dfnum", NULL), F("dfden", NULL), ISO_SIZE};
static const iso_param noncentral_f_params[] = {F("dfnum", NULL), F("dfden", NULL), F("nonc", NULL), ISO_SIZE};
static const iso_param vonmises_params[] = {F("mu", NULL), F("kappa", NULL), ISO_SIZE};
static const iso_param a_params[] = {F("a", NULL), ISO_SIZE};
static const iso_param wald_params[] = {F("mean", NULL), F("scale", NULL), ISO_SIZE};
static const iso_param triangular_params[] = {F("left", NULL), F("mode", NULL), F("right", NULL), ISO_SIZE};
static const iso_param binomial_params[] = {I("n"), F("p", NULL), ISO_SIZE};
static const iso_param negative_params[] = {F("n", NULL), F("p", NULL), ISO_SIZE};
static const iso_param poisson_params[] = {F("lam", "1"), ISO_SIZE};
static const iso_param p_params[] = {F("p", NULL), ISO_SIZE};
static const iso_param hyper_params[] = {I("ngood"), I("nbad"), I("nsample"), ISO_SIZE};

#define ENTRY(name, params, call)                                                                                                \
    { {"numpy.random.RandomState." name, ISO_PARAMS(params)}, ISO_SIZES_NONE, call }

const iso_entry iso_stream_numpy_legacy[] = {
    {{"numpy.random.RandomState", ISO_PARAMS(seed_params)}, ISO_SIZES_NONE, make_random_state},
    ENTRY("seed", seed_params, method_seed),
    {{"numpy.random.RandomState.get_state", NULL, 0}, ISO_SIZES_NONE, method_get_state},
    ENTRY("set_state", state_params, method_set_state),
    {{"numpy.random.RandomState.rand", NULL, 0}, ISO_SIZES_ALL, method_rand},
    {{"numpy.random.RandomState.randn", NULL, 0}, ISO_SIZES_ALL, method_randn},
    ENTRY("random_sample", size_params, method_random_sample),
    ENTRY("random", size_params, method_random_sample),
    ENTRY("ranf", size_params, method_random_sample),
    ENTRY("sample", size_params, method_random_sample),
    ENTRY("uniform", uniform_params, method_uniform),
    ENTRY("standard_normal", size_params, method_standard_normal),
    ENTRY("normal", normal_params, method_normal),
    ENTRY("lognormal", lognormal_params, method_lognormal),
    ENTRY("standard_exponential", size_params, method_standard_exponential),
    ENTRY("exponential", exponential_params, method_exponential),
    ENTRY("standard_gamma", shape_params, method_standard_gamma),
    ENTRY("gamma", gamma_params, method_gamma),
    ENTRY("beta", beta_params, method_beta),
    ENTRY("chisquare", df_params, method_chisquare),
    ENTRY("noncentral_chisquare", nonc_params, method_noncentral_chisquare),
    ENTRY("f", f_params, method_f),
    ENTRY("noncentral_f", noncentral_f_params, method_noncentral_f),
    ENTRY("standard_cauchy", size_params, method_standard_cauchy),
    ENTRY("standard_t", df_params, method_standard_t),
    ENTRY("vonmises", vonmises_params, method_vonmises),
    ENTRY("pareto", a_params, method_pareto),
    ENTRY("weibull", a_params, method_weibull),
    ENTRY("power", a_params, method_power),
    ENTRY("laplace", normal_params, method_laplace),
    ENTRY("gumbel", normal_params, method_gumbel),
    ENTRY("logistic", normal_params, method_logistic),
    ENTRY("rayleigh", exponential_params, method_rayleigh),
    ENTRY("wald", wald_params, method_wald),
    ENTRY("triangular", triangular_params, method_triangular),
    ENTRY("dirichlet", dirichlet_params, method_dirichlet),
    ENTRY("randint", randint_params, method_randint),
    ENTRY("bytes", bytes_params, method_bytes),
    ENTRY("binomial", binomial_params, method_binomial),
    ENTRY("negative_binomial", negative_params, method_negative_binomial),
    ENTRY("poisson", poisson_params, method_poisson),
    ENTRY("geometric", p_params, method_geometric),
    ENTRY("hypergeometric", hyper_params, method_hypergeometric),
    ENTRY("zipf", a_params, method_zipf),
    ENTRY("logseries", p_params, method_logseries),
    ENTRY("multinomial", multinomial_params, method_multinomial),
    ENTRY("shuffle", x_params, method_shuffle),
    ENTRY("permutation", x_params, method_permutation),
    ENTRY("choice", choice_params, method_choice),
    {{NULL, NULL, 0}, ISO_SIZES_NONE, NULL},
};
