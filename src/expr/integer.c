#include "expr/integer.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

static void trim(iso_integer *n) {
    while (n->count > 0 && n->words[n->count - 1] == 0)
        n->count--;
    if (n->count == 0)
        n->negative = false;
}

void iso_integer_set(iso_integer *n, bool negative, uint64_t magnitude) {
    n->negative = negative;
    n->count = 2;
    n->words[0] = (uint32_t)magnitude;
    n->words[1] = (uint32_t)(magnitude >> 32);
    trim(n);
}

bool iso_integer_set_words(iso_integer *n, const uint32_t *words, size_t count) {
    while (count > 0 && words[count - 1] == 0)
        count--;
    if (count > ISO_INTEGER_WORDS)
        return false;
    n->negative = false;
    n->count = (uint32_t)count;
    memcpy(n->words, words, count * sizeof *words);
    return true;
}

/* ---- Magnitudes ---- */

static int compare_magnitudes(const iso_integer *a, const iso_integer *b) {
    if (a->count != b->count)
        return a->count < b->count ? -1 : 1;
    for (uint32_t i = a->count; i-- > 0;)
        if (a->words[i] != b->words[i])
            return a->words[i] < b->words[i] ? -1 : 1;
    return 0;
}

/* One more word at the top, unless it is 0; false if there is no room. */
static bool push(iso_integer *n, uint32_t word) {
    if (word && n->count >= ISO_INTEGER_WORDS)
        return false;
    if (word)
        n->words[n->count++] = word;
    return true;
}

static bool add_magnitudes(const iso_integer *a, const iso_integer *b, iso_integer *sum) {
    /* Counts are never more; gcc warns unless it sees it. */
    uint32_t count = (uint32_t)iso_min64(iso_max64(a->count, b->count), ISO_INTEGER_WORDS);
    uint64_t carry = 0;
    for (uint32_t i = 0; i < count; i++) {
        carry += (uint64_t)(i < a->count ? a->words[i] : 0) + (i < b->count ? b->words[i] : 0);
        sum->words[i] = (uint32_t)carry;
        carry >>= 32;
    }
    sum->count = count;
    return push(sum, (uint32_t)carry);
}

/* |a| - |b| for |a| >= |b|. */
static void subtract_magnitudes(const iso_integer *a, const iso_integer *b, iso_integer *difference) {
    int64_t borrow = 0;
    uint32_t count = a->count;
    for (uint32_t i = 0; i < count; i++) {
        int64_t d = (int64_t)a->words[i] - (i < b->count ? b->words[i] : 0) + borrow;
        difference->words[i] = (uint32_t)d;
        borrow = d < 0 ? -1 : 0;
    }
    difference->count = count;
}

/* n = n * factor + addend */
static bool multiply_small(iso_integer *n, uint32_t factor, uint32_t addend) {
    uint64_t carry = addend;
    for (uint32_t i = 0; i < n->count; i++) {
        carry += (uint64_t)n->words[i] * factor;
        n->words[i] = (uint32_t)carry;
        carry >>= 32;
    }
    return push(n, (uint32_t)carry);
}

/* Divides n by `divisor` in place; returns the rest. */
static uint32_t divide_small(iso_integer *n, uint32_t divisor) {
    uint64_t rest = 0;
    for (uint32_t i = n->count; i-- > 0;) {
        rest = rest << 32 | n->words[i];
        n->words[i] = (uint32_t)(rest / divisor);
        rest %= divisor;
    }
    trim(n);
    return (uint32_t)rest;
}

static bool bit(const iso_integer *n, uint32_t i) {
    return n->words[i / 32] >> i % 32 & 1;
}

/* ---- Arithmetic ---- */

static bool add_signed(const iso_integer *a, bool a_negative, const iso_integer *b, bool b_negative, iso_integer *result) {
    bool fits = true;
    if (a_negative == b_negative) {
        fits = add_magnitudes(a, b, result);
        result->negative = a_negative;
    } else if (compare_magnitudes(a, b) >= 0) {
        subtract_magnitudes(a, b, result);
        result->negative = a_negative;
    } else {
        subtract_magnitudes(b, a, result);
        result->negative = b_negative;
    }
    trim(result);
    return fits;
}

bool iso_integer_add(const iso_integer *a, const iso_integer *b, iso_integer *result) {
    return add_signed(a, a->negative, b, b->negative, result);
}

bool iso_integer_subtract(const iso_integer *a, const iso_integer *b, iso_integer *result) {
    return add_signed(a, a->negative, b, !b->negative, result);
}

bool iso_integer_multiply(const iso_integer *a, const iso_integer *b, iso_integer *result) {
    uint32_t words[2 * ISO_INTEGER_WORDS] = {0}, count = a->count + b->count;
    bool negative = a->negative != b->negative;
    for (uint32_t i = 0; i < a->count; i++) {
        uint64_t carry = 0;
        for (uint32_t j = 0; j < b->count; j++) {
            carry += (uint64_t)a->words[i] * b->words[j] + words[i + j];
            words[i + j] = (uint32_t)carry;
            carry >>= 32;
        }
        words[i + b->count] = (uint32_t)carry;
    }
    if (!iso_integer_set_words(result, words, count))
        return false;
    result->negative = negative && result->count > 0;
    return true;
}

bool iso_integer_power(const iso_integer *a, uint64_t exponent, iso_integer *result) {
    iso_integer base = *a;
    iso_integer_set(result, false, 1);
    for (; exponent > 0; exponent >>= 1) {
        if (exponent & 1 && !iso_integer_multiply(result, &base, result))
            return false;
        if (exponent > 1 && !iso_integer_multiply(&base, &base, &base))
            return false;
    }
    return true;
}

void iso_integer_divide(const iso_integer *a, const iso_integer *b, iso_integer *quotient, iso_integer *rest) {
    iso_integer q = {0}, r = {0}, one;
    bool negative = b->negative, differ = a->negative != b->negative;
    iso_integer divisor = *b;
    q.count = a->count;
    for (uint32_t i = iso_integer_bits(a); i-- > 0;) {
        multiply_small(&r, 2, bit(a, i));
        if (compare_magnitudes(&r, &divisor) >= 0) {
            subtract_magnitudes(&r, &divisor, &r);
            trim(&r);
            q.words[i / 32] |= 1u << i % 32;
        }
    }
    trim(&q);
    if (differ && r.count > 0) {
        iso_integer_set(&one, false, 1);
        add_magnitudes(&q, &one, &q); /* fits: it is at most |a| */
        subtract_magnitudes(&divisor, &r, &r);
    }
    q.negative = differ;
    r.negative = negative;
    trim(&q);
    trim(&r);
    *quotient = q;
    *rest = r;
}

int iso_integer_compare(const iso_integer *a, const iso_integer *b) {
    if (a->negative != b->negative)
        return a->negative ? -1 : 1;
    int order = compare_magnitudes(a, b);
    return a->negative ? -order : order;
}

uint32_t iso_integer_bits(const iso_integer *n) {
    return n->count == 0 ? 0 : 32 * n->count - (uint32_t)__builtin_clz(n->words[n->count - 1]);
}

/* ---- Conversions ---- */

/* The upper 62 bits or fewer of n, the lowest set where anything is cut off, and how many bits that was. */
static uint64_t leading_bits(const iso_integer *n, uint32_t *cut) {
    uint32_t bits = iso_integer_bits(n);
    uint64_t top = 0;
    *cut = bits > 62 ? bits - 62 : 0;
    for (uint32_t i = bits; i-- > *cut;)
        top = top << 1 | bit(n, i);
    for (uint32_t i = 0; i < *cut && !(top & 1); i++)
        top |= bit(n, i);
    return top;
}

double iso_integer_to_double(const iso_integer *n) {
    uint32_t cut;
    uint64_t top = leading_bits(n, &cut);
    double magnitude = ldexp((double)top, (int)cut);
    return n->negative ? -magnitude : magnitude;
}

double iso_integer_true_quotient(const iso_integer *a, const iso_integer *b) {
    /* The quotient's first 64 bits or more; the rest only says whether anything is left. */
    iso_integer x = *a, y = *b, q, r, missing;
    x.negative = y.negative = false;
    iso_integer_divide(&x, &y, &q, &r);
    int shift = 0, wanted = 64 + (int)iso_integer_bits(b) - (int)iso_integer_bits(a);
    for (; shift < wanted; shift++) { /* one more bit: r is doubled, which may have no room before y is taken off */
        subtract_magnitudes(&y, &r, &missing);
        trim(&missing);
        bool one = compare_magnitudes(&r, &missing) >= 0;
        if (one)
            subtract_magnitudes(&r, &missing, &r);
        else
            add_magnitudes(&r, &r, &r);
        trim(&r);
        multiply_small(&q, 2, one);
    }
    uint32_t cut;
    uint64_t top = leading_bits(&q, &cut) | (r.count > 0);
    double quotient = ldexp((double)top, (int)cut - shift);
    return a->negative != b->negative ? -quotient : quotient;
}

bool iso_integer_to_uint64(const iso_integer *n, uint64_t *out) {
    if (n->negative || n->count > 2)
        return false;
    *out = (uint64_t)(n->count > 1 ? n->words[1] : 0) << 32 | (n->count > 0 ? n->words[0] : 0);
    return true;
}

bool iso_integer_to_int64(const iso_integer *n, int64_t *out) {
    iso_integer magnitude = {.count = n->count};
    uint64_t bits;
    if (n->count > 2)
        return false;
    memcpy(magnitude.words, n->words, n->count * sizeof *n->words);
    iso_integer_to_uint64(&magnitude, &bits);
    if (bits > (uint64_t)INT64_MAX + n->negative)
        return false;
    *out = (int64_t)(n->negative ? 0 - bits : bits);
    return true;
}

bool iso_integer_read(iso_integer *n, const char *digits, unsigned base) {
    n->negative = false;
    n->count = 0;
    for (const char *c = digits; *c; c++) {
        unsigned value = *c <= '9' ? (unsigned)(*c - '0') : (unsigned)(tolower((unsigned char)*c) - 'a') + 10;
        if (!multiply_small(n, base, value))
            return false;
    }
    trim(n);
    return true;
}

void iso_integer_write(iso_text *out, const iso_integer *n) {
    char digits[ISO_INTEGER_WORDS * 10 + 2];
    size_t at = sizeof digits;
    iso_integer rest = *n;
    rest.negative = false;
    do {
        uint32_t part = divide_small(&rest, 1000000000u);
        for (int i = 0; i < 9 && (part || rest.count || i == 0); i++, part /= 10)
            digits[--at] = (char)('0' + part % 10);
    } while (rest.count);
    if (n->negative)
        digits[--at] = '-';
    iso_text_append(out, digits + at, sizeof digits - at);
}
