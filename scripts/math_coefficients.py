#!/usr/bin/env python3
"""Writes src/math/estimate_coefficients.h: the polynomials of src/math/estimate_tmpl.h, in ascending powers, found by interpolation at
Chebyshev's points to 60 digits and rounded to binary64. Standard error tells each one's largest relative error. Needs mpmath.

    scripts/math_coefficients.py [> src/math/estimate_coefficients.h]

Nothing has to be taken from here on trust: `make prove` compares what is computed with these numbers over all arguments."""
import ctypes
import re
import sys

from mpmath import mp, mpf, chebyt, cos, erf, erfc, exp, log, pi, polyval, sin, sqrt, taylor

mp.dps = 60


def interpolate(g, low, high, count):
    """Ascending coefficients of the polynomial of `count` terms through g at Chebyshev's points of [low, high]."""
    points = [cos(pi * (2 * i + 1) / (2 * count)) for i in range(count)]
    values = [g((low + high) / 2 + (high - low) / 2 * p) for p in points]
    chebyshev = [2 * sum(v * cos(k * pi * (2 * i + 1) / (2 * count)) for i, v in enumerate(values)) / count for k in range(count)]
    chebyshev[0] /= 2
    a, b = 2 / (high - low), -(high + low) / (high - low)  # the argument on [-1, 1] is a * x + b
    total = [mpf(0)] * count
    before, now = [mpf(1)], [b, a]
    for k in range(count):
        t = before if k == 0 else now
        for i, c in enumerate(t):
            total[i] += chebyshev[k] * c
        if k > 0:
            after = [mpf(0)] * (len(now) + 1)
            for i, c in enumerate(now):
                after[i] += 2 * b * c
                after[i + 1] += 2 * a * c
            for i, c in enumerate(before):
                after[i] -= c
            before, now = now, after
    return [float(c) for c in total]


def table(name, comment, g, low, high, count):
    low, high = mpf(low), mpf(high)
    c = interpolate(g, low, high, count)
    worst = 0
    for i in range(2001):
        x = low + (high - low) * i / 2000
        worst = max(worst, abs(polyval([mpf(v) for v in reversed(c)], x) / g(x) - 1))
    print("%s: %d terms, 2^%.1f" % (name, count, log(worst, 2)), file=sys.stderr)
    print("/* %s */\nstatic const double iso_%s_coefficients[] = {" % (comment, name))
    for i in range(0, count, 4):
        print("    " + " ".join(v.hex() + "," for v in c[i:i + 4]))
    print("};\n")


def removable(g, value):
    """g with its value at 0, where the formula is 0 / 0."""
    return lambda x: value if abs(x) < mpf(10)**-30 else g(x)


TAIL = mpf(5)   # of the argument (z - TAIL) / (z + TAIL) below
LAST = mpf(15)  # -z from which x Phi(x) rounds to -0

print("/* Written by scripts/math_coefficients.py. */")
print("#ifndef ISO_MATH_ESTIMATE_COEFFICIENTS_H\n#define ISO_MATH_ESTIMATE_COEFFICIENTS_H\n\n#include <math.h>\n")
table("exp2", "(2^t - 1) / t, |t| <= 1/2", removable(lambda t: (mpf(2)**t - 1) / t, log(mpf(2))), "-0.5", "0.5", 9)
table("log", "log(1 + f) / f, sqrt(1/2) - 1 <= f <= sqrt(2) - 1", removable(lambda f: mp.log1p(f) / f, mpf(1)), sqrt(mpf(1) / 2) - 1, sqrt(mpf(2)) - 1, 16)
table("erf", "erf(x) / x of w = x^2 / 8 - 1, |x| <= 4", lambda w: removable(lambda x: erf(x) / x, 2 / sqrt(pi))(sqrt(8 * (w + 1))), -1, 1, 24)
table("tail", "Phi(-z) e^(z^2 / 2) of (z - 5) / (z + 5), 0 <= z <= 15",
      lambda t: (lambda z: erfc(z / sqrt(mpf(2))) * exp(z * z / 2) / 2)(TAIL * (1 + t) / (1 - t)), -1, (LAST - TAIL) / (LAST + TAIL), 17)
table("phi", "(Phi(x) - 1/2) / x of w = x^2 / 8 - 1, |x| <= 4", lambda w: removable(lambda x: erf(x / sqrt(mpf(2))) / x / 2, 1 / sqrt(2 * pi))(sqrt(8 * (w + 1))), -1, 1, 19)
table("sin", "sin(r) / r of r^2, |r| <= pi / 2", lambda u: removable(lambda r: sin(r) / r, mpf(1))(sqrt(u)), 0, pi * pi / 4, 7)

# In pairs of binary32 (src/kernels/math_functions_pairs.h), one row a cell:
#     f(c + t) = high + slope * t + W,  W = rest + t * (slope's rest + t * (c2 + t * (c3 + ...)))
# W is kept as W * (1 - e), e = the share of W that bounds all errors. So that every error is a share of W, W must not come near 0:
# `high` lies above the value wherever W would, by 2^24 of the polynomial's own error.
UNIT = mpf(2)**-24  # relative error of one rounding
float32 = lambda v: mpf(ctypes.c_float(float(v)).value)
grid = lambda v, unit: mp.nint(v / unit) * unit


def fit(g, reach, terms, fixed):
    """Coefficients of the powers `terms` of t, close to the smallest error for |t| <= reach; those of `fixed` are given."""
    points = [reach * cos(pi * (2 * i + 1) / 24) for i in range(12)]
    free = [k for k in terms if k not in fixed]
    a = mp.matrix([[p**k for k in free] for p in points])
    b = mp.matrix([g(p) - sum(c * p**k for k, c in fixed.items()) for p in points])
    found = dict(fixed)
    found.update(zip(free, mp.lu_solve(a, b)))
    return [found.get(k, mpf(0)) for k in range(max(terms) + 1)]


def worst_error(c, g, reach):
    return max(abs(polyval(c[::-1], reach * k / 32) - g(reach * k / 32)) for k in range(-32, 33))


def numbers(values, indent):
    """Lines of binary32 numbers."""
    text = ["NAN" if mp.isnan(v) else re.sub(r"\.?0*p", "p", float(v).hex()) + "f" for v in values]
    for i in range(0, len(text), 8):
        print(indent + " ".join(v + "," for v in text[i:i + 8]))


def rows(name, comment, cells):
    print("/* %s */\n/* clang-format off */\nstatic const float iso_%s_cells[%d][%d] = {" % (comment, name, len(cells[0]), len(cells)))
    for row in zip(*cells):
        print("    {")
        numbers(row, "        ")
        print("    },")
    print("};\n/* clang-format on */\n")


def odd_cells(name, comment, f, units, width, last, apart=mpf(1) / 8):
    """f on [0, 4 - 3/2 apart), cells around multiples of `apart`; NaN in the last. `high` is a multiple of 2^-24, so that the kernel
    may add 1/2 to it. units * 2^-24 is e, and the interval ends width * 2^-24 above W * (1 - e). Standard error tells a bound on
    the errors; no argument takes all of it, so that less than twice as much holds: what tests/prove/widths.c measures over all
    arguments."""
    reach, scale, cells, most = apart / 2, 1 - units * UNIT, [], 0
    count = int(4 / apart) - 1
    terms = 6 if count == 31 else 7
    for i in range(count):
        c = i * apart
        g = lambda t: f(c + t)
        a = fit(g, reach, range(terms), {})
        a = fit(g, reach, range(terms), {2: float32(a[2] * scale) / scale})
        high = mp.ceil((a[0] + worst_error(a, g, reach) * mpf(2)**24) / UNIT) * UNIT
        slope = float32(a[1])
        cell = [high, slope, a[0] - high, a[1] - slope] + a[2:]
        cell = cell[:2] + [float32(v * scale) for v in cell[2:]]
        cells.append(cell)
        for k in range(-64, 65):
            t = reach * k / 64
            if i == 0 and k < 0:
                continue
            u = [abs(t)**(j - 2) * abs(cell[j + 2]) for j in range(2, terms)]
            w = polyval([v / scale for v in cell[:1:-1]], t)
            rounding = t * t * (sum(u) + sum(u[2:]) + 2 * sum(u)) + abs(cell[2]) + abs(cell[3] * t)  # of the pairs of terms, u and t * t
            if terms > 6:
                rounding += t * t * (sum(u[2:]) + u[4])
            rounding += last * abs(w)  # of w, l and z * l
            error = abs(cell[0] + cell[1] * t + w - g(t)) / UNIT + rounding
            if error > most * abs(w):
                most, where = error / abs(w), i
    print("%s: below %.2f units, cell %d; e is %.2f, the interval %d" % (name, most, where, units, width), file=sys.stderr)
    rows(name, comment, cells + [[mp.nan] * (terms + 2)])
    print("#define ISO_%s_WIDTH %sf\n" % (name.upper(), float(1 + width * UNIT).hex()))


SIGMOID = "1 / (1 + exp(-z)) - 1/2", lambda z: mp.tanh(z / 2) / 2
PHI = "Phi(z) - 1/2", lambda z: erf(z / sqrt(mpf(2))) / 2
GELU_TANH = "tanh(sqrt(2 / pi) (z + 0.044715 z^3)) / 2", lambda z: mp.tanh(sqrt(2 / pi) * (z + mpf("0.044715") * z**3)) / 2
odd_cells("sigmoid", *SIGMOID, 4, 10, 2)
odd_cells("phi", *PHI, 5.25, 10, 3)
odd_cells("gelu_tanh", *GELU_TANH, 6, 12, 3)
for name, function, units, width, last in (("sigmoid16", SIGMOID, 4.25, 10, 2), ("phi16", PHI, 5.25, 10, 3), ("gelu_tanh16", GELU_TANH, 6, 12, 3)):
    odd_cells(name, function[0] + ", by cells of 1/4", function[1], units, width, last, mpf(1) / 4)

# log(m), 0.75 <= m <= 1.5, in cells around multiples of 1/32, cell i for c = i/32 modulo 1. `high` lies above, so that the parts of W are not positive.
ln2 = log(mpf(2))
first = mp.nint(ln2 * 2**16) / 2**16
cells = [[mpf(0)] * 8 for _ in range(32)]
for i in range(24, 49):
    c, reach = mpf(i) / 32, mpf(1) / 64
    g = lambda t: log(c + t)
    a = fit(g, reach, range(6), {0: mpf(0), 1: mpf(1), 2: mpf(-0.5)} if i == 32 else {})
    high = mp.ceil(a[0] * 2**16) / 2**16
    cells[i % 32] = [high, float32(a[1]), a[0] - high, a[1] - float32(a[1])] + a[2:]
rows("log", "log(m)", cells)

# The same by fewer cells, around multiples of 1/16: what a cell has are high, slope = 1 / c and what these leave out; the rest is a polynomial in slope * t.
cells = [[mpf(0)] * 4 for _ in range(16)]
for i in range(12, 25):
    c = mpf(i) / 16
    high, slope = mp.ceil(log(c) * 2**16) / 2**16, float32(1 / c)
    cells[i % 16] = [high, slope, log(c) - high, 1 / c - slope]
rows("log16", "log(m), by cells of 1/16", cells)
print("/* ln(2): a multiple of 2^-16, whose products with exponents are exact, and the rest. */")
print("#define ISO_LN2_FLOAT_HIGH %sf\n#define ISO_LN2_FLOAT_LOW  %sf\n" % (float(first).hex(), float(float32(ln2 - first)).hex()))

# exp in pairs of binary32: x = n ln(2) / 32 + r. The numbers are kept below 2^(i/32) by a share of 2^-17, for the reason above; EXP_SCALE
# makes up for that where a number stands alone.
EXP_UNITS = 8
step = log(mpf(2)) / 32
first = grid(step, mpf(2)**-17)
second = grid(step - first, mpf(2)**-30)  # both of at most 12 bits, so that their products with n are exact
scale = 1 - EXP_UNITS * UNIT
high = [float32(mpf(2)**(mpf(i) / 32) * (1 - mpf(2)**-17)) for i in range(32)]
print("/* ln(2) / 32 in three parts, and 2^(i/32) and 2^(i/16) as a number and (1 - %d * 2^-24) times the rest, of binary32. */" % EXP_UNITS)
print("#define ISO_EXP_STEP_HIGH   %sf\n#define ISO_EXP_STEP_MIDDLE %sf\n#define ISO_EXP_STEP_LOW    %sf" % tuple(float(v).hex() for v in (first, second, float32(step - first - second))))
print("#define ISO_EXP_SCALE       %sf\n#define ISO_EXP_WIDTH       %sf" % (float(float32(scale * (1 + mpf(2)**-17))).hex(), float(1 + 2 * EXP_UNITS * UNIT).hex()))
low = [float32((mpf(2)**(mpf(i) / 32) - h) * scale) for i, h in enumerate(high)]
for name, values in (("32nds_high", high), ("32nds_low", low), ("16ths_high", high[::2]), ("16ths_low", low[::2])):
    print("/* clang-format off */\nstatic const float iso_exp2_%s[%d] = {" % (name, len(values)))
    numbers(values, "    ")
    print("};\n/* clang-format on */")
print("\n#endif")
