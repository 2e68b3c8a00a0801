/* torch.get_rng_state(): the 5056 bytes of CPUGeneratorImplState, little-endian:
 *   0 seed u64 | 8 left i32 | 12 seeded i32 | 16 next u64 | 24 624 words, u64 each | 5016 normal_x
 * f64 | 5024 normal_y f64 | 5032 normal_rho f64 | 5040 normal_is_valid i32, 4 bytes of nothing |
 * 5048 float cache f32 | 5052 its flag, 3 of nothing */
#include <string.h>

#include "isobit/random/torch.h"
#include "random/mt19937.h"

enum { LEFT = 8, SEEDED = 12, NEXT = 16, WORDS = 24, NORMAL_Y = 5024, NORMAL_VALID = 5040 };

static void put(uint8_t *state, int offset, int bytes, uint64_t value) {
    for (int i = 0; i < bytes; i++)
        state[offset + i] = (uint8_t)(value >> (8 * i));
}

static uint64_t get(const uint8_t *state, int offset, int bytes) {
    uint64_t value = 0;
    for (int i = 0; i < bytes; i++)
        value |= (uint64_t)state[offset + i] << (8 * i);
    return value;
}

void iso_torch_get_state(const iso_torch_generator *g, uint8_t state[ISO_TORCH_STATE_SIZE]) {
    /* PyTorch counts down the words that are left of a block, starting with 1 where there is no
     * block yet. */
    bool fresh = g->engine.next > ISO_MT19937_WORDS;
    uint32_t next = fresh ? 0 : g->engine.next;
    memset(state, 0, ISO_TORCH_STATE_SIZE);
    put(state, 0, 8, g->seed);
    put(state, LEFT, 4, fresh ? 1 : ISO_MT19937_WORDS + 1 - next);
    put(state, SEEDED, 4, 1);
    put(state, NEXT, 8, next);
    for (int i = 0; i < ISO_MT19937_WORDS; i++)
        put(state, WORDS + 8 * i, 8, g->engine.state[i]);
    if (g->has_next_normal) {
        uint64_t bits;
        memcpy(&bits, &g->next_normal, sizeof bits);
        put(state, NORMAL_Y, 8, bits);
        put(state, NORMAL_VALID, 4, 1);
    }
}

bool iso_torch_set_state(iso_torch_generator *g, const uint8_t state[ISO_TORCH_STATE_SIZE]) {
    uint64_t left = get(state, LEFT, 4), next = get(state, NEXT, 8), valid = get(state, NORMAL_VALID, 4);
    bool fresh = left == 1 && next == 0;
    if (get(state, SEEDED, 4) != 1 || valid > 1 || next > ISO_MT19937_WORDS || (!fresh && left + next != ISO_MT19937_WORDS + 1))
        return false;
    for (int i = 0; i < ISO_MT19937_WORDS; i++)
        if (get(state, WORDS + 8 * i, 8) > UINT32_MAX)
            return false;
    g->seed = get(state, 0, 8);
    g->engine.next = fresh ? ISO_MT19937_WORDS + 1 : (uint32_t)next;
    for (int i = 0; i < ISO_MT19937_WORDS; i++)
        g->engine.state[i] = (uint32_t)get(state, WORDS + 8 * i, 8);
    uint64_t bits = get(state, NORMAL_Y, 8);
    g->has_next_normal = valid == 1;
    g->next_normal = 0;
    if (valid)
        memcpy(&g->next_normal, &bits, sizeof bits);
    return true;
}
