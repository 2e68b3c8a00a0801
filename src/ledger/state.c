#include "ledger/state.h"

#include <string.h>

iso_status iso_state_new(iso_context *ctx, iso_state **state) {
    *state = iso_calloc(ctx, 1, sizeof **state);
    if (!*state)
        return ISO_ENOMEM;
    (*state)->ctx = ctx;
    iso_status status = iso_digester_new(ctx, &(*state)->digester);
    if (status) {
        iso_state_free(*state);
        *state = NULL;
    }
    return status;
}

void iso_state_free(iso_state *state) {
    if (!state)
        return;
    for (size_t i = 0; i < state->count; i++)
        iso_free(state->ctx, state->entries[i].name);
    iso_free(state->ctx, state->entries);
    iso_free(state->ctx, state->encoding);
    iso_digester_free(state->digester);
    iso_free(state->ctx, state);
}

iso_status iso_state_add(iso_state *state, const char *name, const iso_tensor *tensor) {
    size_t at = state->count;
    while (at > 0 && strcmp(state->entries[at - 1].name, name) > 0)
        at--;
    if (at > 0 && strcmp(state->entries[at - 1].name, name) == 0)
        return iso_fail(state->ctx, ISO_EINVAL, "two tensors of the state are named '%s'", name);
    iso_status status =
        iso_grow(state->ctx, &state->entries, &state->capacity, state->count, state->count + 1, sizeof *state->entries);
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

int64_t iso_state_bytes(const iso_state *state) {
    int64_t sum = 0;
    for (size_t i = 0; i < state->count; i++)
        sum += (int64_t)iso_tensor_bytes(state->entries[i].tensor);
    return sum;
}

const iso_state_entry *iso_state_find(const iso_state *state, const char *name) {
    for (size_t i = 0; i < state->count; i++)
        if (strcmp(state->entries[i].name, name) == 0)
            return &state->entries[i];
    return NULL;
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

static iso_status make_room(iso_state *state) {
    if (state->encoding)
        return ISO_OK;
    state->encoding_size = encoded_size(state);
    state->encoding = iso_alloc(state->ctx, state->encoding_size);
    return state->encoding ? ISO_OK : ISO_ENOMEM;
}

iso_status iso_state_root(iso_state *state, uint8_t root[ISO_BLAKE3_SIZE]) {
    iso_status status = make_room(state);
    if (!status)
        status = iso_digest_tensors(state->digester, state->entries, state->count, false);
    if (status)
        return status;
    encode(state);
    iso_blake3(state->encoding, state->encoding_size, root);
    return ISO_OK;
}

/* A run begins with these, so that no later step asks for memory. */
iso_status iso_state_tiles(iso_state *state) {
    iso_status status = make_room(state);
    return status ? status : iso_digest_tensors(state->digester, state->entries, state->count, true);
}
