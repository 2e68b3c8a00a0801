#include "core/text.h"

#include <stdio.h>
#include <string.h>

void iso_text_free(iso_text *text) {
    iso_free(text->ctx, text->data);
    *text = iso_text_new(text->ctx);
}

void iso_text_clear(iso_text *text) {
    text->size = 0;
    text->failed = false;
    if (text->data)
        text->data[0] = 0;
}

/* Makes room for `size` more bytes and the final zero. */
static bool reserve(iso_text *text, size_t size) {
    if (text->failed)
        return false;
    if (size > SIZE_MAX - text->size - 1 ||
        iso_grow(text->ctx, &text->data, &text->capacity, text->size, text->size + size + 1, 1))
        text->failed = true;
    return !text->failed;
}

void iso_text_append(iso_text *text, const char *data, size_t size) {
    if (!reserve(text, size))
        return;
    if (size)
        memcpy(text->data + text->size, data, size);
    text->size += size;
    text->data[text->size] = 0;
}

void iso_text_puts(iso_text *text, const char *string) {
    iso_text_append(text, string, strlen(string));
}

void iso_text_printf(iso_text *text, const char *format, ...) {
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (length < 0)
        text->failed = true;
    else if (reserve(text, (size_t)length)) {
        vsnprintf(text->data + text->size, (size_t)length + 1, format, again);
        text->size += (size_t)length;
    }
    va_end(again);
}

void iso_text_hex(iso_text *text, const void *bytes, size_t size) {
    static const char digits[] = "0123456789abcdef";
    const uint8_t *byte = bytes;
    if (!reserve(text, 2 * size))
        return;
    for (size_t i = 0; i < size; i++) {
        text->data[text->size++] = digits[byte[i] >> 4];
        text->data[text->size++] = digits[byte[i] & 15];
    }
    text->data[text->size] = 0;
}

/* The length of the UTF-8 sequence at s, and its code point; 0 if it is none (overlong, surrogate,
 * cut). */
static int utf8_sequence(const uint8_t *s, size_t size, uint32_t *code) {
    int length = s[0] < 0x80                   ? 1
                 : s[0] >= 0xc2 && s[0] < 0xe0 ? 2
                 : s[0] >= 0xe0 && s[0] < 0xf0 ? 3
                 : s[0] >= 0xf0 && s[0] < 0xf5 ? 4
                                               : 0;
    if (length == 0 || (size_t)length > size)
        return 0;
    *code = length == 1 ? s[0] : s[0] & (0x7fu >> length);
    for (int i = 1; i < length; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
        *code = *code << 6 | (s[i] & 0x3f);
    }
    if ((length == 3 && (*code < 0x800 || (*code >= 0xd800 && *code < 0xe000))) ||
        (length == 4 && (*code < 0x10000 || *code > 0x10ffff)))
        return 0;
    return length;
}

size_t iso_utf8_length(const char *text, size_t size) {
    uint32_t code;
    return size ? (size_t)utf8_sequence((const uint8_t *)text, size, &code) : 0;
}

void iso_text_json(iso_text *text, const char *string, size_t size) {
    const uint8_t *s = (const uint8_t *)string;
    iso_text_puts(text, "\"");
    for (size_t i = 0; i < size;) {
        uint32_t code = 0;
        int length = utf8_sequence(s + i, size - i, &code);
        if (length == 0) {
            iso_text_printf(text, "\\udc%02x", s[i]);
            length = 1;
        } else if (code == '"' || code == '\\')
            iso_text_printf(text, "\\%c", (int)code);
        else if (code == '\n')
            iso_text_puts(text, "\\n");
        else if (code == '\t')
            iso_text_puts(text, "\\t");
        else if (code < 0x20 || code == 0x7f || (code >= 0x80 && code < 0x10000))
            iso_text_printf(text, "\\u%04x", code);
        else if (code >= 0x10000)
            iso_text_printf(text, "\\u%04x\\u%04x", 0xd800 + ((code - 0x10000) >> 10), 0xdc00 + ((code - 0x10000) & 0x3ff));
        else
            iso_text_append(text, string + i, 1);
        i += (size_t)length;
    }
    iso_text_puts(text, "\"");
}

#define MAX_WORD 48

/* Case counts little to a person. */
static bool same_letter(char a, char b) {
    return (a | 0x20) == (b | 0x20);
}

/* Insertions, deletions, replacements, and two neighbours that changed places, from a to b. */
static size_t edit_distance(const char *a, size_t a_size, const char *b, size_t b_size) {
    size_t rows[3][MAX_WORD + 1]; /* of the characters of a: the one before the last, the last, this one */
    for (size_t j = 0; j <= b_size; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a_size; i++) {
        const size_t *last = rows[(i - 1) % 3], *before = rows[(i + 1) % 3];
        size_t *row = rows[i % 3];
        row[0] = i;
        for (size_t j = 1; j <= b_size; j++) {
            size_t best = last[j - 1] + !same_letter(a[i - 1], b[j - 1]);
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            if (last[j] + 1 < best)
                best = last[j] + 1;
            if (i > 1 && j > 1 && same_letter(a[i - 1], b[j - 2]) && same_letter(a[i - 2], b[j - 1]) && before[j - 2] + 1 < best)
                best = before[j - 2] + 1;
            row[j] = best;
        }
    }
    return rows[a_size % 3][b_size];
}

const char *iso_nearest(const char *word, const char *const *candidates, size_t count) {
    size_t size = strlen(word), best_distance = size / 3 + 1;
    const char *best = NULL;
    for (size_t i = 0; i < count && size <= MAX_WORD; i++) {
        size_t candidate_size = strlen(candidates[i]);
        if (candidate_size > MAX_WORD)
            continue;
        size_t distance = edit_distance(word, size, candidates[i], candidate_size);
        if (distance < best_distance) {
            best_distance = distance;
            best = candidates[i];
        }
    }
    return best;
}
