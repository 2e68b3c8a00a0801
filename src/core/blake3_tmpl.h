/* hash_lanes for vectors of WIDTH words: included once for each width. NAME, TARGET: the function and its attributes.
 * TRANSPOSE(lane, offset, m): words j of the blocks at lane[i] + offset become m[j][i]. Loops over registers are written out,
 * for compilers keep an array in registers only if every index is a constant. */

#define PASTE_(a, b) a##b
#define PASTE(a, b)  PASTE_(a, b)
#define vec          PASTE(vec_, WIDTH)

TARGET static void NAME(const uint8_t *in, size_t stride, size_t count, int blocks, uint64_t counter, uint32_t step,
                        uint32_t flags, uint32_t first, uint32_t last, uint8_t (*values)[ISO_BLAKE3_SIZE]) {
    for (size_t done = 0; done < count; done += WIDTH) {
        size_t lanes = count - done < WIDTH ? count - done : WIDTH;
        const uint8_t *lane[WIDTH];
        vec cv[8], counter_low, counter_high;
        for (size_t i = 0; i < WIDTH; i++) {
            size_t message = done + (i < lanes ? i : 0); /* idle lanes repeat the first */
            lane[i] = in + message * stride;
            uint64_t number = counter + (uint64_t)message * step;
            counter_low[i] = (uint32_t)number;
            counter_high[i] = (uint32_t)(number >> 32);
        }
#define START(i) cv[i] = (vec){0} + iv[i]
        EIGHT(START);
        for (int block = 0; block < blocks; block++) {
            vec m[16], v[16];
            for (size_t i = 0; i < WIDTH; i++) /* so many streams at once are beyond the hardware's own prefetching */
                __builtin_prefetch((const void *)((uintptr_t)lane[i] + WIDTH * stride + (uintptr_t)(block * BLOCK)));
            TRANSPOSE(lane, block * BLOCK, m);
#define TAKE(i) v[i] = cv[i]
            EIGHT(TAKE);
            v[8] = (vec){0} + iv[0];
            v[9] = (vec){0} + iv[1];
            v[10] = (vec){0} + iv[2];
            v[11] = (vec){0} + iv[3];
            v[12] = counter_low;
            v[13] = counter_high;
            v[14] = (vec){0} + BLOCK;
            v[15] = (vec){0} + (flags | (block == 0 ? first : 0) | (block == blocks - 1 ? last : 0));
            ROUNDS;
#define CHAIN(i) cv[i] = v[i] ^ v[i + 8]
            EIGHT(CHAIN);
        }
        uint32_t words[8][WIDTH];
        memcpy(words, cv, sizeof words);
        for (size_t i = 0; i < lanes; i++)
            for (int j = 0; j < 8; j++)
                store32(values[done + i] + 4 * j, words[j][i]);
    }
}

#undef START
#undef TAKE
#undef CHAIN
#undef vec
#undef PASTE
#undef PASTE_
#undef WIDTH
#undef NAME
#undef TARGET
#undef TRANSPOSE
