/* A tree over chunks of 1024 bytes: each chunk is a chain of 16 compressions, pairs of results are compressed into parents, the
 * left subtree of a node holding the largest power of two of chunks below the whole. Chunks, and then parents, are computed side
 * by side in the lanes of vectors. Specification: https://github.com/BLAKE3-team/BLAKE3-specs */
#include "core/blake3.h"

#include <string.h>

#define CHUNK  1024
#define BLOCK  64
#define CHUNKS (ISO_BLAKE3_SEGMENT / CHUNK)

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

#define ROTATE(x, n) (((x) >> (n)) | ((x) << (32 - (n))))
#define MIX(a, b, c, d, x, y)                                                                                                    \
    v[a] += v[b] + (x);                                                                                                          \
    v[d] = ROTATE(v[d] ^ v[a], 16);                                                                                              \
    v[c] += v[d];                                                                                                                \
    v[b] = ROTATE(v[b] ^ v[c], 12);                                                                                              \
    v[a] += v[b] + (y);                                                                                                          \
    v[d] = ROTATE(v[d] ^ v[a], 8);                                                                                               \
    v[c] += v[d];                                                                                                                \
    v[b] = ROTATE(v[b] ^ v[c], 7)
#define ROUND(s)                                                                                                                 \
    MIX(0, 4, 8, 12, m[s[0]], m[s[1]]);                                                                                          \
    MIX(1, 5, 9, 13, m[s[2]], m[s[3]]);                                                                                          \
    MIX(2, 6, 10, 14, m[s[4]], m[s[5]]);                                                                                         \
    MIX(3, 7, 11, 15, m[s[6]], m[s[7]]);                                                                                         \
    MIX(0, 5, 10, 15, m[s[8]], m[s[9]]);                                                                                         \
    MIX(1, 6, 11, 12, m[s[10]], m[s[11]]);                                                                                       \
    MIX(2, 7, 8, 13, m[s[12]], m[s[13]]);                                                                                        \
    MIX(3, 4, 9, 14, m[s[14]], m[s[15]])
#define ROUNDS                                                                                                                   \
    ROUND(schedule[0]);                                                                                                          \
    ROUND(schedule[1]);                                                                                                          \
    ROUND(schedule[2]);                                                                                                          \
    ROUND(schedule[3]);                                                                                                          \
    ROUND(schedule[4]);                                                                                                          \
    ROUND(schedule[5]);                                                                                                          \
    ROUND(schedule[6])
#define EIGHT(X)                                                                                                                 \
    X(0);                                                                                                                        \
    X(1);                                                                                                                        \
    X(2);                                                                                                                        \
    X(3);                                                                                                                        \
    X(4);                                                                                                                        \
    X(5);                                                                                                                        \
    X(6);                                                                                                                        \
    X(7)

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
    ROUNDS;
    for (int i = 0; i < 8; i++)
        cv[i] = v[i] ^ v[i + 8];
}

/* ---- Side by side ---- */

/* Hashes `count` messages of `blocks` full blocks each, `stride` bytes apart: values[i] is the result of message i. Message i has
 * the counter `counter + i * step`. `first` and `last` are flags of the first and last block. With one block and a stride of one
 * block, the values may overwrite the messages. */
typedef void hash_lanes(const uint8_t *in, size_t stride, size_t count, int blocks, uint64_t counter, uint32_t step,
                        uint32_t flags, uint32_t first, uint32_t last, uint8_t (*values)[ISO_BLAKE3_SIZE]);

typedef uint32_t vec_4 __attribute__((vector_size(16)));

static inline void transpose_4(const uint8_t *const lane[4], int offset, vec_4 m[16]) {
    for (int j = 0; j < 16; j++)
        for (int i = 0; i < 4; i++)
            m[j][i] = load32(lane[i] + offset + 4 * j);
}

#define WIDTH     4
#define NAME      hash_4
#define TRANSPOSE transpose_4
#define TARGET
#include "core/blake3_tmpl.h"

#if defined(__x86_64__) || defined(__i386__)
#include "core/blake3_x86.h"

#define WIDTH     8
#define NAME      hash_8
#define TRANSPOSE transpose_8
#define TARGET    __attribute__((target("avx2")))
#include "core/blake3_tmpl.h"

#define WIDTH     16
#define NAME      hash_16
#define TRANSPOSE transpose_16
#define TARGET    __attribute__((target("avx512f,avx512vl,avx512bw")))
#include "core/blake3_tmpl.h"
#include "core/blake3_pair.h"
#endif

static hash_lanes *choose(iso_isa isa) {
#if defined(__x86_64__) || defined(__i386__)
    if (isa == ISO_ISA_AVX512)
        return hash_32;
    if (isa == ISO_ISA_AVX2)
        return hash_8;
#endif
    (void)isa;
    return hash_4;
}

/* ---- The tree ---- */

static void store_value(uint8_t value[ISO_BLAKE3_SIZE], const uint32_t cv[8]) {
    for (int i = 0; i < 8; i++)
        store32(value + 4 * i, cv[i]);
}

/* A chunk that may be short or empty. */
static void hash_chunk(const uint8_t *data, size_t size, uint64_t counter, uint32_t root, uint8_t value[ISO_BLAKE3_SIZE]) {
    uint32_t cv[8], flags = CHUNK_START;
    memcpy(cv, iv, sizeof iv);
    for (; size > BLOCK; data += BLOCK, size -= BLOCK, flags = 0)
        compress(cv, data, BLOCK, counter, flags);
    uint8_t block[BLOCK] = {0};
    if (size)
        memcpy(block, data, size);
    compress(cv, block, (uint32_t)size, counter, flags | CHUNK_END | root);
    store_value(value, cv);
}

/* `value` becomes the parent of `left` and `right`; it may be either. */
static void parent(const uint8_t *left, const uint8_t *right, uint32_t flags, uint8_t value[ISO_BLAKE3_SIZE]) {
    uint8_t block[BLOCK];
    uint32_t cv[8];
    memcpy(block, left, 32);
    memcpy(block + 32, right, 32);
    memcpy(cv, iv, sizeof iv);
    compress(cv, block, BLOCK, 0, PARENT | flags);
    store_value(value, cv);
}

/* Two or more values become one: pairs become parents, level by level; an odd last one rises unchanged. */
static void join(hash_lanes *hash, uint8_t (*values)[ISO_BLAKE3_SIZE], size_t count, uint32_t root, uint8_t *out) {
    while (count > 2) {
        size_t pairs = count / 2;
        hash(values[0], BLOCK, pairs, 1, 0, 0, PARENT, 0, 0, values);
        if (count % 2)
            memcpy(values[pairs], values[count - 1], ISO_BLAKE3_SIZE);
        count = pairs + count % 2;
    }
    parent(values[0], values[1], root, out);
}

/* The subtree over one segment, which is the whole message if `root` is ROOT. */
static void segment(hash_lanes *hash, const uint8_t *data, size_t size, uint64_t index, uint32_t root, uint8_t *out) {
    uint8_t values[CHUNKS][ISO_BLAKE3_SIZE];
    uint64_t counter = index * CHUNKS;
    size_t full = size / CHUNK, rest = size % CHUNK;
    if (size <= CHUNK) {
        hash_chunk(data, size, counter, root, out);
        return;
    }
    hash(data, CHUNK, full, CHUNK / BLOCK, counter, 1, 0, CHUNK_START, CHUNK_END, values);
    if (rest)
        hash_chunk(data + size - rest, rest, counter + full, 0, values[full]);
    join(hash, values, full + (rest != 0), root, out);
}

/* Adds a segment that is not the last: subtrees of equal size are joined, so that one is left for each bit of the count. */
static void push(uint8_t (*stack)[ISO_BLAKE3_SIZE], uint64_t *segments, uint8_t value[ISO_BLAKE3_SIZE]) {
    int top = __builtin_popcountll(*segments);
    for (uint64_t n = *segments; n % 2; n /= 2) {
        top--;
        parent(stack[top], value, 0, value);
    }
    memcpy(stack[top], value, ISO_BLAKE3_SIZE);
    ++*segments;
}

/* Adds the last segment, and joins all. */
static void finish(hash_lanes *hash, const uint8_t (*stack)[ISO_BLAKE3_SIZE], uint64_t segments, const uint8_t *data, size_t size,
                   uint8_t *out) {
    segment(hash, data, size, segments, segments ? 0 : ROOT, out);
    for (int top = __builtin_popcountll(segments) - 1; top >= 0; top--)
        parent(stack[top], out, top ? 0 : ROOT, out);
}

void iso_blake3_isa(iso_isa isa, const void *data, size_t size, uint8_t out[ISO_BLAKE3_SIZE]) {
    hash_lanes *hash = choose(isa);
    const uint8_t *at = data;
    uint8_t stack[48][ISO_BLAKE3_SIZE], value[ISO_BLAKE3_SIZE];
    uint64_t segments = 0;
    for (; size > ISO_BLAKE3_SEGMENT; at += ISO_BLAKE3_SEGMENT, size -= ISO_BLAKE3_SEGMENT) {
        segment(hash, at, ISO_BLAKE3_SEGMENT, segments, 0, value);
        push(stack, &segments, value);
    }
    finish(hash, (const uint8_t(*)[ISO_BLAKE3_SIZE])stack, segments, at, size, out);
}

void iso_blake3(const void *data, size_t size, uint8_t out[ISO_BLAKE3_SIZE]) {
    iso_blake3_isa(iso_isa_best(), data, size, out);
}

void iso_blake3_segment(const void *data, size_t size, uint64_t index, uint8_t value[ISO_BLAKE3_SIZE]) {
    segment(choose(iso_isa_best()), data, size, index, 0, value);
}

void iso_blake3_join(uint8_t (*values)[ISO_BLAKE3_SIZE], size_t count, uint8_t out[ISO_BLAKE3_SIZE]) {
    join(choose(iso_isa_best()), values, count, ROOT, out);
}

/* ---- In pieces ---- */

void iso_blake3_begin(iso_blake3_stream *stream) {
    stream->segments = stream->used = 0;
}

/* A full buffer waits until more comes, because the last segment is joined differently. */
void iso_blake3_update(iso_blake3_stream *s, const void *data, size_t size) {
    hash_lanes *hash = choose(iso_isa_best());
    const uint8_t *at = data;
    uint8_t value[ISO_BLAKE3_SIZE];
    while (size) {
        if (s->used == ISO_BLAKE3_SEGMENT) {
            segment(hash, s->buffer, s->used, s->segments, 0, value);
            push(s->stack, &s->segments, value);
            s->used = 0;
        }
        size_t count = ISO_BLAKE3_SEGMENT - s->used;
        if (count > size)
            count = size;
        if (count == ISO_BLAKE3_SEGMENT && size > count) { /* a whole segment, and not the last: no need to copy it */
            segment(hash, at, count, s->segments, 0, value);
            push(s->stack, &s->segments, value);
        } else {
            memcpy(s->buffer + s->used, at, count);
            s->used += count;
        }
        at += count;
        size -= count;
    }
}

void iso_blake3_end(const iso_blake3_stream *s, uint8_t out[ISO_BLAKE3_SIZE]) {
    finish(choose(iso_isa_best()), s->stack, s->segments, s->buffer, s->used, out);
}
