/* Vectors of AVX2 and AVX-512 for blake3_tmpl.h: the blocks of 8 or 16 lanes, turned so that a vector holds one word of each. */
#include <immintrin.h>

typedef uint32_t vec_8 __attribute__((vector_size(32)));
typedef uint32_t vec_16 __attribute__((vector_size(64)));

#define INLINE(isa) static inline __attribute__((always_inline, target(isa)))

/* 8 words of 8 lanes: pairs of lanes, fours, eights. */
INLINE("avx2") void transpose_8x8(const uint8_t *const lane[8], int offset, vec_8 m[8]) {
    __m256i a[8], b[8];
#define LOAD(i) a[i] = _mm256_loadu_si256((const __m256i *)(lane[i] + offset))
    EIGHT(LOAD);
#undef LOAD
#define PAIR(i)                                                                                                                  \
    b[2 * (i)] = _mm256_unpacklo_epi32(a[2 * (i)], a[2 * (i) + 1]);                                                              \
    b[2 * (i) + 1] = _mm256_unpackhi_epi32(a[2 * (i)], a[2 * (i) + 1])
    PAIR(0);
    PAIR(1);
    PAIR(2);
    PAIR(3);
#undef PAIR
    /* a[4 * half + word % 4]: words `word` and `word + 4` of four lanes */
#define FOUR(h)                                                                                                                  \
    a[4 * (h)] = _mm256_unpacklo_epi64(b[4 * (h)], b[4 * (h) + 2]);                                                              \
    a[4 * (h) + 1] = _mm256_unpackhi_epi64(b[4 * (h)], b[4 * (h) + 2]);                                                          \
    a[4 * (h) + 2] = _mm256_unpacklo_epi64(b[4 * (h) + 1], b[4 * (h) + 3]);                                                      \
    a[4 * (h) + 3] = _mm256_unpackhi_epi64(b[4 * (h) + 1], b[4 * (h) + 3])
    FOUR(0);
    FOUR(1);
#undef FOUR
#define WORD(i)                                                                                                                  \
    m[i] = (vec_8)_mm256_permute2x128_si256(a[i], a[(i) + 4], 0x20);                                                             \
    m[(i) + 4] = (vec_8)_mm256_permute2x128_si256(a[i], a[(i) + 4], 0x31)
    WORD(0);
    WORD(1);
    WORD(2);
    WORD(3);
#undef WORD
}

INLINE("avx2") void transpose_8(const uint8_t *const lane[8], int offset, vec_8 m[16]) {
    transpose_8x8(lane, offset, m);
    transpose_8x8(lane, offset + 32, m + 8);
}

/* 16 words of 16 lanes: pairs of lanes, fours, then the quarters of the registers are exchanged twice. */
INLINE("avx512f,avx512vl,avx512bw") void transpose_16(const uint8_t *const lane[16], int offset, vec_16 m[16]) {
    __m512i a[16], b[16];
#define PAIR(i)                                                                                                                  \
    {                                                                                                                            \
        __m512i even = _mm512_loadu_si512(lane[2 * (i)] + offset), odd = _mm512_loadu_si512(lane[2 * (i) + 1] + offset);         \
        b[2 * (i)] = _mm512_unpacklo_epi32(even, odd);                                                                           \
        b[2 * (i) + 1] = _mm512_unpackhi_epi32(even, odd);                                                                       \
    }
    EIGHT(PAIR);
#undef PAIR
    /* a[4 * g + w]: words w, w + 4, w + 8, w + 12 of the lanes 4 g .. 4 g + 3 */
#define FOUR(g)                                                                                                                  \
    a[4 * (g)] = _mm512_unpacklo_epi64(b[4 * (g)], b[4 * (g) + 2]);                                                              \
    a[4 * (g) + 1] = _mm512_unpackhi_epi64(b[4 * (g)], b[4 * (g) + 2]);                                                          \
    a[4 * (g) + 2] = _mm512_unpacklo_epi64(b[4 * (g) + 1], b[4 * (g) + 3]);                                                      \
    a[4 * (g) + 3] = _mm512_unpackhi_epi64(b[4 * (g) + 1], b[4 * (g) + 3])
    FOUR(0);
    FOUR(1);
    FOUR(2);
    FOUR(3);
#undef FOUR
#define WORD(w)                                                                                                                  \
    {                                                                                                                            \
        __m512i low = _mm512_shuffle_i32x4(a[w], a[(w) + 4], 0x88), high = _mm512_shuffle_i32x4(a[w], a[(w) + 4], 0xdd);         \
        __m512i low2 = _mm512_shuffle_i32x4(a[(w) + 8], a[(w) + 12], 0x88);                                                      \
        __m512i high2 = _mm512_shuffle_i32x4(a[(w) + 8], a[(w) + 12], 0xdd);                                                     \
        m[w] = (vec_16)_mm512_shuffle_i32x4(low, low2, 0x88);                                                                    \
        m[(w) + 8] = (vec_16)_mm512_shuffle_i32x4(low, low2, 0xdd);                                                              \
        m[(w) + 4] = (vec_16)_mm512_shuffle_i32x4(high, high2, 0x88);                                                            \
        m[(w) + 12] = (vec_16)_mm512_shuffle_i32x4(high, high2, 0xdd);                                                           \
    }
    WORD(0)
    WORD(1)
    WORD(2)
    WORD(3)
#undef WORD
}

#undef INLINE
