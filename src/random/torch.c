/* PyTorch's CPU generator: integers, uniforms, Bernoulli, permutations, state. Definitions: docs/streams.md.
 * Source of the algorithms: ATen/core/DistributionsHelper.h and TransformationHelper.h, native/cpu/DistributionTemplates.h. */
#include <string.h>

#include "math/math.h"
#include "random/mt19937.h"
#include "random/torch.h"

void iso_torch_manual_seed(iso_torch_generator *g, uint64_t seed) {
    iso_torch_variant variant = g->variant;
    memset(g, 0, sizeof *g);
    g->variant = variant;
    g->seed = seed;
    iso_mt19937_seed(&g->engine, (uint32_t)seed);
}

uint32_t iso_torch_random32(iso_torch_generator *g) { return iso_mt19937_next(&g->engine); }

uint64_t iso_torch_random64(iso_torch_generator *g) {
    uint64_t high = iso_mt19937_next(&g->engine);
    return high << 32 | iso_mt19937_next(&g->engine);
}

int64_t iso_torch_random_int64(iso_torch_generator *g) { return (int64_t)(iso_torch_random64(g) & INT64_MAX); }

void iso_torch_skip64(iso_torch_generator *g, uint64_t n) { iso_mt19937_skip(&g->engine, 2 * n); }

/* From this range on a draw takes 64 bits: since release 2.13 or shortly before (1.13 and 2.6: 2^32). */
#define WIDE_RANGE ((uint64_t)1 << 28)

void iso_torch_randint(iso_torch_generator *g, int64_t *out, size_t n, int64_t low, int64_t high) {
    uint64_t range = (uint64_t)high - (uint64_t)low;
    for (size_t i = 0; i < n; i++) {
        uint64_t draw = range >= WIDE_RANGE ? iso_torch_random64(g) : iso_torch_random32(g);
        out[i] = (int64_t)(draw % range + (uint64_t)low);
    }
}

#define CHUNK 512 /* words drawn at a time */

void iso_torch_uniform(iso_torch_generator *g, float *out, size_t n, double low, double high) {
    float from = (float)low, range = (float)high - from;
    uint32_t words[CHUNK];
    for (size_t done = 0; done < n;) {
        size_t count = n - done < CHUNK ? n - done : CHUNK;
        iso_mt19937_fill(&g->engine, words, count);
        for (size_t i = 0; i < count; i++) {
            float u = (float)(words[i] & 0xffffffu) * 0x1p-24f;
            if (from == 0 && range == 1)
                out[done + i] = u;
            else if (g->variant == ISO_TORCH)
                out[done + i] = iso_fmaf(u, range, from);
            else
                out[done + i] = u * range + from;
        }
        done += count;
    }
}

double iso_torch_uniform53(iso_torch_generator *g) {
    return (double)(iso_torch_random64(g) & (((uint64_t)1 << 53) - 1)) * 0x1p-53;
}

void iso_torch_uniform_f64(iso_torch_generator *g, double *out, size_t n, double low, double high) {
    double range = high - low;
    for (size_t i = 0; i < n; i++) {
        double u = iso_torch_uniform53(g);
        out[i] = g->variant == ISO_TORCH ? __builtin_fma(u, range, low) : u * range + low;
    }
}

void iso_torch_bernoulli(iso_torch_generator *g, uint8_t *out, size_t n, double p) {
    uint32_t words[CHUNK];
    for (size_t done = 0; done < n;) {
        size_t count = n - done < CHUNK / 2 ? n - done : CHUNK / 2;
        iso_mt19937_fill(&g->engine, words, 2 * count);
        for (size_t i = 0; i < count; i++) {
            uint64_t bits = ((uint64_t)(words[2 * i] & 0x1fffffu) << 32) | words[2 * i + 1];
            out[done + i] = (double)bits * 0x1p-53 < p;
        }
        done += count;
    }
}

void iso_torch_randperm(iso_torch_generator *g, int64_t *out, int64_t n) {
    bool narrow = n < (int64_t)(UINT32_MAX / 20); /* else the modulus of a 32-bit draw would be uneven */
    for (int64_t i = 0; i < n; i++)
        out[i] = i;
    for (int64_t i = 0; i < n - 1; i++) {
        uint64_t draw = narrow ? iso_torch_random32(g) : iso_torch_random64(g);
        int64_t z = (int64_t)(draw % (uint64_t)(n - i)), swap = out[i];
        out[i] = out[i + z];
        out[i + z] = swap;
    }
}

/* ---- State ----
 * PyTorch's layout (CPUGeneratorImpl.cpp): seed u64, left i32, seeded i32, next u64, 624 words as u64, normal_x, normal_y,
 * normal_rho f64, normal_is_valid i32 + 4 bytes of padding, next_float_normal f32, is_valid u8 + 3 bytes of padding. */
enum { AT_SEED = 0, AT_LEFT = 8, AT_SEEDED = 12, AT_NEXT = 16, AT_WORDS = 24, AT_NORMAL_Y = 5024, AT_NORMAL_VALID = 5040,
       AT_FLOAT = 5048, AT_FLOAT_VALID = 5052 };

static void put(uint8_t *to, uint64_t value, int bytes) {
    for (int i = 0; i < bytes; i++)
        to[i] = (uint8_t)(value >> (8 * i));
}

static uint64_t get(const uint8_t *from, int bytes) {
    uint64_t value = 0;
    for (int i = 0; i < bytes; i++)
        value |= (uint64_t)from[i] << (8 * i);
    return value;
}

void iso_torch_get_state(const iso_torch_generator *g, uint8_t state[ISO_TORCH_STATE_SIZE]) {
    const iso_mt19937 *mt = &g->engine;
    uint64_t normal;
    uint32_t float_normal;
    memset(state, 0, ISO_TORCH_STATE_SIZE);
    put(state + AT_SEED, g->seed, 8);
    put(state + AT_LEFT, mt->fresh ? 1 : 625 - mt->next, 4);
    put(state + AT_SEEDED, 1, 4);
    put(state + AT_NEXT, mt->fresh ? 0 : mt->next, 8);
    for (int i = 0; i < 624; i++)
        put(state + AT_WORDS + 8 * i, mt->state[i], 8);
    if (g->has_next_normal) {
        memcpy(&normal, &g->next_normal, sizeof normal);
        put(state + AT_NORMAL_Y, normal, 8);
        put(state + AT_NORMAL_VALID, 1, 4);
    }
    if (g->has_next_float_normal) {
        memcpy(&float_normal, &g->next_float_normal, sizeof float_normal);
        put(state + AT_FLOAT, float_normal, 4);
        state[AT_FLOAT_VALID] = 1;
    }
}

bool iso_torch_set_state(iso_torch_generator *g, const uint8_t state[ISO_TORCH_STATE_SIZE]) {
    uint64_t left = get(state + AT_LEFT, 4), next = get(state + AT_NEXT, 8);
    bool fresh = left == 1 && next == 0;
    if (get(state + AT_SEEDED, 4) != 1 || next > 624 || (!fresh && left != 625 - next) || state[AT_FLOAT_VALID] > 1)
        return false;
    for (int i = 0; i < 624; i++)
        if (get(state + AT_WORDS + 8 * i, 8) > UINT32_MAX)
            return false;
    g->seed = get(state + AT_SEED, 8);
    g->engine.fresh = fresh;
    g->engine.next = fresh ? 624 : (uint32_t)next;
    for (int i = 0; i < 624; i++)
        g->engine.state[i] = (uint32_t)get(state + AT_WORDS + 8 * i, 8);
    uint64_t normal = get(state + AT_NORMAL_Y, 8);
    uint32_t float_normal = (uint32_t)get(state + AT_FLOAT, 4);
    g->has_next_normal = get(state + AT_NORMAL_VALID, 4) != 0;
    memcpy(&g->next_normal, &normal, sizeof normal);
    g->has_next_float_normal = state[AT_FLOAT_VALID];
    memcpy(&g->next_float_normal, &float_normal, sizeof float_normal);
    return true;
}
