/* Checkpoint files: safetensors, which PyTorch reads. https://github.com/huggingface/safetensors (the format's description) */
#ifndef ISO_LEDGER_SAFETENSORS_H
#define ISO_LEDGER_SAFETENSORS_H

#include "ledger/state.h"

/* Writes all tensors of the state, atomically; digest receives BLAKE3 of the file's bytes, size their number.
 * path NULL: only computes these two. */
iso_status iso_safetensors_write(iso_context *ctx, const char *path, const iso_state *state, uint8_t digest[ISO_BLAKE3_SIZE],
                                 int64_t *size);

/* A file that has been read: tensors in the order of their names. */
typedef struct iso_safetensors {
    iso_context *ctx;
    size_t count;
    char **names;
    iso_tensor **tensors;
    uint8_t digest[ISO_BLAKE3_SIZE]; /* of the file's bytes */
    int64_t size;
} iso_safetensors;

/* Reads and checks a file. ISO_EIO: it cannot be read; ISO_EINVAL: it is no such file, with what is wrong. */
iso_status iso_safetensors_read(iso_context *ctx, const char *path, iso_safetensors **file);
void iso_safetensors_free(iso_safetensors *file);
/* NULL if there is none of that name. */
const iso_tensor *iso_safetensors_find(const iso_safetensors *file, const char *name);

#endif
