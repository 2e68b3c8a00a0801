/* BLAKE3-256, the digest of everything: files, tensors, ledger lines. Checked against the official test vectors and b3sum. */
#ifndef ISO_CORE_BLAKE3_H
#define ISO_CORE_BLAKE3_H

#include "core/compiler.h"
#include "core/cpu.h"

#define ISO_BLAKE3_SIZE    32
#define ISO_BLAKE3_SEGMENT 65536

/* The digest of `size` bytes. Any thread. */
void iso_blake3(const void *data, size_t size, uint8_t out[ISO_BLAKE3_SIZE]);
/* The same with the code of one instruction set, which must be available. For tests. */
void iso_blake3_isa(iso_isa isa, const void *data, size_t size, uint8_t out[ISO_BLAKE3_SIZE]);

/* The digest of a message of more than one segment, in parts that any thread may compute: for each segment (all but the last are
 * ISO_BLAKE3_SEGMENT bytes) the value of its subtree, then one call that joins them. Joining overwrites the values. */
void iso_blake3_segment(const void *segment, size_t size, uint64_t index, uint8_t value[ISO_BLAKE3_SIZE]);
void iso_blake3_join(uint8_t (*values)[ISO_BLAKE3_SIZE], size_t count, uint8_t out[ISO_BLAKE3_SIZE]);

/* The digest of a message that comes in pieces. Too large for the stack of a thread. */
typedef struct iso_blake3_stream {
    uint64_t segments;                  /* that lie in `stack` */
    size_t used;                        /* bytes in `buffer` */
    uint8_t stack[48][ISO_BLAKE3_SIZE]; /* one subtree for each bit of `segments`, the largest first */
    uint8_t buffer[ISO_BLAKE3_SEGMENT];
} iso_blake3_stream;

void iso_blake3_begin(iso_blake3_stream *stream);
void iso_blake3_update(iso_blake3_stream *stream, const void *data, size_t size);
/* The digest of what came so far; the stream may go on. */
void iso_blake3_end(const iso_blake3_stream *stream, uint8_t out[ISO_BLAKE3_SIZE]);

#endif
