#!/bin/bash
# Proves the functions of one number over all 2^32 arguments: $1 the build directory. What the proof covers is remembered as a digest of its
# sources in tests/prove/proven. With --if-changed only functions whose sources differ from those proven are proved whole; otherwise one of the
# twelve, another every day, is proved again.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=${1:?usage: tests/prove/run.sh BUILD [--if-changed]}
record=tests/prove/proven

# Whatever a result depends on: the functions, the vectors they are written in, the kernels, and the proof itself.
sources() {
    ls src/math/*.[ch] src/ops/math_functions.h src/kernels/math_functions* src/kernels/four_lanes.h src/core/compiler.h tests/prove/prove.c
    grep -l ISA_TABLE src/kernels/*.c
}
digest=$(sources | LC_ALL=C sort | xargs sha256sum | sha256sum | cut -d ' ' -f 1)

if [ "${2:-}" = --if-changed ] && [ "$digest" = "$(cat $record 2>/dev/null)" ]; then
    names=(exp expm1 log log1p tanh sigmoid erf gelu gelu_tanh sin cos rsqrt)
    echo "the functions are those that were proven ($record)"
    exec "$build/prove" "${names[$(($(date +%s) / 86400 % ${#names[@]}))]}"
fi
"$build/prove"
[ "$digest" = "$(cat $record 2>/dev/null)" ] || echo "$digest" >$record
