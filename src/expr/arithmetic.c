#include "expr/arithmetic.h"

#include <math.h>

const char iso_expr_no_memory[] = "out of memory";

void iso_expr_get_int(const iso_expr *e, iso_integer *n) {
    bool negative = e->integer < 0 && !e->is_unsigned;
    if (e->big)
        *n = *e->big;
    else
        iso_integer_set(n, negative, negative ? 0 - (uint64_t)e->integer : (uint64_t)e->integer);
}

bool iso_expr_set_int(iso_context *ctx, iso_expr *e, const iso_integer *n) {
    uint64_t magnitude = 0;
    e->kind = ISO_EXPR_INT;
    e->number = iso_integer_to_double(n);
    if (iso_integer_to_int64(n, &e->integer))
        return true;
    e->is_unsigned = iso_integer_to_uint64(n, &magnitude);
    e->integer = (int64_t)magnitude;
    if (e->is_unsigned)
        return true;
    if (!(e->big = iso_calloc(ctx, 1, sizeof *e->big)))
        return false;
    *e->big = *n;
    return true;
}

static void set_float(iso_expr *e, double number) {
    e->kind = ISO_EXPR_FLOAT;
    e->number = number;
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
        if (isnan(r)) /* no operand is: see below */
            return "the power is no real number";
        if (isinf(r) && isfinite(x) && isfinite(y))
            return "the power is too large";
    }
    if (isnan(r))
        return "the result is not a number";
    set_float(result, r);
    return NULL;
}

static const char *apply_integers(char op, const iso_expr *a, const iso_expr *b, iso_integer *r) {
    iso_integer x, y, other;
    uint64_t exponent = UINT64_MAX;
    bool fits = true;
    iso_expr_get_int(a, &x);
    iso_expr_get_int(b, &y);
    switch (op) {
    case '+':
        fits = iso_integer_add(&x, &y, r);
        break;
    case '-':
        fits = iso_integer_subtract(&x, &y, r);
        break;
    case '*':
        fits = iso_integer_multiply(&x, &y, r);
        break;
    case '|':
        iso_integer_divide(&x, &y, r, &other);
        break;
    case '%':
        iso_integer_divide(&x, &y, &other, r);
        break;
    default:
        fits = iso_integer_to_uint64(&y, &exponent) && iso_integer_power(&x, exponent, r);
    }
    return fits ? NULL : "the result has too many digits";
}

const char *iso_expr_apply(iso_context *ctx, char op, const iso_expr *a, const iso_expr *b, iso_expr *result) {
    if ((op == '/' || op == '|' || op == '%') && b->number == 0)
        return "division by zero";
    bool floats = a->kind == ISO_EXPR_FLOAT || b->kind == ISO_EXPR_FLOAT;
    if (floats || (op == '^' && b->number < 0))
        return apply_floats(op, a->number, b->number, result);
    iso_integer r, x, y;
    if (op == '/') {
        iso_expr_get_int(a, &x);
        iso_expr_get_int(b, &y);
        set_float(result, iso_integer_true_quotient(&x, &y));
        return NULL;
    }
    const char *wrong = apply_integers(op, a, b, &r);
    return wrong ? wrong : iso_expr_set_int(ctx, result, &r) ? NULL : iso_expr_no_memory;
}
