/* Numbers and strings of the source text, inside the expr room. */
#ifndef ISO_EXPR_LITERAL_H
#define ISO_EXPR_LITERAL_H

#include "expr/expr.h"

/* Reads the number at `source` (which starts with a digit, or a point before a digit) into *e;
 * *length is how many characters it takes. NULL, or what is wrong. */
const char *iso_expr_read_number(const char *source, int *length, iso_expr *e);

/* Reads the string at `source`, which starts with its quote; *text is to be freed with iso_free,
 * and NULL where memory was out. NULL, or what is wrong; then *length is where. */
const char *iso_expr_read_string(iso_context *ctx, const char *source, int *length, char **text);

#endif
