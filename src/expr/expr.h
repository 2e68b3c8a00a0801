/* Python-like expressions: the one grammar that the recipe, the transforms, the optimiser and
 * `isobit stream` are written in. Literals (int, float, str, True, False, None), arithmetic on
 * numbers (+ - * / // % **, signs, parentheses), lists, tuples, dotted names, calls with positional
 * and keyword arguments, attributes of calls (torch.empty(3).uniform_()), items and slices
 * (x[0], x[:4]). Nothing is executed here: the result is a tree, which a reader binds to a signature
 * (signature.h). */
#ifndef ISO_EXPR_EXPR_H
#define ISO_EXPR_EXPR_H

#include "core/text.h"
#include "expr/integer.h"

typedef enum iso_expr_kind {
    ISO_EXPR_NONE,
    ISO_EXPR_BOOL,
    ISO_EXPR_INT,
    ISO_EXPR_FLOAT,
    ISO_EXPR_STRING,
    ISO_EXPR_BYTES,
    ISO_EXPR_LIST,
    ISO_EXPR_TUPLE,
    ISO_EXPR_NAME, /* a dotted name: torch.float64 */
    ISO_EXPR_CALL,
    ISO_EXPR_ITEM,         /* object[items[0]] */
    ISO_EXPR_SLICE,        /* object[items[0]:items[1]]; None where nothing is written */
    ISO_EXPR_COMPREHENSION /* [items[0] for text in items[1]] */
} iso_expr_kind;

typedef struct iso_expr iso_expr;
struct iso_expr {
    iso_expr_kind kind;
    int column; /* of its first character in the source, from 0 */
    bool boolean;
    int64_t integer; /* INT that fits; with is_unsigned the bits of a number from 2^63 to 2^64 - 1 */
    bool is_unsigned;
    iso_integer *big; /* INT that does not fit into 64 bits; otherwise NULL */
    double number;    /* FLOAT, and INT as the nearest double */
    char *text;       /* STRING, BYTES: its value; NAME, CALL: the dotted name */
    size_t size;      /* BYTES: how many; they may be zero */
    iso_expr *object; /* NAME, CALL: what the attribute or method belongs to, when that is not a name itself; NULL otherwise */
    size_t count, capacity; /* LIST, TUPLE: items; CALL: all arguments */
    size_t positional;      /* CALL: how many of them have no keyword; they come first */
    iso_expr **items;
    char **keywords; /* CALL: keywords[i] of items[i], NULL for positional ones */
    int *keyword_columns;
};

/* Parses one expression. On a syntax error returns ISO_EINVAL; the message names what was expected
 * and *column is where (from 0). Free with iso_expr_free. */
iso_status iso_expr_parse(iso_context *ctx, const char *source, iso_expr **expr, int *column);
void iso_expr_free(iso_context *ctx, iso_expr *expr);

/* The expression written out in one canonical way: keywords kept, floats in the shortest form that
 * reads back to the same double, one space behind commas, strings in single quotes. */
void iso_expr_write(iso_text *out, const iso_expr *expr);

/* A float as Python's repr() writes it: the shortest digits that read back to the same double,
 * "1e-05", "inf". */
void iso_write_repr(iso_text *out, double value);
/* The same for binary32, as NumPy prints one. */
void iso_write_repr_f32(iso_text *out, float value);

/* A double from decimal digits, whatever the locale; *end is behind them. */
double iso_read_double(const char *text, const char **end);

#endif
