#!/usr/bin/env python3
"""`isobit stream` beside the live libraries: random programs of random expressions, every bit compared; the smallest failing
program is printed.

    tests/oracle/streams/streams.py --library torch --python PYTHON [--programs N] [--seed S] [--build build]

--library names what is drawn from: torch, numpy or random; --python is the interpreter that has it. PyTorch is run with
ATEN_CPU_CAPABILITY default, avx2 and avx512, as far as the CPU has them. Ends in `N passed, N failed`, a pass being one equal answer."""
import argparse
import json
import os
import random
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
sys.path.insert(0, HERE)


class Side:
    """A process that answers programs, one line each."""

    def __init__(self, command, env=None):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env, universal_newlines=True)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Live(Side):
    def __init__(self, python, library, capability):
        env = dict(os.environ, ATEN_CPU_CAPABILITY=capability or "default", PYTHONDONTWRITEBYTECODE="1")
        with open(os.path.join(HERE, "side.py")) as f: # as text: the interpreter may see another file system
            super().__init__(python.split() + ["-c", f.read()] + ([] if library == "torch" else ["--no-torch"]), env)

    def answer(self, seed, program):
        self.process.stdin.write(json.dumps([seed, program]) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


class Isobit(Side):
    def __init__(self, driver, torch, python, numpy=0):
        super().__init__([driver])
        self.kind = "%s %d %d" % (torch, python, numpy)

    def answer(self, seed, program):
        self.process.stdin.write("seed %s %d\n" % (self.kind, seed % 2**64) + "".join(e + "\n" for e in program))
        self.process.stdin.flush()
        return [self.process.stdout.readline().rstrip("\n") for _ in program]


def same(ours, theirs):
    return ours == theirs or (ours.startswith("error: ") and theirs.startswith("error: "))


def differs(sides, seed, program):
    """The index of the first answer that differs, and both; None if all are equal."""
    ours, theirs = sides[0].answer(seed, program), sides[1].answer(seed, program)
    for i, (a, b) in enumerate(zip(ours, theirs)):
        if not same(a, b):
            return i, a, b
    return None


def smaller_numbers(text):
    """The expression with one of its whole numbers made smaller, in every way that is worth a try."""
    for m in re.finditer(r"(?<![\w.])\d+(?![\w.])", text):
        n = int(m.group())
        for smaller in sorted({0, 1, 2, n // 2, n - 1, n - 16} - {n}):
            if 0 <= smaller < n:
                yield text[:m.start()] + str(smaller) + text[m.end():]


def candidates(seed, program):
    for i in range(len(program) - 1):
        yield seed, program[:i] + program[i + 1:]
    for s in (0, 1, seed // 2):
        if 0 <= s < seed:
            yield s, program
    for i, e in enumerate(program):
        for part in re.findall(r"(?:[\w.]+\([^()]*\))", e):
            if part != e and not part.startswith("torch.empty"):
                yield seed, program[:i] + [part] + program[i + 1:]
        for keyword in re.finditer(r", \w+=[^,()]+", e):
            yield seed, program[:i] + [e[:keyword.start()] + e[keyword.end():]] + program[i + 1:]
        for smaller in smaller_numbers(e):
            yield seed, program[:i] + [smaller] + program[i + 1:]


def shrink(sides, seed, program):
    """A failing program that none of the candidates makes smaller."""
    for _ in range(400):
        for s, p in candidates(seed, program):
            found = differs(sides, s, p)
            if found and not found[2].startswith("error: ") and not found[1].startswith("error: "):
                seed, program = s, p[:found[0] + 1]
                break
        else:
            break
    return seed, program


def show(sides, name, seed, program):
    i, ours, theirs = differs(sides, seed, program)
    print("FAIL beside %s: isobit stream --seed %d --hex %s" % (name, seed, " ".join("'%s'" % e.replace("'", '"') for e in program[:i + 1])))
    a, b = ours.split(" "), theirs.split(" ")
    if ours.startswith("error") or theirs.startswith("error") or len(a) != len(b):
        print("  isobit: %s\n  %s: %s" % (ours[:300], name, theirs[:300]))
    else:
        wrong = [k for k in range(len(a)) if a[k] != b[k]]
        print("  %d of %d elements; the first is %d: isobit %s, %s %s" % (len(wrong), len(a), wrong[0], a[wrong[0]], name, b[wrong[0]]))


def compare(sides, name, programs, table):
    """Compares all; prints the smallest of the first failing program of each function. Returns (equal, refused, different)."""
    equal = refused = different = 0
    shown = {}
    for seed, program in programs:
        ours, theirs = sides[0].answer(seed, program), sides[1].answer(seed, program)
        for e, a, b in zip(program, ours, theirs):
            functions = set(re.findall(r"[A-Za-z_][\w.]*(?=\()|\.[a-z_]\w*(?=\()", e))
            if same(a, b):
                equal += 1
                refused += b.startswith("error")
                for f in functions:
                    table[f] = table.get(f, 0) + (not b.startswith("error"))
                continue
            different += 1
            key = re.sub(r"\(.*", "", e)
            if key not in shown and len(shown) < 20:
                shown[key] = 1
                found = differs(sides, seed, program)
                small = shrink(sides, seed, program) if found and not found[1].startswith("error") else (seed, program)
                show(sides, name, *small)
            break
    return equal, refused, different


def build_driver(build):
    driver = os.path.join(tempfile.mkdtemp(prefix="isobit-oracle-"), "driver")
    subprocess.run([os.environ.get("CC", "cc"), "-std=c11", "-D_GNU_SOURCE", "-O2", "-ffp-contract=off",
                    "-I" + os.path.join(ROOT, "include"), "-I" + os.path.join(ROOT, "src"),
                    os.path.join(HERE, "driver.c"), os.path.join(build, "libisobit.a"), "-lm", "-pthread", "-o", driver], check=True)
    return driver


def versions(python, library):
    code = "import sys%s; print('%%d%%02d' %% sys.version_info[:2], %s)" % (
        "" if library == "random" else ", " + library, "sys.version.split()[0]" if library == "random" else library + ".__version__")
    done = subprocess.run(python.split() + ["-W", "ignore", "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True,
                          universal_newlines=True)
    tag, version = done.stdout.split()
    return int(tag), version


def capabilities():
    """ATEN_CPU_CAPABILITY's values that this CPU runs: PyTorch takes any without a look at the CPU, and dies of an instruction it lacks."""
    with open("/proc/cpuinfo") as f:
        flags = set(f.read().split())
    needs = {"default": (), "avx2": ("avx2", "fma"), "avx512": ("avx512f", "avx512bw", "avx512dq", "avx512vl", "fma")}
    return [capability for capability, instructions in needs.items() if flags.issuperset(instructions)]


def torch_release(version):
    number = tuple(map(int, re.match(r"(\d+)\.(\d+)", version).groups()))
    return "torch==1.13" if number < (2, 0) else "torch==2.6" if number < (2, 10) else "torch"


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--library", required=True, choices=["torch", "numpy", "random"])
    p.add_argument("--python", required=True, metavar="PYTHON")
    p.add_argument("--build", default=os.path.join(ROOT, "build"))
    p.add_argument("--programs", type=int, default=500)
    p.add_argument("--seed", type=int, default=None)
    p.add_argument("--table", metavar="FILE", help="appends what was compared, for docs/streams.md")
    p.add_argument("--only", metavar="REGEX", help="only expressions that match")
    o = p.parse_args()
    tag, version = versions(o.python, o.library)
    base = o.seed if o.seed is not None else random.SystemRandom().getrandbits(32)
    release = torch_release(version) if o.library == "torch" else "torch"
    print("%s %s, --seed %d" % (o.library, version, base))
    driver, total = build_driver(o.build), [0, 0]
    for capability in capabilities() if o.library == "torch" else (None,):
        kind = release + ("/scalar" if capability == "default" else "")
        make = __import__("make_" + o.library).programs
        programs = make(o.programs, base, release if o.library == "torch" else version)
        if o.only:
            programs = [(s, [e for e in program if re.search(o.only, e)]) for s, program in programs]
        numpy = sum(int(x) * f for x, f in zip(version.split(".")[:2], (100, 1))) if o.library == "numpy" else 0
        sides, table = (Isobit(driver, kind, tag, numpy), Live(o.python, o.library, capability)), {}
        name = "%s %s%s" % (o.library, version, " " + capability if capability else "")
        equal, refused, different = compare(sides, name, programs, table)
        print("%s: %d expressions equal (%d of them refused by both), %d differ" % (name, equal, refused, different))
        total = [total[0] + equal, total[1] + different]
        for side in sides:
            side.close()
        if o.table:
            with open(o.table, "a") as f:
                for function in sorted(table):
                    f.write("%s\t%s\t%s\t%d\n" % (o.library, version, (capability or "") + "\t" + function, table[function]))
    print("%d passed, %d failed" % tuple(total))
    return total[1] != 0


if __name__ == "__main__":
    sys.exit(main())
