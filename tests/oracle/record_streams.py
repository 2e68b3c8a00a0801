#!/usr/bin/env python3
"""Writes tests/stream/known_answers.h: what PyTorch answers to a fixed list of programs.

    tests/oracle/record_streams.py --torch PYTHON > tests/stream/known_answers.h

PYTHON has PyTorch 2.13; b3sum is needed. Long answers are recorded as the BLAKE3 digest of the line."""
import argparse
import subprocess
import sys

from streams import torch_answers

PROGRAMS = [
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
]


def digest(text):
    return subprocess.run(["b3sum", "--no-names"], input=text.encode(), stdout=subprocess.PIPE, check=True).stdout.decode().strip()


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--torch", required=True, metavar="PYTHON")
    o = p.parse_args()
    print("/* Written by tests/oracle/record_streams.py from PyTorch 2.13 (CPU). A row without an expression seeds. An answer of 64")
    print(" * characters behind \"b3:\" is the BLAKE3 digest of the line. */")
    print("/* clang-format off */")
    for capability, variant in (("avx2", "ISO_TORCH"), ("default", "ISO_TORCH_SCALAR")):
        for (seed, program), answers in zip(PROGRAMS, torch_answers(o.torch, capability, PROGRAMS)):
            print("{%s, %du, NULL, NULL}," % (variant, seed))
            for expression, answer in zip(program, answers):
                assert not answer.startswith("error"), (expression, answer)
                if len(answer) > 100:
                    answer = "b3:" + digest(answer)
                print('{%s, 0, "%s", "%s"},' % (variant, expression, answer))
    print("/* clang-format on */")
    return 0


if __name__ == "__main__":
    sys.exit(main())
