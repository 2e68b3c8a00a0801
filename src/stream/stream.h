/* `isobit stream`: Python expressions that draw random numbers, evaluated as Python would with the
 * real libraries. docs/streams.md says what is known and what is printed. */
#ifndef ISO_STREAM_STREAM_H
#define ISO_STREAM_STREAM_H

#include "core/text.h"

/* The generators of all libraries that are imitated, and the names that expressions have given. */
typedef struct iso_stream iso_stream;

/* Which library's answers, where there are several for one seed. */
typedef struct iso_stream_kind {
    iso_torch_variant torch;
    uint32_t sms, threads_per_sm; /* of the GPU that torch draws on, as after torch.set_default_device('cuda'); 0: on the CPU */
    int python;                   /* 308 to 313 */
    int numpy;                    /* 100 * major + minor: 121 to 205; 0: the newest */
} iso_stream_kind;

/* Seeds every generator with `seed`, as seed_everything does: torch.manual_seed(seed), np.random.seed(seed % 2**32),
 * random.seed(seed). Free with iso_stream_free. */
iso_status iso_stream_new(iso_context *ctx, uint64_t seed, iso_stream_kind kind, iso_stream **state);
void iso_stream_free(iso_context *ctx, iso_stream *state);

/* Evaluates one expression, drawing on where the one before stopped, and appends its value and a line end to `out`; or
 * `name = expression`, which gives the value a name for the expressions behind it and appends nothing. ISO_EINVAL for what
 * cannot be parsed or evaluated: the message has three lines, what is wrong, the expression, and a caret below the character;
 * draws made until then are kept. */
iso_status iso_stream_evaluate(iso_context *ctx, iso_stream *state, const char *expression, bool hex, iso_text *out);

#endif
