/* Arithmetic on number literals as Python does it, inside the expr room. */
#ifndef ISO_EXPR_ARITHMETIC_H
#define ISO_EXPR_ARITHMETIC_H

#include "expr/expr.h"

static inline bool iso_expr_is_number(const iso_expr *e) {
    return e->kind == ISO_EXPR_INT || e->kind == ISO_EXPR_FLOAT || e->kind == ISO_EXPR_BOOL;
}

/* An integer node as a number, and back; false where memory is out. */
void iso_expr_get_int(const iso_expr *e, iso_integer *n);
bool iso_expr_set_int(iso_context *ctx, iso_expr *e, const iso_integer *n);

/* What the functions here and in literal.h say is wrong when it is not the text. */
extern const char iso_expr_no_memory[];

/* *result = a op b for numbers a and b; op: + - * / | (for //) % ^ (for **). NULL, or what is
 * wrong. Only the fields of numbers are set. */
const char *iso_expr_apply(iso_context *ctx, char op, const iso_expr *a, const iso_expr *b, iso_expr *result);

#endif
