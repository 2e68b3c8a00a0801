#!/bin/bash
# Trains the tutorial's experiment four times and shows that the digest is the same:
# as it comes; on one thread, without workers, in scalar code; on all threads, several workers, the fastest
# instruction set; and killed with SIGKILL in the middle, then resumed.
set -euo pipefail

build=${1:-build}
isobit=$build/isobit
recipe=examples/tutorial.yaml
runs=${ISOBIT_DEMO_DIR:-$build/demo}
fastest=$("$isobit" info --json | sed -n 's/.*"isa": *"\([a-z0-9]*\)".*/\1/p')
cpus=$(nproc)

rm -rf "$runs"
mkdir -p "$runs"

names=() digests=() seconds=()
# Runs a training, keeps its digest and time under a name. $1: name, $2: directory, then further arguments.
train() {
    local name=$1 directory=$2 start end
    shift 2
    echo "== $name" >&2
    start=$(date +%s.%N)
    "$isobit" train "$recipe" --out "$runs/$directory" "$@" >"$runs/$directory.out"
    end=$(date +%s.%N)
    names+=("$name")
    digests+=("$(sed -n 's/^digest //p' "$runs/$directory.out")")
    seconds+=("$(awk "BEGIN{printf \"%.1f\", $end - $start}")")
}

train "as it comes" default
train "1 thread, no workers, scalar" scalar --threads 1 --workers 0 --isa scalar
train "$cpus threads, 3 workers, $fastest" fastest --threads "$cpus" --workers 3 --isa "$fastest"

# Kill a fourth run once it has written the checkpoint of its third epoch or so, then go on from there.
echo "== killed with SIGKILL" >&2
"$isobit" train "$recipe" --out "$runs/killed" --quiet >/dev/null 2>&1 &
pid=$!
while [ "$(find "$runs/killed" -name '*.safetensors' 2>/dev/null | wc -l)" -lt 3 ] && kill -0 $pid 2>/dev/null; do
    sleep 0.02
done
kill -9 $pid 2>/dev/null || true
wait $pid 2>/dev/null || true
lines=$(wc -l <"$runs/killed/run.ledger")
train "killed after $lines ledger lines, resumed" killed --resume

echo
printf '%-40s %8s  %s\n' "run" "seconds" "digest"
equal=yes
for i in "${!names[@]}"; do
    printf '%-40s %8s  %s\n' "${names[$i]}" "${seconds[$i]}" "${digests[$i]}"
    [ "${digests[$i]}" = "${digests[0]}" ] && [ -n "${digests[$i]}" ] || equal=no
done
echo
sed -n 's/^test accuracy/accuracy on the test images:/p' "$runs/default.out"
echo "run directory: $runs/default"
if [ $equal = yes ]; then
    echo "all digests are equal"
else
    echo "the digests differ" >&2
    exit 1
fi
