#!/usr/bin/env python3
"""Seeded faults that the test suite must notice: `tests/mutants/run.py --build build [--share N] [PART OF A NAME]`.

Each stanza of tests/mutants/*.txt is one fault. It is put into a copy of the tree and of its build, what it changes is compiled again,
and the tests run until the first fails: first those the stanza names, then all of them, then those of the command line. A fault that
passes everything is a missing test. Prints who noticed each; the last line is `N passed, N failed`."""
import argparse
import collections
import concurrent.futures
import hashlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
KEYS = ("file", "after", "find", "put", "by", "only")
SEED = "1"  # of the tests: a fault is noticed today as it was yesterday
# Compiled in less time than with -O3; what tells -O levels apart is no fault. Contraction needs the last one.
FLAGS = "CFLAGS=-O1 -g0 -fexpensive-optimizations"
LIMIT = 300  # seconds for one run of tests; a fault may also make them go on for ever

Mutant = collections.namedtuple("Mutant", ("name", "where") + KEYS)
Result = collections.namedtuple("Result", "killed by seconds")


def fail(message):
    sys.exit(f"tests/mutants/run.py: {message}")


def read_table(path):
    """name, then indented `key: value` lines; a `#` begins a comment line."""
    mutants, values, name, where = [], {}, None, ""

    def close():
        if name is None:
            return
        for key in ("file", "find", "put"):
            if key not in values:
                fail(f"{where}: '{name}' has no {key}")
        if not (values.get("by") or values.get("only")):
            fail(f"{where}: '{name}' names no test that should notice it (by or only)")
        mutants.append(Mutant(name, where, *(values.get(key, "") for key in KEYS)))

    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        if not line.startswith(" "):
            close()
            name, values, where = line.strip(), {}, f"{path.relative_to(ROOT)}:{number}"
            continue
        key, colon, value = line.strip().partition(":")
        if not colon or key not in KEYS or name is None or key in values:
            fail(f"{path.relative_to(ROOT)}:{number}: expected one of {', '.join(KEYS)}, each once, below a name")
        values[key] = value.strip()
    close()
    return mutants


def apply(mutant, tree):
    """Replaces the one place in the file. Blanks match any blanks, so that laying out the code anew does not lose a fault."""
    path = tree / mutant.file
    if not path.is_file():
        fail(f"{mutant.where}: '{mutant.name}': there is no {mutant.file}")
    text, start = path.read_text(), 0

    def place(words, begin, what):
        pattern = r"\s+".join(re.escape(word) for word in words.split())
        found = list(re.finditer(pattern, text[begin:]))
        if len(found) != 1 and not (what == "find" and mutant.after and found):
            fail(f"{mutant.where}: '{mutant.name}': {what} stands {len(found)} times in {mutant.file}, expected once: {words}")
        return begin + found[0].start(), begin + found[0].end()

    if mutant.after:
        start = place(mutant.after, 0, "after")[1]
    first, end = place(mutant.find, start, "find")
    changed = text[:first] + mutant.put + text[end:]
    if changed == text:
        fail(f"{mutant.where}: '{mutant.name}': changes nothing")
    return path, changed


def first_failure(command, tree):
    """Runs tests until one fails, and says which; None if all pass."""
    last, failure, begin = "its beginning", None, time.monotonic()
    run = subprocess.Popen(command, cwd=tree, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                           errors="replace", start_new_session=True)
    timer = threading.Timer(LIMIT, os.killpg, (run.pid, signal.SIGKILL))
    timer.start()
    for line in run.stdout:
        if line.startswith("FAIL ") and not failure:
            failure = " ".join(line.split("   repeat:")[0].split()[1:])
        if line.startswith("ok "):
            last = " ".join(line.split()[1:])
    status = run.wait()
    timer.cancel()
    if failure:
        return failure
    if time.monotonic() - begin >= LIMIT:
        return f"no end within {LIMIT} s, behind {last}"
    if status:
        return f"status {status} behind {last}"
    return None


def judge(mutant, pristine):
    begin = time.monotonic()
    path, changed = apply(mutant, pristine)
    with tempfile.TemporaryDirectory(prefix="isobit-mutant-") as directory:
        tree = pathlib.Path(directory) / "tree"
        shutil.copytree(pristine, tree, symlinks=True)
        (tree / path.relative_to(pristine)).write_text(changed)
        make = subprocess.run(["make", "-s", FLAGS, "BUILD=build", "build/isobit", "build/isobit-tests"], cwd=tree,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if make.returncode:
            return Result(False, "it does not compile: " + make.stderr.strip()[-400:], time.monotonic() - begin)
        tests = ["build/isobit-tests", "--stop", "--seed", SEED]
        by = None
        for part in (mutant.only or mutant.by).split():
            by = by or (first_failure(["tests/cli/cli.sh", "build"], tree) if part == "cli" else first_failure(tests + [part], tree))
        if not by and not mutant.only:
            by = first_failure(tests, tree) or first_failure(["tests/cli/cli.sh", "build"], tree)
    return Result(by is not None, by or "nothing noticed it", time.monotonic() - begin)


def prepare(build, pristine):
    """The tree as it stands, with what has been built of it: their times too, which tell make that it is up to date."""
    files = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=True,
                           capture_output=True).stdout.decode().split("\0")
    for name in filter(None, files):
        if not (ROOT / name).is_file():
            continue
        (pristine / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, pristine / name)
    for name in ("src", "tests", "packages", "libisobit.a", "isobit", "isobit-tests"):
        if (build / name).is_dir():
            shutil.copytree(build / name, pristine / "build" / name)
        elif (build / name).exists():
            shutil.copy2(build / name, pristine / "build" / name)
    make = subprocess.run(["make", "-s", f"-j{os.cpu_count()}", FLAGS, "BUILD=build", "build/isobit", "build/isobit-tests"], cwd=pristine)
    if make.returncode:
        fail("the tree does not build without a fault")


def choose(mutants, options):
    chosen = [m for m in mutants if all(part in m.name or part in m.file for part in options.parts)]
    if options.share:  # by the commit, so that every fault has its turn
        commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True).stdout.strip()
        chosen.sort(key=lambda m: hashlib.sha256((commit + m.name).encode()).digest())
        chosen = chosen[: options.share]
    if options.part:
        number, of = map(int, options.part.split("/"))
        chosen = chosen[number - 1 :: of]
    return chosen


def main():
    parser = argparse.ArgumentParser(description="Puts seeded faults into the tree and runs the tests over each.")
    parser.add_argument("parts", nargs="*", help="only faults with this in their name or file")
    parser.add_argument("--build", default="build", type=pathlib.Path)
    parser.add_argument("--share", type=int, help="only so many, chosen by the commit")
    parser.add_argument("--part", help="K/N: only every N-th, from the K-th on")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--list", action="store_true", help="checks that each can be put in, and runs nothing")
    options = parser.parse_args()
    mutants = [m for path in sorted(HERE.glob("*.txt")) for m in read_table(path)]
    names = collections.Counter(m.name for m in mutants)
    for m in mutants:
        if names[m.name] > 1:
            fail(f"{m.where}: two are named '{m.name}'")
        apply(m, ROOT)
    chosen = choose(mutants, options)
    if options.list:
        print(*(f"{m.file}: {m.name}" for m in chosen), f"{len(chosen)} of {len(mutants)} mutants", sep="\n")
        return 0
    if not chosen:
        fail("no fault is chosen")
    passed = 0
    with tempfile.TemporaryDirectory(prefix="isobit-mutants-") as directory:
        pristine = pathlib.Path(directory)
        prepare(options.build.resolve(), pristine)
        with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
            jobs = {pool.submit(judge, m, pristine): m for m in chosen}
            for job in concurrent.futures.as_completed(jobs):
                m, result = jobs[job], job.result()
                passed += result.killed
                print(f"{'ok  ' if result.killed else 'FAIL'} {m.name} ({m.file}): {result.by} [{result.seconds:.1f} s]", flush=True)
    print(f"{passed} passed, {len(chosen) - passed} failed")
    return passed != len(chosen)


if __name__ == "__main__":
    sys.exit(main())
