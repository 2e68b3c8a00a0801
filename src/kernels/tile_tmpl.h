/* The micro-kernel (isa.h), one function per number of rows and vectors, so that the accumulators stay in registers. */

/* Keeps the compiler from replacing the few pointers below by one per row, which would not fit into the registers. */
#define ISO_KEEP(pointer) __asm__("" : "+r"(pointer))

/* Row i of the tile relative to the nearest of the pointers a, a + 3 rows, a + 6 rows, ...: every offset is then 0, 1, 2, 4 or 8 rows, which
 * one addressing mode of x86 reaches. */
#define ISO_ROW(i)                                                                                                          \
    ((i) == 0 || (i) == 1 || (i) == 2 || (i) == 4 || (i) == 8 ? a0[(i) * row]                                               \
     : (i) == 3 || (i) == 5 || (i) == 7 || (i) == 11          ? a3[((i) - 3) * row]                                         \
     : (i) == 6 || (i) == 10                                  ? a6[((i) - 6) * row]                                         \
     : (i) == 9 || (i) == 13                                  ? a9[((i) - 9) * row]                                         \
                                                              : a12[((i) - 12) * row])

/* The loops over i and v have constant bounds and are unrolled. */
#define DEFINE_TILE(R, V)                                                                                                   \
    static void ISA(tile_row_##R##_##V)(const iso_tile *t) {                                                                \
        vec p[R][V];                                                                                                        \
        for (int i = 0; i < R; i++)                                                                                         \
            for (int v = 0; v < V; v++)                                                                                     \
                p[i][v] = vec_load(t->p + (i * V + v) * WIDTH);                                                             \
        const float *b = t->b;                                                                                              \
        const int64_t row = t->a_row;                                                                                       \
        for (int64_t outer = 0; outer < t->k2; outer++) {                                                                   \
            const float *a0 = t->a + outer * t->a_k2, *a3 = a0 + 3 * row, *a6 = a0 + 6 * row, *a9 = a0 + 9 * row,            \
                        *a12 = a0 + 12 * row;                                                                               \
            for (int64_t k = t->k1; k > 0; k--) {                                                                           \
                vec bv[V];                                                                                                  \
                for (int v = 0; v < V; v++)                                                                                 \
                    bv[v] = vec_load(b + v * WIDTH);                                                                        \
                UNROLL for (int i = 0; i < R; i++) {                                                                        \
                    vec x = vec_all(ISO_ROW(i));                                                                            \
                    for (int v = 0; v < V; v++)                                                                             \
                        p[i][v] = vec_fma(x, bv[v], p[i][v]);                                                               \
                }                                                                                                           \
                b += V * WIDTH;                                                                                             \
                a0++, a3++, a6++, a9++, a12++;                                                                              \
                ISO_KEEP(a0);                                                                                               \
                if (R > 3)                                                                                                  \
                    ISO_KEEP(a3);                                                                                           \
                if (R > 6)                                                                                                  \
                    ISO_KEEP(a6);                                                                                           \
                if (R > 9)                                                                                                  \
                    ISO_KEEP(a9);                                                                                           \
                if (R > 12)                                                                                                 \
                    ISO_KEEP(a12);                                                                                          \
            }                                                                                                               \
        }                                                                                                                   \
        for (int i = 0; i < R; i++)                                                                                         \
            for (int v = 0; v < V; v++)                                                                                     \
                vec_store(t->p + (i * V + v) * WIDTH, p[i][v]);                                                             \
    }                                                                                                                       \
    static void ISA(tile_column_##R##_##V)(const iso_tile *t) {                                                             \
        vec p[R][V];                                                                                                        \
        for (int i = 0; i < R; i++)                                                                                         \
            for (int v = 0; v < V; v++)                                                                                     \
                p[i][v] = vec_load(t->p + (i * V + v) * WIDTH);                                                             \
        const float *b = t->b;                                                                                              \
        for (int64_t outer = 0; outer < t->k2; outer++) {                                                                   \
            const float *a = t->a + outer * t->a_k2;                                                                        \
            for (int64_t k = t->k1; k > 0; k--) {                                                                           \
                vec bv[V];                                                                                                  \
                for (int v = 0; v < V; v++)                                                                                 \
                    bv[v] = vec_load(b + v * WIDTH);                                                                        \
                UNROLL for (int i = 0; i < R; i++) {                                                                        \
                    vec x = vec_all(a[i]);                                                                                  \
                    for (int v = 0; v < V; v++)                                                                             \
                        p[i][v] = vec_fma(x, bv[v], p[i][v]);                                                               \
                }                                                                                                           \
                b += V * WIDTH;                                                                                             \
                a += t->a_k1;                                                                                               \
            }                                                                                                               \
        }                                                                                                                   \
        for (int i = 0; i < R; i++)                                                                                         \
            for (int v = 0; v < V; v++)                                                                                     \
                vec_store(t->p + (i * V + v) * WIDTH, p[i][v]);                                                             \
    }

#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

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
