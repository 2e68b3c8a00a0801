#!/bin/bash
# Proves functions of one number over all 2^32 arguments: $1 the build directory, then names of functions; without names all of them. What the proof
# covers is remembered: tests/prove/proven holds a digest of its sources for each function. With --if-changed only functions whose sources
# differ from those proven are proved; if there are none, one of the twelve, another every day, is proved again.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=${1:?usage: tests/prove/run.sh BUILD [--if-changed | FUNCTION...]}
shift
record=tests/prove/proven
functions=(exp expm1 log log1p tanh sigmoid erf gelu gelu_tanh sin cos rsqrt)

# Whatever a result depends on: the functions, the vectors they are written in, the kernels, and the proof itself.
sources() {
    ls src/math/*.[ch] src/ops/math_functions.h src/kernels/math_functions* src/kernels/four_lanes.h src/core/compiler.h tests/prove/prove.c
    grep -l ISA_TABLE src/kernels/*.c
}
digest=$(sources | LC_ALL=C sort | xargs sha256sum | sha256sum | cut -d ' ' -f 1)

proven() {
    grep -qsx "$1 $digest" $record
}

if [ "${1:-}" = --if-changed ]; then
    set --
    for name in "${functions[@]}"; do
        proven "$name" || set -- "$@" "$name"
    done
    if [ $# = 0 ]; then
        echo "the functions are those that were proven ($record)"
        exec "$build/prove" "${functions[$(($(date +%s) / 86400 % ${#functions[@]}))]}"
    fi
elif [ $# = 0 ]; then
    set -- "${functions[@]}"
fi
for name; do
    "$build/prove" "$name"
    if ! proven "$name"; then
        { grep -sv "^$name " $record || true; echo "$name $digest"; } | LC_ALL=C sort >"$record.new"
        mv "$record.new" $record
    fi
done
