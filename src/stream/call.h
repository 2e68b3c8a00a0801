/* How a Python function is made known to the stream: one entry in a table (name, parameters,
 * function), and what such a function works with. */
#ifndef ISO_STREAM_CALL_H
#define ISO_STREAM_CALL_H

#include "expr/signature.h"
#include "stream/stream.h"
#include "stream/value.h"

struct iso_stream {
    iso_torch_generator torch;
};

/* A call with its arguments bound. Functions fill `result`; what they put there is freed by the
 * caller, also on failure. */
typedef struct iso_call {
    iso_context *ctx;
    iso_stream *state;
    const iso_expr *expr;
    const char *name; /* as messages call it */
    iso_value *self;  /* the object of a method, which may change it or move it into the result */
    iso_arg args[ISO_MAX_PARAMS];
    int dims; /* of functions with `sizes`: the shape that *size or size= gave */
    int64_t shape[ISO_MAX_DIMS];
    iso_value *result;
    int *column; /* where in the source a failure lies; preset to the call */
} iso_call;

/* Where a function takes a shape: torch.rand(2, 3), torch.rand((2, 3)), torch.rand(size=(2, 3)). */
typedef enum iso_sizes { ISO_SIZES_NONE, ISO_SIZES_FIRST } iso_sizes;

typedef struct iso_entry {
    iso_signature
        signature;   /* the full name: "torch.rand"; methods of tensors: "Tensor.uniform_" */
    iso_sizes sizes; /* FIRST: the parameters are those behind the shape, by keyword only */
    iso_status (*call)(iso_call *c);
} iso_entry;

/* The tables, each closed by an entry without a name. */
extern const iso_entry iso_stream_torch_create[], iso_stream_torch_draw[],
    iso_stream_torch_methods[], iso_stream_torch_nn[];

/* A parameter, and one with inclusive bounds. */
#define ISO_PARAM(n, k, f)                                                                         \
    { .name = (n), .kind = (k), .fallback = (f) }
#define ISO_PARAM_IN(n, k, f, from, to)                                                            \
    { .name = (n), .kind = (k), .fallback = (f), .low = (from), .high = (to) }

/* For the body of a table entry: a parameter list and its length. */
#define ISO_PARAMS(list) (list), sizeof(list) / sizeof *(list)

/* Argument i as a value; evaluated at each call, so once per argument. Free with iso_value_free. */
iso_status iso_call_value(iso_call *c, size_t i, iso_value *value);
/* Argument i as a tensor; a value that was not given is refused. */
iso_status iso_call_tensor(iso_call *c, size_t i, iso_value *value);
/* Argument i as a dtype; `otherwise` if it is not given or None. */
iso_status iso_call_type(iso_call *c, size_t i, iso_type otherwise, iso_type *type);
/* Argument i as a shape: a whole number, or a list or tuple of them. */
iso_status iso_call_shape(iso_call *c, size_t i, int *dims, int64_t *shape);
/* Fails with the call's name in front, and points at argument i. */
iso_status iso_call_fail(iso_call *c, size_t i, const char *format, ...) ISO_PRINTF(3, 4);

#endif
