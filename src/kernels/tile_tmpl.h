/* The micro-kernel (isa.h), one function per number of rows and vectors, so that the running panel of the sum stays in registers.
 */

/* Keeps the compiler from replacing the few pointers below by one per row, which would not fit into the registers. */
#define ISO_KEEP(pointer) __asm__("" : "+r"(pointer))

/* gcc 12 would leave some vectors in memory; an instruction set may say in which registers they are to be. */
#ifndef vec_keep
#define vec_keep(x) ((void)0)
#endif

#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

/* Row i of the tile relative to the nearest of the pointers a, a + 3 rows, a + 6 rows, ...: every offset is then 0, 1, 2, 4 or 8
 * rows, which one addressing mode of x86 reaches. */
#define ISO_ROW(i)                                                                                                               \
    ((i) == 0 || (i) == 1 || (i) == 2 || (i) == 4 || (i) == 8 ? a0[(i)*row]                                                      \
     : (i) == 3 || (i) == 5 || (i) == 7 || (i) == 11          ? a3[((i)-3) * row]                                                \
     : (i) == 6 || (i) == 10                                  ? a6[((i)-6) * row]                                                \
     : (i) == 9 || (i) == 13                                  ? a9[((i)-9) * row]                                                \
                                                              : a12[((i)-12) * row])

#define TILE_OPEN(R, V)                                                                                                          \
    vec p[R][V];                                                                                                                 \
    _Alignas(64) float s[(R) * (V)*WIDTH];                                                                                       \
    bool started = t->accumulate;                                                                                                \
    if (started && t->valid == (V)*WIDTH)                                                                                        \
        UNROLL for (int i = 0; i < (R); i++) UNROLL for (int v = 0; v < (V); v++)                                                \
            vec_store(s + (i * (V) + v) * WIDTH, vec_load(t->c + i * t->c_row + v * WIDTH));                                     \
    else if (started)                                                                                                            \
        iso_tile_fetch(t, R, (V)*WIDTH, s);                                                                                      \
    UNROLL for (int i = 0; i < (R); i++) UNROLL for (int v = 0; v < (V); v++) p[i][v] = vec_all(0);                              \
    const int64_t b_step = t->b_step, ahead_step = t->ahead ? 16 : 0;                                                            \
    const float *ahead = t->ahead ? t->ahead : t->b;                                                                             \
    const iso_segment *last = t->segments + t->count - 1;                                                                        \
    for (const iso_segment *segment = t->segments;; segment++) {                                                                 \
        const float *b = t->b + segment->b * b_step;

/* The end of a panel: s = s + p, where s starts as +0; the last one's sum stays in p. */
#define TILE_CLOSE(R, V)                                                                                                         \
    if (segment->closes) {                                                                                                       \
        if (started)                                                                                                             \
            UNROLL for (int i = 0; i < (R); i++) UNROLL for (int v = 0; v < (V); v++) p[i][v] =                                  \
                vec_load(s + (i * (V) + v) * WIDTH) + p[i][v];                                                                   \
        else if (!t->chain)                                                                                                      \
            UNROLL for (int i = 0; i < (R); i++) UNROLL for (int v = 0; v < (V); v++) p[i][v] = vec_all(0) + p[i][v];            \
        if (segment == last)                                                                                                     \
            break;                                                                                                               \
        started = true;                                                                                                          \
        UNROLL for (int i = 0; i < (R); i++) UNROLL for (int v = 0; v < (V); v++) {                                              \
            vec_store(s + (i * (V) + v) * WIDTH, p[i][v]);                                                                       \
            p[i][v] = vec_all(0);                                                                                                \
        }                                                                                                                        \
    }                                                                                                                            \
    }

#define TILE_STORE(R, V)                                                                                                         \
    for (int64_t join = 0; join < t->joins; join++) {                                                                            \
        const float *left = t->left + join * t->left_step;                                                                       \
        UNROLL for (int i = 0; i < (R); i++) UNROLL for (int v = 0; v < (V); v++) p[i][v] =                                      \
            vec_load(left + (i * (V) + v) * WIDTH) + p[i][v];                                                                    \
    }                                                                                                                            \
    if (t->bias) {                                                                                                               \
        vec bias[V];                                                                                                             \
        UNROLL for (int v = 0; v < (V); v++) bias[v] = vec_load(t->bias + v * WIDTH);                                            \
        UNROLL for (int i = 0; i < (R); i++) UNROLL for (int v = 0; v < (V); v++) p[i][v] = p[i][v] + bias[v];                   \
    }                                                                                                                            \
    if (t->valid == (V)*WIDTH)                                                                                                   \
        UNROLL for (int i = 0; i < (R); i++) UNROLL for (int v = 0; v < (V); v++)                                                \
            vec_store(t->c + i * t->c_row + v * WIDTH, p[i][v]);                                                                 \
    else {                                                                                                                       \
        UNROLL for (int i = 0; i < (R); i++) UNROLL for (int v = 0; v < (V); v++) vec_store(s + (i * (V) + v) * WIDTH, p[i][v]); \
        iso_tile_scatter(t, R, (V)*WIDTH, s);                                                                                    \
    }

/* The loops over i and v have constant bounds and are unrolled. */
#define DEFINE_TILE(R, V)                                                                                                        \
    static void ISA(tile_row_##R##_##V)(const iso_tile *t) {                                                                     \
        const int64_t row = t->a_row;                                                                                            \
        TILE_OPEN(R, V)                                                                                                          \
        const float *a0 = t->a + segment->a, *a3 = a0 + 3 * row, *a6 = a0 + 6 * row, *a9 = a0 + 9 * row, *a12 = a0 + 12 * row;   \
        for (int64_t k = segment->length; k > 0; k--) {                                                                          \
            vec b0 = vec_load(b), b1 = (V) > 1 ? vec_load(b + WIDTH) : b0;                                                       \
            vec_keep(b0);                                                                                                        \
            vec_keep(b1);                                                                                                        \
            UNROLL for (int i = 0; i < (R); i++) {                                                                               \
                vec x = vec_all(ISO_ROW(i));                                                                                     \
                p[i][0] = vec_fma(x, b0, p[i][0]);                                                                               \
                if ((V) > 1)                                                                                                     \
                    p[i][(V)-1] = vec_fma(x, b1, p[i][(V)-1]);                                                                   \
            }                                                                                                                    \
            __builtin_prefetch(ahead, 0, 2);                                                                                     \
            ahead += ahead_step;                                                                                                 \
            b += b_step;                                                                                                         \
            a0++, a3++, a6++, a9++, a12++;                                                                                       \
            ISO_KEEP(a0);                                                                                                        \
            if ((R) > 3)                                                                                                         \
                ISO_KEEP(a3);                                                                                                    \
            if ((R) > 6)                                                                                                         \
                ISO_KEEP(a6);                                                                                                    \
            if ((R) > 9)                                                                                                         \
                ISO_KEEP(a9);                                                                                                    \
            if ((R) > 12)                                                                                                        \
                ISO_KEEP(a12);                                                                                                   \
        }                                                                                                                        \
        TILE_CLOSE(R, V)                                                                                                         \
        TILE_STORE(R, V)                                                                                                         \
    }                                                                                                                            \
    static void ISA(tile_column_##R##_##V)(const iso_tile *t) {                                                                  \
        const int64_t a_step = t->a_step;                                                                                        \
        TILE_OPEN(R, V)                                                                                                          \
        const float *a = t->a + segment->a;                                                                                      \
        for (int64_t k = segment->length; k > 0; k--) {                                                                          \
            vec b0 = vec_load(b), b1 = (V) > 1 ? vec_load(b + WIDTH) : b0;                                                       \
            vec_keep(b0);                                                                                                        \
            vec_keep(b1);                                                                                                        \
            UNROLL for (int i = 0; i < (R); i++) {                                                                               \
                vec x = vec_all(a[i]);                                                                                           \
                p[i][0] = vec_fma(x, b0, p[i][0]);                                                                               \
                if ((V) > 1)                                                                                                     \
                    p[i][(V)-1] = vec_fma(x, b1, p[i][(V)-1]);                                                                   \
            }                                                                                                                    \
            __builtin_prefetch(ahead, 0, 2);                                                                                     \
            ahead += ahead_step;                                                                                                 \
            b += b_step;                                                                                                         \
            a += a_step;                                                                                                         \
        }                                                                                                                        \
        TILE_CLOSE(R, V)                                                                                                         \
        TILE_STORE(R, V)                                                                                                         \
    }

#define DEFINE_TILES(R) DEFINE_TILE(R, 1) DEFINE_TILE(R, 2)
DEFINE_TILES(1)
DEFINE_TILES(2)
DEFINE_TILES(3)
DEFINE_TILES(4)
#if ROWS > 4
DEFINE_TILES(5)
DEFINE_TILES(6)
#endif
#if ROWS > 6
DEFINE_TILES(7)
DEFINE_TILES(8)
DEFINE_TILES(9)
DEFINE_TILES(10)
DEFINE_TILES(11)
DEFINE_TILES(12)
DEFINE_TILES(13)
DEFINE_TILES(14)
#endif
