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

/* ---- randperm: 0 to n - 1, sorted by keys that are drawn ---- */

/* So many of a key's low bits count that, with a probability of 0.9, no two of n keys are equal: ceil(log2(n - (6 n^2 + 1) /
 * (12 log(0.9)))), by native/cuda/Randperm.cu. */
static int key_bits(size_t n) {
    double size = (double)n, keys = size + (6 * size * size + 1) / 1.2643261878939154;
    int bits = 0;
    for (double reached = 1; reached < keys && bits < 64; reached *= 2)
        bits++;
    return bits;
}

/* Sorts n keys, and the numbers that go with them, by the keys' low bits, eight at a time; equal keys stay in their order. */
static void radix_sort(uint64_t *keys, int64_t *numbers, uint64_t *other_keys, int64_t *other_numbers, size_t n, int bits) {
    uint64_t *from = keys, *to = other_keys;
    int64_t *source = numbers, *target = other_numbers;
    for (int shift = 0; shift < bits; shift += 8) {
        size_t starts[257] = {0};
        for (size_t i = 0; i < n; i++)
            starts[(from[i] >> shift & 255) + 1]++;
        for (int digit = 0; digit < 256; digit++)
            starts[digit + 1] += starts[digit];
        for (size_t i = 0; i < n; i++) {
            size_t at = starts[from[i] >> shift & 255]++;
            to[at] = from[i];
            target[at] = source[i];
        }
        uint64_t *sorted = to;
        int64_t *moved = target;
        to = from;
        target = source;
        from = sorted;
        source = moved;
    }
    if (from != keys) {
        memcpy(keys, from, n * sizeof *keys);
        memcpy(numbers, source, n * sizeof *numbers);
    }
}

/* Shuffles `size` numbers whose keys are equal, with the sequence of the thread that stands at the first of them. */
static void shuffle_equals(const iso_torch_cuda_generator *g, int64_t *numbers, size_t size, size_t thread) {
    uint32_t words[4];
    for (size_t i = size - 1, drawn = 0; i > 0; i--, drawn++) {
        if (drawn % 4 == 0)
            draw(g, thread, drawn / 4, words);
        size_t r = words[drawn % 4] % (uint32_t)(i + 1);
        int64_t kept = numbers[i];
        numbers[i] = numbers[r];
        numbers[r] = kept;
    }
}

void iso_torch_cuda_randperm(iso_torch_cuda_generator *g, int64_t *out, size_t n, uint64_t *work) {
    if (n == 0)
        return;
    int bits = key_bits(n);
    uint64_t mask = bits < 64 ? ((uint64_t)1 << bits) - 1 : UINT64_MAX, *keys = work;
    int64_t *drawn = (int64_t *)(work + n);
    if (bits <= 32)
        iso_torch_cuda_randint(g, drawn, n, INT32_MIN, INT32_MAX);
    else
        iso_torch_cuda_randint(g, drawn, n, INT64_MIN, INT64_MAX);
    uint64_t sign = bits <= 32 ? (uint64_t)1 << 31 : (uint64_t)1 << 63; /* keys are signed, and sorted so */
    for (size_t i = 0; i < n; i++) {
        keys[i] = ((uint64_t)drawn[i] ^ sign) & mask;
        out[i] = (int64_t)i;
    }
    radix_sort(keys, out, work + n, (int64_t *)(work + 2 * n), n, bits);
    for (size_t first = 0, size; first < n; first += size) {
        for (size = 1; first + size < n && keys[first + size] == keys[first]; size++)
            ;
        shuffle_equals(g, out + first, size, first);
    }
    g->offset += (n + 3) / 4 * 4;
}
