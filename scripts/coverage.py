#!/usr/bin/env python3
"""What gcov counted in a build directory: lines by room, and what was not reached, in report.txt there. Fails below 95 % of all lines, and where a
branch of ledger, checkpoints or parsers was not taken both ways. `--exact` lists these files."""

import collections
import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
ENOUGH = 95  # % of the lines
EXACT = ["src/ledger/*.c", "src/expr/*.c", "src/core/json.c", "src/recipe/*.c", "src/data/idx.c", "src/data/npy.c",
         "src/data/npz.c", "src/data/cifar.c"]  # fmt: skip


def exact_files():
    found = [sorted(str(path.relative_to(ROOT)) for path in ROOT.glob(pattern)) for pattern in EXACT]
    missing = [pattern for pattern, paths in zip(EXACT, found) if not paths]
    if missing:
        sys.exit(f"coverage: there is no {missing[0]}")
    return [path for paths in found for path in paths]


def count(build):
    """{file: {line: [how often, [how often each branch]]}}"""
    files = collections.defaultdict(dict)
    notes = sorted(str(path) for path in pathlib.Path(build, "src").rglob("*.gcno"))
    command = ["gcov", "--json-format", "--stdout", "--branch-probabilities"]
    for document in subprocess.run(command + notes, cwd=ROOT, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.splitlines():
        for file in json.loads(document)["files"]:
            if not file["file"].startswith("src/"):
                continue
            for line in file["lines"]:
                entry = files[file["file"]].setdefault(line["line_number"], [0, []])
                entry[0] += line["count"]
                taken = [branch["count"] for branch in line["branches"]]
                # What a header defines is compiled many times over, sometimes to other branches.
                same = len(entry[1]) == len(taken)
                entry[1] = [a + b for a, b in zip(entry[1], taken)] if same else entry[1] or taken
    return files


def main():
    exact = exact_files()
    if sys.argv[1] == "--exact":
        print("\n".join(exact))
        return 0
    files = count(sys.argv[1])
    rooms, report, lacking = collections.defaultdict(lambda: [0, 0]), [], collections.defaultdict(list)
    for name in sorted(files):
        source = (ROOT / name).read_text().splitlines()
        for number, (times, branches) in sorted(files[name].items()):
            for room in (name.split("/")[1], "all"):
                rooms[room][0] += times > 0
                rooms[room][1] += 1
            ways = "".join("-+"[taken > 0] for taken in branches)
            if times == 0 or "-" in ways:
                text = f"{name}:{number}: {ways if times else 'not reached'}: {source[number - 1].strip()}"
                report.append(text)
                lacking[name].append(text)
    pathlib.Path(sys.argv[1], "report.txt").write_text("".join(text + "\n" for text in report))
    for room in sorted(rooms, key=lambda name: (name == "all", name)):
        reached, total = rooms[room]
        print(f"{room:10} {total:7} lines, {100 * reached / total:6.2f} %")

    passed = failed = 0
    reached, total = rooms["all"]
    if 100 * reached >= ENOUGH * total:
        passed += 1
    else:
        failed += 1
        print(f"FAIL lines reached: {100 * reached / total:.2f} %, expected {ENOUGH} or more; {sys.argv[1]}/report.txt lists the others")
    for name in exact:
        if name in files and not lacking[name]:
            passed += 1
        else:
            failed += 1
            print(f"FAIL {name}: every branch should be taken both ways (+ taken, - not)")
            print("".join(f"     {text}\n" for text in lacking[name] or ["it was not compiled"]), end="")
    print(f"{passed} passed, {failed} failed")
    return failed > 0


sys.exit(main())
