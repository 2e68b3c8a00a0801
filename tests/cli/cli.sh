#!/bin/bash
# The command line as a person meets it: results, messages, exit statuses, and what is left behind. $1: build directory;
# `quick` leaves out what takes long under a sanitizer.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 2
build=${1:-build} quick=${2:-}
isobit=$(realpath "$build/isobit") examples=$(realpath examples)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export ISOBIT_CACHE=off # but where it is tested
passed=0 failed=0
ok() { passed=$((passed + 1)); echo "ok   $1"; }
bad() { failed=$((failed + 1)); echo "FAIL $1"; [ $# -gt 1 ] && printf '     %s\n' "${@:2}"; return 0; }

# expect NAME STATUS PATTERN COMMAND...: the exit status, and a pattern in what is printed (stdout and stderr).
expect() {
    local name=$1 status=$2 pattern=$3 output got
    shift 3
    output=$("$@" 2>&1)
    got=$?
    if [ $got != "$status" ]; then
        bad "$name" "status $got, expected $status" "$output"
    elif ! grep -qE -- "$pattern" <<<"$output"; then
        bad "$name" "expected /$pattern/ in:" "$output"
    else
        ok "$name"
    fi
}

# A small recipe: 40 training and 20 test images of the shipped ones.
mkdir -p "$work/images"
for split in train test; do
    for class in $(ls examples/images/train | head -n 3); do
        mkdir -p "$work/images/$split/$class"
        ls examples/images/$split/"$class"/*.png | head -n 12 | xargs -I{} cp {} "$work/images/$split/$class/"
    done
done
cat >"$work/small.yaml" <<'YAML'
seed: 5
data:
  train: images/train
  test: images/test
  transforms: [RandomHorizontalFlip(), RandomRotation(10), RandomResizedCrop(16), ToTensor(), "Normalize([0.5], [0.5])"]
  loader: DataLoader(batch_size=10, shuffle=True, num_workers=2)
model:
  - Conv2d(3, 8, kernel_size=3, padding=1)
  - BatchNorm2d(8)
  - ReLU()
  - MaxPool2d(2)
  - Flatten()
  - Dropout(0.5)
  - Linear(512, 3)
loss: CrossEntropyLoss()
optimizer: SGD(lr=0.05, momentum=0.9)
epochs: 3
checkpoint: 3
YAML
cd "$work" || exit 2
edit() { sed "$1" small.yaml >"$2"; } # $1: sed script, $2: the new recipe

# ---- Help and usage ----
expect "help" 0 "usage: isobit COMMAND" "$isobit" --help
expect "no command" 2 "usage: isobit COMMAND" "$isobit"
expect "version" 0 "^isobit [0-9.]+ \(contract 1\)" "$isobit" --version
expect "unknown command" 2 "unknown command 'tran'; did you mean 'train'" "$isobit" tran
expect "unknown option" 2 "unknown option --thread; did you mean --threads" "$isobit" train small.yaml --thread 2
expect "option without value" 2 "\-\-threads needs a value" "$isobit" train small.yaml --threads
expect "threads that are no number" 2 "\-\-threads is 'two', expected a whole number from 1 to 1024" "$isobit" train small.yaml --threads two
expect "unknown isa" 2 "isa 'sse9' is unknown; expected" "$isobit" train small.yaml --isa sse9
expect "info" 0 "selftest a4eb5c96[0-9a-f]{56}" "$isobit" info
selftests=$(for isa in scalar avx2 avx512; do "$isobit" info --isa $isa --threads 3 2>/dev/null | grep -o 'selftest.*'; done | sort -u | wc -l)
[ "$selftests" = 1 ] && ok "one self-test digest on every instruction set" || bad "one self-test digest on every instruction set"
for how in "" "--isa scalar --threads 1" "--threads 5 --plan unfused"; do
    selftest=$("$isobit" info --selftest $how) && [ "$(wc -l <<<"$selftest")" = 6 ] && [[ $selftest != *WRONG* && $selftest == *"selftest   a4eb5c96"* ]] &&
        ok "self-test in parts: $how" || bad "self-test in parts: $how" "$selftest"
done
expect "unknown plan" 2 "\-\-plan is 'split', expected fused or unfused" "$isobit" train small.yaml --plan split

# ---- Training: one digest ----
expect "train" 0 "^digest [0-9a-f]{64}$" "$isobit" train small.yaml --out a --threads 1 --workers 0
digest=$(tail -n 1 <("$isobit" train small.yaml --out b --threads 2 --workers 3 --quiet))
[ "$digest" = "$("$isobit" train small.yaml --out c --threads 3 --workers 1 --isa scalar --quiet | tail -n 1)" ] &&
    ok "threads, workers and isa change nothing" || bad "threads, workers and isa change nothing"
cmp -s a/run.ledger b/run.ledger && ok "equal ledgers" || bad "equal ledgers"
[ "$("$isobit" train "$work/small.yaml" --out "$work/abs" --quiet | tail -n 1)" = "$digest" ] && ok "absolute paths change nothing" || bad "absolute paths change nothing"
expect "quiet prints the result only" 0 "^steps 12" "$isobit" train small.yaml --out quiet --quiet
expect "json" 0 '^\{"steps": 12, .*"digest": "[0-9a-f]{64}"\}$' "$isobit" train small.yaml --out json --quiet --json
expect "set changes the recipe" 0 "^steps 4" "$isobit" train small.yaml --out set --quiet --set epochs=1
expect "a used directory" 2 "a/run.ledger: exists already; use --resume" "$isobit" train small.yaml --out a
expect "resume of a finished run" 0 "$digest" "$isobit" train small.yaml --out a --resume --quiet
expect "which still knows its accuracy" 0 "^test accuracy [0-9.]+ % \([0-9]+ of 36\)" "$isobit" train small.yaml --out a --resume --quiet
expect "resume without a recipe" 0 "$digest" "$isobit" train --out a --resume --quiet
expect "resume with another recipe" 2 "a is the run of another experiment: recipe: epochs is 3 in the run, 2 here; expected" "$isobit" train small.yaml --out a --resume --set epochs=2
edit 's/^seed: .*/seed: 99/; s/images/nowhere/' other-seed.yaml
expect "and another seed, before the data are looked for" 2 "recipe: seed is 5 in the run, 99 here" "$isobit" train other-seed.yaml --out a --resume
edit "/Linear/d" shorter.yaml
expect "and a layer less" 2 "recipe: model\[6\] is .Linear\(512, 3\). in the run, \(nothing\) here" "$isobit" train shorter.yaml --out a --resume
edit '$a init: xavier_normal_' other-init.yaml
expect "and another init" 2 "recipe: init is default in the run, xavier_normal_ here" "$isobit" train other-init.yaml --out a --resume

# Killed at any time, with a torn ledger and a damaged checkpoint, then resumed: the same bytes.
for lines in 2 5 9 14; do
    rm -rf killed && cp -r a killed
    head -n $lines a/run.ledger >killed/run.ledger
    printf '{"kind":"st' >>killed/run.ledger
    "$isobit" train --out killed --resume --quiet >/dev/null 2>&1
    cmp -s a/run.ledger killed/run.ledger && ok "resumed behind $lines lines" || bad "resumed behind $lines lines"
done
rm -rf killed && cp -r a killed && head -n 9 a/run.ledger >killed/run.ledger
printf 'x' | dd of=killed/checkpoint-000006.safetensors bs=1 seek=3000 conv=notrunc 2>/dev/null
printf 'x' | dd of=killed/checkpoint-000003.safetensors bs=1 seek=3000 conv=notrunc 2>/dev/null
expect "a damaged checkpoint is named and passed over" 0 "checkpoint-00000[36].safetensors is damaged" "$isobit" train --out killed --resume
cmp -s a/run.ledger killed/run.ledger && ok "and the run ends the same" || bad "and the run ends the same"

# The draws of RandomChoice come from Python's random, which is part of the state where there are no workers.
choice='RandomChoice([RandomHorizontalFlip(), Pad(4), ColorJitter(0.5)], p=[1, 2, 3])'
edit "s/RandomHorizontalFlip(), /\"$choice\", /; s/num_workers=2/num_workers=0/" choice.yaml
expect "RandomChoice" 0 "^digest" "$isobit" train choice.yaml --out choice --threads 1 --workers 0 --quiet
expect "verify RandomChoice" 0 "^verified 12 steps" "$isobit" verify choice --threads 2 --workers 2 --quiet
for lines in 5 9; do
    rm -rf killed && cp -r choice killed && head -n $lines choice/run.ledger >killed/run.ledger
    "$isobit" train --out killed --resume --quiet >/dev/null 2>&1
    cmp -s choice/run.ledger killed/run.ledger && ok "RandomChoice resumed behind $lines lines" || bad "RandomChoice resumed behind $lines lines"
done

# ---- Verify and diff ----
expect "verify" 0 "^verified 12 steps" "$isobit" verify a --quiet
expect "verify on other threads and isa" 0 "$digest" "$isobit" verify a --threads 3 --isa scalar --quiet
expect "verify a segment" 0 "^verified [0-9]+ steps" "$isobit" verify a --from 5 --to 8 --quiet
expect "verify a sample" 0 "^sample ([0-9]+-[0-9]+)(, [0-9]+-[0-9]+) of 4 segments, beacon c0ffee$" "$isobit" verify a --sample 2 --beacon c0ffee --quiet
[ "$("$isobit" verify a --sample 2 --beacon c0ffee --quiet)" = "$("$isobit" verify b --sample 2 --beacon C0FFEE --threads 2 --quiet)" ] &&
    ok "head and beacon draw the sample" || bad "head and beacon draw the sample"
expect "a sample is a part" 0 "^verified 3 steps" "$isobit" verify a --sample 1 --quiet
expect "a sample of all segments" 0 "^sample 1-3, 4-6, 7-9, 10-12 of 4 segments" "$isobit" verify a --sample 9 --quiet
expect "json of a sample" 0 '"segments": 4, "sampled": "[0-9]+-[0-9]+", "beacon": "00ff", "finding": ""}$' "$isobit" verify a --sample 1 --beacon 00ff --quiet --json
expect "beacon without sample" 2 "expected --sample N with it" "$isobit" verify a --beacon 00
expect "half a byte of beacon" 2 "beacon is '123', expected 1 to 64 bytes as hex digits" "$isobit" verify a --sample 1 --beacon 123
expect "sample of chosen steps" 2 "leave --from and --to out" "$isobit" verify a --sample 1 --from 3
rm -rf missing && cp -r a missing && rm missing/checkpoint-000006.safetensors
expect "a missing checkpoint" 3 "missing/checkpoint-000006.safetensors \(step 6\) is missing; what was executed again follows" "$isobit" verify missing --quiet
expect "verify from it" 3 "checkpoint-000006.safetensors \(step 6\) is missing" "$isobit" verify missing --quiet --from 7
expect "diff of equal runs" 0 "^equal: both runs have the digest ${digest#digest }" "$isobit" diff a b
flip() { # one bit of a byte in the middle of a file
    local at=$(($(stat -c %s "$1") * $2 / 100)) byte
    byte=$(od -An -tx1 -j $at -N 1 "$1" | tr -d " ")
    printf "\\x$(printf %02x $((0x$byte ^ 4)))" | dd of="$1" bs=1 seek=$at conv=notrunc 2>/dev/null
}
rm -rf flipped && cp -r a flipped && flip flipped/checkpoint-000006.safetensors 60
expect "verify names a flipped bit in a checkpoint" 1 "checkpoint-000006.safetensors \(step 6\): tensor [^ ]+ is damaged" "$isobit" verify flipped --quiet
expect "diff names it too" 1 "B is damaged: .*checkpoint-000006.safetensors \(step 6\): tensor" "$isobit" diff a flipped
rm -rf flipped && cp -r a flipped && flip flipped/run.ledger 50
expect "verify names a flipped bit in the ledger" 1 "run.ledger:[0-9]+: the line does not follow|line [0-9]+" "$isobit" verify flipped --quiet
rm -rf flipped && cp -r a flipped && sed -i 's/lr=0.05/lr=0.04/' flipped/recipe.yaml
expect "verify names a changed recipe" 1 "flipped/recipe.yaml is not the recipe that the ledger records" "$isobit" verify flipped --quiet
cp a/recipe.yaml flipped && echo "# by hand" >>flipped/recipe.yaml
expect "also where it changes nothing" 1 "flipped/recipe.yaml was changed since the run" "$isobit" verify flipped --quiet
expect "unless another root is given" 0 "^verified 12 steps" "$isobit" verify flipped --root . --quiet
image=$(ls images/train/*/*.png | sed -n 5p)
expect "verify the data" 0 "^verified the data: [0-9]+ files, [0-9]+ images$" "$isobit" verify a --data --quiet
expect "as json" 0 '^{"verified": true, "files": [0-9]+, "images": [0-9]+, "finding": ""}$' "$isobit" verify a --data --quiet --json
expect "data and steps" 2 "leave --from, --to and --sample out" "$isobit" verify a --data --from 3
cp "$image" "$image.new.png"
expect "verify the data names a new file" 1 "differs: data.train: its files are not those" "$isobit" verify a --data --quiet
rm "$image.new.png"
rm -rf missing && cp -r a missing && rm missing/checkpoint-0000*
expect "the data need no checkpoint" 0 "^verified the data" "$isobit" verify missing --data --quiet
cp "$image" kept.png && flip "$image" 70
expect "verify the data names a flipped bit" 1 "data file .*$(basename "$image") has changed since the run; it is first used in step" "$isobit" verify a --data --quiet
expect "verify names a flipped bit in an image" 1 "data file .*$(basename "$image") has changed since the run; it is first used in step [0-9]+, tensor x" "$isobit" verify a --quiet
cp kept.png "$image"
"$isobit" train small.yaml --out other --quiet --set seed=6 >/dev/null
expect "diff of another seed" 1 "cause  seed: 5 in A, 6 in B" "$isobit" diff a other
"$isobit" train small.yaml --out other2 --quiet --set "optimizer=SGD(lr=0.04, momentum=0.9)" >/dev/null
expect "diff of another learning rate" 1 "cause  recipe: optimizer is .*lr=0.05.* in A, .*lr=0.04" "$isobit" diff a other2
expect "and the tensor" 1 "tensor 0\.(bias|weight), element [0-9]+: .*ULP apart" "$isobit" diff a other2
expect "diff as json" 1 '"equal": false.*"cause": "seed"' "$isobit" diff a other --json
expect "diff of what is no run" 3 "run.ledger: could not be read" "$isobit" diff a images

# ---- Reports and exports ----
expect "report" 0 "^report a/report.html$" "$isobit" report a
grep -q '<h1>a</h1>' a/report.html && ! grep -qE '<script|https?:|url\(' a/report.html && ok "the page needs nothing else" || bad "the page needs nothing else"
expect "report of two runs" 0 "^report two.html$" "$isobit" report a other2 --out two.html
grep -q 'The runs differ.' two.html && grep -q 'id="table-window"' two.html && ok "it shows the first difference" || bad "it shows the first difference"
expect "report of equal runs" 0 "^report equal.html$" "$isobit" report a b --out equal.html
grep -q 'The runs are equal.' equal.html && ok "it says so" || bad "it says so"
LC_ALL=C.UTF-8 expect "terminal report" 0 "^loss +[▁▂▃▄▅▆▇█]{12}$" "$isobit" report a --text
LC_ALL=C expect "terminal report without UTF-8" 0 "^loss +[_.:=+*#-]{12}$" "$isobit" report a --text
[ -z "$(LC_ALL=C COLUMNS=40 "$isobit" report a other --text | grep -E '.{41}')" ] && ok "it fits into 40 columns" || bad "it fits into 40 columns"
expect "report as json" 0 '^\{"directory": "a", "state": "finished", "digest": "'"${digest#digest }"'", "steps": 12, .*"test_count": 36' "$isobit" report a --json
expect "report of two as json" 0 '"difference": \{"equal": false, "cause": "recipe"' "$isobit" report a other2 --json
expect "two forms of a report" 2 "expected one of them" "$isobit" report a --text --json
expect "report of what is no run" 3 "images/run.ledger: could not be read" "$isobit" report images
expect "report into no folder" 3 "no/such/page.html.part: could not be created" "$isobit" report a --out no/such/page.html
rm -rf killed && cp -r a killed && head -n 9 a/run.ledger >killed/run.ledger
expect "report of an unfinished run" 0 "^state +unfinished: 5 of 12 steps" "$isobit" report killed --text
"$isobit" train small.yaml --out stopped --quiet --set "optimizer=SGD(lr=1e20)" >/dev/null 2>&1
expect "report of a run that a NaN stopped" 0 "stopped by a NaN in step [0-9]+: " "$isobit" report stopped --text
expect "csv" 0 "^step,epoch,loss,lr,gradient_norm,images,seconds,test_loss,test_correct,test_count,test_accuracy$" "$isobit" export a --csv -
[ "$("$isobit" export a --csv - | wc -l)" = 13 ] && ok "a line per step" || bad "a line per step"
expect "json lines and a file" 0 '^\{"step": 12, "epoch": 3, "loss": [0-9.e-]+, "lr": 0.05, "gradient_norm": [0-9.e-]+, "images": 6, .*"test_count": 36' "$isobit" export a --jsonl - --csv a.csv
"$isobit" export a --csv - | cmp -s - a.csv && ok "the file has the same" || bad "the file has the same"
[ "$("$isobit" export a --csv - | cut -d , -f 1-6,8-)" = "$("$isobit" export c --csv - | cut -d , -f 1-6,8-)" ] && ok "equal runs have equal metrics, but for times" || bad "equal runs have equal metrics, but for times"
"$isobit" train small.yaml --out plain --quiet --no-metrics >/dev/null
[ ! -e plain/metrics.jsonl ] && cmp -s a/run.ledger plain/run.ledger && ok "without metrics" || bad "without metrics"
expect "export without metrics" 0 "^1,1,[0-9.]+,0.05,,,,,,,$" "$isobit" export plain --csv -
expect "export of the newest checkpoint" 0 "^$" "$isobit" export a --safetensors weights.safetensors --tensorboard events
grep -aq "optimizer/" weights.safetensors && bad "only parameters and buffers" || ok "only parameters and buffers"
[ "$(ls events)" = "$(ls events | grep '^events.out.tfevents.[0-9]*.isobit$')" ] && ok "an event file" || bad "an event file"
expect "export of a checkpoint that is not there" 2 "a has no checkpoint of step 5" "$isobit" export a --safetensors no.safetensors --step 5
rm -rf flipped && cp -r a flipped && flip flipped/checkpoint-000006.safetensors 60
expect "export of a damaged checkpoint" 2 "checkpoint-000006.safetensors is not what the ledger says" "$isobit" export flipped --safetensors no.safetensors --step 6
[ ! -e no.safetensors ] && ok "nothing was written" || bad "nothing was written"
expect "export of nothing" 2 "nothing to export" "$isobit" export a
expect "step without a file" 2 "expected --safetensors FILE with it" "$isobit" export a --csv - --step 3

# ---- Traces: digests of every tensor of a step, on any threads, instruction set and plan ----
expect "trace" 0 "^$digest$" "$isobit" train small.yaml --out trace1 --quiet --trace 5:6 --threads 1
expect "trace elsewhere" 0 "^$digest$" "$isobit" train small.yaml --out trace2 --quiet --trace 5:6 --threads 3 --isa scalar --micro-batch 3
cmp -s trace1/trace trace2/trace && cmp -s a/run.ledger trace1/run.ledger && ok "traces are equal" || bad "traces are equal"
[ "$(grep -c '"kind":"step"' trace1/trace)" = 2 ] && [ ! -e a/trace ] && ok "a trace has the steps that were asked for" || bad "a trace has the steps that were asked for"
for steps in x 0 5:4 5: -1 5:6:7; do
    expect "trace $steps" 2 "\-\-trace is '$steps', expected a step" "$isobit" train small.yaml --out no --trace "$steps"
done
expect "trace behind the end" 2 "\-\-trace 13: the run has 12 steps" "$isobit" train small.yaml --out no --trace 13
[ ! -e no ] && ok "and nothing is left behind" || bad "and nothing is left behind"
expect "diff of equal traces" 0 "^equal: both traces have the same tensors in 2 steps" "$isobit" diff trace1/trace trace2/trace
"$isobit" train small.yaml --out trace3 --quiet --trace 1:5 --threads 1 --isa scalar --set "optimizer=SGD(lr=0.04, momentum=0.9)" >/dev/null
"$isobit" train small.yaml --out trace4 --quiet --trace 1 --threads 2 >/dev/null
expect "diff of traces" 1 "op     the optimiser's step" "$isobit" diff trace4/trace trace3/trace
expect "diff of traces behind the first step" 1 "the runs part before this step" "$isobit" diff trace1/trace trace3/trace
expect "diff of traces as json" 1 '"equal": false.*"step": 1, "op": "the optimiser.s step", "tensor": "0.weight"' "$isobit" diff trace4/trace trace3/trace --json
expect "traces without a common step" 2 "have no step in common" "$isobit" diff trace4/trace trace1/trace
expect "a trace that is missing" 3 "a/trace: could not be read" "$isobit" diff a/trace trace1/trace
expect "a trace and a run" 2 "trace1/trace is a file and a is none; expected two run directories, or two traces" "$isobit" diff trace1/trace a
cp trace1/trace flipped.trace && flip flipped.trace 30
expect "a damaged trace" 1 "B is damaged: flipped.trace:[0-9]+: " "$isobit" diff trace1/trace flipped.trace
expect "diff of runs names the operation" 1 "op     the optimiser's step" "$isobit" diff trace4 trace3
expect "and the index" 1 "index  \[0, 0, 0, 0\] of shape \[8, 3, 3, 3\]" "$isobit" diff trace4 trace3
expect "and what may differ" 1 "may differ, and does: isa [a-z0-9]+ in A, scalar in B; threads 2 in A, 1 in B" "$isobit" diff trace4 trace3
# The pixels of one image differ: its batch, in the step that takes it first.
mv images kept-images && cp -r kept-images images && cp images/train/$(ls images/train | head -n 1)/$(ls images/train/* | sed -n 2p) "$(ls images/train/*/*.png | tail -n 1)"
"$isobit" train small.yaml --out other-data --quiet >/dev/null
expect "diff of a changed file" 1 "cause  data: train file [^ ]*.png was changed: [0-9a-f]{64} in A, [0-9a-f]{64} in B" "$isobit" diff a other-data
expect "and its batch" 1 "first in the step line: batch" "$isobit" diff a other-data
expect "resume with a changed file" 2 "another experiment: data: train file [^ ]*.png was changed: [0-9a-f]{64} in the run, [0-9a-f]{64} here" "$isobit" train --out a --resume
rm -r images && mv kept-images images

# ---- The cache of digests ----
while [ $(($(date +%s) - $(stat -c %Z "$(ls -t -d --time=ctime images/*/*/* | head -n 1)"))) -lt 4 ]; do sleep 0.5; done # files that just changed are not remembered
for run in first second; do
    ISOBIT_CACHE=cache/of/digests expect "with a cache, the $run time" 0 "^$digest$" "$isobit" train small.yaml --out cached-$run --quiet
done
[ "$(ls cache/of/digests | grep -c '^[0-9a-f]*\.digests$')" = 2 ] && ok "digests are remembered" || bad "digests are remembered" "$(ls -R cache)"
image=$(ls images/train/*/*.png | tail -n 1)
cp -p "$image" kept.png && cat "$(ls images/train/*/*.png | head -n 1)" >"$image" && touch -r kept.png "$image"
ISOBIT_CACHE=cache/of/digests "$isobit" train small.yaml --out cached-other --quiet >cached-other.log
"$isobit" train small.yaml --out uncached-other --quiet >uncached-other.log
cmp -s cached-other/run.ledger uncached-other/run.ledger && ! grep -q "^$digest$" cached-other.log && ok "and a change is seen" || bad "and a change is seen"
cat kept.png >"$image"

# ---- Micro-batches: memory only ----
for size in 1 5 8 64; do
    expect "micro_batch $size changes nothing" 0 "^$digest$" "$isobit" train small.yaml --out micro-$size --micro-batch $size --threads 2 --quiet
done
for how in "" "--micro-batch 3 --threads 3 --isa scalar"; do
    expect "--plan unfused changes nothing $how" 0 "^$digest$" "$isobit" train small.yaml --out "unfused$how" --plan unfused $how --quiet
done
expect "diff of plans" 0 "^equal" "$isobit" diff a unfused
expect "verify with another plan" 0 "$digest" "$isobit" verify unfused --quiet
cmp -s a/run.ledger micro-5/run.ledger && ok "equal ledgers with micro_batch" || bad "equal ledgers with micro_batch"
grep -q '"micro_batch":5' micro-5/run.env && ok "run.env tells micro_batch" || bad "run.env tells micro_batch"
edit '$a micro_batch: 3' micro.yaml
expect "micro_batch in the recipe changes nothing" 0 "^$digest$" "$isobit" train micro.yaml --out micro --quiet
cmp -s a/run.ledger micro/run.ledger && grep -q '^micro_batch: 3$' micro/recipe.yaml && ok "it is not in the ledger" || bad "it is not in the ledger"
expect "verify with micro_batch" 0 "$digest" "$isobit" verify a --micro-batch 4 --quiet
expect "verify with the recipe's micro_batch" 0 "$digest" "$isobit" verify micro --quiet
expect "resume with another micro_batch" 0 "$digest" "$isobit" train --out micro --resume --micro-batch 2 --quiet
expect "diff with and without micro_batch" 0 "^equal" "$isobit" diff a micro
for bad in 0 -3 two; do
    expect "micro-batch $bad" 2 "\-\-micro-batch is '$bad', expected a whole number of 1 or more" "$isobit" train small.yaml --out no --micro-batch $bad
    edit "\$a micro_batch: $bad" bad.yaml
    expect "micro_batch $bad in the recipe" 2 "bad.yaml:[0-9]+:14: micro_batch: is '$bad', expected a whole number of 1 or more" "$isobit" train bad.yaml --out no
done
if [ "$quick" != quick ]; then
    tutorial() { "$isobit" train "$examples/tutorial.yaml" --set epochs=1 --out "tutorial-$RANDOM" --quiet "$@" | tail -n 1; }
    whole=$(tutorial)
    for size in 5 8 64; do
        [ "$(tutorial --micro-batch $size)" = "$whole" ] && ok "the tutorial with micro_batch $size" || bad "the tutorial with micro_batch $size"
    done
fi

# ---- Damaged images ----
cp -r images damaged && victim=$(ls damaged/train/*/*.png | sed -n 4p) && head -c 200 "$victim" >cut && mv cut "$victim"
sed 's/images/damaged/' small.yaml >bad.yaml
expect "a damaged image stops the run" 2 "damaged/train/.*$(basename "$victim"): " "$isobit" train bad.yaml --out bad
[ ! -e bad ] && ok "nothing was written" || bad "nothing was written"
sed 's/^data:/data:\n  on_bad_image: skip/' bad.yaml >skip.yaml
expect "a damaged image is skipped if asked for" 0 "^steps 12" "$isobit" train skip.yaml --out skip --quiet
head -n 1 skip/run.ledger | grep -q "\"skipped\":\[\[\"[^\"]*$(basename "$victim")\",200," && ok "the ledger lists it" || bad "the ledger lists it"
expect "verify of a run with skipped images" 0 "^verified 12 steps" "$isobit" verify skip --quiet
expect "verify of its data" 0 "^verified the data" "$isobit" verify skip --data --quiet
cp "$(ls damaged/train/*/*.png | sed -n 5p)" "$victim"
expect "verify names an image that is damaged no more" 1 "data.train: its files are not those|left out as damaged" "$isobit" verify skip --data --quiet
head -c 200 "$victim" >cut && mv cut "$victim"
expect "on_bad_image" 2 "on_bad_image: is 'pass', expected stop or skip|data.on_bad_image" "$isobit" train skip.yaml --out bad --set data.on_bad_image=pass
expect "on_bad_image without damage changes nothing" 0 "^$digest$" "$isobit" train small.yaml --out undamaged --quiet --set data.on_bad_image=skip

# ---- Samplers, generators, workers that live on: resumed and verified from any checkpoint ----
loaders=("DataLoader(batch_size=10, sampler=WeightedRandomSampler('balanced', num_samples=50), num_workers=2, persistent_workers=True)"
    "DataLoader(batch_size=10, shuffle=True, generator=Generator().manual_seed(7), num_workers=3, prefetch_factor=4, drop_last=True)"
    "DataLoader(batch_size=10, sampler=RandomSampler(replacement=True, num_samples=30, generator=Generator().manual_seed(1)), num_workers=1, persistent_workers=True)"
    "DataLoader(batch_size=4, sampler=SubsetRandomSampler(range(1, 30, 2)))")
for i in 0 1 2 3; do
    sed "s/^  loader: .*/  loader: ${loaders[i]}/; s/RandomRotation(10)/'RandomChoice([RandomRotation(10), RandomVerticalFlip()])'/" small.yaml >loader.yaml
    whole=$("$isobit" train loader.yaml --out loader-$i --quiet --workers 2 --set checkpoint=2 | tail -n 1)
    expect "loader $i: other workers" 0 "^$whole$" "$isobit" train loader.yaml --out loader-w$i --quiet --workers 0 --threads 3 --set checkpoint=2
    for at in 000002 000004 000008; do
        cp -r loader-$i cut
        for file in cut/checkpoint-*; do [[ $file > cut/checkpoint-$at.safetensors ]] && rm "$file"; done
        head -n $((10#$at + 1)) loader-$i/run.ledger >cut/run.ledger
        expect "loader $i: resumed at step $at" 0 "^$whole$" "$isobit" train --out cut --resume --quiet --workers 3
        rm -r cut
    done
    expect "loader $i: verified from step 5" 0 "$whole|^verified" "$isobit" verify loader-$i --quiet --from 5
done
sed '/^  test:/d; s/^  loader:/  split: random_split([0.75, 0.25])\n  loader:/' small.yaml >split.yaml
expect "random_split" 0 "^steps" "$isobit" train split.yaml --out split --quiet
expect "verify of a split" 0 "^verified" "$isobit" verify split --quiet
sed 's/0.75, 0.25/0.75, 0.26/' split.yaml >bad.yaml
expect "a split of another sum" 2 "bad.yaml:[0-9]+:[0-9]+: .*the lengths have the sum 1.01" "$isobit" train bad.yaml --out bad
edit 's/shuffle=True/shuffle=True, sampler=RandomSampler()/' bad.yaml
expect "shuffle and a sampler" 2 "bad.yaml:[0-9]+:[0-9]+: .*either shuffle=True or a sampler, not both" "$isobit" train bad.yaml --out bad
edit 's/DataLoader(.*/DataLoader(batch_size=4, sampler=SubsetRandomSampler([0, 1000]))/' bad.yaml
expect "an index that is no image" 2 "bad.yaml:[0-9]+:[0-9]+: .*index 1 is 1000, expected 0 to" "$isobit" train bad.yaml --out bad

# ---- Weights that a run starts from ----
mkdir weights && cp a/checkpoint-000012.safetensors weights/w.safetensors && cp a/checkpoint-000012.safetensors renamed.safetensors
expect "weights" 0 "^steps 12" "$isobit" train small.yaml --out started --quiet --set weights=weights/w.safetensors
started=$("$isobit" train small.yaml --out renamed --quiet --threads 3 --isa scalar --set "weights=$work/renamed.safetensors" | tail -n 1)
cmp -s started/run.ledger renamed/run.ledger && [ "$started" != "$digest" ] && ok "their content is in the digest, their place is not" ||
    bad "their content is in the digest, their place is not"
expect "diff of other weights" 1 "cause  weights: the file that the model starts from: \(none\) in A, [0-9a-f]{64} in B" "$isobit" diff a started
expect "verify with weights" 0 "^verified 12 steps" "$isobit" verify started --quiet
expect "verify with weights elsewhere" 0 "^verified 6 steps" "$isobit" verify renamed --quiet --from 7
expect "resume with weights" 0 "$started" "$isobit" train --out started --resume --quiet
expect "resume with other weights" 2 "another experiment: weights: the file that the model starts from: [0-9a-f]{64} in the run, [0-9a-f]{64} here" "$isobit" train small.yaml --out started --resume --set weights=a/checkpoint-000006.safetensors
flip weights/w.safetensors 50
expect "verify names a flipped bit in the weights" 1 "weights file weights/w.safetensors has changed since the run, which starts from it" "$isobit" verify started --quiet
expect "eval" 0 "^test accuracy [0-9.]+ % \([0-9]+ of 36\)" "$isobit" eval small.yaml --set weights=renamed.safetensors --out logits.npy
[ "$("$isobit" eval small.yaml --set weights=renamed.safetensors | grep accuracy)" = "$("$isobit" train --out a --resume --quiet | grep accuracy)" ] &&
    ok "eval finds the accuracy of the training" || bad "eval finds the accuracy of the training"
[ "$("$isobit" eval small.yaml --json --threads 3 --isa scalar)" = "$("$isobit" eval small.yaml --json --workers 0)" ] && ok "eval: one digest" || bad "eval: one digest"
sed '/^  test:/d' small.yaml >notest.yaml
expect "eval without test images" 2 "data.test is missing: there are no images to evaluate on" "$isobit" eval notest.yaml
rm weights/w.safetensors
expect "verify names missing weights" 1 "weights file weights/w.safetensors is missing since the run" "$isobit" verify started --quiet
expect "no weights" 3 "weights: .*weights/w.safetensors: could not be read" "$isobit" train small.yaml --out bad --set weights=weights/w.safetensors
expect "weights that are a list" 2 "weights: is a list, expected the path of a safetensors file" "$isobit" train small.yaml --out bad --set 'weights=[a]'
sed 's/^model:/weights: small.yaml\nmodel:/' small.yaml >bad.yaml
expect "weights that are no safetensors file" 2 "bad.yaml:7:10: weights: .*small.yaml: not a safetensors file" "$isobit" train bad.yaml --out bad
sed 's/^model:/weights: renamed.safetensors\nmodel:/; s/Conv2d(3, 8, kernel_size=3, padding=1)/Conv2d(3, 8, kernel_size=5, padding=2)/' small.yaml >bad.yaml
expect "weights of another shape" 2 "bad.yaml:7:10: weights: .*renamed.safetensors: tensor '0.weight' is F32 \(8, 3, 3, 3\), but the model's is F32 \(8, 3, 5, 5\)" "$isobit" train bad.yaml --out bad
sed 's/^model:/weights: renamed.safetensors\nmodel:/; s/^  - Dropout(0.5)/  - ReLU()\n  - ReLU()/' small.yaml >bad.yaml
expect "weights of another model" 2 "tensor '7.weight' is missing, expected F32 \(3, 512\); the file has '6.bias', which the model has not" "$isobit" train bad.yaml --out bad

# ---- Batch and stream ----
expect "batch" 0 "shape \(10, 3, 16, 16\)" "$isobit" batch small.yaml --epoch 1 --index 2 --out batch.npy
head -c 6 batch.npy | tail -c 5 | grep -q NUMPY && ok "a NumPy file" || bad "a NumPy file"
expect "batch as a picture" 0 "written sheet.png" "$isobit" batch small.yaml --epoch 1 --index 2 --png sheet.png
python3 - batch.npy sheet.png <<'PYTHON' && ok "the picture shows the batch" || bad "the picture shows the batch"
import sys, struct, zlib, ast
data = open(sys.argv[1], "rb").read()
floats = struct.unpack("<%df" % (10 * 3 * 16 * 16), data[-10 * 3 * 16 * 16 * 4:])
png, at, packed = open(sys.argv[2], "rb").read(), 8, b""
while at < len(png):
    size, kind = struct.unpack(">I4s", png[at:at + 8])
    if kind == b"IHDR":
        w, h = struct.unpack(">II", png[at + 8:at + 16])
    packed += png[at + 8:at + 8 + size] * (kind == b"IDAT")
    at += size + 12
raw, rows, last = zlib.decompress(packed), [], bytes(3 * w)
for y in range(h):  # undo the filters
    kind, line = raw[y * (3 * w + 1)], bytearray(raw[y * (3 * w + 1) + 1:(y + 1) * (3 * w + 1)])
    for i in range(3 * w):
        a, b, c = line[i - 3] if i > 2 else 0, last[i], last[i - 3] if i > 2 else 0
        p = a + b - c
        paeth = a if abs(p - a) <= abs(p - b) and abs(p - a) <= abs(p - c) else b if abs(p - b) <= abs(p - c) else c
        line[i] = (line[i] + (0, a, b, (a + b) // 2, paeth)[kind]) % 256
    last = bytes(line)
    rows.append(last)
columns = (w - 8) // (96 + 8)
for i in range(10):
    left, top = 8 + i % columns * 104, 8 + i // columns * 118
    for y in range(96):
        for x in range(96):
            for c in range(3):
                assert abs(rows[top + y][3 * (left + x) + c] - (floats[((i * 3 + c) * 16 + y // 6) * 16 + x // 6] * .5 + .5) * 255) <= .51
    label = [rows[top + 96 + y][3 * left:3 * left + 96] for y in range(14)]
    assert any(0 in line for line in label)
PYTHON
expect "batch without a file" 2 "\-\-out FILE.npy or \-\-png FILE.png is missing" "$isobit" batch small.yaml
expect "batch into a folder that is not there" 3 "nowhere/sheet.png" "$isobit" batch small.yaml --png nowhere/sheet.png
expect "batch out of range" 2 "3 epochs of 4 batches" "$isobit" batch small.yaml --epoch 3 --index 0 --out batch.npy
expect "stream" 0 "^3fc53f5c be963c50 c00b7149 3f1184b6" "$isobit" stream --seed 0 --hex 'torch.randn(15)'
expect "stream: every library" 0 "^0.8444218515250481" "$isobit" stream --seed 0 'torch.rand(1)' 'np.random.rand()' 'random.random()'
expect "stream: names" 0 "^\[8, 9, 1, 2, 5, 3, 7, 4, 0, 6\]" "$isobit" stream --seed 0 'g = random.Random(0)' 'g.random()' 'x = list(range(10))' 'g.shuffle(x)' 'x'
expect "stream: another PyTorch" 0 "^3e9d6686" "$isobit" stream --seed 0 --stream torch==1.13/scalar --hex 'torch.empty(1, dtype=torch.half).normal_()' 'torch.rand(1) '
expect "stream: no such PyTorch" 2 "there is no stream 'torch==3'" "$isobit" stream --seed 0 --stream torch==3 '1'
expect "stream: an older Python" 2 "Python refuses" "$isobit" stream --seed 0 --python 3.8 'random.randbytes(3)'
expect "stream: syntax error" 2 "\^" "$isobit" stream --seed 0 'torch.rand(3'
expect "stream without seed" 2 "\-\-seed S is missing" "$isobit" stream 'torch.rand(3)'

# ---- Recipes that are wrong: file, line, and a suggestion ----
edit 's/^optimizer/optimzer/' bad.yaml
expect "a misspelt key" 2 "bad.yaml:[0-9]+:1: optimzer: unknown key; did you mean 'optimizer'" "$isobit" train bad.yaml --out bad
edit 's/BatchNorm2d/BatchNorm2D/' bad.yaml
expect "a loss that is no call" 2 "loss: expected a loss, such as CrossEntropyLoss\(\.\.\.\)" "$isobit" train small.yaml --out bad --set loss=5
expect "a loss like no other" 2 "unknown loss 'Foo'; isobit help recipe lists what there is" "$isobit" train small.yaml --out bad --set loss=Foo
expect "a directory's name that is too long" 2 "has 2000 bytes, expected 1023 at most" "$isobit" train small.yaml --out "$(printf '%02000d')"
expect "a full disk behind stdout" 3 "the output could not be written: " bash -c '"$0" info >/dev/full' "$isobit"
expect "a misspelt layer" 2 "bad.yaml:9:5: model\[1\]: unknown layer 'BatchNorm2D'; did you mean 'BatchNorm2d'" "$isobit" train bad.yaml --out bad
edit 's/BatchNorm2d(8)/BatchNorm2d(8, pinned=True, running_mean=0.5, running_var=[1, 1])/' bad.yaml
expect "statistics for some channels only" 2 "BatchNorm2d: running_var must be one number, or one for each channel" "$isobit" train bad.yaml --out bad
edit 's/BatchNorm2d(8)/BatchNorm1d(8)/' bad.yaml
expect "a BatchNorm1d of images" 2 "layer 1 \(BatchNorm1d\) expects an input of shape \(n, 8\), but gets \(10, 8, 16, 16\)" "$isobit" train bad.yaml --out bad
edit 's/Dropout(0.5)/BatchNorm1d(512)/' bn1.yaml
expect "a BatchNorm1d" 0 "^digest" "$isobit" train bn1.yaml --out bn1 --quiet --set epochs=1
edit 's/BatchNorm2d(8)/BatchNorm2d(8, pinned=True, running_mean=0.5, running_var=2)/' pinned.yaml
expect "given and pinned statistics" 0 "^steps 12" "$isobit" train pinned.yaml --out pinned --quiet
edit 's/padding=1/pading=1/' bad.yaml
expect "a misspelt argument" 2 "Conv2d has no argument 'pading'; did you mean 'padding'" "$isobit" train bad.yaml --out bad
edit 's/Linear(512/Linear(500/' bad.yaml
expect "a wrong shape" 2 "layer 6 \(Linear\) expects an input of shape \(n, 500\), but gets \(10, 512\)" "$isobit" train bad.yaml --out bad
edit 's/Linear(512, 3)/Linear(512, 2)/' bad.yaml
expect "too few outputs" 2 "gives 2 outputs, but the data have 3 classes" "$isobit" train bad.yaml --out bad
edit 's/RandomRotation/RandomRotate/' bad.yaml
expect "a misspelt transform" 2 "unknown transform 'RandomRotate'; did you mean 'RandomRotation'" "$isobit" train bad.yaml --out bad
edit 's/^epochs: 3/epochs: 0/' bad.yaml
expect "no epochs" 2 "epochs: is '0', expected a whole number" "$isobit" train bad.yaml --out bad
# model: one call. $1: the call, $2: the new recipe
model() { sed '/^model:/,/^loss:/{/^loss:/!d}' small.yaml | sed "s/^loss:/model: $1\nloss:/" >"$2"; }
model 'resnet18(num_class=3)' bad.yaml
expect "resnet18: a misspelt argument" 2 "bad.yaml:7:17: model: resnet18 has no argument 'num_class'; did you mean 'num_classes'" "$isobit" train bad.yaml --out bad
model 'resnet34(num_classes=3)' bad.yaml
expect "resnet18: a misspelt name" 2 "bad.yaml:7:8: model: unknown layer 'resnet34'; did you mean 'resnet18'" "$isobit" train bad.yaml --out bad
model 'resnet18(num_classes=2)' bad.yaml
expect "resnet18: too few outputs" 2 "gives 2 outputs, but the data have 3 classes" "$isobit" train bad.yaml --out bad
model '{resnet18: 3}' bad.yaml
expect "a model that is a map" 2 "model: is a map, expected a list of layers, or one call" "$isobit" train bad.yaml --out bad
edit 's/^  - MaxPool2d(2)/  - BasicBlock(8, 16, stride=2)/; s/Linear(512, 3)/Linear(1024, 3)/' block.yaml
expect "a block among the layers" 0 "^steps 12" "$isobit" train block.yaml --out block --quiet
edit 's/^  - MaxPool2d(2)/  - BasicBlock(9, 16, stride=2)/' bad.yaml
expect "a block that does not fit" 2 "layer 3.conv1 \(Conv2d\) expects an input of shape \(n, 9, h, w\), but gets \(10, 8, 16, 16\)" "$isobit" train bad.yaml --out bad
edit 's/^  test: /\ttest: /' bad.yaml
expect "a tab" 2 "bad.yaml:[0-9]+:[0-9]+: not valid YAML" "$isobit" train bad.yaml --out bad
edit 's/images\/train/images\/trian/' bad.yaml
expect "a wrong path" 3 "data.train: .*images/trian: there is no such folder" "$isobit" train bad.yaml --out bad
expect "no recipe" 3 "nothing.yaml: could not be read" "$isobit" train nothing.yaml
[ ! -e bad ] && ok "nothing is left behind" || bad "nothing is left behind"
edit 's/lr=0.05/lr=1e30/' bad.yaml
expect "a NaN stops the run" 4 "the numbers stopped at step [0-9]+ .*first NaN is in" "$isobit" train bad.yaml --out nan --quiet
expect "and is verified as such" 0 "verified" "$isobit" verify nan --quiet

# ---- Damaged data ----
cp -r images damaged
mkdir damaged/train/empty damaged/test/empty
sed 's/images\//damaged\//' small.yaml >bad.yaml
expect "an empty class folder" 2 "damaged/train/empty: the class folder holds no image" "$isobit" train bad.yaml --out bad
rmdir damaged/train/empty damaged/test/empty
first=$(ls damaged/train/*/*.png | head -n 1)
head -c 200 "$first" >cut && mv cut "$first"
expect "a truncated image" 2 "$(basename "$first"): damaged PNG" "$isobit" train bad.yaml --out bad
base64 -d >damaged/truncated.jpg <<'JPEG'
/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAgGBgcGBQgHBwcJCQgKDBQNDAsLDBkSEw8UHRofHh0aHBwgJC4nICIsIxwcKDcpLDAxNDQ0Hyc5PTgyPC4zNDL/wAALCAAQABABAREA/8QAHwAAAQUBAQEB
JPEG
mv damaged/truncated.jpg "$first"
expect "a truncated JPEG" 2 "$(basename "$first"): damaged JPEG" "$isobit" train bad.yaml --out bad
: >"$first"
expect "an empty image" 2 "$(basename "$first"): the file is empty" "$isobit" train bad.yaml --out bad
[ ! -e bad ] && ok "nothing is left behind by damaged data" || bad "nothing is left behind by damaged data"

# ---- resnet18, and Ctrl-C ----
if [ "$quick" != quick ]; then
    model 'resnet18(num_classes=3)' resnet.yaml
    for o in "--threads 1 --isa scalar" "--threads 3" "--threads 2 --isa avx2"; do
        "$isobit" train resnet.yaml --set epochs=1 --out "resnet${o//[^0-9a-z]/}" --quiet $o 2>/dev/null | grep digest
    done | sort | uniq -c >resnet.digests
    [ "$(wc -l <resnet.digests)" = 1 ] && ok "resnet18: one digest" || bad "resnet18: one digest" "$(cat resnet.digests)"
    expect "resnet18 is verified" 0 "^verified 4 steps" "$isobit" verify resnetthreads3 --quiet
    rm resnetthreads3/checkpoint-000004.safetensors && head -n 5 resnetthreads3/run.ledger >cut && mv cut resnetthreads3/run.ledger
    "$isobit" train --out resnetthreads3 --resume --quiet >/dev/null
    cmp -s resnetthreads3/run.ledger resnetthreads1isascalar/run.ledger && ok "resnet18 resumes to the same bytes" || bad "resnet18 resumes to the same bytes"
    expect "resnet18: diff" 0 "^equal: " "$isobit" diff resnetthreads3 resnetthreads1isascalar
    "$isobit" train small.yaml --out interrupted --quiet --set epochs=200 --set checkpoint=100 >interrupted.log 2>&1 &
    pid=$!
    for _ in $(seq 100); do [ -s interrupted/run.ledger ] && break; sleep 0.02; done
    kill -INT $pid
    wait $pid
    status=$?
    [ $status = 130 ] && grep -q "interrupted behind step .*--resume" interrupted.log && ok "Ctrl-C stops at a step" || bad "Ctrl-C stops at a step" "status $status" "$(cat interrupted.log)"
    "$isobit" train small.yaml --out whole --quiet --set epochs=200 --set checkpoint=100 >/dev/null
    "$isobit" train --out interrupted --resume --quiet >/dev/null
    cmp -s whole/run.ledger interrupted/run.ledger && ok "and resumes to the same bytes" || bad "and resumes to the same bytes"
    # SIGKILL at random moments, until it is through.
    for _ in $(seq 40); do # the shell would report each death
        (timeout -s KILL 0.$((RANDOM % 40 + 10)) "$isobit" train small.yaml --out killed2 $([ -e killed2/run.ledger ] && echo --resume) --quiet --set epochs=200 --set checkpoint=100 >/dev/null 2>&1) && break
    done 2>/dev/null
    for _ in $(seq 50); do # a process that is dying may still hold the lock
        "$isobit" train small.yaml --out killed2 $([ -e killed2/run.ledger ] && echo --resume) --quiet --set epochs=200 --set checkpoint=100 >killed2.log 2>&1
        grep -q "another process" killed2.log || break
        sleep 0.1
    done
    cmp -s whole/run.ledger killed2/run.ledger && ok "killed again and again, the same bytes" || bad "killed again and again, the same bytes" "$(cat killed2.log)"
fi

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
