#include "isobit/random/philox.h"

void iso_philox4x32(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]) {
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    uint32_t k0 = key[0], k1 = key[1];
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)0xd2511f53u * c0, p1 = (uint64_t)0xcd9e8d57u * c2;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c1 = (uint32_t)p1;
        c3 = (uint32_t)p0;
        k0 += 0x9e3779b9u; /* the golden ratio and sqrt(3) - 1, as fractions of 2^32 */
        k1 += 0xbb67ae85u;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

/* Four elements per counter. The counter's words are the low 32 bits of block, sample and step, and
 * one word of four bytes: the next 8 bits of each, and the purpose on top. The key is the seed. */
static void block_bits(const iso_place *place, uint64_t block, uint32_t out[4]) {
    uint32_t counter[4] = {(uint32_t)block, (uint32_t)place->sample, (uint32_t)place->step,
                           (uint32_t)(block >> 32 & 0xff) | (uint32_t)(place->sample >> 32 & 0xff) << 8 |
                               (uint32_t)(place->step >> 32 & 0xff) << 16 | (uint32_t)place->purpose << 24};
    uint32_t key[2] = {(uint32_t)place->seed, (uint32_t)(place->seed >> 32)};
    iso_philox4x32(counter, key, out);
}

void iso_philox_bits(const iso_place *place, uint64_t first, uint32_t *out, size_t n) {
    uint32_t words[4];
    for (size_t i = 0; i < n; i++) {
        uint64_t element = first + i;
        if (i == 0 || element % 4 == 0)
            block_bits(place, element / 4, words);
        out[i] = words[element % 4];
    }
}

#define CHUNK 256

void iso_philox_uniform(const iso_place *place, uint64_t first, float *out, size_t n) {
    uint32_t bits[CHUNK];
    for (size_t done = 0, run; done < n; done += run) {
        run = n - done < CHUNK ? n - done : CHUNK;
        iso_philox_bits(place, first + done, bits, run);
        for (size_t i = 0; i < run; i++)
            out[done + i] = (float)(int32_t)(bits[i] >> 8) * 0x1p-24f;
    }
}

void iso_philox_bernoulli(const iso_place *place, uint64_t first, uint8_t *out, size_t n, double p) {
    uint32_t bits[CHUNK];
    double threshold = p * 0x1p32; /* exact */
    for (size_t done = 0, run; done < n; done += run) {
        run = n - done < CHUNK ? n - done : CHUNK;
        iso_philox_bits(place, first + done, bits, run);
        for (size_t i = 0; i < run; i++)
            out[done + i] = (double)bits[i] < threshold;
    }
}
