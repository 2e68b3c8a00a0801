#!/usr/bin/env python3
"""Speed of the functions of one number beside PyTorch's: contenders in turn, medians and ratios.

    bench/functions.py --lib build/bench/contender.so [--threads N] [--isa NAME] [--rounds N] [FUNCTION...]

Run by an interpreter that has torch; `make bench` prepares one below build/. Ours are correctly rounded, theirs are not, so before
anything is timed the results are compared to within 10^-5. The last row, PyTorch's copy of as many numbers, is the memory's floor. ATEN_CPU_CAPABILITY=avx2 holds PyTorch to AVX2, --isa us."""
import argparse
import ctypes

import torch

from side_by_side import heading, in_turn, library, median, opened, pointer, start_again

POSITIVE = ("log", "log1p", "rsqrt")
THEIRS = {
    "exp": torch.exp, "expm1": torch.expm1, "log": torch.log, "log1p": torch.log1p, "tanh": torch.tanh, "sigmoid": torch.sigmoid,
    "erf": torch.erf, "gelu": lambda x, out: torch._C._nn.gelu(x, out=out),
    "gelu_tanh": lambda x, out: torch._C._nn.gelu(x, approximate="tanh", out=out), "sin": torch.sin, "cos": torch.cos, "rsqrt": torch.rsqrt,
}


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--lib", default="build/bench/contender.so")
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--isa", default=None)
    p.add_argument("--rounds", type=int, default=11)
    p.add_argument("functions", nargs="*", metavar="FUNCTION")
    o = p.parse_args()
    start_again(o.threads)
    torch.set_num_threads(o.threads)
    lib = library(o.lib)
    c = opened(lib, o.threads, o.isa)
    print(heading(lib, c, o.threads))
    print("%-24s %10s %10s %8s" % ("", "theirs ms", "ours ms", "ratio"))
    for count in (65536, 4194304):
        torch.manual_seed(7)
        normal = torch.randn(count)
        for name in o.functions or THEIRS:
            x = normal.abs() + 1e-3 if name in POSITIVE else normal
            a, b = torch.empty(count), torch.empty(count)
            arguments = c, name.encode(), ctypes.c_int64(count), pointer(x), pointer(b)

            def ours():
                if lib.contender_function(*arguments):
                    raise SystemExit("functions.py: there is no function " + name)

            def theirs():
                THEIRS[name](x, out=a)

            theirs(), ours()
            assert torch.allclose(a, b, rtol=1e-5, atol=1e-5), name
            t, u = map(median, in_turn([theirs, ours], o.rounds))
            print("%-24s %10.3f %10.3f %7.2fx" % ("%s of %d" % (name, count), 1e3 * t, 1e3 * u, t / u), flush=True)
        b = torch.empty(count)
        print("%-24s %10.3f" % ("a copy of %d" % count, 1e3 * median(in_turn([lambda: b.copy_(normal)], o.rounds)[0])), flush=True)


if __name__ == "__main__":
    main()
