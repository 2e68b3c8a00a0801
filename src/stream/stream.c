/* The stream command as one function of the library. */
#include "stream/stream.h"

#include "isobit/run.h"

iso_status iso_stream_text(iso_context *ctx, uint64_t seed, bool hex,
                           const char *const *expressions, size_t count, char **output) {
    iso_stream *state = NULL;
    iso_text out = iso_text_new(ctx);
    iso_text_puts(&out, "");
    iso_status status = iso_stream_new(ctx, seed, ISO_TORCH, &state);
    for (size_t i = 0; !status && i < count; i++) {
        status = iso_stream_evaluate(ctx, state, expressions[i], hex, &out);
        if (!status)
            iso_text_puts(&out, "\n");
    }
    if (!status && !iso_text_ok(&out))
        status = ISO_ENOMEM;
    iso_stream_free(ctx, state);
    *output = out.data;
    return status;
}
