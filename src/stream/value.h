/* What an expression evaluates to: Python's scalars and sequences, tensors of PyTorch, arrays of NumPy, modules and generators.
 * A value is a small struct; what it points to is shared by all its copies, as in Python: a change through one is seen by all. */
#ifndef ISO_STREAM_VALUE_H
#define ISO_STREAM_VALUE_H

#include "core/text.h"
#include "expr/integer.h"
#include "isobit/tensor.h"
#include "stream/type.h"

typedef enum iso_value_kind {
    ISO_VALUE_NONE,
    ISO_VALUE_BOOL,
    ISO_VALUE_INT,
    ISO_VALUE_FLOAT,
    ISO_VALUE_STRING,
    ISO_VALUE_BYTES,
    ISO_VALUE_TYPE, /* torch.float32, np.uint8, int */
    ISO_VALUE_LIST,
    ISO_VALUE_TUPLE,
    ISO_VALUE_RANGE,
    ISO_VALUE_TENSOR,
    ISO_VALUE_ARRAY,  /* NumPy's; its scalars have no dimensions */
    ISO_VALUE_MODULE, /* its parameters, in order */
    /* Generators: `data` is the struct of the public header. */
    ISO_VALUE_TORCH_GENERATOR,
    ISO_VALUE_NP_RANDOM_STATE,
    ISO_VALUE_NP_GENERATOR,
    ISO_VALUE_NP_BIT_GENERATOR,
    ISO_VALUE_NP_SEED_SEQUENCE,
    ISO_VALUE_PY_RANDOM
} iso_value_kind;

struct iso_block;
typedef struct iso_value iso_value;
struct iso_value {
    iso_value_kind kind;
    iso_type type;           /* TYPE, TENSOR, ARRAY */
    struct iso_block *block; /* owns what the pointers below point to; NULL where there is nothing */
    union {
        struct {              /* BOOL, INT, FLOAT; TYPE: integer is 1 for Python's own int, float and bool */
            int64_t integer;  /* with is_unsigned the bits of a number above INT64_MAX */
            bool is_unsigned; /* INT */
            double number;    /* FLOAT, and INT as the nearest double */
            iso_integer *big; /* INT that does not fit into 64 bits; otherwise NULL */
        };
        struct { /* TENSOR, ARRAY: elements in row-major order; generators: data only */
            void *data;
            int64_t numel;
            int dims;
            int64_t shape[ISO_MAX_DIMS];
        };
        struct {              /* LIST, TUPLE, MODULE */
            iso_value *items; /* of a MODULE `count` parameters, then their names as STRINGs */
            size_t count;
        };
        struct { /* STRING, BYTES: `size` bytes and a zero */
            char *text;
            size_t size;
        };
        struct { /* RANGE */
            int64_t start, stop, step, length;
        };
    };
};

/* New contents for an empty value; ISO_ENOMEM where memory is out. */
void iso_value_int(iso_value *value, int64_t number);
void iso_value_bool(iso_value *value, bool truth);
void iso_value_float(iso_value *value, double number);
iso_status iso_value_integer(iso_context *ctx, iso_value *value, const iso_integer *number);
iso_status iso_value_text(iso_context *ctx, iso_value *value, iso_value_kind kind, const char *text, size_t size);
/* LIST or TUPLE of `count` times None. */
iso_status iso_value_items(iso_context *ctx, iso_value *value, iso_value_kind kind, size_t count);
/* MODULE of `count` times None without names. */
iso_status iso_value_module(iso_context *ctx, iso_value *value, size_t count);
/* TENSOR or ARRAY of zeros. ISO_EINVAL if the shape is too large or negative. */
iso_status iso_value_array(iso_context *ctx, iso_value *value, iso_value_kind kind, iso_type type, int dims,
                           const int64_t *shape);
iso_status iso_value_tensor(iso_context *ctx, iso_value *value, iso_type type, int dims, const int64_t *shape);
/* A generator of `size` zero bytes. */
iso_status iso_value_object(iso_context *ctx, iso_value *value, iso_value_kind kind, size_t size);

/* Another name for the same thing. `to` is empty. */
void iso_value_share(iso_value *to, const iso_value *from);
/* Gives up this name; what nobody names any more is freed. Empties the value. */
void iso_value_free(iso_context *ctx, iso_value *value);
/* A new tensor or array with the same contents. */
iso_status iso_value_clone(iso_context *ctx, iso_value *to, const iso_value *from);

/* An INT or BOOL (or an array's scalar of such a type) as a number of any size; false if it is something else. */
bool iso_value_to_integer(const iso_value *value, iso_integer *out);
bool iso_value_to_int64(const iso_value *value, int64_t *out);
/* An INT, BOOL, FLOAT or an array's scalar as a double. */
bool iso_value_to_double(const iso_value *value, double *out);

/* LIST, TUPLE, RANGE, STRING, BYTES, TENSOR, ARRAY: how many items; -1 for anything without a length. */
int64_t iso_value_length(const iso_value *value);
/* Item i, 0 <= i < length: shared with the sequence where Python shares it. */
iso_status iso_value_item(iso_context *ctx, const iso_value *value, int64_t i, iso_value *item);
/* Items from (inclusive) to (exclusive), within the length. */
iso_status iso_value_slice(iso_context *ctx, const iso_value *value, int64_t from, int64_t to, iso_value *part);

/* The items as a new list. ISO_EINVAL if they are too many. */
iso_status iso_value_list_of(iso_context *ctx, const iso_value *value, iso_value *list);

/* Element i of a tensor or array as a number, and back with one rounding to the type (integers: truncated). */
double iso_value_get(const iso_value *array, int64_t i);
void iso_value_set(iso_value *array, int64_t i, double number);
/* The same for integers of all 64 bits. */
int64_t iso_value_get_int(const iso_value *array, int64_t i);
void iso_value_set_int(iso_value *array, int64_t i, int64_t number);

/* As Python's print() shows it; tensors and arrays as their tolist(). */
void iso_value_print(iso_text *out, const iso_value *value);
/* The bits: one hexadecimal number per element, most significant digit first, Python ints in decimal. */
void iso_value_print_hex(iso_text *out, const iso_value *value);

#endif
