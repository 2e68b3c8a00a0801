/* The state of a run: everything that can influence the next step, as named tensors with their digests. docs/ledger.md#state */
#ifndef ISO_LEDGER_STATE_H
#define ISO_LEDGER_STATE_H

#include "core/blake3.h"
#include "core/context.h"
#include "isobit/tensor.h"

#define ISO_TILE_BYTES 65536 /* of the tile tables in checkpoint lines */

typedef struct iso_state_entry {
    char *name;
    const iso_tensor *tensor; /* borrowed */
    uint8_t digest[ISO_BLAKE3_SIZE];
    int64_t nan_index; /* of the first NaN; -1: none */
} iso_state_entry;

typedef struct iso_state {
    iso_context *ctx;
    iso_state_entry *entries; /* sorted by the bytes of their names */
    size_t count, capacity;
    uint8_t *encoding; /* what the root is the digest of */
    size_t encoding_size;
} iso_state;

iso_status iso_state_new(iso_context *ctx, iso_state **state);
void iso_state_free(iso_state *state);
/* Adds a tensor, whose data may change later but not its shape. ISO_EINVAL if the name is taken. */
iso_status iso_state_add(iso_state *state, const char *name, const iso_tensor *tensor);
const iso_state_entry *iso_state_find(const iso_state *state, const char *name);

/* Digests every tensor and the whole: entry->digest, entry->nan_index, and the root. Allocates at the first call only. */
iso_status iso_state_root(iso_state *state, uint8_t root[ISO_BLAKE3_SIZE]);

/* BLAKE3 of the tensor's canonical bytes: row-major, little-endian, every NaN 7fc00000. ISO_ENOMEM only. */
iso_status iso_tensor_digest(iso_context *ctx, const iso_tensor *tensor, uint8_t digest[ISO_BLAKE3_SIZE]);
/* The canonical bytes themselves: the tensor's own memory, or *copy (to be freed) where that is not canonical. */
iso_status iso_tensor_canonical(iso_context *ctx, const iso_tensor *tensor, const uint8_t **bytes, uint8_t **copy);

#endif
