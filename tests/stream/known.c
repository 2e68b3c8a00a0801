/* What PyTorch, NumPy and Python answered to lists of programs. The C library's log, sin and cos take part in many of the
 * numbers (docs/streams.md says in which), there and here. */
#include <string.h>

#include "core/blake3.h"
#include "harness/test.h"
#include "stream/stream.h"

static const struct {
    const char *torch;
    int python;
    uint64_t seed;
    const char *expression, *answer;
} rows[] = {
#include "known_answers.h"
#include "known_programs.h"
};

static bool matches(iso_text *out, const char *answer) {
    if (out->size > 0)
        out->data[--out->size] = 0; /* the line end */
    if (strncmp(answer, "b3:", 3) != 0)
        return iso_test_string(answer, out->data ? out->data : "", __FILE__, __LINE__);
    uint8_t digest[ISO_BLAKE3_SIZE];
    char hex[2 * ISO_BLAKE3_SIZE + 1];
    iso_blake3(out->data, out->size, digest);
    for (int i = 0; i < ISO_BLAKE3_SIZE; i++) {
        hex[2 * i] = "0123456789abcdef"[digest[i] >> 4];
        hex[2 * i + 1] = "0123456789abcdef"[digest[i] & 15];
    }
    hex[strlen(answer + 3)] = 0;
    return iso_test_string(answer + 3, hex, __FILE__, __LINE__);
}

ISO_TEST(stream_known_answers) {
    iso_context *ctx;
    iso_stream *state = NULL;
    CHECK(iso_context_new(&ctx, &(iso_context_options){.threads = 1}) == ISO_OK);
    iso_text out = iso_text_new(ctx);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (!rows[i].expression) {
            iso_stream_free(ctx, state);
            iso_stream_kind kind = {.python = rows[i].python, .numpy = 204}; /* what the programs were recorded with */
            CHECK(iso_torch_variant_from_name(rows[i].torch, &kind.torch));
            CHECK_OK(ctx, iso_stream_new(ctx, rows[i].seed, kind, &state));
            continue;
        }
        iso_text_clear(&out);
        iso_status status = iso_stream_evaluate(ctx, state, rows[i].expression, true, &out);
        bool refused = strcmp(rows[i].answer, "error") == 0;
        CHECK_MSG((status != ISO_OK) == refused, "%s, Python %d: %s: %s", rows[i].torch, rows[i].python, rows[i].expression,
                  status ? iso_error(ctx) : "is not refused");
        if (refused)
            continue;
        CHECK_MSG(matches(&out, rows[i].answer), "%s, Python %d: %s", rows[i].torch, rows[i].python, rows[i].expression);
    }
    iso_text_free(&out);
    iso_stream_free(ctx, state);
    iso_context_free(ctx);
}
