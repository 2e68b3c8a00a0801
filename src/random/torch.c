/* PyTorch's CPU generator: bits, integers, uniforms, Bernoulli, permutations. Normals stand in
 * torch_normal.c. Definitions: ATen/core/DistributionsHelper.h, TransformationHelper.h,
 * native/cpu/DistributionTemplates.h, native/TensorFactories.cpp of PyTorch 2.13. */
#include <math.h>
#include <string.h>

#include "isobit/random/torch.h"
#include "random/fill.h"
#include "random/mt19937.h"
#include "random/torch_variant.h"

/* Words that are drawn at once; even, so that pairs stay together. */
#define CHUNK 512

void iso_torch_manual_seed(iso_torch_generator *g, uint64_t seed) {
    iso_mt19937_seed(&g->engine, (uint32_t)seed);
    g->seed = seed;
    g->has_next_normal = false;
    g->next_normal = 0;
}

uint32_t iso_torch_random32(iso_torch_generator *g) {
    return iso_mt19937_next(&g->engine);
}

static inline uint64_t join(uint32_t first, uint32_t second) {
    return (uint64_t)first << 32 | second;
}

uint64_t iso_torch_random64(iso_torch_generator *g) {
    uint32_t first = iso_mt19937_next(&g->engine);
    return join(first, iso_mt19937_next(&g->engine));
}

int64_t iso_torch_random_int64(iso_torch_generator *g) {
    return (int64_t)(iso_torch_random64(g) & INT64_MAX);
}

void iso_torch_randint(iso_torch_generator *g, int64_t *out, size_t n, int64_t low, int64_t high) {
    uint64_t range = (uint64_t)high - (uint64_t)low;
    uint32_t words[CHUNK], rest[CHUNK];
    bool old = g->variant & ISO_TORCH_OLD, wide = range >= (uint64_t)1 << (old ? 32 : 28);
    for (size_t done = 0, run; done < n; done += run) {
        run = n - done < CHUNK / 2 ? n - done : CHUNK / 2;
        iso_mt19937_fill(&g->engine, words, wide ? 2 * run : run);
        if (wide) {
            for (size_t i = 0; i < run; i++)
                out[done + i] = (int64_t)(join(words[2 * i], words[2 * i + 1]) % range + (uint64_t)low);
            continue;
        }
        if (range > 1)
            iso_fill_remainders(rest, words, run, (uint32_t)range, false);
        for (size_t i = 0; i < run; i++)
            out[done + i] = (int64_t)((range > 1 ? rest[i] : 0) + (uint64_t)low);
    }
}

/* Two roundings, where fill.h has one. */
static void uniform_scalar(float *out, const uint32_t *words, size_t n, float low, float high, float bound) {
    float width = high - low;
    for (size_t i = 0; i < n; i++) {
        float x = (float)(int32_t)(words[i] & 0xffffffu) * 0x1p-24f * width + low;
        out[i] = x == bound ? low : x;
    }
}

/* What a uniform number must not be: since 2.13 the upper bound, where rounding reaches it, gives way to the lower. */
static double excluded(const iso_torch_generator *g, double high) {
    return g->variant & ISO_TORCH_OLD ? NAN : high;
}

void iso_torch_uniform(iso_torch_generator *g, float *out, size_t n, double low, double high) {
    uint32_t words[CHUNK];
    float bound = (float)excluded(g, high);
    for (size_t run; n > 0; out += run, n -= run) {
        run = n < CHUNK ? n : CHUNK;
        iso_mt19937_fill(&g->engine, words, run);
        if (g->variant & ISO_TORCH_SCALAR)
            uniform_scalar(out, words, run, (float)low, (float)high, bound);
        else
            iso_fill_uniform(out, words, run, (float)low, (float)high, bound);
    }
}

/* 53 random bits as a number in [0, 1). */
static inline double unit(const uint32_t words[2]) {
    return (double)(int64_t)(join(words[0], words[1]) & (((uint64_t)1 << 53) - 1)) * 0x1p-53;
}

void iso_torch_uniform_f64(iso_torch_generator *g, double *out, size_t n, double low, double high) {
    uint32_t words[CHUNK];
    double width = high - low, bound = excluded(g, high);
    bool fused = !(g->variant & ISO_TORCH_SCALAR) && !(low == 0 && high == 1);
    for (size_t run; n > 0; out += run, n -= run) {
        run = n < CHUNK / 2 ? n : CHUNK / 2;
        iso_mt19937_fill(&g->engine, words, 2 * run);
        for (size_t i = 0; i < run; i++) {
            double u = unit(words + 2 * i), x = fused ? fma(u, width, low) : u * width + low;
            out[i] = x == bound ? low : x;
        }
    }
}

/* PyTorch with MKL on a CPU of Intel's takes one draw as the seed of MKL's generator MCG31m1, x -> 1132489760 x mod 2^31 - 1,
 * and draws one number of it per element. */
static void bernoulli_mkl(iso_torch_generator *g, uint8_t *out, size_t n, double p) {
    const uint32_t modulus = 0x7fffffffu;
    uint64_t x = iso_mt19937_next(&g->engine) % modulus;
    if (x == 0)
        x = 1;
    for (size_t i = 0; i < n; i++) {
        out[i] = (double)x * (1.0 / modulus) < p;
        x = x * 1132489760u % modulus;
    }
}

void iso_torch_bernoulli(iso_torch_generator *g, uint8_t *out, size_t n, double p) {
    if (g->variant & ISO_TORCH_MKL) {
        bernoulli_mkl(g, out, n, p);
        return;
    }
    /* u < p for u = bits * 2^-53, said in integers: vectorises. */
    uint64_t limit = !(p > 0) ? 0 : p >= 1 ? (uint64_t)1 << 53 : (uint64_t)ceil(p * 0x1p53);
    uint32_t words[CHUNK];
    for (size_t run; n > 0; out += run, n -= run) {
        run = n < CHUNK / 2 ? n : CHUNK / 2;
        iso_mt19937_fill(&g->engine, words, 2 * run);
        iso_fill_below(out, words, run, limit);
    }
}

void iso_torch_bernoulli_tensor(iso_torch_generator *g, uint8_t *out, size_t n, const float *p) {
    for (size_t i = 0; i < n; i++)
        out[i] = (float)(int32_t)(iso_mt19937_next(&g->engine) & 0xffffffu) * 0x1p-24f < p[i];
}

void iso_torch_bernoulli_tensor_f64(iso_torch_generator *g, uint8_t *out, size_t n, const double *p) {
    for (size_t i = 0; i < n; i++) {
        uint32_t words[2];
        iso_mt19937_fill(&g->engine, words, 2);
        out[i] = unit(words) < p[i];
    }
}

/* From here on a permutation is drawn with 64 bits per element, "inside out". */
#define RANDPERM_LARGE (UINT32_MAX / 20)

static void randperm_large(iso_torch_generator *g, int64_t *out, int64_t n) {
    for (int64_t i = 0; i < n; i++) {
        int64_t z = (int64_t)(iso_torch_random64(g) % (uint64_t)(i + 1));
        out[i] = i;
        out[i] = out[z];
        out[z] = i;
    }
}

/* Number i of 32 bits at `base`. */
static inline uint32_t get(const unsigned char *base, size_t i) {
    uint32_t number;
    memcpy(&number, base + 4 * i, sizeof number);
    return number;
}
static inline void put(unsigned char *base, size_t i, uint32_t number) {
    memcpy(base + 4 * i, &number, sizeof number);
}

/* Exchanges number i with one behind it (or itself), for every i from the first on. */
static void exchange(iso_torch_generator *g, unsigned char *base, size_t n) {
    uint32_t words[CHUNK], distance[CHUNK];
    for (size_t i = 0, run; i + 1 < n; i += run) {
        run = n - 1 - i < CHUNK ? n - 1 - i : CHUNK;
        iso_mt19937_fill(&g->engine, words, run);
        iso_fill_remainders(distance, words, run, (uint32_t)(n - i), true);
        for (size_t j = 0; j < run; j++)
            __builtin_prefetch(base + 4 * (i + j + distance[j]), 1);
        for (size_t j = i; j < i + run; j++) {
            size_t other = j + distance[j - i];
            uint32_t number = get(base, j);
            put(base, j, get(base, other));
            put(base, other, number);
        }
    }
}

void iso_torch_randperm(iso_torch_generator *g, int64_t *out, int64_t n) {
    if (n >= (int64_t)RANDPERM_LARGE) {
        randperm_large(g, out, n);
        return;
    }
    /* As numbers of 32 bits in the upper half of `out`, which caches hold twice as long; spread from below at the end. */
    unsigned char *half = (unsigned char *)out + 4 * n;
    for (int64_t i = 0; i < n; i++)
        put(half, (size_t)i, (uint32_t)i);
    exchange(g, half, (size_t)n);
    for (int64_t i = 0; i < n; i++) {
        int64_t number = get(half, (size_t)i);
        memcpy(out + i, &number, sizeof number);
    }
}
