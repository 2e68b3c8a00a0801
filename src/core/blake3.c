/* A tree over chunks of 1024 bytes: each chunk is a chain of 16 compressions, pairs of results are compressed into parents, the
 * left subtree of a node holding the largest power of two of chunks below the whole. Up to 16 chunks, and up to 16 parents, are
 * computed side by side in the lanes of vectors. Specification: https://github.com/BLAKE3-team/BLAKE3-specs */
#include "core/blake3.h"

#include <string.h>

#include "core/cpu.h"

#define CHUNK 1024
#define BLOCK 64
#define LANES 16 /* chunks that are hashed side by side */

enum { CHUNK_START = 1, CHUNK_END = 2, PARENT = 4, ROOT = 8 };

static const uint32_t iv[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

/* The order of message words in each of the seven rounds. */
static const uint8_t schedule[7][16] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, {2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8},
    {3, 4, 10, 12, 13, 2, 7, 14, 6, 5, 9, 0, 11, 15, 8, 1}, {10, 7, 12, 9, 14, 3, 13, 15, 4, 0, 11, 2, 5, 8, 1, 6},
    {12, 13, 9, 11, 15, 10, 14, 8, 7, 2, 5, 3, 0, 1, 6, 4}, {9, 14, 11, 5, 8, 12, 15, 1, 13, 3, 0, 10, 2, 6, 4, 7},
    {11, 15, 5, 0, 1, 9, 8, 6, 14, 10, 2, 12, 3, 4, 7, 13},
};

static inline uint32_t load32(const uint8_t *p) {
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline void store32(uint8_t *p, uint32_t x) {
    p[0] = (uint8_t)x;
    p[1] = (uint8_t)(x >> 8);
    p[2] = (uint8_t)(x >> 16);
    p[3] = (uint8_t)(x >> 24);
}

#define ROTATE(x, n)  (((x) >> (n)) | ((x) << (32 - (n))))
#define MIX(a, b, c, d, x, y)                                                                                               \
    do {                                                                                                                    \
        v[a] += v[b] + (x);                                                                                                 \
        v[d] = ROTATE(v[d] ^ v[a], 16);                                                                                     \
        v[c] += v[d];                                                                                                       \
        v[b] = ROTATE(v[b] ^ v[c], 12);                                                                                     \
        v[a] += v[b] + (y);                                                                                                 \
        v[d] = ROTATE(v[d] ^ v[a], 8);                                                                                      \
        v[c] += v[d];                                                                                                       \
        v[b] = ROTATE(v[b] ^ v[c], 7);                                                                                      \
    } while (0)
#define ROUND(r)                                                                                                            \
    do {                                                                                                                    \
        const uint8_t *s = schedule[r];                                                                                     \
        MIX(0, 4, 8, 12, m[s[0]], m[s[1]]);                                                                                 \
        MIX(1, 5, 9, 13, m[s[2]], m[s[3]]);                                                                                 \
        MIX(2, 6, 10, 14, m[s[4]], m[s[5]]);                                                                                \
        MIX(3, 7, 11, 15, m[s[6]], m[s[7]]);                                                                                \
        MIX(0, 5, 10, 15, m[s[8]], m[s[9]]);                                                                                \
        MIX(1, 6, 11, 12, m[s[10]], m[s[11]]);                                                                              \
        MIX(2, 7, 8, 13, m[s[12]], m[s[13]]);                                                                               \
        MIX(3, 4, 9, 14, m[s[14]], m[s[15]]);                                                                               \
    } while (0)

/* One compression; cv is chained in place. */
static void compress(uint32_t cv[8], const uint8_t *block, uint32_t length, uint64_t counter, uint32_t flags) {
    uint32_t m[16], v[16];
    for (int i = 0; i < 16; i++)
        m[i] = load32(block + 4 * i);
    for (int i = 0; i < 8; i++) {
        v[i] = cv[i];
        v[i + 8] = iv[i & 3];
    }
    v[12] = (uint32_t)counter;
    v[13] = (uint32_t)(counter >> 32);
    v[14] = length;
    v[15] = flags;
    for (int r = 0; r < 7; r++)
        ROUND(r);
    for (int i = 0; i < 8; i++)
        cv[i] = v[i] ^ v[i + 8];
}

/* Hashes `count` messages of `blocks` full blocks each, `stride` bytes apart, side by side: cvs[i] is the result of message i.
 * Message i has the counter `counter + i * step`. `first` and `last` are flags of the first and last block. */
typedef void hash_lanes(const uint8_t *in, size_t stride, size_t count, int blocks, uint64_t counter, uint32_t step,
                        uint32_t flags, uint32_t first, uint32_t last, uint32_t cvs[][8]);

#define WIDTH 4
#define NAME  hash_lanes_4
#define TARGET
#include "core/blake3_tmpl.h"

#if defined(__x86_64__) || defined(__i386__)
#define WIDTH  8
#define NAME   hash_lanes_8
#define TARGET __attribute__((target("avx2")))
#include "core/blake3_tmpl.h"

#define WIDTH  16
#define NAME   hash_lanes_16
#define TARGET __attribute__((target("avx512f,avx512vl,avx512bw,prefer-vector-width=512")))
#include "core/blake3_tmpl.h"
#endif

static hash_lanes *choose(void) {
#if defined(__x86_64__) || defined(__i386__)
    if (iso_isa_available(ISO_ISA_AVX512))
        return hash_lanes_16;
    if (iso_isa_available(ISO_ISA_AVX2))
        return hash_lanes_8;
#endif
    return hash_lanes_4;
}

/* The last chunk of the data, which may be short or empty. */
static void hash_chunk(const uint8_t *data, size_t size, uint64_t counter, uint32_t root, uint32_t cv[8]) {
    memcpy(cv, iv, sizeof iv);
    uint32_t flags = CHUNK_START;
    for (; size > BLOCK; data += BLOCK, size -= BLOCK, flags = 0)
        compress(cv, data, BLOCK, counter, flags);
    uint8_t block[BLOCK] = {0};
    if (size)
        memcpy(block, data, size);
    compress(cv, block, (uint32_t)size, counter, flags | CHUNK_END | root);
}

/* The bytes of `count` results, as a parent's message wants them. */
static void store_cvs(uint8_t *out, const uint32_t cvs[][8], size_t count) {
    for (size_t i = 0; i < count; i++)
        for (int j = 0; j < 8; j++)
            store32(out + 32 * i + 4 * j, cvs[i][j]);
}

/* Pairs of results become parents until `goal` (1 or 2) are left; an odd last one rises unchanged. */
static void join(hash_lanes *hash, uint32_t cvs[][8], size_t count, size_t goal) {
    uint8_t bytes[32 * LANES];
    while (count > goal) {
        size_t pairs = count / 2;
        uint32_t odd[8];
        memcpy(odd, cvs[count - 1], sizeof odd);
        store_cvs(bytes, (const uint32_t(*)[8])cvs, 2 * pairs);
        hash(bytes, BLOCK, pairs, 1, 0, 0, PARENT, 0, 0, cvs);
        if (count % 2)
            memcpy(cvs[pairs], odd, sizeof odd);
        count = pairs + count % 2;
    }
}

static void parent(uint32_t left[8], const uint32_t right[8], uint32_t flags) {
    uint8_t block[BLOCK];
    store_cvs(block, (const uint32_t(*)[8])left, 1);
    store_cvs(block + 32, (const uint32_t(*)[8])right, 1);
    memcpy(left, iv, sizeof iv);
    compress(left, block, BLOCK, 0, PARENT | flags);
}

/* The result of the subtree over `size` bytes from chunk number `counter`; `root` is ROOT for the whole. */
static void subtree(hash_lanes *hash, const uint8_t *data, size_t size, uint64_t counter, uint32_t root, uint32_t cv[8]) {
    if (size <= CHUNK) {
        hash_chunk(data, size, counter, root, cv);
        return;
    }
    if (size <= LANES * CHUNK) {
        uint32_t cvs[LANES][8];
        size_t full = size / CHUNK, count = full + (size % CHUNK != 0);
        hash(data, CHUNK, full, CHUNK / BLOCK, counter, 1, 0, CHUNK_START, CHUNK_END, cvs);
        if (count > full)
            hash_chunk(data + full * CHUNK, size % CHUNK, counter + full, 0, cvs[full]);
        join(hash, cvs, count, 2);
        parent(cvs[0], (const uint32_t *)cvs[1], root);
        memcpy(cv, cvs[0], sizeof cvs[0]);
        return;
    }
    size_t left = LANES * CHUNK;
    while (left < size - left)
        left *= 2;
    uint32_t right[8];
    subtree(hash, data, left, counter, 0, cv);
    subtree(hash, data + left, size - left, counter + left / CHUNK, 0, right);
    parent(cv, right, root);
}

void iso_blake3(const void *data, size_t size, uint8_t out[ISO_BLAKE3_SIZE]) {
    uint32_t cv[8];
    subtree(choose(), data, size, 0, ROOT, cv);
    store_cvs(out, (const uint32_t(*)[8])cv, 1);
}
