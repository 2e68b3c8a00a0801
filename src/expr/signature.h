/* Signatures: which arguments a callable takes, with PyTorch's names, order and defaults. One table
 * per callable serves the binding, the error messages with their suggestions, and the
 * documentation. */
#ifndef ISO_EXPR_SIGNATURE_H
#define ISO_EXPR_SIGNATURE_H

#include "expr/expr.h"

typedef enum iso_arg_kind {
    ISO_ARG_INT,
    ISO_ARG_FLOAT,
    ISO_ARG_BOOL,
    ISO_ARG_STRING,
    ISO_ARG_INT2,   /* an int, or two of them in a list or tuple; one value stands for both */
    ISO_ARG_FLOAT2, /* two floats; one value stands for both */
    ISO_ARG_FLOATS, /* floats in a list or tuple; one value stands for a list of one */
    ISO_ARG_ANY     /* bound as the expression itself */
} iso_arg_kind;

typedef struct iso_param {
    const char *name;
    iso_arg_kind kind;
    const char *fallback; /* the default as a Python literal ("None" too; texts without quotes);
                             NULL: required */
    double low, high;     /* inclusive bounds for numbers; both 0: none */
    bool optional;        /* None may be given although it is not the default */
    const char *note;     /* what it takes, for people, where the kind does not tell; NULL: it does */
} iso_param;

typedef struct iso_signature {
    const char *name; /* "Conv2d" */
    const iso_param *params;
    size_t count;
} iso_signature;

#define ISO_MAX_PARAMS 16
#define ISO_MAX_FLOATS 16

/* The value of one parameter after binding. */
typedef struct iso_arg {
    bool given; /* by the caller, not by default */
    bool is_none;
    int64_t i[2];             /* INT, BOOL: i[0]; INT2 */
    double f[ISO_MAX_FLOATS]; /* FLOAT: f[0]; FLOAT2; FLOATS */
    size_t count;             /* FLOATS: how many; INT2, FLOAT2: 2 */
    const char *text;         /* STRING: borrowed from the expression or the signature */
    const iso_expr *expr;     /* as written; NULL if not given */
} iso_arg;

/* "a whole number": what a kind takes, in the words of messages and documentation. */
ISO_FOR_PROGRAM const char *iso_arg_kind_text(iso_arg_kind kind);

/* Binds the call's arguments to the signature, args[i] for params[i]. A bare name is a call without
 * arguments. ISO_EINVAL with a message (unknown keyword and its nearest match, missing argument,
 * wrong type, out of bounds, one argument given twice) and *column of the culprit in the source. */
iso_status iso_bind(iso_context *ctx, const iso_signature *signature, const iso_expr *call, iso_arg args[ISO_MAX_PARAMS],
                    int *column);

#endif
