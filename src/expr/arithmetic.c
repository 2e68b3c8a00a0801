#include "expr/arithmetic.h"

#include <math.h>

/* An integer as sign and magnitude, so that the whole of -2^63 .. 2^64 - 1 can be reckoned with. */
typedef struct integer {
    bool negative;
    uint64_t magnitude;
} integer;

static integer integer_of(const iso_expr *e) {
    bool negative = e->integer < 0 && !e->is_unsigned;
    return (integer){negative, negative ? 0 - (uint64_t)e->integer : (uint64_t)e->integer};
}

bool iso_expr_set_int(iso_expr *e, bool negative, uint64_t magnitude) {
    if (negative && magnitude > (uint64_t)1 << 63)
        return false;
    e->kind = ISO_EXPR_INT;
    e->is_unsigned = !negative && magnitude > INT64_MAX;
    e->integer = (int64_t)(negative ? 0 - magnitude : magnitude);
    e->number = negative ? -(double)magnitude : (double)magnitude;
    return true;
}

static void set_float(iso_expr *e, double number) {
    e->kind = ISO_EXPR_FLOAT;
    e->number = number;
}

/* ---- Integers: false if the result does not fit ---- */

static bool add(integer a, integer b, integer *r) {
    if (a.negative == b.negative) {
        r->negative = a.negative;
        return !__builtin_add_overflow(a.magnitude, b.magnitude, &r->magnitude);
    }
    bool first = a.magnitude >= b.magnitude;
    r->magnitude = first ? a.magnitude - b.magnitude : b.magnitude - a.magnitude;
    r->negative = first ? a.negative : b.negative;
    return true;
}

static bool multiply(integer a, integer b, integer *r) {
    r->negative = a.negative != b.negative;
    return !__builtin_mul_overflow(a.magnitude, b.magnitude, &r->magnitude);
}

/* // rounds towards minus infinity, and % takes the divisor's sign. b is not 0. */
static void divide(integer a, integer b, integer *quotient, integer *rest) {
    bool differ = a.negative != b.negative;
    *quotient = (integer){differ, a.magnitude / b.magnitude};
    *rest = (integer){b.negative, a.magnitude % b.magnitude};
    if (differ && rest->magnitude) {
        quotient->magnitude++;
        rest->magnitude = b.magnitude - rest->magnitude;
    }
}

static bool power(integer a, uint64_t exponent, integer *r) {
    if (a.magnitude <= 1) { /* any exponent */
        *r = (integer){a.negative && exponent % 2, exponent == 0 ? 1 : a.magnitude};
        return true;
    }
    *r = (integer){false, 1};
    for (; exponent > 0; exponent--)
        if (!multiply(*r, a, r))
            return false;
    return true;
}

/* a / b rounded once, as Python does for integers of any size: quotient bits until there are 55,
 * and whether anything is left. */
static double true_quotient(integer a, integer b) {
    uint64_t bits = a.magnitude / b.magnitude, rest = a.magnitude % b.magnitude;
    int shift = 0;
    for (; bits < (uint64_t)1 << 55 && rest; shift++) {
        bool one = rest >= b.magnitude - rest;
        rest = one ? rest - (b.magnitude - rest) : 2 * rest;
        bits = 2 * bits + one;
    }
    double quotient = ldexp((double)(bits | (rest != 0)), -shift);
    return a.negative != b.negative ? -quotient : quotient;
}

/* ---- Floats ---- */

static double remainder_of(double x, double y) {
    double r = fmod(x, y);
    if (r == 0)
        return copysign(0, y);
    return (y < 0) != (r < 0) ? r + y : r;
}

/* CPython's float_floor_div. */
static double floor_quotient(double x, double y) {
    double r = fmod(x, y), quotient = (x - r) / y;
    if (r != 0 && (y < 0) != (r < 0))
        quotient -= 1;
    if (quotient == 0)
        return copysign(0, x / y);
    double whole = floor(quotient);
    return quotient - whole > 0.5 ? whole + 1 : whole;
}

static const char *apply_floats(char op, double x, double y, iso_expr *result) {
    double r = 0;
    switch (op) {
    case '+':
        r = x + y;
        break;
    case '-':
        r = x - y;
        break;
    case '*':
        r = x * y;
        break;
    case '/':
        r = x / y;
        break;
    case '|':
        r = floor_quotient(x, y);
        break;
    case '%':
        r = remainder_of(x, y);
        break;
    default: /* the C library's pow is Python's too */
        if (x == 0 && y < 0)
            return "0 cannot be raised to a negative power";
        r = pow(x, y);
        if (isnan(r) && !isnan(x) && !isnan(y))
            return "the power is no real number";
        if (isinf(r) && isfinite(x) && isfinite(y))
            return "the power is too large";
    }
    if (isnan(r))
        return "the result is not a number";
    set_float(result, r);
    return NULL;
}

const char *iso_expr_apply(char op, const iso_expr *a, const iso_expr *b, iso_expr *result) {
    if ((op == '/' || op == '|' || op == '%') && b->number == 0)
        return "division by zero";
    if (a->kind == ISO_EXPR_FLOAT || b->kind == ISO_EXPR_FLOAT)
        return apply_floats(op, a->number, b->number, result);
    integer x = integer_of(a), y = integer_of(b), r = {0}, rest;
    bool fits = true;
    switch (op) {
    case '+':
        fits = add(x, y, &r);
        break;
    case '-':
        fits = add(x, (integer){!y.negative, y.magnitude}, &r);
        break;
    case '*':
        fits = multiply(x, y, &r);
        break;
    case '|':
        divide(x, y, &r, &rest);
        break;
    case '%':
        divide(x, y, &rest, &r);
        break;
    case '/':
        set_float(result, true_quotient(x, y));
        return NULL;
    default:
        if (y.negative)
            return apply_floats(op, a->number, b->number, result);
        fits = power(x, y.magnitude, &r);
    }
    if (r.magnitude == 0)
        r.negative = false;
    return fits && iso_expr_set_int(result, r.negative, r.magnitude)
               ? NULL
               : "the result does not fit into 64 bits";
}
