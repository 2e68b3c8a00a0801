#!/usr/bin/env python3
"""The variant torch+mkl beside Intel's MKL: the Bernoulli numbers that PyTorch draws from it on an Intel CPU.

    tests/oracle/streams/mkl.py --mkl FOLDER [--build build] [--cases N] [--seed S]

FOLDER holds libmkl_rt.so.N (pip install mkl). What PyTorch does with MKL, one 32-bit draw as the seed of a new MCG31m1 stream, then
viRngBernoulli over the whole tensor, is done here by hand, since PyTorch takes this way on CPUs of Intel's only. The last line reads
`N passed, N failed`."""
import argparse
import ctypes
import glob
import os
import random
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from streams import ROOT, Isobit, build_driver  # noqa: E402

MCG31 = 1 << 20


def bernoulli(mkl, seed, n, p):
    stream = ctypes.c_void_p()
    out = (ctypes.c_int32 * n)()
    assert mkl.vslNewStream(ctypes.byref(stream), MCG31, ctypes.c_uint32(seed)) == 0
    assert n == 0 or mkl.viRngBernoulli(0, stream, n, out, ctypes.c_double(p)) == 0
    mkl.vslDeleteStream(ctypes.byref(stream))
    return list(out)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--mkl", required=True)
    p.add_argument("--build", default=os.path.join(ROOT, "build"))
    p.add_argument("--cases", type=int, default=2000)
    p.add_argument("--seed", type=int, default=0)
    o = p.parse_args()
    mkl = ctypes.CDLL(sorted(glob.glob(os.path.join(o.mkl, "libmkl_rt.so*")))[0], mode=ctypes.RTLD_GLOBAL)
    mkl.MKL_Set_Threading_Layer(1)
    rng, ours = random.Random(o.seed), Isobit(build_driver(o.build), "torch+mkl", 313)
    passed = failed = 0
    for _ in range(o.cases):
        seed, n = rng.choice([rng.getrandbits(64), rng.getrandbits(8)]), rng.choice([0, 1, 7, 100, 1000, rng.randint(0, 3000)])
        prob = rng.choice([0.0, 1.0, 0.5, rng.random(), 2.0**-31, 1 - 2.0**-31, 1 / (2**31 - 1)])
        drawn = ours.answer(seed, ["torch.empty(%d, dtype=torch.int32).bernoulli_(%r)" % (n, prob)])
        expected = " ".join("%08x" % x for x in bernoulli(mkl, first_word(seed), n, prob))
        if drawn[0] == expected:
            passed += 1
        else:
            failed += 1
            print("FAIL isobit stream --stream torch+mkl --seed %d --hex 'torch.empty(%d, dtype=torch.int32).bernoulli_(%r)'" % (seed, n, prob))
    print("%d passed, %d failed" % (passed, failed))
    return failed != 0


def first_word(seed):
    """The first output of MT19937 seeded with the low 32 bits."""
    state = [seed & 0xffffffff]
    for i in range(1, 624):
        state.append((1812433253 * (state[-1] ^ state[-1] >> 30) + i) & 0xffffffff)
    y = (state[0] & 0x80000000) | (state[1] & 0x7fffffff)
    y = state[397] ^ y >> 1 ^ (0x9908b0df if state[1] & 1 else 0)
    y ^= y >> 11
    y ^= y << 7 & 0x9d2c5680
    y ^= y << 15 & 0xefc60000
    return y ^ y >> 18


if __name__ == "__main__":
    sys.exit(main())
