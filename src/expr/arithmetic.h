/* Arithmetic on number literals as Python does it, inside the expr room. */
#ifndef ISO_EXPR_ARITHMETIC_H
#define ISO_EXPR_ARITHMETIC_H

#include "expr/expr.h"

static inline bool iso_expr_is_number(const iso_expr *e) {
    return e->kind == ISO_EXPR_INT || e->kind == ISO_EXPR_FLOAT || e->kind == ISO_EXPR_BOOL;
}

/* Makes *e the integer with this sign and magnitude; false if it does not fit into 64 bits (signed
 * or unsigned). */
bool iso_expr_set_int(iso_expr *e, bool negative, uint64_t magnitude);

/* *result = a op b for numbers a and b; op: + - * / | (for //) % ^ (for **). NULL, or what is
 * wrong. Only the fields of numbers are set. */
const char *iso_expr_apply(char op, const iso_expr *a, const iso_expr *b, iso_expr *result);

#endif
