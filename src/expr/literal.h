/* Numbers and strings of the source text, inside the expr room. */
#ifndef ISO_EXPR_LITERAL_H
#define ISO_EXPR_LITERAL_H

#include "expr/expr.h"

/* Reads the number at `source` (which starts with a digit, or a point before a digit) into *e;
 * *length is how many characters it takes. NULL, or what is wrong. */
const char *iso_expr_read_number(iso_context *ctx, const char *source, int *length, iso_expr *e);

/* Reads the string at `source`, which starts with its quote, or the bytes (without their b); *text, of *size bytes and a zero, is
 * to be freed with iso_free, and NULL where memory was out. NULL, or what is wrong; then *length is where. */
const char *iso_expr_read_string(iso_context *ctx, bool bytes, const char *source, int *length, char **text, size_t *size);

#endif
