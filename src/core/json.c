#include "core/json.h"

#include <string.h>

#include "core/text.h"

#define MAX_DEPTH 16

struct reader {
    iso_context *ctx;
    const char *text;
    size_t at, size;
    int depth;
};

static iso_status expected(struct reader *r, const char *what) {
    return iso_fail(r->ctx, ISO_EINVAL, "byte %zu: expected %s", r->at, what);
}

static void skip_spaces(struct reader *r) {
    while (r->at < r->size && strchr(" \t\r\n", r->text[r->at]) && r->text[r->at])
        r->at++;
}

static bool accept(struct reader *r, char c) {
    skip_spaces(r);
    if (r->at >= r->size || r->text[r->at] != c)
        return false;
    r->at++;
    return true;
}

static iso_status read_value(struct reader *r, iso_json *value);

/* Appends a code point as UTF-8; surrogates that stand for single bytes (dc80..dcff) become those bytes. */
static void append_code(iso_text *out, uint32_t c) {
    char b[4];
    if (c >= 0xdc80 && c <= 0xdcff) {
        b[0] = (char)(c & 0xff);
        iso_text_append(out, b, 1);
    } else if (c < 0x80) {
        b[0] = (char)c;
        iso_text_append(out, b, 1);
    } else if (c < 0x800) {
        b[0] = (char)(0xc0 | c >> 6);
        b[1] = (char)(0x80 | (c & 0x3f));
        iso_text_append(out, b, 2);
    } else if (c < 0x10000) {
        b[0] = (char)(0xe0 | c >> 12);
        b[1] = (char)(0x80 | (c >> 6 & 0x3f));
        b[2] = (char)(0x80 | (c & 0x3f));
        iso_text_append(out, b, 3);
    } else {
        b[0] = (char)(0xf0 | c >> 18);
        b[1] = (char)(0x80 | (c >> 12 & 0x3f));
        b[2] = (char)(0x80 | (c >> 6 & 0x3f));
        b[3] = (char)(0x80 | (c & 0x3f));
        iso_text_append(out, b, 4);
    }
}

static bool read_hex4(struct reader *r, uint32_t *code) {
    *code = 0;
    for (int i = 0; i < 4; i++, r->at++) {
        char c = r->at < r->size ? r->text[r->at] : 0;
        uint32_t digit = c >= '0' && c <= '9'                 ? (uint32_t)(c - '0')
                         : (c | 32) >= 'a' && (c | 32) <= 'f' ? (uint32_t)((c | 32) - 'a' + 10)
                                                              : 16;
        if (digit == 16)
            return false;
        *code = *code << 4 | digit;
    }
    return true;
}

static iso_status read_escape(struct reader *r, iso_text *out) {
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    char c = r->at < r->size ? r->text[r->at++] : 0;
    const char *simple = c ? strchr(from, c) : NULL;
    uint32_t code, low;
    if (simple) {
        iso_text_append(out, &to[simple - from], 1);
        return ISO_OK;
    }
    if (c != 'u' || !read_hex4(r, &code))
        return expected(r, "an escape");
    if (code >= 0xd800 && code < 0xdc00) {
        if (!(r->at + 1 < r->size && r->text[r->at] == '\\' && r->text[r->at + 1] == 'u'))
            return expected(r, "the second half of a surrogate pair");
        r->at += 2;
        if (!read_hex4(r, &low) || low < 0xdc00 || low > 0xdfff)
            return expected(r, "the second half of a surrogate pair");
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    append_code(out, code);
    return ISO_OK;
}

static iso_status read_string(struct reader *r, char **string, size_t *size) {
    iso_text out = iso_text_new(r->ctx);
    iso_status status = ISO_OK;
    iso_text_append(&out, "", 0);
    while (!status) {
        size_t run = r->at;
        while (r->at < r->size && r->text[r->at] != '"' && r->text[r->at] != '\\' && (unsigned char)r->text[r->at] >= 0x20)
            r->at++;
        iso_text_append(&out, r->text + run, r->at - run);
        if (r->at >= r->size || (unsigned char)r->text[r->at] < 0x20)
            status = expected(r, "a closing quote");
        else if (r->text[r->at++] == '"')
            break;
        else
            status = read_escape(r, &out);
    }
    if (!status && !iso_text_ok(&out))
        status = ISO_ENOMEM;
    if (status) {
        iso_text_free(&out);
        return status;
    }
    *string = out.data;
    *size = out.size;
    return ISO_OK;
}

static iso_status read_integer(struct reader *r, int64_t *out) {
    bool negative = accept(r, '-');
    size_t first = r->at;
    uint64_t magnitude = 0;
    for (; r->at < r->size && r->text[r->at] >= '0' && r->text[r->at] <= '9'; r->at++)
        if (__builtin_mul_overflow(magnitude, (uint64_t)10, &magnitude) ||
            __builtin_add_overflow(magnitude, (uint64_t)(r->text[r->at] - '0'), &magnitude))
            return expected(r, "a number of at most 64 bits");
    bool leading_zero = r->at - first > 1 && r->text[first] == '0';
    bool fraction = r->at < r->size && strchr(".eE", r->text[r->at]) && r->text[r->at];
    if (r->at == first || leading_zero || fraction || magnitude > (uint64_t)INT64_MAX + negative)
        return expected(r, "a whole number of at most 64 bits");
    *out = (int64_t)(negative ? 0 - magnitude : magnitude);
    return ISO_OK;
}

static iso_status read_items(struct reader *r, iso_json *value, char close) {
    bool object = close == '}';
    if (accept(r, close))
        return ISO_OK;
    for (;;) {
        char *key = NULL;
        size_t key_size;
        iso_json item = {.kind = ISO_JSON_NULL};
        iso_status status = ISO_OK;
        if (object) {
            if (!accept(r, '"'))
                return expected(r, "a key");
            if ((status = read_string(r, &key, &key_size)))
                return status;
            if (strlen(key) != key_size || iso_json_get(value, key))
                status = expected(r, "a key that does not stand there yet");
            else if (!accept(r, ':'))
                status = expected(r, "':'");
        }
        if (!status)
            status = read_value(r, &item);
        size_t n = value->count;
        if (!status)
            status = iso_grow(r->ctx, &value->items, &value->capacity, n, n + 1, sizeof *value->items);
        if (!status && object)
            status = iso_grow(r->ctx, &value->keys, &value->key_capacity, n, n + 1, sizeof *value->keys);
        if (status) {
            iso_free(r->ctx, key);
            iso_json_free(r->ctx, &item);
            return status;
        }
        if (object)
            value->keys[n] = key;
        value->items[n] = item;
        value->count++;
        if (accept(r, close))
            return ISO_OK;
        if (!accept(r, ','))
            return expected(r, object ? "',' or '}'" : "',' or ']'");
    }
}

static bool accept_word(struct reader *r, const char *word) {
    size_t size = strlen(word);
    if (r->size - r->at < size || memcmp(r->text + r->at, word, size) != 0)
        return false;
    r->at += size;
    return true;
}

/* On failure the value holds what has been read, for iso_json_free. */
static iso_status read_value(struct reader *r, iso_json *value) {
    if (++r->depth > MAX_DEPTH)
        return expected(r, "less nesting");
    skip_spaces(r);
    value->first = r->at;
    iso_status status = ISO_OK;
    if (accept(r, '{')) {
        value->kind = ISO_JSON_OBJECT;
        status = read_items(r, value, '}');
    } else if (accept(r, '[')) {
        value->kind = ISO_JSON_ARRAY;
        status = read_items(r, value, ']');
    } else if (accept(r, '"')) {
        if (!(status = read_string(r, &value->string, &value->size)))
            value->kind = ISO_JSON_STRING;
    } else if (accept_word(r, "null"))
        value->kind = ISO_JSON_NULL;
    else if (accept_word(r, "true") || accept_word(r, "false")) {
        value->kind = ISO_JSON_BOOL;
        value->boolean = r->text[r->at - 2] == 'u';
    } else if (!(status = read_integer(r, &value->integer)))
        value->kind = ISO_JSON_INT;
    value->end = r->at;
    r->depth--;
    return status;
}

iso_status iso_json_parse(iso_context *ctx, const char *text, size_t size, iso_json *root) {
    struct reader r = {.ctx = ctx, .text = text, .size = size};
    *root = (iso_json){.kind = ISO_JSON_NULL};
    iso_status status = read_value(&r, root);
    skip_spaces(&r);
    if (!status && r.at != size)
        status = expected(&r, "the end");
    if (status)
        iso_json_free(ctx, root);
    return status;
}

void iso_json_free(iso_context *ctx, iso_json *value) {
    for (size_t i = 0; i < value->count; i++) {
        iso_json_free(ctx, &value->items[i]);
        if (value->keys)
            iso_free(ctx, value->keys[i]);
    }
    iso_free(ctx, value->items);
    iso_free(ctx, value->keys);
    iso_free(ctx, value->string);
    *value = (iso_json){.kind = ISO_JSON_NULL};
}

const iso_json *iso_json_get(const iso_json *object, const char *key) {
    for (size_t i = 0; object && object->kind == ISO_JSON_OBJECT && i < object->count; i++)
        if (strcmp(object->keys[i], key) == 0)
            return &object->items[i];
    return NULL;
}

const char *iso_json_string(const iso_json *object, const char *key) {
    const iso_json *value = iso_json_get(object, key);
    return value && value->kind == ISO_JSON_STRING && strlen(value->string) == value->size ? value->string : NULL;
}

int64_t iso_json_int(const iso_json *object, const char *key, int64_t fallback) {
    const iso_json *value = iso_json_get(object, key);
    return value && value->kind == ISO_JSON_INT ? value->integer : fallback;
}

bool iso_hex_bytes(const char *hex, uint8_t *bytes, size_t size) {
    if (!hex || strlen(hex) != 2 * size || strspn(hex, "0123456789abcdef") != 2 * size)
        return false;
    for (size_t i = 0; i < size; i++) {
        int high = hex[2 * i] <= '9' ? hex[2 * i] - '0' : hex[2 * i] - 'a' + 10;
        int low = hex[2 * i + 1] <= '9' ? hex[2 * i + 1] - '0' : hex[2 * i + 1] - 'a' + 10;
        bytes[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}
