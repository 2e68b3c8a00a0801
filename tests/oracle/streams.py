#!/usr/bin/env python3
"""Isobit's random streams against the live PyTorch, bit for bit.

    tests/oracle/streams.py --torch PYTHON [--build build] [--cases N] [--seed S] [--exhaustive] [--large]

PYTHON is an interpreter that has torch; it is run once for each CPU capability. Random programs of
random expressions are evaluated by both sides; the last line reads `N passed, N failed`, and the
smallest failing program is shown with the command that repeats it. --exhaustive drives every one of
the 2^24 values of both uniforms through the AVX2 normal_; --large draws the large randperm (4 GB). With PyTorch 1.13 only what it
draws as 2.13 does is compared."""
import argparse
import json
import os
import random
import re
import struct
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


# ---- Random programs -------------------------------------------------------------------------

FLOATS = ["float32", "float64", "float16", "bfloat16"]
INTEGERS = ["int64", "int32", "int16", "int8", "uint8"]


def number(rng, low, high):
    return repr(rng.choice([rng.uniform(low, high), round(rng.uniform(low, high), 2), rng.randint(int(low), int(high))]))


def length(rng):
    return rng.choice([0, 1, 2, 3, 7, 14, 15, 16, 17, 24, 31, 32, 33, 48, 100, rng.randint(0, 700)])


def shape(rng):
    n = rng.choice([1, 1, 2, 3, 4])
    return [length(rng)] if n == 1 else [rng.randint(0 if rng.random() < 0.05 else 1, 6) for _ in range(n)]


def sizes(rng, s):
    """A shape in one of the spellings of torch.rand(*size)."""
    return rng.choice([", ".join(map(str, s)), str(s), "(" + ", ".join(map(str, s)) + ",)", "size=" + str(s)])


def dtype(rng, types):
    t = rng.choice(types)
    return "dtype=torch." + rng.choice({"float32": ["float32", "float"], "float64": ["float64", "double"],
                                        "float16": ["float16", "half"], "int64": ["int64", "long"]}.get(t, [t]))


def empty(rng, types):
    return "torch.empty(%s, %s)" % (sizes(rng, shape(rng)), dtype(rng, types))


def bounds(rng):
    low = rng.uniform(-5, 5)
    return "%r, %r" % (low, low + rng.uniform(0, 5)) if rng.random() < 0.8 else rng.choice(
        ["0, 1", "-1, 1", "2, 2", "1, 1.0000001", "16777216, 16777219"])


def weight(rng, types):
    s = [rng.randint(1, 9) for _ in range(rng.randint(2, 4))]
    return "torch.empty(%s, %s)" % (", ".join(map(str, s)), dtype(rng, types))


def integer_range(rng):
    span = rng.choice([1, 2, 10, 1000, 2**16, 2**28 - 1, 2**28, 2**28 + 1, 2**31, 2**32 - 1, 2**32, 2**32 + 1, 2**53,
                       2**62, rng.randint(1, 2**62)])
    low = rng.choice([0, 0, 1, -1, rng.randint(-2**40, 2**40)])
    return low, low + span


def expression(rng, floats):
    kind = rng.randrange(20)
    some = rng.choice(["nn.init", "torch.nn.init", "init"])
    if kind == 0:
        return "torch.rand(%s, %s)" % (sizes(rng, shape(rng)), dtype(rng, floats))
    if kind == 1:
        return "torch.randn(%s, %s)" % (sizes(rng, shape(rng)), dtype(rng, floats))
    if kind == 2:
        return "torch.%s(%s)" % (rng.choice(["rand", "randn"]), sizes(rng, shape(rng)))
    if kind == 3:
        return "torch.randperm(%d)" % length(rng)
    if kind == 4:
        low, high = integer_range(rng)
        return rng.choice(["torch.randint(%d, %d, %s)" % (low, high, shape(rng)),
                           "torch.randint(%d, %s)" % (high - low, tuple(shape(rng) + [1])),
                           "torch.randint(low=%d, high=%d, size=%s)" % (low, high, shape(rng))])
    if kind == 5:
        return "torch.randint(-3, 90, %s, %s)" % (shape(rng), dtype(rng, INTEGERS[:-1] + ["float32", "float64"]))
    if kind == 6:
        return "%s.uniform_(%s)" % (empty(rng, floats), bounds(rng))
    if kind == 7:
        return "%s.normal_(%s, %s)" % (empty(rng, floats), number(rng, -3, 3), number(rng, 0, 4))
    if kind == 8:
        return "%s.bernoulli_(%s)" % (empty(rng, ["float32", "float64", "uint8", "int64"]), number(rng, 0, 1))
    if kind == 9:
        return "torch.empty(%d, dtype=torch.%s).random_(%s)" % (
            length(rng), rng.choice(INTEGERS + ["float32", "float64"]), rng.choice(["", "100", "3, 77"]))
    if kind == 10:
        return "torch.empty(%d, dtype=torch.bool).random_()" % length(rng)
    if kind == 11:
        return "torch.bernoulli(torch.rand(%s, %s))" % (sizes(rng, shape(rng)), dtype(rng, floats[:2]))
    if kind == 12:
        return "torch.bernoulli(torch.ones(%s), %s)" % (sizes(rng, shape(rng)), number(rng, 0, 1))
    if kind == 13:
        return "F.dropout(torch.randn(%s, %s), %s)" % (sizes(rng, shape(rng)), dtype(rng, floats), number(rng, 0, 1))
    if kind == 14:
        return rng.choice(["nn.Linear(%d, %d, bias=%s)" % (rng.randint(1, 40), rng.randint(1, 40), rng.choice("True False".split())),
                           "nn.Linear(%d, %d).weight" % (rng.randint(1, 40), rng.randint(1, 40))])
    if kind == 15:
        g = rng.randint(1, 3)
        return "nn.Conv2d(%d, %d, %s, groups=%d, bias=%s)" % (
            g * rng.randint(1, 5), g * rng.randint(1, 5), rng.choice(["3", "(3, 1)", "kernel_size=5", "1"]), g,
            rng.choice("True False".split()))
    if kind == 16:
        return "%s.xavier_%s_(%s%s)" % (some, rng.choice(["uniform", "normal"]), weight(rng, floats[:2]),
                                        rng.choice(["", ", %r" % rng.uniform(0, 3), ", gain=nn.init.calculate_gain('tanh')"]))
    if kind == 17:
        return "%s.kaiming_%s_(%s%s%s%s)" % (
            some, rng.choice(["uniform", "normal"]), weight(rng, floats[:2]),
            rng.choice(["", ", a=%r" % rng.uniform(0, 3)]), rng.choice(["", ", mode='fan_out'"]),
            rng.choice(["", ", nonlinearity='relu'", ', nonlinearity="selu"', ", nonlinearity='tanh'"]))
    if kind == 18:
        return "torch.manual_seed(%d)" % seed(rng)
    return rng.choice(["torch.get_rng_state()", "torch.initial_seed()", "torch.normal(%s, 2.5, (%d,))" % (number(rng, -2, 2), length(rng)),
                       "torch.rand_like(torch.ones(%d))" % length(rng), "torch.randn_like(torch.zeros(%d, dtype=torch.float64))" % length(rng),
                       "torch.rand(3, 2).normal_().uniform_(1, 2)", "[torch.rand(2), torch.randn(3), 7]",
                       "torch.rand(1).item()"])


def seed(rng):
    return rng.choice([0, 1, 42, 2**32 - 1, 2**32, 2**63, 2**64 - 1, rng.getrandbits(64), rng.getrandbits(31)])


def same_in_1_13(rng, e):
    """What PyTorch 1.13 draws in another way (docs/streams.md) is replaced by something that it draws alike."""
    if re.search("normal|randn|half|float16", e):
        return "torch.randn(%d)" % rng.randint(16, 700)
    if "1.0000001" in e or "16777219" in e:
        return "torch.rand(3)"
    if "randint" in e:
        return "torch.randint(-5, %d, (%d,))" % (rng.randint(0, 2**28 - 6), length(rng))
    return e


def programs(count, seed_, floats, old):
    rng = random.Random(seed_)
    result = []
    for _ in range(count):
        program = [expression(rng, floats) for _ in range(rng.randint(1, 6))]
        result.append((seed(rng), [same_in_1_13(rng, e) for e in program] if old else program))
    return result


# ---- The two sides ---------------------------------------------------------------------------

TORCH_SIDE = r"""
import json, struct, sys, warnings
import torch, torch.nn as nn, torch.nn.functional as F
from torch.nn import init
warnings.simplefilter("ignore")
torch.set_num_threads(1)

def bits(v):
    if v is None or isinstance(v, torch.Generator):
        return ["None"]
    if isinstance(v, bool):
        return [str(v)]
    if isinstance(v, int):
        return [str(v)]
    if isinstance(v, float):
        return ["%016x" % struct.unpack("<Q", struct.pack("<d", v))[0]]
    if isinstance(v, nn.Module):
        return [b for p in v.parameters() for b in bits(p)]
    if isinstance(v, (list, tuple)):
        return [b for p in v for b in bits(p)]
    v = v.detach().contiguous()
    if v.dtype in (torch.bool, torch.uint8):
        return ["%02x" % int(x) for x in v.flatten().tolist()]
    size = v.element_size()
    kind = {1: torch.int8, 2: torch.int16, 4: torch.int32, 8: torch.int64}[size]
    return ["%0*x" % (2 * size, x & (1 << 8 * size) - 1) for x in v.view(kind).flatten().tolist()] if v.numel() else []

for line in sys.stdin:
    seed, program = json.loads(line)
    torch.manual_seed(seed)
    answers = []
    for expression in program:
        try:
            answers.append(" ".join(bits(eval(expression))))
        except Exception as e:
            answers.append("error: %s" % e)
    print(json.dumps(answers))
"""


def torch_answers(python, capability, cases):
    env = dict(os.environ, ATEN_CPU_CAPABILITY=capability)
    text = "".join(json.dumps(case) + "\n" for case in cases)
    done = subprocess.run([python, "-c", TORCH_SIDE], input=text, stdout=subprocess.PIPE, env=env, check=True,
                          universal_newlines=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def isobit_answers(driver, variant, cases):
    text = "".join("seed %d %d\n" % (variant, s) + "".join(e + "\n" for e in program) for s, program in cases)
    done = subprocess.run([driver], input=text, stdout=subprocess.PIPE, check=True, universal_newlines=True)
    lines = done.stdout.splitlines()
    answers = []
    for _, program in cases:
        answers.append(lines[:len(program)])
        lines = lines[len(program):]
    return answers


def build_driver(build):
    driver = os.path.join(tempfile.mkdtemp(prefix="isobit-oracle-"), "driver")
    subprocess.run([os.environ.get("CC", "cc"), "-std=c11", "-D_GNU_SOURCE", "-O2", "-ffp-contract=off",
                    "-I" + os.path.join(ROOT, "include"), "-I" + os.path.join(ROOT, "src"),
                    os.path.join(ROOT, "tests/oracle/stream_driver.c"), os.path.join(build, "libisobit.a"), "-lm",
                    "-pthread", "-o", driver], check=True)
    return driver


def same(ours, theirs):
    return ours == theirs or (ours.startswith("error: ") and theirs.startswith("error: "))


def compare(driver, python, capability, variant, cases):
    """Returns (passed, of these refused by both, failures); a failure is (elements, seed, program so far, ours, theirs)."""
    passed, refused, failures = 0, 0, []
    for (s, program), ours, theirs in zip(cases, isobit_answers(driver, variant, cases), torch_answers(python, capability, cases)):
        for i, (a, b) in enumerate(zip(ours, theirs)):
            if same(a, b):
                passed += 1
                refused += b.startswith("error")
            else:
                failures.append((len(b) + 1000 * i, s, program[:i + 1], a, b))
                break
    return passed, refused, failures


def show(failure, capability):
    _, s, program, ours, theirs = failure
    print("FAIL with ATEN_CPU_CAPABILITY=%s: isobit stream --seed %d --hex %s" % (
        capability, s, " ".join("'%s'" % e.replace("'", '"') for e in program)))
    a, b = ours.split(" "), theirs.split(" ")
    if ours.startswith("error") or theirs.startswith("error") or len(a) != len(b):
        print("  isobit: %s\n  torch:  %s" % (ours[:200], theirs[:200]))
    else:
        wrong = [i for i in range(len(a)) if a[i] != b[i]]
        print("  %d of %d elements; the first is %d: isobit %s, torch %s" % (len(wrong), len(a), wrong[0], a[wrong[0]], b[wrong[0]]))


# ---- Numbers as text, against this interpreter's repr ----------------------------------------

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
        done = subprocess.run([driver], input="seed 0 0\nprint %s\n" % text, stdout=subprocess.PIPE, check=True,
                              universal_newlines=True)
        if done.stdout.rstrip("\n") != text:
            wrong += 1
            pairs = zip(done.stdout.strip()[1:-1].split(", "), text[1:-1].split(", "))
            print("FAIL repr: isobit %s, Python %s" % next(p for p in pairs if p[0] != p[1]))
    return len(values), wrong


# ---- Every input of the AVX2 polynomials -----------------------------------------------------

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
    p.add_argument("--cases", type=int, default=500, help="programs per capability")
    p.add_argument("--seed", type=int, default=None)
    p.add_argument("--exhaustive", action="store_true")
    p.add_argument("--large", action="store_true")
    o = p.parse_args()
    version = subprocess.run([o.torch, "-c", "import torch; print(torch.__version__)"], stdout=subprocess.PIPE, check=True,
                             universal_newlines=True).stdout.strip()
    old = version.startswith("1.")
    base = o.seed if o.seed is not None else random.SystemRandom().getrandbits(32)
    print("PyTorch %s, --seed %d" % (version, base))
    driver = build_driver(o.build)
    passed = failed = 0
    for capability, variant in (("default", 1), ("avx2", 0), ("avx512", 0)):
        cases = programs(o.cases, base, FLOATS, old)
        ok, refused, failures = compare(driver, o.torch, capability, variant, cases)
        print("%-8s %d expressions equal (%d of them refused by both), %d programs differ" % (
            capability, ok, refused, len(failures)))
        if failures:
            show(min(failures, key=lambda f: f[0]), capability)
        passed += ok
        failed += len(failures)
    count, wrong = compare_printing(driver, 20 * o.cases, base)
    print("repr of %d floats: %d lists of 1000 differ" % (count, wrong))
    passed, failed = passed + (wrong == 0), failed + (wrong != 0)
    library = os.path.abspath(os.path.join(o.build, "libisobit.so"))
    if o.exhaustive:
        done, wrong = map(int, script(o.torch, EXHAUSTIVE, library))
        print("normal_ over all values of both uniforms: %d elements, %d differ" % (done, wrong))
        passed, failed = passed + (wrong == 0), failed + (wrong != 0)
    if o.large:
        for extra in (-1, 0):
            equal = script(o.torch, LARGE, library, str(extra)) == ["True"]
            print("randperm(%d): %s" % ((2**32 - 1) // 20 + extra, "equal" if equal else "differs"))
            passed, failed = passed + equal, failed + (not equal)
    print("%d passed, %d failed" % (passed, failed))
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
