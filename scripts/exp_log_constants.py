#!/usr/bin/env python3
"""The constants of src/math that come from ln 2, of which Python's decimal module gives 80 digits, correctly rounded.

    scripts/exp_log_constants.py [--check]      prints them; --check compares them with the source

The estimates' coefficients are math_coefficients.py's."""
import os
import re
import sys
from decimal import Decimal, getcontext
from fractions import Fraction

getcontext().prec = 80
ln2 = Fraction(Decimal(2).ln())


def float32_below(x):
    """The largest binary32 number that is not above x, for 1 <= |x|."""
    exponent = 0
    while abs(x) >= 2 ** (exponent + 1):
        exponent += 1
    unit = Fraction(2) ** (exponent - 23)
    return float(x // unit * unit)


high = Fraction(int(ln2 * 2**32), 2**32)
middle = Fraction(float(ln2 - high))
constants = {
    "LN2_HIGH": float(high),
    "LN2_MIDDLE": float(middle),
    "LN2_LOW": float(ln2 - high - middle),
    "INVERSE_LN2": float(1 / ln2),
    # Above the first, exp(x) is beyond 2^128 (1 - 2^-25) and rounds to infinity; below the second it is short of 2^-150 and rounds to 0.
    "OVERFLOW": float32_below(Fraction((Decimal(2) ** 128 - Decimal(2) ** 103).ln())),
    "UNDERFLOW": float32_below(-150 * ln2),
}

if "--check" not in sys.argv[1:]:
    for name, value in constants.items():
        print("%-12s %s" % (name, value.hex()))
    sys.exit()

room = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../src/math")
source = "".join(open(os.path.join(room, name)).read() for name in ("estimate.h", "double_double.c", "exp_log.c"))
written = {name: float.fromhex(value) for name, value in re.findall(r"#define ISO_(\w+)\s+(-?0x[0-9a-fp.+-]+)", source)}
written["OVERFLOW"] = float.fromhex(re.search(r"x > (\S+)f\)", source).group(1))
written["UNDERFLOW"] = float.fromhex(re.search(r"x < (\S+)f\)", source).group(1))
wrong = [name for name in constants if written.get(name) != constants[name]]
for name in wrong:
    print("FAIL %s: source %r, expected %s" % (name, written.get(name), constants[name].hex()))
print("%d passed, %d failed" % (len(constants) - len(wrong), len(wrong)))
sys.exit(bool(wrong))
