#!/bin/bash
# A process in trouble: disks of any size that are full, a directory that is read-only, a clock that goes backwards, libraries that get no
# memory, two processes on one run. $1: build directory; --long takes every place, not some.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 2
build=${1:-build} step=11
[ "${2:-}" = --long ] && step=1
isobit=$(realpath "$build/isobit")
work=$(mktemp -d)
trap 'umount "$work/disk" 2>/dev/null; rm -rf "$work"' EXIT
export ISOBIT_CACHE=off
passed=0 failed=0
ok() { passed=$((passed + 1)); echo "ok   $1"; }
bad() { failed=$((failed + 1)); echo "FAIL $1"; [ $# -gt 1 ] && printf '     %s\n' "${@:2}"; return 0; }

# 24 training and 12 test images of the shipped ones.
for split in train test; do
    for class in $(ls examples/images/train | head -n 2); do
        mkdir -p "$work/images/$split/$class"
        ls examples/images/$split/"$class"/*.png | head -n $([ $split = train ] && echo 12 || echo 6) | xargs -I{} cp {} "$work/images/$split/$class/"
    done
done
cd "$work" || exit 2
cat >small.yaml <<'YAML'
seed: 5
data:
  train: images/train
  test: images/test
  transforms: [RandomHorizontalFlip(), Resize(8), ToTensor(), "Normalize([0.5], [0.5])"]
  loader: DataLoader(batch_size=8, shuffle=True, num_workers=2)
model:
  - Conv2d(3, 8, kernel_size=3, padding=1)
  - BatchNorm2d(8)
  - ReLU()
  - Flatten()
  - Linear(512, 2)
optimizer: SGD(lr=0.05, momentum=0.9)
epochs: 2
checkpoint: 2
YAML
train() { "$isobit" train small.yaml --quiet --threads 2 --workers 1 "$@"; } # prints the digest as its last line
digest=$(train --out whole | tail -n 1)
[[ $digest =~ ^digest\ [0-9a-f]{64}$ ]] && ok "a run" || bad "a run" "$digest"
same_run() { # $1: another run directory: everything but run.env and metrics.jsonl, in which clocks are
    diff -rq -x run.env -x metrics.jsonl whole "$1" >difference 2>&1
}

# ---- Full disks, from one page to almost enough ----
mkdir disk
if mount -t tmpfs -o size=4k tmpfs disk 2>/dev/null; then
    problem="" full=0
    needed=$(($(du -sk whole | cut -f 1) + 8))
    for ((size = 4; size < needed && ${#problem} == 0; size += 4 * (step + 1) / 2)); do
        rm -rf disk/*
        mount -o remount,size=${size}k disk
        output=$(train --out disk/run 2>&1)
        status=$?
        [ $status = 0 ] && continue
        full=$((full + 1))
        [ $status = 3 ] && grep -q "No space left on device" <<<"$output" || problem="$size KiB: status $status: $output"
        [ -z "$(find disk -name '*.part')" ] || problem="$size KiB: $(find disk -name '*.part') is left"
        mount -o remount,size=64m disk
        resumed=$(train --out disk/run $([ -e disk/run/run.ledger ] && echo --resume) 2>&1 | tail -n 1)
        { [ "$resumed" = "$digest" ] && same_run disk/run; } || problem="$size KiB, resumed: $resumed $(cat difference)"
    done
    [ -z "$problem" ] && [ $full -gt 3 ] && ok "$full full disks, and on with room" || bad "full disks ($full)" "$problem"

    # ---- A file system that is read-only ----
    rm -rf disk/* && mount -o remount,size=64m disk && cp -r whole disk/run && head -n 5 whole/run.ledger >disk/run/run.ledger && rm disk/run/checkpoint-00000[456].safetensors && cp -r whole disk/whole
    mount -o remount,ro disk
    readonly_fails() {
        output=$(train "${@:2}" 2>&1)
        status=$?
        [ $status = 3 ] && grep -q "Read-only file system" <<<"$output" && ok "$1" || bad "$1" "status $status: $output"
    }
    readonly_fails "a new run on a read-only file system" --out disk/other
    readonly_fails "a resume on a read-only file system" --out disk/run --resume
    "$isobit" verify disk/whole --quiet >output 2>&1 && "$isobit" diff whole disk/whole >>output 2>&1 && ok "a read-only run is verified and compared" || bad "a read-only run is verified and compared" "$(cat output)"
    mount -o remount,rw disk
    [ "$(train --out disk/run --resume | tail -n 1)" = "$digest" ] && same_run disk/run && ok "and can be resumed when it can be written" || bad "and can be resumed when it can be written" "$(cat difference)"
    umount disk
else
    echo "     (no file systems can be mounted here)"
fi

# ---- A directory without the right to write ----
mkdir closed && cp -r whole closed/run && head -n 5 whole/run.ledger >closed/run/run.ledger && chmod -R a+rX,a-w . closed
as_nobody() { if [ "$(id -u)" = 0 ]; then setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; else "$@"; fi; }
if as_nobody test -x "$isobit" -a -r small.yaml 2>/dev/null; then
    for arguments in "--out closed/other" "--out closed/run --resume"; do
        output=$(as_nobody "$isobit" train small.yaml --quiet $arguments 2>&1)
        status=$?
        [ $status = 3 ] && grep -q "closed.*Permission denied" <<<"$output" && ok "no right to write: $arguments" || bad "no right to write: $arguments" "status $status: $output"
    done
fi
chmod -R u+w .

# ---- Two processes on one run ----
"$isobit" train small.yaml --out both --set epochs=3000 >/dev/null 2>&1 &
pid=$!
for _ in $(seq 200); do [ "$(wc -l 2>/dev/null <both/run.ledger || echo 0)" -gt 2 ] && break; sleep 0.02; done
output=$(train --out both --resume --set epochs=3000 2>&1)
status=$?
[ $status = 2 ] && grep -q "another process is working on this run" <<<"$output" && ok "a second process is refused" || bad "a second process is refused" "status $status: $output"
output=$(train --out both --set epochs=3000 2>&1)
status=$?
[ $status = 2 ] && grep -q "exists already" <<<"$output" && ok "also without --resume" || bad "also without --resume" "status $status: $output"
{ kill -9 $pid; wait $pid; } 2>/dev/null

# ---- Time and memory, by a preloaded library ----
if ${CC:-cc} -shared -fPIC -O1 -o trouble.so "$OLDPWD/tests/fault/preload/trouble.c" 2>compile.log && ! ldd "$isobit" | grep -q 'asan\|tsan'; then
    trouble() { env LD_PRELOAD="$work/trouble.so" "$@"; }
    found=$(trouble TROUBLE_CLOCK=1 "$isobit" train small.yaml --quiet --out clock | tail -n 1)
    year=$(($(date -u +%Y) - 1))
    [ "$found" = "$digest" ] && same_run clock && grep -q "\"started\":\"$year\|\"started\":\"$((year - 1))" clock/run.env && ok "a clock that goes backwards shows in run.env and metrics.jsonl only" ||
        bad "a clock that goes backwards shows in run.env and metrics.jsonl only" "$found $(cat difference clock/run.env)"
    head -n 5 whole/run.ledger >clock/run.ledger
    [ "$(trouble TROUBLE_CLOCK=1 "$isobit" train --out clock --resume --quiet | tail -n 1)" = "$digest" ] && same_run clock && ok "also in a resume" || bad "also in a resume" "$(cat difference)"

    problem="" rounds=0 refused=0 in_a_row=0
    for ((call = 1; in_a_row < 3 * step && ${#problem} == 0; call += step, rounds++)); do
        for at in $call -$call; do
            rm -rf scarce
            output=$(trouble TROUBLE_MALLOC=$at "$isobit" train small.yaml --quiet --out scarce 2>&1)
            status=$?
            if [ $status = 0 ]; then
                [ "$(tail -n 1 <<<"$output")" = "$digest" ] && same_run scarce || problem="call $at: $output"
                [ $at -lt 0 ] && in_a_row=$((in_a_row + 1))
            else
                in_a_row=0 refused=$((refused + 1))
                [ $status = 3 ] && grep -q "memory\|thread .* could not be started" <<<"$output" || problem="call $at: status $status: $output"
                [ ! -e scarce ] || problem="call $at: the run's directory is left"
            fi
        done
    done
    [ -z "$problem" ] && [ $refused -gt 10 ] && ok "no memory for a library: $rounds places, $refused times refused" || bad "no memory for a library ($rounds places, $refused refused)" "$problem"
fi

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
