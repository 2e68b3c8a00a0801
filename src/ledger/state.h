/* The state of a run: everything that can influence the next step, as named tensors with their digests. docs/ledger.md#state */
#ifndef ISO_LEDGER_STATE_H
#define ISO_LEDGER_STATE_H

#include "ledger/digest.h"

typedef struct iso_state {
    iso_context *ctx;
    iso_state_entry *entries; /* sorted by the bytes of their names */
    size_t count, capacity;
    uint8_t *encoding; /* what the root is the digest of */
    size_t encoding_size;
    iso_digester *digester;
} iso_state;

iso_status iso_state_new(iso_context *ctx, iso_state **state);
void iso_state_free(iso_state *state);
/* Adds a tensor, whose data may change later but not its shape. ISO_EINVAL if the name is taken. */
iso_status iso_state_add(iso_state *state, const char *name, const iso_tensor *tensor);
/* The bytes of all tensors together: what a root reads. */
int64_t iso_state_bytes(const iso_state *state);
const iso_state_entry *iso_state_find(const iso_state *state, const char *name);

/* Digests every tensor and the whole: the results in the entries, and the root. Allocates at the first call only. */
iso_status iso_state_root(iso_state *state, uint8_t root[ISO_BLAKE3_SIZE]);
/* Digests every tensor, and every tile of those that are larger than one. */
iso_status iso_state_tiles(iso_state *state);

#endif
