#include "ledger/state.h"

#include <string.h>

iso_status iso_state_new(iso_context *ctx, iso_state **state) {
    *state = iso_calloc(ctx, 1, sizeof **state);
    if (!*state)
        return ISO_ENOMEM;
    (*state)->ctx = ctx;
    return ISO_OK;
}

void iso_state_free(iso_state *state) {
    if (!state)
        return;
    for (size_t i = 0; i < state->count; i++)
        iso_free(state->ctx, state->entries[i].name);
    iso_free(state->ctx, state->entries);
    iso_free(state->ctx, state->encoding);
    iso_free(state->ctx, state);
}

iso_status iso_state_add(iso_state *state, const char *name, const iso_tensor *tensor) {
    size_t at = state->count;
    while (at > 0 && strcmp(state->entries[at - 1].name, name) > 0)
        at--;
    if (at > 0 && strcmp(state->entries[at - 1].name, name) == 0)
        return iso_fail(state->ctx, ISO_EINVAL, "two tensors of the state are named '%s'", name);
    iso_status status = iso_grow(state->ctx, &state->entries, &state->capacity, state->count, state->count + 1,
                                 sizeof *state->entries);
    char *copy = status ? NULL : iso_strdup(state->ctx, name);
    if (!copy)
        return ISO_ENOMEM;
    memmove(&state->entries[at + 1], &state->entries[at], (state->count - at) * sizeof *state->entries);
    state->entries[at] = (iso_state_entry){.name = copy, .tensor = tensor, .nan_index = -1};
    state->count++;
    iso_free(state->ctx, state->encoding);
    state->encoding = NULL;
    return ISO_OK;
}

const iso_state_entry *iso_state_find(const iso_state *state, const char *name) {
    for (size_t i = 0; i < state->count; i++)
        if (strcmp(state->entries[i].name, name) == 0)
            return &state->entries[i];
    return NULL;
}

/* ---- Canonical bytes ---- */

static bool is_nan(uint32_t bits) { return (bits & 0x7fffffffu) > 0x7f800000u; }

/* The first NaN of a float32 tensor; -1: none. Blocks without any are passed at full speed. */
static int64_t first_nan(const iso_tensor *tensor) {
    if (tensor->dtype != ISO_FLOAT32)
        return -1;
    const uint32_t *bits = tensor->data;
    for (int64_t block = 0; block < tensor->numel; block += 1024) {
        int64_t end = iso_min64(block + 1024, tensor->numel);
        uint32_t any = 0;
        for (int64_t i = block; i < end; i++)
            any |= is_nan(bits[i]);
        for (int64_t i = block; any && i < end; i++)
            if (is_nan(bits[i]))
                return i;
    }
    return -1;
}

static bool little_endian(void) {
    const uint16_t one = 1;
    uint8_t first;
    memcpy(&first, &one, 1);
    return first == 1;
}

iso_status iso_tensor_canonical(iso_context *ctx, const iso_tensor *tensor, const uint8_t **bytes, uint8_t **copy) {
    size_t width = iso_dtype_size(tensor->dtype), size = (size_t)tensor->numel * width;
    *copy = NULL;
    *bytes = tensor->data;
    if ((little_endian() || width == 1) && first_nan(tensor) < 0)
        return ISO_OK;
    if (!(*copy = iso_alloc(ctx, size)))
        return ISO_ENOMEM;
    const uint8_t *from = tensor->data;
    for (int64_t i = 0; i < tensor->numel; i++) {
        uint64_t value = 0;
        if (width == 4) {
            uint32_t word;
            memcpy(&word, from + 4 * i, 4);
            value = tensor->dtype == ISO_FLOAT32 && is_nan(word) ? 0x7fc00000u : word;
        } else
            memcpy(&value, from + 8 * i, 8);
        for (size_t b = 0; b < width; b++)
            (*copy)[(size_t)i * width + b] = (uint8_t)(value >> (8 * b));
    }
    *bytes = *copy;
    return ISO_OK;
}

iso_status iso_tensor_digest(iso_context *ctx, const iso_tensor *tensor, uint8_t digest[ISO_BLAKE3_SIZE]) {
    const uint8_t *bytes;
    uint8_t *copy;
    iso_status status = iso_tensor_canonical(ctx, tensor, &bytes, &copy);
    if (status)
        return status;
    iso_blake3(bytes, (size_t)tensor->numel * iso_dtype_size(tensor->dtype), digest);
    iso_free(ctx, copy);
    return ISO_OK;
}

/* ---- Root ---- */

static const char tag[] = "isobit state 1";

static void put64(uint8_t **at, uint64_t value) {
    for (int i = 0; i < 8; i++)
        *(*at)++ = (uint8_t)(value >> (8 * i));
}

static void put_bytes(uint8_t **at, const void *bytes, size_t size) {
    memcpy(*at, bytes, size);
    *at += size;
}

static size_t encoded_size(const iso_state *state) {
    size_t size = sizeof tag + 8;
    for (size_t i = 0; i < state->count; i++)
        size += 8 + strlen(state->entries[i].name) + 8 + 8 + 8 * (size_t)state->entries[i].tensor->dims + ISO_BLAKE3_SIZE;
    return size;
}

static void encode(iso_state *state) {
    uint8_t *at = state->encoding;
    put_bytes(&at, tag, sizeof tag);
    put64(&at, state->count);
    for (size_t i = 0; i < state->count; i++) {
        const iso_state_entry *entry = &state->entries[i];
        put64(&at, strlen(entry->name));
        put_bytes(&at, entry->name, strlen(entry->name));
        put64(&at, entry->tensor->dtype);
        put64(&at, (uint64_t)entry->tensor->dims);
        for (int j = 0; j < entry->tensor->dims; j++)
            put64(&at, (uint64_t)entry->tensor->shape[j]);
        put_bytes(&at, entry->digest, sizeof entry->digest);
    }
}

/* Digests one tensor. A tensor with a NaN is only marked: the run stops there, and its canonical form needs memory. */
static void digest_entry(void *argument, int64_t index, int thread) {
    (void)thread;
    iso_state *state = argument;
    iso_state_entry *entry = &state->entries[index];
    entry->nan_index = first_nan(entry->tensor);
    if (entry->nan_index < 0 && little_endian())
        iso_blake3(entry->tensor->data, (size_t)entry->tensor->numel * iso_dtype_size(entry->tensor->dtype), entry->digest);
}

iso_status iso_state_root(iso_state *state, uint8_t root[ISO_BLAKE3_SIZE]) {
    if (!state->encoding) {
        state->encoding_size = encoded_size(state);
        if (!(state->encoding = iso_alloc(state->ctx, state->encoding_size)))
            return ISO_ENOMEM;
    }
    iso_pool_run(state->ctx->pool, (int64_t)state->count, digest_entry, state);
    for (size_t i = 0; i < state->count; i++) {
        iso_state_entry *entry = &state->entries[i];
        if (entry->nan_index < 0 && little_endian())
            continue;
        iso_status status = iso_tensor_digest(state->ctx, entry->tensor, entry->digest);
        if (status)
            return status;
    }
    encode(state);
    iso_blake3(state->encoding, state->encoding_size, root);
    return ISO_OK;
}
