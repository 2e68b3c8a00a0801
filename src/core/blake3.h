/* BLAKE3-256, the digest of everything: files, tensors, ledger lines. Checked against the official test vectors and b3sum. */
#ifndef ISO_CORE_BLAKE3_H
#define ISO_CORE_BLAKE3_H

#include "core/compiler.h"

#define ISO_BLAKE3_SIZE 32

/* The digest of `size` bytes. Any thread. */
void iso_blake3(const void *data, size_t size, uint8_t out[ISO_BLAKE3_SIZE]);

#endif
