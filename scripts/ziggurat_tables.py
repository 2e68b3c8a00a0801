#!/usr/bin/env python3
"""Writes src/random/numpy_ziggurat_tables.h: the layers of NumPy's ziggurats (Marsaglia and Tsang, 2000) for the normal and the exponential
distribution.

    scripts/ziggurat_tables.py [--check]

256 layers of equal area under f. x[255] is where the tail starts, x[i] follows from x[i + 1] by f(x[i]) = f(x[i + 1]) + area / x[i + 1];
w is x in units of the random integer's last bit, k the part of a layer that lies under f whatever the height. NumPy's exponential tables
are exact numbers rounded once. Its normal tables were computed in binary64 step by step, with functions that rounded correctly but in one
place: exp at layer 38 came out one unit too large, and what follows was computed from that."""
import os
import struct
import sys
from decimal import Decimal, getcontext

getcontext().prec = 60
PATH = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "src", "random", "numpy_ziggurat_tables.h")


def exp(x):
    return float(Decimal(x).exp())


def log(x):
    return float(Decimal(x).ln())


def next_double(x, steps):
    return struct.unpack("<d", struct.pack("<q", struct.unpack("<q", struct.pack("<d", x))[0] + steps))[0]


def normal():
    area, x, f, k = 0.0049286732339746519, [0.0] * 256, [1.0] * 256, [0.0] * 256
    x[255] = 3.6541528853610088
    f[255] = exp(-0.5 * x[255] * x[255])
    x[0] = area / f[255]
    k[0] = x[255] * f[255] / area
    for i in range(254, 0, -1):
        x[i] = (-2 * log(area / x[i + 1] + f[i + 1])) ** 0.5
        k[i + 1] = x[i] / x[i + 1]
        f[i] = exp(-0.5 * x[i] * x[i])
        if i == 38:
            f[i] = next_double(f[i], 1)
    return x, f, k


def exponential():
    x, f, k = [Decimal(0)] * 256, [Decimal(1)] * 256, [Decimal(0)] * 256
    x[255] = Decimal("7.69711747013104971404462804811")
    f[255] = (-x[255]).exp()
    area = (x[255] + 1) * f[255]
    x[0] = area / f[255]
    k[0] = x[255] * f[255] / area
    for i in range(254, 0, -1):
        x[i] = -(area / x[i + 1] + f[i + 1]).ln()
        k[i + 1] = x[i] / x[i + 1]
        f[i] = (-x[i]).exp()
    return x, f, k


def scaled(values, bits):
    scale = 2.0**bits if isinstance(values[0], float) else Decimal(2)**bits
    return [v / scale for v in values]


def nearest(values, bits):
    return [round(v * (2**bits if isinstance(v, Decimal) else 2.0**bits)) for v in values]


def even(values, bits):
    """The whole multiple of 2 below."""
    return [2 * int(v * 2**(bits - 1)) for v in values]


def single(x):
    """x rounded to binary32, as a binary64 number; the exact ones by way of 9 digits, with which NumPy's source writes them."""
    x = "%.8e" % x if isinstance(x, Decimal) else x
    near = struct.unpack("<f", struct.pack("<f", float(x)))[0]
    bits = struct.unpack("<I", struct.pack("<f", near))[0]
    around = [struct.unpack("<f", struct.pack("<I", b))[0] for b in (bits - 1, bits, bits + 1) if b >= 0]
    return min(around, key=lambda y: abs(Decimal(y) - Decimal(x)))


def array(kind, name, values):
    lines, line = [], "   "
    for v in values:
        if len(line) + len(v) + 2 > 128:
            lines.append(line)
            line = "   "
        line += " " + v + ","
    return "static const %s %s[256] = {\n%s\n};\n" % (kind, name, "\n".join(lines + [line]))


def text():
    out = ["/* Written by scripts/ziggurat_tables.py, which says what they are. */\n/* clang-format off */\n"]
    for name, (x, f, k), bits, rounded in (("normal", normal(), 52, nearest), ("exponential", exponential(), 53, even)):
        out += [array("uint64_t", name + "_k", ["%du" % v for v in rounded(k, bits)]),
                array("double", name + "_w", [float(v).hex() for v in scaled(x, bits)]),
                array("double", name + "_f", [float(v).hex() for v in f]),
                array("uint32_t", name + "_k32", ["%du" % v for v in nearest(k, 23)]),
                array("float", name + "_w32", [single(v).hex() + "f" for v in scaled(x, 23)]),
                array("float", name + "_f32", [single(v).hex() + "f" for v in f])]
    return "\n".join(out) + "/* clang-format on */\n"


def main():
    if "--check" in sys.argv:
        with open(PATH) as file:
            same = file.read() == text()
        print("numpy_ziggurat_tables.h: %s" % ("as computed" if same else "differs from what is computed"))
        return not same
    with open(PATH, "w") as file:
        file.write(text())
    return 0


if __name__ == "__main__":
    sys.exit(main())
