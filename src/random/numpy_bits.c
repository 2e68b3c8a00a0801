/* PCG64 (O'Neill), its DXSM variant, Philox4x64-10 (Salmon and others), SFC64 (Doty-Humphrey) and MT19937 as NumPy runs them. */
#include "random/numpy_bits.h"

#include <string.h>

#include "random/mt19937.h"

uint64_t iso_multiply_64(uint64_t a, uint64_t b, uint64_t *high) {
#ifdef __SIZEOF_INT128__
    unsigned __int128 product = (unsigned __int128)a * b;
    *high = (uint64_t)(product >> 64);
    return (uint64_t)product;
#else
    uint64_t al = (uint32_t)a, ah = a >> 32, bl = (uint32_t)b, bh = b >> 32;
    uint64_t low = al * bl, middle = ah * bl + (low >> 32), carry = al * bh + (uint32_t)middle;
    *high = ah * bh + (middle >> 32) + (carry >> 32);
    return carry << 32 | (uint32_t)low;
#endif
}

static inline uint64_t rotate_left(uint64_t x, unsigned by) {
    return x << by | x >> ((64 - by) & 63);
}

/* ---- PCG64: state = state * multiplier + increment in 128 bits ---- */

#define PCG_HIGH  0x2360ed051fc65da4u
#define PCG_LOW   0x4385df649fccf645u
#define PCG_CHEAP 0xda942042e4dd58b5u

static void pcg_add(uint64_t state[2], const uint64_t increment[2]) {
    uint64_t low = state[0] + increment[0];
    state[1] += increment[1] + (low < state[0]);
    state[0] = low;
}

static void pcg_step(iso_np_bits *bits, bool cheap) {
    uint64_t *state = bits->as.pcg64.state, high, low;
    if (cheap) {
        low = iso_multiply_64(state[0], PCG_CHEAP, &high);
        state[1] = high + state[1] * PCG_CHEAP;
    } else {
        low = iso_multiply_64(state[0], PCG_LOW, &high);
        state[1] = high + state[1] * PCG_LOW + state[0] * PCG_HIGH;
    }
    state[0] = low;
    pcg_add(state, bits->as.pcg64.increment);
}

static void pcg_seed(iso_np_bits *bits, const iso_np_seed_sequence *seed) {
    uint64_t words[4], *state = bits->as.pcg64.state, *increment = bits->as.pcg64.increment;
    iso_np_generate_state64(seed, words, 4);
    increment[0] = words[3] << 1 | 1;
    increment[1] = words[2] << 1 | words[3] >> 63;
    state[0] = state[1] = 0;
    pcg_step(bits, false); /* DXSM too, which multiplies by another number later on */
    pcg_add(state, (uint64_t[]){words[1], words[0]});
    pcg_step(bits, false);
}

static uint64_t pcg_next(iso_np_bits *bits) {
    uint64_t *state = bits->as.pcg64.state;
    if (bits->engine == ISO_NP_PCG64) {
        pcg_step(bits, false);
        return rotate_left(state[1] ^ state[0], (64 - (unsigned)(state[1] >> 58)) & 63);
    }
    uint64_t high = state[1], low = state[0] | 1;
    high ^= high >> 32;
    high *= PCG_CHEAP;
    high ^= high >> 48;
    high *= low;
    pcg_step(bits, true);
    return high;
}

/* ---- Philox4x64-10 ---- */

static void philox_block(const uint64_t counter[4], const uint64_t key[2], uint64_t out[4]) {
    uint64_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3], k0 = key[0], k1 = key[1];
    for (int round = 0; round < 10; round++) {
        uint64_t high0, high1, low0 = iso_multiply_64(0xd2e7470ee14c6c93u, c0, &high0),
                               low1 = iso_multiply_64(0xca5a826395121157u, c2, &high1);
        c0 = high1 ^ c1 ^ k0;
        c1 = low1;
        c2 = high0 ^ c3 ^ k1;
        c3 = low0;
        k0 += 0x9e3779b97f4a7c15u;
        k1 += 0xbb67ae8584caa73bu;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

static uint64_t philox_next(iso_np_bits *bits) {
    uint64_t *counter = bits->as.philox.counter, *buffer = bits->as.philox.buffer;
    if (bits->as.philox.position < 4)
        return buffer[bits->as.philox.position++];
    for (int i = 0; i < 4 && ++counter[i] == 0; i++)
        ;
    philox_block(counter, bits->as.philox.key, buffer);
    bits->as.philox.position = 1;
    return buffer[0];
}

/* ---- SFC64 ---- */

static uint64_t sfc_next(iso_np_bits *bits) {
    uint64_t *w = bits->as.sfc64.words, sum = w[0] + w[1] + w[3]++;
    w[0] = w[1] ^ (w[1] >> 11);
    w[1] = w[2] + (w[2] << 3);
    w[2] = rotate_left(w[2], 24) + sum;
    return sum;
}

/* ---- MT19937 ---- */

/* NumPy sets the words themselves, and leaves the position at the last of them. */
static void mt_seed(iso_mt19937 *mt, const iso_np_seed_sequence *seed) {
    iso_np_generate_state(seed, mt->state, ISO_MT19937_WORDS);
    mt->state[0] = 0x80000000u;
    mt->next = ISO_MT19937_WORDS - 1;
}

/* ---- All ---- */

void iso_np_bits_seed(iso_np_bits *bits, iso_np_engine engine, const iso_np_seed_sequence *seed) {
    memset(bits, 0, sizeof *bits);
    bits->engine = engine;
    switch (engine) {
    case ISO_NP_MT19937:
        mt_seed(&bits->as.mt19937, seed);
        break;
    case ISO_NP_PCG64:
    case ISO_NP_PCG64DXSM:
        pcg_seed(bits, seed);
        break;
    case ISO_NP_PHILOX:
        iso_np_generate_state64(seed, bits->as.philox.key, 2);
        bits->as.philox.position = 4;
        break;
    case ISO_NP_SFC64:
        iso_np_generate_state64(seed, bits->as.sfc64.words, 3);
        bits->as.sfc64.words[3] = 1;
        for (int i = 0; i < 12; i++)
            sfc_next(bits);
    }
}

uint64_t iso_np_next64(iso_np_bits *bits) {
    switch (bits->engine) {
    case ISO_NP_MT19937: {
        uint64_t high = iso_mt19937_next(&bits->as.mt19937);
        return high << 32 | iso_mt19937_next(&bits->as.mt19937);
    }
    case ISO_NP_PHILOX:
        return philox_next(bits);
    case ISO_NP_SFC64:
        return sfc_next(bits);
    default:
        return pcg_next(bits);
    }
}

uint32_t iso_np_next32(iso_np_bits *bits) {
    if (bits->engine == ISO_NP_MT19937)
        return iso_mt19937_next(&bits->as.mt19937);
    if (bits->has_uint32) {
        bits->has_uint32 = false;
        return bits->uint32;
    }
    uint64_t next = iso_np_next64(bits);
    bits->has_uint32 = true;
    bits->uint32 = (uint32_t)(next >> 32);
    return (uint32_t)next;
}

/* 53 bits of two words, as Matsumoto and Nishimura's genrand_res53 takes them. */
static inline double res53(uint32_t a, uint32_t b) {
    return ((double)(int32_t)(a >> 5) * 67108864.0 + (double)(int32_t)(b >> 6)) * 0x1p-53;
}

double iso_np_next_double(iso_np_bits *bits) {
    if (bits->engine != ISO_NP_MT19937)
        return (double)(int64_t)(iso_np_next64(bits) >> 11) * 0x1p-53;
    uint32_t a = iso_mt19937_next(&bits->as.mt19937);
    return res53(a, iso_mt19937_next(&bits->as.mt19937));
}

#define CHUNK 512

void iso_np_random(iso_np_bits *bits, double *out, size_t n) {
    uint32_t words[CHUNK];
    if (bits->engine != ISO_NP_MT19937)
        for (size_t i = 0; i < n; i++)
            out[i] = iso_np_next_double(bits);
    else
        for (size_t done = 0, run; done < n; done += run) {
            run = n - done < CHUNK / 2 ? n - done : CHUNK / 2;
            iso_mt19937_fill(&bits->as.mt19937, words, 2 * run);
            for (size_t i = 0; i < run; i++)
                out[done + i] = res53(words[2 * i], words[2 * i + 1]);
        }
}
