#include <math.h>
#include <string.h>

#include "expr/expr.h"

static void write_string(iso_text *out, const char *text, size_t size, bool ascii) {
    iso_text_puts(out, "'");
    for (const char *c = text; c < text + size; c++) {
        if (*c == '\n' || *c == '\t' || *c == '\r')
            iso_text_printf(out, "\\%c", *c == '\n' ? 'n' : *c == '\t' ? 't' : 'r');
        else if ((unsigned char)*c < ' ' || *c == 127 || (ascii && (unsigned char)*c > 127))
            iso_text_printf(out, "\\x%02x", (unsigned char)*c);
        else {
            if (*c == '\'' || *c == '\\')
                iso_text_puts(out, "\\");
            iso_text_append(out, c, 1);
        }
    }
    iso_text_puts(out, "'");
}

static void write_items(iso_text *out, const iso_expr *e) {
    for (size_t i = 0; i < e->count; i++) {
        if (i)
            iso_text_puts(out, ", ");
        if (e->kind == ISO_EXPR_CALL && e->keywords[i])
            iso_text_printf(out, "%s=", e->keywords[i]);
        iso_expr_write(out, e->items[i]);
    }
}

static void write_number(iso_text *out, const iso_expr *e) {
    if (e->kind == ISO_EXPR_FLOAT && isinf(e->number)) /* reads back */
        iso_text_puts(out, e->number < 0 ? "-1e999" : "1e999");
    else if (e->kind == ISO_EXPR_FLOAT)
        iso_write_repr(out, e->number);
    else if (e->big)
        iso_integer_write(out, e->big);
    else if (e->is_unsigned)
        iso_text_printf(out, "%llu", (unsigned long long)e->integer);
    else
        iso_text_printf(out, "%lld", (long long)e->integer);
}

static void write_slice(iso_text *out, const iso_expr *e) {
    iso_text_puts(out, "[");
    for (int i = 0; i < 2; i++) {
        iso_text_puts(out, i ? ":" : "");
        if (e->items[i]->kind != ISO_EXPR_NONE)
            iso_expr_write(out, e->items[i]);
    }
    iso_text_puts(out, "]");
}

/* What stands before the dot. Behind a bare number the dot would be its decimal point, and a sign would come last. */
static void write_object(iso_text *out, const iso_expr *e) {
    bool number = e->object->kind == ISO_EXPR_INT || e->object->kind == ISO_EXPR_FLOAT;
    iso_text_puts(out, number ? "(" : "");
    iso_expr_write(out, e->object);
    iso_text_puts(out, number ? ")" : "");
    if (e->kind == ISO_EXPR_NAME || e->kind == ISO_EXPR_CALL)
        iso_text_puts(out, ".");
}

void iso_expr_write(iso_text *out, const iso_expr *e) {
    if (e->object)
        write_object(out, e);
    switch (e->kind) {
    case ISO_EXPR_NONE:
        iso_text_puts(out, "None");
        break;
    case ISO_EXPR_BOOL:
        iso_text_puts(out, e->boolean ? "True" : "False");
        break;
    case ISO_EXPR_INT:
    case ISO_EXPR_FLOAT:
        write_number(out, e);
        break;
    case ISO_EXPR_STRING:
        write_string(out, e->text, strlen(e->text), false);
        break;
    case ISO_EXPR_BYTES:
        iso_text_puts(out, "b");
        write_string(out, e->text, e->size, true);
        break;
    case ISO_EXPR_NAME:
        iso_text_puts(out, e->text);
        break;
    case ISO_EXPR_LIST:
    case ISO_EXPR_TUPLE:
        iso_text_puts(out, e->kind == ISO_EXPR_LIST ? "[" : "(");
        write_items(out, e);
        iso_text_puts(out, e->kind == ISO_EXPR_LIST ? "]" : e->count == 1 ? ",)" : ")");
        break;
    case ISO_EXPR_CALL:
        iso_text_puts(out, e->text);
        iso_text_puts(out, "(");
        write_items(out, e);
        iso_text_puts(out, ")");
        break;
    case ISO_EXPR_ITEM:
        iso_text_puts(out, "[");
        iso_expr_write(out, e->items[0]);
        iso_text_puts(out, "]");
        break;
    case ISO_EXPR_SLICE:
        write_slice(out, e);
        break;
    default: /* ISO_EXPR_COMPREHENSION */
        iso_text_puts(out, "[");
        iso_expr_write(out, e->items[0]);
        iso_text_printf(out, " for %s in ", e->text);
        iso_expr_write(out, e->items[1]);
        iso_text_puts(out, "]");
        break;
    }
}
