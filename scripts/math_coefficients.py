#!/usr/bin/env python3
"""Writes src/math/estimate_coefficients.h: the polynomials of src/math/estimate_tmpl.h, in ascending powers, found by interpolation at
Chebyshev's points to 60 digits and rounded to binary64. Standard error tells each one's largest relative error. Needs mpmath.

    scripts/math_coefficients.py [> src/math/estimate_coefficients.h]

Nothing has to be taken from here on trust: `make prove` compares what is computed with these numbers over all arguments."""
import ctypes
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
print("#ifndef ISO_MATH_ESTIMATE_COEFFICIENTS_H\n#define ISO_MATH_ESTIMATE_COEFFICIENTS_H\n")
table("exp2", "(2^t - 1) / t, |t| <= 1/2", removable(lambda t: (mpf(2)**t - 1) / t, log(mpf(2))), "-0.5", "0.5", 9)
table("log", "log(1 + f) / f, sqrt(1/2) - 1 <= f <= sqrt(2) - 1", removable(lambda f: mp.log1p(f) / f, mpf(1)), sqrt(mpf(1) / 2) - 1, sqrt(mpf(2)) - 1, 16)
table("erf", "erf(x) / x of w = x^2 / 8 - 1, |x| <= 4", lambda w: removable(lambda x: erf(x) / x, 2 / sqrt(pi))(sqrt(8 * (w + 1))), -1, 1, 24)
table("tail", "Phi(-z) e^(z^2 / 2) of (z - 5) / (z + 5), 0 <= z <= 15",
      lambda t: (lambda z: erfc(z / sqrt(mpf(2))) * exp(z * z / 2) / 2)(TAIL * (1 + t) / (1 - t)), -1, (LAST - TAIL) / (LAST + TAIL), 17)
table("phi", "(Phi(x) - 1/2) / x of w = x^2 / 8 - 1, |x| <= 4", lambda w: removable(lambda x: erf(x / sqrt(mpf(2))) / x / 2, 1 / sqrt(2 * pi))(sqrt(8 * (w + 1))), -1, 1, 19)
table("sin", "sin(r) / r of r^2, |r| <= pi / 2", lambda u: removable(lambda r: sin(r) / r, mpf(1))(sqrt(u)), 0, pi * pi / 4, 7)

# exp in pairs of binary32: x = n ln(2) / 32 + r.
float32 = lambda v: mpf(ctypes.c_float(float(v)).value)
grid = lambda v, unit: mp.nint(v / unit) * unit
step = log(mpf(2)) / 32
first = grid(step, mpf(2)**-17)
second = grid(step - first, mpf(2)**-30)  # both of at most 12 bits, so that their products with n are exact
high = [float32(mpf(2)**(mpf(i) / 32)) for i in range(32)]
print("/* ln(2) / 32 in three parts, and 2^(i/32) as a number and the rest, of binary32. */")
print("#define ISO_EXP_STEP_HIGH   %sf\n#define ISO_EXP_STEP_MIDDLE %sf\n#define ISO_EXP_STEP_LOW    %sf" % tuple(float(v).hex() for v in (first, second, float32(step - first - second))))
for name, values in (("high", high), ("low", [float32(mpf(2)**(mpf(i) / 32) - h) for i, h in enumerate(high)])):
    print("static const float iso_exp2_32nds_%s[32] = {" % name)
    for i in range(0, 32, 4):
        print("    " + " ".join(float(v).hex() + "f," for v in values[i:i + 4]))
    print("};")
print("\n#endif")
