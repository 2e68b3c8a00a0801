/* random.seed() of every type: each becomes one big int, whose 32-bit words seed the Mersenne Twister. */
#include <math.h>

#include "random/mt19937.h"
#include "random/python.h"
#include "random/sha512.h"

void iso_py_seed_words(iso_py_random *g, const uint32_t *words, size_t count) {
    static const uint32_t zero = 0;
    while (count > 0 && words[count - 1] == 0)
        count--;
    iso_mt19937_seed_array(&g->engine, count > 0 ? words : &zero, count > 0 ? count : 1);
    g->has_gauss = false;
    g->gauss_next = 0;
}

static void seed64(iso_py_random *g, uint64_t magnitude) {
    iso_py_seed_words(g, (const uint32_t[]){(uint32_t)magnitude, (uint32_t)(magnitude >> 32)}, 2);
}

void iso_py_seed(iso_py_random *g, int64_t seed) {
    seed64(g, seed < 0 ? 0 - (uint64_t)seed : (uint64_t)seed);
}

/* A string of bytes and its digest, read as one big-endian int of n + 64 - zeros bytes. */
struct bytes_and_digest {
    const uint8_t *bytes;
    size_t n, zeros;
    uint8_t digest[64];
};

static uint8_t byte_at(const struct bytes_and_digest *s, size_t i) {
    return i < s->n ? s->bytes[i] : s->digest[i - s->n];
}

static uint32_t word_of_bytes(const void *source, size_t index) {
    const struct bytes_and_digest *s = source;
    size_t end = s->n + 64 - 4 * index; /* behind the word's lowest byte */
    uint32_t word = 0;
    for (size_t i = 0; i < 4 && end - s->zeros > i; i++)
        word |= (uint32_t)byte_at(s, end - 1 - i) << (8 * i);
    return word;
}

void iso_py_seed_bytes(iso_py_random *g, const uint8_t *bytes, size_t n) {
    struct bytes_and_digest s = {.bytes = bytes, .n = n};
    iso_sha512(s.digest, bytes, n);
    while (s.zeros < n + 63 && byte_at(&s, s.zeros) == 0)
        s.zeros++;
    iso_mt19937_seed_words(&g->engine, word_of_bytes, &s, (n + 64 - s.zeros + 3) / 4);
    g->has_gauss = false;
    g->gauss_next = 0;
}

/* Python's hash of a number is its value modulo the prime 2^61 - 1, where multiplying by 2 is rotating 61 bits. */
static uint64_t hash_of_float(double x) {
    if (isnan(x))
        return 0;
    if (isinf(x))
        return x > 0 ? 314159 : (uint64_t)-314159;
    int exponent;
    uint64_t prime = ((uint64_t)1 << 61) - 1, hash = (uint64_t)ldexp(frexp(fabs(x), &exponent), 53);
    int turn = (exponent - 53) % 61;
    turn += turn < 0 ? 61 : 0;
    hash = (hash << turn & prime) | hash >> (61 - turn);
    hash = x < 0 ? 0 - hash : hash;
    return hash == (uint64_t)-1 ? (uint64_t)-2 : hash; /* -1 is how hash functions report errors */
}

bool iso_py_seed_float(iso_py_random *g, double seed) {
    if (isnan(seed) && !iso_py_before(g, 310))
        return false;
    seed64(g, hash_of_float(seed));
    return true;
}

void iso_py_seed_version1(iso_py_random *g, const uint32_t *code_points, size_t n) {
    uint64_t x = n > 0 ? (uint64_t)code_points[0] << 7 : 0;
    for (size_t i = 0; i < n; i++)
        x = 1000003 * x ^ code_points[i];
    seed64(g, x ^ n);
}
