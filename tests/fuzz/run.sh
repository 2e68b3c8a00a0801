#!/bin/bash
# tests/fuzz/run.sh BUILD SECONDS [TARGET...]: libFuzzer under ASan + UBSan. Builds the library with clang in BUILD/fuzz, then runs every target of
# tests/fuzz (or those named) over its corpus and for so many seconds of changed inputs. A finding is kept in BUILD/fuzz, and its command printed.
# With RUNS=N in the environment a target also ends after N inputs.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 2
build=$1/fuzz seconds=$2
shift 2
targets=("$@")
[ $# -gt 0 ] || targets=($(basename -s .c tests/fuzz/*.c))
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
passed=0 failed=0
binaries=("${targets[@]/#/$build/fuzz-}")
make --no-print-directory -s -j"$(nproc)" CC=clang BUILD="$build" \
    CFLAGS="-O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all" "${binaries[@]}" >"$build.log" 2>&1 ||
    { cat "$build.log"; exit 2; }
for target in "${targets[@]}"; do
    grown=$(mktemp -d) log=$build/$target.log
    if "$build/fuzz-$target" -max_total_time="$seconds" -runs="${RUNS:--1}" -max_len=4096 -timeout=20 -rss_limit_mb=2048 -print_final_stats=1 -verbosity=1 \
        -artifact_prefix="$build/$target-" "$grown" "tests/fuzz/corpus/$target" >"$log" 2>&1; then
        passed=$((passed + 1))
        printf '%-12s %9d inputs, %s' "$target" "$(sed -n 's/stat::number_of_executed_units: *//p' "$log")" \
            "$(grep -oE 'cov: [0-9]+' "$log" | tail -n 1)"
        echo
    else
        failed=$((failed + 1))
        echo "FAIL $target: repeat with"
        grep -oE "$build/$target-[a-z]+-[0-9a-f]+" "$log" | tail -n 1 | sed "s|^|    $build/fuzz-$target |"
        grep -E 'ERROR|SUMMARY|runtime error|does not hold' "$log" | head -n 5
    fi
    rm -rf "$grown"
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
