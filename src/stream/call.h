/* How a Python function is made known to the stream: one entry in a table (name, parameters,
 * function), and what such a function works with. */
#ifndef ISO_STREAM_CALL_H
#define ISO_STREAM_CALL_H

#include "expr/signature.h"
#include "isobit/random/torch_cuda.h"
#include "stream/stream.h"
#include "stream/value.h"

/* The global generators of the libraries, and the names that expressions have given. */
struct iso_stream {
    iso_torch_cuda_generator cuda;  /* of streams named torch-cuda; sms is 0 otherwise */
    iso_value torch, numpy, python; /* torch.default_generator, numpy.random's RandomState, random's Random */
    iso_value *values;
    char **names;
    size_t count, capacity, name_capacity;
};

/* A call with its arguments bound. Functions fill `result`; what they put there is freed by the
 * caller, also on failure. */
typedef struct iso_call {
    iso_context *ctx;
    iso_stream *state;
    const iso_expr *expr;
    const char *name;                        /* as messages call it */
    iso_value *self;                         /* of a method: its object */
    iso_torch_generator *torch;              /* what functions of torch draw on: generator=, or the default one */
    iso_arg args[ISO_MAX_PARAMS];            /* numbers, truths and texts as the parameter's kind says */
    const iso_value *values[ISO_MAX_PARAMS]; /* every argument that was given, as it was evaluated; otherwise NULL */
    int dims;                                /* of functions with `sizes`: the shape that *size or size= gave */
    int64_t shape[ISO_MAX_DIMS];
    iso_value *result;
    int *column; /* where in the source a failure lies; preset to the call */
} iso_call;

/* Where a function takes a shape: torch.rand(2, 3), torch.rand((2, 3)), torch.rand(size=(2, 3)); np.random.rand(2, 3). */
typedef enum iso_sizes { ISO_SIZES_NONE, ISO_SIZES_FIRST, ISO_SIZES_ALL } iso_sizes;

typedef struct iso_entry {
    iso_signature signature; /* the full name: "torch.rand"; methods: "torch.Tensor.uniform_" */
    iso_sizes sizes;         /* FIRST: the parameters are those behind the shape, by keyword only */
    iso_status (*call)(iso_call *c);
} iso_entry;

/* The tables, each closed by an entry without a name. */
extern const iso_entry iso_stream_torch_create[], iso_stream_torch_draw[], iso_stream_torch_methods[], iso_stream_torch_init[],
    iso_stream_torch_nn[], iso_stream_python_random[], iso_stream_numpy_legacy[], iso_stream_numpy_generator[],
    iso_stream_numpy_create[];

/* A parameter, and one with inclusive bounds. */
#define ISO_PARAM(n, k, f)                                                                                                       \
    { .name = (n), .kind = (k), .fallback = (f) }
#define ISO_PARAM_IN(n, k, f, from, to)                                                                                          \
    { .name = (n), .kind = (k), .fallback = (f), .low = (from), .high = (to) }

/* For the body of a table entry: a parameter list and its length. */
#define ISO_PARAMS(list) (list), sizeof(list) / sizeof *(list)

/* The entry of a full name; NULL if there is none. */
const iso_entry *iso_stream_find(const char *name);
/* "unknown function" or "method", with the nearest name of the same kind that there is. */
iso_status iso_stream_unknown(iso_context *ctx, const char *name, const char *shown);
/* The full name of a function in Python's customary spellings (np.random.rand, F.dropout), in `buffer`. */
#define ISO_MAX_NAME 128
const char *iso_stream_full_name(const char *name, char buffer[ISO_MAX_NAME]);
/* What methods of such a value are called by: "torch.Tensor."; NULL if it has none. */
const char *iso_stream_methods_of(iso_value_kind kind);

/* Argument i as a tensor, shared with the caller's; anything else is refused. */
iso_status iso_call_tensor(iso_call *c, size_t i, iso_value *value);
/* Argument i as a dtype; `otherwise` if it is not given or None. */
iso_status iso_call_type(iso_call *c, size_t i, iso_type otherwise, iso_type *type);
/* Argument i as a shape: a whole number, or a list or tuple of them. */
iso_status iso_call_shape(iso_call *c, size_t i, int *dims, int64_t *shape);
/* Nested lists of numbers, argument i, as a new tensor or array: whole numbers int64, others float_type, unless argument type_at
 * (or ISO_NO_ARGUMENT) names a dtype. */
iso_status iso_call_nested(iso_call *c, size_t i, iso_value_kind kind, iso_type float_type, size_t type_at, iso_value *array);
/* Fails with the call's name in front, and points at argument i. */
iso_status iso_call_fail(iso_call *c, size_t i, const char *format, ...) ISO_PRINTF(3, 4);
/* The same, pointing at the call. */
#define ISO_NO_ARGUMENT ISO_MAX_PARAMS

#endif
