/* Digests of tensors: BLAKE3 of the canonical bytes, which are the elements in row-major order, little-endian, every NaN as
 * 7fc00000. Tensors are cut into tiles of 64 KiB that any thread may hash; the result does not depend on the threads. */
#ifndef ISO_LEDGER_DIGEST_H
#define ISO_LEDGER_DIGEST_H

#include "core/blake3.h"
#include "core/context.h"
#include "isobit/tensor.h"

#define ISO_TILE_BYTES 65536
_Static_assert(ISO_TILE_BYTES == ISO_BLAKE3_SEGMENT, "a tile is hashed as one segment");

/* A tensor to digest, and its results. */
typedef struct iso_state_entry {
    char *name;               /* of a state's tensor; otherwise may be NULL */
    const iso_tensor *tensor; /* borrowed */
    uint8_t digest[ISO_BLAKE3_SIZE];
    int64_t nan_index;                       /* of the first NaN; -1: none */
    size_t tile_count;                       /* 0 for a tensor that is not larger than one tile */
    const uint8_t (*tiles)[ISO_BLAKE3_SIZE]; /* digest of each tile; NULL unless asked for; the digester's, until its next use */
} iso_state_entry;

/* Scratch memory for digesting, kept from call to call. */
typedef struct iso_digester iso_digester;
iso_status iso_digester_new(iso_context *ctx, iso_digester **digester);
void iso_digester_free(iso_digester *digester);

/* Fills in the results of all entries; the tiles if `tiles` is set. Runs on the context's threads. Allocates only when there is
 * more to hash than in any call before. */
iso_status iso_digest_tensors(iso_digester *digester, iso_state_entry *entries, size_t count, bool tiles);

/* The digest of one tensor, computed by the calling thread. ISO_ENOMEM only. */
iso_status iso_tensor_digest(iso_context *ctx, const iso_tensor *tensor, uint8_t digest[ISO_BLAKE3_SIZE]);
/* The canonical bytes themselves: the tensor's own memory, or *copy (to be freed) where that is not canonical. */
iso_status iso_tensor_canonical(iso_context *ctx, const iso_tensor *tensor, const uint8_t **bytes, uint8_t **copy);
/* And back: `numel` elements from canonical bytes. */
void iso_tensor_from_canonical(iso_tensor *tensor, const uint8_t *bytes);

static inline size_t iso_tensor_bytes(const iso_tensor *tensor) {
    return (size_t)tensor->numel * iso_dtype_size(tensor->dtype);
}

#endif
