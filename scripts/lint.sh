#!/bin/bash
# clang-tidy and cppcheck over the library and the program, without a finding; how they are set up stands in .clang-tidy and .cppcheck-suppressions.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 2
for tool in clang-tidy cppcheck; do
    command -v $tool >/dev/null || { echo "lint: please install $tool"; exit 2; }
done
export FLAGS="-std=c11 -D_GNU_SOURCE -Iinclude -Isrc -DISO_WEBP -pthread"
failed=0
# avx512.c is left out: clang-tidy 14 takes minutes for it, and it is the templates of avx2.c with other vectors.
git ls-files 'src/*.c' 'examples/*.c' | grep -v 'kernels/avx' | xargs -P "$(nproc)" -n 8 sh -c 'clang-tidy --quiet "$@" -- $FLAGS 2>/dev/null' lint || failed=1
clang-tidy --quiet src/kernels/avx2.c -- $FLAGS -mavx2 -mfma -mbmi2 2>/dev/null || failed=1
cppcheck --quiet -j "$(nproc)" --std=c11 --enable=warning,performance,portability --inline-suppr --suppressions-list=.cppcheck-suppressions \
    --suppress=missingIncludeSystem --error-exitcode=1 -Iinclude -Isrc -DISO_WEBP src include || failed=1
[ $failed = 0 ] && echo "lint: nothing to say"
exit $failed
