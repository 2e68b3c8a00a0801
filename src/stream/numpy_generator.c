/* numpy.random.Generator, its bit generators and SeedSequence. */
#include "isobit/random/numpy_generator.h"

#include <string.h>

#include "stream/numpy.h"

/* What a Generator and its bit generator share: the state, which stands first since draws are handed the object, and the sequence
 * that it was seeded with. */
typedef struct rng_object {
    iso_np_bits bits;
    iso_np_seed_sequence seed;
} rng_object;

static iso_np_bits *generator(iso_call *c) {
    return &((rng_object *)c->self->data)->bits;
}

/* ---- SeedSequence ---- */

static const iso_param sequence_params[] = {ISO_PARAM("entropy", ISO_ARG_ANY, "None"),
                                            ISO_PARAM("spawn_key", ISO_ARG_ANY, "None"),
                                            ISO_PARAM_IN("pool_size", ISO_ARG_INT, "4", 4, 32)};

/* From arguments 0 (and 1 and 2, where they are spawn_key and pool_size). */
static iso_status read_sequence(iso_call *c, bool whole, iso_np_seed_sequence *s) {
    uint32_t entropy[ISO_NP_SEED_WORDS], key[ISO_NP_SEED_WORDS];
    size_t count, key_count = 0;
    if (c->values[0] && c->values[0]->kind == ISO_VALUE_NP_SEED_SEQUENCE) {
        *s = *(const iso_np_seed_sequence *)c->values[0]->data;
        return ISO_OK;
    }
    iso_status status = iso_np_seed_words(c, 0, entropy, ISO_NP_SEED_WORDS, &count);
    if (!status && whole && c->values[1] && c->values[1]->kind != ISO_VALUE_NONE)
        status = iso_np_seed_words(c, 1, key, ISO_NP_SEED_WORDS, &key_count);
    if (!status && !iso_np_seed_sequence_init(s, entropy, count, key, key_count, whole ? (size_t)c->args[2].i[0] : 4))
        status = iso_call_fail(c, 0, "entropy and spawn_key have more than %d words of 32 bits", ISO_NP_SEED_WORDS);
    return status;
}

static iso_status new_sequence(iso_call *c, iso_value *value, const iso_np_seed_sequence *s) {
    iso_status status = iso_value_object(c->ctx, value, ISO_VALUE_NP_SEED_SEQUENCE, sizeof *s);
    if (!status)
        memcpy(value->data, s, sizeof *s);
    return status;
}

static iso_status make_sequence(iso_call *c) {
    iso_np_seed_sequence s;
    iso_status status = read_sequence(c, true, &s);
    return status ? status : new_sequence(c, c->result, &s);
}

static const iso_param state_params[] = {ISO_PARAM_IN("n_words", ISO_ARG_INT, NULL, 0, 1 << 24),
                                         ISO_PARAM("dtype", ISO_ARG_ANY, "None")};

static iso_status method_generate_state(iso_call *c) {
    iso_type type;
    iso_status status = iso_call_type(c, 1, ISO_TYPE_U32, &type);
    if (!status && type != ISO_TYPE_U32 && type != ISO_TYPE_U64)
        status = iso_call_fail(c, 1, "dtype must be np.uint32 or np.uint64");
    if (!status)
        status = iso_value_array(c->ctx, c->result, ISO_VALUE_ARRAY, type, 1, &c->args[0].i[0]);
    if (!status && type == ISO_TYPE_U32)
        iso_np_generate_state(c->self->data, c->result->data, (size_t)c->args[0].i[0]);
    else if (!status)
        iso_np_generate_state64(c->self->data, c->result->data, (size_t)c->args[0].i[0]);
    return status;
}

static const iso_param spawn_params[] = {ISO_PARAM_IN("n_children", ISO_ARG_INT, NULL, 0, 1 << 16)};

static iso_status method_spawn(iso_call *c) {
    size_t n = (size_t)c->args[0].i[0];
    iso_np_seed_sequence child;
    iso_status status = iso_value_items(c->ctx, c->result, ISO_VALUE_LIST, n);
    for (size_t i = 0; !status && i < n; i++)
        status = iso_np_spawn(c->self->data, &child) ? new_sequence(c, &c->result->items[i], &child) : iso_np_refused(c);
    return status;
}

/* ---- Bit generators ---- */

static const iso_param seed_params[] = {ISO_PARAM("seed", ISO_ARG_ANY, "None")};

static iso_status new_rng(iso_call *c, iso_value *value, iso_value_kind kind, iso_np_engine engine,
                          const iso_np_seed_sequence *s) {
    iso_status status = iso_value_object(c->ctx, value, kind, sizeof(rng_object));
    if (status)
        return status;
    rng_object *object = value->data;
    object->seed = *s;
    iso_np_bits_seed(&object->bits, engine, s);
    return ISO_OK;
}

static iso_status make_bits(iso_call *c, iso_np_engine engine) {
    iso_np_seed_sequence s;
    iso_status status = read_sequence(c, false, &s);
    return status ? status : new_rng(c, c->result, ISO_VALUE_NP_BIT_GENERATOR, engine, &s);
}

static iso_status make_mt19937(iso_call *c) {
    return make_bits(c, ISO_NP_MT19937);
}
static iso_status make_pcg64(iso_call *c) {
    return make_bits(c, ISO_NP_PCG64);
}
static iso_status make_pcg64dxsm(iso_call *c) {
    return make_bits(c, ISO_NP_PCG64DXSM);
}
static iso_status make_philox(iso_call *c) {
    return make_bits(c, ISO_NP_PHILOX);
}
static iso_status make_sfc64(iso_call *c) {
    return make_bits(c, ISO_NP_SFC64);
}

static const iso_param raw_params[] = {ISO_SIZE};

static iso_status method_random_raw(iso_call *c) {
    bool scalar;
    iso_np_bits *bits = generator(c);
    iso_status status = iso_np_result(c, 0, ISO_TYPE_U64, &scalar);
    for (int64_t i = 0; !status && i < c->result->numel; i++)
        iso_value_set_int(c->result, i, (int64_t)(bits->engine == ISO_NP_MT19937 ? iso_np_next32(bits) : iso_np_next64(bits)));
    if (!status && scalar)
        iso_np_to_scalar(c);
    return status;
}

/* ---- Generators ---- */

/* Draws on its bit generator's own state. */
static iso_status share_bits(iso_call *c) {
    iso_value_share(c->result, c->values[0]);
    c->result->kind = ISO_VALUE_NP_GENERATOR;
    return ISO_OK;
}

static const iso_param bits_params[] = {ISO_PARAM("bit_generator", ISO_ARG_ANY, NULL)};

static iso_status make_generator(iso_call *c) {
    if (c->values[0]->kind != ISO_VALUE_NP_BIT_GENERATOR)
        return iso_call_fail(c, 0, "a bit generator such as np.random.PCG64(0) is expected");
    return share_bits(c);
}

static iso_status default_rng(iso_call *c) {
    iso_np_seed_sequence s;
    const iso_value *seed = c->values[0];
    if (seed && (seed->kind == ISO_VALUE_NP_BIT_GENERATOR || seed->kind == ISO_VALUE_NP_GENERATOR))
        return share_bits(c);
    iso_status status = read_sequence(c, false, &s);
    return status ? status : new_rng(c, c->result, ISO_VALUE_NP_GENERATOR, ISO_NP_PCG64, &s);
}

static iso_status method_generator_spawn(iso_call *c) {
    size_t n = (size_t)c->args[0].i[0];
    rng_object *object = c->self->data;
    iso_np_seed_sequence child;
    iso_status status = iso_value_items(c->ctx, c->result, ISO_VALUE_LIST, n);
    for (size_t i = 0; !status && i < n; i++)
        status = iso_np_spawn(&object->seed, &child)
                     ? new_rng(c, &c->result->items[i], ISO_VALUE_NP_GENERATOR, object->bits.engine, &child)
                     : iso_np_refused(c);
    return status;
}

/* ---- Real numbers ---- */

#define REAL(name, count, ...)                                                                                                   \
    static bool draw_##name(void *object, double *out, size_t n, const double *p) {                                              \
        return iso_np_##name(object, out, n, __VA_ARGS__);                                                                       \
    }                                                                                                                            \
    static iso_status method_##name(iso_call *c) {                                                                               \
        return iso_np_draw_real(c, count, draw_##name);                                                                          \
    }

REAL(uniform, 2, p[0], p[1])
REAL(normal, 2, p[0], p[1])
REAL(lognormal, 2, p[0], p[1])
REAL(exponential, 1, p[0])
REAL(gamma, 2, p[0], p[1])
REAL(beta, 2, p[0], p[1])
REAL(chisquare, 1, p[0])
REAL(f, 2, p[0], p[1])
REAL(standard_t, 1, p[0])
REAL(pareto, 1, p[0])
REAL(weibull, 1, p[0])
REAL(power, 1, p[0])
REAL(laplace, 2, p[0], p[1])
REAL(gumbel, 2, p[0], p[1])
REAL(logistic, 2, p[0], p[1])
REAL(rayleigh, 1, p[0])
REAL(triangular, 3, p[0], p[1], p[2])

static bool draw_standard_cauchy(void *object, double *out, size_t n, const double *p) {
    (void)p;
    iso_np_standard_cauchy(object, out, n);
    return true;
}

static iso_status method_standard_cauchy(iso_call *c) {
    return iso_np_draw_real(c, 0, draw_standard_cauchy);
}

/* ---- Those that know float32: size, then dtype ---- */

typedef void (*f64_fill)(iso_np_bits *rng, double *out, size_t n);
typedef void (*f32_fill)(iso_np_bits *rng, float *out, size_t n);

/* `size` is the parameter's index; dtype stands behind it. */
static iso_status new_floats(iso_call *c, size_t size, bool *scalar) {
    iso_type type;
    iso_status status = iso_call_type(c, size + 1, ISO_TYPE_F64, &type);
    if (!status && type != ISO_TYPE_F64 && type != ISO_TYPE_F32)
        status = iso_call_fail(c, size + 1, "dtype must be float64 or float32");
    return status ? status : iso_np_result(c, size, type, scalar);
}

static iso_status draw_floats(iso_call *c, f64_fill f64, f32_fill f32) {
    bool scalar;
    iso_status status = new_floats(c, 0, &scalar);
    if (status)
        return status;
    if (c->result->type == ISO_TYPE_F64)
        f64(generator(c), c->result->data, (size_t)c->result->numel);
    else
        f32(generator(c), c->result->data, (size_t)c->result->numel);
    if (scalar)
        iso_np_to_scalar(c);
    return ISO_OK;
}

static const iso_param floats_params[] = {ISO_SIZE, ISO_PARAM("dtype", ISO_ARG_ANY, "None")};
static const iso_param exponential_params[] = {ISO_SIZE, ISO_PARAM("dtype", ISO_ARG_ANY, "None"),
                                               ISO_PARAM("method", ISO_ARG_STRING, "zig")};

static iso_status method_random(iso_call *c) {
    return draw_floats(c, iso_np_random, iso_np_random_f32);
}
static iso_status method_standard_normal(iso_call *c) {
    return draw_floats(c, iso_np_standard_normal, iso_np_standard_normal_f32);
}
static iso_status method_standard_exponential(iso_call *c) {
    if (strcmp(c->args[2].text, "zig") == 0)
        return draw_floats(c, iso_np_standard_exponential, iso_np_standard_exponential_f32);
    if (strcmp(c->args[2].text, "inv") == 0)
        return draw_floats(c, iso_np_standard_exponential_inv, iso_np_standard_exponential_inv_f32);
    return iso_call_fail(c, 2, "method must be 'zig' or 'inv'");
}

static const iso_param gamma_params[] = {ISO_PARAM("shape", ISO_ARG_FLOAT, NULL), ISO_SIZE,
                                         ISO_PARAM("dtype", ISO_ARG_ANY, "None")};

static iso_status method_standard_gamma(iso_call *c) {
    bool scalar, ok;
    double shape = c->args[0].f[0];
    iso_status status = new_floats(c, 1, &scalar);
    if (status)
        return status;
    size_t n = (size_t)c->result->numel;
    if (c->result->type == ISO_TYPE_F64)
        ok = iso_np_standard_gamma(generator(c), c->result->data, n, shape);
    else
        ok = iso_np_standard_gamma_f32(generator(c), c->result->data, n, (float)shape);
    if (ok && scalar)
        iso_np_to_scalar(c);
    return ok ? ISO_OK : iso_np_refused(c);
}

/* ---- Whole numbers ---- */

#define INTEGER(name, count, ...)                                                                                                \
    static bool draw_##name(void *object, int64_t *out, size_t n, const iso_arg *a) {                                            \
        return iso_np_##name(object, out, n, __VA_ARGS__);                                                                       \
    }                                                                                                                            \
    static iso_status method_##name(iso_call *c) {                                                                               \
        return iso_np_draw_counts(c, count, draw_##name);                                                                        \
    }

INTEGER(binomial, 2, a[0].i[0], a[1].f[0])
INTEGER(negative_binomial, 2, a[0].f[0], a[1].f[0])
INTEGER(poisson, 1, a[0].f[0])
INTEGER(geometric, 1, a[0].f[0])

static const iso_param integers_params[] = {ISO_PARAM("low", ISO_ARG_ANY, NULL), ISO_PARAM("high", ISO_ARG_ANY, "None"), ISO_SIZE,
                                            ISO_PARAM("dtype", ISO_ARG_ANY, "None"),
                                            ISO_PARAM("endpoint", ISO_ARG_BOOL, "False")};

static iso_status method_integers(iso_call *c) {
    iso_np_range range;
    bool scalar;
    iso_status status = iso_np_read_range(c, c->args[4].i[0] != 0, &range);
    if (!status)
        status = iso_np_result(c, 2, range.type, &scalar);
    if (status)
        return status;
    int width = range.type == ISO_TYPE_BOOL ? 1 : 8 * (int)iso_type_of(range.type)->size;
    iso_np_integers(generator(c), c->result->data, (size_t)c->result->numel, width, (uint64_t)range.low, (uint64_t)range.last);
    if (scalar && range.python)
        iso_np_to_scalar(c);
    return ISO_OK;
}

static const iso_param bytes_params[] = {ISO_PARAM_IN("length", ISO_ARG_INT, NULL, 0, 1 << 24)};

static void fill_bytes(void *object, uint8_t *out, size_t n) {
    iso_np_bytes(object, out, n);
}

static iso_status method_bytes(iso_call *c) {
    return iso_np_draw_bytes(c, fill_bytes);
}

/* ---- Permutations and choice ---- */

static const iso_param x_params[] = {ISO_PARAM("x", ISO_ARG_ANY, NULL)};

static void shuffle(void *object, void *items, size_t n, size_t size) {
    iso_np_shuffle(&((rng_object *)object)->bits, items, n, size);
}

static iso_status method_shuffle(iso_call *c) {
    return iso_np_shuffle_argument(c, shuffle);
}
static iso_status method_permutation(iso_call *c) {
    return iso_np_permute_argument(c, shuffle);
}

/* permuted(x) without an axis: every element, not rows. */
static iso_status method_permuted(iso_call *c) {
    iso_value x = {0};
    iso_status status = iso_np_array(c, 0, &x);
    if (!status)
        status = iso_value_clone(c->ctx, c->result, &x);
    if (!status)
        iso_np_shuffle(generator(c), c->result->data, (size_t)x.numel, iso_type_of(x.type)->size);
    iso_value_free(c->ctx, &x);
    return status;
}

static const iso_param choice_params[] = {ISO_PARAM("a", ISO_ARG_ANY, NULL),          ISO_SIZE,
                                          ISO_PARAM("replace", ISO_ARG_BOOL, "True"), ISO_PARAM("p", ISO_ARG_ANY, "None"),
                                          ISO_PARAM("axis", ISO_ARG_INT, "0"),        ISO_PARAM("shuffle", ISO_ARG_BOOL, "True")};

static bool choose(iso_call *c, int64_t *out, size_t n, int64_t population, const double *p, void *scratch) {
    if (c->args[2].i[0])
        return p ? iso_np_choice_weighted(generator(c), out, n, p, (size_t)population, scratch)
                 : iso_np_choice(generator(c), out, n, population);
    return p ? iso_np_choice_distinct_weighted(generator(c), out, n, p, (size_t)population, scratch)
             : iso_np_choice_distinct(generator(c), out, n, population, c->args[5].i[0] != 0, scratch);
}

static size_t choice_scratch(const iso_call *c, size_t n, int64_t population) {
    size_t room = c->args[2].i[0] ? 0 : iso_np_choice_scratch(n, population, c->args[5].i[0] != 0);
    return 2 * (size_t)population > room ? 2 * (size_t)population : room;
}

static iso_status method_choice(iso_call *c) {
    return iso_np_choose(c, &(iso_np_chooser){choose, choice_scratch});
}

/* ---- The table ---- */

#define F(name, fallback) ISO_PARAM(name, ISO_ARG_FLOAT, fallback)
static const iso_param normal_params[] = {F("loc", "0"), F("scale", "1"), ISO_SIZE};
static const iso_param uniform_params[] = {F("low", "0"), F("high", "1"), ISO_SIZE};
static const iso_param lognormal_params[] = {F("mean", "0"), F("sigma", "1"), ISO_SIZE};
static const iso_param scale_params[] = {F("scale", "1"), ISO_SIZE};
static const iso_param scaled_gamma_params[] = {F("shape", NULL), F("scale", "1"), ISO_SIZE};
static const iso_param beta_params[] = {F("a", NULL), F("b", NULL), ISO_SIZE};
static const iso_param df_params[] = {F("df", NULL), ISO_SIZE};
static const iso_param f_params[] = {F("dfnum", NULL), F("dfden", NULL), ISO_SIZE};
static const iso_param a_params[] = {F("a", NULL), ISO_SIZE};
static const iso_param size_params[] = {ISO_SIZE};
static const iso_param triangular_params[] = {F("left", NULL), F("mode", NULL), F("right", NULL), ISO_SIZE};
static const iso_param binomial_params[] = {ISO_PARAM("n", ISO_ARG_INT, NULL), F("p", NULL), ISO_SIZE};
static const iso_param negative_params[] = {F("n", NULL), F("p", NULL), ISO_SIZE};
static const iso_param poisson_params[] = {F("lam", "1"), ISO_SIZE};
static const iso_param p_params[] = {F("p", NULL), ISO_SIZE};

#define NEW(name, params, call)                                                                                                  \
    { {"numpy.random." name, ISO_PARAMS(params)}, ISO_SIZES_NONE, call }
#define ENTRY(name, params, call) NEW("Generator." name, params, call)

const iso_entry iso_stream_numpy_generator[] = {
    NEW("SeedSequence", sequence_params, make_sequence),
    NEW("SeedSequence.generate_state", state_params, method_generate_state),
    NEW("SeedSequence.spawn", spawn_params, method_spawn),
    NEW("MT19937", seed_params, make_mt19937),
    NEW("PCG64", seed_params, make_pcg64),
    NEW("PCG64DXSM", seed_params, make_pcg64dxsm),
    NEW("Philox", seed_params, make_philox),
    NEW("SFC64", seed_params, make_sfc64),
    NEW("BitGenerator.random_raw", raw_params, method_random_raw),
    NEW("default_rng", seed_params, default_rng),
    NEW("Generator", bits_params, make_generator),
    ENTRY("spawn", spawn_params, method_generator_spawn),
    ENTRY("random", floats_params, method_random),
    ENTRY("uniform", uniform_params, method_uniform),
    ENTRY("standard_normal", floats_params, method_standard_normal),
    ENTRY("normal", normal_params, method_normal),
    ENTRY("lognormal", lognormal_params, method_lognormal),
    ENTRY("standard_exponential", exponential_params, method_standard_exponential),
    ENTRY("exponential", scale_params, method_exponential),
    ENTRY("standard_gamma", gamma_params, method_standard_gamma),
    ENTRY("gamma", scaled_gamma_params, method_gamma),
    ENTRY("beta", beta_params, method_beta),
    ENTRY("chisquare", df_params, method_chisquare),
    ENTRY("f", f_params, method_f),
    ENTRY("standard_cauchy", size_params, method_standard_cauchy),
    ENTRY("standard_t", df_params, method_standard_t),
    ENTRY("pareto", a_params, method_pareto),
    ENTRY("weibull", a_params, method_weibull),
    ENTRY("power", a_params, method_power),
    ENTRY("laplace", normal_params, method_laplace),
    ENTRY("gumbel", normal_params, method_gumbel),
    ENTRY("logistic", normal_params, method_logistic),
    ENTRY("rayleigh", scale_params, method_rayleigh),
    ENTRY("triangular", triangular_params, method_triangular),
    ENTRY("binomial", binomial_params, method_binomial),
    ENTRY("negative_binomial", negative_params, method_negative_binomial),
    ENTRY("poisson", poisson_params, method_poisson),
    ENTRY("geometric", p_params, method_geometric),
    ENTRY("integers", integers_params, method_integers),
    ENTRY("bytes", bytes_params, method_bytes),
    ENTRY("shuffle", x_params, method_shuffle),
    ENTRY("permutation", x_params, method_permutation),
    ENTRY("permuted", x_params, method_permuted),
    ENTRY("choice", choice_params, method_choice),
    {{NULL, NULL, 0}, ISO_SIZES_NONE, NULL},
};
