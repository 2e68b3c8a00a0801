#!/usr/bin/env python3
"""Speed of the random streams beside the libraries they equal, on one thread: contenders in turn, medians and ratios.

    bench/streams.py --lib build/libisobit.so [--rounds N]

Run by an interpreter that has torch and numpy; `make bench` prepares one below build/. Before anything is timed, both sides' bits
are compared."""
import argparse
import ctypes
import statistics
import time

import numpy as np
import torch

N = 1000000


class Generator(ctypes.Structure):  # room enough for any of the library's generators
    _fields_ = [("bytes", ctypes.c_uint64 * 1024)]


def pointer(array):
    return ctypes.c_void_p(array.ctypes.data)


def torch_rows(lib):
    g, f32, u8, i64 = Generator(), np.empty(N, np.float32), np.empty(N, np.uint8), np.empty(N, np.int64)
    f64 = np.empty(N, np.float64)
    t32, t64, t8, perm = torch.empty(N), torch.empty(N, dtype=torch.float64), torch.empty(N, dtype=torch.uint8), torch.empty(N, dtype=torch.int64)
    ones, n, d = torch.ones(N), ctypes.c_size_t(N), ctypes.c_double

    def seed():
        torch.manual_seed(7)
        lib.iso_torch_manual_seed(ctypes.byref(g), ctypes.c_uint64(7))

    ref = ctypes.byref(g)
    return seed, [
        ("torch.rand", lambda: torch.rand(N, out=t32), lambda: lib.iso_torch_uniform(ref, pointer(f32), n, d(0), d(1)), lambda: (t32.numpy(), f32)),
        ("uniform_(-1, 1)", lambda: t32.uniform_(-1, 1), lambda: lib.iso_torch_uniform(ref, pointer(f32), n, d(-1), d(1)), lambda: (t32.numpy(), f32)),
        ("torch.randn", lambda: torch.randn(N, out=t32), lambda: lib.iso_torch_normal(ref, pointer(f32), n, d(0), d(1)), lambda: (t32.numpy(), f32)),
        ("torch.rand float64", lambda: torch.rand(N, out=t64), lambda: lib.iso_torch_uniform_f64(ref, pointer(f64), n, d(0), d(1)), lambda: (t64.numpy(), f64)),
        ("torch.randn float64", lambda: torch.randn(N, out=t64), lambda: lib.iso_torch_normal_f64(ref, pointer(f64), n, d(0), d(1)), lambda: (t64.numpy(), f64)),
        ("F.dropout's mask", lambda: t8.bernoulli_(0.5), lambda: lib.iso_torch_bernoulli(ref, pointer(u8), n, d(0.5)), lambda: (t8.numpy(), u8)),
        ("F.dropout, whole", lambda: torch.nn.functional.dropout(ones, 0.5), lambda: lib.iso_torch_bernoulli(ref, pointer(u8), n, d(0.5)), None),
        ("torch.randint", lambda: torch.randint(0, 1000, (N,), out=perm), lambda: lib.iso_torch_randint(ref, pointer(i64), n, ctypes.c_int64(0), ctypes.c_int64(1000)), lambda: (perm.numpy(), i64)),
        ("torch.randperm", lambda: torch.randperm(N, out=perm), lambda: lib.iso_torch_randperm(ref, pointer(i64), ctypes.c_int64(N)), lambda: (perm.numpy(), i64)),
    ]


def numpy_rows(lib):
    g, f64 = Generator(), np.empty(N, np.float64)
    kept = [None]

    def seed():
        np.random.seed(7)
        lib.iso_np_legacy_seed(ctypes.byref(g), ctypes.c_uint32(7))

    def live(f):
        def run():
            kept[0] = f(N)
        return run

    ref, n, d = ctypes.byref(g), ctypes.c_size_t(N), ctypes.c_double
    return seed, [
        ("np.random.rand", live(np.random.rand), lambda: lib.iso_np_legacy_random_sample(ref, pointer(f64), n), lambda: (kept[0], f64)),
        ("np.random.randn", live(np.random.randn), lambda: lib.iso_np_legacy_standard_normal(ref, pointer(f64), n), lambda: (kept[0], f64)),
    ]


def milliseconds(f):
    start = time.perf_counter()
    f()
    return 1000 * (time.perf_counter() - start)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--lib", default="build/libisobit.so")
    p.add_argument("--rounds", type=int, default=31)
    o = p.parse_args()
    lib = ctypes.CDLL(o.lib)
    torch.set_num_threads(1)
    print("streams: %d numbers, one thread, median of %d rounds in turn; PyTorch %s, %s; NumPy %s" % (
        N, o.rounds, torch.__version__, torch.backends.cpu.get_cpu_capability(), np.__version__))
    print("%-22s %10s %10s %8s" % ("", "theirs ms", "ours ms", "ratio"))
    for seed, rows in (torch_rows(lib), numpy_rows(lib)):
        for name, theirs, ours, results in rows:
            seed()
            theirs(), ours()
            if results:
                a, b = results()
                assert a.tobytes() == b.tobytes(), name + ": the bits differ"
            times = [(milliseconds(theirs), milliseconds(ours)) for _ in range(o.rounds)]
            a, b = (statistics.median(t) for t in zip(*times))
            print("%-22s %10.3f %10.3f %7.2fx" % (name, a, b, statistics.median(x / y for x, y in times)))


if __name__ == "__main__":
    main()
