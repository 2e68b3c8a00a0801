/* Python's random: the state, bits and integers. */
#include "random/python.h"

#include <string.h>

void iso_py_getstate(const iso_py_random *g, uint32_t words[ISO_PY_STATE_WORDS]) {
    memcpy(words, g->engine.state, sizeof g->engine.state);
    words[ISO_MT19937_WORDS] = g->engine.next < ISO_MT19937_WORDS ? g->engine.next : ISO_MT19937_WORDS;
}

bool iso_py_setstate(iso_py_random *g, int version, const uint32_t words[ISO_PY_STATE_WORDS], const double *gauss_next) {
    if ((version != 2 && version != 3) || words[ISO_MT19937_WORDS] > ISO_MT19937_WORDS)
        return false;
    memcpy(g->engine.state, words, sizeof g->engine.state);
    g->engine.next = words[ISO_MT19937_WORDS];
    g->has_gauss = gauss_next != NULL;
    g->gauss_next = gauss_next != NULL ? *gauss_next : 0;
    return true;
}

double iso_py_random_one(iso_py_random *g) {
    return iso_py_unit(g);
}

void iso_py_random_fill(iso_py_random *g, double *out, size_t n) {
    uint32_t words[512];
    while (n > 0) {
        size_t run = n < 256 ? n : 256;
        iso_mt19937_fill(&g->engine, words, 2 * run);
        for (size_t i = 0; i < run; i++)
            out[i] = ((words[2 * i] >> 5) * 67108864.0 + (words[2 * i + 1] >> 6)) * (1.0 / 9007199254740992.0);
        out += run;
        n -= run;
    }
}

/* Words from the lowest up; the last one keeps its high bits, which are the better ones. */
static void draw_bits(iso_py_random *g, uint32_t *out, size_t k) {
    size_t words = (k + 31) / 32;
    iso_mt19937_fill(&g->engine, out, words);
    if (k % 32 != 0)
        out[words - 1] >>= 32 - k % 32;
}

static uint64_t draw_bits64(iso_py_random *g, uint32_t k) {
    uint64_t low = k > 0 ? iso_mt19937_next(&g->engine) : 0;
    if (k <= 32)
        return k > 0 ? low >> (32 - k) : 0;
    return low | (uint64_t)(iso_mt19937_next(&g->engine) >> (64 - k)) << 32;
}

bool iso_py_getrandbits(iso_py_random *g, uint32_t *out, uint64_t k) {
    if (k > INT32_MAX || (k == 0 && iso_py_before(g, 309)))
        return false;
    draw_bits(g, out, (size_t)k);
    return true;
}

bool iso_py_getrandbits64(iso_py_random *g, uint64_t *out, uint32_t k) {
    if (k > 64 || (k == 0 && iso_py_before(g, 309)))
        return false;
    *out = draw_bits64(g, k);
    return true;
}

bool iso_py_randbytes(iso_py_random *g, uint8_t *out, size_t n) {
    if (n > INT32_MAX / 8 || iso_py_before(g, 309))
        return false;
    for (size_t i = 0; i < n; i += 4) {
        size_t bytes = n - i < 4 ? n - i : 4;
        uint32_t word = iso_mt19937_next(&g->engine) >> (32 - 8 * bytes);
        for (size_t j = 0; j < bytes; j++)
            out[i + j] = (uint8_t)(word >> (8 * j));
    }
    return true;
}

static uint32_t bit_length(uint64_t x) {
    return x == 0 ? 0 : 64 - (uint32_t)__builtin_clzll(x);
}

static uint64_t below(iso_py_random *g, uint64_t bound) {
    uint32_t bits = bit_length(bound);
    uint64_t drawn;
    do
        drawn = draw_bits64(g, bits);
    while (drawn >= bound);
    return drawn;
}

bool iso_py_randbelow(iso_py_random *g, uint64_t *out, uint64_t bound) {
    if (bound == 0)
        return false;
    *out = below(g, bound);
    return true;
}

static bool words_less(const uint32_t *a, const uint32_t *b, size_t count) {
    while (count-- > 0)
        if (a[count] != b[count])
            return a[count] < b[count];
    return false;
}

bool iso_py_randbelow_words(iso_py_random *g, uint32_t *out, const uint32_t *bound, size_t count) {
    for (; count > 0 && bound[count - 1] == 0; count--)
        out[count - 1] = 0;
    if (count == 0 || (count - 1) * 32 + bit_length(bound[count - 1]) > INT32_MAX)
        return false;
    do
        draw_bits(g, out, (count - 1) * 32 + bit_length(bound[count - 1]));
    while (!words_less(out, bound, count));
    return true;
}

/* How many elements range(start, stop, step) has; at most 2^64 - 1. */
static uint64_t range_length(int64_t start, int64_t stop, int64_t step) {
    if (step == 0 || (step > 0 ? stop <= start : stop >= start))
        return 0;
    uint64_t width = step > 0 ? (uint64_t)stop - (uint64_t)start : (uint64_t)start - (uint64_t)stop;
    return (width - 1) / (step > 0 ? (uint64_t)step : 0 - (uint64_t)step) + 1;
}

bool iso_py_randrange(iso_py_random *g, int64_t *out, size_t n, int64_t start, int64_t stop, int64_t step) {
    uint64_t length = range_length(start, stop, step);
    for (size_t i = 0; i < n && length > 0; i++)
        out[i] = (int64_t)((uint64_t)start + (uint64_t)step * below(g, length));
    return length > 0;
}

bool iso_py_randint(iso_py_random *g, int64_t *out, size_t n, int64_t low, int64_t high) {
    uint64_t length = (uint64_t)high - (uint64_t)low + 1;
    if (low > high)
        return false;
    for (size_t i = 0; i < n; i++) {
        uint32_t whole[3] = {0}, bound[3] = {0, 0, 1}; /* 2^64 is the one length that needs a third word */
        if (length == 0)
            iso_py_randbelow_words(g, whole, bound, 3);
        uint64_t drawn = length == 0 ? whole[0] | (uint64_t)whole[1] << 32 : below(g, length);
        out[i] = (int64_t)((uint64_t)low + drawn);
    }
    return true;
}
