#!/bin/bash
# Runs the whole test suite over a finished build and adds up: $1 the build directory, then --long or nothing.
# Each part prints lines of its own and closes with `N passed, N failed`.
set -uo pipefail
build=${1:-build}
shift || true
passed=0 failed=0

# $1: name, then the command.
part() {
    local name=$1 log
    shift
    log=$(mktemp)
    echo "--- $name"
    "$@" 2>&1 | tee "$log"
    local status=${PIPESTATUS[0]}
    local line
    line=$(grep -E '^[0-9]+ passed, [0-9]+ failed' "$log" | tail -n 1)
    if [ -n "$line" ]; then
        passed=$((passed + $(echo "$line" | sed 's/ passed.*//')))
        failed=$((failed + $(echo "$line" | sed 's/.* passed, \([0-9]*\) failed.*/\1/')))
        # A part that counts no failure and still ends badly (a sanitizer's report, say) is a failure.
        if [ "$status" != 0 ] && [[ $line == *" 0 failed"* ]]; then
            failed=$((failed + 1))
        fi
    else
        echo "FAIL $name did not finish (status $status)"
        failed=$((failed + 1))
    fi
    rm -f "$log"
}

part "library" "$build/isobit-tests" "$@"
part "house" tests/house.sh
part "command line" tests/cli/cli.sh "$build"
part "help" tests/cli/help.sh "$build"
part "surroundings" tests/fault/surroundings.sh "$build" "$@"
part "mistakes" tests/cli/mistakes.sh "$build"
part "documentation" scripts/docs.py "$build"
part "documentation of the C interface" scripts/c_api.py
part "the tutorial of docs" scripts/page.py docs/tutorial.md "$build"
part "installation" tests/install.sh "$build"
echo "---"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
