/* exp, sigmoid, both forms of GELU, log and log1p in pairs of binary32, a number and a rest: twice as many lanes as in binary64.
 * For instruction sets that look up 32 numbers at once (vec_lookup32). What a pair does not decide, about one lane of 100 of
 * GELU's and fewer of the others', is put side by side and goes the way through binary64 in vectors of its own; there is no
 * branch on it in the loop.
 *
 * A cell of the tables (scripts/math_coefficients.py) gives f(c + t) = high + slope * t + W. H = high + slope * t is rounded
 * once, and e = slope * t - (H - high), also rounded once, is the rest of it up to 2^-48 of H: H - high is exact because high is
 * at least twice slope * t. W is small, 2^-9 of f and less, and so are the errors of its binary32 operations. They are counted in
 * units of 2^-24 |W|, and l = e + W' with W' = W (1 - units) and l * width = l (1 + 2 units) are the ends of an interval around
 * the rest of f: W never comes near 0, so e is at most 2^-7 of it. H + l and H + l * width round to the same number, or the lane
 * stays open. The script counts the units of sigmoid and GELU cell by cell. */

/* Elements between two settlings: enough for whole vectors of open lanes, few enough for a cache. */
#define PAIR_BLOCK 4096

/* Vectors of y with open lanes, which hold their arguments: where they start, and the lanes. */
struct ISA(open) {
    int count;
    int where[PAIR_BLOCK / WIDTH];
    vec_lanes lanes[PAIR_BLOCK / WIDTH];
};

typedef void ISA(vector_function)(vec x, float *y);

/* Puts into the open lanes what f makes of them. zero_stays: f(0) is 0 of the same sign, and needs no f. */
static inline __attribute__((always_inline)) void ISA(settle)(ISA(vector_function) * f, bool zero_stays, struct ISA(open) * open,
                                                              float *y) {
    float packed[PAIR_BLOCK + WIDTH];
    int count = 0;
    for (int k = 0; k < open->count; k++) {
        vec x = vec_load(y + open->where[k]);
        if (zero_stays)
            open->lanes[k] &= vec_lanes_unequal(x, vec_all(0));
        vec_store(packed + count, vec_compress(open->lanes[k], x));
        count += __builtin_popcount(open->lanes[k]);
    }
    vec_store(packed + count, vec_all(1));
    for (int k = 0; k < count; k += WIDTH)
        f(vec_load(packed + k), packed + k);
    count = 0;
    for (int k = 0; k < open->count; k++) {
        float *place = y + open->where[k];
        vec_store(place, vec_expand(open->lanes[k], vec_load(packed + count), vec_load(place)));
        count += __builtin_popcount(open->lanes[k]);
    }
}

/* name_pair(x, &result) gives the lanes in which the result is decided. A rest shorter than a vector is filled up with ones. */
#define PAIR_LOOP(name, zero_stays)                                                                                              \
    __attribute__((noinline)) static void ISA(name##_settle)(struct ISA(open) * open, float *y) {                                \
        ISA(settle)(ISA(name##_vector), zero_stays, open, y);                                                                    \
    }                                                                                                                            \
    static void ISA(name##_pairs)(int64_t count, const float *x, float *y) {                                                     \
        struct ISA(open) open;                                                                                                   \
        open.count = 0;                                                                                                          \
        for (int i = 0; i + WIDTH <= count; i += WIDTH) {                                                                        \
            vec argument = vec_load(x + i), result;                                                                              \
            vec_lanes decided = ISA(name##_pair)(argument, &result);                                                             \
            vec_store(y + i, vec_select(decided, result, argument));                                                             \
            open.where[open.count] = i;                                                                                          \
            open.lanes[open.count] = (vec_lanes)~decided;                                                                        \
            open.count += decided != VEC_ALL_LANES;                                                                              \
        }                                                                                                                        \
        if (open.count)                                                                                                          \
            ISA(name##_settle)(&open, y);                                                                                        \
    }                                                                                                                            \
    static void ISA(name)(int64_t count, const float *x, float *y) {                                                             \
        for (int64_t n; count >= WIDTH; count -= n, x += n, y += n) {                                                            \
            n = iso_min64(PAIR_BLOCK, count - count % WIDTH);                                                                    \
            ISA(name##_pairs)(n, x, y);                                                                                          \
        }                                                                                                                        \
        if (count > 0) {                                                                                                         \
            float rest[WIDTH];                                                                                                   \
            for (int j = 0; j < WIDTH; j++)                                                                                      \
                rest[j] = j < count ? x[j] : 1;                                                                                  \
            ISA(name##_pairs)(WIDTH, rest, rest);                                                                                \
            memcpy(y, rest, sizeof *y *(size_t)count);                                                                           \
        }                                                                                                                        \
    }

/* x = n ln(2) / 32 + r + s, r exactly and s below 2^-21. exp(x) = 2^(n / 32) (1 + r + W), W = s + (r + s)^2 / 2 + ... Units: 2 of
 * r + s, whose square is taken, 1 of the square, 1 of p, 1 each of v, w and l, and a half for coefficients and the polynomial's
 * own error, below 2^-42, where 2^-17 is added to W. */
static inline __attribute__((always_inline)) vec_lanes ISA(exp_pair)(vec x, vec *result) {
    const vec shift = vec_all(0x1.8p23f), shifted = vec_fma(x, vec_all(0x1.715476p+5f), shift), n = shifted - shift;
    const vec r = vec_fma(n, vec_all(-ISO_EXP_STEP_MIDDLE), vec_fma(n, vec_all(-ISO_EXP_STEP_HIGH), x));
    const vec power = vec_lookup32(iso_exp2_32nds_high, shifted), rest = vec_lookup32(iso_exp2_32nds_low, shifted);
    const vec near = vec_fma(n, vec_all(-ISO_EXP_STEP_LOW), r), square = near * near;
    const vec p = vec_fma(vec_fma(r, vec_all(ISO_EXP_SCALE / 24), vec_all(ISO_EXP_SCALE / 6)), near, vec_all(ISO_EXP_SCALE / 2));
    const vec v = vec_fma(square, p, n * vec_all(-ISO_EXP_STEP_LOW * ISO_EXP_SCALE));
    const vec w = vec_fma(power, v, vec_fma(rest, r, rest));
    const vec high = vec_fma(power, r, power), l = vec_fma(power, r, power - high) + w;
    const vec a = high + l, b = vec_fma(l, vec_all(ISO_EXP_WIDTH), high);
    *result = vec_scale32(a, shifted);
    return vec_lanes_equal(vec_lanes_less(vec_abs(x), vec_all(87)), a, b);
}
PAIR_LOOP(exp, false)

/* f(|x|) + 1/2 for x >= 0, f(|x|) - 1/2 for x < 0, as H + l. The last cell, from 61/16, is NaN. */
#define CELL(row) vec_lookup32(cells[row], shifted)
static inline __attribute__((always_inline)) vec ISA(half_and_odd)(const float cells[8][32], vec x, vec z, vec *l) {
    const vec shift = vec_all(0x1.8p20f), shifted = z + shift, t = z - (shifted - shift);
    const vec high = CELL(0) + vec_sign_of(vec_all(0.5f), x), slope = CELL(1);
    const vec sum = vec_fma(t, slope, high), e = vec_fma(t, slope, high - sum);
    const vec u = vec_fma(vec_fma(vec_fma(CELL(7), t, CELL(6)), t, CELL(5)), t, CELL(4));
    *l = e + vec_fma(vec_fma(u, t, CELL(3)), t, CELL(2));
    return sum;
}

/* 1 / (1 + exp(-x)) = 1/2 + f(x), which is |f(|x|) - 1/2| for x < 0. */
static inline __attribute__((always_inline)) vec_lanes ISA(sigmoid_pair)(vec x, vec *result) {
    vec l, high = ISA(half_and_odd)(iso_sigmoid_cells, x, vec_nearer(x, 3.9f), &l);
    vec a = high + l, b = vec_fma(l, vec_all(ISO_SIGMOID_WIDTH), high);
    *result = vec_abs(a);
    return vec_lanes_equal(VEC_ALL_LANES, a, b);
}
PAIR_LOOP(sigmoid, false)

/* GELU = x (1/2 + f(x)) = |x| (f(|x|) +- 1/2). The product with H is a pair itself. Where |x| is below 2^-100 the rests come near
 * the smallest number; 0 stays 0, and the others are open. */
static inline __attribute__((always_inline)) vec_lanes ISA(gelu_of_cells)(const float cells[8][32], float width, vec x,
                                                                          vec *result) {
    vec z = vec_nearer(x, 3.9f), l, high = ISA(half_and_odd)(cells, x, z, &l);
    vec product = z * high, rest = vec_fma(z, l, vec_fma(z, high, -product));
    vec a = product + rest, b = vec_fma(rest, vec_all(width), product);
    *result = a;
    return vec_lanes_equal(vec_lanes_less(vec_all(0x1p-100f), z), a, b);
}
static inline __attribute__((always_inline)) vec_lanes ISA(gelu_pair)(vec x, vec *result) {
    return ISA(gelu_of_cells)(iso_phi_cells, ISO_PHI_WIDTH, x, result);
}
PAIR_LOOP(gelu, true)
static inline __attribute__((always_inline)) vec_lanes ISA(gelu_tanh_pair)(vec x, vec *result) {
    return ISA(gelu_of_cells)(iso_gelu_tanh_cells, ISO_GELU_TANH_WIDTH, x, result);
}
PAIR_LOOP(gelu_tanh, true)

/* log((m + below) 2^-k), 3/4 <= m < 3/2, |below| at most half a unit in m's last place: c0 + P with c0 = high - k ln(2), a
 * multiple of 2^-16, and P = slope * t. m + below - c = t + s, rounded to t. W is not kept from 0, but its parts have one sign;
 * errors are a share of W (units: 2 of t, 1 each of u, v, w, l, and of the differences below; a half for coefficients) and one of
 * the result (2^-37): the polynomial's own error, below 2^-43 beside 1 and 2^-41 elsewhere, and the roundings of k ln(2)'s rest,
 * 2^-43. In the cell around 1 with k = 0, t = m + below - 1 exactly, slope is 1, and the polynomial's error is a share of t^2. */
#define LOG_ERROR_OF_W   0x1p-21f
#define LOG_ERROR_OF_ALL 0x1p-37f
static inline __attribute__((always_inline)) vec_lanes ISA(log_of_cells)(vec m, vec below, vec k, vec *result) {
    const float(*cells)[32] = iso_log_cells;
    const vec shift = vec_all(0x1.8p18f), shifted = m + shift, distance = m - (shifted - shift);
    const vec t = distance + below, s = below - (t - distance);
    const vec c0 = vec_fma(k, vec_all(-ISO_LN2_FLOAT_HIGH), CELL(0)), slope = CELL(1);
    const vec product = t * slope, high = c0 + product;
    vec e = (product - (high - c0)) + vec_fma(t, slope, -product);
    e = vec_fma(k, vec_all(-ISO_LN2_FLOAT_LOW), vec_fma(s, slope, e));
    const vec u = vec_fma(vec_fma(vec_fma(CELL(7), t, CELL(6)), t, CELL(5)), t, CELL(4));
    const vec w = vec_fma(vec_fma(u, t, CELL(3)), t, CELL(2)), l = e + w;
    const vec error = vec_fma(vec_abs(w), vec_all(LOG_ERROR_OF_W), vec_abs(high) * vec_all(LOG_ERROR_OF_ALL));
    const vec a = high + (l - error), b = high + (l + error);
    *result = a;
    return vec_lanes_equal(VEC_ALL_LANES, a, b);
}

/* Of 0, infinity, negative numbers and NaN, some part becomes NaN. */
static inline __attribute__((always_inline)) vec_lanes ISA(log_pair)(vec x, vec *result) {
    vec m = vec_mantissa(x);
    return ISA(log_of_cells)(m, vec_all(0), vec_exponent(m) - vec_exponent(x), result);
}
PAIR_LOOP(log, false)

static inline __attribute__((always_inline)) vec_lanes ISA(log1p_pair)(vec x, vec *result) {
    vec one = vec_all(1), large = vec_greater(one, x), small = vec_lesser(one, x);
    vec sum = large + small, below = small - (sum - large);
    vec m = vec_mantissa(sum), k = vec_exponent(m) - vec_exponent(sum);
    vec_lanes decided = ISA(log_of_cells)(m, vec_scale(below, k), k, result);
    *result = vec_sign_of(*result, x); /* for -0 */
    return decided;
}
PAIR_LOOP(log1p, true)

#undef PAIR_BLOCK
#undef PAIR_LOOP
#undef CELL
#undef LOG_ERROR_OF_W
#undef LOG_ERROR_OF_ALL
