/* Element types of tensors and arrays. */
#ifndef ISO_STREAM_TYPE_H
#define ISO_STREAM_TYPE_H

#include "core/compiler.h"

/* Floats first, then integers, then bool. */
typedef enum iso_type {
    ISO_TYPE_F64,
    ISO_TYPE_F32,
    ISO_TYPE_F16,
    ISO_TYPE_BF16,
    ISO_TYPE_I64,
    ISO_TYPE_I32,
    ISO_TYPE_I16,
    ISO_TYPE_I8,
    ISO_TYPE_U64,
    ISO_TYPE_U32,
    ISO_TYPE_U16,
    ISO_TYPE_U8,
    ISO_TYPE_BOOL
} iso_type;

typedef struct iso_type_info {
    const char *name; /* "float32" */
    size_t size;
    int digits;        /* whole numbers up to 2^digits are exact */
    int64_t low, high; /* range; of floats: -2^digits .. 2^digits; of uint64 the upper half is left out */
} iso_type_info;

const iso_type_info *iso_type_of(iso_type type);
static inline bool iso_type_is_float(iso_type type) {
    return type <= ISO_TYPE_BF16;
}
static inline bool iso_type_is_unsigned(iso_type type) {
    return type >= ISO_TYPE_U64;
}

/* "float32", and PyTorch's second names "float", "long", ... False if there is no such type. */
bool iso_type_from_name(const char *name, iso_type *type);
/* The same in NumPy's and Python's words: "float32", "int", "float", "bool", "intp". */
bool iso_type_from_numpy_name(const char *name, iso_type *type);

/* The bits of an element at `data` as a number, and back with one rounding (integers: truncated); and for integers of all 64
 * bits. */
double iso_type_get(iso_type type, const void *data, int64_t i);
void iso_type_set(iso_type type, void *data, int64_t i, double number);
int64_t iso_type_get_int(iso_type type, const void *data, int64_t i);
void iso_type_set_int(iso_type type, void *data, int64_t i, int64_t number);

#endif
