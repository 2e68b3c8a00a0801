/* Whole numbers as Python has them, up to a bound that no random stream needs: arithmetic on literals, seeds, ranges and the
 * results of getrandbits. */
#ifndef ISO_EXPR_INTEGER_H
#define ISO_EXPR_INTEGER_H

#include "core/text.h"

#define ISO_INTEGER_WORDS 320 /* 10240 bits */

/* Sign and magnitude, least significant word first; count is without leading zeros, 0 is {false, 0}. */
typedef struct iso_integer {
    bool negative;
    uint32_t count;
    uint32_t words[ISO_INTEGER_WORDS];
} iso_integer;

void iso_integer_set(iso_integer *n, bool negative, uint64_t magnitude);
/* From `count` words, least significant first; false if they are too many. */
bool iso_integer_set_words(iso_integer *n, const uint32_t *words, size_t count);

/* The functions below return false where the result has too many bits. `result` may be an operand. */
bool iso_integer_add(const iso_integer *a, const iso_integer *b, iso_integer *result);
bool iso_integer_subtract(const iso_integer *a, const iso_integer *b, iso_integer *result);
bool iso_integer_multiply(const iso_integer *a, const iso_integer *b, iso_integer *result);
bool iso_integer_power(const iso_integer *a, uint64_t exponent, iso_integer *result);
/* Python's // and %: towards minus infinity, the rest takes the divisor's sign. b is not 0. */
void iso_integer_divide(const iso_integer *a, const iso_integer *b, iso_integer *quotient, iso_integer *rest);

int iso_integer_compare(const iso_integer *a, const iso_integer *b); /* -1, 0, 1 */
uint32_t iso_integer_bits(const iso_integer *n);                     /* bit_length() */
double iso_integer_to_double(const iso_integer *n);                  /* rounded once; inf if too large */
/* a / b as Python divides: rounded once. b is not 0. */
double iso_integer_true_quotient(const iso_integer *a, const iso_integer *b);
/* False if the number lies outside. */
bool iso_integer_to_int64(const iso_integer *n, int64_t *out);
bool iso_integer_to_uint64(const iso_integer *n, uint64_t *out);

/* The digits in this base (2 to 36), which the caller has checked. False if there are too many. */
bool iso_integer_read(iso_integer *n, const char *digits, unsigned base);
void iso_integer_write(iso_text *out, const iso_integer *n);

#endif
