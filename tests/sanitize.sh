#!/bin/bash
# The test suite under ASan + UBSan, and what uses threads under TSan, each in a build directory of its own.
set -uo pipefail
build=${1:-build}
passed=0 failed=0
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 ASAN_OPTIONS=detect_leaks=1

# $1: name, $2: flags, then arguments of the test program.
sanitized() {
    local name=$1 flags=$2
    shift 2
    echo "--- $name"
    if make --no-print-directory -s -j"$(nproc)" BUILD="$build/$name" CFLAGS="-O1 -g -fno-omit-frame-pointer $flags" all tests &&
        "$build/$name/isobit-tests" "$@" && tests/cli/cli.sh "$build/$name" quick; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL $name"
    fi
}

sanitized asan "-fsanitize=address,undefined -fno-sanitize-recover=all"
sanitized tsan "-fsanitize=thread"
echo "---"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
