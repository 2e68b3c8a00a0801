#!/usr/bin/env python3
"""Peak memory of whole training steps beside PyTorch's, as resident size: what the first three steps add to a process that holds the model.

    bench/memory.py --lib build/bench/contender.so [--only REGEX]

Each contender runs in a process of its own, one after the other. Gradients and momentum, which both hold, count; parameters do not, nor does the code, which a step of a small model has brought in. PyTorch runs in both
memory formats with its default allocator, and the smaller counts. A ratio below 1: we need less."""
import argparse
import ctypes
import re
import subprocess
import sys

from side_by_side import library, longs, opened, pointer
from training import WORK, cnn


def resident(field):
    with open("/proc/self/status") as f:
        return next(int(line.split()[1]) / 1024 for line in f if line.startswith(field + ":"))


def child(contender, index, lib, threads):
    import torch
    import torch.nn.functional as F
    name, model, ours, batch, size, classes = WORK[index]
    torch.set_num_threads(threads)
    x, target, loss = torch.randn(batch, 3, size, size), torch.randint(classes, (batch,)), ctypes.c_float()
    if contender == "ours":
        lib = library(lib)
        c = opened(lib, threads, None)
        m = ctypes.c_void_p(getattr(lib, ours)(c, ctypes.c_int64(size), ctypes.c_int64(classes)))
        sgd = ctypes.c_void_p(lib.contender_sgd(m, ctypes.c_double(1e-3), ctypes.c_double(0.9)))

        def step():
            if lib.contender_step(m, sgd, longs(batch, 3, size, size), pointer(x), pointer(target), ctypes.byref(loss)):
                raise SystemExit(lib.contender_error(c).decode())

        def warm_up():
            small = ctypes.c_void_p(lib.contender_cnn(c, ctypes.c_int64(8), ctypes.c_int64(10)))
            images, classes = torch.randn(2, 3, 8, 8), torch.zeros(2, dtype=torch.long)
            small_sgd = ctypes.c_void_p(lib.contender_sgd(small, ctypes.c_double(1e-3), ctypes.c_double(0.9)))
            lib.contender_step(small, small_sgd, longs(2, 3, 8, 8), pointer(images), pointer(classes), ctypes.byref(loss))
    else:
        form = torch.contiguous_format if contender == "NCHW" else torch.channels_last
        net, x = model(size, classes).to(memory_format=form), x.to(memory_format=form)
        optimizer = torch.optim.SGD(net.parameters(), lr=1e-3, momentum=0.9)

        def step():
            optimizer.zero_grad(set_to_none=True)
            F.cross_entropy(net(x), target).backward()
            optimizer.step()

        def warm_up():
            net, x = cnn(8, 10).to(memory_format=form), torch.randn(2, 3, 8, 8).to(memory_format=form)
            F.cross_entropy(net(x), torch.zeros(2, dtype=torch.long)).backward()
            torch.optim.SGD(net.parameters(), lr=1e-3, momentum=0.9).step()
    warm_up()  # code and thread stacks that any step brings in
    before = resident("VmRSS")
    for _ in range(3):
        step()
    print(resident("VmHWM") - before)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--lib", default="build/bench/contender.so")
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--only", metavar="REGEX")
    p.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    o = p.parse_args()
    if o.child:
        return child(o.child[0], int(o.child[1]), o.lib, o.threads)
    print("%-36s %10s %10s %10s %8s" % ("peak resident memory of a step, MiB", "NCHW", "NHWC", "ours", "ratio"))
    for i, (name, *_) in enumerate(WORK):
        if o.only and not re.search(o.only, name):
            continue
        peaks = [float(subprocess.run([sys.executable, __file__, "--lib", o.lib, "--threads", str(o.threads), "--child", contender, str(i)],
                                      check=True, capture_output=True, text=True).stdout) for contender in ("NCHW", "NHWC", "ours")]
        print("%-36s %10.1f %10.1f %10.1f %8.2f" % (name, *peaks, peaks[2] / min(peaks[:2])), flush=True)


if __name__ == "__main__":
    main()
