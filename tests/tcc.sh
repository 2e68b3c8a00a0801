#!/bin/bash
# The reference, and the functions of one number with the emulated fma, built by a compiler of another family (tcc: no optimiser, no builtins, no
# vectors) and linked with the rest from BUILD: their own tests, and the kernels' random cases, must not see a difference. `tests/tcc.sh BUILD`;
# installs tcc where it is missing (as root).
set -uo pipefail
cd "$(dirname "$0")/.." || exit 2
build=${1:?usage: tests/tcc.sh BUILD}
command -v tcc >/dev/null || { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends tcc >/dev/null; } || exit 2
command -v tcc >/dev/null || { echo "tests/tcc.sh: tcc could not be installed" >&2 && exit 2; }

directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
for source in src/math/*.c src/reference/*.c; do
    tcc -std=c11 -D_GNU_SOURCE -Iinclude -Isrc -c -o "$directory/$(echo "$source" | tr / _).o" "$source" || exit 1
done
# What stands before the library is taken instead of its own; programs of their own are no part of the tests.
tests=$(ls "$build"/tests/*/*.o | grep -vE '/tests/(oracle|prove|fuzz|matrix|probe|battery)/')
wrapped=$(nm $tests 2>/dev/null | sed -n 's/.* T __wrap_/-Wl,--wrap=/p') # functions that tests let fail
# shellcheck disable=SC2086 # lists of words
${CC:-cc} -Wl,-z,noexecstack $wrapped -o "$directory/isobit-tests" $tests "$directory"/*.o "$build/libisobit.a" \
    $(pkg-config --libs libpng libjpeg yaml-0.1 zlib) $(pkg-config --libs libwebp libwebpdemux 2>/dev/null) -lm -pthread || exit 1
passed=0 failed=0
for part in tests/math/ tests/reference/ tests/kernels/; do
    line=$("$directory/isobit-tests" "$part" | tee /dev/stderr | tail -n 1)
    passed=$((passed + ${line%% passed*})) line=${line##* passed, }
    failed=$((failed + ${line%% failed*}))
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 80 ]
