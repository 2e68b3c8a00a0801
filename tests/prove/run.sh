#!/bin/bash
# Proves functions of one number over all 2^32 arguments: $1 the build directory, then names of functions; without names all of them. What the proof
# covers is remembered: tests/prove/proven holds for each function and implementation (the reference, or an instruction set's kernels) a digest of its
# sources. With --if-changed only what differs from that is proved, of the implementations that this machine can run; if there is nothing, one of the
# twelve functions, another every day, is proved again.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=${1:?usage: tests/prove/run.sh BUILD [--if-changed | FUNCTION...]}
shift
record=tests/prove/proven
functions=(exp expm1 log log1p tanh sigmoid erf gelu gelu_tanh sin cos rsqrt)

# Whatever a result of the implementation $1 depends on: the functions, the vectors they are written in, the kernels, and the proof itself.
sources() {
    ls src/math/*.[ch] src/core/compiler.h tests/prove/prove.c tests/prove/formulas.h
    [ "$1" = reference ] && return
    ls src/ops/math_functions.h src/kernels/math_functions* "src/kernels/$1.c"
    ! grep -q four_lanes.h "src/kernels/$1.c" || echo src/kernels/four_lanes.h
}
declare -A digest
for target in $("$build/prove" --targets); do
    digest[$target]=$(sources "$target" | LC_ALL=C sort | xargs sha256sum | sha256sum | cut -d ' ' -f 1)
done

proven() { # FUNCTION TARGET
    grep -qsx "$1 $2 ${digest[$2]}" $record
}
remember() { # FUNCTION TARGET
    { grep -sv "^$1 $2 " $record || true; echo "$1 $2 ${digest[$2]}"; } | LC_ALL=C sort >$record.new
    mv $record.new $record
}
prove() { # FUNCTION TARGET...
    local name=$1
    shift
    "$build/prove" --only "$(IFS=,; echo "$*")" "$name"
    for target; do
        proven "$name" "$target" || remember "$name" "$target"
    done
}

if [ "${1:-}" != --if-changed ]; then
    [ $# -gt 0 ] || set -- "${functions[@]}"
    for name; do
        prove "$name" "${!digest[@]}"
    done
    exit
fi
nothing=true
for name in "${functions[@]}"; do
    set --
    for target in "${!digest[@]}"; do
        proven "$name" "$target" || set -- "$@" "$target"
    done
    if [ $# -gt 0 ]; then
        nothing=false
        prove "$name" "$@"
    fi
done
if $nothing; then
    echo "what this machine runs is what was proven ($record)"
    exec "$build/prove" "${functions[$(($(date +%s) / 86400 % ${#functions[@]}))]}"
fi
