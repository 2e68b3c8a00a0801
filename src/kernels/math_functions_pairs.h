/* exp, log and log1p, sigmoid and both forms of GELU in pairs of binary32, a number and a rest: twice as many lanes as in
 * binary64. For instruction sets that look up 32 numbers of a table at once (vec_lookup32), or 16 (vec_lookup16). What a pair
 * does not decide, about one lane of 100, is put side by side and goes the way through binary64 in vectors of its own; there is
 * no branch on it in the loop.
 *
 * A cell of the tables (scripts/math_coefficients.py) gives f(c + t) = high + slope * t + W. H = high + slope * t is rounded
 * once, and e = slope * t - (H - high), also rounded once, is the rest of it up to 2^-48 of H: H - high is exact because high is
 * at least twice slope * t. W is small, 2^-9 of f and less, and so are the errors of its binary32 operations. They are counted in
 * units of 2^-24 |W|, and l = e + W' with W' = W (1 - units) and l * width = l (1 + 2 units) are the ends of an interval around
 * the rest of f: W never comes near 0, so e is at most 2^-7 of it. H + l and H + l * width round to the same number, or the lane
 * stays open. Of sigmoid and both GELU the script counts the units cell by cell, and tests/prove/widths.c measures how much of
 * that all arguments together take; width goes by the measurement. */

/* Elements between two settlings: enough for whole vectors of open lanes, few enough for a cache. */
#define PAIR_BLOCK 4096

/* Elements; memory must not stand still while a block is settled. */
#define PAIRS_AHEAD 1024

typedef void ISA(vector_function)(vec x, float *y);

/* Vectors that have open lanes: place in the block and lanes, in the upper and lower 16 bits. */
struct ISA(open) {
    int count;
    uint32_t vectors[PAIR_BLOCK / WIDTH + 1];
};

/* Gives y's open lanes what f makes of x's. zero_stays: where x is 0, y holds it. */
static inline __attribute__((always_inline)) void ISA(settle)(ISA(vector_function) * f, bool zero_stays,
                                                              const struct ISA(open) * open, const float *x, float *y) {
    float packed[PAIR_BLOCK + WIDTH];
    uint16_t where[PAIR_BLOCK];
    int count = 0;
    for (int k = 0; k < open->count; k++) {
        int at = (int)(open->vectors[k] >> 16);
        unsigned lanes = open->vectors[k] & 0xffff;
        if (zero_stays)
            lanes &= vec_unequal(vec_load(x + at), vec_all(0));
        for (; lanes; lanes &= lanes - 1) {
            where[count] = (uint16_t)(at + __builtin_ctz(lanes));
            packed[count] = x[where[count]];
            count++;
        }
    }
    vec_store(packed + count, vec_all(1));
    for (int k = 0; k < count; k += WIDTH)
        f(vec_load(packed + k), packed + k);
    for (int k = 0; k < count; k++)
        y[where[k]] = packed[k];
}

/* name_pair(x, &result) gives the lanes in which the result is decided. The arguments are needed to the end: in place they are
 * those of a copy. A rest shorter than a vector is filled up with ones. */
#define PAIR_LOOP(name, zero_stays)                                                                                              \
    __attribute__((noinline)) static void ISA(name##_settle)(const struct ISA(open) * open, const float *x, float *y) {          \
        ISA(settle)(ISA(name##_vector), zero_stays, open, x, y);                                                                 \
    }                                                                                                                            \
    static void ISA(name##_pairs)(int count, const float *x, float *y) {                                                         \
        struct ISA(open) open;                                                                                                   \
        open.count = 0;                                                                                                          \
        _Pragma("GCC unroll 2") for (int at = 0; at < count; at += WIDTH) {                                                      \
            vec result;                                                                                                          \
            __builtin_prefetch(x + at + PAIRS_AHEAD);                                                                            \
            uint32_t lanes = VEC_ALL_BITS ^ vec_lanes_bits(ISA(name##_pair)(vec_load(x + at), &result));                         \
            vec_store(y + at, result);                                                                                           \
            /* one without is overwritten by the next: no branch could foresee it */                                             \
            open.vectors[open.count] = (uint32_t)at << 16 | lanes;                                                               \
            open.count += lanes != 0;                                                                                            \
        }                                                                                                                        \
        if (open.count != 0)                                                                                                     \
            ISA(name##_settle)(&open, x, y);                                                                                     \
    }                                                                                                                            \
    __attribute__((noinline)) static void ISA(name##_in_place)(int count, float *y) {                                            \
        float x[PAIR_BLOCK];                                                                                                     \
        memcpy(x, y, sizeof *x *(size_t)count);                                                                                  \
        ISA(name##_pairs)(count, x, y);                                                                                          \
    }                                                                                                                            \
    static void ISA(name)(int64_t count, const float *x, float *y) {                                                             \
        for (int64_t n; count >= WIDTH; count -= n, x += n, y += n) {                                                            \
            n = iso_min64(PAIR_BLOCK, count - count % WIDTH);                                                                    \
            if (x == y)                                                                                                          \
                ISA(name##_in_place)((int)n, y);                                                                                 \
            else                                                                                                                 \
                ISA(name##_pairs)((int)n, x, y);                                                                                 \
        }                                                                                                                        \
        if (count > 0) {                                                                                                         \
            float rest[WIDTH];                                                                                                   \
            for (int j = 0; j < WIDTH; j++)                                                                                      \
                rest[j] = j < count ? x[j] : 1;                                                                                  \
            ISA(name##_in_place)(WIDTH, rest);                                                                                   \
            memcpy(y, rest, sizeof *y *(size_t)count);                                                                           \
        }                                                                                                                        \
    }

#ifdef vec_lookup32
#define CELLS         32
#define EXP2(part, n) vec_lookup32(iso_exp2_32nds_##part, n)
#define EXP_CUBIC(r)  vec_fma(r, vec_all(ISO_EXP_SCALE / 24), vec_all(ISO_EXP_SCALE / 6))
#define SCALE(x, n)   vec_scale32(x, n)
#else
#define CELLS         16
#define EXP2(part, n) vec_lookup16(iso_exp2_16ths_##part, n)
#define EXP_CUBIC(r)  vec_fma(vec_fma(r, vec_all(ISO_EXP_SCALE / 120), vec_all(ISO_EXP_SCALE / 24)), r, vec_all(ISO_EXP_SCALE / 6))
#define SCALE(x, n)   vec_scale16(x, n)
#endif

/* x = n ln(2) / CELLS + r + s, r exactly and s below 2^-21. exp(x) = 2^(n / CELLS) (1 + r + W), W = s + (r + s)^2 / 2 + ...
 * Units: 2 of r + s, whose square is taken, 1 of the square, 1 of p, 1 each of v, w and l, and a half for coefficients and the
 * polynomial's own error, below 2^-42, where 2^-17 is added to W. */
#define STEP(part) (32.0f / CELLS * ISO_EXP_STEP_##part)
static inline __attribute__((always_inline)) vec_lanes ISA(exp_pair)(vec x, vec *result) {
    const vec shift = vec_all(0x1.8p23f), shifted = vec_fma(x, vec_all(CELLS * 0x1.715476p+0f), shift), n = shifted - shift;
    const vec r = vec_fma(n, vec_all(-STEP(MIDDLE)), vec_fma(n, vec_all(-STEP(HIGH)), x));
    const vec power = EXP2(high, shifted), rest = EXP2(low, shifted);
    const vec near = vec_fma(n, vec_all(-STEP(LOW)), r), square = near * near;
    const vec p = vec_fma(EXP_CUBIC(r), near, vec_all(ISO_EXP_SCALE / 2));
    const vec v = vec_fma(square, p, n * vec_all(-STEP(LOW) * ISO_EXP_SCALE));
    const vec w = vec_fma(power, v, vec_fma(rest, r, rest));
    const vec high = vec_fma(power, r, power), l = vec_fma(power, r, power - high) + w;
    const vec a = high + l, b = vec_fma(l, vec_all(ISO_EXP_WIDTH), high);
    *result = SCALE(a, shifted);
    return vec_lanes_equal(vec_lanes_less(vec_abs(x), vec_all(87)), a, b);
}
PAIR_LOOP(exp, false)

/* log((m + below) 2^-k), 3/4 <= m < 3/2, |below| (NULL: 0) at most half a unit in m's last place: c0 + P with c0 = high - k
 * ln(2), a multiple of 2^-16, and P = slope * t. m + below - c = t + s, rounded to t. W is not kept from 0, but its parts have
 * one sign; errors are a share of W (units: 2 of t, 1 each of u, v, w, l, and of the differences below; a half for coefficients)
 * and one of the result (2^-37): the polynomial's own error, below 2^-43 beside 1 and 2^-41 elsewhere, and the roundings of k
 * ln(2)'s rest, 2^-43. In the cell around 1 with k = 0, t = m + below - 1 exactly, slope is 1, and the polynomial's error is a
 * share of t^2. */
#define LOG_ERROR_OF_W   0x1p-21f
#define LOG_ERROR_OF_ALL 0x1p-37f
#ifdef vec_lookup32
#define LOG_CELL(row) vec_lookup32(iso_log_cells[row], shifted)
#define LOG_W(w)                                                                                                                 \
    const vec u = vec_fma(vec_fma(vec_fma(LOG_CELL(7), t, LOG_CELL(6)), t, LOG_CELL(5)), t, LOG_CELL(4));                        \
    const vec w = vec_fma(vec_fma(u, t, LOG_CELL(3)), t, LOG_CELL(2));
#else
#define LOG_CELL(row)        vec_lookup16(iso_log16_cells[row], shifted)
/* With z = slope * t: log(1 + z) - z, in pairs of terms, which need not wait for each other; and what slope and high leave. */
#define LOG_TERMS(low, high) vec_fma(z, vec_all(high), vec_all(low))
#define LOG_W(w)                                                                                                                 \
    const vec z = product, z2 = z * z, terms = vec_fma(z2, vec_all(-1.0f / 8), LOG_TERMS(-1.0f / 6, 1.0f / 7));                  \
    const vec u = vec_fma(vec_fma(terms, z2, LOG_TERMS(-1.0f / 4, 1.0f / 5)), z2, LOG_TERMS(-0.5f, 1.0f / 3));                   \
    const vec w = vec_fma(u, z2, vec_fma(t, LOG_CELL(3), LOG_CELL(2)));
#endif
static inline __attribute__((always_inline)) vec_lanes ISA(log_of_cells)(vec_lanes split, vec m, const vec *below, vec k,
                                                                         vec *result) {
    const vec shift = vec_all(0x1.8p23f / CELLS), shifted = m + shift, distance = m - (shifted - shift);
    vec t = distance;
    if (below)
        t = distance + *below;
    const vec c0 = vec_fma(k, vec_all(-ISO_LN2_FLOAT_HIGH), LOG_CELL(0)), slope = LOG_CELL(1);
    const vec product = t * slope, high = c0 + product;
    vec e = (product - (high - c0)) + vec_fma(t, slope, -product);
    if (below)
        e = vec_fma(*below - (t - distance), slope, e);
    e = vec_fma(k, vec_all(-ISO_LN2_FLOAT_LOW), e);
    LOG_W(w)
    const vec l = e + w;
    const vec error = vec_fma(vec_abs(w), vec_all(LOG_ERROR_OF_W), vec_abs(high) * vec_all(LOG_ERROR_OF_ALL));
    const vec a = high + (l - error), b = high + (l + error);
    *result = a;
    return vec_lanes_equal(split, a, b);
}

static inline __attribute__((always_inline)) vec_lanes ISA(log_pair)(vec x, vec *result) {
    vec m, k;
    vec_lanes split = vec_split(x, &m, &k);
    return ISA(log_of_cells)(split, m, NULL, k, result);
}
PAIR_LOOP(log, false)

static inline __attribute__((always_inline)) vec_lanes ISA(log1p_pair)(vec x, vec *result) {
    vec one = vec_all(1), large = vec_greater(one, x), small = vec_lesser(one, x);
    vec sum = large + small, below = small - (sum - large);
    vec m, k;
    vec_lanes split = vec_split(sum, &m, &k);
    below = vec_scale(below, k);
    vec_lanes decided = ISA(log_of_cells)(split, m, &below, k, result);
    *result = vec_sign_of(*result, x); /* for -0 */
    return decided;
}
PAIR_LOOP(log1p, true)

/* Cells of f(z) = 1 / (1 + exp(-z)) - 1/2, ... for z from 0 to less than BEYOND_CELLS, whose own cell, the last, is NaN. */
#ifdef vec_lookup32
#define BEYOND_CELLS          3.9f
#define CELL_SHIFT            0x1.8p20f
#define ODD_CELLS(name)       iso_##name##_cells
#define ODD_WIDTH(name)       ISO_##name##_WIDTH
#define CELL(row)             vec_lookup32(cells[row], shifted)
#define LAST_TERMS(t, square) vec_fma(CELL(7), t, CELL(6))
#else
#define BEYOND_CELLS          3.75f
#define CELL_SHIFT            0x1.8p21f
#define ODD_CELLS(name)       iso_##name##16_cells
#define ODD_WIDTH(name)       ISO_##name##16_WIDTH
#define CELL(row)             vec_lookup16(cells[row], shifted)
#define LAST_TERMS(t, square) vec_fma(CELL(8), square, vec_fma(CELL(7), t, CELL(6)))
#endif

/* f(|x|) + 1/2 for x >= 0, f(|x|) - 1/2 for x < 0, as H + l. */
static inline __attribute__((always_inline)) vec ISA(half_and_odd)(const float cells[][CELLS], vec x, vec z, vec *l) {
    const vec shift = vec_all(CELL_SHIFT), shifted = z + shift, t = z - (shifted - shift);
    const vec high = CELL(0) + vec_sign_of(vec_all(0.5f), x), slope = CELL(1);
    const vec sum = vec_fma(t, slope, high), e = vec_fma(t, slope, high - sum);
    const vec square = t * t, terms = vec_fma(CELL(5), t, CELL(4)), u = vec_fma(LAST_TERMS(t, square), square, terms);
    *l = e + vec_fma(u, square, vec_fma(t, CELL(3), CELL(2)));
    return sum;
}

/* 1 / (1 + exp(-x)) = 1/2 + f(x), which is |f(|x|) - 1/2| for x < 0. */
static inline __attribute__((always_inline)) vec_lanes ISA(sigmoid_pair)(vec x, vec *result) {
    vec l, high = ISA(half_and_odd)(ODD_CELLS(sigmoid), x, vec_nearer(x, BEYOND_CELLS), &l);
    vec a = high + l, b = vec_fma(l, vec_all(ODD_WIDTH(SIGMOID)), high);
    *result = vec_abs(a);
    return vec_lanes_equal(VEC_ALL_LANES, a, b);
}
PAIR_LOOP(sigmoid, false)

/* z * (high + *l), as a number and a new *l. Of z = 0 and *l < 0 it is 0 with high's sign. */
static inline __attribute__((always_inline)) vec ISA(product_of_pair)(vec z, vec high, vec *l) {
    vec product = z * high;
    *l = vec_fma(z, *l, -vec_fma(-z, high, product));
    return product;
}

/* GELU = x (1/2 + f(x)) = |x| (f(|x|) +- 1/2). Where |x| is below 2^-100 the rests come near the smallest number; 0 stays 0, and
 * the others are open. */
static inline __attribute__((always_inline)) vec_lanes ISA(gelu_of_cells)(const float cells[][CELLS], float width, vec x,
                                                                          vec *result) {
    vec z = vec_nearer(x, BEYOND_CELLS), l, high = ISA(half_and_odd)(cells, x, z, &l);
    high = ISA(product_of_pair)(z, high, &l);
    vec a = high + l, b = vec_fma(l, vec_all(width), high);
    *result = a;
    return vec_lanes_equal(vec_lanes_less(vec_all(0x1p-100f), z), a, b);
}
static inline __attribute__((always_inline)) vec_lanes ISA(gelu_pair)(vec x, vec *result) {
    return ISA(gelu_of_cells)(ODD_CELLS(phi), ODD_WIDTH(PHI), x, result);
}
PAIR_LOOP(gelu, true)
static inline __attribute__((always_inline)) vec_lanes ISA(gelu_tanh_pair)(vec x, vec *result) {
    return ISA(gelu_of_cells)(ODD_CELLS(gelu_tanh), ODD_WIDTH(GELU_TANH), x, result);
}
PAIR_LOOP(gelu_tanh, true)

#undef PAIR_BLOCK
#undef PAIRS_AHEAD
#undef PAIR_LOOP
#undef CELLS
#undef CELL
#undef BEYOND_CELLS
#undef CELL_SHIFT
#undef ODD_CELLS
#undef ODD_WIDTH
#undef LAST_TERMS
#undef EXP2
#undef EXP_CUBIC
#undef SCALE
#undef STEP
#undef LOG_CELL
#undef LOG_W
#undef LOG_TERMS
#undef LOG_ERROR_OF_W
#undef LOG_ERROR_OF_ALL
