/* A strict reader of JSON, for ledger lines and the headers of safetensors files. Writing is iso_text_json (text.h). */
#ifndef ISO_CORE_JSON_H
#define ISO_CORE_JSON_H

#include "core/context.h"

typedef enum iso_json_kind {
    ISO_JSON_NULL,
    ISO_JSON_BOOL,
    ISO_JSON_INT,
    ISO_JSON_STRING,
    ISO_JSON_ARRAY,
    ISO_JSON_OBJECT
} iso_json_kind;

/* Numbers are integers that fit into 64 bits: nothing that Isobit writes has others. */
typedef struct iso_json iso_json;
struct iso_json {
    iso_json_kind kind;
    bool boolean;
    int64_t integer;
    char *string; /* zero-terminated; size may tell of zeros within */
    size_t size;
    size_t count, capacity, key_capacity;
    iso_json *items;   /* ARRAY, OBJECT */
    char **keys;       /* OBJECT: no key stands twice */
    size_t first, end; /* extent in the source text */
};

/* Parses the whole text. ISO_EINVAL with what was expected and at which byte. Free with iso_json_free. */
iso_status iso_json_parse(iso_context *ctx, const char *text, size_t size, iso_json *root);
void iso_json_free(iso_context *ctx, iso_json *value);

/* Members of an object; NULL if it is none or has no such key, or the value is of another kind. */
const iso_json *iso_json_get(const iso_json *object, const char *key);
const char *iso_json_string(const iso_json *object, const char *key);
/* `fallback` if absent. */
int64_t iso_json_int(const iso_json *object, const char *key, int64_t fallback);
/* Bytes of lower-case hex; false if the text is not exactly that. */
bool iso_hex_bytes(const char *hex, uint8_t *bytes, size_t size);

#endif
