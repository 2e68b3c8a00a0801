/* Python-like expressions: the one grammar that the recipe, the transforms, the optimiser and
 * `isobit stream` are written in. Literals (int, float, str, True, False, None), arithmetic on them
 * (+ - * / // % **, unary -, parentheses), lists, tuples, dotted names and calls with positional and
 * keyword arguments. Nothing is executed here: the result is a tree, which a reader binds to a signature
 * (signature.h). */
#ifndef ISO_EXPR_EXPR_H
#define ISO_EXPR_EXPR_H

#include "core/context.h"

typedef enum iso_expr_kind {
    ISO_EXPR_NONE,
    ISO_EXPR_BOOL,
    ISO_EXPR_INT,
    ISO_EXPR_FLOAT,
    ISO_EXPR_STRING,
    ISO_EXPR_LIST,
    ISO_EXPR_TUPLE,
    ISO_EXPR_NAME, /* a dotted name: torch.float64 */
    ISO_EXPR_CALL
} iso_expr_kind;

typedef struct iso_expr iso_expr;
struct iso_expr {
    iso_expr_kind kind;
    int column; /* of its first character in the source, from 0 */
    bool boolean;
    int64_t integer;       /* also bit pattern of integers up to 2^64 - 1, see is_unsigned */
    bool is_unsigned;      /* the integer is above INT64_MAX */
    double number;         /* of FLOAT, and of INT as nearest double */
    const char *text;      /* STRING: its value; NAME, CALL: the dotted name */
    size_t count;          /* LIST, TUPLE: items; CALL: all arguments */
    size_t positional;     /* CALL: how many of them have no keyword; they come first */
    iso_expr **items;
    const char **keywords; /* CALL: keywords[i] of items[i], NULL for positional ones */
    const int *keyword_columns;
};

/* Parses one expression. On a syntax error returns ISO_EINVAL; the message names what was expected and
 * *column is where (from 0). Free with iso_expr_free. */
iso_status iso_expr_parse(iso_context *ctx, const char *source, iso_expr **expr, int *column);
void iso_expr_free(iso_context *ctx, iso_expr *expr);

/* The expression written out in one canonical way: keywords kept, floats in the shortest form that
 * reads back to the same double, one space behind commas. */
struct iso_text;
void iso_expr_write(struct iso_text *out, const iso_expr *expr);

/* A float as Python's repr() writes it (shortest digits that round-trip, "1e-05", "inf"). */
void iso_write_repr(struct iso_text *out, double value);

#endif
