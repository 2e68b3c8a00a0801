/* A growing string, for messages, JSON lines and normalised recipes. Errors stick: after a failed
 * append the text stays as it was and iso_text_ok is false, so a caller checks once, at the end. */
#ifndef ISO_CORE_TEXT_H
#define ISO_CORE_TEXT_H

#include "core/context.h"
#include "core/private.h"

typedef struct iso_text {
    iso_context *ctx;
    char *data; /* zero-terminated once something was appended */
    size_t size, capacity;
    bool failed;
} iso_text;

static inline iso_text iso_text_new(iso_context *ctx) {
    return (iso_text){.ctx = ctx};
}
void iso_text_free(iso_text *text);
void iso_text_clear(iso_text *text);
static inline bool iso_text_ok(const iso_text *text) {
    return !text->failed;
}

void iso_text_append(iso_text *text, const char *data, size_t size);
void iso_text_puts(iso_text *text, const char *string);
void iso_text_printf(iso_text *text, const char *format, ...) ISO_PRINTF(2, 3);
void iso_text_hex(iso_text *text, const void *bytes, size_t size);
/* A JSON string in quotes: ", \ and control characters escaped, bytes that are not UTF-8 as \udcXX. */
void iso_text_json(iso_text *text, const char *string, size_t size);

/* The length of the UTF-8 character that a text begins with; 0: it is none (overlong, a surrogate, cut off). */
size_t iso_utf8_length(const char *text, size_t size);

/* The candidate nearest to `word` (edit distance at most a third of its length), or NULL: for
 * "did you mean". */
ISO_FOR_PROGRAM const char *iso_nearest(const char *word, const char *const *candidates, size_t count);

#endif
