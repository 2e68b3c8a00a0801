/* Winograd's transforms: docs/contract.md#conv2d. Lanes run over channels. Each is written once for a type T that is a vector or
 * a number: first down the columns, then along the rows. */

#define TAPS(T, LOAD, STORE)                                                                                                     \
    T t[4][3], half = HALF;                                                                                                      \
    UNROLL for (int k = 0; k < 3; k++) {                                                                                         \
        T a = LOAD(g + k * g_step + i), b = LOAD(g + (3 + k) * g_step + i), c = LOAD(g + (6 + k) * g_step + i), ends = a + c;    \
        t[0][k] = a, t[1][k] = (ends + b) * half, t[2][k] = (ends - b) * half, t[3][k] = c;                                      \
    }                                                                                                                            \
    UNROLL for (int j = 0; j < 4; j++) {                                                                                         \
        T ends = t[j][0] + t[j][2];                                                                                              \
        STORE(u + 4 * j * step + i, t[j][0]);                                                                                    \
        STORE(u + (4 * j + 1) * step + i, (ends + t[j][1]) * half);                                                              \
        STORE(u + (4 * j + 2) * step + i, (ends - t[j][1]) * half);                                                              \
        STORE(u + (4 * j + 3) * step + i, t[j][2]);                                                                              \
    }

#define PIXELS(T, LOAD, STORE)                                                                                                   \
    T e[4][4];                                                                                                                   \
    UNROLL for (int k = 0; k < 4; k++) {                                                                                         \
        T a = LOAD(pixel[k] + i), b = LOAD(pixel[4 + k] + i), c = LOAD(pixel[8 + k] + i), d = LOAD(pixel[12 + k] + i);           \
        e[0][k] = a - c, e[1][k] = b + c, e[2][k] = c - b, e[3][k] = b - d;                                                      \
    }                                                                                                                            \
    UNROLL for (int j = 0; j < 4; j++) {                                                                                         \
        STORE(v + 4 * j * step + i, e[j][0] - e[j][2]);                                                                          \
        STORE(v + (4 * j + 1) * step + i, e[j][1] + e[j][2]);                                                                    \
        STORE(v + (4 * j + 2) * step + i, e[j][2] - e[j][1]);                                                                    \
        STORE(v + (4 * j + 3) * step + i, e[j][1] - e[j][3]);                                                                    \
    }

#define SUMS(T, LOAD, STORE)                                                                                                     \
    T r[2][4];                                                                                                                   \
    UNROLL for (int k = 0; k < 4; k++) {                                                                                         \
        T a = LOAD(m + k * step + i), b = LOAD(m + (4 + k) * step + i), c = LOAD(m + (8 + k) * step + i),                        \
          d = LOAD(m + (12 + k) * step + i);                                                                                     \
        r[0][k] = (a + b) + c, r[1][k] = (b - c) - d;                                                                            \
    }                                                                                                                            \
    UNROLL for (int j = 0; j < 2; j++) {                                                                                         \
        T left = (r[j][0] + r[j][1]) + r[j][2], right = (r[j][1] - r[j][2]) - r[j][3];                                           \
        if (bias)                                                                                                                \
            left = left + LOAD(bias + i), right = right + LOAD(bias + i);                                                        \
        if (pixel[2 * j])                                                                                                        \
            STORE(pixel[2 * j] + i, left);                                                                                       \
        if (pixel[2 * j + 1])                                                                                                    \
            STORE(pixel[2 * j + 1] + i, right);                                                                                  \
    }

#define NUMBER(from)    (*(from))
#define KEEP(to, value) (*(to) = (value))
#define FOR_CHANNELS(BODY)                                                                                                       \
    int64_t i = 0;                                                                                                               \
    for (; i + WIDTH <= count; i += WIDTH) {                                                                                     \
        BODY(vec, vec_load, vec_store)                                                                                           \
    }

static void ISA(winograd_weights)(int64_t count, const float *g, int64_t g_step, float *u, int64_t step) {
#define HALF vec_all(0.5f)
    FOR_CHANNELS(TAPS)
#undef HALF
#define HALF 0.5f
    for (; i < count; i++) {
        TAPS(float, NUMBER, KEEP)
    }
#undef HALF
}

static void ISA(winograd_pixels)(int64_t count, const float *const *pixel, float *v, int64_t step) {
    FOR_CHANNELS(PIXELS)
    for (; i < count; i++) {
        PIXELS(float, NUMBER, KEEP)
    }
}

static void ISA(winograd_sums)(int64_t count, const float *m, int64_t step, const float *bias, float *const *pixel) {
    FOR_CHANNELS(SUMS)
    for (; i < count; i++) {
        SUMS(float, NUMBER, KEEP)
    }
}

#undef TAPS
#undef PIXELS
#undef SUMS
#undef NUMBER
#undef KEEP
#undef FOR_CHANNELS
