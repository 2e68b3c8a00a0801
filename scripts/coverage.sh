#!/bin/bash
# Which lines and branches the test suite reaches: builds with gcov into $1/coverage, runs the suite, prints rooms and what is missing to
# $1/coverage/report.txt. Fails below 95 % of all lines. Needs gcovr.
set -euo pipefail
cd "$(dirname "$0")/.."
build=${1:-build}/coverage
command -v gcovr >/dev/null || { echo "coverage: please install gcovr"; exit 2; }
make -s -j"$(nproc)" CC=gcc CFLAGS="-O1 -g --coverage" BUILD="$build" all tests
find "$build" -name '*.gcda' -delete
for part in "$build/isobit-tests --long" "tests/cli/cli.sh $build"; do
    $part >"$build/part.log" 2>&1 || { grep -a FAIL "$build/part.log"; echo "coverage: $part failed"; exit 1; }
done
gcovr --root . --object-directory "$build" --filter src/ --txt "$build/report.txt" --json-summary "$build/report.json"
python3 - "$build/report.json" <<'P'
import json
import sys

rooms, report = {}, json.load(open(sys.argv[1]))
for f in report["files"]:
    r = rooms.setdefault(f["filename"].split("/")[1], [0] * 4)
    for i, key in enumerate(("line_covered", "line_total", "branch_covered", "branch_total")):
        r[i] += f[key]
rooms["all"] = [sum(r[i] for r in rooms.values()) for i in range(4)]
print("%-10s %8s %8s %10s" % ("room", "lines", "%", "branches %"))
for room, (lines, of, branches, of_branches) in rooms.items():
    print("%-10s %8d %8.1f %10.1f" % (room, of, 100 * lines / of, 100 * branches / max(of_branches, 1)))
enough = rooms["all"][0] >= 0.95 * rooms["all"][1]
print("lines reached: %.2f %%, %s" % (100 * rooms["all"][0] / rooms["all"][1], "expected 95 or more: ok" if enough else "expected 95 or more"))
sys.exit(not enough)
P
