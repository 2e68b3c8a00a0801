#!/usr/bin/env python3
"""Speed of the functions of one number beside PyTorch's: contenders in turn, medians and ratios.

    bench/functions.py --lib build/bench-functions.so [--rounds N] [--threads 1,2] [--isa avx512] [FUNCTION...]

Run by an interpreter that has torch; `make bench` prepares one below build/. Ours are correctly rounded, theirs are not, so before
anything is timed the results are compared to within 10^-5. ATEN_CPU_CAPABILITY=avx2 holds PyTorch to AVX2, --isa us."""
import argparse
import ctypes
import statistics
import time

import torch

ISAS = ["scalar", "avx2", "avx512"]
POSITIVE = ("log", "log1p", "rsqrt")
gelu = torch.nn.functional.gelu
THEIRS = {
    "exp": torch.exp, "expm1": torch.expm1, "log": torch.log, "log1p": torch.log1p, "tanh": torch.tanh, "sigmoid": torch.sigmoid,
    "erf": torch.erf, "gelu": lambda x, out: torch._C._nn.gelu(x, out=out),
    "gelu_tanh": lambda x, out: torch._C._nn.gelu(x, approximate="tanh", out=out), "sin": torch.sin, "cos": torch.cos, "rsqrt": torch.rsqrt,
}


def milliseconds(f):
    start = time.perf_counter()
    f()
    return 1000 * (time.perf_counter() - start)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--lib", default="build/bench-functions.so")
    p.add_argument("--rounds", type=int, default=31)
    p.add_argument("--threads", default="1,2")
    p.add_argument("--counts", default="65536,4194304")
    p.add_argument("--isa", choices=ISAS, default="")
    p.add_argument("functions", nargs="*", metavar="FUNCTION")
    o = p.parse_args()
    lib = ctypes.CDLL(o.lib)
    names = o.functions or list(THEIRS)
    print("functions: median of %d rounds in turn; PyTorch %s, %s" % (o.rounds, torch.__version__, torch.backends.cpu.get_cpu_capability()))
    print("%-10s %8s %10s %10s %10s %8s" % ("", "threads", "numbers", "theirs ms", "ours ms", "ratio"))
    for threads in map(int, o.threads.split(",")):
        torch.set_num_threads(threads)
        for count in map(int, o.counts.split(",")):
            torch.manual_seed(7)
            normal = torch.randn(count)
            for name in names:
                x = normal.abs() + 1e-3 if name in POSITIVE else normal
                a, b = torch.empty(count), torch.empty(count)

                def theirs():
                    THEIRS[name](x, out=a)

                def ours():
                    if lib.bench_function(name.encode(), o.isa.encode(), threads, ctypes.c_int64(count), ctypes.c_void_p(x.data_ptr()), ctypes.c_void_p(b.data_ptr())):
                        raise SystemExit("functions.py: %s does not run here" % name)

                theirs(), ours()
                assert torch.allclose(a, b, rtol=1e-5, atol=1e-5), name
                times = [(milliseconds(theirs), milliseconds(ours)) for _ in range(o.rounds)]
                t, u = (statistics.median(v) for v in zip(*times))
                print("%-10s %8d %10d %10.3f %10.3f %7.2fx" % (name, threads, count, t, u, statistics.median(v / w for v, w in times)), flush=True)


if __name__ == "__main__":
    main()
