#!/usr/bin/env python3
"""What random programs cannot reach, beside the live PyTorch, bit for bit.

    tests/oracle/streams/exhaustive.py --torch PYTHON [--build build] [--large]

Drives every one of the 2^24 values of both uniforms through the AVX2 normal_; --large draws the large randperm (4 GB) on both sides of
the border between its two algorithms. The last line reads `N passed, N failed`."""
import argparse
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))

EXHAUSTIVE = r"""
import ctypes, sys, numpy as np, torch
library = ctypes.CDLL(sys.argv[1])
class Generator(ctypes.Structure):
    _fields_ = [("state", ctypes.c_uint32 * 624), ("next", ctypes.c_uint32), ("seed", ctypes.c_uint64),
                ("variant", ctypes.c_int), ("has", ctypes.c_bool), ("value", ctypes.c_double)]
g = Generator()

def untemper(y):
    y = y ^ (y >> 18)
    y = y ^ ((y << 15) & 0xefc60000)
    x = y
    for _ in range(5):
        x = y ^ ((x << 7) & 0x9d2c5680)
    y = x
    for _ in range(3):
        x = y ^ (x >> 11)
    return x & 0xffffffff

state = torch.get_rng_state().numpy().copy()
state[5016:] = 0
blocks, wrong, done = 38, 0, 0
mask = np.uint64(0xffffffff)
def run(words):                       # words: 608 outputs that the generator shall give
    global wrong, done
    state[8:12] = np.array([624], "<u4").view(np.uint8)
    state[16:24] = np.array([1], "<u8").view(np.uint8)
    inner = np.zeros(624, "<u8")
    inner[1:609] = untemper(words.astype(np.uint64))
    state[24:24 + 4992] = inner.view(np.uint8)
    torch.set_rng_state(torch.from_numpy(state))
    theirs = torch.empty(16 * blocks).normal_(0.25, 1.75).numpy()
    ours = np.empty(16 * blocks, np.float32)
    assert library.iso_torch_set_state(ctypes.byref(g), state.ctypes.data_as(ctypes.c_void_p))
    library.iso_torch_normal(ctypes.byref(g), ours.ctypes.data_as(ctypes.c_void_p), ctypes.c_size_t(16 * blocks),
                             ctypes.c_double(0.25), ctypes.c_double(1.75))
    wrong += int((ours.view(np.uint32) != theirs.view(np.uint32)).sum())
    done += ours.size
per = 8 * blocks
rng = np.random.RandomState(0)
for start in range(0, 1 << 24, per):
    sweep = (np.arange(start, start + per) & 0xffffff).reshape(blocks, 8)
    other = rng.randint(0, 1 << 24, (blocks, 8))
    run(np.concatenate([sweep, other], 1).ravel())   # every u1
    run(np.concatenate([other, sweep], 1).ravel())   # every u2
print(done, wrong)
"""

LARGE = r"""
import ctypes, sys, hashlib, torch
library = ctypes.CDLL(sys.argv[1])
n = (2**32 - 1) // 20 + int(sys.argv[2])
torch.manual_seed(5)
theirs = hashlib.sha256(torch.randperm(n).numpy()).hexdigest()
g = (ctypes.c_uint8 * 4096)()
library.iso_torch_manual_seed(g, ctypes.c_uint64(5))
out = (ctypes.c_int64 * n)()
library.iso_torch_randperm(g, out, ctypes.c_int64(n))
print(hashlib.sha256(out).hexdigest() == theirs)
"""


def script(python, text, *arguments):
    env = dict(os.environ, ATEN_CPU_CAPABILITY="avx2")
    done = subprocess.run([python, "-c", text] + list(arguments), stdout=subprocess.PIPE, env=env, check=True,
                          universal_newlines=True)
    return done.stdout.split()


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--torch", required=True, metavar="PYTHON")
    p.add_argument("--build", default=os.path.join(ROOT, "build"))
    p.add_argument("--large", action="store_true")
    o = p.parse_args()
    library = os.path.abspath(os.path.join(o.build, "libisobit.so"))
    done, wrong = map(int, script(o.torch, EXHAUSTIVE, library))
    print("normal_ over all values of both uniforms: %d elements, %d differ" % (done, wrong))
    passed, failed = wrong == 0, wrong != 0
    for extra in (-1, 0) if o.large else ():
        equal = script(o.torch, LARGE, library, str(extra)) == ["True"]
        print("randperm(%d): %s" % ((2**32 - 1) // 20 + extra, "equal" if equal else "differs"))
        passed, failed = passed + equal, failed + (not equal)
    print("%d passed, %d failed" % (passed, failed))
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
