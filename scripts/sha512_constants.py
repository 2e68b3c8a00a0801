#!/usr/bin/env python3
"""The constants of src/random/sha512_constants.h: the first 64 bits behind the point of the square roots of the first 8 primes
and of the cube roots of the first 80.

    scripts/sha512_constants.py [--check]      prints the file; --check compares it with the source"""
import math
import os
import sys

primes = [n for n in range(2, 410) if all(n % d for d in range(2, math.isqrt(n) + 1))][:80]


def cube_root(n):
    low, high = 0, 1 << (n.bit_length() // 3 + 1)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if middle**3 <= n else (low, middle)
    return low


def table(name, values, width, comment):
    lines = ["    " + ", ".join("0x%016x" % (v % 2**64) for v in values[i : i + width]) for i in range(0, len(values), width)]
    return "/* %s */\nstatic const uint64_t %s[%d] = {\n%s,\n};\n" % (comment, name, len(values), ",\n".join(lines))


text = "/* Written by scripts/sha512_constants.py: FIPS 180-4, 4.2.3 and 5.3.5. */\n"
text += "#ifndef ISO_RANDOM_SHA512_CONSTANTS_H\n#define ISO_RANDOM_SHA512_CONSTANTS_H\n\n#include <stdint.h>\n\n"
text += table("SHA512_START", [math.isqrt(p << 128) for p in primes[:8]], 4, "Square roots of primes.") + "\n"
text += table("SHA512_ROUNDS", [cube_root(p << 192) for p in primes], 6, "Cube roots of primes.") + "\n#endif\n"

if "--check" not in sys.argv[1:]:
    print(text, end="")
else:
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "src", "random", "sha512_constants.h")
    if open(path).read() != text:
        sys.exit(path + " is not what this script prints")
