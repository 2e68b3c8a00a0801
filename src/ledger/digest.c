#include "ledger/digest.h"

#include <string.h>

/* ---- Canonical bytes ---- */

static bool is_nan(uint32_t bits) {
    return (bits & 0x7fffffffu) > 0x7f800000u;
}

#define NAN_BLOCK 1024

/* The first NaN among `count` elements; -1: none. In blocks of constant size, which compilers turn into vectors; one comparison
 * looks at two elements. */
static int64_t first_nan(const float *x, int64_t count) {
    int64_t at = 0;
    for (; count - at >= NAN_BLOCK; at += NAN_BLOCK) {
        int any = 0;
        for (int i = 0; i < NAN_BLOCK / 2; i++)
            any |= __builtin_isunordered(x[at + i], x[at + i + NAN_BLOCK / 2]) ? -1 : 0;
        if (any)
            break;
    }
    for (; at < count; at++)
        if (x[at] != x[at])
            return at;
    return -1;
}

/* Canonical bytes are little-endian. Where memory is, too, what stands behind `if (!LITTLE_MEMORY)` is no code at all. */
enum { LITTLE_MEMORY = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ };

/* Elements of `width` bytes in the other order of bytes. */
static inline void swap_bytes(const uint8_t *from, size_t size, size_t width, uint8_t *to) {
    for (size_t at = 0; at < size; at += width)
        for (size_t b = 0; b < width; b++)
            to[at + b] = from[at + width - 1 - b];
}

/* `size` bytes of elements from memory to canonical bytes; in a little-endian memory only floats have others. */
static void to_canonical(iso_dtype dtype, const uint8_t *from, size_t size, uint8_t *to) {
    if (!LITTLE_MEMORY && dtype != ISO_FLOAT32) {
        swap_bytes(from, size, iso_dtype_size(dtype), to);
        return;
    }
    for (size_t at = 0; at < size; at += 4) {
        uint32_t word;
        memcpy(&word, from + at, 4);
        word = is_nan(word) ? 0x7fc00000u : word;
        for (size_t b = 0; b < 4; b++)
            to[at + b] = (uint8_t)(word >> (8 * b));
    }
}

iso_status iso_tensor_canonical(iso_context *ctx, const iso_tensor *tensor, const uint8_t **bytes, uint8_t **copy) {
    *copy = NULL;
    *bytes = tensor->data;
    bool nan = tensor->dtype == ISO_FLOAT32 && first_nan(tensor->data, tensor->numel) >= 0;
    if (!nan && (LITTLE_MEMORY || tensor->dtype == ISO_UINT8))
        return ISO_OK;
    size_t size = iso_tensor_bytes(tensor);
    if (!(*copy = iso_alloc(ctx, size)))
        return ISO_ENOMEM;
    to_canonical(tensor->dtype, tensor->data, size, *copy);
    *bytes = *copy;
    return ISO_OK;
}

void iso_tensor_from_canonical(iso_tensor *tensor, const uint8_t *bytes) {
    size_t size = iso_tensor_bytes(tensor);
    if (!LITTLE_MEMORY)
        swap_bytes(bytes, size, iso_dtype_size(tensor->dtype), tensor->data);
    else if (size)
        memcpy(tensor->data, bytes, size);
}

iso_status iso_tensor_digest(iso_context *ctx, const iso_tensor *tensor, uint8_t digest[ISO_BLAKE3_SIZE]) {
    const uint8_t *bytes;
    uint8_t *copy;
    iso_status status = iso_tensor_canonical(ctx, tensor, &bytes, &copy);
    if (status)
        return status;
    iso_blake3(bytes, iso_tensor_bytes(tensor), digest);
    iso_free(ctx, copy);
    return ISO_OK;
}

/* ---- Tiles on threads ---- */

/* One tile of one tensor: a task. */
struct part {
    iso_state_entry *entry;
    size_t at, size; /* bytes of the tensor */
    bool alone;      /* it is the whole tensor */
    int64_t nan_index;
};

struct iso_digester {
    iso_context *ctx;
    struct part *parts;
    size_t part_capacity;
    uint8_t (*values)[ISO_BLAKE3_SIZE]; /* of each part's subtree */
    size_t value_capacity;
    uint8_t (*tiles)[ISO_BLAKE3_SIZE];
    size_t tile_capacity;
    uint8_t (*scratch)[ISO_TILE_BYTES]; /* one per thread, for tiles whose memory is not canonical */
    bool want_tiles;
};

iso_status iso_digester_new(iso_context *ctx, iso_digester **out) {
    iso_digester *d = *out = iso_calloc(ctx, 1, sizeof *d);
    if (!d)
        return ISO_ENOMEM;
    d->ctx = ctx;
    d->scratch = iso_alloc_array(ctx, (size_t)iso_pool_threads(ctx->pool), sizeof *d->scratch);
    if (d->scratch)
        return ISO_OK;
    iso_digester_free(d);
    *out = NULL;
    return ISO_ENOMEM;
}

void iso_digester_free(iso_digester *d) {
    if (!d)
        return;
    iso_free(d->ctx, d->parts);
    iso_free(d->ctx, d->values);
    iso_free(d->ctx, d->tiles);
    iso_free(d->ctx, d->scratch);
    iso_free(d->ctx, d);
}

static void hash_part(iso_digester *d, int64_t index, const uint8_t *bytes) {
    struct part *part = &d->parts[index];
    if (part->alone) {
        iso_blake3(bytes, part->size, part->entry->digest);
        return;
    }
    iso_blake3_segment(bytes, part->size, part->at / ISO_TILE_BYTES, d->values[index]);
    if (d->want_tiles)
        iso_blake3(bytes, part->size, d->tiles[index]);
}

static void digest_part(void *argument, int64_t index, int thread) {
    iso_digester *d = argument;
    struct part *part = &d->parts[index];
    const iso_tensor *tensor = part->entry->tensor;
    const uint8_t *bytes = (const uint8_t *)tensor->data + part->at;
    part->nan_index = -1;
    if (LITTLE_MEMORY)
        hash_part(d, index, bytes);
    /* Looked for behind the hash, which has brought the tile into the cache, and prefetches as a scan could not. */
    if (tensor->dtype == ISO_FLOAT32)
        part->nan_index = first_nan((const float *)(const void *)bytes, (int64_t)(part->size / 4));
    if (LITTLE_MEMORY && part->nan_index < 0)
        return;
    to_canonical(tensor->dtype, bytes, part->size, d->scratch[thread]);
    hash_part(d, index, d->scratch[thread]);
}

static size_t part_count(const iso_tensor *tensor) {
    size_t bytes = iso_tensor_bytes(tensor);
    return bytes ? (bytes - 1) / ISO_TILE_BYTES + 1 : 1;
}

static iso_status make_parts(iso_digester *d, iso_state_entry *entries, size_t count, size_t *total) {
    *total = 0;
    for (size_t i = 0; i < count; i++)
        *total += part_count(entries[i].tensor);
    iso_status status = iso_grow(d->ctx, &d->parts, &d->part_capacity, 0, *total, sizeof *d->parts);
    if (!status)
        status = iso_grow(d->ctx, &d->values, &d->value_capacity, 0, *total, sizeof *d->values);
    if (!status && d->want_tiles)
        status = iso_grow(d->ctx, &d->tiles, &d->tile_capacity, 0, *total, sizeof *d->tiles);
    struct part *part = d->parts;
    for (size_t i = 0; i < count && !status; i++) {
        size_t left = iso_tensor_bytes(entries[i].tensor), parts = part_count(entries[i].tensor);
        for (size_t at = 0, j = 0; j < parts; j++, at += ISO_TILE_BYTES, left -= ISO_TILE_BYTES)
            *part++ = (struct part){&entries[i], at, left < ISO_TILE_BYTES ? left : ISO_TILE_BYTES, parts == 1, -1};
    }
    return status;
}

iso_status iso_digest_tensors(iso_digester *d, iso_state_entry *entries, size_t count, bool tiles) {
    size_t total, first = 0;
    d->want_tiles = tiles;
    iso_status status = make_parts(d, entries, count, &total);
    if (status)
        return status;
    iso_pool_run(d->ctx->pool, (int64_t)total, digest_part, d);
    for (size_t i = 0; i < count; i++) {
        iso_state_entry *entry = &entries[i];
        size_t parts = part_count(entry->tensor);
        entry->nan_index = -1;
        for (size_t j = first; j < first + parts && entry->nan_index < 0; j++)
            if (d->parts[j].nan_index >= 0) /* only a float32 tensor has any */
                entry->nan_index = (int64_t)(d->parts[j].at / 4) + d->parts[j].nan_index;
        if (parts > 1)
            iso_blake3_join(&d->values[first], parts, entry->digest);
        entry->tile_count = parts > 1 ? parts : 0;
        entry->tiles = tiles ? (const uint8_t(*)[ISO_BLAKE3_SIZE]) & d->tiles[first] : NULL;
        first += parts;
    }
    return ISO_OK;
}
