/* zlib with the context's memory. */
#ifndef ISO_DATA_INFLATE_H
#define ISO_DATA_INFLATE_H

#include <zlib.h>

#include "core/context.h"

static inline void *iso_inflate_alloc(void *ctx, unsigned count, unsigned size) {
    return iso_alloc_array(ctx, count, size);
}
static inline void iso_inflate_free(void *ctx, void *memory) {
    iso_free(ctx, memory);
}

/* As inflateInit2: Z_OK, Z_MEM_ERROR, ... Main thread only. */
static inline int iso_inflate_begin(iso_context *ctx, z_stream *stream, int window_bits) {
    stream->zalloc = iso_inflate_alloc;
    stream->zfree = iso_inflate_free;
    stream->opaque = ctx;
    return inflateInit2(stream, window_bits);
}

#endif
