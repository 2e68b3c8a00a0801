#!/usr/bin/env python3
"""Floats as text: `isobit stream` beside the repr() of the interpreter that runs this.

    tests/oracle/streams/printing.py [--build build] [--count N] [--seed S]

The last line reads `N passed, N failed`, each a list of 1000 numbers."""
import argparse
import os
import random
import struct
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from streams import ROOT, build_driver  # noqa: E402


def doubles(count, seed_):
    rng = random.Random(seed_)
    for exponent in range(-1074, 1024):
        for x in (2.0**exponent, 2.0**exponent * (1 + 2.0**-52), 2.0**exponent * (1 - 2.0**-53), 10.0**(exponent // 4)):
            yield x
    for _ in range(count):
        x = struct.unpack("<d", struct.pack("<Q", rng.getrandbits(64)))[0]
        if x == x and abs(x) != float("inf"):
            yield x
        yield struct.unpack("<f", struct.pack("<f", rng.uniform(-9, 9)))[0]


def compare_printing(driver, count, seed_):
    values = list(doubles(count, seed_))
    wrong = 0
    for i in range(0, len(values), 1000):
        text = repr(values[i:i + 1000])
        done = subprocess.run([driver], input="seed torch 313 0 0\nprint %s\n" % text, stdout=subprocess.PIPE, check=True,
                              universal_newlines=True)
        if done.stdout.rstrip("\n") != text:
            wrong += 1
            pairs = zip(done.stdout.strip()[1:-1].split(", "), text[1:-1].split(", "))
            print("FAIL repr: isobit %s, Python %s" % next(p for p in pairs if p[0] != p[1]))
    return (len(values) + 999) // 1000 - wrong, wrong


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--build", default=os.path.join(ROOT, "build"))
    p.add_argument("--count", type=int, default=20000)
    p.add_argument("--seed", type=int, default=0)
    o = p.parse_args()
    passed, failed = compare_printing(build_driver(o.build), o.count, o.seed)
    print("%d passed, %d failed" % (passed, failed))
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())


