/* Numbers as text, in both directions, independent of the locale. */
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "expr/expr.h"

/* strtod and printf use the decimal point of the program's locale, which belongs to the host
 * program; so the "C" locale is asked for by name. NULL only when memory is out: then the program's
 * own locale has to do. */
static locale_t c_locale(void) {
    return newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

double iso_read_double(const char *text, const char **end) {
    locale_t c = c_locale(), before = c ? uselocale(c) : (locale_t)0;
    char *stop;
    double value = strtod(text, &stop);
    if (c) {
        uselocale(before);
        freelocale(c);
    }
    *end = stop;
    return value;
}

/* Adds one unit to the last digit of d.ddde±xx; false where all digits are nines. */
static bool next_digits(char *buffer) {
    for (char *c = strchr(buffer, 'e') - 1; c >= buffer; c--)
        if (*c == '9')
            *c = '0';
        else if (*c != '.') {
            ++*c;
            return true;
        }
    return false;
}

static bool reads_back(const char *digits, double value, bool single) {
    return single ? (double)strtof(digits, NULL) == value : strtod(digits, NULL) == value;
}

/* The shortest digits that read back to the same double (or float). The nearest decimal of a length need not
 * be among them while the next one up is: below a power of two doubles lie twice as dense as above.
 */
static void shortest(double value, bool single, char *buffer, size_t size) {
    locale_t c = c_locale(), before = c ? uselocale(c) : (locale_t)0;
    int digits = 0;
    do /* 17 always read back */
        snprintf(buffer, size, "%.*e", digits++, value);
    while (!reads_back(buffer, value, single) && !(next_digits(buffer) && reads_back(buffer, value, single)));
    if (c) {
        uselocale(before);
        freelocale(c);
    }
}

/* repr() writes plain decimals from 1e-4 up to 1e16, and exponents of at least two digits
 * elsewhere. */
static void write_shortest(iso_text *out, double value, bool single) {
    if (isnan(value) || isinf(value)) {
        iso_text_puts(out, isnan(value) ? "nan" : value < 0 ? "-inf" : "inf");
        return;
    }
    char buffer[40], digits[24];
    shortest(fabs(value), single, buffer, sizeof buffer);
    int exponent = atoi(strchr(buffer, 'e') + 1), count = 0;
    for (const char *c = buffer; *c != 'e'; c++)
        if (*c != '.')
            digits[count++] = *c;
    if (signbit(value))
        iso_text_puts(out, "-");
    if (exponent < -4 || exponent >= 16) {
        iso_text_append(out, digits, 1);
        if (count > 1) {
            iso_text_puts(out, ".");
            iso_text_append(out, digits + 1, (size_t)count - 1);
        }
        iso_text_printf(out, "e%c%02d", exponent < 0 ? '-' : '+', abs(exponent));
    } else if (exponent < 0) {
        iso_text_puts(out, "0.");
        for (int i = -1; i > exponent; i--)
            iso_text_puts(out, "0");
        iso_text_append(out, digits, (size_t)count);
    } else {
        for (int i = 0; i <= exponent; i++)
            iso_text_append(out, i < count ? &digits[i] : "0", 1);
        iso_text_puts(out, ".");
        if (count > exponent + 1)
            iso_text_append(out, digits + exponent + 1, (size_t)(count - exponent - 1));
        else
            iso_text_puts(out, "0");
    }
}

void iso_write_repr(iso_text *out, double value) {
    write_shortest(out, value, false);
}
void iso_write_repr_f32(iso_text *out, float value) {
    write_shortest(out, (double)value, true);
}
