/* NumPy's RandomState: seeds, state, and its uniforms and normals. */
#include "random/numpy_legacy.h"

#include <string.h>

void iso_np_legacy_seed(iso_np_random_state *rs, uint32_t seed) {
    rs->bits.engine = ISO_NP_MT19937;
    rs->bits.has_uint32 = false;
    rs->bits.uint32 = 0;
    iso_mt19937_seed(&rs->bits.as.mt19937, seed);
    rs->has_gauss = false;
    rs->gauss = 0;
}

bool iso_np_legacy_seed_array(iso_np_random_state *rs, const uint32_t *words, size_t count) {
    if (count == 0)
        return false;
    iso_np_legacy_seed(rs, 0);
    iso_mt19937_seed_array(&rs->bits.as.mt19937, words, count);
    return true;
}

bool iso_np_legacy_get_state(const iso_np_random_state *rs, uint32_t key[624], int *pos, int *has_gauss, double *gauss) {
    const iso_mt19937 *mt = &rs->bits.as.mt19937;
    if (rs->bits.engine != ISO_NP_MT19937)
        return false;
    memcpy(key, mt->state, sizeof mt->state);
    *pos = mt->next < ISO_MT19937_WORDS ? (int)mt->next : ISO_MT19937_WORDS;
    *has_gauss = rs->has_gauss;
    *gauss = rs->gauss;
    return true;
}

bool iso_np_legacy_set_state(iso_np_random_state *rs, const uint32_t key[624], int pos, int has_gauss, double gauss) {
    uint32_t any = key[0] & 0x80000000u; /* of the first word the recurrence reads no more than this */
    for (int i = 1; i < ISO_MT19937_WORDS; i++)
        any |= key[i];
    if (pos < 0 || pos > ISO_MT19937_WORDS || any == 0)
        return false;
    iso_np_legacy_seed(rs, 0);
    memcpy(rs->bits.as.mt19937.state, key, sizeof rs->bits.as.mt19937.state);
    rs->bits.as.mt19937.next = (uint32_t)pos;
    rs->has_gauss = has_gauss != 0;
    rs->gauss = gauss;
    return true;
}

/* PyTorch runs NumPy's SeedSequence over these four words. */
void iso_np_worker_state(uint64_t base_seed, uint32_t worker_id, uint32_t words[4]) {
    uint32_t entropy[4] = {worker_id, (uint32_t)base_seed, (uint32_t)(base_seed >> 32), 0};
    iso_np_seed_sequence sequence;
    iso_np_seed_sequence_init(&sequence, entropy, 4, NULL, 0, 4);
    iso_np_generate_state(&sequence, words, 4);
}

/* ---- Uniforms ---- */

/* out[i] from a pair of words, in the forms that this CPU may have; all give the same bits. */
#define CONVERT(name, target)                                                                                                    \
    target static void name(double *restrict out, const uint32_t *restrict words, size_t n) {                                    \
        for (size_t i = 0; i < n; i++)                                                                                           \
            out[i] = iso_legacy_double(words[2 * i], words[2 * i + 1]);                                                          \
    }
CONVERT(convert_any, )
#if defined(__x86_64__) || defined(__i386__)
CONVERT(convert_avx2, __attribute__((target("avx2"))))
#endif

static void convert(double *out, const uint32_t *words, size_t n) {
#if defined(__x86_64__) || defined(__i386__)
    if (__builtin_cpu_supports("avx2")) {
        convert_avx2(out, words, n);
        return;
    }
#endif
    convert_any(out, words, n);
}

void iso_np_legacy_random_sample(iso_np_random_state *rs, double *out, size_t n) {
    enum { BLOCK = 512 };
    uint32_t words[2 * BLOCK];
    if (rs->bits.engine != ISO_NP_MT19937) {
        for (size_t i = 0; i < n; i++)
            out[i] = iso_np_next_double(&rs->bits);
        return;
    }
    for (size_t run; n > 0; n -= run, out += run) {
        run = n < BLOCK ? n : BLOCK;
        iso_mt19937_fill(&rs->bits.as.mt19937, words, 2 * run);
        convert(out, words, run);
    }
}

bool iso_np_legacy_uniform(iso_np_random_state *rs, double *out, size_t n, double low, double high) {
    double range = high - low;
    if (!isfinite(range))
        return false;
    iso_np_legacy_random_sample(rs, out, n);
    for (size_t i = 0; i < n; i++)
        out[i] = low + range * out[i];
    return true;
}

/* ---- Normals ---- */

double iso_legacy_gauss(iso_np_random_state *rs) {
    double x1, x2, square;
    if (rs->has_gauss) {
        double waiting = rs->gauss;
        rs->has_gauss = false;
        rs->gauss = 0;
        return waiting;
    }
    do {
        x1 = 2.0 * iso_legacy_unit(rs) - 1.0;
        x2 = 2.0 * iso_legacy_unit(rs) - 1.0;
        square = x1 * x1 + x2 * x2;
    } while (square >= 1.0 || square == 0.0);
    double factor = sqrt(-2.0 * log(square) / square);
    rs->gauss = factor * x1;
    rs->has_gauss = true;
    return factor * x2;
}

void iso_np_legacy_standard_normal(iso_np_random_state *rs, double *out, size_t n) {
    for (size_t i = 0; i < n; i++)
        out[i] = iso_legacy_gauss(rs);
}

bool iso_np_legacy_normal(iso_np_random_state *rs, double *out, size_t n, double loc, double scale) {
    if (!iso_legacy_not_negative(scale))
        return false;
    for (size_t i = 0; i < n; i++)
        out[i] = loc + scale * iso_legacy_gauss(rs);
    return true;
}

bool iso_np_legacy_lognormal(iso_np_random_state *rs, double *out, size_t n, double mean, double sigma) {
    if (!iso_legacy_not_negative(sigma))
        return false;
    for (size_t i = 0; i < n; i++)
        out[i] = exp(mean + sigma * iso_legacy_gauss(rs));
    return true;
}
