/* What NumPy's two families of functions share in the stream: results with or without a size, sequences as arrays, shuffles. */
#ifndef ISO_STREAM_NUMPY_H
#define ISO_STREAM_NUMPY_H

#include "stream/call.h"

/* Parameters as most functions have them. */
#define ISO_SIZE ISO_PARAM("size", ISO_ARG_ANY, "None")

/* The result of a function whose parameter `i` is size=: an array of this type, and how many elements it has; without a size (or
 * with None) *scalar is set, and the array has one element and no dimensions. */
iso_status iso_np_result(iso_call *c, size_t i, iso_type type, bool *scalar);
/* Turns the result of a call without a size into Python's own number. */
void iso_np_to_scalar(iso_call *c);

/* Argument i, an array or nested lists of numbers, as an array; shared where it is one. */
iso_status iso_np_array(iso_call *c, size_t i, iso_value *array);
/* Argument i as `count` float64 in a row; freed with iso_free. */
iso_status iso_np_doubles(iso_call *c, size_t i, double **out, size_t *count);
/* Argument i as the words that NumPy makes of a seed: an int of any size, or a list or array of them. */
iso_status iso_np_seed_words(iso_call *c, size_t i, uint32_t *words, size_t room, size_t *count);

/* How a function draws n numbers into `out`; `object` is the generator's data. False: NumPy refuses the arguments. */
typedef bool (*iso_np_real)(void *object, double *out, size_t n, const double *parameters);
typedef bool (*iso_np_counts)(void *object, int64_t *out, size_t n, const iso_arg *args);
typedef void (*iso_np_byte_fill)(void *object, uint8_t *out, size_t n);
/* A function of `count` parameters, which stand before its size=. */
iso_status iso_np_draw_real(iso_call *c, size_t count, iso_np_real draw);
iso_status iso_np_draw_counts(iso_call *c, size_t count, iso_np_counts draw);
/* bytes(length) */
iso_status iso_np_draw_bytes(iso_call *c, iso_np_byte_fill draw);
iso_status iso_np_refused(iso_call *c);

/* The arguments low, high, size and dtype (0 to 3) of randint and integers: both bounds inclusive, as 64 bits of the type. */
typedef struct iso_np_range {
    iso_type type;
    int64_t low, last;
    bool python; /* dtype is Python's own int or bool: a single number is Python's, too */
} iso_np_range;
iso_status iso_np_read_range(iso_call *c, bool endpoint, iso_np_range *range);

/* choice(a, size, replace, p, ...) by a family's own draws: n indices, and how many elements of 8 bytes these need as scratch. */
typedef struct iso_np_chooser {
    bool (*choose)(iso_call *c, int64_t *out, size_t n, int64_t population, const double *p, void *scratch);
    size_t (*scratch)(const iso_call *c, size_t n, int64_t population);
} iso_np_chooser;
iso_status iso_np_choose(iso_call *c, const iso_np_chooser *chooser);

/* The items of argument i (a list, a range, an array) with these indices, in the shape of the result's size= (parameter `size`):
 * an array for numbers, a list for others, the item itself without a size. */
iso_status iso_np_take(iso_call *c, size_t i, size_t size, const int64_t *indices);

/* shuffle(x): argument 0 in place; and permutation(x): argument 0 (a number: the numbers below it) shuffled in a new array. */
typedef void (*iso_np_shuffler)(void *generator, void *items, size_t n, size_t size);
iso_status iso_np_shuffle_argument(iso_call *c, iso_np_shuffler shuffle);
iso_status iso_np_permute_argument(iso_call *c, iso_np_shuffler shuffle);

#endif
