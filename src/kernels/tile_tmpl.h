/* The micro-kernel (isa.h), one function per number of rows and vectors, so that the running panel of the sum stays in registers.
 */

/* Keeps the compiler from replacing the few pointers below by one per row, which would not fit into the registers. */
#define ISO_KEEP(pointer) __asm__("" : "+r"(pointer))

/* gcc 12 would leave some vectors in memory; an instruction set may say in which registers they are to be. */
#ifndef vec_keep
#define vec_keep(x) ((void)0)
#endif

/* sum += a * b for a number a and a vector b, rounded once; the same for two vectors. */
#ifndef vec_accumulate
#define vec_accumulate(sum, a, b) ((sum) = vec_fma(vec_all(a), b, sum))
#define vec_accumulate2(sum0, sum1, a, b0, b1)                                                                                   \
    do {                                                                                                                         \
        vec x = vec_all(a);                                                                                                      \
        (sum0) = vec_fma(x, b0, sum0);                                                                                           \
        (sum1) = vec_fma(x, b1, sum1);                                                                                           \
    } while (0)
#endif

/* Positions that a round of the loop takes. */
#ifndef ROW_STEPS
#define ROW_STEPS    1
#define COLUMN_STEPS 1
#endif

#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

/* Row i of the tile relative to the nearest of the pointers a, a + 3 rows, a + 6 rows, ...: every offset is then 0, 1, 2, 4 or 8
 * times `row`, a row's bytes, which one addressing mode of x86 reaches. */
#define ROW_AT(pointer, rows) ((const float *)(const void *)((const char *)(pointer) + (rows)*row))
#define ROW_START(i)                                                                                                             \
    ((i) == 0 || (i) == 1 || (i) == 2 || (i) == 4 || (i) == 8 ? ROW_AT(a0, i)                                                    \
     : (i) == 3 || (i) == 5 || (i) == 7 || (i) == 11          ? ROW_AT(a3, (i)-3)                                                \
     : (i) == 6 || (i) == 10                                  ? ROW_AT(a6, (i)-6)                                                \
     : (i) == 9 || (i) == 13                                  ? ROW_AT(a9, (i)-9)                                                \
                                                              : ROW_AT(a12, (i)-12))
#define ROW_ELEMENT(i, u) ROW_START(i)[u]

#define TILE_OPEN(R, V)                                                                                                          \
    vec p[R][V];                                                                                                                 \
    _Alignas(64) float s[(R) * (V)*WIDTH];                                                                                       \
    if (t->far)                                                                                                                  \
        UNROLL for (int i = 0; i < (R); i++) for (int j = 0; j < (V)*WIDTH; j += 16)                                             \
            __builtin_prefetch(t->c + i * t->c_row + j, 1);                                                                      \
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

/* The sum's position that is `u` behind the one at which the pointers stand. */
#define TILE_POSITION(R, V, FORM, u)                                                                                             \
    {                                                                                                                            \
        const float *at = b + (u) % 2 * b_step;                                                                                  \
        vec b0 = vec_load(at), b1 = (V) > 1 ? vec_load(at + WIDTH) : b0;                                                         \
        vec_keep(b0);                                                                                                            \
        vec_keep(b1);                                                                                                            \
        UNROLL for (int i = 0; i < (R); i++) {                                                                                   \
            if ((V) > 1)                                                                                                         \
                vec_accumulate2(p[i][0], p[i][(V)-1], FORM##_ELEMENT(i, u), b0, b1);                                             \
            else                                                                                                                 \
                vec_accumulate(p[i][0], FORM##_ELEMENT(i, u), b0);                                                               \
        }                                                                                                                        \
        FORM##_NEXT if ((u) % 2) {                                                                                               \
            b += 2 * b_step;                                                                                                     \
            ISO_KEEP(b);                                                                                                         \
        }                                                                                                                        \
    }

/* A segment's positions; first those that fill no round. Each round brings one line. */
#define TILE_SEGMENT(R, V, FORM)                                                                                                 \
    int64_t k = segment->length;                                                                                                 \
    for (; FORM##_STEPS > 1 && k % FORM##_STEPS > 0; k--) {                                                                      \
        TILE_POSITION(R, V, FORM, 0)                                                                                             \
        b += b_step;                                                                                                             \
        FORM##_ADVANCE(R, 1)                                                                                                     \
    }                                                                                                                            \
    for (; k > 0; k -= FORM##_STEPS) {                                                                                           \
        UNROLL for (int u = 0; u < FORM##_STEPS; u++) TILE_POSITION(R, V, FORM, u) if (FORM##_STEPS == 1) b += b_step;           \
        __builtin_prefetch(ahead, 0, 2);                                                                                         \
        ahead += ahead_step;                                                                                                     \
        FORM##_ADVANCE(R, FORM##_STEPS)                                                                                          \
    }

#define ROW_NEXT                                                                                                                 \
    if (ROW_STEPS > 1)                                                                                                           \
        ISO_KEEP(row);
#define ROW_ADVANCE(R, positions)                                                                                                \
    a0 += (positions), a3 += (positions), a6 += (positions), a9 += (positions), a12 += (positions);                              \
    ISO_KEEP(a0);                                                                                                                \
    if ((R) > 3)                                                                                                                 \
        ISO_KEEP(a3);                                                                                                            \
    if ((R) > 6)                                                                                                                 \
        ISO_KEEP(a6);                                                                                                            \
    if ((R) > 9)                                                                                                                 \
        ISO_KEEP(a9);                                                                                                            \
    if ((R) > 12)                                                                                                                \
        ISO_KEEP(a12);

#define COLUMN_ELEMENT(i, u) a[i]
#define COLUMN_NEXT                                                                                                              \
    a += a_step;                                                                                                                 \
    ISO_KEEP(a);
#define COLUMN_ADVANCE(R, positions)

/* The loops over i, u and v have constant bounds and are unrolled. */
#define DEFINE_TILE(R, V)                                                                                                        \
    static void ISA(tile_row_##R##_##V)(const iso_tile *t) {                                                                     \
        int64_t row = t->a_row * (int64_t)sizeof(float);                                                                         \
        TILE_OPEN(R, V)                                                                                                          \
        const float *a0 = t->a + segment->a, *a3 = ROW_AT(a0, 3), *a6 = ROW_AT(a0, 6), *a9 = ROW_AT(a0, 9),                      \
                    *a12 = ROW_AT(a0, 12);                                                                                       \
        TILE_SEGMENT(R, V, ROW)                                                                                                  \
        TILE_CLOSE(R, V)                                                                                                         \
        TILE_STORE(R, V)                                                                                                         \
    }                                                                                                                            \
    static void ISA(tile_column_##R##_##V)(const iso_tile *t) {                                                                  \
        const int64_t a_step = t->a_step;                                                                                        \
        TILE_OPEN(R, V)                                                                                                          \
        const float *a = t->a + segment->a;                                                                                      \
        TILE_SEGMENT(R, V, COLUMN)                                                                                               \
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
