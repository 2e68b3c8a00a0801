#!/usr/bin/env python3
"""Speed of the kernels beside PyTorch's (oneDNN and its BLAS), NumPy's OpenBLAS and, where Debian's libblis4-pthread is installed, BLIS: contenders in turn, medians and ratios.

    bench/kernels.py --lib build/bench/contender.so [--threads N] [--isa NAME] [--rounds N] [--only REGEX]

Run by an interpreter that has torch and numpy; `make bench` prepares one below build/. PyTorch's convolutions get channels_last
tensors; its malloc keeps freed memory. A ratio is the best other contender's median over ours: above 1 we are faster."""
import argparse
import ctypes
import re

import numpy as np
import torch
import torch.nn.functional as F

from side_by_side import blis_kernel, heading, in_turn, library, longs, median, openblas_kernel, opened, pointer, start_again

GEMMS = [(256, 256, 256), (512, 512, 512), (768, 768, 768), (1024, 1024, 1024), (1536, 1536, 1536), (2048, 2048, 2048),
         (64, 10, 2048), (64, 2048, 10), (100352, 64, 576), (12544, 128, 1152), (16, 1000, 512), (512, 512, 64)]
# n, channels, size, output channels, kernel, stride, padding; and how often ResNet-18 has it
CONVOLUTIONS = [((16, 3, 224, 64, 7, 2, 3), 1), ((16, 64, 56, 64, 3, 1, 1), 4), ((16, 64, 56, 128, 3, 2, 1), 1),
                ((16, 128, 28, 128, 3, 1, 1), 3), ((16, 64, 56, 128, 1, 2, 0), 1), ((16, 128, 28, 256, 3, 2, 1), 1),
                ((16, 256, 14, 256, 3, 1, 1), 3), ((16, 128, 28, 256, 1, 2, 0), 1), ((16, 256, 14, 512, 3, 2, 1), 1),
                ((16, 512, 7, 512, 3, 1, 1), 3), ((16, 256, 14, 512, 1, 2, 0), 1)]


class Table:
    def __init__(self, lib, c, o):
        self.lib, self.c, self.o = lib, c, o
        print(heading(lib, c, o.threads))
        print("torch.mm: %s, NumPy's OpenBLAS: its kernel for %s, BLIS: %s" % (
            "MKL" if torch.backends.mkl.is_available() else "its own BLAS", openblas_kernel(), "for " + (blis_kernel() or "") if blis_kernel() else "not installed"))
        print("%-44s %10s %10s %8s  %s" % ("", "best ms", "ours ms", "ratio", "GFLOP/s of ours, and who was best"))

    def wanted(self, name):
        return not self.o.only or re.search(self.o.only, name)

    def row(self, name, ours, others, flops=None, rounds=None):
        times = in_turn([ours] + [f for _, f in others], rounds or self.o.rounds)
        mine, rest = median(times[0]), [(median(t), label) for t, (label, _) in zip(times[1:], others)]
        best, label = min(rest)
        print("%-44s %10.3f %10.3f %7.2fx  %s%s" % (name, 1e3 * best, 1e3 * mine, best / mine,
                                                     "%7.1f  " % (1e-9 * flops / mine) if flops else "", label), flush=True)
        return mine, best


def blis(threads):
    """BLIS's cblas_sgemm for row-major arrays; None where it is not installed."""
    try:
        lib = ctypes.CDLL("libblis.so.4")
    except OSError:
        return None
    lib.bli_thread_set_num_threads(ctypes.c_int64(threads))
    f = ctypes.c_float

    def product(a, b, out):
        (m, k), n = a.shape, b.shape[1]
        lib.cblas_sgemm(101, 111, 111, m, n, k, f(1), pointer(a), k, pointer(b), n, f(0), pointer(out), n)
    return product


def gemms(t):
    sgemm = blis(t.o.threads)
    for m, n, k in GEMMS:
        name = "gemm %d x %d x %d" % (m, n, k)
        if not t.wanted(name):
            continue
        a, b, out = np.random.rand(m, k).astype(np.float32), np.random.rand(k, n).astype(np.float32), np.empty((m, n), np.float32)
        ta, tb, theirs, theirs2 = torch.from_numpy(a), torch.from_numpy(b), torch.empty(m, n), np.empty((m, n), np.float32)
        run = lambda: t.lib.contender_gemm(t.c, ctypes.c_int64(m), ctypes.c_int64(n), ctypes.c_int64(k), pointer(a), pointer(b), pointer(out))
        run()
        assert np.allclose(out, a @ b, rtol=1e-4, atol=1e-3), name
        others = [("torch.mm", lambda: torch.mm(ta, tb, out=theirs)), ("NumPy's OpenBLAS", lambda: np.matmul(a, b, out=theirs2))]
        if sgemm:
            others.append(("BLIS", lambda: sgemm(a, b, theirs2)))
            others[-1][1]()
            assert np.allclose(theirs2, a @ b, rtol=1e-4, atol=1e-3), name
        t.row(name, run, others, 2.0 * m * n * k)


def convolutions(t):
    sums = {}
    for shape, count in CONVOLUTIONS:
        n, c, size, co, kernel, stride, padding = shape
        o = (size + 2 * padding - kernel) // stride + 1
        x = torch.randn(n, c, size, size).to(memory_format=torch.channels_last)
        w = torch.randn(co, c, kernel, kernel).to(memory_format=torch.channels_last)
        dy = torch.randn(n, co, o, o).to(memory_format=torch.channels_last)
        plain = w.contiguous()
        y, dx, dw = torch.empty(n, o, o, co), torch.empty(n, size, size, c), torch.empty(co, c, kernel, kernel)
        backward = lambda mask: torch.ops.aten.convolution_backward(dy, x, w, None, [stride] * 2, [padding] * 2, [1, 1], False, [0, 0], 1, mask)
        flops = 2.0 * n * o * o * co * c * kernel * kernel
        with torch.no_grad():
            for which, (label, ours, theirs, check) in enumerate([
                    ("forward", (x, plain, y), lambda: F.conv2d(x, w, stride=stride, padding=padding), lambda: (y.permute(0, 3, 1, 2), F.conv2d(x, w, stride=stride, padding=padding))),
                    ("dx", (dy, plain, dx), lambda: backward([True, False, False]), lambda: (dx.permute(0, 3, 1, 2), backward([True, False, False])[0])),
                    ("dw", (x, dy, dw), lambda: backward([False, True, False]), lambda: (dw, backward([False, True, False])[1]))]):
                name = "conv %dx%d/%d %d->%d @%d n%d %s" % (kernel, kernel, stride, c, co, size, n, label)
                if not t.wanted(name) or (c == 3 and label == "dx"):
                    continue
                run = lambda: t.lib.contender_conv2d(t.c, which, longs(*shape), *map(pointer, ours))
                run()
                a, b = check()
                assert (a - b).abs().max() <= 1e-3 * b.abs().max(), name
                mine, best = t.row(name, run, [("oneDNN channels_last", theirs)], flops)
                s = sums.setdefault(label, [0, 0])
                s[0] += count * mine
                s[1] += count * best
    for label, (mine, best) in sums.items():
        print("%-44s %10.3f %10.3f %7.2fx" % ("all convolutions of ResNet-18, " + label, 1e3 * best, 1e3 * mine, best / mine))
    if sums:
        mine, best = (sum(s[i] for s in sums.values()) for i in (0, 1))
        print("%-44s %10.3f %10.3f %7.2fx" % ("all of them", 1e3 * best, 1e3 * mine, best / mine), flush=True)


def normalisations(t):
    for n, c, size in ((64, 16, 32), (16, 64, 56), (16, 64, 112), (16, 512, 7)):
        name = "BatchNorm2d(%d) @%d n%d, forward and backward" % (c, size, n)
        if not t.wanted(name):
            continue
        x = torch.randn(n, c, size, size).to(memory_format=torch.channels_last).requires_grad_()
        dy, bn = torch.randn(n, c, size, size).to(memory_format=torch.channels_last), torch.nn.BatchNorm2d(c)
        y, dx, vectors = torch.empty(n * c * size * size), torch.empty(n * c * size * size), torch.ones(8, c)

        def theirs():
            x.grad = None
            bn(x).backward(dy)

        t.row(name, lambda: t.lib.contender_batch_norm(t.c, longs(n, size * size, c), pointer(x), pointer(dy), pointer(y), pointer(dx), pointer(vectors)),
              [("PyTorch channels_last", theirs)])
    for n, c, size, groups in ((16, 64, 56, 32), (16, 512, 7, 32)):
        name = "GroupNorm(%d, %d) @%d n%d, forward and backward" % (groups, c, size, n)
        if not t.wanted(name):
            continue
        x = torch.randn(n, c, size, size).to(memory_format=torch.channels_last)
        dy, gn = torch.randn(n, c, size, size).to(memory_format=torch.channels_last), torch.nn.GroupNorm(groups, c)
        y, dx, vectors, statistics = torch.empty(n * c * size * size), torch.empty(n * c * size * size), torch.ones(4, c), torch.empty(2 * n * groups)

        def theirs(operands):
            x, dy = operands
            x.grad = None
            gn(x).backward(dy)

        both = [(layout, [a.detach().to(memory_format=f).requires_grad_(a is x) for a in (x, dy)])
                for layout, f in (("channels_last", torch.channels_last), ("NCHW", torch.contiguous_format))]
        t.row(name, lambda: t.lib.contender_group_norm(t.c, longs(n, size * size, c, groups), pointer(x), pointer(dy), pointer(y), pointer(dx),
                                                       pointer(vectors), pointer(statistics)),
              [("PyTorch " + layout, lambda operands=operands: theirs(operands)) for layout, operands in both])
    for n, k in ((64, 10), (64, 1000), (4096, 1000)):
        name = "softmax + cross-entropy %d x %d" % (n, k)
        if not t.wanted(name):
            continue
        x, target, dx = torch.randn(n, k, requires_grad=True), torch.randint(k, (n,)), torch.empty(n, k)

        def theirs():
            x.grad = None
            F.cross_entropy(x, target).backward()

        t.row(name, lambda: t.lib.contender_cross_entropy(t.c, ctypes.c_int64(n), ctypes.c_int64(k), pointer(x), pointer(target), pointer(dx)),
              [("PyTorch", theirs)])


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--lib", default="build/bench/contender.so")
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--isa", default=None)
    p.add_argument("--rounds", type=int, default=11)
    p.add_argument("--only", metavar="REGEX")
    o = p.parse_args()
    start_again(o.threads)
    torch.set_num_threads(o.threads)
    lib = library(o.lib)
    t = Table(lib, opened(lib, o.threads, o.isa), o)
    gemms(t)
    convolutions(t)
    normalisations(t)


if __name__ == "__main__":
    main()
