#include "expr/literal.h"

#include <ctype.h>
#include <string.h>

#include "expr/arithmetic.h"

/* ---- Numbers ---- */

#define MAX_NUMBER 3100

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* The value of c as a digit; 36 if it is none. */
static unsigned digit_value(char c) {
    return is_digit(c) ? (unsigned)(c - '0') : isalpha((unsigned char)c) ? (unsigned)((c | 32) - 'a') + 10 : 36;
}

/* How many characters belong to the number, which begins with a digit or a point: letters, digits, underscores, points, and the
 * sign of an exponent. */
static int number_length(const char *s, bool decimal) {
    int n = 0;
    while (isalnum((unsigned char)s[n]) || s[n] == '_' || (decimal && s[n] == '.') ||
           (decimal && (s[n] == '-' || s[n] == '+') && (s[n - 1] | 32) == 'e'))
        n++;
    return n;
}

static const char *read_integer(iso_context *ctx, const char *digits, unsigned base, iso_expr *e) {
    iso_integer value;
    if (!*digits)
        return "not a number";
    for (const char *c = digits; *c; c++)
        if (digit_value(*c) >= base)
            return "not a number";
    if (!iso_integer_read(&value, digits, base))
        return "the number has too many digits";
    return iso_expr_set_int(ctx, e, &value) ? NULL : iso_expr_no_memory;
}

/* digits [. digits] [e [sign] digits]; the caller has seen a digit before the exponent */
static const char *read_float(const char *text, iso_expr *e) {
    const char *c = text, *end;
    size_t digits = 0;
    for (; is_digit(*c); c++)
        digits++;
    if (*c == '.')
        for (c++; is_digit(*c); c++)
            digits++;
    if ((*c | 32) == 'e') {
        c += c[1] == '-' || c[1] == '+' ? 2 : 1;
        digits = is_digit(*c);
        while (is_digit(*c))
            c++;
    }
    if (!digits || *c)
        return "not a number";
    e->kind = ISO_EXPR_FLOAT;
    e->number = iso_read_double(text, &end);
    return NULL;
}

const char *iso_expr_read_number(iso_context *ctx, const char *source, int *length, iso_expr *e) {
    char prefix = source[0] == '0' ? (char)(source[1] | 32) : 0, text[MAX_NUMBER];
    unsigned base = prefix == 'x' ? 16 : prefix == 'o' ? 8 : prefix == 'b' ? 2 : 10;
    int start = base == 10 ? 0 : 2, used = 0;
    *length = number_length(source, base == 10);
    for (int i = start; i < *length; i++) {
        char before = i > 0 ? source[i - 1] : 0;
        if (source[i] == '_') { /* between two digits, or behind 0x */
            if (digit_value(source[i + 1]) >= base || (digit_value(before) >= base && !(i == 2 && start == 2)))
                return "not a number: an underscore must stand between digits";
        } else if (used == MAX_NUMBER - 1)
            return "the number is too long";
        else
            text[used++] = source[i];
    }
    text[used] = 0;
    if (base != 10)
        return read_integer(ctx, text, base, e);
    if (strpbrk(text, ".eE"))
        return read_float(text, e);
    if (text[0] == '0' && strspn(text, "0") != strlen(text))
        return "not a number: no zeros may lead it";
    return read_integer(ctx, text, 10, e);
}

/* ---- Strings ---- */

static void append_utf8(iso_text *text, uint32_t code) {
    char bytes[4];
    size_t size;
    if (code < 0x80) {
        bytes[0] = (char)code;
        size = 1;
    } else {
        size = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
        for (size_t i = size - 1; i > 0; i--, code >>= 6)
            bytes[i] = (char)(0x80 | (code & 63));
        bytes[0] = (char)((size == 2 ? 0xc0 : size == 3 ? 0xe0 : 0xf0) | code);
    }
    iso_text_append(text, bytes, size);
}

/* The escape at s, behind its backslash: \n and its kind, \xhh, \uhhhh, \Uhhhhhhhh. Its length, or
 * 0. */
static int read_escape(const char *s, bool bytes, iso_text *text) {
    static const char from[] = "ntr\\'\"abfv", to[] = "\n\t\r\\'\"\a\b\f\v";
    const char *simple = *s ? strchr(from, *s) : NULL;
    if (simple) {
        iso_text_append(text, &to[simple - from], 1);
        return 1;
    }
    int digits = *s == 'x' ? 2 : bytes ? 0 : *s == 'u' ? 4 : *s == 'U' ? 8 : 0;
    uint32_t code = 0;
    for (int i = 1; i <= digits; i++) {
        if (digit_value(s[i]) >= 16)
            return 0;
        code = code << 4 | digit_value(s[i]);
    }
    if (bytes) {
        if (digits)
            iso_text_append(text, &(char){(char)code}, 1);
        return digits ? 3 : 0;
    }
    if (code == 0 || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
        return 0;
    append_utf8(text, code);
    return digits + 1;
}

const char *iso_expr_read_string(iso_context *ctx, bool bytes, const char *source, int *length, char **result, size_t *used) {
    const char *wrong = NULL;
    iso_text text = iso_text_new(ctx);
    int at = 1;
    iso_text_puts(&text, "");
    while (!wrong && source[at] != source[0]) {
        if (!source[at] || source[at] == '\n')
            wrong = "the closing quote is missing";
        else if (source[at] == '\\') {
            int size = read_escape(source + at + 1, bytes, &text);
            if (size == 0)
                wrong = "unknown escape; expected one of \\n \\t \\r \\\\ \\' \\\" \\xhh \\uhhhh";
            else
                at += 1 + size;
        } else if (bytes && (source[at] & 0x80))
            wrong = "bytes can only contain ASCII characters";
        else
            iso_text_append(&text, &source[at++], 1);
    }
    *length = wrong ? at : at + 1;
    if (wrong || !iso_text_ok(&text))
        iso_text_free(&text);
    *result = text.data;
    *used = text.size;
    return wrong;
}
