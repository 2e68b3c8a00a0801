/* np.random.SeedSequence: entropy of any length is mixed into a pool of words, from which any number of words is generated (M.
 * O'Neill's seed_seq_fe). */
#include <string.h>

#include "random/numpy_bits.h"

static uint32_t hash(uint32_t value, uint32_t *constant, uint32_t multiplier) {
    value ^= *constant;
    *constant *= multiplier;
    value *= *constant;
    return value ^ value >> 16;
}

static uint32_t mix(uint32_t x, uint32_t y) {
    uint32_t value = 0xca01f9ddu * x - 0x4973f715u * y;
    return value ^ value >> 16;
}

/* Word i of entropy and spawn key, as they are mixed: with a key, short entropy is filled up with zeros to the pool's size. */
static uint32_t word(const iso_np_seed_sequence *s, size_t i) {
    size_t filled = s->spawn_key && s->entropy < s->pool_size ? s->pool_size : s->entropy;
    if (i < s->entropy)
        return s->words[i];
    return i < filled || i >= filled + s->spawn_key ? 0 : s->words[s->entropy + i - filled];
}

static void mix_entropy(iso_np_seed_sequence *s) {
    const uint32_t multiplier = 0x931e8875u;
    uint32_t constant = 0x43b0d7e5u;
    size_t filled = s->spawn_key && s->entropy < s->pool_size ? s->pool_size : s->entropy, count = filled + s->spawn_key;
    for (size_t i = 0; i < s->pool_size; i++)
        s->pool[i] = hash(word(s, i), &constant, multiplier);
    for (size_t from = 0; from < s->pool_size; from++)
        for (size_t to = 0; to < s->pool_size; to++)
            if (from != to)
                s->pool[to] = mix(s->pool[to], hash(s->pool[from], &constant, multiplier));
    for (size_t from = s->pool_size; from < count; from++)
        for (size_t to = 0; to < s->pool_size; to++)
            s->pool[to] = mix(s->pool[to], hash(word(s, from), &constant, multiplier));
}

bool iso_np_seed_sequence_init(iso_np_seed_sequence *s, const uint32_t *entropy, size_t entropy_count, const uint32_t *spawn_key,
                               size_t spawn_key_count, size_t pool_size) {
    if (entropy_count > ISO_NP_SEED_WORDS || spawn_key_count > ISO_NP_SEED_WORDS - entropy_count || pool_size < 4 ||
        pool_size > 32)
        return false;
    memset(s, 0, sizeof *s);
    s->entropy = entropy_count;
    s->spawn_key = spawn_key_count;
    s->pool_size = pool_size;
    if (entropy_count)
        memcpy(s->words, entropy, entropy_count * sizeof *entropy);
    if (spawn_key_count)
        memcpy(s->words + entropy_count, spawn_key, spawn_key_count * sizeof *spawn_key);
    mix_entropy(s);
    return true;
}

void iso_np_generate_state(const iso_np_seed_sequence *s, uint32_t *out, size_t n) {
    uint32_t constant = 0x8b51f9ddu;
    for (size_t i = 0; i < n; i++)
        out[i] = hash(s->pool[i % s->pool_size], &constant, 0x58f38dedu);
}

void iso_np_generate_state64(const iso_np_seed_sequence *s, uint64_t *out, size_t n) {
    uint32_t constant = 0x8b51f9ddu;
    for (size_t i = 0; i < n; i++) {
        uint64_t low = hash(s->pool[2 * i % s->pool_size], &constant, 0x58f38dedu);
        out[i] = (uint64_t)hash(s->pool[(2 * i + 1) % s->pool_size], &constant, 0x58f38dedu) << 32 | low;
    }
}

bool iso_np_spawn(iso_np_seed_sequence *s, iso_np_seed_sequence *child) {
    uint32_t key[ISO_NP_SEED_WORDS];
    memcpy(key, s->words + s->entropy, s->spawn_key * sizeof *key);
    size_t count = s->spawn_key;
    if (s->entropy + count + 2 > ISO_NP_SEED_WORDS)
        return false;
    key[count++] = (uint32_t)s->children;
    if (s->children >> 32)
        key[count++] = (uint32_t)(s->children >> 32);
    uint32_t entropy[ISO_NP_SEED_WORDS];
    size_t entropy_count = s->entropy;
    memcpy(entropy, s->words, entropy_count * sizeof *entropy);
    if (!iso_np_seed_sequence_init(child, entropy, entropy_count, key, count, s->pool_size))
        return false;
    s->children++;
    return true;
}
