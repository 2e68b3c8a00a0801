#!/bin/bash
# docs/comparison.md: what isobit diff says of the tutorial's experiment beside itself with one thing changed. Nothing in that page is typed.
#
#     scripts/comparisons.sh [BUILD]           writes docs/comparison.md
#     scripts/comparisons.sh --check [BUILD]   compares it with what the program says now
set -euo pipefail
cd "$(dirname "$0")/.."

check=no
[ "${1:-}" = --check ] && check=yes && shift
isobit=$(realpath "${1:-build}/isobit")
page=docs/comparison.md
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -r examples "$work"

# The runs go through relative names, as in the commands that the page shows. Threads and instruction set are part of what a diff tells if runs
# differ, so they are the same in all runs but the one that is about them.
cd "$work"
run() { # NAME, then options
    local name=$1 recipe=examples/tutorial.yaml
    shift
    [ -e "examples/$name.yaml" ] && recipe=examples/$name.yaml
    "$isobit" train "$recipe" --out "runs/$name" --quiet --set epochs=1 --threads 2 "$@" >"$name.out"
}
change() { sed "$2" examples/tutorial.yaml >"examples/$1.yaml" && ! cmp -s examples/tutorial.yaml "examples/$1.yaml"; }

# A section: $1 heading, $2 what was changed (a sentence), $3 and $4 the runs.
compare() {
    printf '\n## %s\n\n%s\n\n```\n$ isobit diff runs/%s runs/%s\n' "$1" "$2" "$3" "$4"
    "$isobit" diff "runs/$3" "runs/$4" || [ $? = 1 ]
    printf '```\n'
}

change augmentation 's/RandomRotation(10)/RandomRotation(15)/'
change pinned 's/BatchNorm2d(16)/BatchNorm2d(16, pinned=True)/; s/BatchNorm2d(32)/BatchNorm2d(32, pinned=True)/'
cp examples/pinned.yaml examples/pinned-again.yaml
run first
run again
run seed --set seed=124
run threads --threads 1 --workers 0 --isa scalar
run augmentation
run pinned
run pinned-again --threads 1 --workers 3

{
    cat <<'PAGE'
# One thing changed

Written by `scripts/comparisons.sh`: the tutorial's experiment (`examples/tutorial.yaml`, one epoch) beside itself with one thing changed, and what `isobit diff` says. The output is the
program's, and the same on every machine; CI compares this page with it.

Each run is `isobit train examples/tutorial.yaml --set epochs=1 --threads 2 --out runs/NAME`, but for what its section says.
PAGE
    compare "The same seed, twice" "Nothing was changed." first again
    compare "Other threads, workers and instruction set" "\`--threads 1 --workers 0 --isa scalar\` in B. That may not change anything, and does not." first threads
    compare "Another seed" "\`--set seed=124\` in B. The runs part before the first step, in the initial weights." first seed
    compare "One changed augmentation" "\`RandomRotation(15)\` for \`RandomRotation(10)\` in B. Weights, order of the images and draws are equal; the first batch has other pixels." first augmentation
    compare "BatchNorm's statistics pinned" "\`pinned=True\` in both BatchNorm2d of B: they normalise by their running statistics, which stay as they are. The batch and the first convolution are equal." first pinned
    compare "Pinned, twice" "Both pinned; \`--threads 1 --workers 3\` in B." pinned pinned-again
} >comparison.md
cd - >/dev/null

if [ $check = yes ]; then
    diff -u "$page" "$work/comparison.md" && echo "$page is what the program says"
else
    cp "$work/comparison.md" "$page"
fi
