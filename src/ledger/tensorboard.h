/* TensorBoard's event files, as bytes. A file is a sequence of records (TFRecord: length, masked CRC-32C of it, data, masked
 * CRC-32C of these); a record holds one Event, a protocol buffer. Of https://github.com/tensorflow/tensorboard,
 * tensorboard/compat/proto: event.proto, summary.proto. */
#ifndef ISO_LEDGER_TENSORBOARD_H
#define ISO_LEDGER_TENSORBOARD_H

#include "core/text.h"

typedef struct iso_scalar {
    const char *tag; /* "loss/train" */
    float value;
} iso_scalar;

/* Each appends one record. `time`: seconds since 1970. */

/* The first of a file. */
void iso_event_version(iso_text *out, double time);
/* A run goes on in this file: what earlier files say of `step` and later steps is void. */
void iso_event_restart(iso_text *out, double time, int64_t step);
void iso_event_scalars(iso_text *out, double time, int64_t step, const iso_scalar *scalars, size_t count);

/* CRC-32C (Castagnoli). */
uint32_t iso_crc32c(const void *data, size_t size);

#endif
