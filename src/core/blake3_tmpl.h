/* hash_lanes for vectors of WIDTH words: included once for each width. NAME, TARGET: the function and its attributes. */

#define PASTE_(a, b) a##b
#define PASTE(a, b)  PASTE_(a, b)
#define vec          PASTE(vec_, NAME)

typedef uint32_t vec __attribute__((vector_size(4 * WIDTH)));

TARGET static void NAME(const uint8_t *in, size_t stride, size_t count, int blocks, uint64_t counter, uint32_t step,
                        uint32_t flags, uint32_t first, uint32_t last, uint32_t cvs[][8]) {
    for (size_t done = 0; done < count; done += WIDTH) {
        size_t lanes = count - done < WIDTH ? count - done : WIDTH;
        const uint8_t *lane_in[WIDTH];
        vec cv[8], counter_low, counter_high;
        for (int i = 0; i < WIDTH; i++) {
            size_t lane = done + ((size_t)i < lanes ? (size_t)i : 0); /* idle lanes repeat the first */
            lane_in[i] = in + lane * stride;
            uint64_t number = counter + (uint64_t)lane * step;
            counter_low[i] = (uint32_t)number;
            counter_high[i] = (uint32_t)(number >> 32);
        }
        for (int i = 0; i < 8; i++)
            cv[i] = (vec){0} + iv[i];
        for (int block = 0; block < blocks; block++) {
            uint32_t words[16][WIDTH];
            for (int i = 0; i < WIDTH; i++)
                for (int j = 0; j < 16; j++)
                    words[j][i] = load32(lane_in[i] + block * BLOCK + 4 * j);
            vec m[16], v[16];
            memcpy(m, words, sizeof m);
            for (int i = 0; i < 8; i++)
                v[i] = cv[i];
            for (int i = 0; i < 4; i++)
                v[8 + i] = (vec){0} + iv[i];
            v[12] = counter_low;
            v[13] = counter_high;
            v[14] = (vec){0} + BLOCK;
            v[15] = (vec){0} + (flags | (block == 0 ? first : 0) | (block == blocks - 1 ? last : 0));
            ROUND(0);
            ROUND(1);
            ROUND(2);
            ROUND(3);
            ROUND(4);
            ROUND(5);
            ROUND(6);
            for (int i = 0; i < 8; i++)
                cv[i] = v[i] ^ v[i + 8];
        }
        for (size_t i = 0; i < lanes; i++)
            for (int j = 0; j < 8; j++)
                cvs[done + i][j] = cv[j][i];
    }
}

#undef vec
#undef PASTE
#undef PASTE_
#undef WIDTH
#undef NAME
#undef TARGET
