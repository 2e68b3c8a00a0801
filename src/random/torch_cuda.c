#include "isobit/random/torch_cuda.h"

#include <math.h>
#include <string.h>

#include "math/math.h"
#include "isobit/random/philox.h"

#define BLOCK 256 /* threads in a block of PyTorch's distribution kernels */

void iso_torch_cuda_manual_seed(iso_torch_cuda_generator *g, uint64_t seed) {
    g->seed = seed;
    g->offset = 0;
}

void iso_torch_cuda_get_state(const iso_torch_cuda_generator *g, uint8_t state[ISO_TORCH_CUDA_STATE_SIZE]) {
    for (int i = 0; i < 8; i++) {
        state[i] = (uint8_t)(g->seed >> (8 * i));
        state[8 + i] = (uint8_t)(g->offset >> (8 * i));
    }
}

bool iso_torch_cuda_set_state(iso_torch_cuda_generator *g, const uint8_t state[ISO_TORCH_CUDA_STATE_SIZE]) {
    uint64_t seed = 0, offset = 0;
    for (int i = 0; i < 8; i++) {
        seed |= (uint64_t)state[i] << (8 * i);
        offset |= (uint64_t)state[8 + i] << (8 * i);
    }
    if (offset % 4)
        return false;
    g->seed = seed;
    g->offset = offset;
    return true;
}

/* How many threads fill n elements: enough blocks, but no more than the GPU holds at once. */
static uint64_t threads_for(const iso_torch_cuda_generator *g, uint64_t n) {
    uint64_t blocks = (n + BLOCK - 1) / BLOCK, most = (uint64_t)g->sms * (g->threads_per_sm / BLOCK);
    return (blocks < most ? blocks : most) * BLOCK;
}

/* The `round`-th block of four words of a thread's sequence, counted from the generator's offset. */
static void draw(const iso_torch_cuda_generator *g, uint64_t thread, uint64_t round, uint32_t words[4]) {
    uint64_t block = g->offset / 4 + round;
    uint32_t counter[4] = {(uint32_t)block, (uint32_t)(block >> 32), (uint32_t)thread, (uint32_t)(thread >> 32)};
    uint32_t key[2] = {(uint32_t)g->seed, (uint32_t)(g->seed >> 32)};
    iso_philox4x32(counter, key, words);
}

/* Uses up what filling n elements with `each` elements per round and thread takes. */
static void advance(iso_torch_cuda_generator *g, uint64_t n, uint64_t threads, uint64_t each) {
    g->offset += ((n - 1) / (threads * each) + 1) * 4;
}

/* Where the j-th of `each` elements of a thread lies in a round: the elements of one j lie side by side over the threads. */
static uint64_t place(uint64_t round, uint64_t j, uint64_t thread, uint64_t threads, uint64_t each) {
    return (round * each + j) * threads + thread;
}

/* Hands every element its 32 bits. */
static void fill_words(iso_torch_cuda_generator *g, size_t n, void (*store)(void *to, size_t i, uint32_t word), void *to) {
    uint64_t threads = threads_for(g, n), rounds = n ? (n - 1) / (threads * 4) + 1 : 0;
    uint32_t words[4];
    for (uint64_t round = 0; round < rounds; round++)
        for (uint64_t thread = 0; thread < threads && place(round, 0, thread, threads, 4) < n; thread++) {
            draw(g, thread, round, words);
            for (uint64_t j = 0; j < 4 && place(round, j, thread, threads, 4) < n; j++)
                store(to, (size_t)place(round, j, thread, threads, 4), words[j]);
        }
    if (n)
        advance(g, n, threads, 4);
}

/* curand_uniform: in (0, 1]. */
static float unit(uint32_t word) {
    return iso_fmaf((float)word, 0x1p-32f, 0x1p-33f);
}

struct uniform {
    float *out, low, high;
};

static void store_uniform(void *to, size_t i, uint32_t word) {
    const struct uniform *u = to;
    float x = iso_fmaf(unit(word), u->high - u->low, u->low);
    u->out[i] = x == u->high ? u->low : x;
}

void iso_torch_cuda_uniform(iso_torch_cuda_generator *g, float *out, size_t n, float low, float high) {
    fill_words(g, n, store_uniform, &(struct uniform){out, low, high});
}

struct integers {
    int64_t *out, low;
    uint64_t range;
};

static void store_integer(void *to, size_t i, uint32_t word) {
    const struct integers *s = to;
    s->out[i] = (int64_t)(word % s->range + (uint64_t)s->low);
}

void iso_torch_cuda_randint(iso_torch_cuda_generator *g, int64_t *out, size_t n, int64_t low, int64_t high) {
    uint64_t range = (uint64_t)high - (uint64_t)low;
    if (range < (uint64_t)1 << 28) {
        fill_words(g, n, store_integer, &(struct integers){out, low, range});
        return;
    }
    /* Two words each, the first on top; so two elements per round and thread. */
    uint64_t threads = threads_for(g, n), rounds = n ? (n - 1) / (threads * 2) + 1 : 0;
    uint32_t words[4];
    for (uint64_t round = 0; round < rounds; round++)
        for (uint64_t thread = 0; thread < threads && place(round, 0, thread, threads, 2) < n; thread++) {
            draw(g, thread, round, words);
            for (uint64_t j = 0; j < 2 && place(round, j, thread, threads, 2) < n; j++) {
                uint64_t bits = (uint64_t)words[2 * j] << 32 | words[2 * j + 1];
                out[place(round, j, thread, threads, 2)] = (int64_t)(bits % range + (uint64_t)low);
            }
        }
    if (n)
        advance(g, n, threads, 2);
}

struct truths {
    uint8_t *out;
    float p;
};

static void store_truth(void *to, size_t i, uint32_t word) {
    const struct truths *t = to;
    t->out[i] = unit(word) < t->p;
}

void iso_torch_cuda_bernoulli(iso_torch_cuda_generator *g, uint8_t *out, size_t n, double p) {
    fill_words(g, n, store_truth, &(struct truths){out, (float)p});
}

/* The fused kernel takes four neighbouring elements per round and thread. */
void iso_torch_cuda_dropout(iso_torch_cuda_generator *g, uint8_t *out, size_t n, double p) {
    uint64_t threads = threads_for(g, n);
    float keep = (float)(1 - p);
    uint32_t words[4];
    for (uint64_t round = 0, first = 0; first < n; round++)
        for (uint64_t thread = 0; thread < threads && first < n; thread++, first += 4) {
            draw(g, thread, round, words);
            for (uint64_t j = 0; j < 4 && first + j < n; j++)
                out[first + j] = unit(words[j]) < keep;
        }
    if (n)
        advance(g, n, threads, 4);
}
