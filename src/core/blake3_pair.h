/* hash_lanes of 32 lanes for AVX-512, as two vectors of 16 side by side: one compression is a chain of operations that wait for
 * each other, so a second one costs little. Its 32 registers are the two states; message words come from memory, and every
 * operation is in place, or a compiler would need more. */
#define MIX_PAIR(a, b, c, d, x, y)                                                                                               \
    BOTH(v[a] += m[x], w[a] += n[x]);                                                                                            \
    BOTH(v[a] += v[b], w[a] += w[b]);                                                                                            \
    BOTH(v[d] ^= v[a], w[d] ^= w[a]);                                                                                            \
    BOTH(v[d] = ROTATE(v[d], 16), w[d] = ROTATE(w[d], 16));                                                                      \
    BOTH(v[c] += v[d], w[c] += w[d]);                                                                                            \
    BOTH(v[b] ^= v[c], w[b] ^= w[c]);                                                                                            \
    BOTH(v[b] = ROTATE(v[b], 12), w[b] = ROTATE(w[b], 12));                                                                      \
    BOTH(v[a] += m[y], w[a] += n[y]);                                                                                            \
    BOTH(v[a] += v[b], w[a] += w[b]);                                                                                            \
    BOTH(v[d] ^= v[a], w[d] ^= w[a]);                                                                                            \
    BOTH(v[d] = ROTATE(v[d], 8), w[d] = ROTATE(w[d], 8));                                                                        \
    BOTH(v[c] += v[d], w[c] += w[d]);                                                                                            \
    BOTH(v[b] ^= v[c], w[b] ^= w[c]);                                                                                            \
    BOTH(v[b] = ROTATE(v[b], 7), w[b] = ROTATE(w[b], 7))
#define BOTH(first, second) first, second
#define ROUND_PAIR(s)                                                                                                            \
    MIX_PAIR(0, 4, 8, 12, s[0], s[1]);                                                                                           \
    MIX_PAIR(1, 5, 9, 13, s[2], s[3]);                                                                                           \
    MIX_PAIR(2, 6, 10, 14, s[4], s[5]);                                                                                          \
    MIX_PAIR(3, 7, 11, 15, s[6], s[7]);                                                                                          \
    MIX_PAIR(0, 5, 10, 15, s[8], s[9]);                                                                                          \
    MIX_PAIR(1, 6, 11, 12, s[10], s[11]);                                                                                        \
    MIX_PAIR(2, 7, 8, 13, s[12], s[13]);                                                                                         \
    MIX_PAIR(3, 4, 9, 14, s[14], s[15])

#define TARGET __attribute__((target("avx512f,avx512vl,avx512bw")))

/* Words of 16 results to their places. */
static void store_16(const uint32_t words[8][16], uint8_t (*values)[ISO_BLAKE3_SIZE]) {
    for (int i = 0; i < 16; i++)
        for (int j = 0; j < 8; j++)
            store32(values[i] + 4 * j, words[j][i]);
}

/* 32 messages of `blocks` blocks. */
TARGET static void hash_pair(const uint8_t *in, size_t stride, int blocks, uint64_t counter, uint32_t step, uint32_t flags,
                             uint32_t first, uint32_t last, uint8_t (*values)[ISO_BLAKE3_SIZE]) {
    const uint8_t *lane[32];
    vec_16 cv[8], cw[8], low[2], high[2];
    for (size_t i = 0; i < 32; i++) {
        uint64_t number = counter + (uint64_t)i * step;
        lane[i] = in + i * stride;
        low[i / 16][i % 16] = (uint32_t)number;
        high[i / 16][i % 16] = (uint32_t)(number >> 32);
    }
#define START(i) cv[i] = cw[i] = (vec_16){0} + iv[i]
    EIGHT(START);
    for (int block = 0; block < blocks; block++) {
        vec_16 m[16], n[16], v[16], w[16];
        for (size_t i = 0; i < 32; i++)
            __builtin_prefetch((const void *)((uintptr_t)lane[i] + 32 * stride + (uintptr_t)(block * BLOCK)));
        transpose_16(lane, block * BLOCK, m);
        transpose_16(lane + 16, block * BLOCK, n);
        __asm__ volatile("" : "+m"(m), "+m"(n)); /* in memory, not in registers that the states need */
#define TAKE(i) v[i] = cv[i], w[i] = cw[i]
        EIGHT(TAKE);
        for (int i = 0; i < 4; i++)
            v[8 + i] = w[8 + i] = (vec_16){0} + iv[i];
        v[12] = low[0], w[12] = low[1];
        v[13] = high[0], w[13] = high[1];
        v[14] = w[14] = (vec_16){0} + BLOCK;
        v[15] = w[15] = (vec_16){0} + (flags | (block == 0 ? first : 0) | (block == blocks - 1 ? last : 0));
        ROUND_PAIR(schedule[0]);
        ROUND_PAIR(schedule[1]);
        ROUND_PAIR(schedule[2]);
        ROUND_PAIR(schedule[3]);
        ROUND_PAIR(schedule[4]);
        ROUND_PAIR(schedule[5]);
        ROUND_PAIR(schedule[6]);
#define CHAIN(i) cv[i] = v[i] ^ v[i + 8], cw[i] = w[i] ^ w[i + 8]
        EIGHT(CHAIN);
    }
    uint32_t words[8][16];
    memcpy(words, cv, sizeof words);
    store_16((const uint32_t(*)[16])words, values);
    memcpy(words, cw, sizeof words);
    store_16((const uint32_t(*)[16])words, values + 16);
}

static void hash_32(const uint8_t *in, size_t stride, size_t count, int blocks, uint64_t counter, uint32_t step, uint32_t flags,
                    uint32_t first, uint32_t last, uint8_t (*values)[ISO_BLAKE3_SIZE]) {
    size_t done = 0;
    for (; count - done >= 32; done += 32)
        hash_pair(in + done * stride, stride, blocks, counter + (uint64_t)done * step, step, flags, first, last, values + done);
    if (done < count)
        hash_16(in + done * stride, stride, count - done, blocks, counter + (uint64_t)done * step, step, flags, first, last,
                values + done);
}

#undef START
#undef TAKE
#undef CHAIN
#undef TARGET
#undef BOTH
#undef MIX_PAIR
#undef ROUND_PAIR
