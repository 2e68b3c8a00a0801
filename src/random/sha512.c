#include "random/sha512.h"

#include <string.h>

#include "random/sha512_constants.h"

static uint64_t rotate(uint64_t x, int n) {
    return x >> n | x << (64 - n);
}

static uint64_t load(const uint8_t *bytes) {
    uint64_t x = 0;
    for (int i = 0; i < 8; i++)
        x = x << 8 | bytes[i];
    return x;
}

static void store(uint8_t *bytes, uint64_t x) {
    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(x >> (56 - 8 * i));
}

static void absorb(uint64_t state[8], const uint8_t block[128]) {
    uint64_t w[80], a = state[0], b = state[1], c = state[2], d = state[3], e = state[4], f = state[5], g = state[6],
                    h = state[7];
    for (int i = 0; i < 16; i++)
        w[i] = load(block + 8 * i);
    for (int i = 16; i < 80; i++) {
        uint64_t s0 = rotate(w[i - 15], 1) ^ rotate(w[i - 15], 8) ^ w[i - 15] >> 7;
        uint64_t s1 = rotate(w[i - 2], 19) ^ rotate(w[i - 2], 61) ^ w[i - 2] >> 6;
        w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
    for (int i = 0; i < 80; i++) {
        uint64_t t1 = h + (rotate(e, 14) ^ rotate(e, 18) ^ rotate(e, 41)) + ((e & f) ^ (~e & g)) + SHA512_ROUNDS[i] + w[i];
        uint64_t t2 = (rotate(a, 28) ^ rotate(a, 34) ^ rotate(a, 39)) + ((a & b) ^ (a & c) ^ (b & c));
        h = g, g = f, f = e, e = d + t1, d = c, c = b, b = a, a = t1 + t2;
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d;
    state[4] += e, state[5] += f, state[6] += g, state[7] += h;
}

void iso_sha512(uint8_t digest[64], const uint8_t *bytes, size_t n) {
    uint64_t state[8];
    uint8_t tail[256] = {0};
    size_t left = n % 128, size = left < 112 ? 128 : 256;
    memcpy(state, SHA512_START, sizeof state);
    for (size_t i = 0; i < n - left; i += 128)
        absorb(state, bytes + i);
    if (left > 0)
        memcpy(tail, bytes + (n - left), left);
    tail[left] = 0x80;
    store(tail + size - 16, (uint64_t)n >> 61);
    store(tail + size - 8, (uint64_t)n << 3);
    for (size_t i = 0; i < size; i += 128)
        absorb(state, tail + i);
    for (int i = 0; i < 8; i++)
        store(digest + 8 * i, state[i]);
}
