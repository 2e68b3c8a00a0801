/* What an expression evaluates to: Python's scalars, sequences, and tensors of PyTorch's types. */
#ifndef ISO_STREAM_VALUE_H
#define ISO_STREAM_VALUE_H

#include "core/text.h"
#include "isobit/tensor.h"

/* Element types; floats first, then integers, then bool. */
typedef enum iso_type {
    ISO_TYPE_F64,
    ISO_TYPE_F32,
    ISO_TYPE_F16,
    ISO_TYPE_BF16,
    ISO_TYPE_I64,
    ISO_TYPE_I32,
    ISO_TYPE_I16,
    ISO_TYPE_I8,
    ISO_TYPE_U8,
    ISO_TYPE_BOOL
} iso_type;

typedef struct iso_type_info {
    const char *name; /* "float32" */
    size_t size;
    int digits;        /* whole numbers up to 2^digits are exact */
    int64_t low, high; /* range; of floats: -2^digits .. 2^digits */
} iso_type_info;

const iso_type_info *iso_type_of(iso_type type);
static inline bool iso_type_is_float(iso_type type) {
    return type <= ISO_TYPE_BF16;
}
/* "float32", and PyTorch's second names "float", "long", ... False if there is no such type. */
bool iso_type_from_name(const char *name, iso_type *type);

typedef enum iso_value_kind {
    ISO_VALUE_NONE,
    ISO_VALUE_BOOL,
    ISO_VALUE_INT,
    ISO_VALUE_FLOAT,
    ISO_VALUE_STRING,
    ISO_VALUE_TYPE, /* torch.float32 */
    ISO_VALUE_LIST,
    ISO_VALUE_TUPLE,
    ISO_VALUE_TENSOR,
    ISO_VALUE_MODULE /* items: its parameters, in order; names: theirs */
} iso_value_kind;

typedef struct iso_value iso_value;
struct iso_value {
    iso_value_kind kind;
    int64_t integer; /* BOOL, INT; with is_unsigned the bits of a number above INT64_MAX */
    bool is_unsigned;
    double number;    /* FLOAT, and INT as the nearest double */
    const char *text; /* STRING: borrowed */
    iso_type type;    /* TYPE, TENSOR */
    int dims;         /* TENSOR: shape, number of elements, elements in row-major order (owned) */
    int64_t shape[ISO_MAX_DIMS], numel;
    void *data;
    iso_value *items; /* LIST, TUPLE, MODULE: owned */
    const char *const *names;
    size_t count;
};

/* A zeroed tensor in an empty value. ISO_EINVAL if the shape is too large, ISO_ENOMEM. */
iso_status iso_value_tensor(iso_context *ctx, iso_value *value, iso_type type, int dims,
                            const int64_t *shape);
/* Frees what the value owns and empties it. */
void iso_value_free(iso_context *ctx, iso_value *value);

/* Element i of a tensor as a number, and back with one rounding to the type (integers: truncated).
 */
double iso_value_get(const iso_value *tensor, int64_t i);
void iso_value_set(iso_value *tensor, int64_t i, double number);
/* The same for integers of all 64 bits. */
int64_t iso_value_get_int(const iso_value *tensor, int64_t i);
void iso_value_set_int(iso_value *tensor, int64_t i, int64_t number);

/* As Python prints it; tensors as their tolist(). */
void iso_value_print(iso_text *out, const iso_value *value);
/* The bits: one hexadecimal number per element, most significant digit first, Python ints in
 * decimal. */
void iso_value_print_hex(iso_text *out, const iso_value *value);

#endif
