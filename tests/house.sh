#!/bin/bash
# The floors of the house: an include points down or sideways within its own room, never up; every operation's header has
# a section of the contract, a reference, a kernel and tests of its stem, and each of its kernels a random case; no file is longer than a room should be.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 2
passed=0 failed=0
ok() { passed=$((passed + 1)); }
bad() { failed=$((failed + 1)); echo "FAIL $*"; }

declare -A floor=([core]=0 [math]=1 [random]=2 [expr]=1 [stream]=3 [ops]=2 [reference]=3 [kernels]=3 [image]=3 [nn]=4
    [data]=4 [ledger]=4 [recipe]=5 [run]=6 [audit]=7 [report]=8 [cli]=9)

for file in $(find src -name '*.[ch]'); do
    room=${file#src/} room=${room%%/*}
    [ -n "${floor[$room]:-}" ] || { bad "$file: room '$room' has no floor"; continue; }
    fine=yes
    for include in $(sed -n 's/^#include "\([a-z0-9_]*\)\/.*/\1/p' "$file"); do
        [ "$include" = isobit ] && continue
        [ "$include" = "$room" ] && continue
        if [ -z "${floor[$include]:-}" ] || [ "${floor[$include]}" -ge "${floor[$room]}" ]; then
            bad "$file includes $include, which is not below $room"
            fine=no
        fi
    done
    [ $fine = yes ] && ok
done

for header in $(find src/ops -name '*.h'); do
    stem=$(basename "$header" .h)
    [ "$stem" = exec ] && continue
    for place in src/reference src/kernels tests/kernels tests/reference; do
        [ "$place/$stem" = tests/reference/math_functions ] && continue # tests/math, and the proof over all arguments
        if [ -e "$place/$stem.c" ]; then ok; else bad "$header: $place/$stem.c is missing"; fi
    done
    if grep -q 'docs/contract.md#' "$header"; then ok; else bad "$header does not name its section of docs/contract.md"; fi
done

# Every section of the contract that the code refers to exists.
for anchor in $(grep -rhoE 'docs/contract\.md#[a-z0-9_-]+' src tests docs include | sed 's/.*#//' | sort -u); do
    if sed -n 's/^##* //p' docs/contract.md | tr -d ',' | tr 'A-Z ' 'a-z-' | grep -qx "$anchor"; then ok; else bad "docs/contract.md has no section $anchor"; fi
done

# Whatever an operation's header declares as a kernel is called by a test.
for kernel in $(sed '/^ \*/d' src/ops/*.h | grep -o 'iso_cpu_[a-z0-9_#]*(' | tr -d '(' | sort -u); do
    if grep -qwF "$kernel" tests/kernels/*.c; then ok; else bad "$kernel has no case in tests/kernels"; fi
done

# Every seeded fault still has its place (tests/mutants): who changes the code changes the fault with it.
if command -v python3 >/dev/null; then
    if problem=$(tests/mutants/run.py --list 2>&1 >/dev/null); then ok; else bad "$problem"; fi
    # Whatever the program can say has its cause and cure on a page.
    if problem=$(tests/messages.py); then ok; else bad "$problem"; fi
fi

for file in $(find src include tests -name '*.[ch]'); do
    head -n 1 "$file" | grep -q "Written by" && continue # a table
    lines=$(wc -l <"$file")
    if [ "$lines" -le 700 ]; then ok; else bad "$file has $lines lines"; fi
done

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
