#!/usr/bin/env python3
"""Speed of whole training steps (forward, backward, SGD with momentum) beside PyTorch's: contenders in turn, medians and ratios.

    bench/training.py --lib build/bench/contender.so [--threads N] [--isa NAME] [--rounds N] [--only REGEX]

Run by an interpreter that has torch; `make bench` prepares one below build/. PyTorch runs in both memory formats, and its best counts; its
malloc keeps freed memory. A ratio above 1: we are faster."""
import argparse
import ctypes
import re

import torch
from torch import nn
import torch.nn.functional as F

from side_by_side import heading, in_turn, library, longs, median, opened, pointer, seconds, start_again


def cnn(size, classes):
    return nn.Sequential(nn.Conv2d(3, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 32, 3, padding=1),
                         nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Dropout(0.5), nn.Linear(32 * (size // 4) ** 2, classes))


class BasicBlock(nn.Module):
    def __init__(self, c, co, stride):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(c, co, 3, stride, 1, bias=False), nn.BatchNorm2d(co)
        self.conv2, self.bn2 = nn.Conv2d(co, co, 3, 1, 1, bias=False), nn.BatchNorm2d(co)
        self.downsample = None if stride == 1 and c == co else nn.Sequential(nn.Conv2d(c, co, 1, stride, bias=False), nn.BatchNorm2d(co))

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)), inplace=True)
        return F.relu(self.bn2(self.conv2(y)).add_(self.downsample(x) if self.downsample else x), inplace=True)


def resnet18(size, classes):
    del size
    blocks = [BasicBlock(c, co, s) for c, co, s in ((64, 64, 1), (64, 64, 1), (64, 128, 2), (128, 128, 1), (128, 256, 2), (256, 256, 1), (256, 512, 2), (512, 512, 1))]
    return nn.Sequential(nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1), *blocks,
                         nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, classes))


WORK = [("tutorial's CNN, batch 64, 32x32", cnn, "contender_cnn", 64, 32, 10), ("tutorial's CNN, batch 8, 32x32", cnn, "contender_cnn", 8, 32, 10),
        ("tutorial's CNN, batch 16, 224x224", cnn, "contender_cnn", 16, 224, 10), ("ResNet-18, batch 16, 224x224", resnet18, "contender_resnet18", 16, 224, 1000)]


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--lib", default="build/bench/contender.so")
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--isa", default=None)
    p.add_argument("--rounds", type=int, default=11)
    p.add_argument("--only", metavar="REGEX")
    p.add_argument("--profile", action="store_true", help="where our own step's time goes, operation by operation")
    o = p.parse_args()
    start_again(o.threads)
    torch.set_num_threads(o.threads)
    lib = library(o.lib)
    c = opened(lib, o.threads, o.isa)
    print(heading(lib, c, o.threads))
    print("%-36s %10s %10s %10s %8s %12s" % ("", "NCHW ms", "NHWC ms", "ours ms", "ratio", "first step"))
    for name, model, ours, batch, size, classes in WORK:
        if (o.only and not re.search(o.only, name)) or not hasattr(lib, ours):
            continue
        x, target, loss = torch.randn(batch, 3, size, size), torch.randint(classes, (batch,)), ctypes.c_float()
        m = ctypes.c_void_p(getattr(lib, ours)(c, ctypes.c_int64(size), ctypes.c_int64(classes)))
        if not m:
            raise SystemExit(lib.contender_error(c).decode())
        sgd = ctypes.c_void_p(lib.contender_sgd(m, ctypes.c_double(1e-3), ctypes.c_double(0.9)))

        def mine():
            if lib.contender_step(m, sgd, longs(batch, 3, size, size), pointer(x), pointer(target), ctypes.byref(loss)):
                raise SystemExit(lib.contender_error(c).decode())

        def torchs(form):
            net = model(size, classes).to(memory_format=form)
            optimizer, images = torch.optim.SGD(net.parameters(), lr=1e-3, momentum=0.9), x.to(memory_format=form)

            def step():
                optimizer.zero_grad(set_to_none=True)
                F.cross_entropy(net(images), target).backward()
                optimizer.step()
            return step

        first = seconds(mine)
        if o.profile:
            lib.contender_profile(c, m, longs(batch, 3, size, size), pointer(x), pointer(target), o.rounds)
            continue
        times = in_turn([torchs(torch.contiguous_format), torchs(torch.channels_last), mine], o.rounds)
        nchw, nhwc, our = map(median, times)
        print("%-36s %10.2f %10.2f %10.2f %7.2fx %+9.1f ms  (arena and scratch %.0f MB)" % (
            name, 1e3 * nchw, 1e3 * nhwc, 1e3 * our, min(nchw, nhwc) / our, 1e3 * (first - our), lib.contender_memory(m) / 1e6), flush=True)


if __name__ == "__main__":
    main()
