#!/bin/bash
# Hostile surroundings: what host programs, libraries, users and systems do to a process. Each must leave the experiment's head, which
# stands in docs/sameness.md, or be refused with a message that says why. $1: the build directory. What was found goes to BUILD/matrix/hostile.tsv.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 2
build=$(realpath "${1:?usage: tests/matrix/hostile.sh BUILD}")
root=$PWD isobit=$build/isobit
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export ISOBIT_CACHE=$work/cache
passed=0 failed=0
mkdir -p "$build/matrix" && : >"$build/matrix/hostile.tsv"
head_of() { sed -n "s/^| \`$1\` |.*| \`\([0-9a-f]\{64\}\)\` |.*/digest \1/p" docs/sameness.md; }
cnn=$(head_of cnn) mlp=$(head_of mlp)
[ -n "$cnn" ] && [ -n "$mlp" ] || { echo "docs/sameness.md has no heads" >&2 && exit 2; }

row() { printf '%s\t' "$@" "$(date +%F)" >>"$build/matrix/hostile.tsv" && echo >>"$build/matrix/hostile.tsv"; }
ok() { passed=$((passed + 1)) && echo "ok   $1: $2" && row "$1" "$2"; }
bad() { failed=$((failed + 1)) && echo "FAIL $1" && printf '     %s\n' "${@:2}" && row "$1" "FAILED"; }

# same NAME HEAD COMMAND...: the last line is the head.
same() {
    local name=$1 head=$2 output
    shift 2
    output=$("$@" 2>&1)
    local status=$?
    if [ "$(tail -n 1 <<<"$output")" = "$head" ]; then ok "$name" "the same digest"; else bad "$name" "status $status, expected $head" "$output"; fi
}
# refused NAME PATTERN COMMAND...: a status of the program's own, one message, and no digest.
refused() {
    local name=$1 pattern=$2 output status
    shift 2
    output=$("$@" 2>&1)
    status=$?
    if [ $status -ge 1 ] && [ $status -le 5 ] && grep -qE -- "$pattern" <<<"$output" && ! grep -q "^digest" <<<"$output"; then
        ok "$name" "refused: $(grep -E -m 1 -o -- "$pattern" <<<"$output")"
    else
        bad "$name" "status $status, expected /$pattern/ in:" "$output"
    fi
}
# either NAME HEAD PATTERN COMMAND...: one or the other, whatever the system gives.
either() {
    local name=$1 head=$2 pattern=$3 output status
    shift 3
    output=$("$@" 2>&1)
    status=$?
    if [ $status = 0 ] && [ "$(tail -n 1 <<<"$output")" = "$head" ]; then
        ok "$name" "the same digest"
    elif [ $status -ge 1 ] && [ $status -le 5 ] && grep -qE -- "$pattern" <<<"$output"; then
        ok "$name" "refused: $(grep -E -m 1 -o -- "$pattern" <<<"$output")"
    else
        bad "$name" "status $status" "$output"
    fi
}
runs=0
out() { echo "$work/run$((runs += 1))"; }
train() { # RECIPE OPTION...: with another command in front, if $before is set
    local recipe=$1
    shift
    runs=$((runs + 1))
    ${before:-} "$isobit" train "$root/tests/matrix/$recipe.yaml" --out "$work/run-$recipe-$RANDOM$RANDOM" --quiet "$@"
}

# ---- Host programs ----

ln -s "$build/libisobit.so" "$work/libisobit.so.0"
gcc -O2 -std=gnu11 -Wall -Iinclude -o "$work/host" tests/matrix/host.c "$build/libisobit.so" -Wl,-rpath,"$work" -lm -ldl -pthread || exit 2
gcc -shared -fPIC -o "$work/plain.so" -x c /dev/null && gcc -shared -fPIC -ffast-math -o "$work/fast-math.so" -x c /dev/null || exit 2
for kind in GARBAGE SMALL_STACK OTHER_TIME; do
    gcc -shared -fPIC -O2 -std=gnu11 -Wall -fno-builtin -D$kind -o "$work/$kind.so" tests/matrix/preload.c -ldl -pthread || exit 2
done
host() { "$work/host" "$1" "$root/tests/matrix/cnn.yaml" "$work/host-$1-$RANDOM" "${@:2}"; }
flushes="flushes subnormal results to zero"

same "a host program" "$cnn" host plain
refused "a host that set FTZ" "this thread $flushes" host ftz
refused "a host that set DAZ" "this thread treats subnormal numbers as zero" host daz
refused "a host that sets both in the middle of a run" "this thread $flushes" host late-ftz
refused "a host that rounds upwards" "this thread does not round to nearest" host up
refused "a host that rounds upwards from the middle of a run" "this thread does not round to nearest" host late-up
refused "a host that traps floating-point exceptions" "this thread turns floating-point exceptions into signals" host traps
same "FTZ, DAZ and upward rounding between backward and step" equal host optimizer
same "a library, loaded by the host" "$cnn" host library "$work/plain.so"
if [[ $(objdump -d "$work/fast-math.so" 2>/dev/null) == *mxcsr* ]]; then
    refused "a library linked with -ffast-math, loaded by the host" "this thread $flushes" host library "$work/fast-math.so"
    refused "a library linked with -ffast-math, preloaded" "this thread $flushes" env LD_PRELOAD="$work/fast-math.so" "$isobit" train tests/matrix/cnn.yaml --out "$work/no"
else # newer compilers leave it out of libraries
    same "a library linked with -ffast-math" "$cnn" host library "$work/fast-math.so"
fi
same "CPU affinity of all threads changed 2000 times a second" "$cnn" host affinity
same "no transparent huge pages" "$cnn" host no-thp

# ---- Locale, folder, clock ----

localedef -i de_DE -f UTF-8 "$work/de_DE.UTF-8" >/dev/null 2>&1
[ -d "$work/de_DE.UTF-8" ] || { echo "hostile.sh: package locales is missing" >&2 && exit 2; }
same "a host whose locale has a decimal comma" "$cnn" env LOCPATH="$work" "$work/host" locale "$root/tests/matrix/cnn.yaml" "$work/comma"
same "LC_ALL=de_DE.UTF-8" "$mlp" env LOCPATH="$work" LC_ALL=de_DE.UTF-8 LANGUAGE=de "$isobit" train tests/matrix/mlp.yaml --out "$work/comma-mlp" --quiet
same "LC_ALL=tr_TR and a time zone" "$mlp" env LC_ALL=tr_TR.UTF-8 TZ=Pacific/Kiritimati "$isobit" train tests/matrix/mlp.yaml --out "$work/zone" --quiet
same "another current folder" "$cnn" env -C / "$isobit" train "$root/tests/matrix/cnn.yaml" --out "$work/elsewhere" --quiet
same "the data's copy elsewhere" "$cnn" bash -c "mkdir -p $work/copy/examples/images $work/copy/tests && cp -r examples/images/test $work/copy/examples/images/ && cp -r tests/matrix $work/copy/tests/ &&
    cd $work/copy/examples && touch -d 1999-01-01 images/test/*/* && $isobit train ../tests/matrix/cnn.yaml --out $work/copied --quiet"
same "the year 2061, and clocks that run backwards" "$cnn" env LD_PRELOAD="$work/OTHER_TIME.so" "$isobit" train tests/matrix/cnn.yaml --out "$work/clock" --quiet
same "an empty environment" "$mlp" env -i "$isobit" train tests/matrix/mlp.yaml --out "$work/empty" --quiet
same "a umask of 077, nothing on standard input and output closed behind" "$mlp" bash -c "umask 077; $isobit train tests/matrix/mlp.yaml --out $work/umask --quiet <&-"

# ---- Limits ----

limited() { bash -c "ulimit $1 && exec \"\$@\"" limited "${@:2}"; }
for files in 64 16 8; do
    either "ulimit -n $files" "$mlp" "Too many open files" limited "-n $files" "$isobit" train tests/matrix/mlp.yaml --out "$work/files$files" --quiet
done
refused "ulimit -n 4" "Too many open files" limited "-n 4" "$isobit" train tests/matrix/mlp.yaml --out "$work/files4" --quiet
same "ulimit -s 128" "$cnn" limited "-s 128" "$isobit" train tests/matrix/cnn.yaml --out "$work/stack" --threads 5 --workers 4 --quiet
same "a stack of 64 KiB in every thread" "$cnn" env LD_PRELOAD="$work/SMALL_STACK.so" "$isobit" train tests/matrix/cnn.yaml --out "$work/stacks" --threads 5 --workers 4 --quiet
same "the same, residual" "$(head_of residual)" env LD_PRELOAD="$work/SMALL_STACK.so" "$isobit" train tests/matrix/residual.yaml --out "$work/stacks-r" --threads 8 --workers 4 --quiet
same "the same, scalar, in blocks" "$mlp" env LD_PRELOAD="$work/SMALL_STACK.so" "$isobit" train tests/matrix/mlp.yaml --out "$work/stacks-m" --threads 3 --isa scalar --micro-batch 3 --quiet
same "ulimit -s unlimited" "$mlp" limited "-s unlimited" "$isobit" train tests/matrix/mlp.yaml --out "$work/stack-free" --threads 3 --quiet
# From next to nothing up to what it takes: in between a message, and never another digest or a signal. (A process that has no memory for
# its libraries is the loader's to refuse: status 127.)
memory=15000
while [ $memory -le 400000 ]; do
    output=$(limited "-v $memory" "$isobit" train tests/matrix/mlp.yaml --out "$work/memory$memory" --threads 2 --workers 1 --quiet 2>&1)
    status=$?
    [ $status = 0 ] && break
    if [ $status != 127 ] && ! { [ $status = 3 ] && grep -qE "out of memory|Cannot allocate memory|could not be started" <<<"$output"; }; then
        bad "ulimit -v $memory" "status $status" "$output"
    fi
    memory=$((memory * 11 / 10))
done
[ $status = 0 ] && [ "$(tail -n 1 <<<"$output")" = "$mlp" ] && ok "ulimit -v, from 15 MB up" "refused below $memory KiB; from there the same digest" || bad "ulimit -v $memory" "$output"
# The file system is full, or a file may not grow: refused, and the run goes on when there is room.
output=$(bash -c "ulimit -f 40 && exec \"\$@\"" limited bash -c "trap '' XFSZ; exec $isobit train tests/matrix/mlp.yaml --out $work/size --quiet" 2>&1)
[ $? = 3 ] && grep -q "File too large" <<<"$output" && ok "ulimit -f 40" "refused: File too large" || bad "ulimit -f 40" "$output"
same "one CPU for 16 threads, lowest priority" "$cnn" taskset -c 0 nice -n 19 "$isobit" train tests/matrix/cnn.yaml --out "$work/nice" --threads 16 --workers 4 --quiet

# ---- Allocators ----

for name in jemalloc.so.2 tcmalloc_minimal.so.4; do
    library=$(ls /usr/lib/*/lib$name 2>/dev/null | head -n 1)
    [ -n "$library" ] || { bad "lib$name" "is not installed"; continue; }
    same "LD_PRELOAD=lib$name" "$cnn" env LD_PRELOAD="$library" "$isobit" train tests/matrix/cnn.yaml --out "$work/$name" --threads 3 --quiet
done
for isa in scalar avx2 avx512; do
    "$isobit" info --json | grep -q "\"$isa\"" || continue
    same "memory full of garbage, $isa" "$cnn" env LD_PRELOAD="$work/GARBAGE.so" "$isobit" train tests/matrix/cnn.yaml --out "$work/garbage-$isa" --isa $isa --threads 3 --quiet
    same "memory full of garbage, $isa, in blocks" "$mlp" env LD_PRELOAD="$work/GARBAGE.so" "$isobit" train tests/matrix/mlp.yaml --out "$work/garbage-m-$isa" --isa $isa --micro-batch 3 --quiet
done
same "glibc's own: malloc.perturb" "$cnn" env GLIBC_TUNABLES=glibc.malloc.perturb=165:glibc.malloc.mmap_threshold=4096 "$isobit" train tests/matrix/cnn.yaml --out "$work/perturb" --quiet

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
