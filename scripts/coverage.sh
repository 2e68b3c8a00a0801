#!/bin/bash
# Which lines and branches the tests reach: builds with gcov into $1/coverage, runs the suite and the command line's tests, and lets coverage.py say
# what is missing. Needs gcc, with its gcov, and Python.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 2
build=${1:-build}/coverage
compile() { make -s -j"$(nproc)" CC=gcc CFLAGS="$1 -g --coverage" BUILD="$build" "${@:2}"; }
# Files whose branches count are not optimised: their branches are those of the source.
{ compile -O0 $(scripts/coverage.py --exact | sed "s|^|$build/|; s|c$|o|") && compile -O1 all tests; } || { echo "0 passed, 1 failed"; exit 1; }
find "$build" -name '*.gcda' -delete
for part in "$build/isobit-tests --seed 1" "tests/cli/cli.sh $build" "tests/cli/help.sh $build"; do
    $part >"$build/part.log" 2>&1 || { grep -a -B 3 '^FAIL' "$build/part.log"; echo "FAIL $part"; echo "0 passed, 1 failed"; exit 1; }
done
scripts/coverage.py "$build"
