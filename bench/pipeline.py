#!/usr/bin/env python3
"""Speed of the data pipeline beside torchvision with Pillow: ImageFolder, the tutorial's transforms, DataLoader; the same files, draws and bytes.

    bench/pipeline.py --lib build/bench/contender.so --photos build/photos [--rounds N]

Run by an interpreter that has torchvision and a PyTorch without MKL, whose exp and log decide on crops (Debian: python3-torchvision). Contenders take turns, an epoch each;
medians. The first epoch of both is compared byte for byte. Every image is decoded anew, as torchvision does; "kept" is Isobit as it comes, which keeps up to 1 GiB of decoded
images. One core: no workers on either side, in seconds of CPU time. Workers are processes there and threads here, and stay alive between epochs. Two cores: there two workers, whose caller waits;
here one worker, whose caller computes too while it waits. Then resident memory from epoch to epoch, and a start on 100,000 files with and without the cache of digests
(--isobit: the program)."""
import argparse
import ctypes
import glob
import os
import subprocess
import sys
import tempfile
import time

import numpy as np
import torch
import torchvision
from PIL import Image, features
from torchvision import datasets, transforms as T

from side_by_side import cpu, library, median, opened, pointer, seconds, start_again

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def chain(size):
    return ["RandomHorizontalFlip()", "RandomRotation(10)", "RandomResizedCrop(%d)" % size, "ToTensor()",
            "Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])"]


class Theirs:
    def __init__(self, root, calls, batch, workers):
        data = datasets.ImageFolder(root, T.Compose([eval("T." + call) for call in calls]))
        self.count = len(data)
        self.loader = torch.utils.data.DataLoader(data, batch_size=batch, shuffle=True, num_workers=workers, persistent_workers=workers > 0)

    def epoch(self):
        return [(x, y) for x, y in self.loader] if self.keep else [len(y) for x, y in self.loader]

    keep = False


class Ours:
    def __init__(self, lib, c, root, calls, batch, workers, keep):
        self.lib, self.c = lib, c
        self.p = ctypes.c_void_p(lib.contender_pipeline(c, root.encode(), ("[%s]" % ", ".join(calls)).encode(), ctypes.c_int64(batch), ctypes.c_int64(workers),
                                                        workers, ctypes.c_int64(keep), ctypes.c_int64(7)))
        if not self.p:
            sys.exit(lib.contender_error(c).decode())

    def epoch(self, x=None, labels=None):
        count = self.lib.contender_pipeline_epoch(self.p, pointer(x) if x is not None else None, pointer(labels) if labels is not None else None)
        assert count > 0, self.lib.contender_error(self.c).decode()
        return count

    def __del__(self):
        self.lib.contender_pipeline_free(self.p)


def many(root, times, work):
    """The folder with every file so many times: an epoch should be long beside the start of its workers."""
    for path in glob.glob(os.path.join(root, "*/*")):
        folder = os.path.join(work, os.path.basename(os.path.dirname(path)))
        os.makedirs(folder, exist_ok=True)
        for i in range(times):
            os.symlink(os.path.abspath(path), os.path.join(folder, "%d-%s" % (i, os.path.basename(path))))
    return work


def table(lib, c, name, root, size, batch, rounds):
    calls = chain(size)
    speed = {}
    for workers in (0, 1, 2):
        torch.manual_seed(7)
        theirs = Theirs(root, calls, batch, workers)
        ours, kept = Ours(lib, c, root, calls, batch, workers, 0), Ours(lib, c, root, calls, batch, workers, 1 << 30)
        x, labels = np.empty((theirs.count, 3, size, size), np.float32), np.empty(theirs.count, np.int64)
        ours.epoch(x, labels)
        kept.epoch()
        theirs.keep = True
        batches = theirs.epoch()
        theirs.keep = False
        assert x.tobytes() == b"".join(b.numpy().tobytes() for b, _ in batches), "%s, %d workers: other bytes" % (name, workers)
        assert labels.tolist() == [int(y) for _, b in batches for y in b]
        del batches
        contenders = [theirs.epoch, ours.epoch, kept.epoch]
        clock = time.perf_counter if workers else time.process_time  # a core's time, whatever else the machine does
        times = [[] for _ in contenders]
        for _ in range(rounds):
            for k, epoch in enumerate(contenders):
                start = clock()
                epoch()
                times[k].append(clock() - start)
        rate = [theirs.count / median(t) for t in times]
        speed[workers] = rate
        label = "%s, %s" % (name, "no workers" if not workers else "1 worker" if workers == 1 else "%d workers" % workers)
        print("%-44s %9.0f %9.0f %7.2fx %9.0f %7.2fx" % (label, rate[0], rate[1], rate[1] / rate[0], rate[2], rate[2] / rate[0]), flush=True)
    print("%-44s %9.2f %9.2f %8s %9.2f" % ("  2 cores against 1", speed[2][0] / speed[0][0], speed[1][1] / speed[0][1], "", speed[1][2] / speed[0][2]), flush=True)


def resident():
    with open("/proc/self/statm") as f:
        return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def memory(lib, c, root, epochs=12):
    """Every image decoded anew, 1 worker."""
    ours = Ours(lib, c, root, chain(224), 32, 1, 0)
    sizes = []
    for _ in range(epochs):
        ours.epoch()
        sizes.append(resident())
    print("resident MiB behind epochs 1, 2, %d: %.1f, %.1f, %.1f" % (epochs, sizes[0], sizes[1], sizes[-1]), flush=True)


def startup(program, count=100000):
    """The time until the first batch is there."""
    with tempfile.TemporaryDirectory() as work:
        with open(glob.glob(os.path.join(ROOT, "examples/images/train/*/*.png"))[0], "rb") as f:
            image = f.read()
        for k in range(10):
            os.makedirs(os.path.join(work, "images/class%d" % k))
            for i in range(count // 10):
                with open(os.path.join(work, "images/class%d/%05d.png" % (k, i)), "wb") as f:
                    f.write(image)
        with open(os.path.join(work, "recipe.yaml"), "w") as f:
            f.write("seed: 1\ndata:\n  train: images\n  transforms: [\"Resize([32, 32])\", ToTensor()]\n  loader: DataLoader(batch_size=64, shuffle=True)\n"
                    "model:\n  - Flatten()\n  - Linear(3072, 10)\noptimizer: SGD(lr=0.1)\nepochs: 1\n")
        time.sleep(3)  # what has just changed is not remembered
        command = [program, "batch", os.path.join(work, "recipe.yaml"), "--epoch", "0", "--index", "0", "--out", os.path.join(work, "x.npy")]
        env = dict(os.environ, XDG_CACHE_HOME=os.path.join(work, "cache"))
        times = [seconds(lambda: subprocess.run(command, check=True, env=env, stdout=subprocess.DEVNULL)) for _ in range(3)]
        print("start on %d files, in seconds: %.2f the first time, then %.2f" % (count, times[0], min(times[1:])), flush=True)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--lib", required=True)
    p.add_argument("--photos", required=True)
    p.add_argument("--isobit")
    p.add_argument("--rounds", type=int, default=5)
    o = p.parse_args()
    start_again(1)
    torch.set_num_threads(1)
    lib = library(o.lib)
    lib.contender_pipeline.restype = ctypes.c_void_p
    lib.contender_pipeline_epoch.restype = ctypes.c_int64
    c = opened(lib, 1, None)
    print("images per second: torchvision %s, PyTorch %s, Pillow %s (libjpeg-turbo %s), %s; medians of %d epochs in turn"
          % (torchvision.__version__, torch.__version__, Image.__version__, features.version_feature("libjpeg_turbo"), cpu(), o.rounds))
    print("%-44s %9s %9s %8s %9s %8s" % ("", "theirs", "ours", "ratio", "kept", "ratio"))
    with tempfile.TemporaryDirectory() as work:
        table(lib, c, "photographs 500x375 to 224x224", many(os.path.join(o.photos, "train"), 8, work), 224, 32, o.rounds)
    with tempfile.TemporaryDirectory() as work:
        table(lib, c, "PNG files 28x28 to 32x32", many(os.path.join(ROOT, "examples/images/train"), 4, work), 32, 64, o.rounds)
    memory(lib, c, os.path.join(o.photos, "train"))
    if o.isobit:
        startup(o.isobit)


if __name__ == "__main__":
    main()
