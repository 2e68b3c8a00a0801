#!/usr/bin/env python3
"""Writes tests/stream/known_answers.h: what the libraries answer to fixed programs, for machines that have none of them; and with --random
tests/stream/known_programs.h, the same for some of the random programs that streams.py draws.

    tests/oracle/streams/record.py --torch PYTHON --torch113 PYTHON --numpy PYTHON --python38 PYTHON --python313 PYTHON > tests/stream/known_answers.h
    tests/oracle/streams/record.py --random --torch PYTHON --numpy PYTHON --python313 PYTHON > tests/stream/known_programs.h

b3sum is needed. Long answers are recorded as the BLAKE3 digest of the line, or its first 16 digits; what is refused as "error"."""
import argparse
import subprocess
import sys

import make_numpy
import make_random
import make_torch
from streams import Live

TORCH = [
    (0, ["torch.randn(15)", "torch.randn(1)", "torch.rand(3)", "torch.get_rng_state()"]),
    (0, ["torch.randn(100000)"]),
    (1, ["torch.randn(16)", "torch.randn(17)", "torch.randn(3, 33)", "torch.rand(5)"]),
    (2, ["torch.randn(15, dtype=torch.float64)", "torch.randn(40, dtype=torch.float64)", "torch.rand(7, dtype=torch.float64)"]),
    (3, ["F.dropout(torch.ones(1001), 0.37)", "F.dropout(torch.randn(20, dtype=torch.float64), 0.25)",
         "F.dropout(torch.ones(4), 1.0)", "F.dropout(torch.ones(4), 0.0)", "torch.rand(1)"]),
    (4, ["torch.empty(1000).uniform_(-0.19245, 0.19245)", "torch.empty(9).uniform_(1, 1.0000001)",
         "torch.empty(100, dtype=torch.float64).uniform_(-3.5, 1.25)"]),
    (5, ["torch.empty(50).normal_(-1.5, 2.25)", "torch.empty(5).normal_(-1.5, 2.25)",
         "torch.empty(21, dtype=torch.float64).normal_(0.5, 3)"]),
    (6, ["torch.randperm(0)", "torch.randperm(1)", "torch.randperm(2)", "torch.randperm(37)", "torch.randperm(50000)"]),
    (7, ["torch.randint(10, (20,))", "torch.randint(-5, 2**28 - 6, (4,))", "torch.randint(0, 2**28, (4,))",
         "torch.randint(0, 2**32, (4,))", "torch.randint(-2**62, 2**62, (4,))", "torch.randint(7, (2, 3), dtype=torch.int32)"]),
    (8, ["torch.empty(20).bernoulli_(0.3)", "torch.bernoulli(torch.rand(20))", "torch.bernoulli(torch.rand(9, dtype=torch.float64))",
         "torch.bernoulli(torch.ones(9), 0.5)"]),
    (9, ["torch.empty(3, dtype=torch.int64).random_()", "torch.empty(3, dtype=torch.int8).random_()",
         "torch.empty(3).random_()", "torch.empty(3, dtype=torch.float64).random_()", "torch.empty(3, dtype=torch.bool).random_()",
         "torch.empty(3, dtype=torch.uint8).random_(3, 77)"]),
    (10, ["nn.Linear(3, 4)", "nn.Conv2d(3, 16, kernel_size=3, stride=1, padding=1)", "nn.Linear(2048, 10).bias", "nn.Conv1d(4, 2, 3, groups=2)",
          "nn.Conv3d(1, 2, (1, 2, 3), bias=False)", "nn.BatchNorm2d(2)"]),
    (11, ["nn.init.xavier_uniform_(torch.empty(3, 5))", "nn.init.xavier_normal_(torch.empty(5, 3, 3, 3))",
          "nn.init.kaiming_uniform_(torch.empty(4, 3, 2), nonlinearity='relu')",
          "nn.init.kaiming_normal_(torch.empty(8, 8), a=0.1, mode='fan_out')",
          "nn.init.xavier_uniform_(torch.empty(2, 2), gain=nn.init.calculate_gain('tanh'))"]),
    (12, ["torch.rand(20, dtype=torch.float16)", "torch.randn(20, dtype=torch.bfloat16)", "torch.randn(9, dtype=torch.half)",
          "torch.empty(40, dtype=torch.float16).normal_(100, 3)", "torch.empty(40, dtype=torch.bfloat16).uniform_(-1, 3)"]),
    (2**63, ["torch.rand(2)", "torch.manual_seed(18446744073709551615)", "torch.rand(2)", "torch.initial_seed()", "torch.manual_seed(-1)", "torch.rand(2)"]),
    (67280421310721, ["torch.rand(700)", "torch.randn(2)", "torch.get_rng_state()"]),
    (13, ["torch.empty(20).exponential_(2)", "torch.empty(20).geometric_(0.3)", "torch.empty(20, dtype=torch.float64).cauchy_(1, 2)",
          "torch.empty(20).log_normal_()", "torch.empty(9, dtype=torch.int64).geometric_(0.1)"]),
    (14, ["torch.multinomial(torch.rand(50), 20)", "torch.multinomial(torch.rand(50), 20, replacement=True)",
          "torch.multinomial(torch.rand(2, 50), 1)", "torch.multinomial(torch.rand(7, dtype=torch.float64), 1, replacement=True)"]),
    (15, ["nn.ConvTranspose2d(4, 6, 3, groups=2)", "nn.Embedding(5, 7, padding_idx=2)", "nn.LSTM(3, 5, num_layers=2, bidirectional=True)",
          "nn.LSTM(3, 5, proj_size=2)", "nn.GRU(3, 4)", "nn.MultiheadAttention(8, 2)", "nn.MultiheadAttention(8, 2, kdim=3, vdim=5, add_bias_kv=True)",
          "nn.LayerNorm((2, 3))", "nn.GRUCell(2, 3)", "nn.Bilinear(2, 3, 4)", "torch.rand(2)"]),
    (16, ["nn.init.sparse_(torch.empty(10, 4), 0.3)", "nn.init.dirac_(torch.empty(4, 2, 3))", "nn.init.eye_(torch.empty(2, 3))", "nn.init.trunc_normal_(torch.empty(30, 30))"]),
    (17, ["g = torch.Generator()", "h = torch.Generator().manual_seed(3)", "torch.rand(2, generator=g)", "torch.randn(3, generator=h)", "torch.rand(1)",
          "s = h.get_state()", "torch.randn(20, generator=h)", "h.set_state(s)", "torch.randn(20, generator=h)", "x = torch.empty(6)",
          "x.normal_(generator=g)", "x[:2]", "x[5]"]),
]

RANDOM = [
    (0, ["random.random()", "[random.random() for i in range(1000)]", "random.getstate()"]),
    (1, ["random.getrandbits(1)", "random.getrandbits(32)", "random.getrandbits(33)", "random.getrandbits(1000)", "random.randrange(10)",
         "random.randrange(-5, 100, 7)", "random.randrange(10**30)", "random.randint(1, 2**64)", "random.randint(-3, 3)"]),
    (2, ["random.choice('hello')", "random.choices(range(9), k=20)", "random.choices([1, 2, 3], weights=[5, 1, 0.5], k=20)",
         "random.sample(range(1000), 20)", "random.sample(range(30), 20)", "x = list(range(50))", "random.shuffle(x)", "x"]),
    (3, ["random.uniform(-1, 3)", "random.triangular(0, 5, 1)", "random.gauss(0, 1)", "random.gauss(0, 1)", "random.normalvariate(1, 2)",
         "random.expovariate(1.5)", "random.lognormvariate(0, 1)", "random.vonmisesvariate(0, 4)", "random.gammavariate(0.5, 1)",
         "random.gammavariate(1, 2)", "random.gammavariate(9, 0.5)", "random.betavariate(2, 3)", "random.paretovariate(3)",
         "random.weibullvariate(1, 1.5)"]),
    (4, ["random.seed('hello')", "random.random()", "random.seed(b'bytes\\x00')", "random.random()", "random.seed(2.5)", "random.random()",
         "random.seed(-2**100)", "random.random()", "random.seed('text', version=1)", "random.random()", "g = random.Random(7)", "g.random()",
         "s = g.getstate()", "g.gauss(0, 1)", "g.setstate(s)", "g.gauss(0, 1)"]),
]

NUMPY = [
    (0, ["np.random.rand(3)", "np.random.rand(1000)", "np.random.rand()", "np.random.random_sample((2, 3))", "np.random.randn(5)", "np.random.randn()",
         "np.random.standard_normal(1000)", "np.random.normal(2, 3, 4)", "np.random.uniform(-1, 1, 4)", "np.random.get_state()[1]"]),
    (55, ["np.random.rand(2)"]),
    (1, ["np.random.randint(10, size=20)", "np.random.randint(0, 2**40, 5)", "np.random.randint(-100, 100, 9, dtype=np.int8)",
         "np.random.randint(0, 2**16, 9, dtype='uint16')", "np.random.randint(0, 2, 40, dtype=bool)", "np.random.randint(0, 2**64 - 1, 3, dtype=np.uint64)",
         "np.random.randint(5)", "np.random.bytes(10)"]),
    (2, ["np.random.permutation(20)", "np.random.permutation([1.5, 2.5, 3.5])", "x = list(range(30))", "np.random.shuffle(x)", "x", "np.random.choice(10, 20)",
         "np.random.choice(10, 5, replace=False)", "np.random.choice([1.5, 2.5, 3.5], 6, p=[0.2, 0.3, 0.5])", "np.random.choice(5, 3, replace=False, p=[0.1, 0.2, 0.3, 0.2, 0.2])"]),
    (3, ["np.random.exponential(2, 5)", "np.random.gamma(0.5, 1, 5)", "np.random.gamma(5, 2, 5)", "np.random.beta(0.5, 0.5, 5)", "np.random.beta(2, 3, 5)",
         "np.random.poisson(3, 9)", "np.random.poisson(300, 9)", "np.random.binomial(10, 0.3, 9)", "np.random.binomial(1000, 0.3, 9)", "np.random.laplace(0, 1, 3)",
         "np.random.lognormal(0, 1, 3)", "np.random.dirichlet([1, 2, 3])", "np.random.geometric(0.1, 5)", "np.random.triangular(0, 1, 3, 3)"]),
    (4, ["np.random.seed([1, 2, 3])", "np.random.rand(3)", "rs = np.random.RandomState(7)", "rs.rand(2)", "s = rs.get_state()", "rs.randn(3)", "rs.set_state(s)", "rs.randn(3)"]),
    (5, ["rng = np.random.default_rng(42)", "rng.random(5)", "rng.random(5, dtype=np.float32)", "rng.standard_normal(1000)", "rng.standard_normal(1000, dtype=np.float32)",
         "rng.standard_exponential(1000)", "rng.standard_exponential(1000, dtype=np.float32)", "rng.integers(10, size=20)", "rng.integers(0, 2**40, 3)",
         "rng.integers(-5, 5, 20, dtype=np.int8, endpoint=True)", "rng.permutation(20)", "rng.choice(10, 20)", "rng.choice(1000, 9, replace=False)",
         "rng.choice(20000, 1000, replace=False)", "rng.choice(5, 2, p=[0.1, 0.2, 0.3, 0.2, 0.2], replace=False)", "x = list(range(20))", "rng.shuffle(x)", "x"]),
    (6, ["rng = np.random.Generator(np.random.MT19937(1))", "rng.random(3)", "rng.integers(100, size=5)", "rng = np.random.Generator(np.random.Philox(1))", "rng.random(3)",
         "rng.integers(100, size=5)", "rng = np.random.Generator(np.random.SFC64(1))", "rng.random(3)", "rng = np.random.Generator(np.random.PCG64DXSM(1))", "rng.random(3)",
         "rng.gamma(0.5, 1, 3)", "rng.gamma(3, 1, 3)", "rng.poisson(30, 3)", "rng.binomial(100, 0.5, 3)", "rng.beta(2, 3, 3)"]),
    (7, ["ss = np.random.SeedSequence(12345678901234567890123)", "ss.generate_state(8)", "ss.generate_state(4, np.uint64)", "c = ss.spawn(3)", "c[2].generate_state(4)",
         "np.random.default_rng(c[0]).random(2)", "np.random.SeedSequence([1, 2**40, 3], spawn_key=(5,), pool_size=8).generate_state(3)"]),
]


def digest(text):
    return subprocess.run(["b3sum", "--no-names"], input=text.encode(), stdout=subprocess.PIPE, check=True).stdout.decode().strip()


def c_string(text):
    return '"%s"' % text.replace("\\", "\\\\").replace('"', '\\"')


def record(live, kind, programs, skip):
    for seed, program in programs:
        program = [e for e in program if not any(word in e for word in skip)]
        print("{%s, %du, NULL, NULL}," % (kind, seed))
        for expression, answer in zip(program, live.answer(seed, program)):
            assert not answer.startswith("error"), (expression, answer)
            print("{%s, 0, %s, %s}," % (kind, c_string(expression), c_string("b3:" + digest(answer) if len(answer) > 100 else answer)))
    live.close()


NAN = {"7ff8000000000000", "fff8000000000000", "7fc00000", "ffc00000", "7fc0", "ffc0", "7e00", "fe00"}


def record_random(live, kind, programs):
    """Without what answers NaN, whose sign depends on the architecture."""
    for seed, program in programs:
        while True:
            answers = live.answer(seed, program)
            kept = [e for e, a in zip(program, answers) if not NAN & set(a.split())]
            if kept == program:
                break
            program = kept
        print("{%s, %du, NULL, NULL}," % (kind, seed))
        for expression, answer in zip(program, answers):
            short = "error" if answer.startswith("error") else "b3:" + digest(answer)[:16] if len(answer) > 20 else answer
            print("{%s, 0, %s, %s}," % (kind, c_string(expression), c_string(short)))
    live.close()


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("torch", "torch113", "numpy", "python38", "python313"):
        p.add_argument("--" + name, metavar="PYTHON")
    p.add_argument("--random", action="store_true")
    o = p.parse_args()
    if o.random:
        print("/* Written by tests/oracle/streams/record.py --random from PyTorch 2.13, NumPy 2.4 and CPython 3.13; rows as in known_answers.h. */")
        print("/* clang-format off */")
        for capability, kind in (("avx2", "torch"), ("default", "torch/scalar")):
            record_random(Live(o.torch, "torch", capability), '"%s", 313' % kind, make_torch.programs(90, 1, "torch"))
        record_random(Live(o.python313, "random", None), '"torch", 313', make_random.programs(80, 1, "3.13"))
        record_random(Live(o.numpy, "numpy", None), '"torch", 313', make_numpy.programs(110, 1, "2.4"))
        print("/* clang-format on */")
        return 0
    print("/* Written by tests/oracle/streams/record.py from PyTorch 2.13 and 1.13, NumPy, and CPython 3.8 and 3.13. A row without an")
    print(" * expression seeds. An answer of 64 characters behind \"b3:\" is the BLAKE3 digest of the line. */")
    print("/* clang-format off */")
    old = ("trunc_normal_(torch.empty(30, 30))",)
    for kind, python, capability, skip in (("torch", o.torch, "avx2", ()), ("torch/scalar", o.torch, "default", ()),
                                           ("torch==1.13", o.torch113, "avx2", old), ("torch==1.13/scalar", o.torch113, "default", old)):
        record(Live(python, "torch", capability), '"%s", 313' % kind, TORCH, skip)
    record(Live(o.python38, "random", None), '"torch", 308', RANDOM, ())
    record(Live(o.python313, "random", None), '"torch", 313', RANDOM, ())
    record(Live(o.numpy, "numpy", None), '"torch", 313', NUMPY, ())
    print("/* clang-format on */")
    return 0


if __name__ == "__main__":
    sys.exit(main())
